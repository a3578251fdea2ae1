"""The log in plain words: one line for each event, without names; free text stands as its reference."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from afterglow.chairside.corrections import describe_correction
from afterglow.chairside.details import find_note_field, list_details
from afterglow.chairside.events import Event
from afterglow.chairside.state import SessionState
from afterglow.protocols.model import Protocol


def build_log(state: SessionState, protocol: Protocol) -> list[dict[str, Any]]:
    """Return every event as a line, in order of recording; corrected entries stay beside what corrected them."""
    late = timedelta(seconds=float(protocol.setting("entry.late_s")))
    naming = ("entry-corrected", "entry-withdrawn")
    corrects = {event.seq: int(event.data["seq"]) for event in state.events if event.type in naming}
    return [
        {
            "seq": event.seq,
            "type": event.type,
            "text": describe_correction(state, event) if event.type == "entry-corrected" else describe_event(event),
            "right": event.data.get("text") if event.type == "entry-corrected" else None,
            "note": find_note(event.data),
            "details": list_details(event),
            "occurred_at": event.occurred_at.isoformat(),
            "recorded_at": event.recorded_at.isoformat(),
            "by": event.by,
            "second": event.second or None,
            "is_late": event.recorded_at - event.occurred_at > late,
            "corrected_by": state.corrected.get(event.seq),
            "corrects": corrects.get(event.seq),
            "findings": list(event.data.get("findings") or []),
        }
        for event in state.events
    ]


def find_note(data: Mapping[str, Any]) -> Any:
    """Return the free text of an event, or its reference, or None."""
    name = find_note_field(data)
    return data[name] if name else None


def describe_event(event: Event) -> str:
    """Return one event in words."""
    write = _WORDS.get(event.type)
    if write is None:
        return event.type.replace("-", " ").capitalize()
    return str(write(event.data) if callable(write) else write)


def describe_vitals(data: Mapping[str, Any]) -> str:
    """Return readings in words."""
    parts = []
    if data.get("systolic") is not None:
        parts.append(f"BP {data['systolic']}/{data['diastolic']}")
    for name, label, unit in (
        ("heart_rate", "HR", ""),
        ("spo2", "SpO2", " %"),
        ("resp_rate", "RR", ""),
        ("moaas", "MOAA/S", ""),
        ("oxygen_l_per_min", "oxygen", " L/min"),
        ("temperature_cel", "temperature", " Cel"),
    ):
        if data.get(name) is not None:
            parts.append(f"{label} {data[name]}{unit}")
    if data.get("spo2_lost"):
        parts.append("SpO2 signal lost")
    return ", ".join(parts) or "Vitals"


def _short(value: Any) -> str:
    return f"{Decimal(str(value)).quantize(Decimal('0.1')):f}"


def _pump(words: str) -> Any:
    def write(data: Mapping[str, Any]) -> str:
        parts = [words]
        if data.get("rate_ml_per_h"):
            parts.append(f"{data['rate_ml_per_h']} mL/h")
        if data.get("calculated_mg"):
            parts.append(f"calculated {_short(data['calculated_mg'])} mg")
        if data.get("pump_ml"):
            parts.append(f"pump {data['pump_ml']} mL")
        return ", ".join(parts)

    return write


def _order(data: Mapping[str, Any]) -> str:
    devices = f", {data['devices']} devices" if data.get("devices") else ""
    dose = f"{data['dose_mg_per_kg']} mg/kg, " if data.get("dose_mg_per_kg") else ""
    over = f" over {data['duration_min']} min" if data.get("duration_min") else ""
    cap = f", cap {data['cap_mg']} mg" if data.get("cap_mg") else ""
    return f"Order signed: {dose}{data['ordered_mg']} mg{devices}{over}{cap}"


def _preparation(data: Mapping[str, Any]) -> str:
    if data.get("prepared_mg"):
        bag = f" in {data['total_ml']} mL" if data.get("total_ml") else ""
        lot = f", lot {data['lot']}" if data.get("lot") else ""
        return f"Prepared {data['prepared_mg']} mg, {data['drawn_ml']} mL of {data['vial_mg_per_ml']} mg/mL{bag}{lot}"
    return "Preparation recorded"


def _screen(data: Mapping[str, Any]) -> str:
    level = "not answered" if data.get("level") is None else data["level"]
    behaviour = {None: "not answered", True: "yes", False: "no"}[data.get("behaviour")]
    return f"Suicide risk asked: thoughts {level}, behaviour {behaviour}"


def _check(data: Mapping[str, Any]) -> str:
    return f"{str(data['check']).replace('-', ' ').capitalize()}: {'yes' if data['passed'] else 'no'}"


def _score(data: Mapping[str, Any]) -> str:
    total = "no total" if data.get("total") is None else data["total"]
    return f"{_SCALES.get(str(data['scale']), str(data['scale']).upper())} {total}"


_SCALES = {"cadss6": "CADSS-6", "moaas": "MOAA/S", "aldrete": "Aldrete", "padss": "PADSS", "nrs-pain": "Pain"}


def _correction(data: Mapping[str, Any]) -> str:
    changes = data.get("data") or {}
    words = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in changes.items())
    return f"Correction of entry {data['seq']}" + (f": {words}" if words else "")


def _access(data: Mapping[str, Any]) -> str:
    gauge = f", {data['gauge']} G," if data.get("gauge") else ""
    return f"IV site {data.get('site', '')}{gauge} {data['state']}".replace("  ", " ").replace("site ,", "site")


def _balance(data: Mapping[str, Any]) -> str:
    if "given_devices" in data:
        return (
            f"Drug reconciled in devices: prepared {data['prepared_devices']}, given {data['given_devices']}, "
            f"returned {data['returned_devices']}, wasted {data['wasted_devices']}, "
            f"difference {data.get('difference_devices', '0')}"
        )
    return (
        f"Drug reconciled: prepared {data['prepared_mg']}, given {data['given_mg']}, "
        f"left in line {data['left_in_line_mg']}, returned {data['returned_mg']}, wasted {data['wasted_mg']} mg, "
        f"difference {data.get('difference_mg', '0')} mg"
    )


def _emergency(data: Mapping[str, Any]) -> str:
    steps = data.get("steps") or []
    parts = [f"{step.get('time', '')} {step.get('label', '')}".strip() for step in steps if isinstance(step, Mapping)]
    return "Emergency: " + ("; ".join(parts) if parts else "no step logged")


_WORDS: Mapping[str, Any] = {
    "session-opened": "Session opened",
    "arrival-recorded": "Arrived",
    "identity-confirmed": lambda d: f"Identity confirmed by {', '.join(d['identifiers'])}",
    "check-recorded": _check,
    "weight-recorded": lambda d: f"Weight {d['weight_kg']} kg",
    "suicide-screen-recorded": _screen,
    "suicide-assessment-recorded": lambda d: f"Clinician's assessment: {d['outcome'].replace('-', ' ')}",
    "consent-confirmed": lambda d: f"Consent today: {'yes' if d['agrees'] else 'no'}",
    "order-signed": _order,
    "verbal-order-recorded": "Verbal order recorded",
    "order-cosigned": lambda d: f"Verbal order of entry {d['order']} co-signed",
    "preparation-recorded": _preparation,
    "time-out-signed": "Time-out signed",
    "dosing-started": _pump("Infusion started"),
    "injection-given": lambda d: f"Injection given, {d['dose_mg']} mg",
    "device-given": lambda d: f"Device {d.get('number', '')}: {d['outcome']}, lot {d['lot']}",
    "pause-recorded": _pump("Recorded: pump paused"),
    "resume-recorded": _pump("Recorded: pump resumed"),
    "rate-change-recorded": _pump("Recorded: rate changed"),
    "stop-recorded": _pump("Recorded: stopped"),
    "completion-recorded": _pump("Dosing complete"),
    "pump-read": _pump("Pump read"),
    "vitals-recorded": describe_vitals,
    "score-recorded": _score,
    "symptom-recorded": lambda d: f"{d['kind'].replace('-', ' ').capitalize()}: {d['level']}",
    "comfort-recorded": lambda d: f"Comfort: {d['kind'].replace('-', ' ')}",
    "drug-given": lambda d: f"{d['drug']} {d['dose']}, {d['purpose']}",
    "adverse-event-recorded": lambda d: f"Adverse event, {d['severity']}{', serious' if d.get('serious') else ''}",
    "access-recorded": _access,
    "note-recorded": "Note",
    "alarm-raised": lambda d: f"{d['priority'].capitalize()} alarm: {d['title']}",
    "alarm-acknowledged": lambda d: f"Alarm answered ({d['alarm'].split(':')[0]})",
    "alarm-escalated": lambda d: f"Alarm unanswered, escalated ({d['row']})",
    "alarm-silenced": lambda d: f"Alarm sound off for {d['seconds']} s ({d['alarm'].split(':')[0]})",
    "alarm-silence-ended": "Alarm sound on again",
    "alarm-cleared": lambda d: f"Alarm ended ({d['row']})",
    "reconciliation-recorded": _balance,
    "rule-overridden": lambda d: f"{d['rule']} overridden: {d['cause'].replace('-', ' ')}, until {d['expires_on']}",
    "release-signed": "Released",
    "patient-left": "Left",
    "ending-recorded": lambda d: f"Ended: {d['kind'].replace('-', ' ')}",
    "session-cancelled": "Session cancelled",
    "entry-corrected": _correction,
    "entry-withdrawn": lambda d: f"Entry {d['seq']} taken back",
    "addendum-added": "Addendum",
    "record-closed": "Record closed",
    "preferences-recorded": "Preferences recorded",
    "nurse-assigned": lambda d: "Nurse named" if not d.get("from") else "Chair taken over",
    "handover-offered": "Handover offered",
    "handover-accepted": "Handover accepted by the receiver",
    "handover-withdrawn": "Offered handover taken back",
    "handover-declined": "Handover declined by the receiver",
    "emergency-recorded": _emergency,
}
