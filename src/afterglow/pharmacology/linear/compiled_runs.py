"""Kernels for long runs of equal steps: outputs are read from the state at the beginning of each block of steps.

An output after i steps is (weights P^i) times the state before them: those rows are made once for a tile and a
propagator, and the state itself moves a block at a time. Only non-negative matrices are multiplied, as in single steps.
"""

import numpy as np
from numba import njit

from afterglow.pharmacology.linear.compiled_walk import build_tile, has_rates, jump, kick, multiply, run_steps, write
from afterglow.pharmacology.linear.plan import JUMP, KICK, RECORD

LOG_BLOCK = 3
BLOCK = 1 << LOG_BLOCK
"""Steps of a block; its powers are the propagators over 1, 2, 4, ... steps."""

# `readers` is a tuple of integer arrays about what each output feels: reader_start (outputs + 1), reads (states, held
# rates last), free (how many of an output's reads are none), felt_start (outputs + 1), felt (rows from, to, entry).


@njit(nogil=True, cache=True, error_model="numpy")
def count_slots(places):  # type: ignore[no-untyped-def]
    """Return for how many propagators rows are made."""
    slots = 0
    for place in places:
        slots = max(slots, place + 1)
    return slots


@njit(nogil=True, cache=True, error_model="numpy")
def make_powers(powers, slot, made, base, layout, width):  # type: ignore[no-untyped-def]
    """Fill the propagators over 1, 2, 4, ... steps of one slot."""
    entries = layout[1].size
    first = slot * (LOG_BLOCK + 1) * entries
    for k in range(entries):
        for j in range(width):
            powers[first + k, j] = made[base + k, j]
    for k in range(LOG_BLOCK):
        one = powers[first + k * entries : first + (k + 1) * entries]
        multiply(powers[first + (k + 1) * entries : first + (k + 2) * entries], one, one, layout[6], width)


@njit(nogil=True, cache=True, error_model="numpy")
def make_rows(rows, slot, made, base, outputs, readers, begin, width):  # type: ignore[no-untyped-def]
    """Fill the rows that read each output after 1, 2, ... steps from the state before them."""
    start, weighed, weight = outputs
    reader_start, reads, _free, felt_start, felt = readers
    total = reads.size
    for o in range(start.size - 1):
        a, b = reader_start[o], reader_start[o + 1]
        before = np.zeros((b - a, width))
        for k in range(start[o], start[o + 1]):
            for d in range(a, b):
                if reads[d] == weighed[k]:
                    for j in range(width):
                        before[d - a, j] += weight[k, begin + j]
        for i in range(BLOCK):
            first = (slot * BLOCK + i) * total + a
            after = rows[first : first + b - a]
            step_row(after, before, made, base, felt[felt_start[o] : felt_start[o + 1]], width)
            for d in range(b - a):
                for j in range(width):
                    before[d, j] = after[d, j]


@njit(nogil=True, cache=True, error_model="numpy")
def step_row(after, before, made, base, felt, width):  # type: ignore[no-untyped-def]
    """Set a row vector to `before` times the propagator whose entries begin at row `base`."""
    for d in range(after.shape[0]):
        for j in range(width):
            after[d, j] = 0.0
    for k in range(felt.shape[0]):
        i, c, e = felt[k, 0], felt[k, 1], base + felt[k, 2]
        for j in range(width):
            after[c, j] += before[i, j] * made[e, j]


@njit(nogil=True, cache=True, error_model="numpy")
def read_rows(target, at, many, rows, first, stride, state, old, reads, begin, width):  # type: ignore[no-untyped-def]
    """Write rows `first`, `first + stride`, ... times the states `old + reads` to times `at`, `at + 1`, ..."""
    n = reads.size
    s0 = old + reads[0]
    s1, s2 = old + reads[min(1, n - 1)], old + reads[min(2, n - 1)]
    s3, s4 = old + reads[min(3, n - 1)], old + reads[min(4, n - 1)]
    for i in range(many):
        r = first + i * stride
        out = target[at + i, begin : begin + width]
        if n == 1:
            for j in range(width):
                out[j] = rows[r, j] * state[s0, j]
        elif n == 2:
            for j in range(width):
                out[j] = rows[r, j] * state[s0, j] + rows[r + 1, j] * state[s1, j]
        elif n == 3:
            for j in range(width):
                out[j] = rows[r, j] * state[s0, j] + rows[r + 1, j] * state[s1, j] + rows[r + 2, j] * state[s2, j]
        elif n == 4:
            for j in range(width):
                out[j] = (rows[r, j] * state[s0, j] + rows[r + 1, j] * state[s1, j]) + (
                    rows[r + 2, j] * state[s2, j] + rows[r + 3, j] * state[s3, j]
                )
        else:
            for j in range(width):
                out[j] = (rows[r, j] * state[s0, j] + rows[r + 1, j] * state[s1, j]) + (
                    rows[r + 2, j] * state[s2, j] + rows[r + 3, j] * state[s3, j] + rows[r + 4, j] * state[s4, j]
                )
            for d in range(5, n):
                s = old + reads[d]
                for j in range(width):
                    out[j] += rows[r + d, j] * state[s, j]


