"""Checks every chain against its key and names the first altered row of each.

Looked for: changed bytes, removed or swapped rows, a removed tail, a removed session, a chain recomputed without the
key, an append-only rule that was taken away, a note whose text is not the one its event names.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from django.conf import settings

from afterglow.clinic.append_only import find_unprotected
from afterglow.clinic.audit import actions, reads
from afterglow.clinic.audit.heads import is_sealed
from afterglow.clinic.audit.models import AuditEvent, ChainHead, ReadBatch
from afterglow.clinic.chain import EMPTY, Part, calculate_link, is_equal


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it was written: which chain, which row, what is wrong."""

    chain: str
    row: str
    code: str
    message: str

    def to_json(self) -> dict[str, str]:
        """Return the fault with its published keys."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked and what was found."""

    faults: tuple[Fault, ...]
    rows: int
    sessions: int

    @property
    def is_intact(self) -> bool:
        """Return whether nothing was altered."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class Linked:
    """A stored row as its chain sees it."""

    label: str
    seq: int
    parts: list[Part]
    previous: str
    hash: str


def verify_heads() -> list[Fault]:
    """Return the heads whose seal is wrong."""
    return [
        Fault(head.name, "head", "head-altered", f"the head of chain {head.name} does not carry its seal")
        for head in ChainHead.objects.order_by("name")
        if not is_sealed(head)
    ]


def verify_protection() -> list[Fault]:
    """Return the tables whose append-only rule is missing or changed."""
    return [
        Fault("database", table, "rule-missing", f"the append-only rule of table {table} is missing or was changed")
        for table in find_unprotected()
    ]


def verify_audit() -> tuple[list[Fault], int]:
    """Check the chain of acts."""
    rows = AuditEvent.objects.order_by("seq").iterator(chunk_size=500)
    linked = (
        Linked(f"audit event {r.seq} ({r.action})", r.seq, actions.list_parts(r), r.previous, r.hash) for r in rows
    )
    return verify_links(actions.CHAIN, linked)


def verify_reads() -> tuple[list[Fault], int]:
    """Check the chain of read batches, and each batch against its rows."""
    faults: list[Fault] = []

    def list_linked() -> Iterator[Linked]:
        for batch in ReadBatch.objects.order_by("seq").prefetch_related("reads").iterator(chunk_size=200):
            stored = sorted(batch.reads.all(), key=lambda row: row.place)
            if len(stored) != batch.count or reads.calculate_batch_digest(stored) != batch.digest:
                message = f"the reads of batch {batch.seq} are not the ones that were written"
                faults.append(Fault(reads.CHAIN, f"batch {batch.seq}", "row-altered", message))
            parts = reads.list_parts(batch.recorded_at, batch.count, batch.digest)
            yield Linked(f"read batch {batch.seq}", batch.seq, parts, batch.previous, batch.hash)

    found, count = verify_links(reads.CHAIN, list_linked())
    return found or faults[:1], count


def verify_links(name: str, rows: Iterable[Linked]) -> tuple[list[Fault], int]:
    """Walk one chain from its beginning to its sealed head; return the first fault and the number of rows."""
    previous, seq, count = EMPTY, 0, 0
    for row in rows:
        if row.seq != seq + 1:
            message = f"{name}: row {seq + 1} is missing; the next one there is {row.label}"
            return [Fault(name, str(seq + 1), "row-missing", message)], count
        if not is_equal(row.previous, previous):
            message = f"{row.label} does not follow the row before it"
            return [Fault(name, row.label, "row-out-of-order", message)], count
        if not is_equal(row.hash, calculate_link(settings.CHAIN_KEY, previous, [name, row.seq, *row.parts])):
            return [Fault(name, row.label, "row-altered", f"{row.label} was altered")], count
        previous, seq, count = row.hash, row.seq, count + 1
    head = ChainHead.objects.filter(name=name).first()
    at = (head.seq, head.head) if head else (0, EMPTY)
    if at != (seq, previous):
        message = f"{name}: rows after {seq} are missing; the head stands at {at[0]}"
        return [Fault(name, str(seq + 1), "tail-missing", message)], count
    return [], count
