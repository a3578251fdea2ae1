"""Append-only tables attacked with raw SQL, as a mistake or a stranger with the application's connection would."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from afterglow.clinic.append_only import (
    assert_protected,
    drop_protection,
    find_unprotected,
    get_append_only_models,
    protect_tables,
)
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.errors import SetupError

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TABLE = "audit_auditevent"


@pytest.fixture
def row() -> AuditEvent:
    return audit.record(by=None, action="test.done", subject=("thing", "1"), now=NOW)


def run_sql(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


ATTACKS = [
    f"UPDATE {TABLE} SET action = 'other'",
    f"UPDATE {TABLE} SET seq = seq + 1",
    f"DELETE FROM {TABLE}",
]


@pytest.mark.parametrize("statement", ATTACKS)
def test_change_and_removal_are_refused(row: AuditEvent, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        run_sql(statement)
    assert AuditEvent.objects.get(seq=row.seq).action == "test.done"


def test_replacing_a_row_is_refused(row: AuditEvent) -> None:
    if connection.vendor == "sqlite":
        statement = f"INSERT OR REPLACE INTO {TABLE} SELECT * FROM {TABLE}"
    else:
        statement = f"INSERT INTO {TABLE} SELECT * FROM {TABLE} ON CONFLICT (seq) DO UPDATE SET action = 'other'"
    with pytest.raises(DatabaseError, match="append-only"):
        run_sql(statement)
    assert AuditEvent.objects.get(seq=row.seq).action == "test.done"


def test_truncate_is_refused_where_it_exists(row: AuditEvent) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no TRUNCATE; DELETE without a condition is tested")
    with pytest.raises(DatabaseError, match="append-only"):
        run_sql(f"TRUNCATE {TABLE}")
    assert AuditEvent.objects.count() == 1


def test_the_orm_is_refused_too(row: AuditEvent) -> None:
    row.action = "other"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        row.save()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        row.delete()


def test_every_table_that_says_so_is_protected() -> None:
    names = {model._meta.db_table for model in get_append_only_models()}
    assert {
        "audit_auditevent",
        "audit_readbatch",
        "audit_readevent",
        "dosing_sessions_sessionevent",
        "dosing_sessions_siteanchor",
        "dosing_sessions_protocolsnapshot",
        "dosing_sessions_eventnote",
    } <= names
    assert find_unprotected() == []


def test_a_rule_taken_away_is_found_and_put_back() -> None:
    drop_protection()
    assert TABLE in find_unprotected()
    with pytest.raises(SetupError, match=TABLE):
        assert_protected()
    assert TABLE in protect_tables()
    assert find_unprotected() == []


def test_a_rule_made_harmless_under_its_own_name_is_found() -> None:
    drop_protection()
    protect_tables()
    if connection.vendor == "sqlite":
        run_sql(f'DROP TRIGGER "append_only_delete_{TABLE}"')
        run_sql(f'CREATE TRIGGER "append_only_delete_{TABLE}" BEFORE DELETE ON "{TABLE}" BEGIN SELECT 1; END')
    else:
        run_sql(f'ALTER TABLE {TABLE} DISABLE TRIGGER "append_only_delete_{TABLE}"')
    assert find_unprotected() == [TABLE]
