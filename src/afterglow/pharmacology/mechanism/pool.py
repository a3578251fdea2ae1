"""The synaptic pool of a course of sessions, for people who differ."""

from collections.abc import Sequence

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.mechanism.chain import (
    HOURS_PER_DAY,
    Exposure,
    PoolRates,
    Pools,
    Signal,
    calculate_signal,
    run_pools,
)
from afterglow.pharmacology.mechanism.parameters import Population
from afterglow.pharmacology.mechanism.response import People


def build_signals(exposures: Sequence[Exposure], population: Population) -> list[Signal]:
    """Return the trophic signal of each session; the same exposure object is worked out once."""
    known: dict[int, Signal] = {}
    for exposure in exposures:
        if id(exposure) not in known:
            known[id(exposure)] = calculate_signal(
                exposure,
                ec50_ng_per_ml=population.ec50_ng_per_ml,
                glutamate_half_life_h=population.glutamate_half_life_h,
                trophic_half_life_h=population.trophic_half_life_h,
            )
    return [known[id(exposure)] for exposure in exposures]


def calculate_pools(
    days: FloatArray, session_days: Sequence[float], exposures: Sequence[Exposure], people: People,
    population: Population,
) -> Pools:  # fmt: skip
    """Return new and consolidated synapses and the trophic signal on the asked days, each (n_days, n).

    Parameters
    ----------
    days : ndarray, shape (n_days,)
        Rising, counted from the start of the course.
    session_days : sequence of float
        When each session starts; none leaves every pool empty.
    exposures : sequence of Exposure
        One per session.
    people, population
        Who, and by which constants.
    """
    if not session_days:
        nothing = np.zeros((days.size, people.n))
        return Pools(days * HOURS_PER_DAY, nothing, nothing, nothing)
    rates = PoolRates(
        formed_per_h=population.formed_per_h,
        lost_per_h=people.pool_rate_per_h,
        consolidated_per_h=population.consolidated_per_d / HOURS_PER_DAY,
        forgotten_per_h=float(np.log(2)) / (HOURS_PER_DAY * population.consolidated_half_life_d),
    )
    starts = [day * HOURS_PER_DAY for day in session_days]
    return run_pools(starts, build_signals(exposures, population), rates, days * HOURS_PER_DAY)


def calculate_effective_pool(
    days: FloatArray, session_days: Sequence[float], exposures: Sequence[Exposure], people: People,
    population: Population,
) -> FloatArray:  # fmt: skip
    """Return E = sensitivity (new + consolidated + weight x trophic), (n_days, n)."""
    pools = calculate_pools(days, session_days, exposures, people, population)
    pool = pools.new + pools.consolidated + population.trophic_weight * pools.trophic
    return np.asarray(people.sensitivity * pool, dtype=np.float64)
