"""One server at a time for an embedded database: a lock on a file of the data folder, held as long as it serves.

The operating system lets go of the lock when the process ends, however it ends. Only servers take it; the commands
that read or change a clinic work beside a server.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from afterglow.clinic.errors import SetupError

if sys.platform != "win32":
    import fcntl

LOCK_FILE = "server.lock"


@contextmanager
def hold_server_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a data folder for as long as the block runs; refuse when another server holds it.

    The lock belongs to this process alone: a child that outlives a killed server does not keep it.
    """
    if sys.platform == "win32":  # it has no such lock; there the port is what two servers cannot share
        yield
        return
    descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
            raise SetupError(
                f"{folder} is already served{f' by process {holder}' if holder else ''}; SQLite serves one process: "
                "stop that server first"
            ) from None
        with contextlib.suppress(OSError):  # the number is for people; a full disk does not stop a server
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
