"""What may come: bands of the score by day, and the chance that a relapse has been seen by then."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from afterglow.outcomes.catalogue import get_estimand
from afterglow.outcomes.forecast._types import FloatArray
from afterglow.outcomes.forecast.filtering import extend_drift
from afterglow.outcomes.forecast.parameters import get_number
from afterglow.outcomes.forecast.personal import GivenSession
from afterglow.outcomes.forecast.update import Similar

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
LEVELS = (0.5, 0.9)
PATHS_PER_PATIENT = 4


@dataclass(frozen=True, slots=True)
class Bands:
    """Quantiles (n_days, 5) at `QUANTILES` of the score as it would be written down on `days` (n_days,)."""

    days: FloatArray
    quantiles: FloatArray

    def get_band(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Return the lower and upper end of the 50 or 90 % band, (n_days,)."""
        low = LEVELS.index(level)
        return self.quantiles[:, 1 - low], self.quantiles[:, 3 + low]


@dataclass(frozen=True, slots=True)
class RelapseOutlook:
    """Chance that by each of `days` two assessments in a row were past the threshold; dated at the second."""

    threshold: float
    days: FloatArray
    probability: FloatArray

    def find_day(self, share: float) -> float | None:
        """Return the first day by which that share of similar courses has relapsed, or None within the horizon."""
        rows = np.flatnonzero(self.probability >= share)
        return float(self.days[rows[0]]) if rows.size else None


def predict_scores(similar: Similar, days: FloatArray, later: Sequence[GivenSession] = ()) -> FloatArray:
    """Return the score of each virtual patient on days to come, (n_days, n), as it would be written down.

    Notes
    -----
    Drift and error of each virtual patient are one stratified normal kept over the days: every day's spread is right
    and a band does not flicker from day to day; paths are drawn elsewhere.
    """
    centre, spread = _centre(similar, days, later)
    shape = np.hypot(spread, similar.noise.reading_sd)[:, None]
    normals = _stratify(centre.shape[1], similar.seed)
    return np.clip(centre + shape * normals, 0.0, similar.structure.scale.top)


def calculate_bands(similar: Similar, days: FloatArray, later: Sequence[GivenSession] = ()) -> Bands:
    """Return the 50 and 90 % bands and the median of the score on days to come."""
    scores = predict_scores(similar, days, later)
    return Bands(days, np.quantile(scores, QUANTILES, axis=1).T)


def calculate_relapse(
    similar: Similar, from_day: float, threshold: float, later: Sequence[GivenSession] = (), *,
    stretch: Callable[[float], float] | None = None, longest_days: float | None = None,
) -> RelapseOutlook:  # fmt: skip
    """Return the chance of relapse by day, with an assessment every week.

    Parameters
    ----------
    similar : Similar
    from_day : float
        Today; the first assessment is a week later.
    threshold : float
        A score at or over it counts.
    later : sequence of GivenSession
        Sessions to come; none for "if nothing is booked".
    stretch : callable, days ahead to factor, optional
        How much wider than the model's a calibrated band is; drawn scores are moved away from their median as much.
    longest_days : float, optional
        How long after the first of two scores the second may come; without it as the relapse estimand says.

    Notes
    -----
    Two assessments in a row, a week apart, must be at or over the threshold. A last score that is, and lies as far
    before the first of them as the relapse rule lets two scores lie apart, counts as the first of two.
    """
    step = get_number("visit_every_d")
    days = from_day + np.arange(step, get_number("horizon_d") + 0.5 * step, step)
    scores = _draw_paths(similar, days, later)
    if stretch is not None:
        middle = np.median(scores, axis=1, keepdims=True)
        factors = np.array([stretch(float(day) - from_day) for day in days])[:, None]
        scores = np.clip(middle + factors * (scores - middle), 0.0, similar.structure.scale.top)
    over = scores >= threshold - 1e-9
    before = np.full(scores.shape[1], fill_value=_was_over(similar, float(days[0]), threshold, longest_days))
    previous = np.concatenate([before[None, :], over[:-1]])
    happened = np.maximum.accumulate(over & previous, axis=0)
    return RelapseOutlook(threshold, days, happened.mean(axis=1))


def _was_over(similar: Similar, first_day: float, threshold: float, longest_days: float | None) -> bool:
    last = similar.structure.course.readings[-1] if similar.structure.course.readings else None
    rule = get_estimand("relapse")
    shortest = float(rule.get_number("shortest_days"))
    longest = float(rule.get_number("longest_days")) if longest_days is None else longest_days
    return last is not None and shortest <= first_day - last.day <= longest and last.value >= threshold


def _centre(similar: Similar, days: FloatArray, later: Sequence[GivenSession]) -> tuple[FloatArray, FloatArray]:
    structure = similar.structure.add_sessions(later) if later else similar.structure
    level = structure.calculate_level(similar.z, days)
    mean, spread = extend_drift(similar.drift, days, similar.noise)
    return level + mean, spread


def _draw_paths(similar: Similar, days: FloatArray, later: Sequence[GivenSession]) -> FloatArray:
    """Return scores along drawn paths of the drift, (n_days, 4 n)."""
    structure = similar.structure.add_sessions(later) if later else similar.structure
    level = np.repeat(structure.calculate_level(similar.z, days), PATHS_PER_PATIENT, axis=1)
    generator = np.random.Generator(np.random.PCG64([similar.seed, 4]))
    noise, found = similar.noise, similar.drift
    drift = np.repeat(found.mean, PATHS_PER_PATIENT)
    drift = drift + np.sqrt(found.variance) * generator.standard_normal(drift.size)
    last = found.day
    scores = np.empty_like(level)
    for k, day in enumerate(days):
        kept = noise.keep(day - last)
        drift = kept * drift + np.sqrt(1.0 - kept**2) * noise.drift_sd * generator.standard_normal(drift.size)
        scores[k] = level[k] + drift + noise.reading_sd * generator.standard_normal(drift.size)
        last = float(day)
    return np.clip(scores, 0.0, structure.scale.top)


@lru_cache(maxsize=8)
def _stratify(n: int, seed: int) -> FloatArray:
    """Return `n` normals, one from each of n equal parts, in an order drawn once."""
    normal = NormalDist()
    values = np.array([normal.inv_cdf((i + 0.5) / n) for i in range(n)])
    return np.random.Generator(np.random.PCG64([seed, 5])).permutation(values)
