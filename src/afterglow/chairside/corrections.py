"""Corrections in words: what an entry said just before, and what it says since; and which entries can be corrected."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from afterglow.chairside.commands import COMMANDS
from afterglow.chairside.events import ALARM_EVENTS, Event
from afterglow.chairside.state import SessionState, write_hour

# what is signed takes an addendum, what the program wrote nobody corrects
NEVER_CORRECTED = frozenset(
    {
        *ALARM_EVENTS,
        "alarm-acknowledged",
        "alarm-silenced",
        "session-opened",
        "order-signed",
        "time-out-signed",
        "release-signed",
        "rule-overridden",
        "record-closed",
        "order-cosigned",
        "nurse-assigned",
        "handover-offered",
        "handover-accepted",
        "handover-withdrawn",
        "handover-declined",
        "emergency-recorded",
        "entry-corrected",
        "entry-withdrawn",
        "addendum-added",
        "ticked",
    }
)
COMMAND_OF: Mapping[str, str] = {each.event: each.name for each in COMMANDS.values()}
_LABELS = {
    "heart_rate": "HR",
    "spo2": "SpO2",
    "resp_rate": "RR",
    "moaas": "MOAA/S",
    "weight_kg": "weight",
    "occurred_at": "time",
}
_SCALES = {"cadss6": "CADSS-6", "moaas": "MOAA/S", "aldrete": "Aldrete", "padss": "PADSS", "nrs-pain": "pain"}
_NONE = "none"


def find_correctable(state: SessionState, seq: int) -> Event | None:
    """Return an entry as it stands, when it can be corrected: neither signed, nor taken back, nor the program's own."""
    target = state.find_seq(seq)
    if target is None or target.type in NEVER_CORRECTED or state.is_closed:
        return None
    signed = {int(event.data["order"]) for event in state.list("order-cosigned")}
    if seq in signed:
        return None
    return next((each for each in state.effective.get(target.type, ()) if each.seq == seq), None)


def describe_correction(state: SessionState, event: Event) -> str:
    """Return a correction in words, each value from what it was to what it is."""
    seq = int(event.data["seq"])
    changes, before = event.data.get("data") or {}, _find_before(state, seq, event.seq)
    words = f"Correction of entry {seq}"
    if not changes or before is None:
        return words
    declared = [spec.name for spec in COMMANDS[COMMAND_OF[before.type]].fields] + ["occurred_at"]
    parts = [_describe_change(state, before, name, changes[name]) for name in declared if name in changes]
    return f"{words}: {', '.join(parts)}" if parts else words


def _find_before(state: SessionState, seq: int, until: int) -> Event | None:
    """Return an entry as it stood before the correction of that number."""
    entry = state.find_seq(seq)
    if entry is None or entry.type not in COMMAND_OF:
        return None
    for each in state.events[seq : until - 1]:
        if each.type == "entry-corrected" and int(each.data["seq"]) == seq:
            changes = dict(each.data.get("data") or {})
            moved = changes.pop("occurred_at", None)
            at = datetime.fromisoformat(moved) if moved else entry.occurred_at
            entry = replace(entry, data={**entry.data, **changes}, occurred_at=at)
    return entry


def _describe_change(state: SessionState, before: Event, name: str, value: Any) -> str:
    label = _LABELS.get(name, name.replace("_", " "))
    if name == "occurred_at":
        was = write_hour(state, before.occurred_at, seconds=True)
        return f"{label} {was} → {write_hour(state, datetime.fromisoformat(str(value)), seconds=True)}"
    if name == "total":
        scale = str(before.data.get("scale") or "")
        label = _SCALES.get(scale, scale.upper())
    # words are kept apart from the record, answers are many: that they changed is said here, what they are elsewhere
    if isinstance(value, Mapping) or isinstance(before.data.get(name), Mapping):
        return f"{label} corrected"
    return f"{label} {_write(before.data.get(name))} → {_write(value)}"


def _write(value: Any) -> str:
    if value is None or value == "":
        return _NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or _NONE
    return str(value)
