"""Bands of a population too large to keep: every number is counted into narrow bins, and only the counts are kept."""

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.linear.sketch import BINS, find_bins, get_middles
from afterglow.pharmacology.results import QUANTILES


class Tally:
    """Counts of positive numbers by time; what it gives back lies within 0.4 % of the number of that rank."""

    def __init__(self, n_times: int, *, is_weighted: bool) -> None:
        """Make empty counts; whole ones where everybody counts alike."""
        self.counts = np.zeros((n_times, BINS), dtype=np.float64 if is_weighted else np.uint32)
        self.is_weighted = is_weighted

    def add(self, first: int, values: FloatArray, weights: FloatArray) -> None:
        """Count numbers, shape (rows, people), at the times from row `first` on."""
        found = find_bins(values)
        for row, bins in enumerate(found, start=first):
            if self.is_weighted:
                self.counts[row] += np.bincount(bins, weights=weights, minlength=BINS)
            else:
                self.counts[row] += np.bincount(bins, minlength=BINS).astype(np.uint32)

    def calculate_bands(self, factor: float = 1.0) -> dict[str, FloatArray]:
        """Return the 5th, 50th and 95th percentile at each time, times a factor."""
        middles = get_middles() * factor
        found = np.empty((len(QUANTILES), len(self.counts)))
        levels = np.array(list(QUANTILES.values()))
        for row, counts in enumerate(self.counts):
            running = np.cumsum(counts, dtype=np.float64)
            places = np.searchsorted(running, levels * running[-1] * (1.0 - 1e-12))
            found[:, row] = middles[np.minimum(places, BINS - 1)]
        return dict(zip(QUANTILES, found, strict=True))
