"""What an entry holds beside its line of the log and its note: every field that was given, so that nothing is lost.

A field is in the words of the line, is the note, stands among the details, or is left out for a reason said here.
"""

from collections.abc import Mapping
from typing import Any

from afterglow.chairside.commands import COMMANDS, SHEET_DEVICES, SHEET_MG
from afterglow.chairside.events import Event
from afterglow.chairside.fields import FieldSpec

# the one free text that stands behind the words of the line; any other is named by its label
NOTES = ("note", "reason", "text", "order")
PERSON = "person"
_COMMAND_OF = {each.event: each for each in COMMANDS.values()}
_BY_PROGRAM = "worked out by the program; what is too much stands as a finding"
_PUMP = frozenset({"rate_ml_per_h", "pump_ml"})
# what the words of each line say already
_SAID: Mapping[str, frozenset[str]] = {
    "identity-confirmed": frozenset({"identifiers"}),
    "check-recorded": frozenset({"check", "passed"}),
    "weight-recorded": frozenset({"weight_kg"}),
    "suicide-screen-recorded": frozenset({"level", "behaviour"}),
    "suicide-assessment-recorded": frozenset({"outcome"}),
    "consent-confirmed": frozenset({"agrees"}),
    "order-signed": frozenset({"dose_mg_per_kg", "cap_mg", "devices", "duration_min"}),
    "order-cosigned": frozenset({"order"}),
    "dosing-started": _PUMP,
    "injection-given": frozenset({"dose_mg"}),
    "device-given": frozenset({"number", "lot", "outcome"}),
    "pause-recorded": _PUMP,
    "resume-recorded": _PUMP,
    "rate-change-recorded": _PUMP,
    "stop-recorded": _PUMP,
    "completion-recorded": _PUMP,
    "pump-read": _PUMP,
    "vitals-recorded": frozenset(
        {
            "systolic",
            "diastolic",
            "heart_rate",
            "spo2",
            "resp_rate",
            "moaas",
            "oxygen_l_per_min",
            "temperature_cel",
            "spo2_lost",
        }
    ),
    "score-recorded": frozenset({"scale", "total"}),
    "symptom-recorded": frozenset({"kind", "level"}),
    "comfort-recorded": frozenset({"kind"}),
    "drug-given": frozenset({"drug", "dose", "purpose"}),
    "adverse-event-recorded": frozenset({"severity"}),
    "access-recorded": frozenset({"site", "gauge", "state"}),
    "alarm-acknowledged": frozenset({"alarm"}),
    "alarm-silenced": frozenset({"alarm", "seconds"}),
    "reconciliation-recorded": frozenset((*SHEET_MG, *SHEET_DEVICES)),
    "rule-overridden": frozenset({"rule", "cause", "expires_on"}),
    "ending-recorded": frozenset({"kind"}),
    # the texts among the new values follow as details; the words that are right have a place of their own
    "entry-corrected": frozenset({"seq", "data", "text"}),
    "entry-withdrawn": frozenset({"seq"}),
    "emergency-recorded": frozenset({"steps"}),
}
# why a field stands nowhere in the log
LEFT_OUT: Mapping[str, Mapping[str, str]] = {
    "session-opened": dict.fromkeys(
        (spec.name for spec in _COMMAND_OF["session-opened"].fields),
        "what the chart said when the session was opened, put together by the program; the page shows it at its head",
    ),
    "consent-confirmed": {"consent": "the key of a consent, named by the program; the chart holds its text"},
    "nurse-assigned": dict.fromkeys(("load", "limit", "duty"), _BY_PROGRAM),
    "handover-offered": dict.fromkeys(("load", "limit", "duty"), _BY_PROGRAM),
    "handover-accepted": dict.fromkeys(("load", "limit"), _BY_PROGRAM),
    "emergency-recorded": {"call": "the key of the call for help; its log stands in the line"},
}
_PERSONS = {
    "verbal-order-recorded": frozenset({"prescriber"}),
    "nurse-assigned": frozenset({"nurse", "from"}),
    "handover-offered": frozenset({"to", "from"}),
}
_LABELS = {
    "already_happened": "Entered after it had happened",
    "answers": "Answers",
    "behaviour_recent": "Behaviour within three months",
    "class": "Drug class",
    "company": "With",
    "devices": "Devices",
    "dose_mg": "Dose",
    "drawn_ml": "Drawn",
    "diluent_ml": "Diluent",
    "emergency_step": "Step of the emergency",
    "escort_phone": "Escort's telephone",
    "expires_on": "Expires",
    "fluids_h": "Since clear fluids",
    "flush_ml": "Flush",
    "from": "Until then",
    "helped": "Helped before",
    "is_unassessed": "An answer about suicide not assessed",
    "line_ml": "Volume of the line",
    "mean": "Mean pressure",
    "rate_ml_per_h": "Rate",
    "rescue": "Rescue drugs",
    "site": "Where",
    "solids_h": "Since solid food",
    "solids_kind": "Solid food",
    "standing": "Standing orders",
    "taken": "Taken today",
    "held": "Held today",
    "vial_mg_per_ml": "Strength",
    "with": "Who takes the person home",
}
_FIRST = frozenset({"to"})
_LABELS_OF = {
    ("time-out-signed", "confirmed"): "Read aloud",
    ("adverse-event-recorded", "kind"): "What happened",
    ("drug-given", "order"): "Under the order of entry",
}
_UNITS = {"{score}": "", "{device}": "", "1": "", "mm[Hg]": "mmHg", "Cel": "°C"}


