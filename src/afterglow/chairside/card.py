"""The card of a session on the floor board: phase with its bar, three vitals, alarms, what is due, whose chair.

A small part of the view, derived without the rest of it. Instants stand instead of ages, so that the screen can let
them run; the same state, protocol and instant always give the same card.
"""

from datetime import datetime, timedelta
from typing import Any

from afterglow.chairside.alarms import find_first_act, find_rows_now, list_active
from afterglow.chairside.allergic import describe_met_briefly
from afterglow.chairside.dosing import (
    BEFORE_DOSE,
    count_dosed_devices,
    find_end,
    find_last_device_at,
    find_phase,
    find_start,
    is_paused,
    sum_run_seconds,
)
from afterglow.chairside.due import list_due
from afterglow.chairside.gates import MET, GateState, judge_gates, list_open
from afterglow.chairside.guards import GIVING, Blocker, find_blockers
from afterglow.chairside.holds import is_settled, list_checks
from afterglow.chairside.intervals import find_age_limit, find_anchor
from afterglow.chairside.nursing import find_declined, find_nurse, find_offer
from afterglow.chairside.orders import count_allowed_devices, find_order
from afterglow.chairside.readings import find_latest, list_readings, measure_lost_seconds
from afterglow.chairside.state import SessionState
from afterglow.chairside.view_due import build_due
from afterglow.protocols.model import Pattern, Protocol

VITALS = ("bp", "heart_rate", "spo2")
FORTY_MIN = 40
# what waits for somebody to decide; what is merely not done yet is not a decision
_DECISIONS = frozenset({"rule-stops", "check-failed", "suicide-assessment-missing", "consent-withdrawn"})
_ROWS_OF = {"bp": ("A-01", "A-02", "A-04", "A-14", "A-14H"), "heart_rate": ("A-05", "A-05R", "A-05H")}
_LOST = "A-06L"
_ROWS_OF_SPO2 = ("A-06", "A-06H", _LOST)
_FIRST = {Pattern.INFUSION: "start", Pattern.INJECTION: "give-injection", Pattern.DEVICES: "give-device"}


def derive_card(state: SessionState, *, protocol: Protocol, now: datetime) -> dict[str, Any]:
    """Return the card of a session at `now`, as JSON-able data."""
    phase = find_phase(state, protocol)
    gates = judge_gates(state, protocol, now) if phase == "observing" else []
    alarms = _build_alarms(state, protocol, phase, now)
    due = _find_due(state, protocol, phase, now)
    offer, declined = find_offer(state), find_declined(state)
    order = find_order(state)
    opened = state.header
    return {
        "phase": phase,
        "pattern": str(protocol.pattern),
        "number": opened.get("number"),
        "dose_mg_per_kg": None if order is None or order.dose_mg_per_kg is None else f"{order.dose_mg_per_kg:f}",
        "dose_mg": None if order is None else f"{order.ordered_mg:f}",
        "nurse": find_nurse(state),
        "offer": None if offer is None else {"to": offer.data["to"], "at": offer.occurred_at.isoformat()},
        "declined": None if declined is None else {"by": declined.by, "at": declined.occurred_at.isoformat()},
        "bar": _build_bar(state, protocol, phase, gates, now),
        "vitals": {key: _build_vital(state, key, protocol, alarms, now) for key in VITALS},
        "alarms": alarms,
        "due": due,
        "forty": _build_forty(state, protocol, now),
        "ready_since": _find_ready(state, protocol, phase, gates),
        "decision": _find_decision(state, protocol, phase, now),
    }


def derive_alarms(state: SessionState, *, protocol: Protocol, now: datetime) -> list[dict[str, Any]]:
    """Return the alarms of a session's card alone, for whoever shows nothing else of it."""
    return _build_alarms(state, protocol, find_phase(state, protocol), now)


def _build_bar(
    state: SessionState, protocol: Protocol, phase: str, gates: list[GateState], now: datetime
) -> dict[str, Any]:
    """Return how far a phase has come: counted, or by the clock from an instant to a length."""
    if phase in BEFORE_DOSE:
        checks = [check for check in list_checks(state, protocol, now) if check["required"]]
        return {"kind": "checks", "done": sum(map(is_settled, checks)), "of": len(checks)}
    if phase in ("dosing", "paused"):
        return _build_giving(state, protocol, now)
    if phase == "observing":
        return _build_stay(state, protocol, gates)
    return {"kind": phase, "since": _iso(_find_over(state))}


