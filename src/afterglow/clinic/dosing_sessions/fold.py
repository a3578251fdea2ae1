"""A stored session as the pure rooms see it: its protocol, its folded state, its texts.

The state of recent sessions is kept in memory, by session and number: an event is never read twice by one process.
"""

import threading
from collections import OrderedDict
from dataclasses import replace
from functools import lru_cache

from afterglow.chairside.events import Event, parse_event
from afterglow.chairside.state import EMPTY, SessionState, fold
from afterglow.clinic.chain import EMPTY as NO_HEAD
from afterglow.clinic.chain import parse_canonical
from afterglow.clinic.dosing_sessions.models import EventNote, ProtocolSnapshot, Session, SessionEvent
from afterglow.clinic.dosing_sessions.protocols import NOT_HASHED
from afterglow.clinic.dosing_sessions.texts import put_texts
from afterglow.protocols.catalogue import parse_protocol
from afterglow.protocols.model import Protocol
from afterglow.terms import render_instant

LARGEST = 128
_lock = threading.Lock()
_states: "OrderedDict[str, tuple[str, SessionState]]" = OrderedDict()


def load_state(session: Session) -> SessionState:
    """Return the folded state of a session at the number its row says."""
    head, kept = _find_kept(session)
    if kept.last_seq == session.last_seq and head == session.head_hash:
        return kept
    rows = list(
        SessionEvent.objects.filter(
            session=session, seq__gte=max(kept.last_seq, 1), seq__lte=session.last_seq
        ).order_by("seq")
    )
    if kept.last_seq:
        # what is kept must be the beginning of this very chain, not of one that was rolled back
        if rows and rows[0].hash == head:
            rows = rows[1:]
        else:
            kept, rows = (
                EMPTY,
                list(SessionEvent.objects.filter(session=session, seq__lte=session.last_seq).order_by("seq")),
            )
    state = fold(map(read_event, rows), kept)
    keep_state(session, state)
    return state


def keep_state(session: Session, state: SessionState) -> None:
    """Keep a state that was folded from committed events."""
    with _lock:
        _states[session.pk] = (session.head_hash, state)
        _states.move_to_end(session.pk)
        while len(_states) > LARGEST:
            _states.popitem(last=False)


def forget_states() -> None:
    """Forget every kept state."""
    with _lock:
        _states.clear()


def read_event(row: SessionEvent) -> Event:
    """Return a stored row as an event, brought up to the version that is written now."""
    return parse_event(
        {
            "seq": row.seq,
            "type": row.type,
            "version": row.version,
            "occurred_at": render_instant(row.occurred_at),
            "recorded_at": render_instant(row.recorded_at),
            "by": row.by,
            "second": row.second,
            "data": parse_canonical(row.body),
        }
    )


def list_events(session: Session) -> list[Event]:
    """Return every event of a session, with its texts put back."""
    notes = load_notes(session)
    events = []
    for row in SessionEvent.objects.filter(session=session).order_by("seq"):
        event = read_event(row)
        events.append(replace(event, data=put_texts(dict(event.data), notes)))
    return events


def load_notes(session: Session) -> dict[str, EventNote]:
    """Return the notes of a session by identifier."""
    return {note.pk: note for note in EventNote.objects.filter(session=session)}


def load_protocol(session: Session) -> Protocol:
    """Return the protocol that a session runs under for ever."""
    return _parse_snapshot(session.protocol_id)


@lru_cache(maxsize=64)
def _parse_snapshot(name: str) -> Protocol:
    content = parse_canonical(ProtocolSnapshot.objects.get(pk=name).body)
    return parse_protocol({**content, NOT_HASHED: name})


def _find_kept(session: Session) -> tuple[str, SessionState]:
    with _lock:
        head, state = _states.get(session.pk, (NO_HEAD, EMPTY))
    return (head, state) if state.last_seq <= session.last_seq else (NO_HEAD, EMPTY)
