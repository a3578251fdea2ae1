"""What the protocol asks, and when: readings at intervals and at set times, and what passed without one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from afterglow.chairside.dosing import find_phase
from afterglow.chairside.intervals import (
    WATCHED,
    find_anchor,
    is_asked_in,
    list_missed_times,
    list_waits,
    list_watches,
)
from afterglow.chairside.readings import ALIASES, list_readings
from afterglow.chairside.state import SessionState
from afterglow.protocols.model import DueItem, Protocol

LABELS = {
    "bp": "BP",
    "heart_rate": "heart rate",
    "spo2": "SpO2",
    "resp_rate": "RR",
    "sedation": "MOAA/S",
    "cadss6": "CADSS-6",
    "nausea": "nausea",
}
SCORES = frozenset({"cadss6"})
DEFAULT_WINDOW_MIN, SHORTEST_WINDOW_MIN = 5.0, 1.0


@dataclass(frozen=True, slots=True)
class Due:
    """One thing asked at one time. `state` is later, due, overdue, done or missed."""

    id: str
    items: tuple[str, ...]
    due_at: datetime
    opens_at: datetime
    closes_at: datetime
    state: str
    text: str
    ratio: float = 0.0


def list_due(state: SessionState, protocol: Protocol, now: datetime) -> list[Due]:
    """Return everything the protocol asks of readings, by time: what was missed, is due, comes later."""
    at, found = state.memo.get("due", (None, None))
    if at != (now, protocol.content_hash):
        found = _collect_due(state, protocol, now)
        state.memo["due"] = ((now, protocol.content_hash), found)  # of the last instant only: time does not add up here
    return list(found)


def _collect_due(state: SessionState, protocol: Protocol, now: datetime) -> list[Due]:
    found = _list_repeating(state, protocol, now)
    for item in protocol.due:
        anchor = find_anchor(state, protocol, item.anchor)
        if anchor is not None and item.at_min is not None and item.every_min is None:
            found += _list_single(state, item, anchor, now)
    return sorted(found, key=lambda due: (due.due_at, due.id))


def measure_overdue_ratios(state: SessionState, protocol: Protocol, now: datetime) -> dict[str, float]:
    """Return for each reading that is waited for how many intervals have passed since the last one.

    A reading asked once, at a set time, counts 1 at that time and 1.5 when its window closes.
    """
    ratios: dict[str, float] = {}
    for wait in list_waits(state, protocol, now):
        ratios[wait.name] = max(ratios.get(wait.name, 0.0), wait.measure_ratio(now))
    for name, ratio in _measure_set_times(state, protocol, now):
        ratios[name] = max(ratios.get(name, 0.0), ratio)
    return {name: ratio for name, ratio in ratios.items() if ratio}


def _measure_set_times(state: SessionState, protocol: Protocol, now: datetime) -> Iterator[tuple[str, float]]:
    """Yield how late each reading of a set time is: until one of its kind comes, or what asks for it is over."""
    phase = find_phase(state, protocol)
    if phase not in WATCHED:
        return
    for item in protocol.due:
        anchor = find_anchor(state, protocol, item.anchor)
        if anchor is None or item.at_min is None or item.every_min is not None or not is_asked_in(item, phase):
            continue
        at, window = _find_set_time(item, anchor)
        for name in (ALIASES.get(raw, raw) for raw in item.items):
            if now >= at and not any(at - window <= reading.at <= now for reading in list_readings(state, name)):
                yield name, 1 + (now - at) / (2 * window)


def _list_repeating(state: SessionState, protocol: Protocol, now: datetime) -> list[Due]:
    """Return the readings asked at intervals: those that did not come in time, and the next time each is asked."""
    found: list[Due] = []
    waits = {(id(wait.watch), wait.name): wait for wait in list_waits(state, protocol, now)}
    for watch in list_watches(state, protocol):
        groups: dict[tuple[datetime, str, timedelta], list[tuple[str, float]]] = {}
        for name in watch.names:
            wait = waits.get((id(watch), name))
            for at in list_missed_times(state, protocol, watch, name, now, is_waiting=wait is not None):
                groups.setdefault((at, "missed", watch.grace - watch.every), []).append((name, 0.0))
            if wait is not None:
                ratio, first = wait.measure_ratio(now), wait.first
                key = (first.due_at, "overdue" if ratio > 1 else "later", first.grace - first.every)
                groups.setdefault(key, []).append((name, ratio))
        found += [_build_due(watch.item, *key, names) for key, names in groups.items()]
    return found


def _build_due(item: DueItem, at: datetime, kind: str, wait: timedelta, names: list[tuple[str, float]]) -> Due:
    """Return one row of readings that are asked together."""
    asked = tuple(name for name, _ in names)
    identity = f"{item.id}:{kind}:{'+'.join(sorted(asked))}:{at.hour:02}{at.minute:02}{at.second:02}"
    return Due(identity, asked, at, at, at + wait, kind, describe_items(asked), max(ratio for _, ratio in names))


def _list_single(state: SessionState, item: DueItem, anchor: datetime, now: datetime) -> list[Due]:
    """Return for an item asked once whether it is coming, due, done or missed, by those readings that are absent."""
    at, window = _find_set_time(item, anchor)
    opens, closes = at - window, at + window
    is_over = state.has("patient-left", "ending-recorded")
    absent: list[str] = []
    present: list[str] = []
    for raw in item.items:
        name = ALIASES.get(raw, raw)
        taken = any(opens <= reading.at <= closes for reading in list_readings(state, name))
        (present if taken else absent).append(name)
    rows = []
    if present:
        rows.append(
            Due(
                f"{item.id}:done",
                tuple(present),
                at,
                opens,
                closes,
                "done",
                item.text or describe_items(tuple(present)),
            )
        )
    if absent:
        if now > closes or is_over:
            kind = "missed"
        elif now >= at:
            kind = "overdue"
        else:
            kind = "due" if now >= opens else "later"
        rows.append(Due(item.id, tuple(absent), at, opens, closes, kind, item.text or describe_items(tuple(absent))))
    return rows


def _find_set_time(item: DueItem, anchor: datetime) -> tuple[datetime, timedelta]:
    """Return when an item asked once is due, and how long before and after that it may be taken."""
    at = anchor + timedelta(minutes=float(item.at_min.value)) if item.at_min else anchor
    minutes = float(item.window_min.value) if item.window_min else DEFAULT_WINDOW_MIN
    return at, timedelta(minutes=max(minutes, SHORTEST_WINDOW_MIN))


@lru_cache(1024)
def describe_items(names: tuple[str, ...]) -> str:
    """Return the names of readings as a nurse reads them."""
    if {"bp", "heart_rate", "spo2"} <= set(names):
        rest = [LABELS.get(name, name) for name in names if name not in ("bp", "heart_rate", "spo2")]
        return ", ".join(["Vitals", *rest])
    words = ", ".join(LABELS.get(name, name) for name in names)
    return words[:1].upper() + words[1:]


def name_command(names: tuple[str, ...]) -> str:
    """Return the command that answers a due item."""
    return "record-score" if set(names) <= SCORES else "record-vitals"


def to_ratio_fact(name: str) -> str:
    """Return the fact by which rules read how overdue a reading is."""
    return f"overdue.{'moaas' if name == 'sedation' else name}_ratio"


def to_fact_number(ratio: float) -> Decimal:
    """Return a ratio as an exact number of hundredths, so that a rule compares what a person could read."""
    return Decimal(str(ratio)).quantize(Decimal("0.01"))
