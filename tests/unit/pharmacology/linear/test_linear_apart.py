"""Patients with event times of their own are solved together, as each would be alone."""

import numpy as np
import pytest

from afterglow.pharmacology.linear import Flow, Input, LinearSystem, Output, area_under, has_compiled, solve, solver
from afterglow.pharmacology.linear.solver import choose_patients

N = 20
ENGINES = ["plain", pytest.param("compiled", marks=pytest.mark.skipif(not has_compiled(), reason="numba is absent"))]
GRIDS = {
    "by the minute": np.linspace(0.0, 12.0, 721),
    "few, some twice": np.array([0.3, 0.5, 0.5, 1.7, 30.0]),
    "scattered": np.sort(np.random.default_rng(2).random(40) * 9.0),
    "one, late": np.array([200.0]),
    "one, before most": np.array([0.4]),
}


def build_case() -> tuple[LinearSystem, list[Input]]:
    """Return a system and inputs that begin before, on and between grid points, overlap, or last a second."""
    r = np.random.default_rng(1)

    def vary(median: float) -> np.ndarray:
        return median * np.exp(0.3 * r.standard_normal(N))

    out, back, uptake = vary(3.0), vary(1.0), vary(1.2)
    flows = (
        Flow(0, 1, uptake, uptake),
        Flow(1, 2, out, 0.9 * out),
        Flow(2, 1, back, back),
        Flow(1, 3, vary(0.7), 0.5),
        Flow(3, None, vary(60.0)),
    )
    outputs = (Output("y", {1: vary(0.1)}), Output("z", {3: 1.0, 1: 0.5}))
    start = np.where(r.random(N) < 0.3, 0.5, r.random(N))
    start[:5] = 1.7
    inputs = [
        Input(0, start, np.where(r.random(N) < 0.3, 0.0, 0.3 * r.random(N) + 0.01), vary(10.0)),
        Input(1, start + 0.2, 3.0 * r.random(N) + 1.0, vary(5.0)),
        Input(1, 2.0 * r.random(N) - 0.5, 0.01 * r.random(N) + 1e-5, vary(5.0)),
        Input(1, 6.0 * r.random(N), 4.0, 3.0),
        Input(3, 1.0, 0.5, 7.0),
    ]
    return LinearSystem(("a", "b", "c", "d"), flows, outputs, N), inputs


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("grid", GRIDS)
def test_each_is_solved_as_alone(engine: str, grid: str) -> None:
    system, inputs = build_case()
    found = solve(system, inputs, GRIDS[grid], engine=engine).values
    for j in range(N):
        one, given = choose_patients(system, inputs, np.array([j]))
        for name, alone in solve(one, given, GRIDS[grid], engine="plain").values.items():
            peak = np.abs(alone).max()
            assert (np.abs(found[name][:, j] - alone[:, 0]) <= 1e-11 * (alone[:, 0] + 1e-6 * peak)).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_areas_are_those_of_each_alone(engine: str) -> None:
    system, inputs = build_case()
    found = area_under(system, inputs, 200.0, engine=engine)
    for j in range(N):
        one, given = choose_patients(system, inputs, np.array([j]))
        for name, alone in area_under(one, given, 200.0).items():
            assert found[name][j] == pytest.approx(alone[0], rel=1e-12)


def test_blocks_do_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    system, inputs = build_case()
    whole = solve(system, inputs, GRIDS["by the minute"], engine="plain").values
    monkeypatch.setattr(solver, "APART_BLOCK", 7)
    for name, values in solve(system, inputs, GRIDS["by the minute"], engine="plain").values.items():
        assert values == pytest.approx(whole[name], rel=1e-11, abs=1e-17)


@pytest.mark.skipif(not has_compiled(), reason="numba is absent")
def test_threads_do_not_change_a_bit() -> None:
    system, inputs = build_case()
    many = np.arange(N).repeat(40)
    system, inputs = choose_patients(system, inputs, many)
    one, two = (solve(system, inputs, GRIDS["scattered"], engine="compiled", threads=t).values for t in (1, 2))
    assert all(one[name].tobytes() == two[name].tobytes() for name in one)


def test_a_patient_given_nothing_stays_at_zero() -> None:
    system, inputs = build_case()
    none = [Input(i.compartment, i.start_h, i.duration_h, np.where(np.arange(N) == 3, 0.0, 1.0)) for i in inputs]
    assert not solve(system, none, GRIDS["scattered"]).values["y"][:, 3].any()
