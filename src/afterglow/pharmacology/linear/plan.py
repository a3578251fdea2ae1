"""How a time grid is walked: jumps at event edges, uniform runs between them, and the few propagators both need.

Everything is planned with numpy on whole arrays, because for one patient planning costs more than solving.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd

import numpy as np
import numpy.typing as npt

from afterglow.pharmacology.linear.system import FloatArray

JUMP, STEP, RECORD, KICK = 0, 1, 2, 3
IntArray = npt.NDArray[np.int64]
Move = tuple[int, float, int, int]
"""Kind, step in hours, index of the first time recorded (-1: none) and number of steps."""

_UNITS_H = (1.0, 1.0 / 60.0, 1.0 / 3600.0, 1.0 / 3.6e6)
# compounding N steps costs about N roundings: past this many a propagator is made afresh instead
_MOST_TICKS = 1 << 17
_SHARED_FROM = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """Operations in order, and how each propagator is made.

    `operations` has rows (kind, number, first index, count): JUMP edge; STEP propagator, index or -1, count;
    RECORD 0, index, count; KICK group, -1, 1 (see `apart`). Propagator k is the exponential over `fresh_h[k]` where
    `left[k]` is -1, else the product of two earlier ones.
    """

    operations: IntArray
    fresh_h: FloatArray
    left: IntArray
    right: IntArray


def snap_edges(edges: FloatArray, times: FloatArray) -> tuple[FloatArray, IntArray, float]:
    """Return merged edges, the index of each given edge among them, and the tolerance in hours.

    Two instants closer than eight roundings of the largest are one: 48 h + 40 min and 2920 min.
    """
    largest = max(float(np.abs(edges).max(initial=0.0)), abs(float(times[0])), abs(float(times[-1])))
    tolerance = 8.0 * np.finfo(np.float64).eps * max(largest, 1e-300)
    order = np.argsort(edges, kind="stable")
    ordered = edges[order]
    new = np.ones(ordered.size, dtype=bool)
    new[1:] = ordered[1:] - ordered[:-1] > tolerance
    merged = ordered[new]
    where = np.empty(edges.size, dtype=np.int64)
    where[order] = np.cumsum(new) - 1
    return merged, where, tolerance


def build_plan(edges: FloatArray, times: FloatArray, tolerance: float) -> Plan:
    """Return the walk over `times` with a jump at each edge; times before the first edge are left alone."""
    moves = _list_moves(edges, times, tolerance)
    return _resolve(moves, tolerance)


def find_first(plan: Plan, n_times: int) -> int:
    """Return the index of the first time that the plan records."""
    kind, index = plan.operations[:, 0], plan.operations[:, 2]
    recorded = index[(kind != JUMP) & (index >= 0)]
    return int(recorded.min(initial=n_times))


def measure(plan: Plan) -> FloatArray:
    """Return the hours that each propagator of a plan covers."""
    hours = plan.fresh_h.copy()
    for k in np.flatnonzero(plan.left >= 0).tolist():
        hours[k] = hours[plan.left[k]] + hours[plan.right[k]]
    return hours


def _list_moves(edges: FloatArray, times: FloatArray, tolerance: float) -> list[Move]:
    moves: list[Move] = []
    edges = edges[edges <= times[-1] + tolerance]
    first = np.searchsorted(times, edges - tolerance)
    steps = times[1:] - times[:-1]
    if steps.size > 1 and steps.max() - steps.min() > tolerance:
        breaks = (np.abs(steps[1:] - steps[:-1]) > tolerance).nonzero()[0]
    else:
        breaks = np.empty(0, dtype=np.int64)
    for k in range(edges.size):
        begin, end = int(first[k]), int(first[k + 1]) if k + 1 < edges.size else times.size
        moves.append((JUMP, 0.0, k, 1))
        at = float(edges[k])
        if begin < end:
            lead = float(times[begin]) - at
            moves.append((STEP, lead, begin, 1) if lead > tolerance else (RECORD, 0.0, begin, 1))
            inside = breaks[np.searchsorted(breaks, begin) : np.searchsorted(breaks, end - 2)] + 1
            _add_runs(moves, times, [begin, *inside.tolist(), end - 1], tolerance)
            at = float(times[end - 1])
        if k + 1 < edges.size and float(edges[k + 1]) - at > tolerance:
            moves.append((STEP, float(edges[k + 1]) - at, -1, 1))
    return moves


def _add_runs(moves: list[Move], times: FloatArray, bounds: Sequence[int], tolerance: float) -> None:
    for a, b in pairwise(bounds):
        count = b - a
        if count < 1:
            continue
        step = float(times[b] - times[a]) / count
        if step <= tolerance:
            moves.append((RECORD, 0.0, a + 1, count))
        elif count < 3 or _is_even(times[a : b + 1], step, 4.0 * tolerance):
            moves.append((STEP, step, a + 1, count))
        else:
            for i in range(a, b):
                lead = float(times[i + 1] - times[i])
                moves.append((STEP, lead, i + 1, 1) if lead > tolerance else (RECORD, 0.0, i + 1, 1))


def _is_even(times: FloatArray, step: float, tolerance: float) -> bool:
    apart = np.arange(times.size, dtype=np.float64)
    apart *= step
    apart -= times
    first = float(times[0])
    return max(float(apart.max()) + first, -float(apart.min()) - first) <= tolerance


def _resolve(moves: list[Move], tolerance: float) -> Plan:
    stepped = [(dt, count) for kind, dt, _, count in moves if kind == STEP]
    sizes, numbers = _group(np.array([dt for dt, _ in stepped], dtype=np.float64), tolerance)
    uses = np.zeros(sizes.size)
    uses += np.bincount(numbers, [float(count) for _, count in stepped], sizes.size)
    ticks, quantum = find_quantum(sizes, tolerance)
    if quantum <= 0.0:
        plain = [(number,) for number in range(sizes.size)]
        nothing = np.full(sizes.size, -1, dtype=np.int64)
        return Plan(_write(moves, numbers, plain), sizes, nothing, nothing.copy())
    words, left, right = _build_ladder(ticks, uses)
    fresh = np.zeros(len(left))
    fresh[0] = quantum
    return Plan(_write(moves, numbers, words), fresh, np.array(left, dtype=np.int64), np.array(right, dtype=np.int64))


def _group(sizes: FloatArray, tolerance: float) -> tuple[FloatArray, IntArray]:
    """Return the distinct steps and the number of each step among them."""
    order = np.argsort(sizes, kind="stable")
    ordered = sizes[order]
    new = np.ones(ordered.size, dtype=bool)
    new[1:] = ordered[1:] - ordered[:-1] > tolerance
    where = np.empty(sizes.size, dtype=np.int64)
    where[order] = new.cumsum() - 1
    return ordered[new], where


def find_quantum(sizes: FloatArray, tolerance: float) -> tuple[list[int], float]:
    """Return each step as a whole number of one quantum, and the quantum in hours (0.0 where there is none)."""
    listed = sizes.tolist()
    for unit in _UNITS_H if listed else ():
        counts = [round(size / unit) for size in listed]
        if min(counts) < 1 or max(counts) >= 2**40:
            continue
        if all(abs(size - count * unit) <= tolerance for size, count in zip(listed, counts, strict=True)):
            divisor = gcd(*counts)
            ticks = [count // divisor for count in counts]
            if max(ticks) > _MOST_TICKS:
                return [], 0.0
            return ticks, divisor * unit
    return [], 0.0


def _build_ladder(ticks: list[int], uses: FloatArray) -> tuple[list[tuple[int, ...]], list[int], list[int]]:
    """Return each step as propagators to apply in turn, and how each propagator is multiplied together."""
    left, right = [-1], [-1]
    for k in range(1, max(ticks).bit_length()):
        left.append(k - 1)
        right.append(k - 1)
    words: list[tuple[int, ...]] = []
    for tick, used in zip(ticks, uses, strict=True):
        bits = tuple(k for k in range(tick.bit_length()) if tick >> k & 1)
        if len(bits) > 1 and used >= _SHARED_FROM:
            number = bits[0]
            for bit in bits[1:]:
                left.append(number)
                right.append(bit)
                number = len(left) - 1
            bits = (number,)
        words.append(bits)
    return words, left, right


def _write(moves: list[Move], numbers: IntArray, words: Sequence[tuple[int, ...]]) -> IntArray:
    rows: list[tuple[int, int, int, int]] = []
    stepped = 0
    for kind, _, index, count in moves:
        if kind != STEP:
            rows.append((kind, index if kind == JUMP else 0, index, count))
            continue
        word = words[numbers[stepped]]
        stepped += 1
        if len(word) == 1:
            rows.append((STEP, word[0], index, count))
            continue
        for i in range(count):
            rows += [(STEP, part, -1, 1) for part in word[:-1]]
            rows.append((STEP, word[-1], index + i if index >= 0 else -1, 1))
    return np.array(rows, dtype=np.int64).reshape(-1, 4)
