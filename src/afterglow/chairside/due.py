"""What the protocol asks, and when: readings at intervals and at set times, and what passed without one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from afterglow.chairside.dosing import (
    find_end,
    find_last_device_at,
    find_phase,
    find_start,
    list_devices,
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
LONGEST_GAP = timedelta(days=1)


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
    found: list[Due] = []
    for item in protocol.due:
        anchor = find_anchor(state, protocol, item.anchor)
        if anchor is None:
            continue
        if item.every_min is not None:
            found += _list_repeating(state, protocol, item, anchor, now)
        elif item.at_min is not None:
            found += _list_single(state, item, anchor, now)
    return sorted(found, key=lambda due: (due.due_at, due.id))


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


def measure_overdue_ratios(state: SessionState, protocol: Protocol, now: datetime) -> dict[str, float]:
    """Return for each repeating reading how many intervals have passed since the last one."""
    ratios: dict[str, float] = {}
    for due in list_due(state, protocol, now):
        if due.state in ("due", "overdue", "later") and due.ratio:
            for name in due.items:
                ratios[name] = max(ratios.get(name, 0.0), due.ratio)
    return ratios


def _list_repeating(
    state: SessionState, protocol: Protocol, item: DueItem, anchor: datetime, now: datetime
) -> list[Due]:
    """Return for a repeating item the gaps that passed without a reading, and the next time it is asked."""
    every = timedelta(minutes=float(item.every_min.value)) if item.every_min else timedelta(0)
    begin = anchor + timedelta(minutes=float(item.from_min.value)) if item.from_min else anchor
    begin = max(begin, _find_phase_begin(state, protocol, item))
    until = _find_phase_end(state, protocol, item, anchor, now)
    is_active = find_phase(state, protocol) in item.phases and begin <= now and until >= now
    grace = every * float(item.grace_factor)
    groups: dict[tuple[datetime, str], list[tuple[str, float]]] = {}
    for name in item.items:
        name = ALIASES.get(name, name)
        times = [reading.at for reading in list_readings(state, name) if reading.at <= now]
        last = max([begin, *(at for at in times if at <= begin and begin - at < every)])
        for at in [*(at for at in times if begin < at <= until), None]:
            # a session that nobody ended: a gap is told by its first day, not by every interval of a month
            limit = min(min(until, now) if at is None else at, last + LONGEST_GAP)
            while last + grace < limit:
                last += every
                if at is not None or last + every < limit or not is_active:
                    groups.setdefault((last, "missed"), []).append((name, 0.0))
            if at is not None:
                last = at
        if is_active:
            recent = max([begin, *times])
            ratio = (now - recent) / every
            kind = "overdue" if ratio > 1 else "later"
            groups.setdefault((recent + every, kind), []).append((name, ratio))
    return [
        Due(
            f"{item.id}:{kind}:{'+'.join(sorted(name for name, _ in names))}:{at.hour:02}{at.minute:02}{at.second:02}",
            tuple(name for name, _ in names),
            at,
            at,
            at + grace - every,
            kind,
            describe_items(tuple(name for name, _ in names)),
            max(ratio for _, ratio in names),
        )
        for (at, kind), names in groups.items()
    ]


def _find_phase_begin(state: SessionState, protocol: Protocol, item: DueItem) -> datetime:
    started, ended = find_start(state), find_end(state, protocol)
    if "dosing" not in item.phases and "paused" not in item.phases and ended is not None:
        return ended
    return started or datetime.max.replace(tzinfo=state.last_recorded_at.tzinfo if state.last_recorded_at else None)


def _find_phase_end(
    state: SessionState, protocol: Protocol, item: DueItem, anchor: datetime, now: datetime
) -> datetime:
    """Return until when an item is asked: the end of its phases, or of its own window."""
    ends = [now]
    if item.until_min is not None:
        ends.append(anchor + timedelta(minutes=float(item.until_min.value)))
    ended = find_end(state, protocol)
    if "observing" not in item.phases and ended is not None:
        ends.append(ended)
    over = state.find_first("release-signed", "patient-left", "ending-recorded")
    if over is not None:
        ends.append(over.occurred_at)
    return min(ends)


def _list_single(state: SessionState, item: DueItem, anchor: datetime, now: datetime) -> list[Due]:
    """Return for an item asked once whether it is coming, due, done or missed, by those readings that are absent."""
    at = anchor + timedelta(minutes=float(item.at_min.value)) if item.at_min else anchor
    window = timedelta(minutes=float(item.window_min.value)) if item.window_min else timedelta(minutes=5)
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
