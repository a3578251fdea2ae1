"""Accepted packs in the clinic's data folder: `packs/INSTRUMENT/VERSION/LOCALE/HASH/` with text and manifest.

A folder appears whole or not at all, and none is ever overwritten: answers stay tied to the wording that was shown.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from afterglow.clinic.config import read_config
from afterglow.clinic.errors import SetupError
from afterglow.instruments import Pack, read_pack
from afterglow.instruments.packs import render_pack
from afterglow.terms import InvalidInput, build_error

PACKS = "packs"
TEXT, MANIFEST = "pack.json", "manifest.json"
# of the hash's 64 digits; enough for the few texts of one language
_HASH_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a pack lies, and whether it lay there before."""

    folder: Path
    is_new: bool


def check_clinic(data_dir: Path) -> Path:
    """Return the data folder of a clinic; refuse one that `init` did not make."""
    folder = data_dir.expanduser().resolve()
    try:
        read_config(folder)
    except SetupError as error:
        accepted = "the data folder of a clinic"
        raise InvalidInput([build_error("data", "no-clinic", str(data_dir), accepted, str(error))]) from None
    return folder


def store_pack(pack: Pack, data_dir: Path, *, accepted_by: str, accepted_at: datetime) -> Stored:
    """Copy a checked pack into the clinic's folder with who accepted its terms; the same wording stays as it was."""
    name = accepted_by.strip()
    if not name:
        message = "somebody accepts the terms of a wording by name"
        raise InvalidInput([build_error("accepted-by", "name-missing", accepted_by, "a person's name", message)])
    parent = data_dir / PACKS / pack.instrument / pack.version / pack.locale
    target = parent / pack.hash.removeprefix("sha256:")[:_HASH_DIGITS]
    if target.exists():
        return Stored(target, False)
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    manifest = _write_manifest(pack, name, accepted_at)
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=parent))
    try:
        _write_file(fresh / TEXT, render_pack(pack))
        _write_file(fresh / MANIFEST, manifest)
        os.rename(fresh, target)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        if target.exists():
            return Stored(target, False)
        message = f"the pack cannot be stored: {error.strerror}"
        accepted = "a folder that can be written"
        raise InvalidInput([build_error("data", "folder-unwritable", str(data_dir), accepted, message)]) from None
    _sync_folder(parent)
    return Stored(target, True)


def _write_manifest(pack: Pack, accepted_by: str, accepted_at: datetime) -> dict[str, Any]:
    return {
        "instrument": pack.instrument,
        "version": pack.version,
        "locale": pack.locale,
        "source": pack.source,
        "licence": pack.licence,
        "hash": pack.hash,
        "item_count": len(pack.items),
        "accepted_by": accepted_by,
        "accepted_at": accepted_at.astimezone(UTC).isoformat(timespec="seconds"),
    }


def _write_file(path: Path, content: dict[str, Any]) -> None:
    with path.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def list_manifests(data_dir: Path) -> list[dict[str, Any]]:
    """Return the manifest of every installed pack, the one accepted last at the end of its language."""
    return sorted((content for _, content in _iterate(data_dir)), key=_order)


def find_pack(data_dir: Path, instrument: str, locale: str | None) -> Pack:
    """Return the pack of an instrument that was accepted last, in a language where one is named.

    Raises
    ------
    InvalidInput
        None is installed, or the installed one was altered since.
    """
    found = [
        (_order(content), folder)
        for folder, content in _iterate(data_dir)
        if content["instrument"] == instrument and locale in (None, content["locale"])
    ]
    if not found:
        languages = sorted({each["locale"] for each in list_manifests(data_dir) if each["instrument"] == instrument})
        message = f"no wording of {instrument} is installed" + (f" in {locale}" if languages else "")
        accepted = ", ".join(languages) or "add one with: afterglow instruments add PACK"
        raise InvalidInput([build_error("locale", "pack-not-installed", locale or "", accepted, message)])
    _, folder = max(found, key=lambda each: each[0][-1])
    reading = read_pack(json.loads((folder / TEXT).read_text(encoding="utf-8")))
    if reading.pack is None:
        raise InvalidInput(reading.problems)
    return reading.pack


def _iterate(data_dir: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted((data_dir / PACKS).glob(f"*/*/*/*/{MANIFEST}")):
        if not path.parent.name.startswith("."):
            yield path.parent, json.loads(path.read_text(encoding="utf-8"))


def _order(manifest: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(manifest[key]) for key in ("instrument", "version", "locale", "accepted_at"))
