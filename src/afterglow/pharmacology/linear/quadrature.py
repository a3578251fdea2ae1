"""Gauss-Legendre rules of rising order on one step, each with a functional that tells how well it resolves."""

from functools import cache

import numpy as np

from afterglow.pharmacology.linear.system import FloatArray

NODES = (2, 3, 4, 6, 8, 12, 16, 24, 32)
PANEL_NODES = (6, 8, 12)
"""Rules on a whole block of equal steps."""
TINY = 1e-300


@cache
def get_rule(count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return nodes and weights on 0..1, and the weights of the resolution functional, each of shape (count,).

    The functional is (2n - 1) (P_(n-1) + P_(n-2) / 20) at the nodes: applied to the weighted values of an integrand it
    gives, over the length of the step, its last Legendre coefficient and, lest that vanishes by symmetry, some of the
    one before. Where they fall off like r^-(n-1), the n-point rule errs like r^-2n.
    """
    x, w = np.polynomial.legendre.leggauss(count)
    high, low = np.zeros(count), np.zeros(count)
    high[count - 1], low[count - 2] = 1.0, 1.0
    functional = np.polynomial.legendre.legval(x, high)
    if count > NODES[0]:
        functional = functional + 0.05 * np.polynomial.legendre.legval(x, low)
    return 0.5 * (x + 1.0), 0.5 * w, np.asarray((2 * count - 1) * functional, dtype=np.float64)


@cache
def get_partial(count: int, parts: int) -> FloatArray:
    """Return weights that integrate up to 1/parts, 2/parts, ... 1 of a step, shape (parts, count).

    They belong to the weighted values of an integrand at the nodes of a rule: the polynomial through the values is
    integrated exactly, P_m by (P_(m+1) - P_(m-1)) / (2m + 1). The last row is all ones.
    """
    x, _ = np.polynomial.legendre.leggauss(count)
    ends = 2.0 * np.arange(1, parts + 1) / parts - 1.0
    at_nodes = np.polynomial.legendre.legvander(x, count - 1)
    at_ends = np.polynomial.legendre.legvander(ends, count)
    integrals = np.empty((parts, count))
    integrals[:, 0] = 0.5 * (ends + 1.0)
    integrals[:, 1:] = 0.5 * (at_ends[:, 2:] - at_ends[:, : count - 1])
    partial = integrals @ at_nodes.T
    partial[-1] = 1.0
    return np.asarray(partial)
