"""Kaplan-Meier curves with log-log bands and numbers at risk, by lifelines."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite

from lifelines import KaplanMeierFitter

from afterglow.outcomes.model import Course, SeriesReading
from afterglow.outcomes.suppression import SuppressionRule
from afterglow.terms import InvalidInput, build_error
from afterglow.terms.shares import find_quantile

DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True)
class Observation:
    """One course: how long it was watched from the start of its response, and whether the event ended it."""

    days: float
    has_event: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the curve; `low` and `high` are None where the band is not defined."""

    days: float
    at_risk: int
    events: int
    censored: int
    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """A Kaplan-Meier curve; `median_days` is None when it does not come down to one half."""

    steps: tuple[Step, ...]
    total: int
    events: int
    median_days: float | None
    confidence: float
    note: str = ""

    def find_share(self, days: float) -> float:
        """Return the share at a time: that of the last step at or before it."""
        return next((step.share for step in reversed(self.steps) if step.days <= days), 1.0)


def observe_time_to_relapse(reading: SeriesReading, course: Course) -> Observation | None:
    """Return how long a course was watched from its first response, and whether it relapsed; None without a response.

    The estimand is `time-to-relapse`: the event is the confirming assessment, else the last assessment ends the watch.
    """
    start = reading.ever_response.at if reading.ever_response.value else None
    if start is None:
        return None
    event = next((each for each in reading.relapse.events if each.first.observed_at > start), None)
    end = event.first.observed_at if event else reading.assessments[-1].score.observed_at
    return Observation(course.count_days(start, end), event is not None)


def estimate_survival(observations: Sequence[Observation], *, confidence: float = 0.95) -> SurvivalCurve:
    """Return the Kaplan-Meier curve of courses.

    Parameters
    ----------
    observations : sequence of Observation, days of 0 or more
    confidence : float
        Of the pointwise band.

    Notes
    -----
    Greenwood's variance on the log(-log) scale, so that the band stays within 0 and 1. Visits are days apart: a time
    is that of the visit which showed the event.
    """
    _refuse_bad_observations(observations)
    find_quantile(confidence)  # refuses what is none
    fitter = KaplanMeierFitter(alpha=1 - confidence)
    fitter.fit([each.days for each in observations], [each.has_event for each in observations])
    table = fitter.event_table
    shares = fitter.survival_function_.iloc[:, 0]
    bands = fitter.confidence_interval_
    steps = tuple(
        _build_step(float(days), table.loc[days], float(shares.loc[days]), bands.loc[days])
        for days in table.index
        if days > 0 or table.loc[days, "observed"] > 0
    )
    median = float(fitter.median_survival_time_)
    return SurvivalCurve(
        steps,
        len(observations),
        sum(each.has_event for each in observations),
        None if median == inf else median,
        confidence,
    )


def coarsen_curve(curve: SurvivalCurve, rule: SuppressionRule) -> SurvivalCurve:
    """Return a curve fit for others to see: whole weeks, and no step with fewer at risk than the rule allows.

    Of a week the last step is kept, with its shares and band; events and losses are not given for single steps.
    """
    weeks: dict[int, Step] = {}
    for step in curve.steps:
        if step.at_risk >= rule.smallest:
            week = -int(-step.days // DAYS_PER_WEEK)
            weeks[week] = Step(week * DAYS_PER_WEEK, step.at_risk, 0, 0, step.share, step.low, step.high)
    ended = any(step.at_risk < rule.smallest for step in curve.steps)
    note = f"ends where fewer than {rule.smallest} are at risk" if ended else ""
    shown = tuple(weeks.values())
    median = next((step.days for step in shown if step.share <= 0.5), None)
    return SurvivalCurve(shown, curve.total, 0, median, curve.confidence, note)


def count_at_risk(observations: Sequence[Observation], days: Sequence[float]) -> list[int]:
    """Return how many were still watched just before each time."""
    return [sum(each.days >= moment for each in observations) for moment in days]


def _build_step(days: float, row: "object", share: float, band: "object") -> Step:
    low, high = (float(value) for value in band)  # type: ignore[attr-defined]
    return Step(
        days,
        int(row["at_risk"]),  # type: ignore[index]
        int(row["observed"]),  # type: ignore[index]
        int(row["censored"]),  # type: ignore[index]
        share,
        low if isfinite(low) else None,
        high if isfinite(high) else None,
    )


def _refuse_bad_observations(observations: Sequence[Observation]) -> None:
    if not observations:
        message = "no course to draw a curve of"
        raise InvalidInput([build_error("observations", "observations-empty", 0, "1 or more", message)])
    problems = [
        build_error(f"observations[{number}].days", "days-out-of-range", each.days, "0 or more", "no length of time")
        for number, each in enumerate(observations)
        if not (isfinite(each.days) and each.days >= 0)
    ]
    if problems:
        raise InvalidInput(problems)
