"""Readings as they stand: every value of a vital or scale with time and origin, and the baseline before the dose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from afterglow.chairside.dosing import find_start
from afterglow.chairside.state import SessionState

UNITS = {
    "bp": "mm[Hg]",
    "heart_rate": "/min",
    "spo2": "%",
    "resp_rate": "/min",
    "sedation": "{score}",
    "cadss6": "{score}",
    "temperature": "Cel",
    "oxygen": "L/min",
    "nausea": "",
    "pain": "{score}",
    "aldrete": "{score}",
    "padss": "{score}",
}
_VITALS = {
    "heart_rate": "heart_rate",
    "spo2": "spo2",
    "resp_rate": "resp_rate",
    "temperature": "temperature_cel",
    "oxygen": "oxygen_l_per_min",
    "sedation": "moaas",
}
_SCALES = {"sedation": "moaas", "cadss6": "cadss6", "pain": "nrs-pain", "aldrete": "aldrete", "padss": "padss"}
# how due items and rules name a reading
ALIASES = {"moaas": "sedation"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One value: a decimal, a pressure as systolic and diastolic, or a level in words."""

    value: Any
    at: datetime
    origin: str
    seq: int


def list_readings(state: SessionState, key: str) -> list[Reading]:
    """Return the readings of a key in order of occurrence."""
    found: list[Reading] = state.derive(("readings", key), lambda: _collect_readings(state, key))
    return found


def _collect_readings(state: SessionState, key: str) -> list[Reading]:
    key = ALIASES.get(key, key)
    found: list[Reading] = []
    for event in state.effective.get("vitals-recorded", ()):
        value = _read_vitals(event.data, key)
        if value is not None:
            found.append(Reading(value, event.occurred_at, str(event.data.get("origin") or "manual"), event.seq))
    scale = _SCALES.get(key)
    if scale is not None:
        for event in state.effective.get("score-recorded", ()):
            if event.data.get("scale") == scale and event.data.get("total") is not None:
                found.append(Reading(Decimal(str(event.data["total"])), event.occurred_at, "manual", event.seq))
    if key == "nausea":
        for event in state.effective.get("symptom-recorded", ()):
            if event.data.get("kind") == "nausea":
                found.append(Reading(event.data["level"], event.occurred_at, "manual", event.seq))
    return sorted(found, key=lambda reading: (reading.at, reading.seq))


def _read_vitals(data: Mapping[str, Any], key: str) -> Any:
    if key == "bp":
        if data.get("systolic") is None or data.get("diastolic") is None:
            return None
        return {"systolic": int(data["systolic"]), "diastolic": int(data["diastolic"])}
    name = _VITALS.get(key)
    value = data.get(name) if name else None
    return None if value is None else Decimal(str(value))


def find_latest(state: SessionState, key: str) -> Reading | None:
    """Return the latest reading of a key by occurrence, or None."""
    found = list_readings(state, key)
    return found[-1] if found else None


def find_baseline(state: SessionState, key: str) -> Reading | None:
    """Return the last reading at or before the first drug, or None; before the dose there is no baseline yet."""
    started = find_start(state)
    if started is None:
        return None
    before = [reading for reading in list_readings(state, key) if reading.at <= started]
    return before[-1] if before else None


def find_symptoms(state: SessionState) -> dict[str, str]:
    """Return the latest level of each symptom that was asked or seen."""
    return {event.data["kind"]: event.data["level"] for event in state.list("symptom-recorded")}


def measure_lost_seconds(state: SessionState, now: datetime) -> float | None:
    """Return for how long the SpO2 signal has been reported lost with no reading since, or None."""
    lost_since: datetime | None = None
    for event in state.list("vitals-recorded"):
        if event.data.get("spo2") is not None:
            lost_since = None
        elif event.data.get("spo2_lost") and lost_since is None:
            lost_since = event.occurred_at
    return None if lost_since is None else (now - lost_since).total_seconds()
