"""Driven states in numpy: a run of equal steps at once, its order raised until the error control is content."""

from dataclasses import dataclass

import numpy as np

from afterglow.pharmacology.linear.extended import Extended, Schedule, build_matrix
from afterglow.pharmacology.linear.plain import double, jump
from afterglow.pharmacology.linear.plan import JUMP, RECORD, Plan, measure
from afterglow.pharmacology.linear.propagator import build_propagators, exponentiate
from afterglow.pharmacology.linear.quadrature import NODES, TINY, get_rule
from afterglow.pharmacology.linear.system import FloatArray

LINEAR, EMAX, SIGMOID = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Driven:
    """Driven states of n patients: x' = matrix x + feed (base + gain u(y)), y the output with this number.

    Shapes: matrix (n, k, k), feed and start (n, k), the rest (n,). `tolerance` is the error allowed in one step,
    relative to the state.
    """

    number: int
    kind: int
    matrix: FloatArray
    feed: FloatArray
    start: FloatArray
    base: FloatArray
    gain: FloatArray
    half: FloatArray
    hill: FloatArray
    tolerance: float


@dataclass(slots=True)
class _Walk:
    """What the steps of one walk share."""

    matrix: FloatArray
    weights: FloatArray
    driven: Driven
    rules: dict[tuple[float, int], tuple[FloatArray, FloatArray]]
    linear_parts: dict[float, tuple[FloatArray, FloatArray]]
    worst: float = 0.0


def walk_driven_plainly(
    extended: Extended, schedule: Schedule, plan: Plan, strengths: FloatArray, driven: Driven, n_times: int
) -> tuple[list[FloatArray], float]:
    """Return outputs and driven states, each (n_times, n), and the worst estimated error over the one allowed."""
    n = extended.n
    weights = np.zeros((len(extended.outputs), n, extended.size))
    for k, (_, pairs) in enumerate(extended.outputs):
        for index, weight in pairs:
            weights[k, :, index] += weight
    values = [np.zeros((n_times, n)) for _ in range(len(weights) + driven.start.shape[1])]
    walk = _Walk(build_matrix(extended), weights[driven.number], driven, {}, {})
    flipped = [made.swapaxes(-1, -2) for made in build_propagators(walk.matrix, plan)]
    hours = measure(plan)
    state, x = np.zeros((n, 1, extended.size)), driven.start.copy()
    level = 0
    for kind, number, first, count in plan.operations.tolist():
        if kind == JUMP:
            jump(state[:, 0, :].T, schedule, strengths, number)
            continue
        if kind == RECORD:
            states, xs = np.repeat(state, count, axis=1), np.repeat(x[:, None], count, axis=1)
        else:
            starts = np.empty((n, count + 1, extended.size))
            starts[:, :1] = state
            double(starts[:, 1:], state, flipped[number])
            xs, level = _move(walk, starts[:, :-1], x, float(hours[number]), level)
            states, state, x = starts[:, 1:], starts[:, -1:].copy(), xs[:, -1]
        if first >= 0:
            for k in range(len(weights)):
                values[k][first : first + count] = np.einsum("nts,ns->tn", states, weights[k])
            for i in range(x.shape[1]):
                values[len(weights) + i][first : first + count] = xs[:, :, i].T
    return values, walk.worst


def transform(kind: int, y: FloatArray, half: FloatArray, hill: FloatArray) -> FloatArray:
    """Return u(y) of an enumerated kind."""
    if kind == LINEAR:
        return y
    if kind == EMAX:
        return y / (half + y)
    with np.errstate(over="ignore"):  # to infinity where the drug is all but absent: u is 0 there
        return np.asarray(1.0 / (1.0 + (half / np.maximum(y, TINY)) ** hill))


def _move(walk: _Walk, starts: FloatArray, x: FloatArray, step_h: float, level: int) -> tuple[FloatArray, int]:
    """Return the driven states after each step, shape (n, count, k), and the level that sufficed."""
    driven = walk.driven
    level = max(level - 1, 0)
    while True:
        rows, kernel = _get_rule(walk, step_h, level)
        y = starts @ rows.swapaxes(-1, -2)
        u = transform(driven.kind, y, driven.half[:, None, None], driven.hill[:, None, None])
        gained = driven.gain[:, None, None] * (u @ kernel)
        _, _, functional = get_rule(NODES[level])
        last = np.abs(driven.gain[:, None, None] * ((u * functional) @ kernel))
        xs = _accumulate(walk, gained, x, step_h)
        share = np.abs(gained) / (np.abs(xs) + TINY)
        power = 2.0 * NODES[level] / (NODES[level] - 1.0)
        worst = float((share * (last / (np.abs(gained) + TINY)) ** power).max()) / driven.tolerance
        if worst <= 1.0 or level == len(NODES) - 1:
            walk.worst = max(walk.worst, worst if np.isfinite(worst) else np.inf)
            return xs, level
        level += 1


def _accumulate(walk: _Walk, gained: FloatArray, x: FloatArray, step_h: float) -> FloatArray:
    """Return x after each step: x <- e^(Lh) x + base part + gained."""
    found = walk.linear_parts.get(step_h)
    if found is None:
        driven, k = walk.driven, x.shape[1]
        augmented = np.zeros((x.shape[0], k + 1, k + 1))
        augmented[:, :k, :k] = driven.matrix
        augmented[:, :k, k] = driven.feed * driven.base[:, None]
        made = exponentiate(augmented, step_h)
        found = walk.linear_parts[step_h] = made[:, :k, :k], made[:, :k, k]
    propagator, constant = found
    xs = np.empty_like(gained)
    for i in range(gained.shape[1]):
        x = np.einsum("nij,nj->ni", propagator, x) + constant + gained[:, i]
        xs[:, i] = x
    return xs


def _get_rule(walk: _Walk, step_h: float, level: int) -> tuple[FloatArray, FloatArray]:
    """Return the rows that read y at the nodes, (n, nodes, size), and the kernel e^(L(h-s)) b w h, (n, nodes, k)."""
    found = walk.rules.get((step_h, level))
    if found is None:
        nodes, weights, _ = get_rule(NODES[level])
        driven = walk.driven
        rows = [np.einsum("ns,nsj->nj", walk.weights, _spread(walk, step_h * node)) for node in nodes.tolist()]
        kernel = [
            np.einsum("nij,nj->ni", exponentiate(driven.matrix, step_h * (1.0 - node)), driven.feed) * weight * step_h
            for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True)
        ]
        found = walk.rules[step_h, level] = np.stack(rows, axis=1), np.stack(kernel, axis=1)
    return found


def _spread(walk: _Walk, step_h: float) -> FloatArray:
    made = exponentiate(walk.matrix, step_h)
    return np.broadcast_to(made, (walk.weights.shape[0], *made.shape[1:]))
