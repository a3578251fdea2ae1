"""Solving a linear system: checks the input, picks the engine, keeps per-patient times exact."""

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Literal

import numpy as np
import numpy.typing as npt

from afterglow.pharmacology.linear import plain
from afterglow.pharmacology.linear.apart import Kicks, build_grid, build_kicks, interrupt
from afterglow.pharmacology.linear.extended import (
    Extended,
    Schedule,
    build_schedule,
    extend,
    has_shared_times,
    read_strengths,
)
from afterglow.pharmacology.linear.plan import Plan, build_plan
from afterglow.pharmacology.linear.system import (
    FloatArray,
    Input,
    LinearSystem,
    Output,
    Solution,
    Value,
    check_inputs,
    check_times,
)
from afterglow.terms import InvalidInput, build_error

Engine = Literal["auto", "plain", "compiled"]
ENGINES: tuple[Engine, ...] = ("auto", "plain", "compiled")
SMALL_GROUP = 8
APART_BLOCK = 4096
SMALLEST_BLOCK = 64
PLAIN_NUMBERS = 1 << 22
"""Patients with event times of their own are solved in blocks: as many states are kept in plain numpy, 32 MB."""
COMPILED_FROM = 256
"""Patients from which `auto` takes the compiled engine where it is installed."""


def solve(
    system: LinearSystem,
    inputs: Sequence[Input],
    times_h: npt.ArrayLike,
    *,
    engine: Engine = "auto",
    threads: int = 1,
) -> Solution:
    """Return every output of a linear system at every time, without step error.

    Parameters
    ----------
    system : LinearSystem
        Compartments, flows and outputs of `n` patients; all amounts are zero before the first input.
    inputs : sequence of Input
        Boluses and zero-order inputs; they add up (superposition).
    times_h : array-like, shape (n_times,), h
        In order; repeated times are allowed. A time that falls on a bolus is answered after it.
    engine : {"auto", "plain", "compiled"}
        Plain numpy, or numba for many patients; "auto" decides by their number and by what is installed.
    threads : int
        Threads of the compiled engine; the result has the same bits for any number.

    Returns
    -------
    Solution
        Each output with shape (n_times, n), C-contiguous, in the units of amount times weight.

    Raises
    ------
    InvalidInput
        A time, rate, amount or duration is not finite, negative, of the wrong shape or out of order; or the compiled
        engine was asked for and is not installed.

    Notes
    -----
    Propagation by matrix exponentials between event edges [1]_, exact for any linear system, equal and near-equal rates
    included; what remains is rounding, which grows with the number of steps and stays below 1e-10 in the benchmark.

    Examples
    --------
    >>> one = LinearSystem(("central",), (Flow(0, None, 0.5),), (Output("c", {0: 0.1}),))
    >>> solve(one, [Input(0, 0.0, 0.0, 100.0)], [0.0, 2.0]).values["c"].round(6).tolist()
    [[10.0], [3.678794]]

    References
    ----------
    .. [1] Moler C, Van Loan C, Nineteen dubious ways to compute the exponential of a matrix, twenty-five years later,
       SIAM Review 45 (2003) 3, method 3 and section 11 (inputs by augmentation).
    """
    times = check_question(system, inputs, times_h, engine, threads)
    return Solution(times, _solve(system, inputs, times, pick_engine(engine, system.n), threads, areas=False))


def area_under(
    system: LinearSystem,
    inputs: Sequence[Input],
    until_h: float,
    *,
    engine: Engine = "auto",
    threads: int = 1,
) -> dict[str, FloatArray]:
    """Return the exact area under each output from its first input to `until_h`, shape (n,), in output unit times h.

    The area is one more state of the linear system, so it has no step error either. Raises as `solve`.
    """
    times = check_question(system, inputs, [until_h], engine, threads, "until_h")
    found = _solve(system, inputs, times, pick_engine(engine, system.n), threads, areas=True)
    return {name: values[0] for name, values in found.items()}


def has_compiled() -> bool:
    """Tell whether the compiled engine is installed (the extra `compiled`); nothing is imported."""
    return find_spec("numba") is not None


def pick_engine(engine: Engine, n: int) -> Engine:
    """Return "plain" or "compiled" for a number of patients."""
    if engine == "auto":
        return "compiled" if n >= COMPILED_FROM and has_compiled() else "plain"
    return engine


def check_question(
    system: LinearSystem,
    inputs: Sequence[Input],
    times_h: npt.ArrayLike,
    engine: str,
    threads: int,
    path: str = "times_h",
) -> FloatArray:
    """Refuse an engine, times or inputs that cannot be used; return the times."""
    check_engine(engine, threads)
    times = check_times(times_h, path)
    check_inputs(system, inputs)
    return times


