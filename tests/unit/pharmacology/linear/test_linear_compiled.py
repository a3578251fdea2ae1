"""The compiled engine gives what plain numpy gives, with the same bits for any number of threads."""

import numpy as np
import pytest

from afterglow.pharmacology.linear import Flow, Input, LinearSystem, Output, area_under, has_compiled, solve

pytestmark = pytest.mark.skipif(not has_compiled(), reason="no numba: install the extra `compiled`")

COUNT = 300


def build_system(n: int = COUNT, seed: int = 5) -> LinearSystem:
    """Return absorption, two compartments with a metabolite, and an effect site, all rates varied."""
    rng = np.random.default_rng(seed)

    def vary(typical: float) -> np.ndarray:
        return typical * np.exp(0.4 * rng.standard_normal(n))

    k12, k21, met = vary(3.0), vary(1.2), vary(2.0)
    flows = (
        Flow(0, 1, vary(2.5), vary(1.0)),
        Flow(1, 2, k12, k12),
        Flow(2, 1, k21, k21),
        Flow(1, 3, met, 0.9 * met),
        Flow(3, None, vary(0.7)),
        Flow(1, 4, 0.0, 5.0),
        Flow(4, None, 5.0),
        Flow(3, 5, 1.0, 1.0),
    )
    volume = vary(30.0)
    outputs = (Output("cp", {1: 1.0 / volume}), Output("m", {3: 0.01, 2: 0.002}), Output("ce", {4: 1.0 / volume}))
    return LinearSystem(("gut", "c", "p", "m", "e", "unseen"), flows, outputs, n)


def build_inputs(n: int = COUNT) -> list[Input]:
    return [Input(0, 0.5, 0.0, 28.0), Input(1, 0.0, 40 / 60, np.linspace(10, 60, n)), Input(1, 24.0, 1.0, 20.0)]


GRIDS = {
    "minutes then hours": np.concatenate([np.arange(0, 121) / 60, np.arange(3, 49)]),
    "a few": np.array([0.25, 0.5, 1.0, 24.0, 30.0]),
    "no common step": np.sort(np.random.default_rng(1).uniform(0, 40, 60)),
    "one": np.array([7.3]),
}


@pytest.mark.parametrize("grid", GRIDS)
def test_compiled_and_plain_agree(grid: str) -> None:
    plain = solve(build_system(), build_inputs(), GRIDS[grid], engine="plain").values
    compiled = solve(build_system(), build_inputs(), GRIDS[grid], engine="compiled").values
    for name, expected in plain.items():
        assert compiled[name].shape == (GRIDS[grid].size, COUNT)
        assert compiled[name].flags.c_contiguous
        np.testing.assert_allclose(compiled[name], expected, rtol=1e-11, atol=1e-300)


@pytest.mark.parametrize("n", [1, 3, 255, 257, 700])
def test_bits_do_not_depend_on_threads(n: int) -> None:
    system, inputs = build_system(n), build_inputs(n)
    one = solve(system, inputs, GRIDS["minutes then hours"], engine="compiled", threads=1).values
    for threads in (2, 3):
        other = solve(system, inputs, GRIDS["minutes then hours"], engine="compiled", threads=threads).values
        assert all(one[name].tobytes() == other[name].tobytes() for name in one)


def test_patient_does_not_depend_on_the_company() -> None:
    system, inputs = build_system(700), build_inputs(700)
    whole = solve(system, inputs, GRIDS["a few"], engine="compiled").values["cp"]
    plain = solve(system, inputs, GRIDS["a few"], engine="plain").values["cp"]
    np.testing.assert_allclose(whole[:, 699], plain[:, 699], rtol=1e-12)


def test_areas_agree_with_plain_and_with_a_fine_trapezoid() -> None:
    system, inputs = build_system(), build_inputs()
    compiled = area_under(system, inputs, 20.0, engine="compiled")
    plain = area_under(system, inputs, 20.0, engine="plain")
    for name, expected in plain.items():
        np.testing.assert_allclose(compiled[name], expected, rtol=1e-11)
    times = np.linspace(0, 20, 20 * 600 + 1)
    some = solve(build_system(3), build_inputs(3), times, engine="plain").values["cp"]
    area = area_under(build_system(3), build_inputs(3), 20.0)["cp"]
    np.testing.assert_allclose(np.trapezoid(some, times, axis=0), area, rtol=1e-5)


def test_transit_chain_of_equal_rates_is_exact_when_compiled() -> None:
    rate = np.full(COUNT, 3.0)
    flows = tuple(Flow(i, i + 1 if i < 4 else None, rate, rate if i < 4 else 0.0) for i in range(5))
    system = LinearSystem(tuple("abcde"), flows, (Output("last", {4: 1.0}),), COUNT)
    times = np.linspace(0, 12, 121)
    found = solve(system, [Input(0, 0.0, 0.0, 1.0)], times, engine="compiled").values["last"]
    expected = (3.0 * times) ** 4 * np.exp(-3.0 * times) / 24
    np.testing.assert_allclose(found, np.repeat(expected[:, None], COUNT, axis=1), rtol=1e-11, atol=1e-300)


def test_lags_of_their_own_agree_with_solving_each_alone() -> None:
    n = 40
    system = build_system(n)
    lag, length = np.random.default_rng(2).uniform(0, 2, n), np.linspace(0.3, 1.0, n)
    inputs = [Input(0, lag, 0.0, 28.0), Input(1, 3.0, length, 10.0)]
    compiled = solve(system, inputs, GRIDS["minutes then hours"], engine="compiled").values["cp"]
    plain = solve(system, inputs, GRIDS["minutes then hours"], engine="plain").values["cp"]
    np.testing.assert_allclose(compiled, plain, rtol=1e-11, atol=1e-300)
