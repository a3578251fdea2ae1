"""From synaptic pools to a symptom score: drug, placebo and a new antidepressant, each separate and sub-additive.

Dissociation is nowhere among the inputs: it never drives the response.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.mechanism.parameters import Population

Setting = Literal["crossover", "inert", "active", "open"]
SETTINGS: tuple[Setting, ...] = ("crossover", "inert", "active", "open")


@dataclass(frozen=True, slots=True)
class People:
    """What differs between people: arrays of shape (n,).

    `sensitivity` multiplies the pool, `pool_rate_per_h` is its loss, `placebo` a standard normal, and
    `antidepressant` the share of the score that a new antidepressant takes away in the long run.
    """

    sensitivity: FloatArray
    pool_rate_per_h: FloatArray
    placebo: FloatArray
    antidepressant: FloatArray
    self_rating: FloatArray
    baseline: FloatArray

    @property
    def n(self) -> int:
        """How many people."""
        return int(self.sensitivity.size)


def draw_people(
    n: int, generator: np.random.Generator, population: Population, *, baseline: float, baseline_sd: float
) -> People:
    """Return `n` people; seven draws each, in a fixed order, so that one seed serves every parameter value.

    Notes
    -----
    Sensitivity to the drug, response to placebo and response to an antidepressant share one factor: who responds
    to one responds sooner to another, which makes them less than additive between people as well as within.
    """
    draws = generator.standard_normal((7, n))
    shared = population.shared_response
    draws[[0, 2, 3]] = np.sqrt(shared) * draws[6] + np.sqrt(1.0 - shared) * draws[[0, 2, 3]]
    logit = population.antidepressant_logit + population.antidepressant_logit_sd * draws[3]
    return People(
        sensitivity=population.sensitivity * np.exp(population.sensitivity_omega * draws[0]),
        pool_rate_per_h=population.pool_rate_per_h * np.exp(-population.pool_half_life_omega * draws[1]),
        placebo=draws[2],
        antidepressant=1.0 / (1.0 + np.exp(-logit)),
        self_rating=population.self_rating_sd * draws[4],
        baseline=np.maximum(baseline + baseline_sd * draws[5], 0.6 * baseline),
    )


def calculate_drug_share(effective_pool: ArrayLike, ceiling: float) -> FloatArray:
    """Return the share of the score that the drug takes away: ceiling E / (1 + E)."""
    pool = np.maximum(np.asarray(effective_pool, dtype=np.float64), 0.0)
    return np.asarray(ceiling * pool / (1.0 + pool), dtype=np.float64)


def calculate_placebo_share(hours: FloatArray, people: People, population: Population, setting: Setting) -> FloatArray:
    """Return expectancy, regression and care, (n_times, n): relief of the first hours, then a slow fading.

    A negative share is someone who got worse.
    """
    means: Mapping[str, float] = {
        "crossover": population.placebo_crossover,
        "inert": population.placebo_inert,
        "active": population.placebo_active,
        "open": population.placebo_open,
    }
    spread = population.placebo_sd * (population.crossover_sd_share if setting == "crossover" else 1.0)
    share = np.clip(means[setting] + spread * people.placebo, -0.5, 0.95)
    early = population.first_hours_relief * np.exp2(-hours / population.first_hours_half_life_h)
    kept = np.exp2(-hours / (24.0 * population.waning_half_life_d))
    started = (hours > 0).astype(np.float64)
    total = (started * kept)[:, None] * share + (started * early)[:, None]
    return np.asarray(np.minimum(total, 0.95), dtype=np.float64)


def calculate_antidepressant_share(hours: FloatArray, people: People, population: Population) -> FloatArray:
    """Return what a newly begun antidepressant takes away, (n_times, n): rising over weeks, waning over months."""
    rise = -np.expm1(-np.maximum(hours, 0.0) / (24.0 * population.antidepressant_time_d))
    kept = np.exp2(-np.maximum(hours, 0.0) / (24.0 * population.waning_half_life_d))
    return np.asarray((rise * kept)[:, None] * people.antidepressant, dtype=np.float64)


def combine_shares(*shares: ArrayLike) -> FloatArray:
    """Return the total share of improvement, 1 - (1 - p)(1 - a)(1 - d): each works on what the others left."""
    left: FloatArray = np.ones(())
    for share in shares:
        left = left * (1.0 - np.asarray(share, dtype=np.float64))
    return np.asarray(1.0 - left, dtype=np.float64)
