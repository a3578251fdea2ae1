"""Puts a backup back into an empty folder, and checks every chain of what came out."""

import os
import shutil
import tempfile
from collections.abc import Mapping
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
from afterglow.clinic.notices.channels import SMS_TOKEN, SMTP_PASSWORD, read_part

CHANNELS = ("mail", "sms")


def restore_backup(source: Path, data_dir: Path, identity_text: str, *, url: str = "") -> dict[str, Any]:
    """Restore a backup into a new data folder and set Django up for it; return the backup's manifest.

    What is left for the operator to do stands under `left`: a restored clinic sends no message until somebody says
    so, since the one it was copied from may still be sending. `url` names an empty PostgreSQL database for a backup of
    one; a backup of the embedded database needs none.
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
        manifest["left"] = _move_files(folder, data_dir, url)
        if manifest["engine"] == "postgresql":
            shutil.move(folder / "tables", data_dir / ".tables")
    _fill_database(data_dir, manifest)
    return manifest


def _move_files(folder: Path, data_dir: Path, url: str) -> list[str]:
    """Put secrets, settings and the embedded database where they belong; return what is left to do."""
    shutil.move(folder / secrets.FOLDER, data_dir / secrets.FOLDER)
    (data_dir / secrets.FOLDER).chmod(0o700)
    for path in (data_dir / secrets.FOLDER).iterdir():
        path.chmod(0o600)
    shutil.move(folder / CONFIG_FILE, data_dir / CONFIG_FILE)
    if (folder / DATABASE_FILE).is_file():
        shutil.move(folder / DATABASE_FILE, data_dir / DATABASE_FILE)
        (data_dir / DATABASE_FILE).chmod(0o600)
    old, notices = read_config(data_dir), read_part(data_dir)
    # a file elsewhere is not restored to where it was: the copy lies in the new folder
    role = postgres.name_role(parse_database_url(url, data_dir)) if url else ""
    write_config(
        data_dir,
        url=url or "sqlite",
        role=role,
        is_demonstration=old.is_demonstration,
        hosts=old.hosts[3:],
        idle_lock_minutes=old.idle_lock_minutes,
        idle_lock_minutes_of_roles=old.idle_lock_minutes_of_roles,
        notices={**notices, **dict.fromkeys(CHANNELS, "off")},
    )
    (data_dir / CONFIG_FILE).chmod(0o600)
    return list_left(notices, data_dir)


def list_left(notices: Mapping[str, Any], data_dir: Path) -> list[str]:
    """Return what a restored clinic lacks to send messages as it did, in words for its operator."""
    was = {channel: notices[channel] for channel in CHANNELS if notices.get(channel, "off") != "off"}
    if not was:
        return []
    named = " and ".join(f'{channel} = "{each}"' for channel, each in was.items())
    left = [f"messages are off; when this clinic takes over, set {named} in {CONFIG_FILE}"]
    needed = {
        SMTP_PASSWORD: was.get("mail") == "smtp" and bool(notices.get("smtp_user")),
        SMS_TOKEN: was.get("sms") == "http",
    }
    for name, is_needed in needed.items():
        if is_needed and not secrets.has_secret(data_dir, name):
            left.append(f"{secrets.FOLDER}/{name} is not in the backup; put it there if messages are sent with one")
    return left


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
