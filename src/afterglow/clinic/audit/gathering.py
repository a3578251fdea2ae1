"""What a transaction that does many things has chained and not yet stored: rows, and the heads they moved."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.db.models import Model


@dataclass(slots=True)
class Gathering:
    """Rows that carry their link already, in order, and the place and hash of every head that was moved."""

    heads: dict[str, tuple[int, str]] = field(default_factory=dict)
    rows: list[Model] = field(default_factory=list)


_current: ContextVar[Gathering | None] = ContextVar("gathering", default=None)


def find_gathering() -> Gathering | None:
    """Return what this transaction gathers, or None where each row is stored at once."""
    return _current.get()


@contextmanager
def begin_gathering() -> Iterator[Gathering]:
    """Gather until the end of the block."""
    gathering = Gathering()
    token = _current.set(gathering)
    try:
        yield gathering
    finally:
        _current.reset(token)


@contextmanager
def forget_on_error() -> Iterator[None]:
    """Forget what was gathered within the block when it fails, as its savepoint forgets what was stored."""
    gathering = _current.get()
    if gathering is None:
        yield
        return
    heads, count = dict(gathering.heads), len(gathering.rows)
    try:
        yield
    except BaseException:
        # a head that was locked within the block is read anew: its lock went with the savepoint
        gathering.heads = heads
        del gathering.rows[count:]
        raise
