"""States driven by a static function of a linear output: turnover responses and chains of them.

x' = L x + b f(y(t)) is solved by variation of constants: the linear part by exact exponentials, the integral by Gauss
panels whose order is raised until the error control is content. No ODE solver and no step error in the kinetics.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from afterglow.pharmacology.linear.driven import Driven, walk_driven_plainly
from afterglow.pharmacology.linear.extended import (
    build_schedule,
    extend,
    has_shared_times,
    read_shared,
    read_strengths,
)
from afterglow.pharmacology.linear.plan import IntArray, build_plan
from afterglow.pharmacology.linear.solver import (
    Engine,
    check_question,
    choose_patients,
    group_patients,
    pick_engine,
    pick_engine_for,
)
from afterglow.pharmacology.linear.system import (
    FloatArray,
    Input,
    LinearSystem,
    Solution,
    Value,
    judge_value,
)
from afterglow.terms import InvalidInput, Problem, build_error

Kind = Literal["linear", "emax", "sigmoid"]
KINDS: tuple[Kind, ...] = ("linear", "emax", "sigmoid")
LONGEST_H = 4.0
STEEPEST = 20.0
_REFINEMENTS = 7


@dataclass(frozen=True, slots=True)
class StaticFunction:
    """f(y) = base + gain u(y), with u = y, y / (half + y) or y^hill / (half^hill + y^hill), one number or one each."""

    kind: Kind
    gain: Value
    base: Value = 0.0
    half: Value = 1.0
    hill: Value = 1.0


def linear(gain: Value, base: Value = 0.0) -> StaticFunction:
    """Return f(y) = base + gain y."""
    return StaticFunction("linear", gain, base)


def emax(gain: Value, half: Value, base: Value = 0.0) -> StaticFunction:
    """Return f(y) = base + gain y / (half + y)."""
    return StaticFunction("emax", gain, base, half)


def sigmoid(gain: Value, half: Value, hill: Value, base: Value = 0.0) -> StaticFunction:
    """Return f(y) = base + gain y^hill / (half^hill + y^hill)."""
    return StaticFunction("sigmoid", gain, base, half, hill)


def inhibition(imax: Value, ic50: Value, hill: Value | None = None) -> StaticFunction:
    """Return f(y) = 1 - imax y^hill / (ic50^hill + y^hill); hill 1 where none is given."""
    gain = -np.asarray(imax, dtype=np.float64) if np.ndim(imax) else -float(imax)
    return emax(gain, ic50, 1.0) if hill is None else sigmoid(gain, ic50, hill, 1.0)


@dataclass(frozen=True, slots=True)
class Chain:
    """Driven states x' = matrix x + feed f(y), x(0) = start, before and between all inputs alike.

    `matrix` has shape (k, k) or (n, k, k) in 1/h, `feed` and `start` (k,) or (n, k).
    """

    names: tuple[str, ...]
    matrix: npt.ArrayLike
    feed: npt.ArrayLike
    start: npt.ArrayLike


class NotConverged(Exception):
    """The error control was not content at the finest panels: the function is too steep for the grid."""


def drive(
    system: LinearSystem,
    inputs: Sequence[Input],
    times_h: npt.ArrayLike,
    *,
    driver: str,
    f: StaticFunction,
    chain: Chain,
    tolerance: float = 1e-7,
    engine: Engine = "auto",
    threads: int = 1,
) -> Solution:
    """Return the system's outputs and the driven states at every time.

    Parameters
    ----------
    system, inputs, times_h, engine, threads
        As for `solve`; the driven states start at the first of all times and input starts.
    driver : str
        The output of the system that drives; zero or more.
    f : StaticFunction
        One of an enumerated family, so that it can be compiled.
    chain : Chain
        The driven states.
    tolerance : float
        Error of a driven state relative to itself, aimed at over the whole run.

    Returns
    -------
    Solution
        The outputs as `solve` gives them, and each driven state by its name, shape (n_times, n).

    Raises
    ------
    InvalidInput
        As `solve`; also an unknown driver, a chain of the wrong shape, a half-maximum that is not above zero.
    NotConverged
        The tolerance cannot be met at steps of seconds.

    Notes
    -----
    x(t+h) = e^(Lh) x(t) + integral of e^(L(h-s)) b f(y(t+s)) ds, with y at the Gauss nodes by exact propagation of the
    kinetics [1]_. The last Legendre coefficients of the integrand tell whether the order is enough; it is raised,
    and past 32 nodes the step is split, until the estimate is below a hundredth of the tolerance in each step.

    References
    ----------
    .. [1] Hochbruck M, Ostermann A, Exponential integrators, Acta Numerica 19 (2010) 209, section 2.1.
    """
    times = check_question(system, inputs, times_h, engine, threads)
    _raise_any(list_drive_problems(system, driver, f, chain, tolerance))
    if has_shared_times(inputs):
        question = _Question(driver, f, chain, tolerance, pick_engine(engine, system.n), threads)
        begin = min([float(times[0]), *(read_shared(one.start_h) for one in inputs)])
        return Solution(times, _drive(system, inputs, times, question, begin))
    values = {name: np.empty((times.size, system.n)) for name in [*(o.name for o in system.outputs), *chain.names]}
    begin = min([float(times[0]), *(float(np.min(one.start_h)) for one in inputs)])
    for members in group_patients(inputs, system.n):
        part, given = choose_patients(system, inputs, members)
        chosen_f, chosen_chain = _choose_driven(f, chain, members)
        question = _Question(driver, chosen_f, chosen_chain, tolerance, pick_engine_for(engine, part.n), threads)
        for name, found in _drive(part, given, times, question, begin).items():
            values[name][:, members] = found
    return Solution(times, values)


@dataclass(frozen=True, slots=True)
class _Question:
    driver: str
    f: StaticFunction
    chain: Chain
    tolerance: float
    engine: Engine
    threads: int


def _drive(
    system: LinearSystem, inputs: Sequence[Input], times: FloatArray, question: _Question, begin: float
) -> dict[str, FloatArray]:
    """Walk the grid; where the finest rule is not enough, walk it again in shorter steps."""
    number = [output.name for output in system.outputs].index(question.driver)
    # an empty bolus makes an edge at the beginning, from which the driven states move even without a drug
    inputs = [*inputs, Input(next(iter(system.outputs[number].weights)), begin, 0.0, 0.0)]
    extended = extend(system, inputs)
    strengths = read_strengths(inputs, system.n)
    driven = build_driven(number, question.f, question.chain, system.n, 0.01 * question.tolerance)
    schedule = build_schedule(extended, inputs, times)
    longest, worst = LONGEST_H, 0.0
    for _ in range(_REFINEMENTS):
        walked, asked = add_times(times, schedule.edges, longest)
        plan = build_plan(schedule.edges, walked, schedule.tolerance)
        if question.engine == "compiled":
            from afterglow.pharmacology.linear.compiled import walk_driven

            values, worst = walk_driven(extended, schedule, plan, strengths, driven, walked.size, question.threads)
        else:
            values, worst = walk_driven_plainly(extended, schedule, plan, strengths, driven, walked.size)
        if worst <= 1.0:
            names = [*(name for name, _ in extended.outputs), *question.chain.names]
            return {name: values[k] if asked is None else values[k][asked] for k, name in enumerate(names)}
        longest *= 0.25
    raise NotConverged(
        f"a driven state errs {worst:.1e} times what is allowed at steps of {longest:.1e} h; "
        "allow a larger tolerance, or see whether the function is a step"
    )


def add_times(times: FloatArray, edges: FloatArray, longest: float) -> tuple[FloatArray, IntArray | None]:
    """Return the times with others between them so that no step is longer, and where the asked ones are (None: all)."""
    points = np.union1d(times, edges[(edges >= times[0]) & (edges <= times[-1])]) if edges.size else times
    first = min(float(edges[0]), float(points[0])) if edges.size else float(points[0])
    gaps = np.diff(points, prepend=first)
    wide = np.flatnonzero(gaps > longest)
    if not wide.size:
        return times, None
    extra = [
        np.linspace(points[k] - gaps[k], points[k], int(np.ceil(gaps[k] / longest)) + 1)[1:-1] for k in wide.tolist()
    ]
    walked = np.union1d(times, np.concatenate(extra))
    return walked, np.searchsorted(walked, times)


def build_driven(number: int, f: StaticFunction, chain: Chain, n: int, tolerance: float) -> Driven:
    """Return everything about the driven states with one value for each patient."""
    size = len(chain.names)

    def spread(value: npt.ArrayLike, *shape: int) -> FloatArray:
        return np.ascontiguousarray(np.broadcast_to(np.asarray(value, dtype=np.float64), (n, *shape)))

    return Driven(
        number=number,
        kind=KINDS.index(f.kind),
        matrix=spread(chain.matrix, size, size),
        feed=spread(chain.feed, size),
        start=spread(chain.start, size),
        base=spread(f.base),
        gain=spread(f.gain),
        half=spread(f.half),
        hill=spread(f.hill),
        tolerance=tolerance,
    )


def list_drive_problems(
    system: LinearSystem, driver: str, f: StaticFunction, chain: Chain, tolerance: float
) -> list[Problem]:
    """Return what makes a drive unusable."""
    names = [output.name for output in system.outputs]
    problems = []
    if driver not in names or not next((o.weights for o in system.outputs if o.name == driver), None):
        problems.append(build_error("driver", "unknown", driver, ", ".join(names), "No such output can drive."))
    if f.kind not in KINDS:
        problems.append(build_error("f.kind", "unknown", f.kind, ", ".join(KINDS), "There is no such function."))
    for path in ("gain", "base"):
        problems += judge_value(f"f.{path}", getattr(f, path), system.n)
    for path in ("half", "hill"):
        problems += judge_value(f"f.{path}", getattr(f, path), system.n, lowest=1e-12)
    if np.any(np.asarray(f.hill, dtype=np.float64) > STEEPEST):
        message = "So steep a function is a step: it would be missed between two nodes."
        problems.append(build_error("f.hill", "out-of-range", f.hill, f"up to {STEEPEST:g}", message))
    if not 1e-13 <= tolerance <= 0.1:
        problems.append(
            build_error("tolerance", "out-of-range", tolerance, "1e-13 to 0.1", "The tolerance cannot be met.")
        )
    if not chain.names or set(chain.names) & set(names):
        problems.append(
            build_error("chain.names", "names", chain.names, "names of their own", "The states need names.")
        )
    size, n = len(chain.names), system.n
    for path, value, shape in (
        ("matrix", chain.matrix, (size, size)),
        ("feed", chain.feed, (size,)),
        ("start", chain.start, (size,)),
    ):
        array = np.asarray(value, dtype=np.float64)
        if array.shape not in (shape, (n, *shape)) or not np.isfinite(array).all():
            accepted = f"finite numbers of shape {shape} or {(n, *shape)}"
            problems.append(build_error(f"chain.{path}", "shape", array.shape, accepted, f"chain.{path} does not fit."))
    return problems


def _choose_driven(f: StaticFunction, chain: Chain, members: IntArray) -> tuple[StaticFunction, Chain]:
    def choose(value: Value) -> Value:
        return np.asarray(value)[members] if np.ndim(value) else value

    def choose_rows(value: npt.ArrayLike, dimensions: int) -> npt.ArrayLike:
        return np.asarray(value)[members] if np.ndim(value) > dimensions else value

    return (
        StaticFunction(f.kind, choose(f.gain), choose(f.base), choose(f.half), choose(f.hill)),
        Chain(chain.names, choose_rows(chain.matrix, 2), choose_rows(chain.feed, 1), choose_rows(chain.start, 1)),
    )


def _raise_any(problems: list[Problem]) -> None:
    if problems:
        raise InvalidInput(problems)
