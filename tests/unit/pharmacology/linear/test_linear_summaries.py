"""Streaming summaries against the whole array: quantiles within the stated bound, shares and means exactly."""

from collections.abc import Iterator

import numpy as np
import pytest

from afterglow.pharmacology.linear import Flow, Input, LinearSystem, Output, area_under, has_compiled, solve, summarise
from afterglow.pharmacology.linear.sketch import BINS, RELATIVE_ERROR, Sketch, count
from afterglow.terms import InvalidInput

TIMES = np.concatenate([[0.0], np.arange(1, 20) / 6, [8.0, 24.0, 72.0]])
LEVELS = (0.0, 0.05, 0.5, 0.95, 1.0)
ENGINES = [
    "plain",
    pytest.param(
        "compiled", marks=pytest.mark.skipif(not has_compiled(), reason="no numba: install the extra `compiled`")
    ),
]


def build(n: int, seed: int = 7) -> tuple[LinearSystem, list[Input]]:
    rng = np.random.default_rng(seed)
    k, v = 0.4 * np.exp(0.5 * rng.standard_normal(n)), 30 * np.exp(0.4 * rng.standard_normal(n))
    system = LinearSystem(("central",), (Flow(0, None, k),), (Output("c", {0: 1 / v}), Output("a", {0: 1.0})), n)
    return system, [Input(0, 0.0, 40 / 60, 35.0)]


def blocks(n: int) -> Iterator[tuple[LinearSystem, list[Input]]]:
    yield build(n)
    yield build(n // 3, seed=8)


@pytest.mark.parametrize("engine", ENGINES)
def test_summary_agrees_with_the_whole_array(engine: str) -> None:
    found = summarise(blocks(1500), TIMES, levels=LEVELS, thresholds={"c": (0.3, 0.8)}, engine=engine).outputs["c"]
    curves = np.concatenate([solve(*block, TIMES).values["c"] for block in blocks(1500)], axis=1)
    areas = np.concatenate([area_under(*block, 72.0)["c"] for block in blocks(1500)])
    exact = np.quantile(curves, LEVELS, axis=1, method="inverted_cdf")
    np.testing.assert_allclose(found.quantiles, exact, rtol=RELATIVE_ERROR, atol=6e-11)
    for k, mark in enumerate((0.3, 0.8)):
        np.testing.assert_array_equal(found.above[k], (curves > mark).mean(axis=1))
        assert found.ever_above[k] == (curves > mark).any(axis=0).mean()
    np.testing.assert_allclose(found.auc_mean, areas.mean(), rtol=1e-12)
    np.testing.assert_allclose(
        found.auc_quantiles, np.quantile(areas, LEVELS, method="inverted_cdf"), rtol=RELATIVE_ERROR
    )
    np.testing.assert_allclose(found.cmax_mean, curves.max(axis=0).mean(), rtol=1e-12)


@pytest.mark.skipif(not has_compiled(), reason="no numba: install the extra `compiled`")
def test_bits_do_not_depend_on_threads() -> None:
    one, two = (
        summarise(blocks(900), TIMES, thresholds={"c": (0.3,)}, engine="compiled", threads=threads).outputs["c"]
        for threads in (1, 2)
    )
    assert one.quantiles.tobytes() == two.quantiles.tobytes()
    assert one.above.tobytes() == two.above.tobytes()
    assert (one.auc_mean, one.cmax_mean) == (two.auc_mean, two.cmax_mean)


def test_sketches_add_up() -> None:
    values = np.random.default_rng(1).lognormal(0.0, 1.5, (2, 4000))
    whole, left, right = (np.zeros((2, BINS), dtype=np.uint32) for _ in range(3))
    count(whole, values)
    count(left, values[:, :1000])
    count(right, values[:, 1000:])
    np.testing.assert_array_equal(whole, left + right)
    exact = np.quantile(values, LEVELS, axis=1, method="inverted_cdf")
    np.testing.assert_allclose(Sketch(whole).quantiles(LEVELS), exact, rtol=RELATIVE_ERROR)


def test_numbers_outside_the_range_land_at_its_ends() -> None:
    counts = np.zeros((1, BINS), dtype=np.uint32)
    count(counts, np.array([[0.0, 1e-30, -1.0, 1e30]]))
    assert counts[0, 0] == 3
    assert counts[0, -1] == 1


def test_summaries_that_make_no_sense_are_refused() -> None:
    assert summarise([build(3)], TIMES).n == 3
    for wrong in (
        lambda: summarise([], TIMES),
        lambda: summarise([build(3)], TIMES, levels=(1.5,)),
        lambda: summarise([build(3)], TIMES, thresholds={"blood": (1.0,)}),
        lambda: summarise([build(3)], TIMES, thresholds={"c": (float("nan"),)}),
    ):
        with pytest.raises(InvalidInput):
            wrong()
