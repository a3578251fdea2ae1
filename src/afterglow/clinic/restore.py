"""Puts a backup back into an empty folder, and checks every chain of what came out."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from afterglow.clinic import postgres, secrets
from afterglow.clinic.config import (
    AS_OWNER,
    CONFIG_FILE,
    DATABASE_FILE,
    parse_database_url,
    read_config,
    write_config,
)
from afterglow.clinic.errors import SetupError
from afterglow.clinic.half_made import undo_half_made


def restore_backup(source: Path, data_dir: Path, identity_text: str, *, url: str = "") -> dict[str, Any]:
    """Restore a backup into a new data folder and set Django up for it; return the backup's manifest.

    `url` names an empty PostgreSQL database for a backup of one; a backup of the embedded database needs none.
    """
    if data_dir.exists() and (not data_dir.is_dir() or any(data_dir.iterdir())):
        raise SetupError(f"{data_dir} is not empty; a restore never writes over a clinic")
    with undo_half_made(data_dir):
        return _restore(source, data_dir, identity_text, url)


def _restore(source: Path, data_dir: Path, identity_text: str, url: str) -> dict[str, Any]:
    from afterglow.clinic.backup import unpack_backup

    data_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=data_dir.parent) as name:
        folder = Path(name)
        manifest = unpack_backup(source, folder, identity_text)
        if manifest["engine"] == "postgresql" and not url:
            raise SetupError("this backup is of PostgreSQL; name an empty database with --database URL")
        if manifest["engine"] == "sqlite" and url not in {"", "sqlite"}:
            raise SetupError("this backup is of SQLite; it is restored to SQLite")
        data_dir.mkdir(mode=0o700, exist_ok=True)
        data_dir.chmod(0o700)
        _move_files(folder, data_dir, url)
        if manifest["engine"] == "postgresql":
            shutil.move(folder / "tables", data_dir / ".tables")
    _fill_database(data_dir, manifest)
    return manifest


def _move_files(folder: Path, data_dir: Path, url: str) -> None:
    shutil.move(folder / secrets.FOLDER, data_dir / secrets.FOLDER)
    (data_dir / secrets.FOLDER).chmod(0o700)
    for path in (data_dir / secrets.FOLDER).iterdir():
        path.chmod(0o600)
    shutil.move(folder / CONFIG_FILE, data_dir / CONFIG_FILE)
    if (folder / DATABASE_FILE).is_file():
        shutil.move(folder / DATABASE_FILE, data_dir / DATABASE_FILE)
        (data_dir / DATABASE_FILE).chmod(0o600)
    old = read_config(data_dir)
    # a file elsewhere is not restored to where it was: the copy lies in the new folder
    role = postgres.name_role(parse_database_url(url, data_dir)) if url else ""
    write_config(
        data_dir,
        url=url or "sqlite",
        role=role,
        is_demonstration=old.is_demonstration,
        hosts=old.hosts[3:],
        idle_lock_minutes=old.idle_lock_minutes,
    )
    (data_dir / CONFIG_FILE).chmod(0o600)


def _fill_database(data_dir: Path, manifest: dict[str, Any]) -> None:
    from afterglow.clinic.setup import migrate_clinic, set_up_clinic

    os.environ[AS_OWNER] = "1"
    set_up_clinic(data_dir)
    if manifest["engine"] == "postgresql":
        import psycopg
        from django.db import DatabaseError, connection

        from afterglow.clinic.backup import list_migrations
        from afterglow.clinic.postgres_tables import read_tables

        with connection.cursor() as cursor:
            if connection.introspection.table_names(cursor):
                raise SetupError("the database is not empty; a restore never writes over a clinic")
        migrate_clinic()
        if list_migrations() != manifest["migrations"]:
            raise SetupError(f"restore with version {manifest['version']}, the one that made this backup")
        try:
            read_tables(data_dir / ".tables")
        except (DatabaseError, psycopg.Error) as error:
            raise SetupError(f"the database does not take this backup: {error}") from None
        shutil.rmtree(data_dir / ".tables")
    else:
        migrate_clinic()
