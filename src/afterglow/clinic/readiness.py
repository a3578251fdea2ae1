"""Whether a clinic can be served or backed up as it lies there: its tables, its append-only rule, its chain key."""

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from afterglow.clinic import sqlite
from afterglow.clinic.append_only import assert_protected
from afterglow.clinic.audit.actions import CHAIN, list_parts
from afterglow.clinic.audit.heads import is_sealed
from afterglow.clinic.audit.models import AuditEvent, ChainHead
from afterglow.clinic.chain import EMPTY, calculate_link, is_equal
from afterglow.clinic.errors import SetupError
from afterglow.clinic.setup import find_pending_migrations

HEADS_TRIED = 50


def check_ready() -> None:
    """Refuse to serve a clinic whose tables, append-only rule or chain key are not what they must be."""
    if pending := find_pending_migrations():
        raise SetupError(
            f"the database lacks {len(pending)} migrations of this version; run `afterglow init --upgrade`, or restore "
            "a backup when this is not the clinic's database"
        )
    check_storage()
    check_chain_key()


def check_storage() -> None:
    """Refuse to serve a database that is not opened as it must be, or whose append-only rule is missing."""
    connection = connections[DEFAULT_DB_ALIAS]
    try:
        if connection.vendor == "sqlite" and (wrong := sqlite.find_wrong_pragmas(connection)):
            raise SetupError(f"the database was opened with {wrong}")
        assert_protected()
    finally:
        connection.close()


def check_chain_key() -> None:
    """Refuse a chain key that none of the stored rows was made with; one altered row or head is not a wrong key."""
    try:
        if not _is_key_known():
            raise SetupError(
                "secrets/chain.key is not the key that this record was chained with; put the right one back, or "
                "`afterglow restore` a backup into a new folder"
            )
    finally:
        if not connections[DEFAULT_DB_ALIAS].in_atomic_block:
            connections[DEFAULT_DB_ALIAS].close()


def _is_key_known() -> bool:
    first = AuditEvent.objects.order_by("seq").first()
    heads = list(ChainHead.objects.order_by("name")[:HEADS_TRIED])
    if first is None and not heads:
        return True
    if first is not None:
        link = calculate_link(settings.CHAIN_KEY, EMPTY, [CHAIN, first.seq, *list_parts(first)])
        if is_equal(first.hash, link):
            return True
    return any(is_sealed(head) for head in heads)
