"""What the protocol asks next, as rows: first acts of alarms, rechecks, readings, signatures that wait."""

from datetime import datetime, timedelta
from typing import Any

from afterglow.chairside.alarms import find_first_act, find_rows_now, list_active
from afterglow.chairside.dosing import find_end, find_start
from afterglow.chairside.drugs import list_drug_classes
from afterglow.chairside.due import Due, describe_items, list_due, name_command
from afterglow.chairside.events import Event
from afterglow.chairside.orders import get_cosign_deadline, list_open_verbal_orders
from afterglow.chairside.readings import find_latest
from afterglow.chairside.state import SessionState
from afterglow.protocols.model import Pattern, Protocol

_PRESSURE_ROWS = ("A-01", "A-02", "A-04")
AFTER_RESCUE = ("bp", "heart_rate", "spo2", "resp_rate", "sedation")
WATCHED = ("dosing", "paused", "observing", "released")
_TAPS = {"record-pause", "record-stop", "record-rate-change"}


def build_due(state: SessionState, protocol: Protocol, phase: str, now: datetime) -> list[dict[str, Any]]:
    """Return the rows as they ask: acts of alarms by priority, then overdue, due, later, done or missed."""
    acts = _ask_for_alarms(state, protocol, phase, now)
    rows = _ask_for_signatures(state, protocol, now)
    rows += [_row(due, now) for due in list_due(state, protocol, now)]
    rows += _ask_at_end(state, protocol, phase)
    order = {"now": 0, "overdue": 1, "due": 2, "later": 3, "done": 4, "missed": 5}
    return [*acts, *sorted(rows, key=lambda row: (order[row["state"]], row["due_at"] or "~"))]


def _row(due: Due, now: datetime) -> dict[str, Any]:
    state = due.state
    if state == "overdue" and now < due.closes_at:
        state = "due"
    return {
        "id": due.id,
        "text": due.text,
        "detail": "",
        "items": list(due.items),
        "due_at": due.due_at.isoformat(),
        "window": [due.opens_at.isoformat(), due.closes_at.isoformat()],
        "state": state,
        "command": name_command(due.items) if state not in ("done", "missed") else "",
    }


def _ask_for_alarms(state: SessionState, protocol: Protocol, phase: str, now: datetime) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    active = list_active(state)
    holding = find_rows_now(state, protocol, now) if active else {}
    for alarm in active:
        act, command = find_first_act(alarm.row, protocol, phase)
        # what is over asks for no act any more
        if command in _TAPS and alarm.row in holding:
            rows.append(
                {
                    "id": f"act:{alarm.id}",
                    "text": act,
                    "detail": alarm.title,
                    "items": [],
                    "due_at": alarm.raised_at.isoformat(),
                    "window": None,
                    "state": "now",
                    "command": command,
                }
            )
    more = (_ask_after_rescue(state, protocol, phase, now), _ask_for_recheck(state, protocol, now))
    return [*rows, *(row for row in more if row is not None)]


def _ask_after_rescue(state: SessionState, protocol: Protocol, phase: str, now: datetime) -> dict[str, Any] | None:
    """After a rescue drug or an emergency the whole person is looked at again: at once, whatever was due when."""
    last = find_last_rescue(state)
    if last is None or phase not in WATCHED:
        return None
    missing = []
    for item in AFTER_RESCUE:
        latest = find_latest(state, item)
        if latest is None or latest.at <= last.occurred_at:
            missing.append(item)
    if not missing:
        return None
    late = last.occurred_at + timedelta(minutes=float(protocol.setting("recheck.until_min")))
    what = str(last.data["drug"]) if last.type == "drug-given" else "the emergency"
    return {
        "id": f"rescue:{last.seq}",
        "text": f"{describe_items(tuple(missing))} after {what}",
        "detail": "",
        "items": missing,
        "due_at": last.occurred_at.isoformat(),
        "window": None,
        "state": "overdue" if now > late else "now",
        "command": "record-vitals",
    }


def find_last_rescue(state: SessionState) -> Event | None:
    """Return the last rescue drug or emergency of a session; a drug against nausea is no rescue of the person."""
    given = [
        event
        for event in state.list("drug-given")
        if event.data["purpose"] == "rescue" and "antiemetic" not in list_drug_classes(event.data)
    ]
    return max((*given, *state.list("emergency-recorded")), key=lambda event: event.occurred_at, default=None)


def _ask_for_recheck(state: SessionState, protocol: Protocol, now: datetime) -> dict[str, Any] | None:
    """A pressure alarm asks for another reading within the protocol's minutes from the last."""
    standing = [alarm for alarm in list_active(state) if alarm.row in _PRESSURE_ROWS]
    latest = find_latest(state, "bp")
    if not standing or latest is None:
        return None
    opens = latest.at + timedelta(minutes=float(protocol.setting("recheck.from_min")))
    closes = latest.at + timedelta(minutes=float(protocol.setting("recheck.until_min")))
    return {
        "id": f"recheck:{standing[0].id}",
        "text": "Enter BP recheck",
        "detail": "",
        "items": ["bp"],
        "due_at": opens.isoformat(),
        "window": [opens.isoformat(), closes.isoformat()],
        "state": "overdue" if now > closes else "due",
        "command": "record-vitals",
    }


def _ask_for_signatures(state: SessionState, protocol: Protocol, now: datetime) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for event in list_open_verbal_orders(state):
        deadline = get_cosign_deadline(event, protocol)
        rows.append(
            {
                "id": f"cosign:{event.seq}",
                "text": f"Co-sign the verbal order of entry {event.seq}",
                "detail": "",
                "items": [],
                "due_at": deadline.isoformat(),
                "window": None,
                "state": "overdue" if now > deadline else "later",
                "command": "cosign-order",
            }
        )
    return rows


def _ask_at_end(state: SessionState, protocol: Protocol, phase: str) -> list[dict[str, Any]]:
    is_running = find_start(state) is not None and find_end(state, protocol) is None
    if protocol.pattern is not Pattern.INFUSION or not is_running or phase not in ("dosing", "paused"):
        return []
    return [
        {
            "id": "end",
            "text": "Pump volume, flush, observe",
            "detail": "the minimum stay counts from the real end",
            "items": [],
            "due_at": None,
            "when": "at the end",
            "window": None,
            "state": "later",
            "command": "record-complete",
        }
    ]
