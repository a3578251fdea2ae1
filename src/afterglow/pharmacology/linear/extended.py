"""The one matrix both engines walk with: amounts, then held input rates, then running areas.

A zero-order input is a state that stands still between events, so one exponential carries amounts and inputs alike;
an area is a state fed by the output and drained by nothing. All off-diagonal entries of amounts are zero or more.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from afterglow.pharmacology.linear.plan import IntArray, snap_edges
from afterglow.pharmacology.linear.system import FloatArray, Input, LinearSystem, Value

Weights = tuple[tuple[int, Value], ...]


@dataclass(frozen=True, slots=True)
class Extended:
    """Entries of the matrix by (row, column), outputs as weights of states, and who is which state.

    `pattern[i, j]` tells whether state j can ever reach state i. `state_of` and `rate_of` give the state of a
    compartment's amount and of its held rate, -1 where it has none (it cannot reach an output).
    """

    n: int
    size: int
    entries: dict[tuple[int, int], Value]
    pattern: npt.NDArray[np.bool_]
    outputs: tuple[tuple[str, Weights], ...]
    state_of: tuple[int, ...]
    rate_of: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Shared events: at `edges[e]` the boluses are added and the listed rates are set to the sum of running inputs."""

    edges: FloatArray
    tolerance: float
    boluses: tuple[tuple[int, int, int], ...]
    """(edge, state, input)"""
    rates: tuple[tuple[int, int, tuple[int, ...]], ...]
    """(edge, state, inputs running from then on)"""


def extend(system: LinearSystem, inputs: Sequence[Input], *, areas: bool = False) -> Extended:
    """Return the extended matrix of a system; with `areas` each output also gets its running integral."""
    feeds = _find_feeding(system)
    kept = [i for i in range(len(system.compartments)) if feeds[i]]
    state_of = [kept.index(i) if feeds[i] else -1 for i in range(len(system.compartments))]
    rate_of = [-1] * len(system.compartments)
    size = len(kept)
    entries: dict[tuple[int, int], Value] = {}
    for flow in system.flows:
        j = state_of[flow.source]
        if j >= 0:
            _add(entries, j, j, flow.out_per_h, -1.0)
            if flow.target is not None and state_of[flow.target] >= 0 and _is_any(flow.in_per_h):
                _add(entries, state_of[flow.target], j, flow.in_per_h, 1.0)
    for one in inputs:
        i = state_of[one.compartment]
        if i >= 0 and rate_of[one.compartment] < 0 and _is_any(one.duration_h):
            rate_of[one.compartment] = size
            entries[i, size] = 1.0
            size += 1
    outputs: list[tuple[str, Weights]] = []
    for output in system.outputs:
        weights = tuple((state_of[i], weight) for i, weight in output.weights.items())
        if areas:
            for state, weight in weights:
                _add(entries, size, state, weight, 1.0)
            weights = ((size, 1.0),)
            size += 1
        outputs.append((output.name, weights))
    return Extended(system.n, size, entries, close(entries, size), tuple(outputs), tuple(state_of), tuple(rate_of))


def build_matrix(extended: Extended) -> FloatArray:
    """Return the matrix, shape (n, size, size), or (1, size, size) where all patients share it."""
    shared = all(type(value) is float or np.ndim(value) == 0 for value in extended.entries.values())
    matrix = np.zeros((1 if shared else extended.n, extended.size, extended.size))
    for (i, j), value in extended.entries.items():
        matrix[:, i, j] = value
    return matrix


def build_schedule(extended: Extended, inputs: Sequence[Input], times: FloatArray) -> Schedule:
    """Return the events of inputs whose times are the same for every patient."""
    used = [k for k, one in enumerate(inputs) if extended.state_of[one.compartment] >= 0]
    starts = np.array([read_shared(inputs[k].start_h) for k in used])
    durations = np.array([read_shared(inputs[k].duration_h) for k in used])
    edges, where, tolerance = snap_edges(np.concatenate([starts, starts + durations]), times)
    begins, ends = where[: len(used)], where[len(used) :]
    boluses, changed = [], set()
    for place, k in enumerate(used):
        compartment = inputs[k].compartment
        if durations[place] == 0.0:
            boluses.append((int(begins[place]), extended.state_of[compartment], k))
        else:
            changed |= {(int(begins[place]), compartment), (int(ends[place]), compartment)}
    rates = tuple(
        (edge, extended.rate_of[compartment], _list_running(inputs, used, durations, begins, ends, edge, compartment))
        for edge, compartment in sorted(changed)
    )
    return Schedule(edges, tolerance, tuple(sorted(boluses)), rates)


def read_strengths(inputs: Sequence[Input], n: int) -> FloatArray:
    """Return amount (mg) or rate (mg/h) of each input and patient, shape (n_inputs, n)."""
    strengths = np.empty((len(inputs), n))
    for k, one in enumerate(inputs):
        duration = np.asarray(one.duration_h, dtype=np.float64)
        strengths[k] = np.asarray(one.amount_mg, dtype=np.float64) / np.where(duration > 0.0, duration, 1.0)
    return strengths


def has_shared_times(inputs: Sequence[Input]) -> bool:
    """Tell whether every input starts and ends at the same time for all patients."""
    return all(
        type(value) is float or np.ndim(value) == 0 or bool((value == np.asarray(value)[0]).all())
        for one in inputs
        for value in (one.start_h, one.duration_h)
    )


def read_shared(value: Value) -> float:
    """Return the number that all patients share."""
    return float(np.asarray(value).flat[0])


def _list_running(
    inputs: Sequence[Input],
    used: list[int],
    durations: FloatArray,
    begins: IntArray,
    ends: IntArray,
    edge: int,
    compartment: int,
) -> tuple[int, ...]:
    return tuple(
        k
        for place, k in enumerate(used)
        if inputs[k].compartment == compartment and durations[place] > 0.0 and begins[place] <= edge < ends[place]
    )


def _find_feeding(system: LinearSystem) -> list[bool]:
    """Tell of each compartment whether an output can see it."""
    feeding = {index for output in system.outputs for index in output.weights}
    links = [(flow.source, flow.target) for flow in system.flows if flow.target is not None]
    grown = True
    while grown:
        found = {source for source, target in links if target in feeding}
        grown = not found <= feeding
        feeding |= found
    return [index in feeding for index in range(len(system.compartments))]


def _is_any(value: Value) -> bool:
    return value != 0.0 if type(value) is float else bool(np.any(value))


def _add(entries: dict[tuple[int, int], Value], i: int, j: int, value: Value, sign: float) -> None:
    entries[i, j] = entries.get((i, j), 0.0) + sign * value


def close(entries: Collection[tuple[int, int]], size: int) -> npt.NDArray[np.bool_]:
    """Return which state can ever reach which, each itself included; the array is shared and read-only."""
    return _close(tuple(entries), size)


@lru_cache(maxsize=256)
def _close(entries: tuple[tuple[int, int], ...], size: int) -> npt.NDArray[np.bool_]:
    reach = np.eye(size, dtype=bool)
    for i, j in entries:
        reach[i, j] = True
    for k in range(size):
        reach |= reach[:, k : k + 1] & reach[k : k + 1, :]
    reach.flags.writeable = False
    return reach
