"""Alarms: which rows of the protocol hold now, and the events that raise, escalate, unsilence and clear them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from afterglow.chairside.dosing import LIVE, find_phase, find_start
from afterglow.chairside.due import LABELS, measure_overdue_ratios, to_fact_number, to_ratio_fact
from afterglow.chairside.events import Event, get_version
from afterglow.chairside.readings import find_baseline, find_latest, find_symptoms, measure_lost_seconds
from afterglow.chairside.state import SessionState
from afterglow.protocols.evaluate import build_context
from afterglow.protocols.model import AlarmRow, Protocol
from afterglow.terms.conditions import check_condition

ORDER = {"high": 0, "medium": 1, "low": 2}


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm from its raising to its clearing, as the events tell it."""

    id: str
    row: str
    priority: str
    title: str
    raised_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    escalated_at: datetime | None = None
    silenced_until: datetime | None = None
    cleared_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        """Whether it still stands."""
        return self.cleared_at is None


def list_alarms(state: SessionState) -> list[Alarm]:
    """Return every alarm of the session, in the order of raising."""
    raised = {str(event.data["alarm"]): event for event in state.effective.get("alarm-raised", ())}
    found = []
    for alarm_id, event in raised.items():
        acknowledged = _find(state, "alarm-acknowledged", alarm_id)
        escalated, cleared = _find(state, "alarm-escalated", alarm_id), _find(state, "alarm-cleared", alarm_id)
        found.append(
            Alarm(
                alarm_id,
                str(event.data["row"]),
                str(event.data["priority"]),
                str(event.data["title"]),
                event.occurred_at,
                acknowledged.occurred_at if acknowledged else None,
                acknowledged.by if acknowledged else "",
                escalated.occurred_at if escalated else None,
                _find_silence(state, alarm_id),
                cleared.occurred_at if cleared else None,
            )
        )
    return found


def list_active(state: SessionState) -> list[Alarm]:
    """Return the alarms that stand, highest first, oldest first among equals."""
    return list(state.derive("alarms that stand", lambda: _sort_active(state)))


def _sort_active(state: SessionState) -> tuple[Alarm, ...]:
    active = [alarm for alarm in list_alarms(state) if alarm.is_active]
    return tuple(sorted(active, key=lambda alarm: (ORDER[alarm.priority], alarm.raised_at)))


def _find(state: SessionState, event_type: str, alarm_id: str) -> Event | None:
    found = [event for event in state.effective.get(event_type, ()) if event.data.get("alarm") == alarm_id]
    return found[0] if found else None


def _find_silence(state: SessionState, alarm_id: str) -> datetime | None:
    """Return until when an alarm's sound is off, or None when it sounds."""
    silenced = [e for e in state.effective.get("alarm-silenced", ()) if e.data.get("alarm") == alarm_id]
    ended = [e for e in state.effective.get("alarm-silence-ended", ()) if e.data.get("alarm") == alarm_id]
    if not silenced or (ended and ended[-1].seq > silenced[-1].seq):
        return None
    return silenced[-1].occurred_at + timedelta(seconds=int(silenced[-1].data["seconds"]))


def build_alarm_facts(state: SessionState, protocol: Protocol, now: datetime) -> dict[str, Any]:
    """Return what alarm rows read: the latest readings, the baseline, symptoms, and how overdue each reading is."""
    return dict(_judge_rows(state, protocol, now)[0])


def find_rows_now(state: SessionState, protocol: Protocol, now: datetime) -> dict[str, AlarmRow]:
    """Return the rows that hold for a session at an instant, less those that a stronger one says better."""
    return dict(_judge_rows(state, protocol, now)[1])


def _judge_rows(state: SessionState, protocol: Protocol, now: datetime) -> tuple[dict[str, Any], dict[str, AlarmRow]]:
    """Return the facts and the rows that hold; a view asks for them many times at its one instant."""
    kept: tuple[Any, ...] = state.memo.get("alarm rows", (None, None, {}, {}))
    if kept[0] is not protocol or kept[1] != now:
        facts = _collect_facts(state, protocol, now)
        kept = (protocol, now, facts, find_holding_rows(protocol, facts))
        state.memo["alarm rows"] = kept  # of the last instant only: time does not add up here
    return kept[2], kept[3]


