"""What a failed making leaves behind: nothing, so that the same call can be made again once its cause is mended."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from afterglow.clinic.config import Database

# what the engine may put beside a database file
BESIDE = ("", "-journal", "-wal", "-shm")


@contextmanager
def undo_half_made(folder: Path, database: Database | None = None) -> Iterator[None]:
    """Remove everything that was made in a new or empty data folder when the block fails.

    A folder that held something before is never touched; neither is a database that was there, or one on a server.
    """
    if _holds_something(folder):
        yield
        return
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    files = _list_new_files(database)
    try:
        yield
    except BaseException:
        _close_connections()
        for path in files:
            path.unlink(missing_ok=True)
        for child in list(folder.iterdir()) if folder.is_dir() else []:
            _remove(child)
        for place in made:
            with suppress(OSError):
                place.rmdir()
        raise


def _holds_something(folder: Path) -> bool:
    return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))


def _list_new_files(database: Database | None) -> list[Path]:
    """Return the files of an embedded database that is still to be made."""
    if database is None or not database.is_sqlite or Path(database.name).exists():
        return []
    return [Path(database.name + ending) for ending in BESIDE]


def _remove(child: Path) -> None:
    if child.is_dir() and not child.is_symlink():
        shutil.rmtree(child, ignore_errors=True)
    else:
        child.unlink(missing_ok=True)


def _close_connections() -> None:
    from django.apps import apps
    from django.db import connections

    if apps.ready:
        connections.close_all()
