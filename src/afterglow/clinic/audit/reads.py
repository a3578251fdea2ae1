"""Reads of charts, audited through one writer that makes many of them durable in one commit.

`record_read` returns after the commit, so that no chart is shown whose reading could be lost. A page that reads several
things gathers them (`gathered`): they are one batch, durable before the page is answered.
"""

import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from afterglow.clinic import policy
from afterglow.clinic.audit.actions import describe_subject, identify
from afterglow.clinic.audit.heads import append_link
from afterglow.clinic.audit.models import ReadBatch, ReadEvent
from afterglow.clinic.chain import Part, calculate_digest, render_canonical

CHAIN = "reads"
LARGEST_BATCH = 128
WAIT_S = 30.0
IDLE_S = 5.0
EMERGENCY = "emergency: "
_gathered: ContextVar[list["Read"] | None] = ContextVar("gathered", default=None)


@dataclass(frozen=True, slots=True)
class Read:
    """One reading: who, what, of which subject, whose, when."""

    at: datetime
    by: str
    what: str
    subject_type: str
    subject_id: str
    patient: str


def record_read(*, by: Any, what: str, subject: Any, now: datetime, patient: Any = None) -> None:
    """Write down that a chart was read; returns when that is durable, raises when it cannot be made so.

    Where readings are gathered it returns at once, and the end of the gathering waits in its place. A reading that only
    an emergency opening allowed is marked as such.
    """
    if patient is not None and policy.is_emergency(by, patient):
        what = f"{EMERGENCY}{what}"
    subject_type, subject_id = describe_subject(subject)
    read = Read(now, identify(by), what, subject_type, subject_id, identify(patient))
    if connections[DEFAULT_DB_ALIAS].in_atomic_block:
        write_batch([read])
        return
    waiting = _gathered.get()
    if waiting is None:
        writer.submit(read).result(timeout=WAIT_S)
    else:
        waiting.append(read)


@contextmanager
def gathered() -> Iterator[None]:
    """Gather the readings of a page; leaving waits until all are durable, also where the page failed, or raises."""
    reads: list[Read] = []
    token = _gathered.set(reads)
    try:
        yield
    finally:
        _gathered.reset(token)
        if reads:
            writer.submit(*reads).result(timeout=WAIT_S)


def write_batch(reads: Sequence[Read]) -> ReadBatch:
    """Write some reads as one batch of the chain, in the caller's transaction."""
    digest = calculate_digest(render_canonical([asdict(read) for read in reads]))
    recorded_at = max(read.at for read in reads)
    link = append_link(CHAIN, list_parts(recorded_at, len(reads), digest))
    batch = ReadBatch(
        seq=link.seq,
        recorded_at=recorded_at,
        count=len(reads),
        digest=digest,
        previous=link.previous,
        hash=link.hash,
    )
    batch.save(force_insert=True)
    ReadEvent.objects.bulk_create(
        ReadEvent(batch=batch, place=place, **asdict(read)) for place, read in enumerate(reads)
    )
    return batch


def list_parts(recorded_at: datetime, count: int, digest: str) -> list[Part]:
    """Return what the hash of a batch covers, in order."""
    return [recorded_at, count, digest]


def calculate_batch_digest(rows: Sequence[ReadEvent]) -> str:
    """Return the digest that a batch of these stored rows must carry."""
    names = ("at", "by", "what", "subject_type", "subject_id", "patient")
    return calculate_digest(render_canonical([{name: getattr(row, name) for name in names} for row in rows]))


class Writer:
    """One thread that commits reads in groups; it starts with the first read and rests when there are none."""

    def __init__(self) -> None:
        """Begin with nothing to write."""
        self._waiting: queue.Queue[tuple[tuple[Read, ...], Future[None]]] = queue.Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, *reads: Read) -> "Future[None]":
        """Hand over the reads of one page; the future is done when they are durable."""
        done: Future[None] = Future()
        with self._lock:
            self._waiting.put((reads, done))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="read-audit", daemon=True)
                self._thread.start()
        return done

    def _run(self) -> None:
        try:
            while True:
                try:
                    first = self._waiting.get(timeout=IDLE_S)
                except queue.Empty:
                    with self._lock:
                        if self._waiting.empty():
                            self._thread = None
                            return
                    continue
                self._commit([first, *self._take_more()])
        finally:
            connections.close_all()

    def _take_more(self) -> list[tuple[tuple[Read, ...], "Future[None]"]]:
        taken: list[tuple[tuple[Read, ...], Future[None]]] = []
        while len(taken) < LARGEST_BATCH - 1:
            try:
                taken.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return taken

    def _commit(self, group: list[tuple[tuple[Read, ...], "Future[None]"]]) -> None:
        try:
            connections[DEFAULT_DB_ALIAS].close_if_unusable_or_obsolete()
            with transaction.atomic():
                write_batch([read for reads, _ in group for read in reads])
        except Exception as error:  # noqa: BLE001 - each waiting reader must be told
            for _, done in group:
                done.set_exception(error)
            return
        for _, done in group:
            done.set_result(None)


writer = Writer()