def _collect_facts(state: SessionState, protocol: Protocol, now: datetime) -> dict[str, Any]:
    facts: dict[str, Any] = dict(build_context(protocol))
    facts["phase"], facts["pattern"] = find_phase(state, protocol), str(protocol.pattern)
    pressure, baseline = find_latest(state, "bp"), find_baseline(state, "bp")
    if pressure is not None:
        facts["bp.systolic_mmhg"], facts["bp.diastolic_mmhg"] = pressure.value["systolic"], pressure.value["diastolic"]
    if baseline is not None:
        facts["baseline.systolic_mmhg"] = baseline.value["systolic"]
        facts["baseline.diastolic_mmhg"] = baseline.value["diastolic"]
    for key, name in _SINGLE_FACTS.items():
        latest = find_latest(state, key)
        if latest is not None:
            facts[name] = latest.value
    rate = find_baseline(state, "heart_rate")
    if rate is not None:
        facts["baseline.heart_rate_per_min"] = rate.value
    facts.update({f"symptom.{kind}": level for kind, level in find_symptoms(state).items()})
    started, lost = find_start(state), measure_lost_seconds(state, now)
    if started is not None:
        facts["minutes_since_start"] = to_fact_number((now - started).total_seconds() / 60)
    if lost is not None:
        facts["spo2.lost_s"] = to_fact_number(lost)
    for name, ratio in measure_overdue_ratios(state, protocol, now).items():
        facts[to_ratio_fact(name)] = to_fact_number(ratio)
    return facts


_SINGLE_FACTS = {
    "heart_rate": "hr.per_min",
    "spo2": "spo2.percent",
    "resp_rate": "rr.per_min",
    "sedation": "moaas",
    "cadss6": "cadss6",
    "temperature": "temperature.cel",
    "pain": "pain.nrs",
}


def find_holding_rows(protocol: Protocol, facts: Mapping[str, Any]) -> dict[str, AlarmRow]:
    """Return the rows whose condition holds, less those that a stronger one says better."""
    holding = {
        row.id: row
        for row in protocol.alarms
        if (row.applies is None or check_condition(row.applies, facts) is True)
        and check_condition(row.when, facts) is True
    }
    return {key: row for key, row in holding.items() if not any(other in holding for other in row.hidden_by)}


def update_alarms(
    state: SessionState, protocol: Protocol, now: datetime, before: SessionState | None = None
) -> list[Event]:
    """Return the alarm events that are due now: raise, escalate, end a silence, clear.

    `before` is the state before the entry that is judged: where its cause was over and nobody had acknowledged it, an
    alarm that is met again is a new one, with its own reading and time.
    """
    active = {alarm.row: alarm for alarm in list_active(state)}
    if find_phase(state, protocol) not in LIVE:
        return [_make("alarm-cleared", alarm, now, reason="session-over") for alarm in active.values()]
    facts, holding = _judge_rows(state, protocol, now)
    events: list[Event] = []
    for row_id, row in holding.items():
        if row_id not in active:
            events.append(_raise(row, facts, state, now))
    for row_id, alarm in active.items():
        if row_id in holding and _was_over(alarm, before, protocol, now):
            events.append(_make("alarm-cleared", alarm, now, reason="met-again"))
            events.append(_raise(holding[row_id], facts, state, now))
            continue
        events += _review(alarm, protocol, is_holding=row_id in holding, now=now)
    return events


def _was_over(alarm: Alarm, before: SessionState | None, protocol: Protocol, now: datetime) -> bool:
    """Return whether an alarm stood only because nobody had acknowledged it."""
    if before is None or alarm.acknowledged_at is not None or alarm.id not in {each.id for each in list_active(before)}:
        return False
    return alarm.row not in _judge_rows(before, protocol, now)[1]


def _review(alarm: Alarm, protocol: Protocol, *, is_holding: bool, now: datetime) -> list[Event]:
    row = next((each for each in protocol.alarms if each.id == alarm.row), None)
    if not is_holding and not (row is not None and row.latching and alarm.acknowledged_at is None):
        return [_make("alarm-cleared", alarm, now, reason="condition-ended")]
    events = []
    if alarm.silenced_until is not None and alarm.silenced_until <= now:
        events.append(_make("alarm-silence-ended", alarm, now))
    name = f"alarm.escalate_{alarm.priority}_s"
    is_waiting = alarm.acknowledged_at is None and alarm.escalated_at is None and name in protocol.settings
    if is_waiting and now - alarm.raised_at >= timedelta(seconds=float(protocol.setting(name))):
        events.append(_make("alarm-escalated", alarm, now))
    return events


