"""What goes into a reading of a course and what comes out of it: dated scores, sessions, results.

A result always names the estimand that said so, what it used and what it could not use.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum

from afterglow.terms import Citation, Problem


class Rater(StrEnum):
    """Who rated: scores of different kinds of rater are never compared."""

    SELF = "self"
    CLINICIAN = "clinician"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class DatedScore:
    """One score of one instrument; `value` is None with a `reason` when it could not be computed."""

    instrument: str
    value: Decimal | None
    observed_at: datetime
    rater: Rater
    reason: str | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class SideEffect:
    """A side effect as it was reported in a session."""

    code: str
    severity: str = ""


@dataclass(frozen=True, slots=True)
class CourseSession:
    """One dosing session as far as outcomes ask.

    `side_effects` is None when nobody asked, and empty when none was reported.
    """

    id: str
    dose_started_at: datetime
    dose_mg: Decimal | None = None
    systolic_before_mmhg: Decimal | None = None
    systolic_peak_mmhg: Decimal | None = None
    diastolic_before_mmhg: Decimal | None = None
    diastolic_peak_mmhg: Decimal | None = None
    dissociation_peak: Decimal | None = None
    dissociation_instrument: str = ""
    side_effects: tuple[SideEffect, ...] | None = None
    was_tolerated: bool | None = None


@dataclass(frozen=True, slots=True)
class SafetyValue:
    """One long-term safety reading, such as a liver test in multiples of its upper limit."""

    watch: str
    value: Decimal | None
    observed_at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """Everything a reading asks of one course; `zone` is the clinic's, because intervals count its calendar days."""

    scores: tuple[DatedScore, ...]
    sessions: tuple[CourseSession, ...]
    planned_induction_sessions: int | None = None
    safety: tuple[SafetyValue, ...] = ()
    zone: tzinfo = field(default=UTC)

    def count_days(self, start: datetime, end: datetime) -> int:
        """Return the calendar days of the clinic from one instant to another."""
        return (end.astimezone(self.zone).date() - start.astimezone(self.zone).date()).days


@dataclass(frozen=True, slots=True)
class Unused:
    """A score that a result could not use, and why."""

    score: DatedScore
    why: str


@dataclass(frozen=True, slots=True)
class Result:
    """One reading: the value, or None with the reason, under one estimand and one threshold in words."""

    estimand: str
    value: bool | Decimal | None
    citation: Citation
    threshold: str = ""
    unit: str = ""
    at: datetime | None = None
    reason: str | None = None
    used: tuple[DatedScore, ...] = ()
    unused: tuple[Unused, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return the result with its published keys; numbers stay exact decimals for the writer to render."""
        return {
            "estimand": self.estimand,
            "value": self.value,
            "unit": self.unit,
            "at": self.at.isoformat() if self.at else None,
            "reason": self.reason,
            "threshold": self.threshold,
            "source": self.citation.text,
            "grade": str(self.citation.grade),
            "used": [score.id or score.observed_at.isoformat() for score in self.used],
            "unused": [{"score": each.score.id, "why": each.why} for each in self.unused],
        }


@dataclass(frozen=True, slots=True)
class Series:
    """The comparable scores of one instrument by one kind of rater, in order of time."""

    instrument: str
    rater: Rater
    baseline: Result
    scores: tuple[DatedScore, ...]
    unused: tuple[Unused, ...]

    @property
    def baseline_score(self) -> DatedScore | None:
        """The score the baseline was read from, or None."""
        return self.baseline.used[0] if self.baseline.used else None


@dataclass(frozen=True, slots=True)
class Assessment:
    """One score after the first dose, read under each estimand of a single visit."""

    score: DatedScore
    results: Mapping[str, Result]


@dataclass(frozen=True, slots=True)
class RelapseEvent:
    """One relapse: the assessment at which it was first seen and the one that confirmed it."""

    rule: str
    first: DatedScore
    confirmed: DatedScore


@dataclass(frozen=True, slots=True)
class RelapseReading:
    """Whether there was a relapse, each one found, and an assessment over the threshold that waits for a second."""

    result: Result
    events: tuple[RelapseEvent, ...] = ()
    unconfirmed: DatedScore | None = None


@dataclass(frozen=True, slots=True)
class Relief:
    """Days of relief after one session; `at_most_days` is None while the end was not seen, and `ended_by` says why."""

    session: str
    result: Result
    at_least_days: int | None
    at_most_days: int | None
    ended_by: str


@dataclass(frozen=True, slots=True)
class SeriesReading:
    """Everything read from one series."""

    series: Series
    assessments: tuple[Assessment, ...]
    ever_response: Result
    sustained_response: Result
    relapse: RelapseReading
    relief: tuple[Relief, ...]


@dataclass(frozen=True, slots=True)
class CourseReading:
    """The readings of a course, one for each instrument and kind of rater, and what was wrong with the input."""

    series: tuple[SeriesReading, ...]
    problems: tuple[Problem, ...]
