"""Weights of particles: from log-likelihoods without overflow, effective sample size, resampling, weighted moments."""

import numpy as np
from numpy.typing import NDArray

from afterglow.pharmacology._types import FloatArray

Rows = NDArray[np.intp]


def calculate_weights(log_weights: FloatArray) -> FloatArray:
    """Return weights that sum to 1; the largest is subtracted first, so that nothing overflows or vanishes.

    Parameters
    ----------
    log_weights : ndarray, shape (n,)
        -inf is a weight of 0; where all are -inf every weight is 0.
    """
    top = np.max(log_weights)
    if not np.isfinite(top):
        return np.zeros_like(log_weights)
    raw = np.exp(log_weights - top)
    return np.asarray(raw / raw.sum(), dtype=np.float64)


def calculate_ess(weights: FloatArray) -> float:
    """Return the effective sample size 1 / sum(w^2) of weights that sum to 1, between 1 and n; 0 for no weight.

    Kong, Liu and Wong 1994, J Am Stat Assoc 89:278.
    """
    total = float(np.sum(weights**2))
    return 0.0 if total == 0.0 else 1.0 / total


def count_distinct(z: FloatArray, weights: FloatArray) -> float:
    """Return the effective sample size with identical columns of `z` (d, n) counted as one."""
    _, group = np.unique(z, axis=1, return_inverse=True)
    merged = np.bincount(np.ravel(group), weights=weights)
    return calculate_ess(np.asarray(merged, dtype=np.float64))


def resample_systematic(weights: FloatArray, generator: np.random.Generator) -> Rows:
    """Return n row numbers, each as often as its weight says, up to rounding (Kitagawa 1996; one uniform draw)."""
    n = len(weights)
    places = (generator.random() + np.arange(n)) / n
    edges = np.cumsum(weights)
    edges[-1] = 1.0
    return np.searchsorted(edges, places, side="right").clip(0, n - 1)


def calculate_moments(values: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """Return the weighted mean and standard deviation of values (n,)."""
    mean = float(np.sum(weights * values))
    return mean, float(np.sqrt(np.sum(weights * (values - mean) ** 2)))
