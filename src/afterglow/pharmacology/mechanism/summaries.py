"""What a paper prints, computed from a virtual arm: mean change, response, ever-response, relapse, hazard ratio.

A threshold is softened over `width` points while parameters are fitted, so that the result moves smoothly with
them; reported predictions use a width near zero.
"""

from dataclasses import dataclass

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.mechanism.studies import ArmRun

HARD = 0.01
FOLLOW_UP_D = 300.0


@dataclass(frozen=True, slots=True)
class Survival:
    """Share of the selected who have not relapsed, by day after the selection, and the events and time at risk."""

    days: FloatArray
    share: FloatArray
    relapsed_percent: float
    events_per_day: float

    @property
    def median_days(self) -> float:
        """First day on which half have relapsed; the end of the follow-up where that never happens."""
        below = np.flatnonzero(self.share <= 0.5)
        if below.size == 0:
            return float(self.days[-1])
        k = int(below[0])
        high, low = self.share[k - 1], self.share[k]
        return float(self.days[k - 1] + (high - 0.5) / max(high - low, 1e-12) * (self.days[k] - self.days[k - 1]))

    def well_at(self, day: float) -> float:
        """Return the percent still well on that day."""
        return float(100.0 * np.interp(day, self.days, self.share))


def at_most(score: FloatArray, threshold: FloatArray | float, width: float) -> FloatArray:
    """Return 1 where the score is at or below the threshold and 0 above, softened over `width` points."""
    return np.asarray(1.0 / (1.0 + np.exp(np.clip((score - threshold) / width, -60.0, 60.0))), dtype=np.float64)


def has_responded(run: ArmRun, day: float, width: float = HARD) -> FloatArray:
    """Return each person's response on that day: at least half of the first score gone."""
    return at_most(run.at(day), 0.5 * run.scores[0], width)


def calculate_mean_change(run: ArmRun, day: float) -> float:
    """Return the mean change of those assessed, in points; negative is better."""
    return float(np.average(run.at(day) - run.scores[0], weights=run.assessed))


def calculate_sd_change(run: ArmRun, day: float) -> float:
    """Return the standard deviation of the change between people, in points."""
    change = run.at(day) - run.scores[0]
    mean = np.average(change, weights=run.assessed)
    return float(np.sqrt(np.average((change - mean) ** 2, weights=run.assessed)))


def calculate_percent(run: ArmRun, flags: FloatArray, earlier: FloatArray | None = None) -> float:
    """Return the percent flagged, of those assessed or of all treated with the last visit carried forward."""
    if run.arm.counted == "assessed" or earlier is None:
        return float(100.0 * np.average(flags, weights=run.assessed))
    return float(100.0 * np.mean(run.assessed * flags + (1.0 - run.assessed) * earlier))


def calculate_response(run: ArmRun, day: float, width: float = HARD) -> float:
    """Return the percent with at least half of the score gone on that day."""
    earlier = np.mean([has_responded(run, visit, width) for visit in run.days[1:]], axis=0)
    return calculate_percent(run, has_responded(run, day, width), earlier)


def calculate_remission(run: ArmRun, day: float, threshold: float, width: float = HARD) -> float:
    """Return the percent at or below the threshold on that day."""
    earlier = np.mean([at_most(run.at(visit), threshold, width) for visit in run.days[1:]], axis=0)
    return calculate_percent(run, at_most(run.at(day), threshold, width), earlier)


def calculate_worsened(run: ArmRun, day: float, by_points: float, width: float = HARD) -> float:
    """Return the percent whose score rose by at least so many points."""
    return calculate_percent(run, 1.0 - at_most(run.at(day), run.scores[0] + by_points, width))


def calculate_ever(run: ArmRun, until_day: float, threshold: float | None = None, width: float = HARD) -> float:
    """Return the percent who at any visit up to that day had responded, or had reached the threshold."""
    never: FloatArray = np.ones(run.scores.shape[1])
    for visit in run.days[1:][run.days[1:] <= until_day + 1e-6]:
        flag = has_responded(run, visit, width) if threshold is None else at_most(run.at(visit), threshold, width)
        never = never * (1.0 - flag)
    return calculate_percent(run, 1.0 - never)


