"""The slow drift of a mood, filtered from scores: a Kalman filter for each virtual patient, all with the same gains."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from afterglow.outcomes.forecast._types import FloatArray
from afterglow.outcomes.forecast.personal import Reading
from afterglow.outcomes.forecast.virtual import Noise


@dataclass(frozen=True, slots=True)
class Filtered:
    """The drift after the last score: mean of each virtual patient (n,), one variance, the day; and the likelihood.

    `squares` is the sum of squared standardised surprises, (n,); `counted` how many scores weighed.
    """

    mean: FloatArray
    variance: float
    day: float
    log_likelihood: FloatArray
    squares: FloatArray
    counted: int


def filter_drift(
    readings: Sequence[Reading], level: FloatArray, noise: Noise, *, first_is_used: bool = False
) -> Filtered:
    """Return the drift and the likelihood of the scores.

    Parameters
    ----------
    readings : sequence of Reading, length k
        In order of time; may be empty.
    level : ndarray, shape (k, n)
        What each virtual patient's score would be without drift and error.
    noise : Noise
    first_is_used : bool
        The first score has already placed the baseline: it moves the drift but weighs no more.

    Notes
    -----
    Drift is an Ornstein-Uhlenbeck process in its stationary spread at the first score. Variance and gain depend on
    the times alone, so that one pass serves all virtual patients.
    """
    n = level.shape[1]
    mean, variance = np.zeros(n), noise.drift_sd**2
    day = readings[0].day if readings else 0.0
    total, squares = np.zeros(n), np.zeros(n)
    error = noise.reading_sd**2
    for k, reading in enumerate(readings):
        kept = noise.keep(reading.day - day)
        mean = kept * mean
        variance = kept**2 * variance + (1.0 - kept**2) * noise.drift_sd**2
        spread = variance + error
        surprise = reading.value - level[k] - mean
        if not (k == 0 and first_is_used):
            total = total - 0.5 * (surprise**2 / spread + np.log(2.0 * np.pi * spread))
            squares = squares + surprise**2 / spread
        gain = variance / spread
        mean = mean + gain * surprise
        variance = (1.0 - gain) * variance
        day = reading.day
    return Filtered(mean, variance, day, total, squares, len(readings) - int(first_is_used and bool(readings)))


def extend_drift(found: Filtered, days: FloatArray, noise: Noise) -> tuple[FloatArray, FloatArray]:
    """Return mean (n_days, n) and spread (n_days,) of the drift on days after the last score."""
    kept = np.exp(-np.maximum(days - found.day, 0.0) / noise.drift_time_d)
    spread = np.sqrt(kept**2 * found.variance + (1.0 - kept**2) * noise.drift_sd**2)
    return kept[:, None] * found.mean, spread
