"""From prior to posterior: importance weights where they suffice, else tempering with resampling and moves.

The prior is a standard normal in every direction; whoever asks maps it to parameters.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.updating.weights import (
    calculate_ess,
    calculate_weights,
    count_distinct,
    resample_systematic,
)

LogLikelihood = Callable[[FloatArray], FloatArray]

ENOUGH_SHARE = 0.25
KEPT_SHARE = 0.5
MOST_STAGES, MOST_MOVES = 40, 10
ENOUGH_ACCEPTED = 2.5  # accepted moves per particle and stage
LEAST_ACCEPTANCE = 0.02


@dataclass(frozen=True, slots=True)
class Sample:
    """A weighted sample.

    Attributes
    ----------
    z : ndarray, shape (d, n)
    weights : ndarray, shape (n,)
        Summing to 1.
    prior_ess : float
        Of plain importance weights, before anything was rejuvenated.
    ess : float
        Of what is returned; identical particles count once.
    temperatures : tuple of float
        Powers of the likelihood passed on the way; empty for plain importance weights.
    acceptance : float
        Smallest share of accepted moves of any stage; 1 without moves.
    has_arrived : bool
        Whether the full likelihood was reached with particles that still move.
    """

    z: FloatArray
    weights: FloatArray
    prior_ess: float
    ess: float
    temperatures: tuple[float, ...] = ()
    acceptance: float = 1.0
    has_arrived: bool = True


def sample_posterior(
    log_likelihood: LogLikelihood, z: FloatArray, generator: np.random.Generator, *, enough: float | None = None
) -> Sample:
    """Return a weighted sample of the posterior from a sample of the standard normal prior.

    Parameters
    ----------
    log_likelihood : callable, (d, n) -> (n,)
    z : ndarray, shape (d, n)
        Drawn from the prior.
    generator : numpy.random.Generator
        For resampling and moves.
    enough : float, optional
        Effective sample size from which plain importance weights are kept; a quarter of n by default.

    Returns
    -------
    sample : Sample

    Notes
    -----
    Sequential Monte Carlo over likelihood^phi [1]_: phi rises by the step that keeps half of the effective sample
    size, particles are resampled systematically, then moved by a Metropolis random walk with their own covariance
    (2.38^2/d, adapted to the acceptance) and by autoregressive proposals that keep the prior [2]_, both with the exact
    acceptance probability of the tempered posterior.

    References
    ----------
    .. [1] Del Moral P, Doucet A, Jasra A, Sequential Monte Carlo samplers, J R Stat Soc B 68 (2006) 411.
    .. [2] Cotter SL et al., MCMC methods for functions, Statist Sci 28 (2013) 424, equation 4.5 (pCN).
    """
    n = z.shape[1]
    found = _clean(log_likelihood(z))
    weights = calculate_weights(found)
    prior_ess = calculate_ess(weights)
    if prior_ess == 0.0:
        return Sample(z, np.full(n, 1.0 / n), 0.0, 0.0, has_arrived=False)
    if prior_ess >= (ENOUGH_SHARE * n if enough is None else enough):
        return Sample(z, weights, prior_ess, prior_ess)
    return _temper(log_likelihood, z.copy(), found, generator, prior_ess)


def find_next_temperature(log_likelihood: FloatArray, phi: float, least_ess: float) -> float:
    """Return the largest power, at most 1, whose incremental weights keep the effective sample size."""
    if calculate_ess(calculate_weights((1.0 - phi) * log_likelihood)) >= least_ess:
        return 1.0
    low, high = 0.0, 1.0 - phi
    for _ in range(60):
        middle = 0.5 * (low + high)
        if calculate_ess(calculate_weights(middle * log_likelihood)) >= least_ess:
            low = middle
        else:
            high = middle
    return phi + low


def _temper(
    log_likelihood: LogLikelihood, z: FloatArray, found: FloatArray, generator: np.random.Generator, prior_ess: float
) -> Sample:
    n = z.shape[1]
    even = np.full(n, 1.0 / n)
    path: list[float] = []
    phi, scale, beta, lowest = 0.0, 1.0, 0.6, 1.0
    while phi < 1.0 and len(path) < MOST_STAGES:
        after = find_next_temperature(found, phi, KEPT_SHARE * n)
        if after - phi < 1e-9:
            break
        rows = resample_systematic(calculate_weights((after - phi) * found), generator)
        z, found, phi = z[:, rows], found[rows], after
        path.append(phi)
        z, found, scale, beta, rate = _move(log_likelihood, z, found, phi, generator, scale, beta)
        lowest = min(lowest, rate)
    has_arrived = phi >= 1.0 and lowest >= LEAST_ACCEPTANCE
    return Sample(z, even, prior_ess, count_distinct(z, even), tuple(path), lowest, has_arrived)


def _move(
    log_likelihood: LogLikelihood, z: FloatArray, found: FloatArray, phi: float, generator: np.random.Generator,
    scale: float, beta: float,
) -> tuple[FloatArray, FloatArray, float, float, float]:  # fmt: skip
    """Return particles after moves that keep the tempered posterior, the adapted widths and the share accepted."""
    d, n = z.shape
    factor = _factor(z)
    accepted = 0.0
    rates: list[float] = []
    for turn in range(MOST_MOVES):
        noise = generator.standard_normal((d, n))
        if turn % 2 == 0:
            proposed = z + scale * 2.38 / np.sqrt(d) * (factor @ noise)
            prior_gain = 0.5 * (np.sum(z**2, axis=0) - np.sum(proposed**2, axis=0))
        else:
            proposed = np.sqrt(1.0 - beta**2) * z + beta * noise
            prior_gain = np.zeros(n)
        new = _clean(log_likelihood(proposed))
        gain = phi * (new - found) + prior_gain
        is_taken = np.log(generator.random(n)) < gain
        z, found = np.where(is_taken, proposed, z), np.where(is_taken, new, found)
        rate = float(np.mean(is_taken))
        rates.append(rate)
        accepted += rate
        if turn % 2 == 0:
            scale = float(np.clip(scale * np.exp(rate - 0.25), 0.05, 4.0))
        else:
            beta = float(np.clip(beta * np.exp(rate - 0.3), 0.02, 0.98))
        if accepted >= ENOUGH_ACCEPTED and turn >= 1:
            break
    return z, found, scale, beta, float(np.mean(rates))


def _factor(z: FloatArray) -> FloatArray:
    """Return a lower factor of the particles' covariance, kept positive definite by a little of its diagonal."""
    covariance = np.atleast_2d(np.cov(z))
    ridge = 1e-6 * (1.0 + np.diag(covariance).mean())
    return np.asarray(np.linalg.cholesky(covariance + ridge * np.eye(len(covariance))), dtype=np.float64)


def _clean(values: FloatArray) -> FloatArray:
    """Return log-likelihoods with what is not a number as impossible."""
    return np.asarray(np.where(np.isnan(values), -np.inf, values), dtype=np.float64)