def _build_giving(state: SessionState, protocol: Protocol, now: datetime) -> dict[str, Any]:
    if protocol.pattern is Pattern.DEVICES:
        used, allowed = count_dosed_devices(state), count_allowed_devices(state)
        return {"kind": "devices", "done": used, "of": allowed, "at": _iso(find_last_device_at(state))}
    started, order = find_start(state), find_order(state)
    if protocol.pattern is not Pattern.INFUSION or started is None:
        return {"kind": "giving", "since": _iso(started)}
    run, _paused = sum_run_seconds(state, now)
    planned = float(order.duration_min * 60) if order is not None and order.duration_min else None
    is_running = not is_paused(state)
    # a clock that runs is told by where it would have begun, so that it does not change from second to second
    begun = _iso((now - timedelta(seconds=run)).replace(microsecond=0)) if is_running else None
    return {"kind": "run", "run_s": None if is_running else int(run), "since": begun, "of_s": planned}


def _build_stay(state: SessionState, protocol: Protocol, gates: list[GateState]) -> dict[str, Any]:
    for gate in protocol.gates:
        if gate.kind != "minimum-stay":
            continue
        anchor = find_anchor(state, protocol, str(gate.params["anchor"].value))
        if anchor is not None:
            minutes = float(str(gate.params["minutes"].value))
            is_recovered = bool(gates) and not list_open(gates)
            kind = "recovered" if is_recovered else "stay"
            return {"kind": kind, "since": _iso(anchor), "of_s": minutes * 60}
    return {"kind": "stay", "since": _iso(find_end(state, protocol)), "of_s": None}


def _find_over(state: SessionState) -> datetime | None:
    last = state.find_last("release-signed", "patient-left", "ending-recorded", "session-cancelled")
    return None if last is None else last.occurred_at


def _build_vital(
    state: SessionState, key: str, protocol: Protocol, alarms: list[dict[str, Any]], now: datetime
) -> dict[str, Any]:
    """Return the last reading with its time and until when it can be trusted in this phase."""
    rows = _ROWS_OF_SPO2 if key == "spo2" else _ROWS_OF[key]
    alarmed = next((alarm["priority"] for alarm in alarms if alarm["row"] in rows), None)
    lost = measure_lost_seconds(state, now) if key == "spo2" else None
    lost_at = None if lost is None else (now - timedelta(seconds=lost)).replace(microsecond=0)
    latest = find_latest(state, key)
    if latest is None:
        return {"value": None, "at": None, "old_at": None, "alarm": alarmed, "lost_at": _iso(lost_at)}
    limit = find_age_limit(state, protocol, key, now)
    old_at = None if limit is None else latest.at + limit
    value = f"{latest.value['systolic']}/{latest.value['diastolic']}" if key == "bp" else f"{latest.value:f}"
    return {
        "value": value,
        "at": _iso(latest.at),
        "origin": latest.origin,
        "old_at": _iso(old_at),
        "alarm": alarmed,
        "lost_at": _iso(lost_at),
    }


def _build_alarms(state: SessionState, protocol: Protocol, phase: str, now: datetime) -> list[dict[str, Any]]:
    rows, active = {row.id: row for row in protocol.alarms}, list_active(state)
    holding = find_rows_now(state, protocol, now) if active else {}
    found = []
    for alarm in active:
        is_over = alarm.row not in holding
        # what is over asks for nothing but to be seen
        act, command = ("", "") if is_over else find_first_act(alarm.row, protocol, phase)
        found.append(
            {
                "id": alarm.id,
                "row": alarm.row,
                "priority": alarm.priority,
                "title": alarm.title,
                "limit": rows[alarm.row].limit_text if alarm.row in rows else "",
                "act": act,
                "command": command,
                "is_over": is_over,
                "raised_at": alarm.raised_at.isoformat(),
                "answered_at": _iso(alarm.acknowledged_at),
            }
        )
    found += describe_met_briefly(state, protocol)
    if (blind := _find_blind(state, protocol, phase, now)) and not any(a["row"] in _ROWS_OF_SPO2 for a in found):
        found.append(blind)
    return found


def _find_blind(state: SessionState, protocol: Protocol, phase: str, now: datetime) -> dict[str, Any] | None:
    """Return a person in dosing without a usable SpO2 as the row of the lost signal ranks it, before it is raised."""
    row = next((each for each in protocol.alarms if each.id == _LOST), None)
    if row is None or phase not in ("dosing", "paused"):
        return None
    latest, limit, started = find_latest(state, "spo2"), find_age_limit(state, protocol, "spo2", now), find_start(state)
    if latest is not None and (limit is None or latest.at + limit >= now):
        return None
    since = latest.at + limit if latest is not None and limit is not None else started or now
    act, command = find_first_act(row.id, protocol, phase)
    title = "No SpO2 while dosing" if latest is None else "SpO2 too old while dosing"
    return {
        "id": "",
        "row": row.id,
        "priority": str(row.priority),
        "title": title,
        "limit": row.limit_text,
        "act": act,
        "command": command,
        "is_over": False,
        "raised_at": since.isoformat(),
        "answered_at": None,
    }


