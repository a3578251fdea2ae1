"""Who sits in a place now, and until when at the earliest: what a plan of the day knows of the sessions that run.

The earliest leaving is worked out from the session itself: what is left of the dose, then the protocol's shortest stay,
or the discharge gates that wait for time. Whoever has stayed longer is still there.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from afterglow.chairside.dosing import BEFORE_DOSE, count_dosed_devices, find_phase, sum_run_seconds
from afterglow.chairside.gates import find_earliest, judge_gates
from afterglow.chairside.orders import count_allowed_devices, find_order
from afterglow.chairside.state import SessionState
from afterglow.clinic.dosing_sessions.fold import load_protocols, load_states
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.dosing_sessions.nursing import list_live
from afterglow.clinicday.booking import MINUTE, Held, Spans, find_shortest_stay, get_number, measure_dosing
from afterglow.protocols.model import Pattern, Protocol


@dataclass(frozen=True, slots=True)
class Occupied:
    """A session that runs: where, until when the dose is given, when the person can leave at the earliest."""

    session: str
    patient: str
    place: str
    opened_at: datetime
    dose_ends_at: datetime | None
    leaves_at: datetime
    # the person is there until then whatever is planned: now, and the next step of the booking grid
    sits_until: datetime

    @property
    def is_overdue(self) -> bool:
        """Return whether the person could have left already."""
        return self.leaves_at < self.sits_until


def load_occupied(site: Any, now: datetime) -> dict[str, Occupied]:
    """Return the sessions that run at a site by key, in as many statements as the floor needs for them."""
    live = list_live(site.pk)
    states, protocols = load_states(live), load_protocols(live)
    return {each.pk: measure(each, states[each.pk], protocols[each.protocol_id], now) for each in live}


def measure(session: Session, state: SessionState, protocol: Protocol, now: datetime) -> Occupied:
    """Return when the person of a session can leave at the earliest."""
    dose_ends_at = _find_end_of_dose(state, protocol, now)
    return Occupied(
        session=session.pk,
        patient=session.patient_id,
        place=session.place,
        opened_at=session.opened_at,
        dose_ends_at=dose_ends_at,
        leaves_at=_find_leaving(state, protocol, dose_ends_at, now),
        sits_until=now + get_number("grid_min") * MINUTE,
    )


def extend(held: Held, occupied: Occupied, place: str) -> Held:
    """Return a visit as its session really goes: in the place where it is, and no shorter than it can be."""
    spans = held.spans
    ends_at = max(spans.ends_at, occupied.leaves_at, occupied.sits_until)
    dose_ends_at = spans.dose_ends_at
    if dose_ends_at is not None and occupied.dose_ends_at is not None:
        dose_ends_at = min(max(dose_ends_at, occupied.dose_ends_at), ends_at)
    return replace(
        held,
        spans=Spans(spans.starts_at, spans.dose_at, dose_ends_at, ends_at),
        place=place or held.place,
        planned_until=spans.ends_at,
        sits_until=occupied.sits_until,
        leaves_at=occupied.leaves_at,
    )


def describe_unplanned(occupied: Occupied, place: str) -> Held:
    """Return a session that no visit of the day stands for as it holds its place."""
    until = max(occupied.leaves_at, occupied.sits_until)
    spans = Spans(occupied.opened_at, None, None, until)
    held = Held(id=f"session-{occupied.session}", patient=occupied.patient, spans=spans, place=place)
    return replace(held, planned_until=occupied.opened_at, sits_until=occupied.sits_until, leaves_at=occupied.leaves_at)


def _find_end_of_dose(state: SessionState, protocol: Protocol, now: datetime) -> datetime | None:
    """Return when the dose is given at the earliest; None once it is over."""
    phase, order = find_phase(state, protocol), find_order(state)
    if phase in BEFORE_DOSE:
        over_min, dose_mg = (order.duration_min, order.ordered_mg) if order is not None else (None, None)
        return now + measure_dosing(protocol, over_min=over_min, dose_mg=dose_mg).dosing_min * MINUTE
    if phase not in ("dosing", "paused"):
        return None
    if protocol.pattern is Pattern.INFUSION and order is not None and order.duration_min:
        run_s, _paused_s = sum_run_seconds(state, now)
        return now + timedelta(seconds=max(0.0, float(order.duration_min * 60) - float(run_s)))
    if protocol.pattern is Pattern.DEVICES:
        left = max(0, count_allowed_devices(state) - count_dosed_devices(state))
        return now + left * int(protocol.setting("device.gap_min")) * MINUTE
    return now


def _find_leaving(state: SessionState, protocol: Protocol, dose_ends_at: datetime | None, now: datetime) -> datetime:
    if dose_ends_at is not None:
        return dose_ends_at + find_shortest_stay(protocol) * MINUTE
    if find_phase(state, protocol) != "observing":
        return now
    return find_earliest(judge_gates(state, protocol, now)) or now
