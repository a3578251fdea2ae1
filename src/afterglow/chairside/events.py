"""Events: what a session is made of. Each carries type and version; old versions are read through upcasters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from afterglow.chairside.commands import COMMANDS
from afterglow.terms import InvalidInput, build_error, parse_instant, render_instant

ALARM_EVENTS = ("alarm-raised", "alarm-escalated", "alarm-silence-ended", "alarm-cleared")
EVENT_TYPES = frozenset(each.event for each in COMMANDS.values() if each.name != "tick") | frozenset(ALARM_EVENTS)
CURRENT_VERSIONS: Mapping[str, int] = {"vitals-recorded": 2}


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `seq` numbers the session's events from 1; `second` is who signed beside `by`, or empty."""

    type: str
    version: int
    occurred_at: datetime
    recorded_at: datetime
    by: str
    data: Mapping[str, Any]
    seq: int = 0
    second: str = ""


def get_version(event_type: str) -> int:
    """Return the version in which events of a type are written now."""
    return CURRENT_VERSIONS.get(event_type, 1)


def render_event(event: Event) -> dict[str, Any]:
    """Return an event as JSON-able data; `parse_event` is the inverse."""
    content: dict[str, Any] = {
        "seq": event.seq,
        "type": event.type,
        "version": event.version,
        "occurred_at": render_instant(event.occurred_at),
        "recorded_at": render_instant(event.recorded_at),
        "by": event.by,
        "data": dict(event.data),
    }
    if event.second:
        content["second"] = event.second
    return content


def parse_event(content: Mapping[str, Any], path: str = "event") -> Event:
    """Return the event written in `content`, brought up to the version that is written now.

    Raises
    ------
    InvalidInput
        It is no event, its type or version is unknown, or an instant lacks its zone.
    """
    if not isinstance(content, Mapping):
        raise InvalidInput([build_error(path, "event-malformed", str(content)[:40], "an object", "not an event")])
    event_type, version = content.get("type"), content.get("version")
    newest = _find_newest(event_type, version, path)
    data, by, seq = content.get("data"), content.get("by"), content.get("seq", 0)
    if not isinstance(data, Mapping) or not isinstance(by, str) or not isinstance(seq, int):
        message = "an event needs data, by and a whole seq"
        raise InvalidInput([build_error(path, "event-malformed", None, "data, by, seq", message)])
    return Event(
        type=str(event_type),
        version=newest,
        occurred_at=parse_instant(str(content.get("occurred_at")), f"{path}.occurred_at"),
        recorded_at=parse_instant(str(content.get("recorded_at")), f"{path}.recorded_at"),
        by=by,
        data=upcast(str(event_type), int(version or 0), data),
        seq=seq,
        second=str(content.get("second") or ""),
    )


def restore_event(event: Event) -> Event:
    """Return an event as it was stored, whose instants are known already, in the version that is written now.

    Raises
    ------
    InvalidInput
        Its type or version is unknown.
    """
    newest = _find_newest(event.type, event.version, "event")
    return (
        event
        if event.version == newest
        else replace(event, version=newest, data=upcast(event.type, event.version, event.data))
    )


def _find_newest(event_type: Any, version: Any, path: str) -> int:
    """Return the version in which a type is written now; refuse a type or a version that is not known."""
    if event_type not in EVENT_TYPES:
        message = f"there is no event type {event_type!r}"
        raise InvalidInput(
            [build_error(f"{path}.type", "event-unknown", str(event_type)[:80], "a known type", message)]
        )
    newest = get_version(str(event_type))
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= newest:
        message = f"{event_type} has no version {version!r}"
        raise InvalidInput(
            [build_error(f"{path}.version", "event-version-unknown", str(version)[:40], f"1 to {newest}", message)]
        )
    return newest


def upcast(event_type: str, version: int, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data of an old version in the form that is written now."""
    for step in range(version, get_version(event_type)):
        data = _UPCASTERS[event_type, step](data)
    return data


def _name_oxygen_unit(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Version 1 of vitals wrote `oxygen` and `temperature` without their units in the name."""
    renamed = {"oxygen": "oxygen_l_per_min", "temperature": "temperature_cel"}
    return {renamed.get(name, name): value for name, value in data.items()}


_UPCASTERS: Mapping[tuple[str, int], Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
    ("vitals-recorded", 1): _name_oxygen_unit,
}
