"""The database's own rule for tables that are written once: triggers that refuse change and removal.

Installed after every migrate, asserted when the server starts and when chains are verified. The same triggers work
against the owner of a PostgreSQL database, whose application role has no such right to begin with.
"""

from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model

from afterglow.clinic.errors import SetupError

PREFIX = "append_only"
FUNCTION = "afterglow_refuse_change"


def get_append_only_models() -> list[type[Model]]:
    """Return every installed model whose rows are written once, in a stable order."""
    models = (model for model in apps.get_models() if getattr(model, "APPEND_ONLY", False))
    return sorted(models, key=lambda model: model._meta.db_table)


def protect_tables(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Install the rule anew on every append-only table that exists; return the tables."""
    connection = connections[using]
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        tables = [m._meta.db_table for m in get_append_only_models() if m._meta.db_table in existing]
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRES_FUNCTION)
        for table in tables:
            for statement in _build_statements(connection.vendor, table):
                cursor.execute(statement)
    return tables


def find_unprotected(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Return the append-only tables whose rule is missing or is not what was installed."""
    connection = connections[using]
    tables = [model._meta.db_table for model in get_append_only_models()]
    found = _read_triggers(connection)
    return [t for t in tables if any(found.get(name) != body for name, body in _expect(connection.vendor, t).items())]


def assert_protected(using: str = DEFAULT_DB_ALIAS) -> None:
    """Refuse to go on when a table that must be append-only is not."""
    if missing := find_unprotected(using):
        raise SetupError(f"append-only rule missing on: {', '.join(missing)}; run `afterglow audit verify`")


def protect_after_migrate(sender: Any, using: str = DEFAULT_DB_ALIAS, **_others: Any) -> None:
    """Reinstall the rule after the last app's migrations (receiver of `post_migrate`)."""
    if sender.label == "audit":
        protect_tables(using)


def drop_protection(using: str = DEFAULT_DB_ALIAS) -> None:
    """Take the rule off every table; only a migration that rebuilds such a table, and tests, have a reason to."""
    connection = connections[using]
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        for table in (m._meta.db_table for m in get_append_only_models()):
            if table not in existing:
                continue
            for name in _expect(connection.vendor, table):
                suffix = f' ON "{table}"' if connection.vendor == "postgresql" else ""
                cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"{suffix}')


def _build_statements(vendor: str, table: str) -> list[str]:
    expected = _expect(vendor, table)
    on = f' ON "{table}"' if vendor == "postgresql" else ""
    return [
        statement for name, body in expected.items() for statement in (f'DROP TRIGGER IF EXISTS "{name}"{on}', body)
    ]


def _expect(vendor: str, table: str) -> dict[str, str]:
    if vendor == "postgresql":
        return {
            f"{PREFIX}_row_{table}"[:63]: (
                f'CREATE TRIGGER "{f"{PREFIX}_row_{table}"[:63]}" BEFORE DELETE OR UPDATE ON public.{table} '
                f"FOR EACH ROW EXECUTE FUNCTION {FUNCTION}()"
            ),
            f"{PREFIX}_all_{table}"[:63]: (
                f'CREATE TRIGGER "{f"{PREFIX}_all_{table}"[:63]}" BEFORE TRUNCATE ON public.{table} '
                f"FOR EACH STATEMENT EXECUTE FUNCTION {FUNCTION}()"
            ),
        }
    return {
        f"{PREFIX}_{verb.lower()}_{table}": (
            f'CREATE TRIGGER "{PREFIX}_{verb.lower()}_{table}" BEFORE {verb} ON "{table}" '
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        for verb in ("UPDATE", "DELETE")
    }


def _read_triggers(connection: Any) -> dict[str, str]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t "
                "WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgname LIKE %s",
                [f"{PREFIX}_%"],
            )
        else:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s", [f"{PREFIX}_%"]
            )
        return {name: _normalise(sql) for name, sql in cursor.fetchall()}


def _normalise(sql: str) -> str:
    return sql


_POSTGRES_FUNCTION = f"""
CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""
