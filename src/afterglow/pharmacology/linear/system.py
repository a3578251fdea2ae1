"""Linear compartment systems as data: compartments, flows between them, outputs, and what is put in.

Nothing is solved here. Every number that cannot be used is refused with its field.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from afterglow.terms import InvalidInput, Problem, build_error

FloatArray = npt.NDArray[np.float64]
Value = float | FloatArray
"""One number for everybody, or one for each patient."""
SHORTEST_H = 1e-6


@dataclass(frozen=True, slots=True)
class Flow:
    """A first-order flow: the source loses `out_per_h * A`, the target gains `in_per_h * A` of the source's amount A.

    The two rates differ where mass is not kept: a metabolite counted in its own weight, an effect compartment that
    drains nothing (out 0). A flow out of the system has no target.
    """

    source: int
    target: int | None
    out_per_h: Value
    in_per_h: Value = 0.0


@dataclass(frozen=True, slots=True)
class Output:
    """A weighted sum of amounts, such as a concentration: weights by compartment index, 1/L for mg/L."""

    name: str
    weights: Mapping[int, Value]


@dataclass(frozen=True, slots=True)
class Input:
    """An amount put into one compartment: at once (`duration_h` 0) or evenly over a duration.

    A pause or a change of rate is several inputs; a lag is a later start. Each number may be one per patient.
    """

    compartment: int
    start_h: Value
    duration_h: Value
    amount_mg: Value


@dataclass(frozen=True, slots=True)
class LinearSystem:
    """Compartments, flows and outputs for `n` patients; amounts start at zero.

    Raises
    ------
    InvalidInput
        A rate or weight is not finite, negative (rates), of the wrong shape, or names no compartment.
    """

    compartments: tuple[str, ...]
    flows: tuple[Flow, ...]
    outputs: tuple[Output, ...]
    n: int = 1

    def __post_init__(self) -> None:
        _raise_any(list_system_problems(self))


@dataclass(frozen=True, slots=True)
class Solution:
    """Outputs at the times asked for: each value has shape (n_times, n)."""

    times_h: FloatArray
    values: Mapping[str, FloatArray] = field(default_factory=dict)


def list_system_problems(system: LinearSystem) -> list[Problem]:
    """Return what makes a system unusable."""
    problems: list[Problem] = []
    size = len(system.compartments)
    if isinstance(system.n, bool) or not isinstance(system.n, int) or system.n < 1:
        problems.append(build_error("n", "out-of-range", system.n, "1 or more", "There is no patient to solve for."))
        return problems
    if not size:
        problems.append(build_error("compartments", "empty", (), "one or more names", "A system needs a compartment."))
    for i, flow in enumerate(system.flows):
        path = f"flows[{i}]"
        problems += _judge_index(f"{path}.source", flow.source, size)
        if flow.target is not None:
            problems += _judge_index(f"{path}.target", flow.target, size)
            if flow.target == flow.source:
                problems.append(
                    build_error(f"{path}.target", "same", flow.target, "another one", "A flow leads elsewhere.")
                )
        elif np.any(np.asarray(flow.in_per_h) != 0.0):
            problems.append(
                build_error(f"{path}.in_per_h", "no-target", "set", "0", "A flow without a target feeds nothing.")
            )
        problems += judge_value(f"{path}.out_per_h", flow.out_per_h, system.n, lowest=0.0)
        problems += judge_value(f"{path}.in_per_h", flow.in_per_h, system.n, lowest=0.0)
    for output in system.outputs:
        for index, weight in output.weights.items():
            path = f"outputs.{output.name}[{index}]"
            problems += _judge_index(path, index, size) + judge_value(path, weight, system.n)
    names = [output.name for output in system.outputs]
    if len(set(names)) < len(names):
        problems.append(build_error("outputs", "duplicate", ", ".join(names), "each once", "An output name is twice."))
    return problems


def check_inputs(system: LinearSystem, inputs: Sequence[Input]) -> None:
    """Refuse inputs that cannot be given: NaN, a negative amount or duration, an unknown compartment."""
    problems: list[Problem] = []
    for i, one in enumerate(inputs):
        path = f"inputs[{i}]"
        problems += _judge_index(f"{path}.compartment", one.compartment, len(system.compartments))
        problems += judge_value(f"{path}.start_h", one.start_h, system.n)
        problems += judge_value(f"{path}.duration_h", one.duration_h, system.n, lowest=0.0)
        problems += judge_value(f"{path}.amount_mg", one.amount_mg, system.n, lowest=0.0)
        duration = np.asarray(one.duration_h, dtype=np.float64)
        if ((duration > 0.0) & (duration < SHORTEST_H)).any():
            accepted = f"0, or {SHORTEST_H:g} h and more"
            message = "An infusion this short is a bolus: its duration is 0."
            problems.append(build_error(f"{path}.duration_h", "too-short", float(duration.min()), accepted, message))
    _raise_any(problems)


def check_times(times_h: npt.ArrayLike, path: str = "times_h") -> FloatArray:
    """Return times as a float array; refuse none at all, NaN, and times that go back."""
    times = np.ascontiguousarray(times_h, dtype=np.float64)
    if times.ndim != 1 or not times.size:
        _raise_any([build_error(path, "shape", times.shape, "one row of times", "There are no times to solve at.")])
    ordered = bool((times[1:] >= times[:-1]).all())
    # NaN is in no order, and infinity in order stands at an end
    if not (np.isfinite(times[0]) and np.isfinite(times[-1]) and (ordered or np.isfinite(times).all())):
        _raise_any([build_error(path, "not-finite", "NaN or infinite", "finite hours", "A time is not a number.")])
    if not ordered:
        _raise_any([build_error(path, "unsorted", "goes back", "times in order", "The times are not in order.")])
    return times


def judge_value(path: str, value: Value, n: int, *, lowest: float | None = None) -> list[Problem]:
    """Return the problems of one number, or of one number per patient."""
    if type(value) is float and value - value == 0.0 and (lowest is None or value >= lowest):
        return []
    accepted = "a finite number" if lowest is None else f"a finite number of {lowest:g} or more"
    try:
        given = np.asarray(value)
        if given.dtype.kind not in "fiu":  # a truth value, a text
            raise TypeError
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return [build_error(path, "not-a-number", value, accepted, f"{path} is not a number.")]
    if array.shape not in ((), (n,)):
        return [
            build_error(path, "shape", array.shape, f"one number or {n}", f"{path} has the wrong number of values.")
        ]
    finite = np.isfinite(array)
    if not finite.all():
        return [build_error(path, "not-finite", _first(array, ~finite), accepted, f"{path} is not a finite number.")]
    if lowest is not None and (array < lowest).any():
        return [
            build_error(path, "out-of-range", _first(array, array < lowest), accepted, f"{path} is below {lowest:g}.")
        ]
    return []


def _judge_index(path: str, index: object, size: int) -> list[Problem]:
    if isinstance(index, int | np.integer) and not isinstance(index, bool) and 0 <= int(index) < size:
        return []
    return [build_error(path, "unknown-compartment", index, f"0 to {size - 1}", f"{path} names no compartment.")]


def _first(array: FloatArray, where: npt.NDArray[np.bool_]) -> float:
    return float(np.atleast_1d(array)[np.atleast_1d(where)][0])


def _raise_any(problems: list[Problem]) -> None:
    if problems:
        raise InvalidInput(problems)
