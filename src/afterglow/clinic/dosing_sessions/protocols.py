"""Protocols as sessions keep them: the full effective one, once, under its content hash."""

from datetime import datetime
from typing import Any

from afterglow.clinic.chain import calculate_digest, render_canonical
from afterglow.clinic.dosing_sessions.models import ProtocolSnapshot
from afterglow.clinic.plans.values import find_protocol, load_signed_protocol
from afterglow.clinic.sites.actions import get_site_protocol
from afterglow.protocols.catalogue import render_protocol
from afterglow.protocols.model import Protocol

NOT_HASHED = "content_hash"


def store_protocol(protocol: Protocol, *, now: datetime) -> ProtocolSnapshot:
    """Return the stored snapshot of a protocol, writing it when it is the first of its content."""
    known = ProtocolSnapshot.objects.filter(pk=protocol.content_hash).first() if protocol.content_hash else None
    if known is not None:
        return known
    content = render_protocol(protocol)
    content.pop(NOT_HASHED, None)
    body = render_canonical(content)
    name = calculate_digest(body)
    found = ProtocolSnapshot.objects.filter(pk=name).first()
    if found is None:
        found = ProtocolSnapshot(hash=name, protocol=protocol.id, body=body, recorded_at=now)
        ProtocolSnapshot.objects.bulk_create([found], ignore_conflicts=True)
    return found


def find_protocol_of(*, plan: Any, site: Any, protocol_id: str = "") -> Protocol:
    """Return the effective protocol of a plan as it was signed, or of a site where there is no plan."""
    if plan is not None and plan.protocol_hash:
        return load_signed_protocol(plan)
    if plan is not None:
        return find_protocol(plan)
    return get_site_protocol(site, protocol_id)
