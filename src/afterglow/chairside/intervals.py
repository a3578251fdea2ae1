"""Readings asked at intervals: when each item of the protocol asks, and since when a reading has been waited for.

A schedule that takes the place of another takes over what was waited for: only a reading ends that, or the stay itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from afterglow.chairside.dosing import (
    find_end,
    find_last_device_at,
    find_phase,
    find_start,
    list_devices,
    list_rescues,
)
from afterglow.chairside.readings import ALIASES, list_readings
from afterglow.chairside.state import SessionState
from afterglow.protocols.model import DueItem, Protocol

WATCHED = ("dosing", "paused", "observing")
LONGEST_GAP = timedelta(days=1)
_ALWAYS, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Watch:
    """A stretch of time in which an item asks for readings at an interval, and when the stay around it is over.

    What still goes on ends far off.
    """

    item: DueItem
    names: tuple[str, ...]
    every: timedelta
    grace: timedelta
    begin: datetime
    until: datetime
    over: datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """What a reading is waited for by: the interval, how long it may pass, and what it is counted from."""

    since: datetime
    every: timedelta
    grace: timedelta

    @property
    def due_at(self) -> datetime:
        """When the reading is asked."""
        return self.since + self.every


@dataclass(frozen=True, slots=True)
class Wait:
    """A reading that is waited for now: by which stretch, and by which clocks."""

    watch: Watch
    name: str
    clocks: tuple[Clock, ...]

    @property
    def first(self) -> Clock:
        """The clock by which it was asked first."""
        return min(self.clocks, key=lambda clock: clock.due_at)

    def measure_ratio(self, now: datetime) -> float:
        """Return how many intervals have passed."""
        return max((now - clock.since) / clock.every for clock in self.clocks)


def find_anchor(state: SessionState, protocol: Protocol, anchor: str) -> datetime | None:
    """Return the instant an item counts from, or None while it has not come."""
    if anchor == "start":
        return find_start(state)
    if anchor == "end":
        return find_end(state, protocol)
    if anchor == "last-device":
        return find_last_device_at(state)
    if anchor == "first-device":
        used = list_devices(state)
        return used[0].occurred_at if used else None
    return state.opened_at


def is_asked_in(item: DueItem, phase: str) -> bool:
    """Return whether an item asks in a phase; a pause is a part of giving, whatever the route."""
    return phase in item.phases or (phase == "paused" and "dosing" in item.phases)


def list_watches(state: SessionState, protocol: Protocol) -> tuple[Watch, ...]:
    """Return the stretches in which the protocol asks for readings at intervals, whatever the hour is now."""
    found: tuple[Watch, ...] = state.derive(("watches", protocol.content_hash), lambda: _collect(state, protocol))
    return found


def _collect(state: SessionState, protocol: Protocol) -> tuple[Watch, ...]:
    started, ended = find_start(state), find_end(state, protocol)
    if started is None:
        return ()
    found = []
    for item in protocol.due:
        anchor = find_anchor(state, protocol, item.anchor)
        if item.every_min is None or anchor is None:
            continue
        begin, until = max(anchor + _minutes(item.from_min), started), _NEVER
        if "dosing" not in item.phases and "paused" not in item.phases:
            begin = max(begin, started if ended is None else ended)
        if "observing" not in item.phases and ended is not None:
            until = ended
        if item.until_min is not None:
            until = min(until, anchor + _minutes(item.until_min))
        every, names = _minutes(item.every_min), tuple(ALIASES.get(name, name) for name in item.items)
        grace = every * float(item.grace_factor)
        for since, over in _list_stays(state, protocol):
            if max(begin, since) <= min(until, over):
                found.append(Watch(item, names, every, grace, max(begin, since), min(until, over), over))
    return tuple(found)


def _minutes(value: object) -> timedelta:
    return timedelta(minutes=float(getattr(value, "value", 0)))


def _list_stays(state: SessionState, protocol: Protocol) -> list[tuple[datetime, datetime]]:
    """Return from when until when somebody is here to be watched: until the release, and again from a rescue drug on
    that undoes it.
    """
    over = state.find_first("patient-left", "ending-recorded", "session-cancelled")
    last = _NEVER if over is None else over.occurred_at
    releases = sorted(state.list("release-signed"), key=lambda event: event.seq)
    rescues = list_rescues(state, frozenset(protocol.setting("rescue.classes"))) if releases else []
    stays: list[tuple[datetime, datetime]] = []
    since, reopened = _ALWAYS, 0
    for release in releases:
        if release.seq < reopened:
            continue
        later = [event for event in rescues if event.seq > release.seq]
        if not later:
            return [*stays, (since, min(release.occurred_at, last))]
        undone = min(later, key=lambda event: event.seq)
        reopened = undone.seq
        # a drug that was given before the release, and entered after it, leaves no time without a watch
        if undone.occurred_at > release.occurred_at:
            stays.append((since, min(release.occurred_at, last)))
            since = undone.occurred_at
    return [*stays, (since, last)]


def list_waits(state: SessionState, protocol: Protocol, now: datetime) -> list[Wait]:
    """Return the readings waited for now: each that a stretch asks for, and each that one left late when it ended."""
    phase, watches = find_phase(state, protocol), list_watches(state, protocol)
    if phase not in WATCHED:
        return []
    found = []
    for watch in watches:
        for name in watch.names:
            clocks = _list_waiting(state, watch, watches, name, now, is_asked=is_asked_in(watch.item, phase))
            if clocks:
                found.append(Wait(watch, name, tuple(clocks)))
    return found


def _list_waiting(
    state: SessionState, watch: Watch, watches: tuple[Watch, ...], name: str, now: datetime, *, is_asked: bool
) -> list[Clock]:
    times = [reading.at for reading in list_readings(state, name) if reading.at <= now]
    if watch.begin <= now < watch.until:
        return _list_clocks(watch, watches, name, times, now) if is_asked else []
    is_handed_over = any(watch is former for each in watches for former in _list_former(each, watches, name))
    if not watch.until <= now < watch.over or is_handed_over or any(at > watch.until for at in times):
        return []
    return [clock for clock in _list_clocks(watch, watches, name, times, watch.until) if clock.due_at < watch.until]


def _list_clocks(watch: Watch, watches: Iterable[Watch], name: str, times: list[datetime], at: datetime) -> list[Clock]:
    taken = [each for each in times if watch.begin < each <= at]
    if taken:
        return [Clock(taken[-1], watch.every, watch.grace)]
    before = [
        clock
        for former in _list_former(watch, watches, name)
        for clock in _list_clocks(former, watches, name, times, watch.begin)
    ]
    if not before:
        return [Clock(watch.begin, watch.every, watch.grace)]
    late = [clock for clock in before if clock.due_at < watch.begin]
    newest = max(clock.since for clock in before)
    # a shorter interval than before asks at once, and is not late already
    return [*late, Clock(max(newest, watch.begin - watch.every), watch.every, watch.grace)]


def _list_former(watch: Watch, watches: Iterable[Watch], name: str) -> list[Watch]:
    return [each for each in watches if name in each.names and each.begin < watch.begin <= each.until]


def find_age_limit(state: SessionState, protocol: Protocol, name: str, now: datetime) -> timedelta | None:
    """Return after how long a reading is too old to trust, by the shortest interval that waits for it, or None."""
    waits = [wait for wait in list_waits(state, protocol, now) if wait.name == name]
    return min((clock.grace for wait in waits for clock in wait.clocks), default=None)


def list_missed_times(
    state: SessionState, protocol: Protocol, watch: Watch, name: str, now: datetime, *, is_waiting: bool
) -> list[datetime]:
    """Return when a reading was asked in a stretch and did not come in time, less the one that is still waited for."""
    times = [reading.at for reading in list_readings(state, name) if reading.at <= now]
    until = min(watch.until, now)
    missed, _last = _walk(watch, list_watches(state, protocol), name, times, until)
    if not missed or not is_waiting or any(at > missed[-1] for at in times):
        return missed
    return missed[:-1] if missed[-1] + watch.every >= until else missed


def _walk(
    watch: Watch, watches: Iterable[Watch], name: str, times: list[datetime], until: datetime
) -> tuple[list[datetime], datetime]:
    """Return the times that passed without a reading, and what the next one counts from."""
    last, missed = _find_first(watch, watches, name, times), []
    for at in [*(each for each in times if watch.begin < each <= until), None]:
        # a session that nobody ended: a gap is told by its first day, not by every interval of a month
        limit = min(until if at is None else at, last + LONGEST_GAP)
        while last + watch.grace < limit:
            last += watch.every
            missed.append(last)
        if at is not None:
            last = at
    return missed, last


def _find_first(watch: Watch, watches: Iterable[Watch], name: str, times: list[datetime]) -> datetime:
    """Return what the first reading of a stretch counts from: its begin, or what the schedule before it waited for."""
    found = []
    for former in _list_former(watch, watches, name):
        _missed, last = _walk(former, watches, name, times, watch.begin)
        asked = last + former.every
        found.append((asked if asked < watch.begin else max(last + watch.every, watch.begin)) - watch.every)
    return min(found, default=watch.begin)
