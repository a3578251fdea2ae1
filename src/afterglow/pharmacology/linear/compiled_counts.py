"""Kernels that reduce a block of curves: bin counts, exceedance and largest values, one time after the other."""

from numba import njit

from afterglow.pharmacology.linear.sketch import BINS, OFFSET, SHIFT


@njit(nogil=True, cache=True, error_model="numpy")
def count_rows(first, last, bits, counts):  # type: ignore[no-untyped-def]
    """Add the bins of rows `first` to `last` (exclusive); `bits` are the numbers' bits as integers."""
    for t in range(first, last):
        for j in range(bits.shape[1]):
            place = (bits[t, j] >> SHIFT) - OFFSET
            place = min(max(place, 0), BINS - 1)
            counts[t, place] += 1


@njit(nogil=True, cache=True, error_model="numpy")
def count_above(first, last, values, threshold, above):  # type: ignore[no-untyped-def]
    """Add, row by row, how many numbers are above a threshold."""
    for t in range(first, last):
        total = 0
        for j in range(values.shape[1]):
            total += int(values[t, j] > threshold)
        above[t] += total
