"""Checks the chains of sessions and of sites against each other, and the notes against the events that name them."""

from collections.abc import Iterator

from afterglow.clinic.audit.models import ChainHead
from afterglow.clinic.audit.verify import (
    Fault,
    Linked,
    Verification,
    verify_audit,
    verify_heads,
    verify_links,
    verify_protection,
    verify_reads,
)
from afterglow.clinic.chain import EMPTY, calculate_digest, is_equal, parse_canonical, to_bytes
from afterglow.clinic.dosing_sessions.links import (
    calculate_event_hash,
    calculate_note_digest,
    get_chain_name,
    list_anchor_parts,
)
from afterglow.clinic.dosing_sessions.models import EventNote, ProtocolSnapshot, Session, SessionEvent, SiteAnchor
from afterglow.clinic.dosing_sessions.texts import find_references


def verify_clinic(session_id: str | None = None) -> Verification:
    """Check everything, or one session with the chain of its site."""
    faults: list[Fault] = [*verify_protection(), *verify_heads()]
    rows = 0
    if session_id is None:
        for check in (verify_audit, verify_reads, verify_snapshots):
            found, count = check()
            faults += found
            rows += count
    anchored: dict[str, tuple[int, str]] = {}
    for site in _list_sites():
        found, count = _verify_site(site, anchored)
        faults += found
        rows += count
    wanted = [session_id] if session_id else sorted({*anchored, *Session.objects.values_list("pk", flat=True)})
    for name in wanted:
        found, count = verify_session(name, anchored.get(name))
        faults += found
        rows += count
    return Verification(tuple(faults), rows, len(wanted))


def verify_session(session_id: str, anchored: tuple[int, str] | None) -> tuple[list[Fault], int]:
    """Check one session: its events, its row, its anchor, its notes; return the first fault and the number of rows."""
    session = Session.objects.filter(pk=session_id).first()
    if session is None:
        message = f"session {session_id} was removed; its site's chain knows {anchored[0] if anchored else 0} events"
        return [_fault(session_id, "session", "session-missing", message)], 0
    previous, seq = EMPTY, 0
    for event in SessionEvent.objects.filter(session_id=session_id).order_by("seq").iterator(chunk_size=500):
        event.session = session
        label = f"event {event.seq} ({event.type})"
        if event.seq != seq + 1:
            return [_fault(session_id, f"event {seq + 1}", "row-missing", f"event {seq + 1} was removed")], seq
        if not is_equal(event.previous, previous):
            return [_fault(session_id, label, "row-out-of-order", f"{label} does not follow event {seq}")], seq
        if not is_equal(event.hash, calculate_event_hash(event)):
            return [_fault(session_id, label, "row-altered", f"{label} was altered")], seq
        if fault := _verify_notes(session_id, event):
            return [fault], seq
        previous, seq = event.hash, event.seq
    return _verify_head(session, seq, previous, anchored), seq


def verify_snapshots() -> tuple[list[Fault], int]:
    """Check each stored protocol against the hash that names it."""
    faults, count = [], 0
    for row in ProtocolSnapshot.objects.iterator(chunk_size=50):
        count += 1
        if not is_equal(calculate_digest(to_bytes(row.body)), row.hash):
            message = f"protocol {row.hash[:12]} is not the one sessions ran under"
            faults.append(Fault("protocols", row.hash, "row-altered", message))
    return faults, count


def _verify_head(session: Session, seq: int, head: str, anchored: tuple[int, str] | None) -> list[Fault]:
    known = anchored or (0, EMPTY)
    if known[0] > seq:
        message = f"events {seq + 1} to {known[0]} were removed; the site's chain knows them"
        return [_fault(session.pk, f"event {seq + 1}", "tail-missing", message)]
    if known != (seq, head):
        message = f"event {seq} is not the head that the site's chain knows"
        return [_fault(session.pk, f"event {seq}", "head-not-anchored", message)]
    if (session.last_seq, session.head_hash) != (seq, head):
        message = f"the session's row says {session.last_seq} events, its chain ends at {seq}"
        return [_fault(session.pk, "session", "head-altered", message)]
    return []


def _verify_notes(session_id: str, event: SessionEvent) -> Fault | None:
    for note_id, digest in find_references(parse_canonical(event.body)):
        note = EventNote.objects.filter(pk=note_id, session_id=session_id).first()
        label = f"note {note_id} of event {event.seq}"
        if note is None:
            return _fault(session_id, label, "note-missing", f"{label} was removed")
        if note.digest != digest:
            return _fault(session_id, label, "note-altered", f"{label} was altered")
        if note.withdrawn_at is None and calculate_note_digest(note.pk, note.text) != digest:
            return _fault(session_id, label, "note-altered", f"the text of {label} was altered")
    return None


def _verify_site(site: str, anchored: dict[str, tuple[int, str]]) -> tuple[list[Fault], int]:
    name = get_chain_name(site)

    def list_linked() -> Iterator[Linked]:
        for row in SiteAnchor.objects.filter(site=site).order_by("seq").iterator(chunk_size=500):
            anchored[row.session] = (row.session_seq, row.session_hash)
            label = f"anchor {row.seq} of session {row.session}"
            yield Linked(label, row.seq, list_anchor_parts(row), row.previous, row.hash)

    rows = list_linked()
    answer = verify_links(name, rows)
    # also after a fault, the sessions must be held against the anchors that are left
    for _ in rows:
        continue
    return answer


def _list_sites() -> list[str]:
    heads = ChainHead.objects.filter(name__startswith="site:").values_list("name", flat=True)
    rows = SiteAnchor.objects.values_list("site", flat=True).distinct()
    return sorted({*(name.removeprefix("site:") for name in heads), *rows})


def _fault(session_id: str, row: str, code: str, message: str) -> Fault:
    return Fault(f"session {session_id}", row, code, message)
