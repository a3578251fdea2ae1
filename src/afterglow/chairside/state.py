"""The state of a session: its entries as they stand after corrections, found quickly by type.

`evolve` is total: it takes every event that `decide` can write, and never judges.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.chairside.events import Event

_NOTHING: Mapping[str, tuple[Event, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SessionState:
    """Everything that happened so far.

    `events` holds every event as it was recorded; `effective` the same by type, with corrections applied and withdrawn
    entries left out; `corrected` maps a corrected or withdrawn entry to the event that did it.
    """

    last_seq: int = 0
    last_recorded_at: datetime | None = None
    events: tuple[Event, ...] = ()
    effective: Mapping[str, tuple[Event, ...]] = field(default_factory=lambda: _NOTHING)
    corrected: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    # what was derived from this very state, so that nothing is worked out twice; it never outlives the state
    memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def derive(self, key: Any, work_out: Callable[[], Any]) -> Any:
        """Return what `work_out` derives from this state, worked out once; `key` names everything it depends on."""
        if key not in self.memo:
            self.memo[key] = work_out()
        return self.memo[key]

    def list(self, *types: str) -> tuple[Event, ...]:
        """Return the effective entries of some types, in the order in which they occurred."""
        if len(types) == 1:
            found: Iterable[Event] = self.effective.get(types[0], ())
        else:
            found = [event for each in types for event in self.effective.get(each, ())]
        return tuple(sorted(found, key=_occurrence))

    def find_last(self, *types: str) -> Event | None:
        """Return the entry of some types that occurred last, or None."""
        found = [event for each in types for event in self.effective.get(each, ())]
        return max(found, key=_occurrence) if found else None

    def find_first(self, *types: str) -> Event | None:
        """Return the entry of some types that occurred first, or None."""
        found = [event for each in types for event in self.effective.get(each, ())]
        return min(found, key=_occurrence) if found else None

    def has(self, *types: str) -> bool:
        """Return whether there is an entry of any of these types."""
        return any(self.effective.get(each) for each in types)

    def find_seq(self, seq: int) -> Event | None:
        """Return the event of that number as it was recorded, or None."""
        return self.events[seq - 1] if 1 <= seq <= len(self.events) else None

    @property
    def header(self) -> Mapping[str, Any]:
        """What was known when the session was opened."""
        opened = self.effective.get("session-opened")
        return opened[-1].data if opened else {}

    @property
    def opened_at(self) -> datetime | None:
        """When the session was opened."""
        opened = self.effective.get("session-opened")
        return opened[-1].occurred_at if opened else None

    @property
    def is_closed(self) -> bool:
        """Whether the record was signed and closed."""
        return self.has("record-closed")


EMPTY = SessionState()


def write_hour(state: SessionState, at: datetime, *, seconds: bool = False) -> str:
    """Return an instant as the clinic's clock shows it."""
    local = at.astimezone(ZoneInfo(str(state.header.get("timezone") or "UTC")))
    return f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"


def evolve(state: SessionState, event: Event) -> SessionState:
    """Return the state after an event."""
    effective, corrected = dict(state.effective), state.corrected
    if event.type == "entry-corrected" and "data" in event.data:
        _apply_correction(effective, event, state)
    if event.type == "entry-withdrawn":
        _take_out(effective, int(event.data["seq"]))
    if event.type in ("entry-corrected", "entry-withdrawn"):
        corrected = MappingProxyType({**corrected, int(event.data["seq"]): event.seq})
    effective[event.type] = (*effective.get(event.type, ()), event)
    return SessionState(
        last_seq=event.seq,
        last_recorded_at=event.recorded_at,
        events=(*state.events, event),
        effective=MappingProxyType(effective),
        corrected=corrected,
    )


def fold(events: Iterable[Event], state: SessionState = EMPTY) -> SessionState:
    """Return the state after many events."""
    for event in events:
        state = evolve(state, event)
    return state


def _apply_correction(effective: dict[str, tuple[Event, ...]], event: Event, state: SessionState) -> None:
    """Put the corrected values in the place of the old ones; the old event itself stays in `events`."""
    target = state.find_seq(int(event.data["seq"]))
    if target is None:
        return
    changes = dict(event.data["data"])
    changes.pop("occurred_at", None)
    present = effective.get(target.type, ())
    effective[target.type] = tuple(
        replace(each, data={**each.data, **changes}, occurred_at=_moved(event, each))
        if each.seq == target.seq
        else each
        for each in present
    )


def _moved(event: Event, each: Event) -> datetime:
    moved = event.data["data"].get("occurred_at")
    return datetime.fromisoformat(moved) if moved else each.occurred_at


def _take_out(effective: dict[str, tuple[Event, ...]], seq: int) -> None:
    for event_type, present in effective.items():
        if any(each.seq == seq for each in present):
            effective[event_type] = tuple(each for each in present if each.seq != seq)
            return


def _occurrence(event: Event) -> tuple[datetime, int]:
    return event.occurred_at, event.seq
