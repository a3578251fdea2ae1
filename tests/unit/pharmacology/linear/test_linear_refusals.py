"""What cannot be solved is refused with the field, the value and what would be accepted."""

import numpy as np
import pytest

from afterglow.pharmacology.linear import Flow, Input, LinearSystem, Output, area_under, solve
from afterglow.terms import InvalidInput

OUTPUT = (Output("c", {0: 0.1}),)
ONE = LinearSystem(("central",), (Flow(0, None, 0.5),), OUTPUT)
TWO = LinearSystem(("central",), (Flow(0, None, np.array([0.5, 0.6])),), OUTPUT, 2)
BOLUS = Input(0, 0.0, 0.0, 1.0)


def read_paths(caught: pytest.ExceptionInfo[InvalidInput]) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for problem in caught.value.problems]


def test_the_shared_setup_solves() -> None:
    assert solve(ONE, [BOLUS], [0.0]).values["c"].tolist() == [[0.1]]
    assert solve(TWO, [BOLUS], [0.0]).values["c"].tolist() == [[0.1, 0.1]]


@pytest.mark.parametrize(
    ("given", "path", "code"),
    [
        (Input(0, 0.0, 0.0, float("nan")), "inputs[0].amount_mg", "not-finite"),
        (Input(0, 0.0, 0.0, -1.0), "inputs[0].amount_mg", "out-of-range"),
        (Input(0, 0.0, -0.5, 1.0), "inputs[0].duration_h", "out-of-range"),
        (Input(0, 0.0, 1e-9, 1.0), "inputs[0].duration_h", "too-short"),
        (Input(0, float("inf"), 0.0, 1.0), "inputs[0].start_h", "not-finite"),
        (Input(3, 0.0, 0.0, 1.0), "inputs[0].compartment", "unknown-compartment"),
        (Input(0, 0.0, 0.0, np.ones(3)), "inputs[0].amount_mg", "shape"),
        (Input(0, 0.0, 0.0, np.array([1.0, np.nan])), "inputs[0].amount_mg", "not-finite"),
    ],
)
def test_input_that_cannot_be_given_is_refused(given: Input, path: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        solve(TWO, [given], [0.0, 1.0])
    assert read_paths(caught) == [(path, code)]


@pytest.mark.parametrize(
    ("times", "code"),
    [([], "shape"), ([[0.0]], "shape"), ([0.0, float("nan")], "not-finite"), ([0.0, 2.0, 1.0], "unsorted")],
)
def test_times_that_cannot_be_walked_are_refused(times: object, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        solve(ONE, [BOLUS], times)  # type: ignore[arg-type]
    assert read_paths(caught) == [("times_h", code)]
    with pytest.raises(InvalidInput):
        area_under(ONE, [BOLUS], float("nan"))


@pytest.mark.parametrize(
    ("flow", "code"),
    [
        (Flow(0, None, -0.1), "out-of-range"),
        (Flow(0, None, float("nan")), "not-finite"),
        (Flow(0, 5, 0.1, 0.1), "unknown-compartment"),
        (Flow(0, 0, 0.1, 0.1), "same"),
        (Flow(0, None, 0.1, 0.1), "no-target"),
        (Flow(0, None, np.ones(4)), "shape"),
        (Flow(0, None, "fast"), "not-a-number"),  # type: ignore[arg-type]
    ],
)
def test_flow_that_makes_no_sense_is_refused(flow: Flow, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        LinearSystem(("central",), (flow,), OUTPUT)
    assert read_paths(caught)[0][1] == code


def test_systems_without_patients_compartments_or_with_twin_outputs_are_refused() -> None:
    for parts in (((), (), ()), (("a",), (), (*OUTPUT, *OUTPUT))):
        with pytest.raises(InvalidInput):
            LinearSystem(*parts)
    with pytest.raises(InvalidInput):
        LinearSystem(("a",), (), OUTPUT, 0)


def test_unknown_engine_and_no_threads_are_refused() -> None:
    with pytest.raises(InvalidInput):
        solve(ONE, [BOLUS], [0.0], engine="quick")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        solve(ONE, [BOLUS], [0.0], threads=0)


def test_compiled_engine_that_is_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afterglow.pharmacology.linear.solver.find_spec", lambda _name: None)
    with pytest.raises(InvalidInput) as caught:
        solve(ONE, [BOLUS], [0.0], engine="compiled")
    assert read_paths(caught) == [("engine", "not-installed")]
    assert solve(ONE, [BOLUS], [0.0]).values["c"].tolist() == [[0.1]]
