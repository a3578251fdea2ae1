"""The fit script: scales it walks on, what it weighs by, and the same files from the same arguments."""

from dataclasses import fields

import numpy as np
import pytest

from afterglow.pharmacology.mechanism.parameters import Population, load_population, load_population_parameters
from afterglow.pharmacology.mechanism.targets import load_rows
from tools.fit_mechanism import FIXED, FREE, Fit, pack, unpack


def test_values_survive_the_scales_of_the_fit() -> None:
    start = unpack(pack([free.start for free in FREE]))
    for free in FREE:
        assert getattr(start, free.name) == pytest.approx(free.start)


def test_every_parameter_is_either_fitted_or_fixed() -> None:
    named = {free.name for free in FREE} | set(FIXED) | {"study_sd", "study_drug_sd"}
    assert named == {field.name for field in fields(Population)}


def test_rows_of_one_study_share_its_error_and_of_two_do_not() -> None:
    fit = Fit(50, 1)
    slopes = np.ones((len(fit.rows), 2))
    covariances = fit.covariance(slopes, np.array([0.1, 0.2]))
    assert sum(len(block) for block in fit.blocks) == len(load_rows())
    for rows, covariance in zip(fit.blocks, covariances, strict=True):
        assert np.all(covariance >= 0.05 - 1e-12)  # 0.1^2 + 0.2^2, in every pair of rows
        assert np.diag(covariance) == pytest.approx(fit.errors[rows] ** 2 + 0.05)


def test_whitened_residuals_give_the_quadratic_form() -> None:
    fit = Fit(50, 1)
    covariances = fit.covariance(np.ones((len(fit.rows), 2)), np.array([0.1, 0.2]))
    residual = np.linspace(-1, 1, len(fit.rows))
    white = fit.whiten(residual, covariances)
    expected = sum(
        residual[rows] @ np.linalg.inv(covariance) @ residual[rows]
        for rows, covariance in zip(fit.blocks, covariances, strict=True)
    )
    assert white @ white == pytest.approx(expected)


def test_predictions_repeat_bit_for_bit() -> None:
    x = pack([free.start for free in FREE])
    assert np.array_equal(Fit(60, 5).predict(x), Fit(60, 5).predict(x))


def test_the_written_population_moved_away_from_where_the_fit_began() -> None:
    fitted = load_population()
    moved = [free.name for free in FREE if abs(getattr(fitted, free.name) / (free.start or 1) - 1) > 0.05]
    assert len(moved) > len(FREE) / 2
    parameters = load_population_parameters().parameters
    assert all(parameters[free.name].is_fitted and parameters[free.name].standard_error for free in FREE)
