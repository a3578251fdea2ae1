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
    series = lifted / TERMS
    series[..., index, index] += 1.0
    for k in range(TERMS - 1, 0, -1):
        series = (lifted @ series) * (1.0 / k)
        series[..., index, index] += 1.0
    series *= np.exp(-shift * step_h * 0.5**squarings)[..., None, None]
    still_row = ~matrix.any(axis=-1)
    still_column = ~matrix.any(axis=-2)
    series[still_row] = np.broadcast_to(np.eye(size), matrix.shape)[still_row]
    series[..., index, index] = np.where(still_column, 1.0, series[..., index, index])
    for _ in range(squarings):
        series = series @ series
    return series


def build_propagators(matrix: FloatArray, plan: Plan) -> list[FloatArray]:
    """Return the propagators of a plan, each of the matrix's shape."""
    made: list[FloatArray] = []
    for k in range(plan.left.size):
        left = int(plan.left[k])
        made.append(exponentiate(matrix, float(plan.fresh_h[k])) if left < 0 else made[left] @ made[int(plan.right[k])])
    return made
