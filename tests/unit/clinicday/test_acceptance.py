"""What an acceptance covers: the same finding and a milder one, never a worse or another one."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from afterglow.clinicday.acceptance import find_cover, keep, name_rules, read_acceptances
from afterglow.clinicday.booking import build_finding
from afterglow.terms import Finding, Severity

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def load(value: str, about: str = "nurse-1", threshold: str = "at most 2") -> Finding:
    return build_finding("N-2", f"Nora would have {value}", threshold, measure=Decimal(value), about=about)


@pytest.mark.parametrize(("value", "is_covered"), [("2", True), ("2.5", True), ("3", False), ("4", False)])
def test_a_load_covers_as_much_and_less_but_not_more(value: str, is_covered: bool) -> None:
    kept = keep(load("2.5"), by="u1", by_name="Ada", at=AT)
    assert kept.covers(load(value)) is is_covered


def test_another_nurse_or_another_limit_is_asked_again() -> None:
    kept = keep(load("2.5"), by="u1", by_name="Ada", at=AT)
    assert not kept.covers(load("2.5", about="nurse-2"))
    assert not kept.covers(load("2.5", threshold="at most 1"))


def test_a_worse_severity_is_asked_again_and_a_milder_one_is_not() -> None:
    kept = keep(load("2.5"), by="u1", by_name="Ada", at=AT)
    assert not kept.covers(replace(load("2.5"), severity=Severity.STOP))
    assert kept.covers(replace(load("2.5"), severity=Severity.MISSING))


def test_without_a_measure_the_words_decide() -> None:
    finding = build_finding("ST-2", "Nora: ended 2026-03-01", "advanced life support in date on the day")
    kept = keep(finding, by="u1", by_name="Ada", at=AT)
    assert kept.covers(finding)
    assert not kept.covers(replace(finding, seen="Nora: ended 2026-02-01"))
    assert not kept.covers(replace(finding, rule="ES-1"))


def test_a_measure_that_is_gone_falls_back_to_the_words() -> None:
    kept = keep(load("2.5"), by="u1", by_name="Ada", at=AT)
    assert kept.covers(replace(load("2.5"), measure=None))
    assert not kept.covers(replace(load("4"), measure=None))


def test_an_acceptance_without_what_was_seen_covers_nothing() -> None:
    kept = replace(keep(load("2.5"), by="u1", by_name="Ada", at=AT), seen="")
    assert not kept.covers(load("2.5"))


def test_what_is_stored_reads_back_as_it_was() -> None:
    kept = keep(load("2.5"), by="u1", by_name="Ada", at=AT, reason="two of them leave early")
    assert read_acceptances([kept.to_json()]) == [kept]
    unknown = replace(kept, measure=None, at=None)
    assert read_acceptances([unknown.to_json()]) == [unknown]


def test_of_two_acceptances_of_a_rule_each_covers_its_own() -> None:
    first, second = (keep(load("2.5", about=who), by="u1", by_name="Ada", at=AT) for who in ("nurse-1", "nurse-2"))
    assert find_cover([first, second], load("2.5", about="nurse-2")) == second
    assert find_cover([first, second], load("3", about="nurse-2")) is None
    assert name_rules([first, second]) == ["N-2"]
