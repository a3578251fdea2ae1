"""The links of session chains and site chains: what each hash covers, how rows are appended and anchored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from afterglow.clinic.audit.heads import append_link, store_linked
from afterglow.clinic.chain import EMPTY, Part, calculate_link, to_bytes
from afterglow.clinic.dosing_sessions.models import Session, SessionEvent, SiteAnchor


@dataclass(frozen=True, slots=True)
class Row:
    """One event as it will be stored: its columns, its payload as canonical bytes."""

    type: str
    version: int
    occurred_at: datetime
    recorded_at: datetime
    by: str
    body: bytes
    second: str = ""


def chain_rows(session: Session, rows: Sequence[Row]) -> list[SessionEvent]:
    """Return some events of a locked session with their links, and move the head of the session as it is in memory."""
    chained: list[SessionEvent] = []
    seq, previous = session.last_seq, session.head_hash
    for row in rows:
        seq += 1
        event = SessionEvent(
            session=session,
            seq=seq,
            type=row.type,
            version=row.version,
            occurred_at=row.occurred_at,
            recorded_at=row.recorded_at,
            by=row.by,
            second=row.second,
            body=row.body,
            previous=previous,
        )
        event.hash = previous = calculate_event_hash(event)
        chained.append(event)
    session.last_seq, session.head_hash, session.last_recorded_at = seq, previous, rows[-1].recorded_at
    return chained


def store_rows(session: Session, chained: Sequence[SessionEvent]) -> None:
    """Store chained events, the last of which is the session's head, and anchor that head in the site's chain."""
    SessionEvent.objects.bulk_create(chained)
    anchor_head(session, chained[-1].recorded_at)


def calculate_event_hash(event: SessionEvent) -> str:
    """Return the hash an event must carry after the one before it.

    The first event also binds what the session's row says for good: whose it is, where, and under which protocol.
    """
    parts: list[Part] = [
        event.session_id,
        event.seq,
        event.type,
        event.version,
        event.occurred_at,
        event.recorded_at,
        event.by,
        event.second,
        to_bytes(event.body),
    ]
    if event.seq == 1:
        session = event.session
        parts += [session.patient_id, session.plan_id, session.site_id, session.protocol_id, session.opened_at]
    return calculate_link(settings.CHAIN_KEY, event.previous, parts)


def anchor_head(session: Session, recorded_at: datetime) -> SiteAnchor:
    """Write the session's head into the chain of its site."""
    anchor = SiteAnchor(
        site=str(session.site_id),
        session=session.pk,
        session_seq=session.last_seq,
        session_hash=session.head_hash,
        recorded_at=recorded_at,
    )
    link = append_link(get_chain_name(anchor.site), list_anchor_parts(anchor))
    anchor.seq, anchor.previous, anchor.hash = link.seq, link.previous, link.hash
    store_linked(anchor)
    return anchor


def get_chain_name(site: str) -> str:
    """Return the name of a site's chain."""
    return f"site:{site}"


def list_anchor_parts(anchor: SiteAnchor) -> list[Part]:
    """Return what the hash of an anchor covers, in order."""
    return [anchor.session, anchor.session_seq, anchor.session_hash, anchor.recorded_at]


def calculate_note_digest(note_id: str, text: str) -> str:
    """Return the keyed digest of a note, which tells nothing about a short text once that is withdrawn."""
    return calculate_link(settings.CHAIN_KEY, EMPTY, ["note", note_id, text])
