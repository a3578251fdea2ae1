"""Counts of one session that is over: what happened in it, and how much of what its protocol asked was measured."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from afterglow.chairside.dosing import find_start
from afterglow.chairside.due import list_due
from afterglow.chairside.readings import list_readings
from afterglow.chairside.state import SessionState
from afterglow.clinic.care.courses import CareCourse
from afterglow.clinic.dosing_sessions.fold import load_protocols, load_states
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.outcomes.models import SessionTally
from afterglow.clinic.people.checks import get_local_date
from afterglow.protocols.model import Protocol

PRESSURE, DISSOCIATION = "bp", "cadss6"


def bring_up_tallies(patient: Any, care: CareCourse) -> list[SessionTally]:
    """Return the tallies of the sessions that are over; only those whose record has grown are counted anew."""
    over = {one.id: one.left_at for one in care.sessions if one.left_at is not None}
    known = {row.pk: row for row in SessionTally.objects.filter(patient=patient)}
    rows = [row for row in Session.objects.filter(pk__in=list(over)) if _is_new(known.get(row.pk), row)]
    if rows:
        fresh = _count(patient, rows, over)
        SessionTally.objects.filter(pk__in=[row.pk for row in rows]).delete()
        SessionTally.objects.bulk_create(fresh)
        known |= {row.pk: row for row in fresh}
    if gone := set(known) - set(over):
        SessionTally.objects.filter(pk__in=gone).delete()
    return [known[key] for key in over]


def _is_new(tally: SessionTally | None, session: Session) -> bool:
    return tally is None or tally.last_seq != session.last_seq


def _count(patient: Any, rows: Iterable[Session], over: dict[str, datetime]) -> list[SessionTally]:
    listed = list(rows)
    states, protocols = load_states(listed), load_protocols(listed)
    return [_count_one(patient, row, states[row.pk], protocols[row.protocol_id], over[row.pk]) for row in listed]


def _count_one(patient: Any, row: Session, state: SessionState, protocol: Protocol, left_at: datetime) -> SessionTally:
    adverse = state.list("adverse-event-recorded")
    vitals = _measure(state, protocol, PRESSURE, left_at)
    scales = _measure(state, protocol, DISSOCIATION, left_at)
    began_at = find_start(state) or row.opened_at
    return SessionTally(
        session=row,
        patient=patient,
        last_seq=row.last_seq,
        on=get_local_date(patient.site, began_at),
        is_closed=row.is_closed,
        has_event=bool(adverse or state.list("emergency-recorded")),
        was_paused=bool(state.list("pause-recorded")),
        was_medicated=any(event.data.get("purpose") == "rescue" for event in state.list("drug-given")),
        was_stopped=bool(state.list("stop-recorded")),
        is_serious=any(event.data.get("serious") is True for event in adverse),
        vitals_due=vitals[0],
        vitals_done=vitals[1],
        scales_due=scales[0],
        scales_done=scales[1],
    )


def _measure(state: SessionState, protocol: Protocol, name: str, left_at: datetime) -> tuple[int, int]:
    """Return how many readings were due between start and leaving, and how many of these were taken."""
    start = find_start(state)
    if start is None or not any(name in item.items for item in protocol.due):
        return 0, 0
    taken = sum(start <= reading.at <= left_at for reading in list_readings(state, name))
    missed = sum(due.state == "missed" and name in due.items for due in list_due(state, protocol, left_at))
    return taken + missed, taken
