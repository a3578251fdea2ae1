"""The secrets of a data folder: made once at `init`, outside the database, readable by the owner alone."""

import os
import secrets
import stat
from pathlib import Path
from typing import Any

import pyrage

from afterglow.clinic.errors import SetupError

FOLDER = "secrets"
DJANGO_KEY = "django.key"
CHAIN_KEY = "chain.key"
FIELD_KEY = "field.key"
DATABASE_PASSWORD = "database.password"  # noqa: S105 - a file name
RECIPIENT = "backup.recipient"
KEY_BYTES = 48


def make_secrets(data_dir: Path) -> str:
    """Make every secret of a new data folder; return the recovery key, which is kept nowhere."""
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700)
    folder.chmod(0o700)
    for name in (DJANGO_KEY, CHAIN_KEY, FIELD_KEY):
        write_secret(data_dir, name, secrets.token_hex(KEY_BYTES))
    identity = pyrage.x25519.Identity.generate()
    write_secret(data_dir, RECIPIENT, str(identity.to_public()))
    return str(identity)


def write_secret(data_dir: Path, name: str, content: str) -> None:
    """Write one secret to a file that only its owner can read; refuse to write over another."""
    path = data_dir / FOLDER / name
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(content + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def read_secret(data_dir: Path, name: str) -> str:
    """Return one secret; refuse a missing one, an empty one, and one that others could read."""
    path = data_dir / FOLDER / name
    try:
        mode = path.stat().st_mode
        content = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not ASCII text"
        raise SetupError(
            f"secret {path} cannot be read: {reason}; `init` made it once and it cannot be made again: put the "
            "file back as it was, or `afterglow restore` a backup into a new folder"
        ) from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SetupError(f"secret {path} can be read by others; run: chmod 600 {path}")
    if not content:
        raise SetupError(f"secret {path} is empty")
    return content


def read_key(data_dir: Path, name: str) -> bytes:
    """Return a key as bytes; at least 32 of them."""
    try:
        key = bytes.fromhex(read_secret(data_dir, name))
    except ValueError:
        raise SetupError(f"secret {data_dir / FOLDER / name} is not hexadecimal") from None
    if len(key) < 32:
        raise SetupError(f"secret {data_dir / FOLDER / name} holds fewer than 32 bytes")
    return key


def read_recipient(data_dir: Path) -> Any:
    """Return the public key that backups are encrypted to."""
    try:
        return pyrage.x25519.Recipient.from_str(read_secret(data_dir, RECIPIENT))
    except pyrage.RecipientError as error:
        raise SetupError(f"secret {data_dir / FOLDER / RECIPIENT} is no recipient of a backup: {error}") from None


def has_secret(data_dir: Path, name: str) -> bool:
    """Return whether the folder holds that secret."""
    return (data_dir / FOLDER / name).is_file()
