"""The sealed heads of chains: lock one, move it forward by one link, check its seal; or by many links at once."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import Model

from afterglow.clinic.audit.gathering import begin_gathering, find_gathering
from afterglow.clinic.audit.models import ChainHead
from afterglow.clinic.chain import EMPTY, Part, calculate_link, calculate_seal, is_equal
from afterglow.clinic.errors import BrokenChainError
from afterglow.clinic.prepared import Prepared

_HEAD = Prepared(lambda name: ChainHead.objects.select_for_update().filter(name=name))


@dataclass(frozen=True, slots=True)
class Link:
    """Place and hash of a row that was just chained."""

    seq: int
    previous: str
    hash: str


def append_link(name: str, parts: Iterable[Part]) -> Link:
    """Chain the next row of a chain and move its head; the head stays locked until the transaction ends."""
    place, previous = hold_head(name)
    seq = place + 1
    link = Link(seq, previous, calculate_link(settings.CHAIN_KEY, previous, [name, seq, *parts]))
    gathering = find_gathering()
    if gathering is not None:
        gathering.heads[name] = (seq, link.hash)
    else:
        _move_head(name, seq, link.hash)
    return link


def store_linked(row: Model) -> None:
    """Store a row that carries its link: at once, or with all others that the transaction gathers."""
    gathering = find_gathering()
    if gathering is not None:
        gathering.rows.append(row)
    else:
        row.save(force_insert=True)


@contextmanager
def gather_links() -> Iterator[None]:
    """Run a block as one transaction whose chained rows and moved heads are stored together at its end.

    Every row keeps its own link, and every head is locked from its first link on, as it is without this. A block
    within another joins it.
    """
    if find_gathering() is not None:
        yield
        return
    with transaction.atomic():
        with begin_gathering() as gathering:
            yield
        for _, group in groupby(sorted(gathering.rows, key=_name_table), key=type):
            rows = list(group)
            rows[0].__class__._default_manager.bulk_create(rows)
        for name, (seq, head) in gathering.heads.items():
            _move_head(name, seq, head)


def hold_head(name: str) -> tuple[int, str]:
    """Return place and hash of a chain's head; it stays locked until the transaction ends."""
    gathering = find_gathering()
    if gathering is not None and name in gathering.heads:
        return gathering.heads[name]
    head = lock_head(name)
    if gathering is not None:
        gathering.heads[name] = (head.seq, head.head)
    return head.seq, head.head


def lock_head(name: str) -> ChainHead:
    """Return the locked head of a chain, made when the chain begins; refuse one whose seal is wrong."""
    if not connections[DEFAULT_DB_ALIAS].in_atomic_block:
        raise RuntimeError("a chain grows only inside a transaction")
    empty = calculate_seal(settings.CHAIN_KEY, name, 0, EMPTY)
    head = _HEAD.find(name=name)
    if head is None:
        ChainHead.objects.bulk_create([ChainHead(name=name, seal=empty)], ignore_conflicts=True)
        head = ChainHead.objects.select_for_update().get(name=name)
    if not is_sealed(head):
        raise BrokenChainError(
            f"the head of chain {name} does not carry its seal: it was altered, or secrets/chain.key is not the key it "
            "was made with; run `afterglow audit verify`"
        )
    return head


def _move_head(name: str, seq: int, head: str) -> None:
    seal = calculate_seal(settings.CHAIN_KEY, name, seq, head)
    ChainHead.objects.filter(name=name).update(seq=seq, head=head, seal=seal)


def _name_table(row: Model) -> str:
    return row._meta.db_table


def is_sealed(head: ChainHead) -> bool:
    """Return whether a head carries the seal that belongs to its place and hash."""
    return is_equal(head.seal, calculate_seal(settings.CHAIN_KEY, head.name, head.seq, head.head))
