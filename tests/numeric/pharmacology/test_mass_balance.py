"""Mass: no flow creates any, no dose enters more than once, and what leaves is what was put in."""

import numpy as np
import pytest

from afterglow.pharmacology.covariates import Person, build_covariates
from afterglow.pharmacology.models.catalogue import get_model, load_model_ids
from afterglow.pharmacology.models.exposure import build_matrix, calculate_exposure
from afterglow.pharmacology.models.kinetics import build_kinetics
from afterglow.pharmacology.population import build_typical
from afterglow.pharmacology.regimen import Dose

CASES = [(name, route) for name in load_model_ids() for route in get_model(name).routes]


def build(name, route, dose_mg=28.0):
    model = get_model(name)
    age = 5.0 if "children" in model.title.lower() else 40.0
    covariates, _ = build_covariates(Person(weight_kg=70.0, age_years=age))
    doses = [Dose(dose_mg, 0.0, 0.3 if route == "inhaled" else None, session_mg=dose_mg)]
    return build_kinetics(
        model, build_typical(covariates), doses, drug=model.drugs[0], route=route, with_enantiomers=False
    )


@pytest.mark.parametrize(("name", "route"), CASES)
def test_no_flow_gives_more_than_it_takes(name, route):
    for flow in build(name, route).system.flows:
        assert np.all(np.asarray(flow.in_per_h) <= np.asarray(flow.out_per_h) * (1 + 1e-12))


@pytest.mark.parametrize(("name", "route"), CASES)
def test_no_more_enters_than_was_given_unless_the_model_says_why(name, route):
    kinetics = build(name, route)
    entered = sum(float(np.max(one.amount_mg)) for one in kinetics.inputs)
    if route == "sublingual" and kinetics.model.mass_balance_exempt:
        assert entered > 28.0
    else:
        assert 0 < entered <= 28.0 * (1 + 1e-12)


@pytest.mark.parametrize(("name", "route"), CASES)
def test_everything_that_enters_leaves(name, route):
    kinetics = build(name, route)
    matrix = build_matrix(kinetics.system)[0]
    assert np.linalg.eigvals(matrix).real.max() < 0
    put_in = np.zeros(len(matrix))
    for one in kinetics.inputs:
        put_in[one.compartment] += np.max(one.amount_mg)
    time_spent = -np.linalg.solve(matrix, put_in)
    np.testing.assert_allclose(-matrix.sum(axis=0) @ time_spent, put_in.sum(), rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "clearance_l_per_h", "dose_mg"),
    [
        ("kamp-2020", 84.0, 35.0),
        ("fanta-otto-2021", 95.2, 35.0),
        ("simons-2022", 88.8, 20.0),
        ("perez-ruixo-2021", 109.0, 28.0),
    ],
)
def test_exposure_by_vein_is_dose_over_clearance(name, clearance_l_per_h, dose_mg):
    auc = calculate_exposure(build(name, "iv", dose_mg))["ketamine"][0]
    assert auc == pytest.approx(dose_mg / clearance_l_per_h, rel=1e-4)
