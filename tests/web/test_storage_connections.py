"""Every connection of the embedded database is opened alike: in the first thread, in others, after a reconnect."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from afterglow.clinic.append_only import protect_tables
from afterglow.clinic.sqlite import choose_journal_mode, find_wrong_pragmas, read_pragmas

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _sqlite_alone() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("this is about SQLite")


def look(_: int) -> dict[str, Any]:
    try:
        connection.close()
        return {**read_pragmas(connection), "wrong": find_wrong_pragmas(connection)}
    finally:
        connections.close_all()


def test_every_thread_opens_its_connection_with_the_same_settings() -> None:
    wanted = {
        "journal_mode": choose_journal_mode(sqlite3.sqlite_version_info),
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "wrong": {},
    }
    assert look(0) == wanted
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(look, range(16))) == [wanted] * 16


def test_a_setting_that_was_changed_is_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers=OFF")
        cursor.execute("PRAGMA synchronous=NORMAL")
    assert find_wrong_pragmas(connection) == {"recursive_triggers": 0, "synchronous": 1}
    connection.close()
    assert find_wrong_pragmas(connection) == {}


def test_a_read_takes_no_transaction_and_a_write_begins_with_the_lock() -> None:
    from afterglow.clinic.sites.models import Site

    list(Site.objects.all())
    assert not connection.connection.in_transaction
    with transaction.atomic():
        other = sqlite3.connect(connection.settings_dict["NAME"], timeout=0.1)
        # nobody else can begin to write, although this transaction has written nothing yet
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_a_reference_to_nothing_is_refused() -> None:
    from afterglow.clinic.people.models import PractitionerRole

    with pytest.raises(IntegrityError), transaction.atomic():
        PractitionerRole.objects.create(user_id="nobody", site_id="nowhere", role="nurse")


def test_replacing_a_row_slips_by_without_recursive_triggers_which_is_why_they_are_on() -> None:
    protect_tables()
    replace = (
        "INSERT OR REPLACE INTO audit_readbatch (seq, recorded_at, count, digest, previous, hash) "
        "VALUES (1, '2026-03-01 12:00:00', 0, 'd', 'p', 'h')"
    )
    with connection.cursor() as cursor:
        cursor.execute(replace)
        with pytest.raises(DatabaseError, match="append-only"):
            cursor.execute(replace)
        cursor.execute("PRAGMA recursive_triggers=OFF")
        cursor.execute(replace)
    connection.close()