# codes of a form that the command itself leaves open, and those that are written as initials
_CODES = frozenset({"site"})
_SHORT = {"iv": "IV", "im": "IM", "sc": "SC"}


def find_note_field(data: Mapping[str, Any]) -> str:
    """Return the name of the free text that stands behind the words of a line, or nothing."""
    for name in NOTES:
        value = data.get(name)
        if isinstance(value, Mapping) or (isinstance(value, str) and value):
            return name
    return ""


def list_details(event: Event) -> list[dict[str, Any]]:
    """Return the fields of an entry that neither its words nor its note say: name, label, kind, unit and value."""
    command = _COMMAND_OF.get(event.type)
    if command is None:
        return []
    hidden = {find_note_field(event.data), *_list_said(event), *LEFT_OUT.get(event.type, ())}
    found = [
        _describe(event.type, spec, event.data[spec.name])
        for spec in command.fields
        if spec.name not in hidden and _is_given(spec.name, event.data.get(spec.name))
    ]
    # where somebody went is said before the rest
    return sorted(found, key=lambda each: each["name"] not in _FIRST) + _list_new_texts(event)


def write_value(detail: Mapping[str, Any]) -> str:
    """Return the value of a detail in words; a date or a time as it is kept."""
    words = _write(detail["value"], is_code=bool(detail.get("is_code")))
    return f"{words} {detail['unit']}" if detail.get("unit") else words


def _list_said(event: Event) -> frozenset[str]:
    data, said = event.data, _SAID.get(event.type, frozenset())
    if event.type == "preparation-recorded" and data.get("prepared_mg"):
        return frozenset({"drawn_ml", "vial_mg_per_ml", "lot"})
    if event.type == "order-signed" and str(data.get("dose_mg")) == str(data.get("ordered_mg")):
        return said | {"dose_mg"}
    if event.type == "adverse-event-recorded" and data.get("serious"):
        return said | {"serious"}
    return said


def _is_given(name: str, value: Any) -> bool:
    # "no" is an answer, but that something had not happened before it was entered is the ordinary case
    if value is False and name == "already_happened":
        return False
    return value is not None and value not in ("", [], {})


def _describe(event_type: str, spec: FieldSpec, value: Any) -> dict[str, Any]:
    words = _LABELS_OF.get((event_type, spec.name)) or _LABELS.get(spec.name) or spec.name.replace("_", " ")
    return {
        "name": spec.name,
        "label": words[:1].upper() + words[1:],
        "kind": PERSON if spec.name in _PERSONS.get(event_type, ()) else spec.kind,
        "is_code": bool(spec.choices) or spec.name in _CODES,
        "unit": _UNITS.get(spec.unit, spec.unit),
        "value": value,
    }


def _list_new_texts(event: Event) -> list[dict[str, Any]]:
    """Return the texts among the new values of a correction: its line names the values, not the words."""
    changes = event.data.get("data")
    if event.type != "entry-corrected" or not isinstance(changes, Mapping):
        return []
    texts = {spec.name: spec for each in COMMANDS.values() for spec in each.fields if spec.kind == "text"}
    return [
        {**_describe("", texts[name], value), "label": f"{_describe('', texts[name], value)['label']} now"}
        for name, value in changes.items()
        if name in texts and isinstance(value, str | Mapping)
    ]


def _write(value: Any, *, is_code: bool = False) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        if "drug" in value:
            return " ".join(_write(part) for part in value.values() if part)
        return ", ".join(f"{str(name).replace('_', ' ')} {_write(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_write(part, is_code=is_code) for part in value)
    return _SHORT.get(str(value), str(value).replace("-", " ")) if is_code else str(value)
