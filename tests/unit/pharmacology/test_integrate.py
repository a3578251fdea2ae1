"""The integrator for nonlinear states: order, restarts at edges, enumerated outcomes."""

import numpy as np
import pytest

from afterglow.pharmacology.integrate import Outcome, integrate
from afterglow.terms import InvalidInput

TIMES = np.linspace(0.0, 6.0, 25)


def test_logistic_growth_of_several_patients_matches_the_closed_form() -> None:
    rate = np.array([[0.3, 1.0, 2.5]])
    done = integrate(lambda _t, x: rate * x * (1 - x), [[0.1, 0.1, 0.1]], TIMES, rtol=1e-10, atol=1e-12)
    expected = 1 / (1 + 9 * np.exp(-rate * TIMES[:, None]))
    assert done.outcome is Outcome.DONE
    np.testing.assert_allclose(done.demand()[:, 0, :], expected, rtol=1e-8)


def test_error_falls_with_the_tolerance_at_fifth_order() -> None:
    def error(rtol: float) -> tuple[float, int]:
        done = integrate(lambda t, x: np.cos(t) * x, [[1.0]], [0.0, 20.0], rtol=rtol, atol=rtol)
        return abs(float(done.demand()[-1, 0, 0]) - np.exp(np.sin(20.0))), done.steps

    (coarse, few), (fine, many) = error(1e-6), error(1e-11)
    order = np.log(coarse / fine) / np.log(many / few)
    assert 4.3 < order < 6.5


def test_no_step_crosses_an_edge_or_a_jump() -> None:
    def infuse(t: float, x: np.ndarray) -> np.ndarray:
        assert not edges_crossed(t)
        return (3.0 if t <= 1.0 else 0.0) - 0.5 * x

    seen: list[float] = []

    def edges_crossed(t: float) -> bool:
        seen.append(t)
        return False

    done = integrate(infuse, [[0.0]], TIMES, edges_h=[1.0], jumps=((2.0, lambda x: x + 4.0),), rtol=1e-10, atol=1e-12)
    t = TIMES
    expected = 6 * -np.expm1(-0.5 * np.minimum(t, 1)) * np.exp(-0.5 * np.maximum(t - 1, 0))
    expected = expected + np.where(t >= 2.0, 4.0 * np.exp(-0.5 * np.maximum(t - 2, 0)), 0.0)
    np.testing.assert_allclose(done.demand()[:, 0, 0], expected, rtol=1e-6, atol=1e-9)
    assert min(abs(t - 1.0) for t in seen) < 1e-12


def test_blow_up_ends_with_an_outcome_not_with_nan() -> None:
    done = integrate(lambda _t, x: x * x, [[1.0]], [0.0, 0.5, 2.0])
    assert done.outcome in {Outcome.STEP_TOO_SMALL, Outcome.NOT_FINITE}
    assert 0.99 < done.reached_h < 1.01
    assert done.states[1, 0, 0] == pytest.approx(2.0, rel=1e-6)
    with pytest.raises(ArithmeticError, match="stopped at"):
        done.demand()


def test_derivative_that_is_no_number_is_said_at_once() -> None:
    assert integrate(lambda _t, x: x * np.nan, [[1.0]], [0.0, 1.0]).outcome is Outcome.NOT_FINITE


def test_number_of_steps_is_bounded() -> None:
    stiff = integrate(lambda _t, x: -1e6 * (x - 1.0), [[0.0]], [0.0, 100.0], most_steps=50)
    assert stiff.outcome is Outcome.TOO_MANY_STEPS
    assert stiff.steps + stiff.rejected == 50


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"times_h": [1.0, 0.0]}, "times_h"),
        ({"times_h": []}, "times_h"),
        ({"start": [[np.nan]]}, "start"),
        ({"start": [1.0]}, "start"),
        ({"rtol": 0.0}, "rtol"),
        ({"atol": float("nan")}, "atol"),
    ],
)
def test_question_that_makes_no_sense_is_refused(change: dict[str, object], path: str) -> None:
    ask: dict[str, object] = {"start": [[1.0]], "times_h": [0.0, 1.0]}
    assert integrate(lambda _t, x: -x, **ask).outcome is Outcome.DONE  # type: ignore[arg-type]
    with pytest.raises(InvalidInput) as caught:
        integrate(lambda _t, x: -x, **{**ask, **change})  # type: ignore[arg-type]
    assert caught.value.problems[0].path == path
