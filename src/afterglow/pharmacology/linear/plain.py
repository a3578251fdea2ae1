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
    if extended.n == 1:
        return _walk_one(extended, schedule, plan, strengths, n_times)
    kept: FloatArray = np.empty((extended.n, n_times, extended.size))
    kept[:, : find_first(plan, n_times)] = 0.0
    state = np.zeros((extended.n, 1, extended.size))
    flipped = [made.swapaxes(-1, -2) for made in build_propagators(build_matrix(extended), plan)]
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
    extended: Extended, schedule: Schedule, plan: Plan, strengths: FloatArray, n_times: int
) -> dict[str, FloatArray]:
    """Walk one patient, keeping outputs alone."""
    readers = np.zeros((len(extended.outputs), extended.size))
    for k, (_, weights) in enumerate(extended.outputs):
        for index, weight in weights:
            readers[k, index] += float(np.asarray(weight).flat[0])
    values = np.empty((len(extended.outputs), n_times, 1))
    values[:, : find_first(plan, n_times)] = 0.0
    state = np.zeros((extended.size, 1))
    made = [one[0] for one in build_propagators(build_matrix(extended), plan)]
    ladders: list[tuple[FloatArray, list[FloatArray]]] = [(readers[None], [one]) for one in made]
    for kind, number, first, count in plan.operations.tolist():
        if kind == JUMP:
            jump(state, schedule, strengths, number)
        elif kind == RECORD:
            values[:, first : first + count] = (readers @ state)[:, None]
        elif first < 0:
            state = made[number] @ state
        elif count == 1:
            state = made[number] @ state
            values[:, first] = readers @ state
        else:
            rows, powers = ladders[number]
            ladders[number] = rows, powers = climb(rows, powers, count)
            state = run(values[:, first : first + count, 0], rows, powers, state)
    return {name: values[k] for k, (name, _) in enumerate(extended.outputs)}


def climb(rows: FloatArray, powers: list[FloatArray], count: int) -> tuple[FloatArray, list[FloatArray]]:
    """Return the readers after 0, 1, ... steps, at least as many as the root of count, and powers 1, 2, 4, ..."""
    while rows.shape[0] ** 2 < count:
        rows = np.concatenate([rows, rows @ powers[-1]])
        powers.append(powers[-1] @ powers[-1])
    return rows, powers


def run(values: FloatArray, rows: FloatArray, powers: list[FloatArray], state: FloatArray) -> FloatArray:
    """Fill outputs, shape (outputs, count), after 1, 2, ... equal steps; return the last state, shape (size, 1).

    With blocks of b steps, an output after j b + 1 + i steps is (reader P^i) (P^(j b + 1) state): the rows for the
    steps of one block and the states at the beginnings of blocks are each doubled; one product gives all outputs.
    """
    count = values.shape[1]
    block = rows.shape[0]
    blocks = -(-count // block)
    states, leap = powers[0] @ state, powers[-1]
    while states.shape[1] < blocks:
        states = np.concatenate([states, leap @ states], axis=1)
        leap = leap @ leap
    begun = states[:, :blocks].T
    for k in range(values.shape[0]):
        values[k] = (begun @ rows[:, k].T).reshape(-1)[:count]
    last, rest = states[:, blocks - 1 : blocks], count - 1 - (blocks - 1) * block
    for k, one in enumerate(powers):
        if rest >> k & 1:
            last = one @ last
    return np.ascontiguousarray(last)


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
