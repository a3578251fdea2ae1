"""The embedded database's settings by version of the library."""

import pytest

from afterglow.clinic.sqlite import build_init_command, build_options, choose_journal_mode


@pytest.mark.parametrize(
    ("version", "mode"),
    [((3, 40, 1), "delete"), ((3, 51, 2), "delete"), ((3, 51, 3), "wal"), ((3, 52, 0), "wal"), ((4, 0, 0), "wal")],
)
def test_wal_begins_with_the_version_that_does_not_corrupt(version: tuple[int, ...], mode: str) -> None:
    assert choose_journal_mode(version) == mode
    assert f"journal_mode={mode};" in build_init_command(version)


def test_every_open_is_fully_durable_and_lets_triggers_see_replaced_rows() -> None:
    command = build_init_command()
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        assert f"PRAGMA {pragma};" in command


def test_writes_begin_immediate_and_wait_for_their_turn() -> None:
    options = build_options()
    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["timeout"] >= 20
