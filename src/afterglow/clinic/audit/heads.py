"""The sealed heads of chains: lock one, move it forward by one link, check its seal."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from afterglow.clinic.audit.models import ChainHead
from afterglow.clinic.chain import EMPTY, Part, calculate_link, calculate_seal, is_equal
from afterglow.clinic.errors import BrokenChainError


@dataclass(frozen=True, slots=True)
class Link:
    """Place and hash of a row that was just chained."""

    seq: int
    previous: str
    hash: str


def append_link(name: str, parts: Iterable[Part]) -> Link:
    """Chain the next row of a chain and move its head; the head stays locked until the transaction ends."""
    head = lock_head(name)
    seq = head.seq + 1
    link = Link(seq, head.head, calculate_link(settings.CHAIN_KEY, head.head, [name, seq, *parts]))
    seal = calculate_seal(settings.CHAIN_KEY, name, seq, link.hash)
    ChainHead.objects.filter(name=name).update(seq=seq, head=link.hash, seal=seal)
    return link


def lock_head(name: str) -> ChainHead:
    """Return the locked head of a chain, made when the chain begins; refuse one whose seal is wrong."""
    if not connections[DEFAULT_DB_ALIAS].in_atomic_block:
        raise RuntimeError("a chain grows only inside a transaction")
    empty = calculate_seal(settings.CHAIN_KEY, name, 0, EMPTY)
    head = ChainHead.objects.select_for_update().filter(name=name).first()
    if head is None:
        ChainHead.objects.bulk_create([ChainHead(name=name, seal=empty)], ignore_conflicts=True)
        head = ChainHead.objects.select_for_update().get(name=name)
    if not is_sealed(head):
        raise BrokenChainError(
            f"the head of chain {name} does not carry its seal: it was altered, or secrets/chain.key is not the key it "
            "was made with; run `afterglow audit verify`"
        )
    return head


def is_sealed(head: ChainHead) -> bool:
    """Return whether a head carries the seal that belongs to its place and hash."""
    return is_equal(head.seal, calculate_seal(settings.CHAIN_KEY, head.name, head.seq, head.head))
