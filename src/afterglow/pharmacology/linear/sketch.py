"""Counts of positive numbers in logarithmic bins: quantiles within a stated error, merged by adding whole numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from afterglow.pharmacology.linear.system import FloatArray

SUB_BITS = 7
"""Bins per factor of two: 2^7."""
LOWEST_EXPONENT, HIGHEST_EXPONENT = -34, 14
"""Numbers from 2^-34 (6e-11) up to 2^14 are told apart; smaller ones count as zero, larger ones as the highest."""
RELATIVE_ERROR = 2.0 ** -(SUB_BITS + 1)
"""A bin is at most 2^-7 of its lower end wide, and its middle is given: 0.4 %."""
BINS = ((HIGHEST_EXPONENT - LOWEST_EXPONENT) << SUB_BITS) + 1
SHIFT = 52 - SUB_BITS
OFFSET = ((LOWEST_EXPONENT + 1023) << SUB_BITS) - 1

CountArray = npt.NDArray[np.uint32]


def find_bins(values: FloatArray) -> npt.NDArray[np.int64]:
    """Return the bin of each number: the leading bits of its floating-point form; 0 for those below the range."""
    bits = np.ascontiguousarray(values, dtype=np.float64).view(np.int64) >> SHIFT
    return np.asarray(np.clip(bits - OFFSET, 0, BINS - 1), dtype=np.int64)


def count(counts: CountArray, values: FloatArray) -> None:
    """Add each row of values, shape (rows, many), to the same row of counts, shape (rows, BINS)."""
    for row, bins in zip(counts, find_bins(values), strict=True):
        row += np.bincount(bins, minlength=BINS).astype(np.uint32)


@dataclass(frozen=True, slots=True)
class Sketch:
    """Counts by row and bin; adding two sketches gives that of all their numbers together."""

    counts: CountArray

    def quantiles(self, levels: Sequence[float]) -> FloatArray:
        """Return the quantiles of each row, shape (levels, rows).

        The number of rank ceil(level * count), within 0.4 % (2^-8) of it; 0.0 stands for numbers below 6e-11.
        """
        middles = get_middles()
        found = np.empty((len(levels), self.counts.shape[0]))
        for row, counts in enumerate(self.counts):  # row by row: all running counts at once would double the memory
            running = np.cumsum(counts, dtype=np.int64)
            ranks = np.maximum(np.ceil(np.asarray(levels, dtype=np.float64) * running[-1]), 1)
            found[:, row] = middles[np.minimum(np.searchsorted(running, ranks), BINS - 1)]
        return found


def get_middles() -> FloatArray:
    """Return the number that stands for each bin."""
    edges = ((np.arange(BINS + 1, dtype=np.int64) + OFFSET) << SHIFT).view(np.float64)
    middles = 0.5 * (edges[:-1] + edges[1:])
    middles[0] = 0.0
    return np.asarray(middles)
