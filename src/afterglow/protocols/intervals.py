"""Which intervals a protocol allows in the present phase: label and clinic policy as a short list of days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor
from typing import Any

from afterglow.protocols.model import Protocol, Value
from afterglow.terms import Citation, FrequencyLimit, IntervalEdge

DAYS_PER_WEEK = 7
_WINDOWS = {"sessions.7d": 7, "sessions.28d": 28}


@dataclass(frozen=True, slots=True)
class IntervalChoice:
    """The intervals of a phase in days, rising; one alone where the phase leaves no choice.

    `before_maintenance` counts the sessions that came before maintenance began. `shortest` and `longest` are the ends
    of what the phase allows: three and four days where it says twice a week.
    """

    protocol: str
    phase: str
    choices_d: tuple[int, ...]
    default_d: int
    text: str
    citation: Citation
    has_choice: bool
    before_maintenance: int
    shortest: IntervalEdge
    longest: IntervalEdge
    limits: tuple[FrequencyLimit, ...] = ()


def find_intervals(
    protocol: Protocol, session_days: Sequence[date], *, on: date, steps_d: Sequence[int], planned: int | None = None
) -> IntervalChoice | None:
    """Return what the protocol allows after these sessions, or None where it names no interval.

    Parameters
    ----------
    session_days : sequence of date
        Sessions given so far, on the clinic's calendar.
    on : date
        The day of the question; the label's phases go by weeks since the first session.
    steps_d : sequence of int
        The intervals worth looking at; those between the protocol's shortest and longest are kept.
    planned : int, optional
        Sessions of this course's induction, where it is another number than the protocol's; a label goes by weeks.
    """
    given = sorted(session_days)
    if "phases" in protocol.schedule:
        return _find_by_week(protocol, given, on, steps_d)
    return _find_by_course(protocol, len(given), steps_d, planned)


def list_frequency_limits(protocol: Protocol) -> tuple[FrequencyLimit, ...]:
    """Return what the limits of sessions in 7 and 28 days leave as the shortest interval, hard ones first.

    Notes
    -----
    At an interval of d days, `7 // d` sessions fall into 7 days that begin between two of them; this is the milder
    reading, by which a label's own twice a week (every 3 or 4 days) is never beyond a limit of two.
    """
    found = []
    for limit in protocol.limits:
        days = _WINDOWS.get(limit.of)
        if days is None or limit.comparison != ">" or not limit.value.value:
            continue
        most = int(limit.value.value)
        text = f"At most {most} sessions in {days} days"
        found.append(FrequencyLimit(days // (most + 1) + 1, limit.level == "hard", text, limit.value.citation))
    return tuple(sorted(found, key=lambda one: (not one.is_hard, -one.shortest_d)))


def _find_by_week(protocol: Protocol, given: Sequence[date], on: date, steps_d: Sequence[int]) -> IntervalChoice:
    start = given[0] if given else on
    phase = _find_phase(protocol, (on - start).days // DAYS_PER_WEEK + 1)
    usual: Value = phase["interval_d"]
    shortest: Value = phase.get("interval_d_lowest", usual)
    last = protocol.schedule["phases"][-1]
    weeks = [(day - start).days // DAYS_PER_WEEK + 1 for day in given]
    before = sum(week < last["from_week"].value for week in weeks)
    choices = _keep(steps_d, int(shortest.value), int(usual.value), int(usual.value))
    edges = (IntervalEdge(choices[0], shortest.citation), IntervalEdge(choices[-1], usual.citation))
    if len(choices) == 1:
        edges = _find_weekly_edges(phase["per_week"])
    return _build(protocol, phase["id"], choices, int(usual.value), phase["text"], usual.citation, before, edges)


def _find_by_course(
    protocol: Protocol, given: int, steps_d: Sequence[int], planned: int | None
) -> IntervalChoice | None:
    induction: Any = protocol.schedule.get("induction", {})
    usual_count = int(induction["sessions"].value) if "sessions" in induction else 0
    count = usual_count if planned is None else planned
    if given < count and "per_week" in induction:
        rate: Value = induction["per_week"]
        days = round(DAYS_PER_WEEK / float(rate.value))
        text = f"Induction, {count} sessions, {rate.value} a week"
        edges = _find_weekly_edges(rate)
        return _build(protocol, "induction", (days,), days, text, rate.citation, given, edges)
    upkeep: Any = protocol.schedule.get("maintenance", {})
    if "interval_weeks" not in upkeep:
        return None
    usual: Value = upkeep["interval_weeks"]
    low: Value = upkeep.get("interval_weeks_lowest", usual)
    high: Value = upkeep.get("interval_weeks_highest", usual)
    default, shortest, longest = (int(each.value) * DAYS_PER_WEEK for each in (usual, low, high))
    choices = _keep(steps_d, shortest, longest, default)
    citation = high.citation if len(choices) > 1 else usual.citation
    ends = (IntervalEdge(choices[0], low.citation), IntervalEdge(choices[-1], high.citation))
    return _build(protocol, "maintenance", choices, default, upkeep["text"], citation, min(count, given), ends)


def find_weekly_span(per_week: float) -> tuple[int, int]:
    """Return the days that so many sessions a week lie apart: 3 and 4 for two."""
    return max(1, floor(DAYS_PER_WEEK / per_week)), ceil(DAYS_PER_WEEK / per_week)


def _find_weekly_edges(rate: Value) -> tuple[IntervalEdge, IntervalEdge]:
    low, high = find_weekly_span(float(rate.value))
    return IntervalEdge(low, rate.citation), IntervalEdge(high, rate.citation)


def _keep(steps_d: Sequence[int], shortest: int, longest: int, default: int) -> tuple[int, ...]:
    return tuple(sorted({default, *(days for days in steps_d if shortest <= days <= longest)}))


def _find_phase(protocol: Protocol, week: int) -> Any:
    return [phase for phase in protocol.schedule["phases"] if phase["from_week"].value <= week][-1]


def _build(
    protocol: Protocol, phase: str, choices: tuple[int, ...], default: int, text: str, citation: Citation, before: int,
    edges: tuple[IntervalEdge, IntervalEdge],
) -> IntervalChoice:  # fmt: skip
    return IntervalChoice(
        protocol.id, phase, choices, default, text.rstrip("."), citation, len(choices) > 1, before, *edges,
        list_frequency_limits(protocol),
    )  # fmt: skip
