"""The linear engine against closed forms: one and two compartments, transit chains, areas, superposition."""

import math

import numpy as np
import pytest

from afterglow.pharmacology.linear import Flow, Input, LinearSystem, Output, area_under, solve

TIMES = np.concatenate([np.arange(0, 61) / 60, np.arange(2, 49), [60.5, 71.23456, 336.0]])


def build_one(k: float = 0.4, v: float = 20.0) -> LinearSystem:
    return LinearSystem(("central",), (Flow(0, None, k),), (Output("c", {0: 1.0 / v}),))


def build_chain(count: int, rate: float) -> LinearSystem:
    """Return a transit chain of equal rates, the last compartment as output."""
    flows = tuple(Flow(i, i + 1 if i + 1 < count else None, rate, rate if i + 1 < count else 0.0) for i in range(count))
    return LinearSystem(tuple(f"t{i}" for i in range(count)), flows, (Output("last", {count - 1: 1.0}),))


def test_bolus_into_one_compartment_decays_exponentially() -> None:
    found = solve(build_one(), [Input(0, 0.0, 0.0, 100.0)], TIMES).values["c"]
    assert found.shape == (TIMES.size, 1)
    np.testing.assert_allclose(found[:, 0], 5.0 * np.exp(-0.4 * TIMES), rtol=1e-12)


def test_infusion_into_one_compartment_rises_and_falls() -> None:
    k, rate, length = 0.4, 50.0, 40 / 60
    found = solve(build_one(), [Input(0, 0.0, length, rate * length)], TIMES).values["c"][:, 0]
    during = rate / 20 / k * -np.expm1(-k * np.minimum(TIMES, length))
    np.testing.assert_allclose(found, during * np.exp(-k * np.maximum(TIMES - length, 0.0)), rtol=1e-11, atol=1e-300)


def test_two_compartment_bolus_is_the_biexponential() -> None:
    k10, k12, k21 = 0.654, 1.116, 0.822
    system = LinearSystem(
        ("central", "peripheral"),
        (Flow(0, None, k10), Flow(0, 1, k12, k12), Flow(1, 0, k21, k21)),
        (Output("c", {0: 1.0 / 120}),),
    )
    total, product = k10 + k12 + k21, k10 * k21
    alpha = (total + math.sqrt(total**2 - 4 * product)) / 2
    beta = product / alpha
    expected = (
        35 / 120 / (alpha - beta) * ((alpha - k21) * np.exp(-alpha * TIMES) + (k21 - beta) * np.exp(-beta * TIMES))
    )
    found = solve(system, [Input(0, 0.0, 0.0, 35.0)], TIMES).values["c"][:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-11)


@pytest.mark.parametrize("count", [2, 5, 9])
def test_transit_chain_with_equal_rates_is_the_gamma_density(count: int) -> None:
    rate = 3.0
    found = solve(build_chain(count, rate), [Input(0, 0.0, 0.0, 1.0)], TIMES).values["last"][:, 0]
    expected = (rate * TIMES) ** (count - 1) * np.exp(-rate * TIMES) / math.factorial(count - 1)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-300)


@pytest.mark.parametrize("gap", [0.0, 1e-15, 1e-12, 1e-8, 1e-4, 0.1])
def test_absorption_as_fast_as_elimination_is_nothing_special(gap: float) -> None:
    k, ka = 0.5, 0.5 * (1 + gap)
    system = LinearSystem(("gut", "central"), (Flow(0, 1, ka, ka), Flow(1, None, k)), (Output("a", {1: 1.0}),))
    found = solve(system, [Input(0, 0.0, 0.0, 1.0)], TIMES).values["a"][:, 0]
    # ka t e^{-k t} (1 - e^{-x}) / x with x = (ka - k) t
    x = (ka - k) * TIMES
    expected = ka * TIMES * np.exp(-k * TIMES) * np.where(x > 0, -np.expm1(-x) / np.where(x > 0, x, 1.0), 1.0)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-300)


def test_nothing_is_there_before_the_first_input_and_a_lag_is_a_later_start() -> None:
    late = solve(build_one(), [Input(0, 0.25, 0.0, 100.0)], TIMES).values["c"][:, 0]
    assert (late[TIMES < 0.25] == 0.0).all()
    np.testing.assert_allclose(late[TIMES >= 0.25], 5.0 * np.exp(-0.4 * (TIMES[TIMES >= 0.25] - 0.25)), rtol=1e-11)


def test_time_on_a_bolus_is_answered_after_it() -> None:
    found = solve(build_one(), [Input(0, 0.0, 0.0, 100.0), Input(0, 1.0, 0.0, 100.0)], [0.0, 1.0]).values["c"]
    np.testing.assert_allclose(found[:, 0], [5.0, 5.0 * math.exp(-0.4) + 5.0], rtol=1e-13)


