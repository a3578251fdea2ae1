"""Kernels of the compiled engine: a tile of patients walks the plan, patients innermost and contiguous in memory.

No fast-math and a fixed tile, so the bits depend on neither the number of threads nor the other tiles.
"""

import numpy as np
from numba import njit

from afterglow.pharmacology.linear.propagator import TERMS

# Arrays of a tile are indexed [entry or state, patient]. `layout` is a tuple of integer arrays:
# row_start (size+1), column, free_count (columns that are no held rates, which come last), diagonal (size),
# moving (1 where a state changes by itself), leaks (1 where its diagonal is an entry), triples (product, left, right).


@njit(nogil=True, cache=True, error_model="numpy")
def run_steps(count, at, current, base, begin, width, with_rates, results, made, state, layout, outputs):  # type: ignore[no-untyped-def]
    """Take `count` steps with the propagator whose entries begin at row `base`, and return the new buffer's number.

    Outputs are written from time `at` on (none where it is -1). All loops stand in one body, because a call for each
    row would cost as much as its work; at most three columns in one loop, because with more the compiler gives up
    proving that rows do not overlap and uses no vector instructions.
    """
    row_start, column, free_count, _diagonal, moving, _leaks, _triples = layout
    start, weighed, weight = outputs
    size = moving.size
    for step in range(count):
        old = current * size
        current = 1 - current
        new = current * size
        for i in range(size):
            if not moving[i]:
                continue
            a = row_start[i]
            many = row_start[i + 1] - a if with_rates else free_count[i]
            out = new + i
            p0, c0 = base + a, old + column[a]
            if many == 1:
                for j in range(width):
                    state[out, j] = made[p0, j] * state[c0, j]
                continue
            c1 = old + column[a + 1]
            if many == 2:
                for j in range(width):
                    state[out, j] = made[p0, j] * state[c0, j] + made[p0 + 1, j] * state[c1, j]
                continue
            c2 = old + column[a + 2]
            for j in range(width):
                state[out, j] = (
                    made[p0, j] * state[c0, j] + made[p0 + 1, j] * state[c1, j] + made[p0 + 2, j] * state[c2, j]
                )
            k = 3
            while k < many:
                q, c0 = p0 + k, old + column[a + k]
                if k + 1 < many:
                    c1 = old + column[a + k + 1]
                    for j in range(width):
                        state[out, j] += made[q, j] * state[c0, j] + made[q + 1, j] * state[c1, j]
                else:
                    for j in range(width):
                        state[out, j] += made[q, j] * state[c0, j]
                k += 2
        if at >= 0:
            for o in range(start.size - 1):
                if start[o] == start[o + 1]:
                    results[o, at + step, begin : begin + width] = 0.0
                    continue
                # slices begin at zero: no index can be negative, which the loops would have to look out for
                s, written = new + weighed[start[o]], results[o, at + step, begin : begin + width]
                factor = weight[start[o], begin : begin + width]
                for j in range(width):
                    written[j] = factor[j] * state[s, j]
                for k in range(start[o] + 1, start[o + 1]):
                    s, factor = new + weighed[k], weight[k, begin : begin + width]
                    for j in range(width):
                        written[j] += factor[j] * state[s, j]
    return current


@njit(nogil=True, cache=True, error_model="numpy")
def multiply(out, left, right, triples, width):  # type: ignore[no-untyped-def]
    """Set out = left right for matrices stored by their entries; `out` is neither of them."""
    k = 0
    while k < triples.shape[0]:
        c, a, b = triples[k, 0], triples[k, 1], triples[k, 2]
        if k + 1 < triples.shape[0] and triples[k + 1, 0] == c:
            a1, b1 = triples[k + 1, 1], triples[k + 1, 2]
            for j in range(width):
                out[c, j] = left[a, j] * right[b, j] + left[a1, j] * right[b1, j]
            k += 2
        else:
            for j in range(width):
                out[c, j] = left[a, j] * right[b, j]
            k += 1
        while k < triples.shape[0] and triples[k, 0] == c:
            a, b = triples[k, 1], triples[k, 2]
            for j in range(width):
                out[c, j] += left[a, j] * right[b, j]
            k += 1