def calculate_cohen_d(run: ArmRun, day: float) -> float:
    """Return the size of the change before to after, over the mean of the two spreads; positive is better."""
    before, after = run.scores[0], run.at(day)
    mean = np.average(after, weights=run.assessed)
    spread = np.average((after - mean) ** 2, weights=run.assessed)
    change = -calculate_mean_change(run, day)
    return float(change / np.sqrt((np.var(before) + spread) / 2))


def calculate_difference_d(run: ArmRun, control: ArmRun, day: float) -> float:
    """Return the difference of two arms' changes over their pooled spread; negative favours the first."""
    difference = calculate_mean_change(run, day) - calculate_mean_change(control, day)
    return float(
        difference / np.sqrt((calculate_sd_change(run, day) ** 2 + calculate_sd_change(control, day) ** 2) / 2)
    )


def calculate_correlation(run: ArmRun, day: float, later: float) -> float:
    """Return the correlation between people of the scores' changes on two days."""
    return float(np.corrcoef(run.at(day) - run.scores[0], run.at(later) - run.scores[0])[0, 1])


def calculate_prediction(run: ArmRun, day: float, later: float, width: float = HARD) -> tuple[float, float]:
    """Return sensitivity and specificity, in percent, of early response for response at the end."""
    early, end = has_responded(run, day, width), has_responded(run, later, width)
    return float(100 * np.sum(early * end) / np.sum(end)), float(
        100 * np.sum((1 - early) * (1 - end)) / np.sum(1 - end)
    )


def calculate_median_infusions(run: ArmRun, visits: tuple[float, ...], width: float = HARD) -> float:
    """Return the median number of infusions before the first response, among those who respond by the last."""
    never: FloatArray = np.ones(run.scores.shape[1])
    first = []
    for visit in visits:
        flag = has_responded(run, visit, width)
        first.append(float(np.mean(never * flag)))
        never = never * (1.0 - flag)
    cumulative = np.cumsum(first) / np.sum(first)
    return float(np.interp(0.5, np.concatenate([[0.0], cumulative]), np.arange(len(first) + 1) + 0.5))


def follow_relapse(
    run: ArmRun, selected: FloatArray, after_day: float, *, absolute: float | None, in_a_row: int, width: float = HARD
) -> Survival:
    """Return how long the selected stay well after a day.

    Parameters
    ----------
    run : ArmRun
    selected : ndarray, shape (n,)
        Weight of each person among those followed, 0 to 1.
    after_day : float
        The day from which relapse is counted.
    absolute : float or None
        A score at or above it is a relapse; None: more than half of the first score is back.
    in_a_row : int
        Visits in a row that must show it.
    """
    visits = run.days[run.days > after_day + 1e-6]
    threshold = 0.5 * run.scores[0] if absolute is None else absolute - 1e-9
    well: FloatArray = np.ones(run.scores.shape[1])
    ill = [1.0 - at_most(run.at(visit), threshold, width) for visit in visits]
    share, events, at_risk = [1.0], 0.0, 0.0
    days = np.concatenate([[0.0], visits - after_day])
    for k in range(visits.size):
        happens = ill[k] * ill[k + 1] if in_a_row == 2 and k + 1 < visits.size else ill[k] * (in_a_row == 1)
        left = max(0.0, 1.0 - days[k + 1] / FOLLOW_UP_D)
        at_risk += left * float(np.average(well, weights=selected)) * (days[k + 1] - days[k])
        events += left * float(np.average(well * happens, weights=selected))
        well = well * (1.0 - happens)
        share.append(float(np.average(well, weights=selected)))
    return Survival(days, np.asarray(share), 100.0 * events, events / max(at_risk, 1e-12))
