"""The forecast's tabulated pools against the mechanism's own run, and its exposures against the packaged ones."""

import numpy as np
import pytest

from afterglow.outcomes.forecast.exposure import (
    add_pools,
    build_dose,
    find_exposure,
    list_rates,
    spread_over_people,
)
from afterglow.outcomes.forecast.filtering import filter_drift
from afterglow.outcomes.forecast.personal import Reading
from afterglow.outcomes.forecast.virtual import Noise
from afterglow.outcomes.next_treatment.expected import calculate_normal_cdf
from afterglow.pharmacology.mechanism import get_regimen, load_population
from afterglow.pharmacology.mechanism.pool import calculate_pools
from afterglow.pharmacology.mechanism.response import People
from tests.support.personal import INFUSION, SPRAY


def run_mechanism(days: np.ndarray, sessions: list[float], dose, rates: np.ndarray) -> np.ndarray:
    """Return the pool by the mechanism's own time stepping, weighted as the forecast weighs it."""
    population = load_population()
    ones = np.ones(rates.size)
    people = People(ones, rates, ones, ones, ones, ones)
    pools = calculate_pools(days, sessions, [find_exposure(dose)] * len(sessions), people, population)
    return pools.new + pools.consolidated + population.trophic_weight * pools.trophic


@pytest.mark.parametrize("dose", [INFUSION, SPRAY])
def test_tabulated_pools_are_the_mechanisms(dose) -> None:
    """Two ways to one number: kernels added against one run of the whole course; 1 % of the largest pool."""
    sessions = [0.0, 3.0, 7.0, 10.0, 38.0]
    days = np.array([0.5, 1.0, 2.0, 3.0, 9.0, 20.0, 45.0, 120.0])
    rates = list_rates(load_population())
    found = add_pools(days, np.array(sessions), [dose] * 5, load_population())
    whole = run_mechanism(days, sessions, dose, rates)
    assert np.max(np.abs(found - whole)) < 0.01 * whole.max()


def test_people_between_the_tabulated_rates() -> None:
    normals = np.array([-2.0, -0.33, 0.0, 0.71, 2.6])
    population = load_population()
    rates = population.pool_rate_per_h * np.exp(-population.pool_half_life_omega * normals)
    days = np.array([1.0, 8.0, 25.0])
    table = add_pools(days, np.array([0.0, 4.0]), [INFUSION] * 2, population)
    expected = run_mechanism(days, [0.0, 4.0], INFUSION, rates)
    assert spread_over_people(table, normals) == pytest.approx(expected, rel=0.01, abs=0.001)


@pytest.mark.parametrize(("dose", "key"), [(INFUSION, "iv_ketamine_0.5"), (SPRAY, "nasal_esketamine_84")])
def test_exposures_are_near_those_the_population_was_fitted_with(dose, key: str) -> None:
    """5 % of the peak: the packaged ones take S as half of the racemate, the engine clears S a little faster."""
    packaged = get_regimen(key).exposure
    found = find_exposure(dose)
    level = np.interp(packaged.hours, found.hours, found.ce_ng_per_ml)
    assert np.max(np.abs(level - packaged.ce_ng_per_ml)) < 0.05 * packaged.ce_ng_per_ml.max()


def test_doses_are_known_again_after_rounding() -> None:
    assert build_dose("racemic", "iv", dose_mg=36.0, weight_kg=72.0, duration_min=41.0) == INFUSION
    assert build_dose("esketamine", "intranasal", dose_mg=84.0, weight_kg=110.0) == SPRAY


def test_filter_is_the_normal_distribution_of_all_scores_at_once() -> None:
    """The likelihood by steps against the joint density written out, and the drift against the regression on it."""
    noise = Noise(drift_sd=3.0, drift_time_d=40.0, reading_sd=1.2)
    days, seen, level = np.array([0.0, 5.0, 19.0, 60.0]), np.array([14.0, 9.0, 11.0, 6.0]), np.array([15.0, 10, 8, 9])
    readings = [Reading(float(day), float(value)) for day, value in zip(days, seen, strict=True)]
    found = filter_drift(readings, level[:, None], noise)
    drift = noise.drift_sd**2 * np.exp(-np.abs(days[:, None] - days[None, :]) / noise.drift_time_d)
    whole = drift + noise.reading_sd**2 * np.eye(4)
    away = seen - level
    expected = -0.5 * away @ np.linalg.solve(whole, away) - 0.5 * np.linalg.slogdet(2 * np.pi * whole)[1]
    assert found.log_likelihood[0] == pytest.approx(expected, abs=1e-9)
    assert found.squares[0] == pytest.approx(away @ np.linalg.solve(whole, away), abs=1e-9)
    assert found.mean[0] == pytest.approx(drift[-1] @ np.linalg.solve(whole, away), abs=1e-9)
    left = noise.drift_sd**2 - drift[-1] @ np.linalg.solve(whole, drift[-1])
    assert found.variance == pytest.approx(left, abs=1e-9)


def test_normal_distribution_function_of_tables() -> None:
    """Standard normal table: 1.96, 1, 0 and their mirror images."""
    found = calculate_normal_cdf(np.array([1.96, 1.0, 0.0, -1.0, -1.96]))
    assert found == pytest.approx([0.9750021, 0.8413447, 0.5, 0.1586553, 0.0249979], abs=2e-7)