def test_repeated_times_get_repeated_answers() -> None:
    found = solve(build_one(), [Input(0, 0.0, 0.0, 100.0)], [0.0, 0.0, 1.0, 1.0, 1.0, 2.0]).values["c"][:, 0]
    np.testing.assert_allclose(found, 5.0 * np.exp(-0.4 * np.array([0, 0, 1, 1, 1, 2.0])), rtol=1e-13)


def test_pause_is_two_infusions_and_doses_add_up() -> None:
    parts = [Input(0, 0.0, 0.3, 15.0), Input(0, 0.5, 0.37, 18.5), Input(0, 24.0, 1.0, 20.0)]
    together = solve(build_one(), parts, TIMES).values["c"]
    apart = sum(solve(build_one(), [part], TIMES).values["c"] for part in parts)
    np.testing.assert_allclose(together, apart, rtol=1e-11, atol=1e-300)


def test_overlapping_inputs_into_one_compartment_add_up() -> None:
    parts = [Input(0, 0.0, 1.0, 10.0), Input(0, 0.5, 1.0, 30.0), Input(0, 0.7, 0.0, 5.0)]
    together = solve(build_one(), parts, TIMES).values["c"]
    apart = sum(solve(build_one(), [part], TIMES).values["c"] for part in parts)
    np.testing.assert_allclose(together, apart, rtol=1e-11, atol=1e-300)


def test_answer_does_not_depend_on_the_other_times_asked_for() -> None:
    inputs = [Input(0, 0.0, 40 / 60, 35.0), Input(0, 48.0, 40 / 60, 35.0)]
    whole = solve(build_one(), inputs, TIMES).values["c"][:, 0]
    rng = np.random.default_rng(3)
    for _ in range(5):
        picked = np.sort(rng.choice(TIMES.size, 17, replace=False))
        few = solve(build_one(), inputs, TIMES[picked]).values["c"][:, 0]
        np.testing.assert_allclose(few, whole[picked], rtol=1e-11, atol=1e-300)


def test_area_is_dose_over_clearance_once_all_is_gone() -> None:
    area = area_under(build_one(k=0.4, v=20.0), [Input(0, 0.0, 40 / 60, 35.0)], 300.0)["c"]
    np.testing.assert_allclose(area, [35.0 / (0.4 * 20.0)], rtol=1e-12)


def test_mass_is_kept_while_nothing_is_eliminated() -> None:
    flows = (Flow(0, 1, 2.0, 2.0), Flow(1, 0, 0.3, 0.3), Flow(1, 2, 5.0, 5.0), Flow(2, 0, 0.01, 0.01))
    system = LinearSystem(("a", "b", "c"), flows, (Output("all", {0: 1.0, 1: 1.0, 2: 1.0}),))
    found = solve(system, [Input(0, 0.0, 2.0, 10.0), Input(1, 5.0, 0.0, 3.0)], TIMES).values["all"][:, 0]
    expected = np.minimum(TIMES, 2.0) * 5.0 + np.where(TIMES >= 5.0, 3.0, 0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_effect_compartment_follows_without_draining_plasma() -> None:
    ke0, k = 5.0, 0.4
    plasma = solve(build_one(), [Input(0, 0.0, 0.0, 100.0)], TIMES).values["c"]
    system = LinearSystem(
        ("central", "effect"),
        (Flow(0, None, k), Flow(0, 1, 0.0, ke0), Flow(1, None, ke0)),
        (Output("c", {0: 0.05}), Output("ce", {1: 0.05})),
    )
    found = solve(system, [Input(0, 0.0, 0.0, 100.0)], TIMES)
    np.testing.assert_allclose(found.values["c"], plasma, rtol=1e-11)
    expected = 5.0 * ke0 / (ke0 - k) * (np.exp(-k * TIMES) - np.exp(-ke0 * TIMES))
    np.testing.assert_allclose(found.values["ce"][:, 0], expected, rtol=1e-10, atol=1e-14)


def test_each_patient_has_own_rates_amounts_and_times() -> None:
    k, amount, start = np.array([0.2, 0.4, 0.9]), np.array([10.0, 100.0, 1.0]), np.array([0.0, 0.1, 0.5])
    system = LinearSystem(("central",), (Flow(0, None, k),), (Output("c", {0: np.array([1.0, 0.05, 2.0])}),), 3)
    found = solve(system, [Input(0, start, 0.0, amount)], TIMES).values["c"]
    for j in range(3):
        one = LinearSystem(("central",), (Flow(0, None, float(k[j])),), (Output("c", {0: [1.0, 0.05, 2.0][j]}),))
        alone = solve(one, [Input(0, float(start[j]), 0.0, float(amount[j]))], TIMES).values["c"][:, 0]
        np.testing.assert_allclose(found[:, j], alone, rtol=1e-12, atol=1e-300)
