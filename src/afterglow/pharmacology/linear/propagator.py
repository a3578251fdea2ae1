"""The matrix exponential of many small matrices at once, by shifted Taylor series and squaring."""

import numpy as np

from afterglow.pharmacology.linear.plan import Plan
from afterglow.pharmacology.linear.system import FloatArray

TERMS = 14
"""0.5^15 / 15! is 2e-17: with norms up to a half the series is exact to rounding."""


def exponentiate(matrix: FloatArray, step_h: float) -> FloatArray:
    """Return exp(matrix * step) for each matrix of a stack.

    Parameters
    ----------
    matrix : ndarray, shape (..., m, m), 1/h
    step_h : float, h

    Returns
    -------
    ndarray, shape (..., m, m)

    Notes
    -----
    With q the largest loss rate, exp(A h) = (e^(-q h / 2^s) * series((A + q I) h / 2^s))^(2^s). For compartments
    A + q I has no negative entry, so no term cancels and each entry keeps its relative accuracy, about 2^s roundings,
    however small it is; equal rates (a transit chain) are nothing special [1]_. Rows and columns of zeros stay exactly
    those of the identity: a held input does not fade.

    References
    ----------
    .. [1] Higham NJ, Functions of Matrices, SIAM 2008, section 10.3 (scaling and squaring), section 10.7.2 (essentially
       non-negative matrices).
    """
    size = matrix.shape[-1]
    index = np.arange(size)
    diagonal = matrix[..., index, index]
    shift = np.maximum(-diagonal.min(axis=-1), 0.0)
    lifted = matrix * step_h
    lifted[..., index, index] += (shift * step_h)[..., None]
    norm = float(np.abs(lifted).sum(axis=-2).max(initial=0.0))
    squarings = max(int(np.ceil(np.log2(norm))) + 1, 0) if norm > 0.0 else 0
    lifted *= 0.5**squarings
    terms = min(count_terms(norm * 0.5**squarings), TERMS)
    series = np.ascontiguousarray(lifted / terms)
    spare = np.empty_like(series)
    series.reshape(-1, size * size)[:, :: size + 1] += 1.0
    for k in range(terms - 1, 0, -1):
        np.matmul(lifted, series, out=spare)
        spare *= 1.0 / k
        series, spare = spare, series
        series.reshape(-1, size * size)[:, :: size + 1] += 1.0
    series *= np.exp(-shift * step_h * 0.5**squarings)[..., None, None]
    is_set = matrix != 0.0
    still_row, still_column = ~is_set.any(axis=-1), ~is_set.any(axis=-2)
    series[still_row] = 0.0
    series[..., index, index] = np.where(still_column | still_row, 1.0, series[..., index, index])
    for _ in range(squarings):
        series, spare = np.matmul(series, series, out=spare), series
    return series


def count_terms(norm: float) -> int:
    """Return the terms after which the series of a matrix of this norm adds less than 1e-18."""
    terms, rest = 2, norm**3 / 6.0
    while rest > 1e-18:
        terms += 1
        rest *= norm / (terms + 1)
    return terms


def build_propagators(matrix: FloatArray, plan: Plan) -> list[FloatArray]:
    """Return the propagators of a plan, each of the matrix's shape."""
    made: list[FloatArray] = []
    for k in range(plan.left.size):
        left = int(plan.left[k])
        made.append(exponentiate(matrix, float(plan.fresh_h[k])) if left < 0 else made[left] @ made[int(plan.right[k])])
    return made
