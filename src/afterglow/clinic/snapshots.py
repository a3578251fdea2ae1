"""One consistent view of the whole record, for verification and backup, while the clinic goes on working."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from afterglow.clinic.errors import SetupError


@contextmanager
def view_consistently() -> Iterator[None]:
    """Let every query of this thread see one moment of the record for as long as the block runs.

    PostgreSQL gives a snapshot by itself; of the embedded database a copy is read, so that no writer waits.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        with _make_folder(Path(str(connection.settings_dict["NAME"])).parent) as folder:
            copy = folder / "copy.sqlite3"
            copy_sqlite(Path(str(connection.settings_dict["NAME"])), copy)
            with read_other_file(copy):
                yield


@contextmanager
def read_other_file(path: Path) -> Iterator[None]:
    """Point this thread's connection at another file of the embedded database for as long as the block runs."""
    connection = connections[DEFAULT_DB_ALIAS]
    kept = connection.settings_dict
    connection.close()
    connection.settings_dict = {**kept, "NAME": str(path)}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = kept


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy an embedded database through the engine's own backup, and check the copy's structure."""
    if not source.is_file():
        raise SetupError(f"the database file {source} is missing")
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.close(descriptor)
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=20)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
        check_sqlite(target)
    except sqlite3.Error as error:
        raise SetupError(f"the database {source} cannot be copied: {error}") from None


def check_sqlite(path: Path) -> None:
    """Refuse a file of the embedded database whose structure is broken."""
    with closing(sqlite3.connect(path)) as connection:
        answer = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if answer != "ok":
        raise SetupError(f"the database {path} is damaged: {answer}")


@contextmanager
def _make_folder(beside: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=".copy-", dir=beside) as name:
        yield Path(name)
