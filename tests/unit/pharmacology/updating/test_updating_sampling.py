"""Importance weights, tempering and moves against posteriors known exactly."""

import math

import numpy as np
import pytest

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.updating.residuals import Residual, calculate_cdf
from afterglow.pharmacology.updating.sampling import LogLikelihood, find_next_temperature, sample_posterior
from afterglow.pharmacology.updating.weights import (
    calculate_ess,
    calculate_moments,
    calculate_weights,
    count_distinct,
    resample_systematic,
)
from afterglow.terms import Citation, Grade

CITATION = Citation("EFFECTS-OWN", "a reading made up for a test", Grade.D)


def build_linear(design: FloatArray, data: FloatArray, sd: float) -> LogLikelihood:
    """Return the log-likelihood of data = design z + noise."""
    return lambda z: -0.5 * np.sum(((data[:, None] - design @ z) / sd) ** 2, axis=0)


def solve_linear(design: FloatArray, data: FloatArray, sd: float) -> tuple[FloatArray, FloatArray]:
    """Return mean and covariance of the conjugate posterior (Gelman, Bayesian Data Analysis 3, section 14.8)."""
    precision = np.eye(design.shape[1]) + design.T @ design / sd**2
    covariance = np.linalg.inv(precision)
    return covariance @ design.T @ data / sd**2, covariance


def test_weak_data_are_met_by_importance_weights_alone() -> None:
    design, data = np.array([[1.0, 0.5]]), np.array([0.8])
    rng = np.random.default_rng(11)
    sample = sample_posterior(build_linear(design, data, 1.0), rng.standard_normal((2, 20_000)), rng)
    mean, covariance = solve_linear(design, data, 1.0)
    assert sample.temperatures == ()
    for k in range(2):
        found = calculate_moments(sample.z[k], sample.weights)
        assert found == pytest.approx((mean[k], math.sqrt(covariance[k, k])), abs=0.03)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_sharp_data_are_reached_by_tempering_and_moves(seed: int) -> None:
    """Posterior sd about 1/30 of the prior's in two directions: plain weights would rest on a handful of particles."""
    design = np.array([[1.0, 0.4, 0.0], [0.2, 1.0, 0.0], [0.5, -0.7, 0.0]])
    data = np.array([2.1, -1.2, 1.9])
    rng = np.random.default_rng(seed)
    sample = sample_posterior(build_linear(design, data, 0.05), rng.standard_normal((3, 2_000)), rng)
    mean, covariance = solve_linear(design, data, 0.05)
    assert sample.has_arrived
    assert sample.prior_ess < 20
    assert sample.temperatures[-1] == 1.0
    assert sample.ess > 500
    for k in range(3):
        found_mean, found_sd = calculate_moments(sample.z[k], sample.weights)
        sd = math.sqrt(covariance[k, k])
        assert found_mean == pytest.approx(mean[k], abs=0.15 * sd)  # about 5 standard errors of 1000 draws
        assert found_sd == pytest.approx(sd, rel=0.12)


def test_no_likelihood_leaves_the_prior_as_it_is() -> None:
    z = np.random.default_rng(5).standard_normal((4, 300))
    sample = sample_posterior(lambda at: np.zeros(at.shape[1]), z, np.random.default_rng(6))
    assert sample.z is z
    assert sample.ess == pytest.approx(300.0)


def test_likelihood_that_nothing_meets_does_not_arrive() -> None:
    z = np.random.default_rng(5).standard_normal((2, 50))
    sample = sample_posterior(lambda at: np.full(at.shape[1], np.nan), z, np.random.default_rng(6))
    assert not sample.has_arrived
    assert sample.ess == 0.0


def test_same_seed_gives_the_same_bytes() -> None:
    likelihood = build_linear(np.array([[1.0, 1.0]]), np.array([4.0]), 0.05)
    runs = [
        sample_posterior(likelihood, np.random.default_rng(3).standard_normal((2, 200)), np.random.default_rng(4))
        for _ in range(2)
    ]
    assert runs[0].z.tobytes() == runs[1].z.tobytes()