def _raise(row: AlarmRow, facts: Mapping[str, Any], state: SessionState, now: datetime) -> Event:
    number = len(state.effective.get("alarm-raised", ())) + 1
    data = {
        "alarm": f"{row.id}:{state.last_seq + 1}:{number}",
        "row": row.id,
        "priority": str(row.priority),
        "title": describe_alarm(row, facts),
        "seen": _describe_seen(facts),
    }
    return Event("alarm-raised", get_version("alarm-raised"), now, now, "system", data)


def _make(event_type: str, alarm: Alarm, now: datetime, **more: str) -> Event:
    return Event(event_type, get_version(event_type), now, now, "system", {"alarm": alarm.id, "row": alarm.row, **more})


def describe_alarm(row: AlarmRow, facts: Mapping[str, Any]) -> str:
    """Return an alarm's title with the value that was seen in front: `BP 163/96, above 160/100`."""
    for prefix, write in _SEEN.items():
        if row.title.startswith(prefix):
            seen = write(facts)
            rest = row.title.removeprefix(prefix).strip()
            return ", ".join(part for part in (seen, rest) if part) if seen else row.title
    return row.title


def _write_pressure(facts: Mapping[str, Any]) -> str:
    systolic, diastolic = facts.get("bp.systolic_mmhg"), facts.get("bp.diastolic_mmhg")
    return "" if systolic is None else f"BP {systolic}/{diastolic}"


def _name_late(facts: Mapping[str, Any]) -> str:
    """Return which readings are late: `RR, MOAA/S late`."""
    late = [
        label
        for name, label in LABELS.items()
        if (ratio := facts.get(to_ratio_fact(name))) is not None and ratio > Decimal("1.5")
    ]
    return f"{', '.join(late)} late" if late else ""


def _write_single(label: str, name: str, unit: str = "") -> Any:
    def write(facts: Mapping[str, Any]) -> str:
        value = facts.get(name)
        return "" if value is None else f"{label} {_show(value)}{unit}"

    return write


def _show(value: Any) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


_SEEN = {
    "Reading late": _name_late,
    "Blood pressure rise": _write_pressure,
    "Blood pressure": _write_pressure,
    "Systolic": _write_pressure,
    "Heart rate": _write_single("Heart rate", "hr.per_min"),
    "SpO2 signal": lambda _facts: "",
    "SpO2": _write_single("SpO2", "spo2.percent", " %"),
    "Respiration or": lambda _facts: "",
    "Respiration": _write_single("Respiration", "rr.per_min"),
    "MOAA/S": _write_single("MOAA/S", "moaas"),
    "CADSS-6": _write_single("CADSS-6", "cadss6"),
}


def _describe_seen(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the readings an alarm was raised on, as text."""
    names = ("bp.systolic_mmhg", "bp.diastolic_mmhg", *_SINGLE_FACTS.values())
    return {name: _show(facts[name]) for name in names if facts.get(name) is not None}


def find_first_act(row_id: str, protocol: Protocol, phase: str) -> tuple[str, str]:
    """Return the first act for an alarm in a phase, with the command that records it: the ladder's, else the row's."""
    row = next((each for each in protocol.alarms if each.id == row_id), None)
    if row is None:
        return "", ""
    rungs = [step for step in protocol.ladders if step.event == row.ladder and step.phase == phase]
    if rungs:
        first = min(rungs, key=lambda step: step.order)
        return first.act, first.command
    return row.first_act, row.first_act_command


def find_blocking(state: SessionState, protocol: Protocol, command: str, now: datetime) -> dict[str, str]:
    """Return the rows that block a command with the words of their alarms: those that stand, and those that hold now.

    A row may hold although nobody has ticked since: time alone loses a signal.
    """
    rows = {row.id: row for row in protocol.alarms if command in row.blocks}
    found = {alarm.row: alarm.title for alarm in list_active(state) if alarm.row in rows}
    if rows and find_phase(state, protocol) in LIVE:
        facts, holding = _judge_rows(state, protocol, now)
        for row_id, row in holding.items():
            if row_id in rows:
                found.setdefault(row_id, describe_alarm(row, facts))
    return found
