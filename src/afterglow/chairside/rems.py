"""The monitoring form of the REMS: which of its fields the session can fill already, and which are missing."""

from collections.abc import Mapping
from typing import Any

from afterglow.chairside.due import list_due
from afterglow.chairside.readings import find_baseline, list_readings
from afterglow.chairside.state import SessionState
from afterglow.protocols.model import Protocol


def list_missing_fields(state: SessionState, protocol: Protocol, now: Any) -> list[dict[str, Any]]:
    """Return the required fields of the form that nothing recorded so far fills."""
    known = state.header.get("rems") or {}
    return [
        {"id": field["id"], "title": field["title"], "section": field["section"]}
        for field in protocol.rems_fields
        if field.get("required") and not known.get(field["id"]) and not _is_filled(state, protocol, field, now)
    ]


def _is_filled(state: SessionState, protocol: Protocol, field: Mapping[str, Any], now: Any) -> bool:
    origin = field["from"]
    event, key = str(origin["event"]), str(origin["key"])
    if event == "check-recorded":
        return _is_check_filled(state, key)
    if event == "device-given":
        return state.has("device-given")
    if event == "released":
        return state.has("release-signed", "patient-left", "ending-recorded")
    if event == "release-signed":
        return state.has("release-signed")
    if event == "vitals-recorded":
        return _is_vitals_filled(state, protocol, key, now)
    if event == "score-recorded":
        scale = key.split(".", maxsplit=1)[0]
        return bool(list_readings(state, scale)) and state.has("device-given")
    if event == "adverse-event-recorded":
        return state.has("release-signed", "adverse-event-recorded")
    if event == "session":
        return state.header.get("is_first") is not None
    return False


def _is_check_filled(state: SessionState, key: str) -> bool:
    check_id = key.split(".", maxsplit=1)[0]
    return any(event.data["check"] == check_id for event in state.effective.get("check-recorded", ()))


def _is_vitals_filled(state: SessionState, protocol: Protocol, key: str, now: Any) -> bool:
    if key.startswith("baseline."):
        return find_baseline(state, "bp") is not None
    if key.startswith("due."):
        wanted = key.removeprefix("due.")
        return any(due.id.startswith(f"{wanted}:done") and "bp" in due.items for due in list_due(state, protocol, now))
    if key.startswith("spo2."):
        return bool(list_readings(state, "spo2"))
    last = state.find_last("device-given")
    return last is not None and any(reading.at > last.occurred_at for reading in list_readings(state, "bp"))
