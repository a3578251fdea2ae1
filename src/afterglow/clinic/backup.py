"""The whole clinic in one encrypted file, and back again.

A backup holds a consistent copy of the database, `clinic.toml`, the secrets that its chains and fields need, and those
that messages are sent with; it is encrypted to the recovery key printed at `init`, and read back once after writing.
"""

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyrage
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from afterglow.clinic import secrets
from afterglow.clinic.config import CONFIG_FILE, DATABASE_FILE
from afterglow.clinic.errors import SetupError
from afterglow.clinic.notices.channels import SMS_TOKEN, SMTP_PASSWORD
from afterglow.clinic.postgres_tables import list_tables, write_table
from afterglow.clinic.snapshots import copy_sqlite, view_consistently

FORMAT = 1
MANIFEST = "manifest.json"
SECRETS = (secrets.DJANGO_KEY, secrets.CHAIN_KEY, secrets.FIELD_KEY, secrets.RECIPIENT)
# what a clinic that sends messages keeps besides
SENDING = (SMTP_PASSWORD, SMS_TOKEN)


@dataclass(frozen=True, slots=True)
class Backup:
    """What a written backup holds."""

    path: Path
    size: int
    engine: str
    made_at: datetime
    files: int


def make_backup(target: Path, *, now: datetime) -> Backup:
    """Write an encrypted backup of the whole clinic, read it back, and return what it holds."""
    data_dir = Path(settings.DATA_DIR)
    if target.exists():
        raise SetupError(f"{target} exists; a backup is never written over another file")
    recipient = secrets.read_recipient(data_dir)
    with _make_folder(data_dir) as folder:
        engine = copy_database(folder)
        _copy_rest(data_dir, folder)
        manifest = write_manifest(folder, engine=engine, now=now)
        archive = folder.parent / "clinic.tar"
        _pack(folder, archive)
        partial = target.with_name(target.name + ".partial")
        try:
            _encrypt(archive, partial, folder.parent, recipient)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return Backup(target, target.stat().st_size, engine, now, len(manifest["files"]))


def unpack_backup(source: Path, folder: Path, identity_text: str) -> dict[str, Any]:
    """Decrypt a backup into an empty folder and check every file of it; return its manifest."""
    identity = parse_identity(identity_text)
    archive = folder / "clinic.tar"
    try:
        pyrage.decrypt_file(str(source), str(archive), [identity])
    except (pyrage.DecryptError, OSError) as error:
        raise SetupError(f"{source} cannot be decrypted with this key: {error}") from None
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise SetupError(f"{source} is not a whole backup: {error}") from None
    finally:
        archive.unlink()
    return check_manifest(folder)


def parse_identity(text: str) -> Any:
    """Return the recovery key of a text that may hold comments, as key files do."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    try:
        return pyrage.x25519.Identity.from_str(lines[0])
    except (IndexError, pyrage.IdentityError):
        raise SetupError("the recovery key is not one; it begins with AGE-SECRET-KEY-1") from None


def copy_database(folder: Path) -> str:
    """Copy the database into a folder; return the engine."""
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "sqlite":
        copy_sqlite(Path(str(connection.settings_dict["NAME"])), folder / DATABASE_FILE)
        return "sqlite"
    tables = folder / "tables"
    tables.mkdir()
    with view_consistently():
        for table in list_tables():
            write_table(table, tables / f"{table}.copy")
    return "postgresql"


def write_manifest(folder: Path, *, engine: str, now: datetime) -> dict[str, Any]:
    """Write what the backup holds, with the digest of every file."""
    files = {str(path.relative_to(folder)): calculate_file_digest(path) for path in list_files(folder)}
    manifest = {
        "format": FORMAT,
        "version": settings.VERSION,
        "engine": engine,
        "made_at": now.isoformat(),
        "migrations": list_migrations(),
        "files": files,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
    return manifest


def check_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of an unpacked backup; refuse one that lacks a file, has another, or has it altered."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        wanted = dict(manifest["files"])
    except (OSError, ValueError, KeyError) as error:
        raise SetupError(f"the backup has no usable manifest: {error}") from None
    if manifest.get("format") != FORMAT:
        raise SetupError(f"the backup has format {manifest.get('format')!r}; this version reads format {FORMAT}")
    found = {str(path.relative_to(folder)): calculate_file_digest(path) for path in list_files(folder)}
    found.pop(MANIFEST, None)
    if found != wanted:
        wrong = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
        raise SetupError(f"the backup is damaged: {', '.join(wrong[:5])}")
    return manifest


def list_migrations() -> list[str]:
    """Return the migrations that the database has."""
    from django.db.migrations.recorder import MigrationRecorder

    applied = MigrationRecorder(connections[DEFAULT_DB_ALIAS]).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


def list_files(folder: Path) -> list[Path]:
    """Return every file below a folder, in a stable order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def calculate_file_digest(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _copy_rest(data_dir: Path, folder: Path) -> None:
    (folder / secrets.FOLDER).mkdir(mode=0o700)
    for name in (*SECRETS, *(each for each in SENDING if secrets.has_secret(data_dir, each))):
        secrets.write_secret(folder, name, secrets.read_secret(data_dir, name))
    shutil.copyfile(data_dir / CONFIG_FILE, folder / CONFIG_FILE)


def _pack(folder: Path, archive: Path) -> None:
    with tarfile.open(archive, "w") as tar:
        for path in list_files(folder):
            tar.add(path, arcname=str(path.relative_to(folder)), filter=_strip_owner)


def _strip_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _encrypt(archive: Path, target: Path, folder: Path, recipient: Any) -> None:
    """Encrypt to the recovery key and to a key of this moment, with which the written file is read back once."""
    moment = pyrage.x25519.Identity.generate()
    recipients = [recipient, moment.to_public()]
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.close(descriptor)
    try:
        pyrage.encrypt_file(str(archive), str(target), recipients)
    except pyrage.EncryptError as error:
        raise SetupError(f"the backup cannot be written: {error}") from None
    with target.open("rb") as stream:
        os.fsync(stream.fileno())
    again = folder / "again.tar"
    try:
        pyrage.decrypt_file(str(target), str(again), [moment])
    except (pyrage.DecryptError, OSError) as error:
        raise SetupError(f"the backup cannot be read back: {error}") from None
    if calculate_file_digest(again) != calculate_file_digest(archive):
        raise SetupError("the backup that was written is not the one that was made; is the disk sound?")


@contextmanager
def _make_folder(beside: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=beside) as name:
        folder = Path(name) / "clinic"
        folder.mkdir(mode=0o700)
        yield folder