def test_effective_sample_size_lies_between_one_and_n() -> None:
    assert calculate_ess(np.full(50, 0.02)) == pytest.approx(50.0)
    assert calculate_ess(np.eye(50)[3]) == 1.0
    assert calculate_ess(np.zeros(5)) == 0.0
    rng = np.random.default_rng(8)
    for _ in range(20):
        weights = calculate_weights(30 * rng.standard_normal(64))
        assert 1.0 <= calculate_ess(weights) <= 64.0


def test_huge_log_weights_neither_overflow_nor_vanish() -> None:
    weights = calculate_weights(np.array([-1e6, -1e6 - 1.0, -np.inf]))
    assert weights == pytest.approx([1 / (1 + math.exp(-1)), math.exp(-1) / (1 + math.exp(-1)), 0.0])
    assert calculate_weights(np.array([1e6, 1e6])) == pytest.approx([0.5, 0.5])
    assert not calculate_weights(np.full(3, -np.inf)).any()


def test_identical_particles_count_once() -> None:
    z = np.array([[1.0, 1.0, 2.0, 3.0]])
    assert count_distinct(z, np.full(4, 0.25)) == pytest.approx(1 / (0.5**2 + 2 * 0.25**2))


def test_resampling_takes_each_particle_by_its_weight() -> None:
    weights = np.array([0.5, 0.3, 0.2, 0.0])
    rows = resample_systematic(np.repeat(weights, 25) / 25, np.random.default_rng(2))
    counts = np.bincount(rows // 25, minlength=4)
    assert np.all(np.abs(counts - 100 * weights) <= 1)


def test_next_temperature_keeps_the_asked_effective_sample_size() -> None:
    found = -0.5 * 400 * np.random.default_rng(9).standard_normal(500) ** 2
    phi = find_next_temperature(found, 0.0, 250.0)
    assert 0 < phi < 1
    assert calculate_ess(calculate_weights(phi * found)) == pytest.approx(250.0, rel=1e-6)
    assert find_next_temperature(found * 1e-6, 0.3, 250.0) == 1.0


def test_student_tail_matches_the_table_and_the_normal_one_too() -> None:
    """Two-sided 5 % points: 2.776 at 4 degrees of freedom, 1.960 for the normal (any statistical table)."""
    assert calculate_cdf(np.array([2.7764]), 4.0)[0] == pytest.approx(0.975, abs=1e-4)
    assert calculate_cdf(np.array([1.959964]))[0] == pytest.approx(0.975, abs=1e-6)


def test_density_integrates_to_one_for_each_kind() -> None:
    values = np.linspace(-400.0, 400.0, 80_001)
    for residual in (
        Residual(CITATION, additive_sd=8.0),
        Residual(CITATION, additive_sd=3.0, proportional_sd=0.2),
        Residual(CITATION, additive_sd=8.0, freedom=4.0),
    ):
        density = [math.exp(residual.calculate_log_density(float(v), np.array([20.0]))[0]) for v in values[::20]]
        assert sum(density) * 0.2 == pytest.approx(1.0, abs=2e-3)


def test_one_odd_reading_rules_the_normal_and_not_the_student() -> None:
    readings = np.array([1.0, 1.1, 0.9, 8.0])
    means = []
    for freedom in (None, 4.0):
        residual = Residual(CITATION, additive_sd=0.3, freedom=freedom)

        def likelihood(z: FloatArray, residual: Residual = residual) -> FloatArray:
            return np.sum([residual.calculate_log_density(float(one), 2 * z[0]) for one in readings], axis=0)

        rng = np.random.default_rng(12)
        sample = sample_posterior(likelihood, rng.standard_normal((1, 1000)), rng)
        means.append(2 * calculate_moments(sample.z[0], sample.weights)[0])
    assert means[0] > 2.3
    assert means[1] == pytest.approx(1.0, abs=0.25)