@njit(nogil=True, cache=True, error_model="numpy")
def read_block(results, at, many, slot, rows, state, old, readers, with_rates, begin, width):  # type: ignore[no-untyped-def]
    """Write every output after 1 to `many` steps from the state that begins at row `old`."""
    reader_start, reads, free, _felt_start, _felt = readers
    for o in range(free.size):
        a, b = reader_start[o], reader_start[o + 1]
        if b == a:
            for i in range(many):
                results[o, at + i, begin : begin + width] = 0.0
            continue
        last = b if with_rates else a + free[o]
        first = slot * BLOCK * reads.size + a
        read_rows(results[o], at, many, rows, first, reads.size, state, old, reads[a:last], begin, width)


@njit(nogil=True, cache=True, error_model="numpy")
def leap(many, current, slot, powers, begin, width, with_rates, results, state, layout, outputs):  # type: ignore[no-untyped-def]
    """Move the state by up to a block of steps without writing, and return the new buffer's number."""
    entries = layout[1].size
    for k in range(LOG_BLOCK + 1):
        if many >> k & 1:
            base = (slot * (LOG_BLOCK + 1) + k) * entries
            current = run_steps(1, -1, current, base, begin, width, with_rates, results, powers, state, layout, outputs)
    return current


@njit(nogil=True, cache=True, error_model="numpy")
def run_blocks(count, at, current, slot, ahead, begin, width, with_rates, results, state, layout, outputs, readers):  # type: ignore[no-untyped-def]
    """Take `count` equal steps in blocks, writing outputs from time `at` on; return the new buffer's number."""
    rows, powers = ahead
    size, done = layout[4].size, 0
    while done < count:
        many = min(BLOCK, count - done)
        read_block(results, at + done, many, slot, rows, state, current * size, readers, with_rates, begin, width)
        current = leap(many, current, slot, powers, begin, width, with_rates, results, state, layout, outputs)
        done += many
    return current


@njit(nogil=True, cache=True, error_model="numpy")
def walk_tiles(first, last, tile, results, generator, plan, layout, events, strengths, outputs, kicked, readers):  # type: ignore[no-untyped-def]
    """Walk tiles `first` to `last` (exclusive) through the plan and write their outputs."""
    operations, fresh_h, left, right, places = plan
    size, entries, n, slots = layout[3].size, layout[1].size, generator.shape[1], count_slots(places)
    tiles = (n + tile - 1) // tile
    made = np.empty((left.size * entries, tile))
    rows = np.empty((slots * BLOCK * readers[1].size, tile))
    powers = np.empty((slots * (LOG_BLOCK + 1) * entries, tile))
    state, ahead = np.empty((2 * size, tile)), (rows, powers)
    for t in range(first, last):
        begin = t * tile
        width = min(tile, n - begin)
        build_tile(made, generator, begin, fresh_h, left, right, layout, width)
        for p in range(places.size):
            if places[p] >= 0:
                make_powers(powers, places[p], made, p * entries, layout, width)
                make_rows(rows, places[p], made, p * entries, outputs, readers, begin, width)
        state[:] = 0.0
        current = 0
        with_rates = False
        for k in range(operations.shape[0]):
            kind, number, at, count = operations[k, 0], operations[k, 1], operations[k, 2], operations[k, 3]
            if kind == JUMP:
                jump(state, current, size, number, begin, width, events, strengths)
                with_rates = has_rates(state, layout[4], width)
            elif kind == KICK:
                kick(state, current, size, number * tiles + t, begin, kicked)
                with_rates = has_rates(state, layout[4], width)
            elif kind == RECORD:
                for i in range(count):
                    write(results, at + i, begin, state, current * size, outputs, width)
            elif places[number] >= 0 and at >= 0 and count >= BLOCK:
                current = run_blocks(
                    count,
                    at,
                    current,
                    places[number],
                    ahead,
                    begin,
                    width,
                    with_rates,
                    results,
                    state,
                    layout,
                    outputs,
                    readers,
                )
            else:
                base = number * entries
                current = run_steps(
                    count, at, current, base, begin, width, with_rates, results, made, state, layout, outputs
                )
