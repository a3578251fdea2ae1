"""`python -m tools.make_dump VERSION`: keeps a small clinic of this release for the migration tests of later ones.

Two invented patients of the demonstration, as SQL text with the keys that its chains and secrets need. The keys guard
nothing but these invented rows.
"""

import gzip
import shutil
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "tests" / "golden" / "dumps"
STORIES = 2
KEPT_SECRETS = ("chain.key", "field.key", "django.key", "backup.recipient")


def main(version: str) -> int:
    """Build the clinic, write its dump and its keys, and say how large they are."""
    from afterglow.clinic.setup import make_clinic

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "clinic"
        make_clinic(folder, is_demonstration=True)
        _tell_stories()
        target = TARGET / version
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        _write_dump(folder / "afterglow.sqlite3", target / "clinic.sql.gz")
        shutil.copy(folder / "clinic.toml", target / "clinic.toml")
        for name in KEPT_SECRETS:
            shutil.copy(folder / "secrets" / name, target / name)
    print(f"{target}: {sum(path.stat().st_size for path in target.iterdir())} bytes")
    return 0


def _tell_stories() -> None:
    from itertools import islice

    from afterglow.clinic.demo.build import found_demonstration, write_stories
    from afterglow.clinic.demo.clock import SimulatedClock

    now = datetime.now(UTC)
    site, cast = found_demonstration(password="dump-only-password", now=now)  # noqa: S106 - guards nothing
    for story in islice(write_stories(cast, SimulatedClock(site, now=now)), STORIES):
        story.tell()


def _write_dump(database: Path, target: Path) -> None:
    connection = sqlite3.connect(database)
    text = "\n".join(connection.iterdump())
    connection.close()
    target.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
