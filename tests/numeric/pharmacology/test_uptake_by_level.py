"""Inhaled uptake that falls with the level: the pieces against an adaptive solver (scipy DOP853, rtol 1e-10)."""

import numpy as np
import pytest

from afterglow.pharmacology.covariates import Person, build_covariates
from afterglow.pharmacology.linear import solve
from afterglow.pharmacology.models.catalogue import get_model
from afterglow.pharmacology.models.exposure import build_matrix
from afterglow.pharmacology.models.kinetics import build_kinetics
from afterglow.pharmacology.population import build_typical
from afterglow.pharmacology.regimen import build_regimen
from afterglow.terms import InvalidInput

integrate = pytest.importorskip("scipy.integrate")


def build(specs):
    covariates, _ = build_covariates(Person(70.0, 25.0))
    doses, _ = build_regimen(specs, drug="esketamine", route="inhaled", weight_kg=70.0)
    people = build_typical(covariates)
    return build_kinetics(get_model("jonkman-2017"), people, doses, drug="esketamine", route="inhaled")


@pytest.mark.parametrize("dose_mg", [25, 100])
def test_pieces_agree_with_an_adaptive_solver(dose_mg):
    kinetics = build([f"{dose_mg}mg/20min"])
    matrix = build_matrix(kinetics.system)[0]
    central, lung = (kinetics.system.compartments.index(name) for name in ("central", "lung"))
    volume = kinetics.parameters["vk1"][0]
    rate = dose_mg * 3.0  # mg/h over 20 min

    def change(_, amounts, rate):
        level = 1000.0 * amounts[central] / volume
        share = 0.70 * (1 - level**2.25 / (406.0**2.25 + level**2.25))
        flow = matrix @ amounts
        flow[central] += 0.5 * rate * share
        flow[lung] += 0.5 * rate * share
        return flow

    minutes = np.array([2.0, 5.0, 10.0, 20.0])
    start = np.zeros(len(matrix))
    found = integrate.solve_ivp(
        change, (0, 1 / 3), start, "DOP853", minutes / 60, args=(rate,), rtol=1e-10, atol=1e-12
    ).y[central]
    ours = solve(kinetics.system, kinetics.inputs, minutes / 60, engine="plain").values["ketamine"][:, 0]
    # constant pieces of 5 to 40 s are of second order: a few parts in ten thousand
    np.testing.assert_allclose(ours, found / volume, rtol=5e-4)


def test_four_times_the_dose_gives_less_than_four_times_the_exposure():
    def taken_up(dose_mg):
        return sum(float(one.amount_mg[0]) for one in build([f"{dose_mg}mg/20min"]).inputs)

    assert 0.69 * 1 < taken_up(1) <= 0.70
    assert taken_up(100) < 0.80 * 4 * taken_up(25)


def test_inhalation_without_end_is_refused():
    assert build(["25mg/1h"]).inputs
    with pytest.raises(InvalidInput) as caught:
        build(["25mg/100h"])
    assert caught.value.problems[0].code == "inhalation-too-long"
