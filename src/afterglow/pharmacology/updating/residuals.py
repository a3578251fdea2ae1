"""How far a reading may lie from the truth: residual models as log-densities and tails, normal or Student-t."""

import math
from dataclasses import dataclass

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.terms import Citation

LOWEST_LEVEL = 1e-6
OUTLIER_FREEDOM = 4.0
_TAIL_STEPS = 2001


@dataclass(frozen=True, slots=True)
class Residual:
    """Spread of a reading about its prediction, with source and grade.

    `additive_sd` in the reading's unit, `proportional_sd` as a share of the prediction (both together by variance), or
    `log_sd` on the logarithm. `freedom` asks for a Student-t of that scale, so that one odd reading cannot rule.
    """

    citation: Citation
    additive_sd: float = 0.0
    proportional_sd: float = 0.0
    log_sd: float | None = None
    freedom: float | None = None

    def standardise(self, value: float, predicted: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the reading's distance in spreads, and the logarithm of the spread, each (n,)."""
        if self.log_sd is not None:
            distance = (math.log(max(value, LOWEST_LEVEL)) - np.log(np.maximum(predicted, LOWEST_LEVEL))) / self.log_sd
            return np.asarray(distance, dtype=np.float64), np.full(predicted.shape, math.log(self.log_sd))
        spread = np.sqrt(self.additive_sd**2 + (self.proportional_sd * predicted) ** 2)
        spread = np.maximum(spread, 1e-9)
        return (value - predicted) / spread, np.log(spread)

    def calculate_log_density(self, value: float, predicted: FloatArray) -> FloatArray:
        """Return the log-density of a reading for each prediction, shape (n,), up to a constant of the reading."""
        distance, log_spread = self.standardise(value, predicted)
        if self.freedom is None:
            density = -0.5 * distance**2 - 0.5 * math.log(2 * math.pi) - log_spread
        else:
            v = self.freedom
            constant = math.lgamma((v + 1) / 2) - math.lgamma(v / 2) - 0.5 * math.log(v * math.pi)
            density = constant - 0.5 * (v + 1) * np.log1p(distance**2 / v) - log_spread
        return np.asarray(np.where(np.isfinite(density), density, -np.inf), dtype=np.float64)

    def calculate_tail(self, value: float, predicted: FloatArray, weights: FloatArray) -> float:
        """Return the two-sided probability of a reading at least as far out, over weighted predictions."""
        distance, _ = self.standardise(value, predicted)
        below = float(np.sum(weights * calculate_cdf(distance, self.freedom)))
        return float(min(1.0, 2.0 * min(below, 1.0 - below)))


def calculate_cdf(distance: FloatArray, freedom: float | None = None) -> FloatArray:
    """Return the distribution function of the standard normal, or of Student's t by integrating its density."""
    if freedom is None:
        root = np.asarray(distance, dtype=np.float64) / math.sqrt(2.0)
        return np.array([0.5 * math.erfc(-one) for one in root.ravel()]).reshape(root.shape)
    angle = np.arctan(np.asarray(distance, dtype=np.float64) / math.sqrt(freedom))
    grid = np.linspace(-math.pi / 2, math.pi / 2, _TAIL_STEPS)
    density = np.cos(grid) ** (freedom - 1.0)
    steps = np.diff(grid) * 0.5 * (density[1:] + density[:-1])
    cumulative = np.concatenate([[0.0], np.cumsum(steps)])
    return np.asarray(np.interp(angle, grid, cumulative / cumulative[-1]), dtype=np.float64)