def _find_due(state: SessionState, protocol: Protocol, phase: str, now: datetime) -> dict[str, Any] | None:
    """Return what is asked next: acts of alarms first, then what is overdue, then what comes."""
    for row in build_due(state, protocol, phase, now):
        if row["state"] in ("now", "overdue", "due", "later"):
            return {name: row.get(name) for name in ("id", "text", "due_at", "window", "state", "command", "when")}
    return None


def _build_forty(state: SessionState, protocol: Protocol, now: datetime) -> dict[str, Any] | None:
    """Return the pressure at 40 minutes where the protocol asks for it: later, due, done with its value, or missed."""
    item = next(
        (each for each in protocol.due if each.at_min and int(each.at_min.value) == FORTY_MIN and "bp" in each.items),
        None,
    )
    if item is None or find_start(state) is None:
        return None
    rows = [due for due in list_due(state, protocol, now) if due.id in (item.id, f"{item.id}:done")]
    with_pressure = next((due for due in rows if "bp" in due.items), None)
    is_going_on = protocol.pattern is Pattern.DEVICES and count_dosed_devices(state) < count_allowed_devices(state)
    # the next device moves the reading; until it is given, one that is asked by now is not held back
    is_moving = is_going_on and find_end(state, protocol) is None
    if with_pressure is None or (is_moving and with_pressure.state == "later"):
        return {"state": "waiting", "at": None, "value": None}
    due = with_pressure
    taken = [each for each in list_readings(state, "bp") if due.opens_at <= each.at <= due.closes_at]
    if due.state == "done" and taken:
        value = taken[-1].value
        shown = f"{value['systolic']}/{value['diastolic']}"
        return {"state": "done", "at": taken[-1].at.isoformat(), "value": shown}
    return {"state": due.state, "at": due.due_at.isoformat(), "value": None}


def _find_ready(state: SessionState, protocol: Protocol, phase: str, gates: list[GateState]) -> str | None:
    """Return since when everything but the release is there, or None while something is open."""
    if phase != "observing" or not gates or list_open(gates):
        return None
    waits = [gate.earliest_at for gate in gates if gate.earliest_at is not None and gate.state == MET]
    ended = find_end(state, protocol)
    # later routine readings do not make a person wait less long: the second pressure after the end is what was needed
    pressures = [reading.at for reading in list_readings(state, "bp") if ended is not None and reading.at > ended][:2]
    asked = [event.occurred_at for event in state.list("check-recorded", "score-recorded")]
    return max([*waits, *pressures, *asked[-1:]]).isoformat() if (waits or pressures or asked) else None


def _find_decision(state: SessionState, protocol: Protocol, phase: str, now: datetime) -> dict[str, Any] | None:
    """Return the first finding that somebody must decide before the dose, and since when it stands."""
    command = _FIRST.get(protocol.pattern)
    if phase not in BEFORE_DOSE or command not in GIVING or not state.has("arrival-recorded"):
        return None
    for blocker in find_blockers(state, protocol, command, now):
        if blocker.code in _DECISIONS:
            finding = blocker.finding
            return {
                "code": blocker.code,
                "rule": blocker.rule,
                "title": "" if finding is None else finding.title,
                "seen": blocker.message if finding is None else finding.seen,
                "threshold": "" if finding is None else finding.threshold,
                "asks": blocker.message,
                "override": str(blocker.override),
                "since": _find_since(state, blocker).isoformat(),
            }
    return None


def _find_since(state: SessionState, blocker: Blocker) -> datetime:
    """Return since when a finding can be read from the entries: the last one that states what it saw."""
    facts = () if blocker.finding is None else blocker.finding.facts
    stated = {
        "fasting": lambda: [e for e in state.list("check-recorded") if e.data.get("check") == "fasting"],
        "bp": lambda: [e for e in state.list("vitals-recorded") if "systolic" in e.data],
        "suicide": lambda: list(state.list("suicide-screen-recorded")),
    }
    words = [name.split(".")[0] for name in facts] or [blocker.code.split("-")[0]]
    found = [event for word in words if word in stated for event in stated[word]()]
    if not found and blocker.code == "check-failed":
        found = [e for e in state.list("check-recorded") if e.data.get("check") == blocker.rule]
    arrived = state.find_first("arrival-recorded")
    default = arrived.occurred_at if arrived is not None else state.opened_at
    at = found[-1].occurred_at if found else default
    if at is None:
        raise ValueError("a session that was never opened has no card")
    return at


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
