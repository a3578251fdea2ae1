"""The engine against scipy's matrix exponential and DOP853 on the fixed workload's patients."""

import numpy as np
import pytest
from scipy.linalg import expm

from afterglow.pharmacology.linear import Flow, Input, LinearSystem, Output, drive, has_compiled, solve
from afterglow.pharmacology.linear.propagator import exponentiate
from bench._pk_peers import propagate_exactly, solve_response
from bench._pk_workload import (
    FEW_TIMES,
    build_doses,
    build_grid,
    build_response,
    build_system,
    calculate_error,
    draw_people,
)

ENGINES = [
    "plain",
    pytest.param(
        "compiled", marks=pytest.mark.skipif(not has_compiled(), reason="no numba: install the extra `compiled`")
    ),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("grid", [build_grid(), FEW_TIMES], ids=["W1", "W4"])
def test_workload_errs_less_than_one_in_a_thousand_million(engine: str, grid: np.ndarray) -> None:
    people = draw_people(6)
    found = solve(build_system(people), build_doses(people), grid, engine=engine).values
    for j in range(people.n):
        pair = np.stack([found["Cp"][:, j], found["Cm"][:, j]], axis=1)
        assert calculate_error(pair, propagate_exactly(people.row(j), grid)) < 1e-10


@pytest.mark.parametrize("engine", ENGINES)
def test_response_errs_less_than_one_in_ten_million(engine: str) -> None:
    people, grid = draw_people(2), build_grid()
    found = drive(build_system(people), build_doses(people), grid, engine=engine, **build_response(people)).values["R"]
    for j in range(people.n):
        assert calculate_error(found[:, j], solve_response(people.row(j), grid)) < 1e-8


@pytest.mark.parametrize("step", [1e-6, 0.01, 1.0, 48.0])
def test_exponential_agrees_with_scipy_entry_by_entry(step: float) -> None:
    rng = np.random.default_rng(9)
    for _ in range(20):
        a = rng.lognormal(0.0, 1.5, (5, 5)) * (rng.uniform(size=(5, 5)) < 0.5)
        np.fill_diagonal(a, 0.0)
        np.fill_diagonal(a, -a.sum(axis=0) - rng.lognormal(-2.0, 1.0, 5))
        expected = expm(a * step)
        np.testing.assert_allclose(exponentiate(a, step), expected, rtol=1e-9, atol=1e-14 * np.abs(expected).max())


@pytest.mark.parametrize("gap", [0.0, 1e-14, 1e-10, 1e-6, 1e-3])
@pytest.mark.parametrize("engine", ENGINES)
def test_near_equal_eigenvalues_across_parent_and_metabolite_lose_nothing(gap: float, engine: str) -> None:
    k, times = 0.8, np.linspace(0.0, 40.0, 81)
    flows = (Flow(0, 1, k, k), Flow(1, 2, k * (1 + gap), k), Flow(2, None, k * (1 - gap)))
    system = LinearSystem(("a", "b", "c"), flows, (Output("c", {2: 1.0}),))
    found = solve(system, [Input(0, 0.0, 0.0, 1.0)], times, engine=engine).values["c"][:, 0]
    # with rates k, k(1 + gap), k(1 - gap) the curve is the gamma density times 1 + (k t gap)^2 / 12 + ...
    x = k * times
    expected = 0.5 * x**2 * np.exp(-x) * (1 + (x * gap) ** 2 / 12)
    np.testing.assert_allclose(found, expected, rtol=1e-11 + (32 * gap) ** 4, atol=1e-300)


def test_doubling_the_dose_doubles_every_curve() -> None:
    people = draw_people(3)
    system, times = build_system(people), FEW_TIMES
    once = solve(system, build_doses(people), times).values
    twice = solve(
        system, [Input(d.compartment, d.start_h, d.duration_h, 2 * d.amount_mg) for d in build_doses(people)], times
    ).values
    for name in once:
        np.testing.assert_array_equal(twice[name], 2 * once[name])
