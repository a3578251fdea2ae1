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
    models = _list_existing(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRES_FUNCTION)
        for model in models:
            for name, body in _expect(connection.vendor, model).items():
                cursor.execute(_build_drop(connection.vendor, model, name))
                cursor.execute(body)
    return [model._meta.db_table for model in models]


def find_unprotected(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Return the append-only tables whose rule is missing or is not what was installed."""
    connection = connections[using]
    found = _read_triggers(connection)
    return [
        model._meta.db_table
        for model in get_append_only_models()
        if any(
            found.get(name) != _describe(connection.vendor, model, body)
            for name, body in _expect(connection.vendor, model).items()
        )
    ]


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
    models = _list_existing(connection)
    with connection.cursor() as cursor:
        for model in models:
            for name in _expect(connection.vendor, model):
                cursor.execute(_build_drop(connection.vendor, model, name))


def _list_existing(connection: Any) -> list[type[Model]]:
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
    return [model for model in get_append_only_models() if model._meta.db_table in existing]


def _build_drop(vendor: str, model: type[Model], name: str) -> str:
    on = f' ON "{model._meta.db_table}"' if vendor == "postgresql" else ""
    return f'DROP TRIGGER IF EXISTS "{name}"{on}'


def _expect(vendor: str, model: type[Model]) -> dict[str, str]:
    """Return the triggers a table must have: name -> the statement that makes it."""
    table = model._meta.db_table
    allowed = str(getattr(model, "CHANGE_ALLOWED", ""))
    when = f" WHEN (NOT ({allowed}))" if allowed else ""
    if vendor == "postgresql":
        events = {
            "update": ("UPDATE", "ROW", when),
            "delete": ("DELETE", "ROW", ""),
            "truncate": ("TRUNCATE", "STATEMENT", ""),
        }
        return {
            _name(verb, table): f'CREATE TRIGGER "{_name(verb, table)}" BEFORE {event} ON "{table}" '
            f"FOR EACH {scope}{condition} EXECUTE FUNCTION {FUNCTION}()"
            for verb, (event, scope, condition) in events.items()
        }
    return {
        _name(verb, table): f'CREATE TRIGGER "{_name(verb, table)}" BEFORE {verb.upper()} ON "{table}"'
        f"{when if verb == 'update' else ''} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for verb in ("update", "delete")
    }


def _name(verb: str, table: str) -> str:
    return f"{PREFIX}_{verb}_{table}"[:63]


def _describe(vendor: str, model: type[Model], body: str) -> str:
    """Return how the catalogue of the database must describe a trigger."""
    if vendor != "postgresql":
        return body
    verb = next(word for word in ("UPDATE", "DELETE", "TRUNCATE") if f"BEFORE {word}" in body)
    has_condition = bool(getattr(model, "CHANGE_ALLOWED", "")) and verb == "UPDATE"
    return f"{model._meta.db_table} {verb} {has_condition} {POSTGRES_BODY.strip()}"


def _read_triggers(connection: Any) -> dict[str, str]:
    query = _POSTGRES_TRIGGERS if connection.vendor == "postgresql" else _SQLITE_TRIGGERS
    with connection.cursor() as cursor:
        cursor.execute(query, [f"{PREFIX}_%"])
        return dict(cursor.fetchall())


_SQLITE_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s"
# tgtype: 2 before, 8 delete, 16 update, 32 truncate; tgenabled O: fires in ordinary sessions
_POSTGRES_TRIGGERS = """
SELECT t.tgname, c.relname || ' '
  || CASE WHEN t.tgtype & 16 > 0 THEN 'UPDATE' WHEN t.tgtype & 8 > 0 THEN 'DELETE' ELSE 'TRUNCATE' END
  || CASE WHEN t.tgqual IS NULL THEN ' False ' ELSE ' True ' END
  || btrim(p.prosrc, E' \n')
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND t.tgtype & 2 > 0 AND t.tgname LIKE %s
"""
POSTGRES_BODY = """
BEGIN
  RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
""".replace("%%", "%")
POSTGRES_FUNCTION = f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $${POSTGRES_BODY}$$"
