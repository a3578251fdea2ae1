"""Prints what the tables of a new clinic are, made in one of two ways: `python tables.py FOLDER at-once|by-history`."""

import re
import sys
from pathlib import Path


def describe_tables(cursor: object) -> list[str]:
    """Return every column, foreign key, index, named constraint and trigger of a SQLite database, a line each."""
    ask = cursor.execute  # type: ignore[attr-defined]
    lines = []
    tables = ask("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    for table, sql in sorted(tables):
        if table.startswith("sqlite_"):
            continue
        lines += [f"{table} column {row[1:]}" for row in ask(f'PRAGMA table_info("{table}")').fetchall()]
        lines += [f"{table} key {row[2:]}" for row in ask(f'PRAGMA foreign_key_list("{table}")').fetchall()]
        lines += [f"{table} rule {name}" for name in re.findall(r'CONSTRAINT "([^"]+)" (?:CHECK|UNIQUE)', sql)]
        for _, name, is_unique, origin, is_partial in ask(f'PRAGMA index_list("{table}")').fetchall():
            columns = [row[2] for row in ask(f'PRAGMA index_info("{name}")').fetchall()]
            kept = "" if name.startswith("sqlite_auto") else name
            lines.append(f"{table} index {is_unique} {origin} {is_partial} {columns} {kept}")
    lines += [f"trigger {row}" for row in ask("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()]
    return sorted(lines)


if __name__ == "__main__":
    from afterglow.clinic import setup

    if sys.argv[2] == "by-history":
        from django.core.management import call_command

        setup.create_tables = lambda: call_command("migrate", interactive=False, verbosity=0)  # type: ignore[assignment]
    setup.make_clinic(Path(sys.argv[1]), is_demonstration=True)
    pending = setup.find_pending_migrations()
    from django.db import connection

    with connection.cursor() as opened:
        print("\n".join([*describe_tables(opened), f"pending {pending}"]))
