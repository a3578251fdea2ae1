"""A stored session as the pure rooms see it: its protocol, its folded state, its texts.

The state of recent sessions is kept in memory, by session and number: an event is never read twice by one process.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any

from django.db.models import Q

from afterglow.chairside.events import Event, restore_event
from afterglow.chairside.state import EMPTY, SessionState, fold
from afterglow.clinic.chain import EMPTY as NO_HEAD
from afterglow.clinic.chain import parse_canonical
from afterglow.clinic.dosing_sessions.models import EventNote, ProtocolSnapshot, Session, SessionEvent
from afterglow.clinic.dosing_sessions.protocols import NOT_HASHED
from afterglow.clinic.dosing_sessions.texts import put_texts
from afterglow.clinic.prepared import Prepared
from afterglow.protocols.catalogue import parse_protocol
from afterglow.protocols.model import Protocol

LARGEST = 128
# a chart reads every session of its course: the courses of a day's patients, at some 50 kB each
MOST_STATES = 1024
_NOTES = Prepared(lambda session: EventNote.objects.filter(session=session))
_ROWS = Prepared(
    lambda session, first, last: SessionEvent.objects.filter(session=session, seq__gte=first, seq__lte=last).order_by(
        "seq"
    )
)
_UNREAD: Prepared[tuple[Any, ...]] = Prepared(
    lambda keys: (
        SessionEvent.objects.filter(session__pk__in=keys)
        .order_by("session", "seq")
        .values_list("session", "seq", "type", "version", "occurred_at", "recorded_at", "by", "second", "body")
    )
)
_lock = threading.Lock()
# a snapshot is named by its content and never changes
_protocols: dict[str, Protocol] = {}
_states: "OrderedDict[str, tuple[str, SessionState]]" = OrderedDict()
_events: "OrderedDict[str, tuple[str, tuple[Event, ...]]]" = OrderedDict()


def load_state(session: Session) -> SessionState:
    """Return the folded state of a session at the number its row says."""
    head, kept = _find_kept(session)
    if kept.last_seq == session.last_seq and head == session.head_hash:
        return kept
    rows = _ROWS.ask(session=session, first=max(kept.last_seq, 1), last=session.last_seq)
    if kept.last_seq:
        # what is kept must be the beginning of this very chain, not of one that was rolled back
        if rows and rows[0].hash == head:
            rows = rows[1:]
        else:
            kept, rows = EMPTY, _ROWS.ask(session=session, first=1, last=session.last_seq)
    state = fold(map(read_event, rows), kept)
    keep_state(session, state)
    return state


def load_states(sessions: Iterable[Session]) -> dict[str, SessionState]:
    """Return the states of many sessions by key: one query reads those not kept in memory, one what others grew by."""
    found: dict[str, SessionState] = {}
    unread: dict[str, Session] = {}
    grown: list[tuple[Session, str, SessionState]] = []
    wanted = Q(pk__in=())
    for session in sessions:
        head, kept = _find_kept(session)
        if kept.last_seq == session.last_seq and head == session.head_hash:
            found[session.pk] = kept
        elif kept.last_seq:
            grown.append((session, head, kept))
            wanted |= Q(session=session.pk, seq__gte=kept.last_seq, seq__lte=session.last_seq)
        else:
            unread[session.pk] = session
    if unread:
        found |= _read_states(unread)
    if grown:
        rows: dict[str, list[SessionEvent]] = {session.pk: [] for session, _, _ in grown}
        for row in SessionEvent.objects.filter(wanted).order_by("session", "seq"):
            rows[row.session_id].append(row)
        for session, head, kept in grown:
            found[session.pk] = _fold_rows(session, head, kept, rows[session.pk])
    return found


def _read_states(sessions: Mapping[str, Session]) -> dict[str, SessionState]:
    """Return the states of sessions of which nothing is kept, each at the number its row says."""
    events: dict[str, list[Event]] = {key: [] for key in sessions}
    for key, seq, kind, version, occurred_at, recorded_at, by, second, body in _UNREAD.ask(keys=list(sessions)):
        # what was recorded since the session's row was read is not part of that state
        if seq <= sessions[key].last_seq:
            stored = Event(
                kind,
                version,
                occurred_at.astimezone(UTC),
                recorded_at.astimezone(UTC),
                by,
                parse_canonical(body),
                seq,
                second,
            )
            events[key].append(restore_event(stored))
    found = {key: fold(listed, EMPTY) for key, listed in events.items()}
    for key, state in found.items():
        keep_state(sessions[key], state)
    return found


def _fold_rows(session: Session, head: str, kept: SessionState, rows: list[SessionEvent]) -> SessionState:
    if not rows or rows[0].hash != head:
        # what is kept is of a chain that was rolled back: begin anew
        return load_state(session)
    state = fold(map(read_event, rows[1:]), kept)
    keep_state(session, state)
    return state


def load_protocols(sessions: Iterable[Session]) -> dict[str, Protocol]:
    """Return the protocols of many sessions by hash; those that this process never read come by one query."""
    names = {session.protocol_id for session in sessions}
    unknown = names - _protocols.keys()
    if unknown:
        if len(_protocols) + len(unknown) > LARGEST:
            _protocols.clear()
            unknown = names
        for row in ProtocolSnapshot.objects.filter(pk__in=unknown):
            _protocols[row.pk] = parse_protocol({**parse_canonical(row.body), NOT_HASHED: row.pk})
    return {name: _protocols[name] for name in names}


def keep_protocol(name: str, protocol: Protocol) -> None:
    """Keep a protocol under the hash of its snapshot, when it is that very content."""
    if protocol.content_hash == name and len(_protocols) < LARGEST:
        _protocols.setdefault(name, protocol)


def keep_state(session: Session, state: SessionState) -> None:
    """Keep a state under the head of its chain: a transaction that is rolled back leaves a head that no row carries."""
    with _lock:
        _states[session.pk] = (session.head_hash, state)
        _states.move_to_end(session.pk)
        while len(_states) > MOST_STATES:
            _states.popitem(last=False)


def forget_states() -> None:
    """Forget every kept state."""
    with _lock:
        _states.clear()
        _events.clear()


def read_event(row: SessionEvent) -> Event:
    """Return a stored row as an event, brought up to the version that is written now."""
    return restore_event(
        Event(
            type=row.type,
            version=row.version,
            occurred_at=row.occurred_at.astimezone(UTC),
            recorded_at=row.recorded_at.astimezone(UTC),
            by=row.by,
            data=parse_canonical(row.body),
            seq=row.seq,
            second=row.second,
        )
    )


def list_events(session: Session, notes: Mapping[str, EventNote] | None = None) -> list[Event]:
    """Return every event of a session, with its texts put back; `notes` are the session's where they are known."""
    known = load_notes(session) if notes is None else notes
    return [replace(event, data=put_texts(dict(event.data), known)) for event in _read_events(session)]


