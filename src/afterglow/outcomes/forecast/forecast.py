"""The forecast of one course: bands, relapse by date, how many similar patients, or "not enough data" with why."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from afterglow.outcomes.forecast.ahead import Bands, RelapseOutlook, calculate_bands, calculate_relapse
from afterglow.outcomes.forecast.calibration import NOT_CALIBRATED, Calibration
from afterglow.outcomes.forecast.parameters import get_number
from afterglow.outcomes.forecast.personal import GivenSession, PersonalCourse
from afterglow.outcomes.forecast.update import DEFAULT_SEED, Similar, find_similar
from afterglow.pharmacology.mechanism import Population


class ForecastOutcome(StrEnum):
    """Whether there is a forecast of this person."""

    FORECAST = "forecast"
    NOT_ENOUGH_DATA = "not-enough-data"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What may come, from `today` (day of the course) on, with no further session but those in `later`.

    `code` for programs: `forecast no-session no-score score-too-old contradicted`. `bands` and `relapse` are None
    without a forecast; `relapse` is None with a `relapse_reason` where it is not defined. `calibration` names the group
    of past patients the bands were held against, empty without any.
    """

    outcome: ForecastOutcome
    code: str
    reason: str
    today: float
    bands: Bands | None = None
    relapse: RelapseOutlook | None = None
    relapse_reason: str = ""
    similar: Similar | None = None
    calibration: str = ""
    past_patients: int = 0
    later: tuple[GivenSession, ...] = field(default=())

    @property
    def comparable(self) -> int:
        """How many of the virtual patients resemble this person, never rounded up."""
        return 0 if self.similar is None else int(self.similar.comparable)


@dataclass(frozen=True, slots=True)
class RelapseQuestion:
    """The score of a relapse on this scale, or None with the reason why a relapse is not defined now.

    `longest_days` is how long after the first of two scores the second may come; None is as the estimand says.
    """

    threshold: float | None
    reason: str = ""
    longest_days: float | None = None


def make_forecast(
    course: PersonalCourse, *, today: float, relapse: RelapseQuestion, later: Sequence[GivenSession] = (),
    calibration: Calibration = NOT_CALIBRATED, seed: int = DEFAULT_SEED, population: Population | None = None,
) -> Forecast:  # fmt: skip
    """Return the forecast of a course.

    Parameters
    ----------
    course : PersonalCourse
        Everything known by today.
    today : float
        Day of the course; the forecast begins on the day after.
    relapse : RelapseQuestion
    later : sequence of GivenSession
        Sessions to come; none draws the course without a further session.
    calibration : Calibration
        From past patients; without any the bands are the model's own, and say so.
    seed : int
        Same seed, same bytes.
    population : Population, optional
        The fitted one by default.
    """
    lacking = find_lack(course, today)
    if lacking:
        return Forecast(ForecastOutcome.NOT_ENOUGH_DATA, *lacking, today)
    similar = find_similar(course, seed=seed, population=population)
    if similar.contradiction:
        code = "contradicted"
        return Forecast(ForecastOutcome.NOT_ENOUGH_DATA, code, similar.contradiction, today, similar=similar)
    days = today + np.arange(1.0, get_number("horizon_d") + 0.5)
    bands = calculate_bands(similar, days, later)
    top = similar.structure.scale.top
    group, _ = calibration.choose(course.scale, 1.0)
    outlook = _find_relapse(similar, today, relapse, later, calibration)
    return Forecast(
        ForecastOutcome.FORECAST, "forecast", "", today,
        bands=calibration.apply(bands, course.scale, today, top),
        relapse=outlook,
        relapse_reason=relapse.reason,
        similar=similar,
        calibration=group,
        past_patients=calibration.patients.get(group, 0),
        later=tuple(later),
    )  # fmt: skip


def _find_relapse(
    similar: Similar, today: float, relapse: RelapseQuestion, later: Sequence[GivenSession], calibration: Calibration
) -> RelapseOutlook | None:
    """Return the chance of relapse, stretched as the calibrated bands are, so that the two say one thing."""
    if relapse.threshold is None:
        return None
    scale = similar.structure.course.scale
    stretch = None if not calibration.factors else lambda days: calibration.stretch(scale, days)
    return calculate_relapse(
        similar, today, relapse.threshold, later, stretch=stretch, longest_days=relapse.longest_days
    )


def find_lack(course: PersonalCourse, today: float) -> tuple[str, str] | None:
    """Return code and words for what a forecast of this person lacks, or None."""
    fewest = int(get_number("fewest_scores"))
    after = course.list_after()
    if not course.sessions:
        return "no-session", "No session has been given yet, so that nothing of this person's answer is known."
    if len(after) < fewest:
        return "no-score", f"{len(after)} of at least {fewest} score after the first session."
    age = today - after[-1].day
    oldest = get_number("oldest_score_d")
    if age > oldest:
        return "score-too-old", f"The last score is {age:.0f} days old; after {oldest:g} days it says too little."
    return None
