"""Random effects: variances, covariances, scales, occasions, and that impossible values are refused."""

from dataclasses import replace

import numpy as np
import pytest

from afterglow.pharmacology.covariates import Person, build_covariates
from afterglow.pharmacology.models.catalogue import get_model
from afterglow.pharmacology.models.kinetics import build_kinetics
from afterglow.pharmacology.population import (
    Subjects,
    build_omega,
    build_typical,
    draw_subjects,
    evaluate_parameters,
    factor_omega,
    select_subjects,
)
from afterglow.pharmacology.regimen import build_regimen
from afterglow.terms import InvalidInput

MANY = 40_000


def people(n=MANY, weight_kg=70.0, **person):
    return build_covariates(Person(weight_kg, person.pop("age_years", 30.0), **person), n)[0]


def draw(model_id, seed=11, n=MANY, **named):
    return draw_subjects(get_model(model_id), people(n), np.random.default_rng(seed), **named)


@pytest.mark.parametrize(
    ("model_id", "parameter", "cv"),
    [
        ("perez-ruixo-2021", "ka_n", 0.615),  # Perez-Ruixo 2021, parameter table
        ("perez-ruixo-2021", "qh", 0.232),
        ("perez-ruixo-2021", "kel", 1.20),
        ("kamp-2020", "cl", 0.25),
    ],
)
def test_log_normal_parameter_has_the_published_median_and_cv(model_id, parameter, cv):
    model = get_model(model_id)
    values = np.asarray(evaluate_parameters(model, draw(model_id))[parameter])
    assert np.median(values) == pytest.approx(model.parameters[parameter].value, rel=0.02)
    assert np.std(np.log(values)) == pytest.approx(np.sqrt(np.log1p(cv**2)), rel=0.02)


def test_covariance_of_otto_is_in_the_draws():
    subjects = draw("fanta-otto-2021")
    found = np.cov(subjects.etas["v1"], subjects.etas["cl"])
    np.testing.assert_allclose(found, [[0.0842, 0.0226], [0.0226, 0.0260]], rtol=0.05)
    assert abs(np.corrcoef(subjects.etas["v1"], subjects.etas["cln"])[0, 1]) < 0.02


def test_cholesky_factor_gives_omega_back():
    model = get_model("fanta-otto-2021")
    _, omega = build_omega(model)
    factor = factor_omega(model, omega)
    np.testing.assert_allclose(factor @ factor.T, omega, atol=1e-15)


def test_contradicting_covariances_are_refused():
    model = get_model("fanta-otto-2021")
    impossible = tuple(replace(one, value=1.0) for one in model.covariances)
    with pytest.raises(InvalidInput) as caught:
        draw_subjects(replace(model, covariances=impossible), people(5), np.random.default_rng(1))
    assert caught.value.problems[0].code == "not-positive-definite"


def test_nasal_fraction_stays_between_0_and_1_on_the_logit_scale():
    model = get_model("perez-ruixo-2021")
    doses, _ = build_regimen(["28mg"], drug="esketamine", route="intranasal", weight_kg=70.0)
    subjects = draw_subjects(model, people(5000, ancestry="japanese"), np.random.default_rng(3))
    kinetics = build_kinetics(model, subjects, doses, drug="esketamine", route="intranasal")
    fraction = np.asarray(kinetics.inputs[0].amount_mg) / 28.0
    assert 0 < fraction.min() < fraction.max() < 1
    assert np.median(fraction) == pytest.approx(0.54 * 1.34, rel=0.02)
    assert np.std(np.log(fraction / (1 - fraction))) == pytest.approx(0.708, rel=0.05)


def test_occasions_vary_around_the_person():
    subjects = draw("simons-2022", n_occasions=3)
    assert subjects.kappas["f1"].shape == (3, MANY)
    assert np.var(subjects.kappas["f1"]) == pytest.approx(0.060, rel=0.03)
    first, second = (evaluate_parameters(get_model("simons-2022"), subjects, occasion=k)["mtt_kn"] for k in (0, 1))
    assert np.var(np.log(first / second)) == pytest.approx(2 * 0.751, rel=0.03)


def test_norketamine_volume_of_simons_moves_with_ketamine_volume():
    found = evaluate_parameters(get_model("simons-2022"), draw("simons-2022"))
    np.testing.assert_allclose(found["vn1"], found["vk1"])


def test_weight_scales_where_the_model_has_allometry_and_not_elsewhere():
    def get(model_id, name, weight):
        return float(np.ravel(evaluate_parameters(get_model(model_id), build_typical(people(1, weight)))[name])[0])

    assert get("kamp-2020", "cl", 140.0) / get("kamp-2020", "cl", 70.0) == pytest.approx(2**0.75)
    assert get("kamp-2020", "v1", 140.0) / get("kamp-2020", "v1", 70.0) == pytest.approx(2)
    assert get("fanta-otto-2021", "vp1", 140.0) == get("fanta-otto-2021", "vp1", 70.0)
    for name in get_model("perez-ruixo-2021").parameters:
        assert get("perez-ruixo-2021", name, 140.0) == get("perez-ruixo-2021", name, 70.0)


def test_same_seed_same_draws_and_blocks_are_slices():
    one, other = draw("simons-2022", n=64), draw("simons-2022", n=64)
    assert all(np.array_equal(one.etas[name], other.etas[name]) for name in one.etas)
    block = select_subjects(one, slice(10, 20))
    assert block.n == 10
    assert np.array_equal(block.kappas["f1"], one.kappas["f1"][:, 10:20])


def test_parameter_without_a_usable_value_is_refused():
    model = get_model("kamp-2020")
    covariates = people(1)
    evaluate_parameters(model, Subjects(1, covariates, {"cl": np.array([0.0])}))
    with pytest.raises(InvalidInput) as caught:
        evaluate_parameters(model, Subjects(1, covariates, {"cl": np.array([np.nan])}))
    assert caught.value.problems[0].code == "parameter-not-usable"


def test_uncertainty_is_wider_where_size_was_adjusted():
    def spread(model_id, parameter, bmi):
        covariates = people(2000, 120.0, bmi=bmi)
        return np.std(draw_subjects(get_model(model_id), covariates, np.random.default_rng(1)).etas[parameter])

    assert spread("kamp-2020", "cl", 36.0) == pytest.approx(1.25 * spread("kamp-2020", "cl", 34.0))
    assert spread("perez-ruixo-2021", "qh", 36.0) == spread("perez-ruixo-2021", "qh", 34.0)
