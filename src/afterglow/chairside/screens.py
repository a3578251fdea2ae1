"""What the suicide-risk screens of a session come to: the worst since the last assessment counts, never the last alone.

A screen counts as it was recorded. One that was corrected or taken back still waits for the assessment of what was
recorded first, and a correction that makes it worse counts from when it was made.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from afterglow.chairside.events import Event
from afterglow.chairside.state import SessionState
from afterglow.protocols.model import Protocol

SCREEN, ASSESSMENT = "suicide-screen-recorded", "suicide-assessment-recorded"
MAY_PROCEED = "may-proceed"


@dataclass(frozen=True, slots=True)
class Told:
    """One screen, or one correction of it, as it was recorded; None was not answered."""

    event: Event
    level: int | None
    behaviour: bool | None


@dataclass(frozen=True, slots=True)
class Screened:
    """The screens that count: those since the last assessment, or, where none came since, those it was about.

    `is_waiting` says that one of them is positive and nobody has assessed it; `outcome` is that of the last assessment.
    """

    told: tuple[Told, ...]
    last: Event | None
    outcome: str
    is_waiting: bool
    is_assessed: bool

    @property
    def level(self) -> int | None:
        """The highest level of ideation, or None where none was answered."""
        return max((each.level for each in self.told if each.level is not None), default=None)

    @property
    def behaviour(self) -> bool | None:
        """Whether behaviour was told in any of them, or None where nobody answered."""
        known = [each.behaviour for each in self.told if each.behaviour is not None]
        return any(known) if known else None

    @property
    def is_last_whole(self) -> bool:
        """Whether both questions of the last screen that stands were answered."""
        return self.last is not None and None not in (self.last.data.get("level"), self.last.data.get("behaviour"))


def find_screened(state: SessionState, protocol: Protocol) -> Screened:
    """Return what the screens of a session come to now."""
    limits = int(protocol.setting("suicide_screen.max_level")), bool(protocol.setting("suicide_screen.behaviour_stops"))
    found: Screened = state.derive(("screened", limits), lambda: _work_out(state, *limits))
    return found


def _work_out(state: SessionState, max_level: int, behaviour_stops: bool) -> Screened:
    standing = state.effective.get(SCREEN, ())
    since: list[Told] = []
    before: list[Told] = []
    outcome = ""
    for each in _list_in_order(state):
        if isinstance(each, Told):
            since.append(each)
            continue
        outcome = str(each.data["outcome"])
        if since:
            before, since = since, []
    counted = since or before
    return Screened(
        told=tuple(counted),
        last=standing[-1] if standing else None,
        outcome=outcome,
        is_waiting=any(is_positive(each, max_level, behaviour_stops) for each in since),
        is_assessed=bool(before) and not since and outcome == MAY_PROCEED,
    )


def is_positive(told: Told, max_level: int, behaviour_stops: bool) -> bool:
    """Return whether a screen holds the dose until it is assessed; what was not answered is asked again."""
    return (told.level is not None and told.level > max_level) or (behaviour_stops and bool(told.behaviour))


def list_told(state: SessionState) -> list[Told]:
    """Return every screen of a session and every correction of one, as recorded, in the order they were recorded."""
    return [each for each in _list_in_order(state) if isinstance(each, Told)]


def _list_in_order(state: SessionState) -> Iterator[Told | Event]:
    """Yield each screen and correction as told, and each assessment that stands, as they were recorded."""
    assessed = {event.seq: event for event in state.effective.get(ASSESSMENT, ())}
    known: dict[int, Mapping[str, Any]] = {}
    for event in state.events:
        if event.type == SCREEN:
            known[event.seq] = event.data
            yield _read(event, event.data)
        elif event.type == "entry-corrected" and "data" in event.data and int(event.data["seq"]) in known:
            seq = int(event.data["seq"])
            known[seq] = {**known[seq], **event.data["data"]}
            if event.data["data"].keys() & {"level", "behaviour"}:
                yield _read(event, known[seq])
        elif event.seq in assessed:
            yield assessed[event.seq]


def _read(event: Event, data: Mapping[str, Any]) -> Told:
    level, behaviour = data.get("level"), data.get("behaviour")
    return Told(event, None if level is None else int(level), None if behaviour is None else bool(behaviour))
