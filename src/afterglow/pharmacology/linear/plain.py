"""The linear engine in numpy: for one patient up to some hundred, with no compiler."""

import numpy as np

from afterglow.pharmacology.linear.apart import Kicks
from afterglow.pharmacology.linear.extended import Extended, Schedule, build_matrix
from afterglow.pharmacology.linear.plan import JUMP, KICK, RECORD, Plan, find_first
from afterglow.pharmacology.linear.propagator import build_propagators
from afterglow.pharmacology.linear.system import FloatArray


def walk(
    extended: Extended,
    schedule: Schedule,
    plan: Plan,
    strengths: FloatArray,
    n_times: int,
    kicks: Kicks | None = None,
) -> dict[str, FloatArray]:
    """Return each output at each time, shape (n_times, n), by walking the plan.

    A run of equal steps is doubled: the states of the first 2^k points times the 2^k-th power of the propagator are
    the next 2^k.
    """
    kept: FloatArray = np.empty((extended.n, n_times, extended.size))
    kept[:, : find_first(plan, n_times)] = 0.0
    state = np.zeros((extended.n, 1, extended.size))
    flipped = [made.swapaxes(-1, -2) for made in build_propagators(build_matrix(extended), plan)]
    if extended.n == 1:
        _walk_one(kept[0], state[0], [made[0] for made in flipped], schedule, plan, strengths)
        return _read_outputs(extended, kept)
    for kind, number, first, count in plan.operations.tolist():
        if kind == JUMP:
            jump(state[:, 0, :].T, schedule, strengths, number)
        elif kind == KICK and kicks is not None:
            kick(state[:, 0, :], kicks, number)
        elif kind == RECORD:
            kept[:, first : first + count] = state
        elif first < 0:
            state = state @ flipped[number]
        else:
            run = kept[:, first : first + count]
            double(run, state, flipped[number])
            state = run[:, -1:].copy()
    return _read_outputs(extended, kept)


def _walk_one(
    kept: FloatArray,
    state: FloatArray,
    flipped: list[FloatArray],
    schedule: Schedule,
    plan: Plan,
    strengths: FloatArray,
) -> None:
    for kind, number, first, count in plan.operations.tolist():
        if kind == JUMP:
            jump(state.T, schedule, strengths, number)
        elif kind == RECORD:
            kept[first : first + count] = state
        elif first < 0:
            state = state @ flipped[number]
        else:
            run = kept[first : first + count]
            double(run, state, flipped[number])
            state = run[-1:].copy()


def double(run: FloatArray, state: FloatArray, power: FloatArray) -> None:
    """Fill a run, shape (..., count, size), with the states after 1, 2, ... steps."""
    count = run.shape[-2]
    run[..., :1, :] = state @ power
    done = 1
    while done < count:
        more = min(done, count - done)
        np.matmul(run[..., :more, :], power, out=run[..., done : done + more, :])
        done += more
        if done < count:
            power = power @ power


def jump(state: FloatArray, schedule: Schedule, strengths: FloatArray, edge: int) -> None:
    """Change a state, shape (size, n), at one edge."""
    for at, index, k in schedule.boluses:
        if at == edge:
            state[index] += strengths[k]
    for at, index, running in schedule.rates:
        if at == edge:
            state[index] = strengths[list(running)].sum(axis=0)


def kick(state: FloatArray, kicks: Kicks, group: int) -> None:
    """Change states, shape (n, size), where patients have event times of their own."""
    rows = slice(kicks.add_start[group], kicks.add_start[group + 1])
    state[kicks.add_patient[rows]] += kicks.added[:, rows].T
    rows = slice(kicks.set_start[group], kicks.set_start[group + 1])
    state[kicks.set_patient[rows], kicks.set_state[rows]] = kicks.set_value[rows]


def _read_outputs(extended: Extended, kept: FloatArray) -> dict[str, FloatArray]:
    values: dict[str, FloatArray] = {}
    for name, weights in extended.outputs:
        total: FloatArray | None = None
        for index, weight in weights:
            part = kept[:, :, index].T * weight
            total = part if total is None else total + part
        values[name] = np.ascontiguousarray(total) if total is not None else np.zeros(kept.shape[1::-1])
    return values
