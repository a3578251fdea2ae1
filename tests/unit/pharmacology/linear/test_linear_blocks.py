"""Long runs of equal steps taken in blocks: the same answers as step by step, from whichever time they begin."""

from typing import Any

import numpy as np
import pytest

from afterglow.pharmacology.linear import (
    Chain,
    Flow,
    Input,
    LinearSystem,
    Output,
    drive,
    has_compiled,
    inhibition,
    solve,
)
from afterglow.pharmacology.linear.quadrature import NODES, PANEL_NODES, get_partial, get_rule

needs_compiled = pytest.mark.skipif(not has_compiled(), reason="no numba: install the extra `compiled`")
COUNT = 40
INPUTS = [Input(0, 0.0, 40 / 60, 35.0), Input(1, 5.0, 0.0, 10.0)]
MINUTES = np.arange(0, 601) / 60


def build_chain_of(size: int) -> LinearSystem:
    """Return compartments in a row with ways back, read at the last, and at the first and last together."""
    rate = np.linspace(0.5, 6.0, COUNT)
    flows = [Flow(i, i + 1, rate, 0.8 * rate) for i in range(size - 1)]
    flows += [Flow(i + 1, i, 0.3, 0.3) for i in range(size - 1)] + [Flow(size - 1, None, 0.4 * rate)]
    outputs = (Output("last", {size - 1: 0.1}), Output("both", {0: 0.2, size - 1: rate}))
    return LinearSystem(tuple(f"c{i}" for i in range(size)), tuple(flows), outputs, COUNT)


@needs_compiled
@pytest.mark.parametrize("size", [2, 3, 4, 6, 8])
def test_blocks_agree_with_plain_numpy(size: int) -> None:
    system = build_chain_of(size)
    plain = solve(system, INPUTS, MINUTES, engine="plain").values
    compiled = solve(system, INPUTS, MINUTES, engine="compiled").values
    for name, expected in plain.items():
        np.testing.assert_allclose(compiled[name], expected, rtol=1e-11, atol=1e-17)


@needs_compiled
def test_times_at_the_events_alone_need_no_step() -> None:
    found = solve(build_chain_of(2), [Input(1, 3.0, 0.0, 10.0)], [3.0, 3.0], engine="compiled").values["last"]
    np.testing.assert_array_equal(found, np.full((2, COUNT), 1.0))


@needs_compiled
def test_output_without_weights_is_zero_in_every_engine() -> None:
    system = LinearSystem(("a",), (Flow(0, None, 0.5),), (Output("none", {}), Output("c", {0: 0.1})), 3)
    for engine in ("plain", "compiled"):
        found = solve(system, [Input(0, 0.0, 0.0, 1.0)], MINUTES, engine=engine).values
        assert not found["none"].any()
        np.testing.assert_allclose(found["c"][:, 1], 0.1 * np.exp(-0.5 * MINUTES), rtol=1e-12)


@needs_compiled
@pytest.mark.parametrize("kout", [0.05, 0.9, 40.0])
def test_driven_states_in_blocks_agree_with_short_panels(kout: float) -> None:
    chain = Chain(("r", "later"), [[-kout, 0.0], [kout, -kout]], [kout * 100.0, 0.0], [100.0, 50.0])
    ask: dict[str, Any] = {"driver": "last", "f": inhibition(0.9, 0.05), "chain": chain}
    plain = drive(build_chain_of(3), INPUTS, MINUTES, engine="plain", tolerance=1e-11, **ask).values
    compiled = drive(build_chain_of(3), INPUTS, MINUTES, engine="compiled", **ask).values
    for name in ("r", "later"):
        np.testing.assert_allclose(compiled[name], plain[name], rtol=1e-8)
    np.testing.assert_allclose(compiled["both"], plain["both"], rtol=1e-11, atol=1e-300)


@needs_compiled
def test_start_of_the_driven_states_is_left_as_it_was() -> None:
    start = np.full((COUNT, 1), 7.0)
    chain = Chain(("r",), [[-0.4]], [40.0], start)
    drive(
        build_chain_of(2), INPUTS, [0.0, 30.0], driver="last", f=inhibition(0.9, 0.05), chain=chain, engine="compiled"
    )
    np.testing.assert_array_equal(start, np.full((COUNT, 1), 7.0))


@pytest.mark.parametrize("count", [*NODES[2:], *PANEL_NODES])
def test_partial_integrals_are_exact_for_polynomials(count: int) -> None:
    nodes, weights, _ = get_rule(count)
    ends = np.arange(1, 9) / 8
    partial = get_partial(count, 8)
    for degree in range(count):
        np.testing.assert_allclose(
            partial @ (weights * nodes**degree), ends ** (degree + 1) / (degree + 1), rtol=1e-11, atol=1e-14
        )
    np.testing.assert_array_equal(partial[-1], np.ones(count))
