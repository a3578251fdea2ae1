"""Effect sites are exact; the circulation converges with the second power of its grid."""

import numpy as np
import pytest

from afterglow.pharmacology.effects import Setting, build_typical_values, calculate_effects
from afterglow.pharmacology.effects.follow import follow
from afterglow.pharmacology.linear import Chain, Flow, Input, LinearSystem, Output, drive, sigmoid

ONE = LinearSystem(("central",), (Flow(0, None, 0.7),), (Output("level", {0: 0.1}),))


def test_effect_site_of_one_compartment_has_its_closed_form() -> None:
    hours = np.array([0.0, 0.05, 0.2, 1.0, 5.0])
    series = calculate_effects(ONE, (Input(0, 0.0, 0.0, 1.0),), hours, driver="level")
    ke0, k = np.log(2) * 60 / 7, 0.7
    expected = 100 * ke0 / (ke0 - k) * (np.exp(-k * hours) - np.exp(-ke0 * hours))  # bateman, 0.1 mg/L at the start
    assert series.effect_site_ng_per_ml[:, 0] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_following_a_ramp_has_its_closed_form() -> None:
    hours = np.linspace(0, 3, 4)
    expected = hours - (1 - np.exp(-2 * hours)) / 2  # y' = 2 (t - y), y(0) = 0
    assert follow(hours, hours.copy(), 2.0) == pytest.approx(expected, abs=1e-12)


def test_following_converges_with_the_square_of_the_step() -> None:
    errors = []
    for count in (20, 40, 80):
        hours = np.linspace(0, 3, count + 1)
        y = follow(hours, np.sin(hours), 1.5)
        exact = 1.5 / (1.5**2 + 1) * (1.5 * np.sin(hours) - np.cos(hours) + np.exp(-1.5 * hours))
        errors.append(np.abs(y - exact).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert orders == pytest.approx(2.0, abs=0.1)


def test_pressure_agrees_with_a_finer_grid() -> None:
    hours = np.arange(0, 181) / 60
    runs = [
        calculate_effects(ONE, (Input(0, 0.0, 0.5, 2.0),), hours, driver="level", step_h=step).systolic_rise_mmhg
        for step in (1 / 120, 1 / 1920)
    ]
    assert np.abs(runs[0] - runs[1]).max() < 0.01  # mm[Hg]


def test_asked_times_do_not_change_the_answer() -> None:
    dense = np.arange(0, 181) / 60
    setting = Setting(session_number=2)
    full = calculate_effects(ONE, (Input(0, 0.0, 0.5, 2.0),), dense, driver="level", setting=setting)
    few = calculate_effects(ONE, (Input(0, 0.0, 0.5, 2.0),), dense[[30, 90]], driver="level", setting=setting)
    assert few.systolic_rise_mmhg[:, 0] == pytest.approx(full.systolic_rise_mmhg[[30, 90], 0], abs=0.01)
    assert few.dissociation_cadss[:, 0] == pytest.approx(full.dissociation_cadss[[30, 90], 0], abs=1e-9)


def test_pressure_without_the_bodys_answer_agrees_with_the_engines_driven_states() -> None:
    hours, dose = np.arange(0, 181, 5) / 60, (Input(0, 0.0, 0.5, 2.0),)
    values = build_typical_values(1, {"circulation.answer_weight": 0.0})
    series = calculate_effects(ONE, dose, hours, driver="level", values=values)
    ke0, ke, maximum = np.log(2) * 60 / 7, np.log(2) * 60 / 5, 27.0
    site = LinearSystem(
        ("central", "site"),
        (Flow(0, None, 0.7), Flow(0, 1, 0.0, 0.1 * 1000 * ke0), Flow(1, None, ke0)),
        (Output("ce", {1: 1.0}),),
    )
    chain = Chain(("rise",), [[-ke]], [ke * maximum], [0.0])
    driven = drive(site, dose, hours, driver="ce", f=sigmoid(1.0, 70.0, 2.0), chain=chain).values["rise"]
    assert series.systolic_rise_mmhg == pytest.approx(driven, abs=0.01)