def _read_events(session: Session) -> tuple[Event, ...]:
    """Return the events up to the session's head as they were stored; a head names all of them, so they are kept."""
    with _lock:
        head, kept = _events.get(session.pk, (NO_HEAD, ()))
    if head == session.head_hash:
        return kept
    rows = _ROWS.ask(session=session, first=kept[-1].seq, last=session.last_seq) if kept else []
    if rows and rows[0].hash == head:
        rows = rows[1:]
    else:
        kept, rows = (), _ROWS.ask(session=session, first=1, last=session.last_seq)
    events = (*kept, *map(read_event, rows))
    if rows and rows[-1].hash == session.head_hash:
        with _lock:
            _events[session.pk] = (session.head_hash, events)
            _events.move_to_end(session.pk)
            while len(_events) > LARGEST:
                _events.popitem(last=False)
    return events


def load_notes(session: Session) -> dict[str, EventNote]:
    """Return the notes of a session by identifier."""
    return {note.pk: note for note in _NOTES.ask(session=session)}


def load_protocol(session: Session) -> Protocol:
    """Return the protocol that a session runs under for ever."""
    return load_protocols([session])[session.protocol_id]


def _find_kept(session: Session) -> tuple[str, SessionState]:
    with _lock:
        head, state = _states.get(session.pk, (NO_HEAD, EMPTY))
        if state.last_seq:
            # what is looked at stays: a chart with many old sessions must not push the running ones out
            _states.move_to_end(session.pk)
    return (head, state) if state.last_seq <= session.last_seq else (NO_HEAD, EMPTY)