def check_engine(engine: str, threads: int) -> None:
    """Refuse an unknown engine, a number of threads below 1, and a compiled engine that is not installed."""
    if engine not in ENGINES:
        raise InvalidInput([build_error("engine", "unknown", engine, ", ".join(ENGINES), "There is no such engine.")])
    if threads < 1:
        raise InvalidInput([build_error("threads", "out-of-range", threads, "1 or more", "No thread is left to work.")])
    if engine == "compiled" and not has_compiled():
        message = "The compiled engine needs numba: install the extra `compiled`."
        raise InvalidInput([build_error("engine", "not-installed", engine, "auto, plain", message)])


def _solve(
    system: LinearSystem, inputs: Sequence[Input], times: FloatArray, engine: Engine, threads: int, *, areas: bool
) -> dict[str, FloatArray]:
    if not has_shared_times(inputs):
        return _solve_apart(system, inputs, times, engine, threads, areas=areas)
    extended = extend(system, inputs, areas=areas)
    schedule = build_schedule(extended, inputs, times)
    plan = build_plan(schedule.edges, times, schedule.tolerance)
    return _walk(extended, schedule, plan, read_strengths(inputs, system.n), times.size, engine, threads, None)


def _walk(
    extended: Extended,
    schedule: Schedule,
    plan: Plan,
    strengths: FloatArray,
    n_times: int,
    engine: Engine,
    threads: int,
    kicks: Kicks | None,
) -> dict[str, FloatArray]:
    if engine == "compiled":
        from afterglow.pharmacology.linear.compiled import walk

        return walk(extended, schedule, plan, strengths, n_times, threads, kicks)
    return plain.walk(extended, schedule, plan, strengths, n_times, kicks)


def _solve_apart(
    system: LinearSystem, inputs: Sequence[Input], times: FloatArray, engine: Engine, threads: int, *, areas: bool
) -> dict[str, FloatArray]:
    """Solve patients who have event times of their own, many at once over one grid, in blocks that fit."""
    values = {output.name: np.empty((times.size, system.n)) for output in system.outputs}
    most = PLAIN_NUMBERS // (times.size * len(system.compartments)) if engine == "plain" else APART_BLOCK
    block = min(max(most, SMALLEST_BLOCK), APART_BLOCK)
    for begin in range(0, system.n, block):
        members = np.arange(begin, min(begin + block, system.n))
        part, given = choose_patients(system, inputs, members) if system.n > block else (system, inputs)
        extended = extend(part, given, areas=areas)
        grid, tolerance = build_grid(extended, given, times)
        kicks = build_kicks(extended, given, grid, tolerance)
        plan = build_plan(grid[:1], grid, tolerance)
        plan = replace(plan, operations=interrupt(plan.operations, kicks.marks))
        schedule = Schedule(grid[:1], tolerance, (), ())
        found = _walk(extended, schedule, plan, np.zeros((0, part.n)), grid.size, engine, threads, kicks)
        asked = np.searchsorted(grid, times)
        for name, curves in found.items():
            values[name][:, members] = curves[asked]
    return values


def group_patients(inputs: Sequence[Input], n: int) -> list[npt.NDArray[np.int64]]:
    """Return the patients in groups that share all their event times."""
    stamps = np.stack([np.broadcast_to(v, n) for one in inputs for v in (one.start_h, one.duration_h)], axis=1)
    _, group = np.unique(stamps, axis=0, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group.ravel()[order])) + 1)


def pick_engine_for(engine: Engine, n: int) -> Engine:
    """Return the engine for a group that was split off: small groups do not pay for tiles."""
    return "plain" if n < SMALL_GROUP else pick_engine(engine, n)


def choose_patients(
    system: LinearSystem, inputs: Sequence[Input], members: npt.NDArray[np.int64]
) -> tuple[LinearSystem, list[Input]]:
    """Return the same system and inputs for some of its patients."""

    def choose(value: Value) -> Value:
        return np.asarray(value, dtype=np.float64)[members] if np.ndim(value) else value

    flows = tuple(
        replace(flow, out_per_h=choose(flow.out_per_h), in_per_h=choose(flow.in_per_h)) for flow in system.flows
    )
    outputs = tuple(Output(o.name, {i: choose(w) for i, w in o.weights.items()}) for o in system.outputs)
    given = [
        Input(one.compartment, choose(one.start_h), choose(one.duration_h), choose(one.amount_mg)) for one in inputs
    ]
    return LinearSystem(system.compartments, flows, outputs, len(members)), given
