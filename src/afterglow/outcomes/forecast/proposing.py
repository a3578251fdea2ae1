"""Adaptive importance sampling: where few virtual patients resemble a person, new ones are drawn near those few.

Cappé et al., Adaptive importance sampling in general mixture classes, Stat Comput 18 (2008) 447, with one component.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import lgamma, log, pi

import numpy as np

from afterglow.outcomes.forecast._types import FloatArray
from afterglow.pharmacology.updating import calculate_ess, calculate_weights

FREEDOM = 6.0  # of the Student-t proposal: heavier tails than the posterior's, so that weights stay bounded in practice
ROUNDS, WIDENING = 5, 1.3
LogLikelihood = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Normals (8, n), weights (n,) that sum to 1, and the effective sample size they leave."""

    z: FloatArray
    weights: FloatArray
    effective: float


def propose(
    log_likelihood: LogLikelihood, prior: FloatArray, found: FloatArray, n: int, generator: np.random.Generator,
    *, enough: float,
) -> Drawn:  # fmt: skip
    """Return virtual patients drawn near those of the prior that fit best, weighted for the posterior.

    Parameters
    ----------
    log_likelihood : callable, (8, n) -> (n,)
    prior : ndarray, shape (8, m)
        Standard normal; `found` is their log-likelihood, (m,).
    n : int
        How many are drawn in each round.
    generator : numpy.random.Generator
    enough : float
        Effective sample size at which the rounds end; after five the best round is returned.

    Notes
    -----
    The first round starts from the prior weighted by likelihood^phi with phi as large as keeps the effective sample
    size at a hundredth of m. Weights are prior x likelihood / proposal, exact whatever the proposal was.
    """
    z, weights = prior, calculate_weights(find_power(found, prior.shape[1] / 100.0) * found)
    best = Drawn(prior, calculate_weights(found), calculate_ess(calculate_weights(found)))
    for _ in range(ROUNDS):
        centre = z @ weights
        away = z - centre[:, None]
        factor = np.linalg.cholesky(WIDENING * (weights * away) @ away.T + 0.02 * np.eye(len(z)))
        z, log_proposal = _draw(centre, np.asarray(factor, dtype=np.float64), n, generator)
        log_prior = -0.5 * np.sum(z**2, axis=0) - 0.5 * len(z) * log(2 * pi)
        log_weights = log_likelihood(z) + log_prior - log_proposal
        weights = calculate_weights(log_weights)
        effective = calculate_ess(weights)
        if effective > best.effective:
            best = Drawn(z, weights, effective)
        if effective >= enough:
            break
        weights = calculate_weights(find_power(log_weights, n / 50.0) * log_weights)
    return best


def find_power(log_weights: FloatArray, least: float) -> float:
    """Return the largest power, at most 1, of weights that keeps an effective sample size."""
    low, high = 0.0, 1.0
    if calculate_ess(calculate_weights(log_weights)) >= least:
        return 1.0
    for _ in range(12):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if calculate_ess(calculate_weights(middle * log_weights)) >= least else (low, middle)
    return max(low, 1e-3)


def _draw(
    centre: FloatArray, factor: FloatArray, n: int, generator: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return draws of a multivariate Student-t and their log-density."""
    d = len(centre)
    normal = generator.standard_normal((d, n))
    stretch = np.sqrt(FREEDOM / generator.chisquare(FREEDOM, n))
    z = centre[:, None] + factor @ normal * stretch
    squares = np.sum(normal**2, axis=0) * stretch**2
    constant = lgamma((FREEDOM + d) / 2) - lgamma(FREEDOM / 2) - 0.5 * d * log(FREEDOM * pi)
    density = constant - np.sum(np.log(np.diag(factor))) - 0.5 * (FREEDOM + d) * np.log1p(squares / FREEDOM)
    return z, density
