"""Which intervals a protocol allows in the present phase: label and clinic policy as a short list of days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from afterglow.protocols.model import Protocol, Value
from afterglow.terms import Citation

DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True)
class IntervalChoice:
    """The intervals of a phase in days, rising; one alone where the phase leaves no choice.

    `before_maintenance` counts the sessions that came before maintenance began.
    """

    protocol: str
    phase: str
    choices_d: tuple[int, ...]
    default_d: int
    text: str
    citation: Citation
    has_choice: bool
    before_maintenance: int


def find_intervals(
    protocol: Protocol, session_days: Sequence[date], *, on: date, steps_d: Sequence[int]
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
    """
    given = sorted(session_days)
    if "phases" in protocol.schedule:
        return _find_by_week(protocol, given, on, steps_d)
    return _find_by_course(protocol, len(given), steps_d)


def _find_by_week(protocol: Protocol, given: Sequence[date], on: date, steps_d: Sequence[int]) -> IntervalChoice:
    start = given[0] if given else on
    phase = _find_phase(protocol, (on - start).days // DAYS_PER_WEEK + 1)
    usual: Value = phase["interval_d"]
    shortest: Value = phase.get("interval_d_lowest", usual)
    last = protocol.schedule["phases"][-1]
    weeks = [(day - start).days // DAYS_PER_WEEK + 1 for day in given]
    before = sum(week < last["from_week"].value for week in weeks)
    choices = _keep(steps_d, int(shortest.value), int(usual.value), int(usual.value))
    return _build(protocol, phase["id"], choices, int(usual.value), phase["text"], usual.citation, before)


def _find_by_course(protocol: Protocol, given: int, steps_d: Sequence[int]) -> IntervalChoice | None:
    induction: Any = protocol.schedule.get("induction", {})
    planned = int(induction["sessions"].value) if "sessions" in induction else 0
    if given < planned and "per_week" in induction:
        rate: Value = induction["per_week"]
        days = round(DAYS_PER_WEEK / float(rate.value))
        text = f"Induction, {planned} sessions, {rate.value} a week"
        return _build(protocol, "induction", (days,), days, text, rate.citation, given)
    upkeep: Any = protocol.schedule.get("maintenance", {})
    if "interval_weeks" not in upkeep:
        return None
    usual: Value = upkeep["interval_weeks"]
    low: Value = upkeep.get("interval_weeks_lowest", usual)
    high: Value = upkeep.get("interval_weeks_highest", usual)
    default, shortest, longest = (int(each.value) * DAYS_PER_WEEK for each in (usual, low, high))
    choices = _keep(steps_d, shortest, longest, default)
    citation = high.citation if len(choices) > 1 else usual.citation
    return _build(protocol, "maintenance", choices, default, upkeep["text"], citation, min(planned, given))


def _keep(steps_d: Sequence[int], shortest: int, longest: int, default: int) -> tuple[int, ...]:
    return tuple(sorted({default, *(days for days in steps_d if shortest <= days <= longest)}))


def _find_phase(protocol: Protocol, week: int) -> Any:
    return [phase for phase in protocol.schedule["phases"] if phase["from_week"].value <= week][-1]


def _build(
    protocol: Protocol, phase: str, choices: tuple[int, ...], default: int, text: str, citation: Citation, before: int
) -> IntervalChoice:
    return IntervalChoice(
        protocol.id, phase, choices, default, text.rstrip("."), citation, len(choices) > 1, before
    )  # fmt: skip
