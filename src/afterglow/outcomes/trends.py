"""Trends over the sessions of a course (pressure, dissociation, dose, side effects) and of long-term safety values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import combinations, pairwise
from statistics import median

from afterglow.outcomes.catalogue import Watch, get_estimand, load_watches
from afterglow.outcomes.model import Course, CourseSession, Result
from afterglow.terms import Finding, Override, Severity


@dataclass(frozen=True, slots=True)
class SessionTrend:
    """One number over the sessions: each value or None, and the median slope per session."""

    name: str
    unit: str
    values: tuple[Decimal | None, ...]
    result: Result
    note: str = ""


@dataclass(frozen=True, slots=True)
class SideEffectCount:
    """In how many of the sessions that asked one side effect was reported, and whether the last one had it."""

    code: str
    reported: int
    asked: int
    not_asked: int
    was_in_last: bool | None
    result: Result


@dataclass(frozen=True, slots=True)
class LongTermTrend:
    """One long-term safety value: first, latest, worst, and the finding if it is past its limit."""

    watch: str
    topic: str
    first: Decimal | None
    latest: Decimal | None
    worst: Decimal | None
    latest_at: datetime | None
    is_rising: bool | None
    is_flagged: bool | None
    missing: int
    result: Result
    finding: Finding | None = None


def _rise(before: Decimal | None, peak: Decimal | None) -> Decimal | None:
    return None if before is None or peak is None else peak - before


_READERS: Mapping[str, tuple[str, Callable[[CourseSession], Decimal | None]]] = {
    "systolic-rise": ("mm[Hg]", lambda each: _rise(each.systolic_before_mmhg, each.systolic_peak_mmhg)),
    "diastolic-rise": ("mm[Hg]", lambda each: _rise(each.diastolic_before_mmhg, each.diastolic_peak_mmhg)),
    "systolic-peak": ("mm[Hg]", lambda each: each.systolic_peak_mmhg),
    "diastolic-peak": ("mm[Hg]", lambda each: each.diastolic_peak_mmhg),
    "dose": ("mg", lambda each: each.dose_mg),
}


def read_session_trends(course: Course) -> tuple[SessionTrend, ...]:
    """Return the trend of each number of the sessions; dissociation is read apart for each instrument."""
    sessions = sorted(course.sessions, key=lambda each: each.dose_started_at)
    trends = [_build_trend(name, unit, [read(each) for each in sessions]) for name, (unit, read) in _READERS.items()]
    instruments = sorted({each.dissociation_instrument for each in sessions if each.dissociation_peak is not None})
    for instrument in instruments:
        values = [each.dissociation_peak if each.dissociation_instrument == instrument else None for each in sessions]
        trends.append(_build_trend(f"dissociation-peak {instrument}".strip(), "{score}", values))
    return tuple(trends)


def calculate_slope(values: Sequence[Decimal | None]) -> Decimal | None:
    """Return the median slope per session between all pairs of known values (Theil-Sen); None under two values."""
    known = [(number, value) for number, value in enumerate(values) if value is not None]
    slopes = [(right - left) / (there - here) for (here, left), (there, right) in combinations(known, 2)]
    return median(slopes) if slopes else None


def read_side_effects(course: Course) -> tuple[SideEffectCount, ...]:
    """Return for each side effect ever reported in how many sessions it was, most often first."""
    estimand = get_estimand("side-effect-share")
    sessions = sorted(course.sessions, key=lambda each: each.dose_started_at)
    asked = [each.side_effects for each in sessions if each.side_effects is not None]
    not_asked = len(sessions) - len(asked)
    codes = sorted({effect.code for effects in asked for effect in effects})
    counts = []
    for code in codes:
        marks = [any(effect.code == code for effect in effects) for effects in asked]
        last = sessions[-1].side_effects
        was_in_last = None if last is None else any(effect.code == code for effect in last)
        share = Decimal(sum(marks)) / Decimal(len(marks)) * 100
        reason = f"nobody asked in {not_asked} sessions" if not_asked else None
        result = Result(estimand.id, share, estimand.citation, unit="%", reason=reason)
        counts.append(SideEffectCount(code, sum(marks), len(marks), not_asked, was_in_last, result))
    return tuple(sorted(counts, key=lambda each: (-each.reported, each.code)))


def read_long_term(course: Course) -> tuple[LongTermTrend, ...]:
    """Return the trend of each long-term safety value that the course holds, and of the doses."""
    readings: dict[str, list[tuple[datetime, Decimal | None]]] = {}
    for score in course.scores:
        readings.setdefault(score.instrument, []).append((score.observed_at, score.value))
    for value in course.safety:
        readings.setdefault(value.watch, []).append((value.observed_at, value.value))
    if increases := list_dose_increases(course.sessions):
        readings["dose-increases"] = increases
    return tuple(
        _read_watch(watch, sorted(readings[name], key=lambda each: each[0]))
        for name, watch in load_watches().items()
        if name in readings
    )


def list_dose_increases(sessions: Sequence[CourseSession]) -> list[tuple[datetime, Decimal | None]]:
    """Return how many times the dose had been raised by each session whose dose is known."""
    known = [
        (each.dose_started_at, each.dose_mg)
        for each in sorted(sessions, key=lambda each: each.dose_started_at)
        if each.dose_mg is not None
    ]
    count = Decimal(0)
    counts: list[tuple[datetime, Decimal | None]] = [(known[0][0], count)] if known else []
    for (_, before), (at, dose) in pairwise(known):
        count += 1 if dose > before else 0
        counts.append((at, count))
    return counts


def list_open_topics(trends: Sequence[LongTermTrend]) -> tuple[str, ...]:
    """Return the topics with an open flag: no shorter interval is advised while one is open."""
    return tuple(sorted({trend.topic for trend in trends if trend.is_flagged}))


def _build_trend(name: str, unit: str, values: list[Decimal | None]) -> SessionTrend:
    estimand = get_estimand("session-trend")
    fewest = int(estimand.get_number("fewest"))
    known = [value for value in values if value is not None]
    gaps = len(values) - len(known)
    note = f"not recorded in {gaps} of {len(values)} sessions" if gaps else ""
    if len(known) < fewest:
        reason = f"{len(known)} values; a slope needs {fewest}"
        return SessionTrend(
            name, unit, tuple(values), Result(estimand.id, None, estimand.citation, reason=reason), note
        )
    result = Result(estimand.id, calculate_slope(values), estimand.citation, unit=f"{unit} per session")
    return SessionTrend(name, unit, tuple(values), result, note)


def _read_watch(watch: Watch, readings: Sequence[tuple[datetime, Decimal | None]]) -> LongTermTrend:
    estimand = get_estimand("long-term-trend")
    known = [(at, value) for at, value in readings if value is not None]
    missing = len(readings) - len(known)
    if not known:
        result = Result(estimand.id, None, watch.citation, watch.threshold, reason="asked, but no value was recorded")
        return LongTermTrend(watch.id, watch.topic, None, None, None, None, None, None, missing, result)
    values = [value for _, value in known]
    first, (latest_at, latest) = values[0], known[-1]
    worst = min(values) if watch.kind == "below" else max(values)
    is_flagged = is_past_limit(watch, first, latest)
    last = values[-3:]
    is_rising = None if len(last) < 3 else all(_is_worse(watch, left, right) for left, right in pairwise(last))
    result = Result(estimand.id, latest - first, watch.citation, watch.threshold, watch.unit, latest_at)
    finding = _build_finding(watch, first, latest) if is_flagged else None
    return LongTermTrend(
        watch.id, watch.topic, first, latest, worst, latest_at, is_rising, is_flagged, missing, result, finding
    )


def is_past_limit(watch: Watch, first: Decimal, latest: Decimal) -> bool:
    """Tell whether a reading is past the limit of its watch."""
    answers = {
        "at_least": latest >= watch.limit,
        "above": latest > watch.limit,
        "below": latest < watch.limit,
        "rise": latest - first >= watch.limit,
    }
    return answers[watch.kind]


def _is_worse(watch: Watch, left: Decimal, right: Decimal) -> bool:
    return right < left if watch.kind == "below" else right > left


def _build_finding(watch: Watch, first: Decimal, latest: Decimal) -> Finding:
    return Finding(
        rule=f"outcomes/{watch.id}",
        severity=Severity.CAUTION,
        seen=f"{watch.title} {latest}, first {first}",
        threshold=watch.threshold,
        asks=watch.asks,
        override=Override.PRESCRIBER,
        source=watch.citation.text,
        grade=watch.citation.grade,
        title=watch.title,
    )
