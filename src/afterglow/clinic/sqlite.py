"""How the embedded database is opened: journal by version, full durability, foreign keys, triggers that bite.

WAL before 3.51.3 can corrupt a database under several writers; below it a rollback journal is used instead.
"""

import sqlite3
from typing import Any

WAL_SAFE_SINCE = (3, 51, 3)
TIMEOUT_S = 20
FULL = 2
# a thread that answers pages keeps its connection; the file stays the same for as long as the server holds its lock
KEEP_S = None


def choose_journal_mode(version: tuple[int, ...] | None = None) -> str:
    """Return the journal mode for a version of the library; by default the one this process has loaded."""
    return "wal" if (version or sqlite3.sqlite_version_info) >= WAL_SAFE_SINCE else "delete"


def build_init_command(version: tuple[int, ...] | None = None) -> str:
    """Return the statements run at each open of a connection."""
    return (
        f"PRAGMA journal_mode={choose_journal_mode(version)};"
        "PRAGMA synchronous=FULL;"
        "PRAGMA foreign_keys=ON;"
        "PRAGMA recursive_triggers=ON;"
        "PRAGMA journal_size_limit=27103364;"
        "PRAGMA cache_size=-20000;"
    )


def build_options() -> dict[str, Any]:
    """Return Django's options for the embedded database: writes begin IMMEDIATE, reads take no transaction."""
    return {"transaction_mode": "IMMEDIATE", "timeout": TIMEOUT_S, "init_command": build_init_command()}


def read_pragmas(connection: Any) -> dict[str, Any]:
    """Return the settings of an open connection that the record depends on."""
    names = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
    with connection.cursor() as cursor:
        return {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in names}


def find_wrong_pragmas(connection: Any) -> dict[str, Any]:
    """Return the settings of an open connection that are not what they must be; empty when all is well."""
    wanted = {
        "journal_mode": choose_journal_mode(),
        "synchronous": FULL,
        "foreign_keys": 1,
        "recursive_triggers": 1,
    }
    found = read_pragmas(connection)
    if found["journal_mode"] == "memory":
        wanted["journal_mode"] = "memory"
    return {name: value for name, value in found.items() if value != wanted[name]}
