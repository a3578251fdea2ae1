"""Patients whose inputs start and end each at times of their own, walked together over one grid.

By superposition an input counts at the next grid point: what it has put in until then, carried there exactly, is added
to the patient's amounts. Only whole grid intervals of an infusion are held rates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from afterglow.pharmacology.linear.extended import Extended, read_strengths
from afterglow.pharmacology.linear.plan import JUMP, KICK, RECORD, STEP, IntArray
from afterglow.pharmacology.linear.propagator import count_terms
from afterglow.pharmacology.linear.system import FloatArray, Input

CELLS_H = (1.0 / 4.0, 1.0 / 12.0, 1.0 / 60.0)
"""A grid interval in which an input begins or ends is at most one of these long."""
CELL_NORM = 16.0
"""A cell is short enough when the fastest loss times its length is below this: then carrying over it is quick."""
CHUNK = 1024
NORM = 3.0
"""Vectors are carried over pieces whose norm is at most three, which takes 30 terms."""
LIGHTEST = 1e-6
"""No state is counted in units that differ from another's by more."""


@dataclass(frozen=True, slots=True)
class Kicks:
    """What happens to whom at which grid points.

    Group g happens on arrival at grid point `marks[g]`: rows `add_start[g]` to `add_start[g + 1]` add the columns of
    `added` (size, rows) to the states of `add_patient`, then the rows of `set_start` set held rates. In each group
    patients come in order, and each at most once among the added.
    """

    marks: IntArray
    add_start: IntArray
    add_patient: IntArray
    added: FloatArray
    set_start: IntArray
    set_patient: IntArray
    set_state: IntArray
    set_value: FloatArray


@dataclass(frozen=True, slots=True)
class _Spans:
    """Every input of every patient, flat: grid points at or after start and end, and what is given."""

    number: IntArray
    state: IntArray
    rate: IntArray
    patient: IntArray
    start: FloatArray
    end: FloatArray
    strength: FloatArray
    first: IntArray
    last: IntArray


def build_grid(extended: Extended, inputs: Sequence[Input], times: FloatArray) -> tuple[FloatArray, float]:
    """Return the times with cell borders around each event in a wide interval, and the tolerance in hours."""
    n, cell = extended.n, _pick_cell(extended)
    starts = [np.broadcast_to(np.asarray(one.start_h, dtype=np.float64), n) for one in inputs]
    ends = [start + np.asarray(one.duration_h) for start, one in zip(starts, inputs, strict=True)]
    events = np.concatenate([*starts, *ends])
    first = min(float(events.min()), float(times[0]))
    largest = max(float(np.abs(events).max()), abs(float(times[0])), abs(float(times[-1])))
    tolerance = 8.0 * np.finfo(np.float64).eps * max(largest, 1e-300)
    points = times if first >= times[0] else np.concatenate([[first], times])
    inside = events[events <= times[-1]]
    after = np.searchsorted(points, inside - tolerance)
    wide = inside[points[after] - points[np.maximum(after - 1, 0)] > cell]
    cells = np.unique(np.floor(wide / cell))
    borders = np.unique(np.concatenate([cells, cells + 1.0])) * cell
    borders = borders[(borders > points[0]) & (borders < points[-1])]
    right = np.searchsorted(points, borders)
    gap = np.minimum(points[right] - borders, borders - points[right - 1])
    return np.sort(np.concatenate([points, borders[gap > tolerance]]), kind="stable"), tolerance


