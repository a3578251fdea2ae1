"""The view: everything a screen or a sheet of paper shows of a session at one instant, as JSON-able data."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from afterglow.chairside.alarms import ORDER as ALARM_ORDER
from afterglow.chairside.alarms import find_first_act, find_rows_now, list_alarms
from afterglow.chairside.allergic import describe_met
from afterglow.chairside.commands import COMMANDS, RECORDED
from afterglow.chairside.dosing import (
    BEFORE_DOSE,
    INFUSION,
    calculate_dose_mg,
    calculate_left_seconds,
    calculate_line_mg,
    calculate_volume_ml,
    compare_pump,
    find_end,
    find_next_device_at,
    find_phase,
    find_release,
    find_start,
    get_rate,
    is_paused,
    list_devices,
    sum_run_seconds,
)
from afterglow.chairside.drug_balance import counts_devices, find_known, find_signed, is_explained, list_differences
from afterglow.chairside.due import list_due
from afterglow.chairside.gates import find_earliest, find_release_role, judge_gates, list_open, measure_stay
from afterglow.chairside.guards import find_blockers, list_rule_findings
from afterglow.chairside.holds import is_settled, list_checks
from afterglow.chairside.intervals import find_age_limit
from afterglow.chairside.log import build_log
from afterglow.chairside.nursing import find_nurse, find_offer
from afterglow.chairside.orders import (
    count_allowed_devices,
    find_order,
    find_planned_rate,
    find_preparation,
    find_time_out,
    find_weight,
    get_cosign_deadline,
    list_open_verbal_orders,
)
from afterglow.chairside.readings import UNITS, find_baseline, list_readings, measure_lost_seconds
from afterglow.chairside.rems import list_missing_fields
from afterglow.chairside.state import SessionState
from afterglow.chairside.unnamed import find_unnamed
from afterglow.chairside.view_due import build_due
from afterglow.protocols.model import Pattern, Protocol

VITALS = ("bp", "heart_rate", "spo2", "resp_rate", "sedation", "cadss6", "nausea", "pain", "temperature", "oxygen")
STEPS = ("arrived", "pre-checks", "ready", "dosing", "observing", "released", "left")
_INTENTIONS = ("sign-time-out", "start", "give-injection", "give-device", "record-resume")
_OVER = ("left", "ended", "cancelled")
_HANDOVER = ("offer-handover", "accept-handover", "withdraw-handover", "decline-handover")
_PATTERNS = {
    "start": Pattern.INFUSION,
    "record-resume": Pattern.INFUSION,
    "give-injection": Pattern.INJECTION,
    "give-device": Pattern.DEVICES,
}


def derive_view(state: SessionState, *, protocol: Protocol, now: datetime) -> dict[str, Any]:
    """Return the view of a session at `now`; the keys are listed in the interface page.

    The same state, protocol and instant always give the same view.
    """
    phase = find_phase(state, protocol)
    gates = judge_gates(state, protocol, now) if find_start(state) is not None else []
    return {
        "phase": phase,
        "pattern": str(protocol.pattern),
        "is_closed": state.is_closed,
        "last_seq": state.last_seq,
        "now": now.isoformat(),
        "steps": _build_steps(state, protocol, phase, now),
        "clock": _build_clock(state, protocol, now),
        "dose": _build_dose(state, protocol, now),
        "vitals": _build_vitals(state, protocol, now),
        "alarms": _build_alarms(state, protocol, phase, now),
        "due": build_due(state, protocol, phase, now),
        "discharge": {
            "gates": [gate.to_json() for gate in gates],
            "earliest_at": _iso(find_earliest(gates)),
            "is_open": bool(gates) and not list_open(gates),
            "release_role": find_release_role(state, protocol),
            "stay_min": measure_stay(state, protocol, now),
        },
        "rems": {"missing": list_missing_fields(state, protocol, now)} if protocol.rems_fields else None,
        "drug": _build_drug(state, protocol, now),
        "orders": _build_orders(state, protocol),
        "nurse": _build_nurse(state),
        "checks": list_checks(state, protocol, now),
        # what the person answered before the visit: shown beside the checks, it closes none
        "told": state.header.get("told") or [],
        "blockers": _build_blockers(state, protocol, phase, now),
        "cautions": _build_cautions(state, protocol, phase, now),
        "deviations": [
            {**finding, "seq": event.seq} for event in state.events for finding in event.data.get("findings") or []
        ],
        "preferences": _build_preferences(state),
        "log": build_log(state, protocol),
        "allowed": _build_allowed(state, protocol, phase, now),
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"


def _build_steps(state: SessionState, protocol: Protocol, phase: str, now: datetime) -> list[dict[str, Any]]:
    """Return the phases in order: done ones with their time, coming ones with what they wait for."""
    time_out = find_time_out(state, protocol)
    checks = [check for check in list_checks(state, protocol, now) if check["required"]]
    met = [check for check in checks if check["state"] in ("met", "overridden")]
    # later readings keep a check met; they do not move when the checks were done
    until = time_out.occurred_at if time_out else now
    arrived = state.find_first("arrival-recorded")
    # a release that a rescue drug undid is none: it is asked for again, or was lacking when the person left
    released, left = find_release(state, protocol), state.find_last("patient-left", "ending-recorded")
    at = {
        "arrived": arrived.occurred_at if arrived else None,
        "pre-checks": max((min(datetime.fromisoformat(c["at"]), until) for c in met if c["at"]), default=None)
        if len(met) == len(checks)
        else None,
        "ready": time_out.occurred_at if time_out else None,
        "dosing": find_start(state),
        "observing": find_end(state, protocol),
        "released": released.occurred_at if released else None,
        "left": left.occurred_at if left else None,
    }
    texts = {
        "pre-checks": f"{sum(map(is_settled, checks))} of {len(checks)}",
        "ready": "two-person" if time_out is not None and time_out.second else "",
    }
    waits = {
        "observing": "minimum stay from the real end",
        "released": "criteria, then release",
        "left": "after release",
    }
    return [
        {"phase": step, "at": _iso(at[step]), "text": texts.get(step, ""), "waits_for": waits.get(step, "")}
        for step in STEPS
    ]


def _build_clock(state: SessionState, protocol: Protocol, now: datetime) -> dict[str, Any]:
    started, ended = find_start(state), find_end(state, protocol)
    order = find_order(state)
    planned = float(order.duration_min * 60) if order and order.duration_min else None
    if started is None:
        return {
            "started_at": None,
            "ended_at": None,
            "run_s": None,
            "planned_s": planned,
            "left_s": None,
            "paused_s": 0,
        }
    if protocol.pattern is Pattern.INFUSION:
        run, paused = sum_run_seconds(state, ended or now)
        left = None if ended is not None else calculate_left_seconds(state, now)
    else:
        run, paused, left = ((ended or now) - started).total_seconds(), 0.0, None
    return {
        "started_at": _iso(started),
        "ended_at": _iso(ended),
        "run_s": int(run),
        "planned_s": planned,
        "left_s": None if left is None else int(left),
        "paused_s": int(paused),
        **_find_pause(state),
    }


def _find_pause(state: SessionState) -> dict[str, str | None]:
    """Return when the pause that lasts began; nothing while none does."""
    last = state.find_last("pause-recorded") if is_paused(state) else None
    return {} if last is None else {"paused_at": _iso(last.occurred_at)}


def _build_dose(state: SessionState, protocol: Protocol, now: datetime) -> dict[str, Any]:
    order, preparation, weight = find_order(state), find_preparation(state), find_weight(state)
    until = find_end(state, protocol) or now
    given = calculate_dose_mg(state, protocol, until)
    is_infusion = protocol.pattern is Pattern.INFUSION
    per_kg = given / weight[0] if given is not None and weight is not None else None
    started = find_start(state) is not None
    return {
        "ordered_mg": _text(order.ordered_mg) if order else None,
        "dose_mg_per_kg": _text(order.dose_mg_per_kg) if order else None,
        "cap_mg": _text(order.cap_mg) if order else None,
        "weight_kg": _text(weight[0]) if weight else None,
        "weighed_at": _iso(weight[1]) if weight else None,
        "duration_min": _text(order.duration_min) if order else None,
        "calculated_mg": _text(given),
        "calculated_mg_per_kg": None if per_kg is None else f"{per_kg:.4f}",
        "calculated_ml": _text(calculate_volume_ml(state, until)) if is_infusion and started else None,
        "rate_ml_per_h": _text(get_rate(state) or find_planned_rate(state, protocol)),
        "total_ml": _text(preparation.total_ml) if preparation else None,
        "bag_mg_per_ml": _text(preparation.bag_mg_per_ml) if preparation else None,
        "vial_mg_per_ml": _text(preparation.vial_mg_per_ml) if preparation else None,
        "line_ml": _text(preparation.line_ml) if preparation else None,
        "left_in_line_mg": _text(calculate_line_mg(state, until)) if is_infusion and started else None,
        "lot": preparation.lot if preparation else "",
        "pump": _build_pump(state, protocol),
        "devices": [
            {
                "seq": event.seq,
                "number": event.data.get("number"),
                "given_at": event.occurred_at.isoformat(),
                "outcome": event.data["outcome"],
                "lot": event.data["lot"],
                "mg": event.data.get("mg"),
            }
            for event in list_devices(state)
        ],
        "ordered_devices": count_allowed_devices(state) if protocol.pattern is Pattern.DEVICES else None,
        "next_device_at": _iso(find_next_device_at(state, protocol)) if protocol.pattern is Pattern.DEVICES else None,
        "label": "calculated",
    }


def _build_drug(state: SessionState, protocol: Protocol, now: datetime) -> dict[str, Any]:
    """Return what the entries say of the drug, and what does not agree with the sheet signed last."""
    signed = find_signed(state)
    in_devices = protocol.pattern is Pattern.DEVICES and (signed is None or counts_devices(signed.data))
    return {
        "known": find_known(state, protocol, now, in_devices=in_devices).to_json(),
        "signed_seq": None if signed is None else signed.seq,
        "differences": [finding.to_json() for finding in list_differences(state, protocol, now)],
        "is_explained": signed is not None and is_explained(state, signed),
    }


def _build_pump(state: SessionState, protocol: Protocol) -> dict[str, Any]:
    limit = protocol.settings.get("pump.difference_percent")
    asks = None if limit is None else str(limit.value)
    read = [event for event in state.list("pump-read", *INFUSION) if event.data.get("pump_ml")]
    if not read:
        return {"ml": None, "mg": None, "read_at": None, "difference_percent": None, "limit_percent": asks}
    last, bag = read[-1], find_preparation(state)
    strength = None if bag is None else bag.bag_mg_per_ml
    difference = compare_pump(state, last)
    return {
        "ml": last.data["pump_ml"],
        "mg": None if strength is None else f"{(Decimal(last.data['pump_ml']) * strength).quantize(Decimal('0.1')):f}",
        "read_at": last.occurred_at.isoformat(),
        "difference_percent": None if difference is None else f"{difference:.1f}",
        "limit_percent": asks,
    }


def _build_vitals(state: SessionState, protocol: Protocol, now: datetime) -> dict[str, Any]:
    alarmed = _find_alarmed(state)
    vitals = {
        key: _build_vital(state, key, key in alarmed, find_age_limit(state, protocol, key, now), now) for key in VITALS
    }
    lost = measure_lost_seconds(state, now)
    vitals["spo2"]["lost_at"] = None if lost is None else _iso(now - timedelta(seconds=lost))
    return vitals


def _build_vital(
    state: SessionState, key: str, is_alarmed: bool, limit: timedelta | None, now: datetime
) -> dict[str, Any]:
    readings = list_readings(state, key)
    content: dict[str, Any] = {
        "value": None,
        "unit": UNITS[key],
        "origin": None,
        "observed_at": None,
        "age_s": None,
        "state": "none",
        "change_from_baseline": None,
        "history": [{"observed_at": r.at.isoformat(), "value": _plain(r.value), "seq": r.seq} for r in readings],
    }
    if not readings:
        return content
    last, baseline = readings[-1], find_baseline(state, key)
    age = (now - last.at).total_seconds()
    is_old = limit is not None and now - last.at > limit
    content.update(
        value=_plain(last.value),
        origin=last.origin,
        observed_at=last.at.isoformat(),
        age_s=int(age),
        state="old" if is_old else ("alarm" if is_alarmed else "fresh"),
        change_from_baseline=None
        if baseline is None or baseline.seq == last.seq
        else _change(last.value, baseline.value),
    )
    return content


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _change(value: Any, baseline: Any) -> Any:
    if isinstance(value, dict):
        return {part: value[part] - baseline[part] for part in ("systolic", "diastolic")}
    return _plain(value - baseline) if isinstance(value, Decimal) else None


_ROWS_OF = {
    "bp": ("A-01", "A-02", "A-04", "A-14", "A-14H"),
    "heart_rate": ("A-05", "A-05R", "A-05H"),
    "spo2": ("A-06", "A-06H", "A-06L"),
    "resp_rate": ("A-07", "A-07H"),
    "sedation": ("A-08", "A-08H"),
    "cadss6": ("A-10",),
}


def _find_alarmed(state: SessionState) -> set[str]:
    rows = {alarm.row for alarm in list_alarms(state) if alarm.is_active}
    return {key for key, named in _ROWS_OF.items() if rows & set(named)}


def _build_alarms(state: SessionState, protocol: Protocol, phase: str, now: datetime) -> list[dict[str, Any]]:
    """Return the standing alarms: unanswered ones first, then by priority, then by age."""
    rows = {row.id: row for row in protocol.alarms}
    active = [alarm for alarm in list_alarms(state) if alarm.is_active]
    holding = find_rows_now(state, protocol, now) if active else {}
    found = []
    for alarm in active:
        act, command = find_first_act(alarm.row, protocol, phase)
        row = rows.get(alarm.row)
        until = alarm.acknowledged_at or now
        found.append(
            {
                "id": alarm.id,
                "row": alarm.row,
                "priority": alarm.priority,
                "title": alarm.title,
                "limit_text": row.limit_text if row else "",
                "source": row.citation.text if row else "",
                "grade": str(row.citation.grade) if row else "",
                "grade_label": row.citation.grade.label if row else "",
                "first_act": act,
                "first_act_command": command,
                "raised_at": alarm.raised_at.isoformat(),
                "unanswered_s": max(0, int((until - alarm.raised_at).total_seconds())),
                "acknowledged_by": alarm.acknowledged_by or None,
                "acknowledged_at": _iso(alarm.acknowledged_at),
                "is_escalated": alarm.escalated_at is not None,
                "silenced_until": _iso(alarm.silenced_until),
                "is_over": alarm.row not in holding,
                "state": "acknowledged" if alarm.acknowledged_at else "active",
            }
        )
    found += describe_met(state, protocol, now)
    return sorted(found, key=lambda a: (a["state"] != "active", ALARM_ORDER[a["priority"]], a["raised_at"]))


def _build_orders(state: SessionState, protocol: Protocol) -> list[dict[str, Any]]:
    waiting = {event.seq for event in list_open_verbal_orders(state)}
    found = []
    for event in state.list("order-signed", "verbal-order-recorded"):
        is_verbal = event.type == "verbal-order-recorded"
        found.append(
            {
                "seq": event.seq,
                "kind": "verbal" if is_verbal else "signed",
                "at": event.occurred_at.isoformat(),
                "by": event.data.get("prescriber") if is_verbal else event.by,
                "data": {key: value for key, value in event.data.items() if key != "findings"},
                "is_open": event.seq in waiting,
                "cosign_by": get_cosign_deadline(event, protocol).isoformat() if event.seq in waiting else None,
            }
        )
    return found


def _build_blockers(state: SessionState, protocol: Protocol, phase: str, now: datetime) -> list[dict[str, Any]]:
    command = _find_next_giving(protocol, phase)
    if command is None or not state.last_seq:
        return []
    return [blocker.to_json() for blocker in find_blockers(state, protocol, command, now)]


def _find_next_giving(protocol: Protocol, phase: str) -> str | None:
    """Return the act of giving that comes next, or None when none does."""
    first = {Pattern.INFUSION: "start", Pattern.INJECTION: "give-injection", Pattern.DEVICES: "give-device"}
    if phase in BEFORE_DOSE:
        return first.get(protocol.pattern)
    if phase == "paused":
        return "record-resume"
    return first.get(protocol.pattern) if phase == "dosing" and protocol.pattern is not Pattern.INFUSION else None


def _build_cautions(state: SessionState, protocol: Protocol, phase: str, now: datetime) -> list[dict[str, Any]]:
    if phase not in BEFORE_DOSE or not state.last_seq:
        return []
    unnamed = find_unnamed(state)
    found = [f for f in list_rule_findings(state, protocol, now) if str(f.severity) in ("caution", "missing")]
    return [f.to_json() for f in ([] if unnamed is None else [unnamed]) + found]


def _build_nurse(state: SessionState) -> dict[str, Any]:
    """Return who has the chair, and the handover that waits for its receiver."""
    offer = find_offer(state)
    offered = None
    if offer is not None:
        offered = {"seq": offer.seq, "to": offer.data["to"], "at": offer.occurred_at.isoformat(), "by": offer.by}
    return {"id": find_nurse(state) or None, "offer": offered}


def _build_preferences(state: SessionState) -> dict[str, Any]:
    last = state.find_last("preferences-recorded")
    return {"last_time": state.header.get("last") or {}, "today": dict(last.data) if last else {}}


def _build_allowed(state: SessionState, protocol: Protocol, phase: str, now: datetime) -> list[dict[str, Any]]:
    """Return for each command whether it can be meant now, whoever gives it, and the first reason when it cannot."""
    rows = []
    for name in COMMANDS:
        reason = _find_reason(state, protocol, phase, name, now)
        rows.append({"command": name, "is_allowed": reason == "", "reason": reason})
    return rows


def _find_reason(state: SessionState, protocol: Protocol, phase: str, name: str, now: datetime) -> str:
    if name in ("open-session", "tick"):
        return _find_reason_by_itself(state, name)
    if state.is_closed and name not in ("add-addendum", "cosign-order"):
        return "The record is closed; add an addendum."
    if name in _INTENTIONS:
        if phase in _OVER:
            return "The session is over."
        if reason := _find_reason_of_course(state, protocol, name):
            return reason
        blockers = find_blockers(state, protocol, name, now)
        return blockers[0].message if blockers else ""
    if name == "sign-release":
        return "" if phase == "observing" else "Release is signed while a person is observed after the dose."
    if name == "cancel-session":
        return "" if phase in BEFORE_DOSE else "A dose was given: the session ends, it is not cancelled."
    if name == "close-record":
        return _find_reason_of_closing(state, protocol, phase, now)
    if name in _HANDOVER and phase not in _OVER:
        return _find_reason_of_handover(state, name)
    if name == "cosign-order":
        return "" if list_open_verbal_orders(state) else "No verbal order waits for a signature."
    if (
        phase in _OVER
        and (name in ("record-left", "record-ending") or name not in RECORDED)
        and name
        not in (
            "correct-entry",
            "withdraw-entry",
            "add-addendum",
            "set-preferences",
        )
    ):
        return "The session is over."
    return ""


def _find_reason_by_itself(state: SessionState, name: str) -> str:
    """Return why nobody gives a command that comes by itself, or one that comes once."""
    if name == "tick":
        return "Time passes by itself."
    return "The session is open already." if state.last_seq else ""


def _find_reason_of_closing(state: SessionState, protocol: Protocol, phase: str, now: datetime) -> str:
    """Return why a record is not closed yet: somebody is still here, or the drug does not add up."""
    if phase not in _OVER:
        return "The record is closed after the person has left."
    signed = find_signed(state)
    if signed is None or is_explained(state, signed):
        return ""
    seen = [finding.seen for finding in list_differences(state, protocol, now)]
    return f"The drug does not add up: {'; '.join(seen)}." if seen else ""


def _find_reason_of_handover(state: SessionState, name: str) -> str:
    """Return why a chair cannot be offered, or an offer not be answered: nobody has it, or nothing is offered."""
    if name == "offer-handover":
        return "" if find_nurse(state) else "The chair has no nurse yet."
    return "" if find_offer(state) is not None else "No handover is offered."


def _find_reason_of_course(state: SessionState, protocol: Protocol, name: str) -> str:
    """Return why an act of giving cannot be meant at all: another way of giving, begun already, or nothing paused."""
    pattern = _PATTERNS.get(name)
    if pattern is not None and protocol.pattern is not pattern:
        return f"{protocol.title} is not given this way."
    if name == "start" and find_start(state) is not None:
        return "The infusion has started."
    if name == "record-resume" and not is_paused(state):
        return "The infusion is not paused."
    return ""


def list_missed(state: SessionState, protocol: Protocol, now: datetime) -> list[dict[str, Any]]:
    """Return the readings that were due and not taken, for the record."""
    return [
        {"due_at": due.due_at.isoformat(), "items": list(due.items), "text": due.text}
        for due in list_due(state, protocol, now)
        if due.state == "missed"
    ]
