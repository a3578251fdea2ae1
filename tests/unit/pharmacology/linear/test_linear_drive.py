"""Driven states: closed forms, a tight ODE solver, both engines, refusals."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from afterglow.pharmacology.linear import (
    Chain,
    Flow,
    Input,
    LinearSystem,
    NotConverged,
    Output,
    StaticFunction,
    drive,
    emax,
    has_compiled,
    inhibition,
    linear,
    sigmoid,
    solve,
)
from afterglow.terms import InvalidInput

K, V, DOSE = 1.7, 30.0, 35.0
GRID = np.concatenate([np.arange(0, 121) / 60, np.arange(3, 49)])
ENGINES = [
    "plain",
    pytest.param(
        "compiled", marks=pytest.mark.skipif(not has_compiled(), reason="no numba: install the extra `compiled`")
    ),
]


def build_system(n: int = 1) -> LinearSystem:
    k = K if n == 1 else K * np.linspace(0.7, 1.4, n)
    return LinearSystem(("central",), (Flow(0, None, k),), (Output("c", {0: 1 / V}),), n)


INPUTS = [Input(0, 0.0, 40 / 60, DOSE), Input(0, 24.0, 0.0, DOSE)]


@pytest.mark.parametrize("engine", ENGINES)
def test_linear_function_gives_what_an_effect_compartment_gives(engine: str) -> None:
    ke0 = 3.0
    chain = Chain(("ce",), [[-ke0]], [ke0], [0.0])
    driven = drive(build_system(), INPUTS, GRID, driver="c", f=linear(1.0), chain=chain, engine=engine)
    flows = (Flow(0, None, K), Flow(0, 1, 0.0, ke0), Flow(1, None, ke0))
    system = LinearSystem(("central", "effect"), flows, (Output("c", {0: 1 / V}), Output("ce", {1: 1 / V})))
    exact = solve(system, INPUTS, GRID).values
    np.testing.assert_allclose(driven.values["ce"], exact["ce"], rtol=2e-7, atol=1e-15)
    np.testing.assert_allclose(driven.values["c"], exact["c"], rtol=1e-11)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "f", [inhibition(0.9, 0.05), emax(3.0, 0.1), sigmoid(2.0, 0.2, 2.5, 0.1), inhibition(0.8, 0.1, 1.5)]
)
def test_turnover_response_agrees_with_a_tight_ode_solver(engine: str, f: StaticFunction) -> None:
    kout = 0.4
    chain = Chain(("r", "follower"), [[-kout, 0.0], [2.0, -2.0]], [kout * 100.0, 0.0], [100.0, 100.0])
    found = drive(build_system(), INPUTS, GRID, driver="c", f=f, chain=chain, engine=engine, tolerance=1e-9).values
    expected = solve_reference(f, kout)
    np.testing.assert_allclose(found["r"][:, 0], expected[:, 0], rtol=1e-8)
    np.testing.assert_allclose(found["follower"][:, 0], expected[:, 1], rtol=1e-8)


def solve_reference(f: StaticFunction, kout: float) -> np.ndarray:
    """Return r and its follower by an eighth-order solver restarted at each event."""

    def value(c: float) -> float:
        raised = (max(c, 0.0) / float(f.half)) ** float(f.hill)
        return float(f.base) + float(f.gain) * raised / (1 + raised)

    x, out = np.array([0.0, 100.0, 100.0]), []
    for begin, end, rate, bolus in (
        (0.0, 40 / 60, DOSE * 1.5, 0.0),
        (40 / 60, 24.0, 0.0, 0.0),
        (24.0, 48.0, 0.0, DOSE),
    ):
        x[0] += bolus
        mine = GRID[(begin - 1e-9 <= GRID) & (end - 1e-9 > GRID)] if end < 48 else GRID[begin <= GRID]

        def move(_t: float, s: np.ndarray, rate: float = rate) -> list[float]:
            return [rate - K * s[0], kout * 100 * value(s[0] / V) - kout * s[1], 2.0 * (s[1] - s[2])]

        for t in mine:
            if t > begin + 1e-12:
                x = solve_ivp(move, (begin, t), x, method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
                begin = t
            out.append(x[1:].copy())
        if end - begin > 1e-9:
            x = solve_ivp(move, (begin, end), x, method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
    return np.array(out)


@pytest.mark.parametrize("engine", ENGINES)
def test_far_apart_times_are_walked_in_steps_that_suffice(engine: str) -> None:
    chain = Chain(("r",), [[-0.4]], [40.0], [100.0])
    f = inhibition(0.9, 0.05)
    fine = drive(build_system(), INPUTS, GRID, driver="c", f=f, chain=chain, tolerance=1e-10).values["r"]
    picked = [5, 121, 130, 166]
    coarse = drive(build_system(), INPUTS, GRID[picked], driver="c", f=f, chain=chain, engine=engine).values["r"]
    np.testing.assert_allclose(coarse, fine[picked], rtol=1e-7)


def test_compiled_and_plain_agree_and_bits_do_not_depend_on_threads() -> None:
    if not has_compiled():
        pytest.skip("no numba: install the extra `compiled`")
    n = 600
    kout = np.linspace(0.1, 0.9, n)
    chain = Chain(("r",), -kout.reshape(n, 1, 1), 100 * kout.reshape(n, 1), [100.0])
    ask = {"driver": "c", "f": inhibition(0.9, np.linspace(0.02, 0.2, n)), "chain": chain}
    plain = drive(build_system(n), INPUTS, GRID, engine="plain", **ask).values["r"]
    one = drive(build_system(n), INPUTS, GRID, engine="compiled", **ask).values["r"]
    two = drive(build_system(n), INPUTS, GRID, engine="compiled", threads=2, **ask).values["r"]
    np.testing.assert_allclose(one, plain, rtol=1e-7)
    assert one.tobytes() == two.tobytes()


def test_state_moves_before_and_without_a_drug() -> None:
    chain = Chain(("r",), [[-0.5]], [50.0], [0.0])
    late = [Input(0, 10.0, 0.0, DOSE)]
    found = drive(build_system(), late, [0.0, 2.0, 8.0], driver="c", f=inhibition(0.9, 0.05), chain=chain).values["r"]
    np.testing.assert_allclose(found[:, 0], 100 * -np.expm1(-0.5 * np.array([0.0, 2.0, 8.0])), rtol=1e-12)


def test_patients_with_lags_of_their_own_are_solved_exactly() -> None:
    lag = np.array([0.0, 0.3, 0.7])
    chain = Chain(("r",), [[-0.4]], [40.0], [100.0])
    ask = {"driver": "c", "f": inhibition(0.9, 0.05), "chain": chain}
    found = drive(build_system(3), [Input(0, lag, 0.5, DOSE)], GRID, **ask).values["r"]
    for j in range(3):
        k = float(K * np.linspace(0.7, 1.4, 3)[j])
        one = LinearSystem(("central",), (Flow(0, None, k),), (Output("c", {0: 1 / V}),))
        alone = drive(one, [Input(0, float(lag[j]), 0.5, DOSE)], GRID, **ask).values["r"]
        np.testing.assert_allclose(found[:, j], alone[:, 0], rtol=1e-7)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"driver": "blood"}, "driver"),
        ({"f": emax(1.0, 0.0)}, "f.half"),
        ({"f": emax(float("nan"), 1.0)}, "f.gain"),
        ({"f": StaticFunction("cubic", 1.0)}, "f.kind"),  # type: ignore[arg-type]
        ({"f": sigmoid(1.0, 0.1, 1e6)}, "f.hill"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"chain": Chain(("r",), [[-0.4]], [1.0, 2.0], [0.0])}, "chain.feed"),
        ({"chain": Chain(("r",), [[float("nan")]], [1.0], [0.0])}, "chain.matrix"),
        ({"chain": Chain(("c",), [[-0.4]], [1.0], [0.0])}, "chain.names"),
    ],
)
def test_drive_that_makes_no_sense_is_refused(change: dict[str, object], path: str) -> None:
    ask = {"driver": "c", "f": emax(1.0, 0.1), "chain": Chain(("r",), [[-0.4]], [0.4], [0.0])}
    assert drive(build_system(), INPUTS, [0.0], **ask).values["r"].tolist() == [[0.0]]
    with pytest.raises(InvalidInput) as caught:
        drive(build_system(), INPUTS, [0.0, 1.0], **{**ask, **change})
    assert caught.value.problems[0].path == path


def test_tolerance_that_is_not_met_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = Chain(("r",), [[-0.4]], [0.4], [0.0])
    ask = {"driver": "c", "f": sigmoid(1.0, 0.2, 20.0), "chain": chain, "tolerance": 1e-12}
    assert np.isfinite(drive(build_system(), INPUTS, [0.0, 5.0], **ask).values["r"]).all()
    monkeypatch.setattr("afterglow.pharmacology.linear.driving._REFINEMENTS", 1)
    with pytest.raises(NotConverged, match="larger tolerance"):
        drive(build_system(), INPUTS, [0.0, 5.0], **ask)
