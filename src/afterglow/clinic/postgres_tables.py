"""Tables of a PostgreSQL database as files of a backup, through COPY, and back."""

from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from afterglow.clinic.errors import SetupError


def list_tables() -> list[str]:
    """Return every table of the record, in a stable order."""
    connection = connections[DEFAULT_DB_ALIAS]
    return sorted(connection.introspection.django_table_names(only_existing=True, include_views=False))


def write_table(table: str, path: Path) -> None:
    """Write a table's rows to a file, with the names of its columns in the first line."""
    with _open_cursor() as cursor, path.open("wb") as stream:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND table_schema = 'public' "
            "ORDER BY ordinal_position",
            [table],
        )
        columns = [row[0] for row in cursor.fetchall()]
        stream.write((",".join(columns) + "\n").encode("ascii"))
        listed = ", ".join(f'"{name}"' for name in columns)
        with cursor.copy(f'COPY "{table}" ({listed}) TO STDOUT') as copy:
            for part in copy:
                stream.write(part)


def read_tables(folder: Path) -> None:
    """Fill the empty tables of a migrated database from the files of a backup, in one transaction."""
    connection = connections[DEFAULT_DB_ALIAS]
    _empty_tables()
    with transaction.atomic():
        with _open_cursor() as cursor:
            for path in sorted(folder.glob("*.copy")):
                _read_table(cursor, path)
        statements = connection.ops.sequence_reset_sql(no_style(), list(apps.get_models()))
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def _empty_tables() -> None:
    """Remove what `migrate` itself put into the tables, so that the backup's rows take their place."""
    connection = connections[DEFAULT_DB_ALIAS]
    with connection.cursor() as cursor:
        filled = []
        for table in list_tables():
            cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{table}")')  # noqa: S608 - a table of our own
            if cursor.fetchone()[0] and table != "django_migrations":
                filled.append(f'"{table}"')
        if filled:
            cursor.execute(f"TRUNCATE {', '.join(filled)} CASCADE")


def _read_table(cursor: Any, path: Path) -> None:
    table = path.stem
    if table not in list_tables():
        raise SetupError(f"this version has no table {table}")
    if table == "django_migrations":
        return
    with path.open("rb") as stream:
        columns = stream.readline().decode("ascii").strip().split(",")
        listed = ", ".join(f'"{name}"' for name in columns)
        with cursor.copy(f'COPY "{table}" ({listed}) FROM STDIN') as copy:
            while part := stream.read(1 << 16):
                copy.write(part)


def _open_cursor() -> Any:
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    return connection.connection.cursor()