def build_kicks(extended: Extended, inputs: Sequence[Input], grid: FloatArray, tolerance: float) -> Kicks:
    """Return what the inputs of patients with event times of their own do at the points of a grid."""
    spans = _list_spans(extended, inputs, grid, tolerance)
    at, patient, vectors = _carry_parts(extended, spans, grid, tolerance)
    n = extended.n
    keys, where = np.unique(at * n + patient, return_inverse=True)
    order = np.argsort(where.ravel(), kind="stable")
    begins = np.searchsorted(where.ravel()[order], np.arange(keys.size))
    added = np.add.reduceat(vectors[:, order], begins, axis=1) if keys.size else np.zeros((extended.size, 0))
    set_at, set_patient, set_state, set_value = _list_rates(extended, spans, grid, tolerance)
    order = np.lexsort((set_state, set_patient, set_at))
    set_at = set_at[order]
    marks = np.union1d(keys // n, set_at)
    bounds = np.append(marks, grid.size)
    return Kicks(
        marks=marks,
        add_start=np.searchsorted(keys // n, bounds),
        add_patient=keys % n,
        added=added,
        set_start=np.searchsorted(set_at, bounds),
        set_patient=set_patient[order],
        set_state=set_state[order],
        set_value=set_value[order],
    )


def interrupt(operations: IntArray, marks: IntArray) -> IntArray:
    """Return the operations of a plan with the kicks between the arrival at a grid point and its record."""
    rows: list[tuple[int, int, int, int]] = []
    points = marks.tolist()
    for kind, number, at, count in operations.tolist():
        if kind == JUMP or at < 0:
            rows.append((kind, number, at, count))
            continue
        done = at
        low, high = np.searchsorted(marks, [at, at + count]).tolist()
        for group in range(low, high):
            mark = points[group]
            if mark > done:
                rows.append((kind, number, done, mark - done))
            if kind == STEP:
                rows.append((STEP, number, -1, 1))
            rows += [(KICK, group, -1, 1), (RECORD, 0, mark, 1)]
            done = mark + 1
        if done < at + count:
            rows.append((kind, number, done, at + count - done))
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


def _pick_cell(extended: Extended) -> float:
    fastest = max((float(np.max(np.negative(v))) for (i, j), v in extended.entries.items() if i == j), default=0.0)
    return next((cell for cell in CELLS_H if cell * fastest <= CELL_NORM), CELLS_H[-1])


def _list_spans(extended: Extended, inputs: Sequence[Input], grid: FloatArray, tolerance: float) -> _Spans:
    n, strengths = extended.n, read_strengths(inputs, extended.n)
    parts: list[list[np.ndarray]] = []
    for k, one in enumerate(inputs):
        state = extended.state_of[one.compartment]
        if state < 0:
            continue
        start = np.broadcast_to(np.asarray(one.start_h, dtype=np.float64), n)
        end = start + np.asarray(one.duration_h, dtype=np.float64)
        rate = np.where(end > start, extended.rate_of[one.compartment], -1)
        given = strengths[k] > 0.0
        columns = (np.full(n, k), np.full(n, state), rate, np.arange(n), start, end, strengths[k])
        parts.append([column[given] for column in columns])
    if not parts:
        parts = [[np.zeros(0, dtype=np.int64)] * 4 + [np.zeros(0)] * 3]
    flat = [np.concatenate(column) for column in zip(*parts, strict=True)]
    first, last = (np.searchsorted(grid, column - tolerance) for column in flat[4:6])
    return _Spans(flat[0], flat[1], flat[2], flat[3], flat[4], flat[5], flat[6], first, last)


def _carry_parts(
    extended: Extended, spans: _Spans, grid: FloatArray, tolerance: float
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return grid point, patient and states of everything that is given inside a grid interval."""
    first, last, known = spans.first, spans.last, np.append(grid, np.inf)
    is_infusion = spans.rate >= 0
    within = is_infusion & (first == last)
    head = is_infusion & (first < last) & (known[first] - spans.start > tolerance)
    tail = is_infusion & (first < last) & (known[last] - spans.end > tolerance)
    parts = [
        (~is_infusion, first, np.zeros(first.size), known[first] - spans.start),
        (within, first, spans.end - spans.start, known[first] - spans.end),
        (head, first, known[first] - spans.start, np.zeros(first.size)),
        (tail, last, spans.end - known[last - 1], known[last] - spans.end),
    ]
    rows = [np.flatnonzero(chosen & (at < grid.size)) for chosen, at, _, _ in parts]
    span = np.concatenate(rows)
    at, running, resting = (
        np.concatenate([part[i][row] for part, row in zip(parts, rows, strict=True)]) for i in (1, 2, 3)
    )
    resting = np.where(resting > tolerance, resting, 0.0)
    vectors = np.zeros((extended.size, span.size))
    source = np.where(is_infusion[span], spans.rate[span], spans.state[span])
    vectors[source, np.arange(span.size)] = spans.strength[span]
    carry(extended, vectors, spans.patient[span], running)
    vectors[[state for state in extended.rate_of if state >= 0]] = 0.0
    carry(extended, vectors, spans.patient[span], resting)
    return at.astype(np.int64), spans.patient[span], vectors


def carry(extended: Extended, vectors: FloatArray, patient: IntArray, steps_h: FloatArray) -> None:
    """Multiply each column of `vectors`, shape (size, many), by exp(A step) of its patient, in place.

    Parameters
    ----------
    extended : Extended
    vectors : ndarray, shape (size, many)
        Not negative.
    patient : ndarray of int, shape (many,)
    steps_h : ndarray, shape (many,), h

    Notes
    -----
    The shifted series of `propagator.exponentiate`, applied to a vector: no term is negative, so none cancel.
    """
    moving = np.flatnonzero(steps_h > 0.0)
    moving = moving[np.argsort(steps_h[moving], kind="stable")]  # pieces are as many as the longest of a chunk needs
    for begin in range(0, moving.size, CHUNK):
        chosen = moving[begin : begin + CHUNK]
        vectors[:, chosen] = _carry_chunk(extended, vectors[:, chosen], patient[chosen], steps_h[chosen])


def _carry_chunk(extended: Extended, vector: FloatArray, patient: IntArray, step: FloatArray) -> FloatArray:
    shift: FloatArray = np.zeros(step.size)
    entries = [
        (i, j, np.asarray(value)[patient] * step if np.ndim(value) else value * step)
        for (i, j), value in extended.entries.items()
    ]
    for i, j, value in entries:
        if i == j:
            shift = np.maximum(shift, -value)
    norm = _bound_norm(entries, shift, extended.size)
    pieces = max(int(np.ceil(norm / NORM)), 1)
    terms = count_terms(norm / pieces)
    lifted = [(i, j, value / pieces) for i, j, value in entries]
    lift, fade = shift / pieces, np.exp(-shift / pieces)
    product = np.empty(step.size)
    for _ in range(pieces):
        term = vector
        vector = vector.copy()
        for k in range(1, terms + 1):
            after = term * lift
            for i, j, value in lifted:
                after[i] += np.multiply(value, term[j], out=product)
            term = after
            term *= 1.0 / k
            vector += term
        vector *= fade
    return vector


def _bound_norm(entries: list[tuple[int, int, FloatArray]], shift: FloatArray, size: int) -> float:
    """Return a bound of the norm of every lifted matrix, with states in units that make it small.

    Any positive weights w bound it by the largest of (B' w) / w; these come from a few steps of their power series.
    """
    largest = np.diag(np.full(size, float(shift.max())))
    for i, j, value in entries:
        largest[i, j] = float((value + shift).max()) if i == j else float(np.abs(value).max())
    weights, grown = np.ones(size), largest.sum(axis=0)
    for _ in range(2 * size):
        weights = 1.0 + grown / max(1.5 * float(largest.max(where=np.eye(size, dtype=bool), initial=0.0)), 1e-300)
        weights /= weights.max()
        weights = np.maximum(weights, LIGHTEST)
        grown = weights @ largest
    return min(float((grown / weights).max()), float(largest.sum(axis=0).max()))


def _list_rates(
    extended: Extended, spans: _Spans, grid: FloatArray, tolerance: float
) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Return grid point, patient, state and new value of each change of a held rate.

    An infusion is held over the whole intervals in it. Each value is summed afresh, lest a difference leaves a rest.
    """
    many = int(spans.number.max(initial=-1)) + 1
    known = np.append(grid, np.inf)
    is_cut = (spans.last < grid.size) & (known[spans.last] - spans.end > tolerance)
    off = spans.last - is_cut
    rows = np.flatnonzero((spans.rate >= 0) & (spans.first < off))
    begins, ends = np.zeros((2, many, extended.n), dtype=np.int64)
    strengths = np.zeros((many, extended.n))
    rates = np.full(many, -1)
    where = spans.number[rows], spans.patient[rows]
    begins[where], ends[where], strengths[where] = spans.first[rows], off[rows], spans.strength[rows]
    rates[spans.number[rows]] = spans.rate[rows]
    parts = [(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))]
    for number in np.flatnonzero(rates >= 0).tolist():
        same = np.flatnonzero(rates == rates[number])
        for at in (begins[number], ends[number]):
            runs = (begins[same] <= at) & (at < ends[same])
            patient = np.flatnonzero((begins[number] < ends[number]) & (at < grid.size))
            value = np.where(runs, strengths[same], 0.0).sum(axis=0)
            parts.append((at[patient], patient, np.full(patient.size, rates[number]), value[patient]))
    found = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return found[0], found[1], found[2], found[3]