@njit(nogil=True, cache=True, error_model="numpy")
def exponentiate_tile(out, generator, step_h, layout, width):  # type: ignore[no-untyped-def]
    """Set `out` to exp(generator * step): the shifted series of `propagator.exponentiate`, for a tile."""
    _row_start, column, _free_count, diagonal, _moving, leaks, triples = layout
    size, entries = diagonal.size, column.size
    lifted = np.empty((entries, width))
    other = np.empty((entries, width))
    shift = np.zeros(width)
    for i in range(size):
        for j in range(width):
            shift[j] = max(shift[j], -generator[diagonal[i], j])
    norm = 0.0
    sums = np.zeros((size, width))
    for k in range(entries):
        for j in range(width):
            lifted[k, j] = generator[k, j] * step_h
    for i in range(size):
        for j in range(width):
            lifted[diagonal[i], j] += shift[j] * step_h
    for k in range(entries):
        for j in range(width):
            sums[column[k], j] += abs(lifted[k, j])
    for i in range(size):
        for j in range(width):
            norm = max(norm, sums[i, j])
    squarings = 0
    while norm > 0.5:
        norm *= 0.5
        squarings += 1
    scale = 0.5**squarings
    for k in range(entries):
        for j in range(width):
            lifted[k, j] *= scale
            out[k, j] = lifted[k, j] / TERMS
    for i in range(size):
        for j in range(width):
            out[diagonal[i], j] += 1.0
    for term in range(TERMS - 1, 0, -1):
        multiply(other, lifted, out, triples, width)
        factor = 1.0 / term
        for k in range(entries):
            for j in range(width):
                out[k, j] = other[k, j] * factor
        for i in range(size):
            for j in range(width):
                out[diagonal[i], j] += 1.0
    for j in range(width):
        shift[j] = np.exp(-shift[j] * step_h * scale)
    for k in range(entries):
        for j in range(width):
            out[k, j] *= shift[j]
    for i in range(size):
        if not leaks[i]:
            for j in range(width):
                out[diagonal[i], j] = 1.0
    for _ in range(squarings):
        multiply(other, out, out, triples, width)
        for k in range(entries):
            for j in range(width):
                out[k, j] = other[k, j]


@njit(nogil=True, cache=True, error_model="numpy")
def build_tile(made, generator, begin, fresh_h, left, right, layout, width):  # type: ignore[no-untyped-def]
    """Fill the propagators of a plan: entry k of number q in row q * entries + k."""
    entries = layout[1].size
    mine = np.ascontiguousarray(generator[:, begin : begin + width])
    for k in range(left.size):
        out = made[k * entries : (k + 1) * entries]
        if left[k] < 0:
            exponentiate_tile(out, mine, fresh_h[k], layout, width)
        else:
            one = made[left[k] * entries : (left[k] + 1) * entries]
            other = made[right[k] * entries : (right[k] + 1) * entries]
            multiply(out, one, other, layout[6], width)


@njit(nogil=True, cache=True, error_model="numpy")
def jump(state, current, size, edge, begin, width, events, strengths):  # type: ignore[no-untyped-def]
    """Add the boluses of an edge, and set its held rates in both buffers."""
    bolus_start, bolus_state, bolus_input, rate_start, rate_state, run_start, run_input = events
    for k in range(bolus_start[edge], bolus_start[edge + 1]):
        row = current * size + bolus_state[k]
        for j in range(width):
            state[row, j] += strengths[bolus_input[k], begin + j]
    for k in range(rate_start[edge], rate_start[edge + 1]):
        one, other = rate_state[k], size + rate_state[k]
        for j in range(width):
            state[one, j] = 0.0
        for r in range(run_start[k], run_start[k + 1]):
            for j in range(width):
                state[one, j] += strengths[run_input[r], begin + j]
        for j in range(width):
            state[other, j] = state[one, j]


@njit(nogil=True, cache=True, error_model="numpy")
def kick(state, current, size, place, begin, kicked):  # type: ignore[no-untyped-def]
    """Add what a group gives to each patient of a tile, and set their held rates in both buffers."""
    add_start, add_patient, added, set_start, set_patient, set_state, set_value = kicked
    for k in range(add_start[place], add_start[place + 1]):
        j = add_patient[k] - begin
        for i in range(size):
            state[current * size + i, j] += added[k, i]
    for k in range(set_start[place], set_start[place + 1]):
        j = set_patient[k] - begin
        state[set_state[k], j] = set_value[k]
        state[size + set_state[k], j] = set_value[k]


@njit(nogil=True, cache=True, error_model="numpy")
def write(results, at, begin, state, base, outputs, width):  # type: ignore[no-untyped-def]
    """Write every output of a tile at one time."""
    start, weighed, weight = outputs
    for o in range(start.size - 1):
        for j in range(width):
            total = 0.0
            for k in range(start[o], start[o + 1]):
                total += weight[k, begin + j] * state[base + weighed[k], j]
            results[o, at, begin + j] = total


@njit(nogil=True, cache=True, error_model="numpy")
def has_rates(state, moving, width):  # type: ignore[no-untyped-def]
    """Tell whether any held input runs in this tile."""
    for i in range(moving.size):
        if not moving[i]:
            for j in range(width):
                if state[i, j] != 0.0:
                    return True
    return False
