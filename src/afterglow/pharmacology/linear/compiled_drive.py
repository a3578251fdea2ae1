"""Kernels for driven states: Gauss panels on a tile of patients, the order chosen step by step for the whole tile."""

import numpy as np
from numba import njit

from afterglow.pharmacology.linear.compiled_runs import step_row
from afterglow.pharmacology.linear.compiled_walk import exponentiate_tile
from afterglow.pharmacology.linear.driven import EMAX, LINEAR
from afterglow.pharmacology.linear.quadrature import TINY

# Rows are carried by a series of at most this many terms over pieces whose norm is at most four: 4^29 / 29! is 3e-14;
# a series ends where its last term is below the rounding of its first.
ROW_TERMS = 28
ROW_REST = 1e-16
ROW_NORM = 4.0
# a propagator this many times shorter than what is left is no help: a series is quicker
LEAPS = 16.0
# the rule that a tile starts with, by its place in NODES
FIRST_LEVEL = 2
# a rule this far below what is allowed is more than the next step needs; a new rule costs as much as many steps
SPARE = 1e-6


@njit(nogil=True, cache=True, error_model="numpy")
def carry_row(row, term, spare, lifted, shift, norm, step_h, felt, width):  # type: ignore[no-untyped-def]
    """Multiply a row vector from the right by exp(generator * step); `lifted` is the generator plus its shift.

    `felt` has a row (from, to, entry) for each entry among the states that the row vector can have.
    """
    size = row.shape[0]
    pieces = max(int(np.ceil(norm * step_h / ROW_NORM)), 1)
    piece = step_h / pieces
    terms, rest = 1, norm * piece
    while rest > ROW_REST and terms < ROW_TERMS:
        terms += 1
        rest *= norm * piece / terms
    for _ in range(pieces):
        for i in range(size):
            for j in range(width):
                term[i, j] = row[i, j]
        for m in range(1, terms + 1):
            factor = piece / m
            for i in range(size):
                for j in range(width):
                    spare[i, j] = 0.0
            for k in range(felt.shape[0]):
                i, c, e = felt[k, 0], felt[k, 1], felt[k, 2]
                for j in range(width):
                    spare[c, j] += term[i, j] * lifted[e, j]
            for i in range(size):
                for j in range(width):
                    term[i, j] = spare[i, j] * factor
                    row[i, j] += term[i, j]
        for j in range(width):
            spare[0, j] = np.exp(-shift[j] * piece)
        for i in range(size):
            for j in range(width):
                row[i, j] *= spare[0, j]


@njit(nogil=True, cache=True, error_model="numpy")
def leap_row(row, spare, step_h, ladder, width):  # type: ignore[no-untyped-def]
    """Carry a row vector by the propagators of the plan as far as they go, and return the hours that are left."""
    made, hours, entries, felt = ladder
    while True:
        best = -1
        for p in range(hours.size):
            if hours[p] <= step_h and LEAPS * hours[p] >= step_h and (best < 0 or hours[p] > hours[best]):
                best = p
        if best < 0:
            return step_h
        step_row(spare, row, made, best * entries, felt, width)
        for i in range(row.shape[0]):
            for j in range(width):
                row[i, j] = spare[i, j]
        step_h -= hours[best]


@njit(nogil=True, cache=True, error_model="numpy")
def prepare_rule(slot, nodes, weights, step_h, tile_data, scratch, felt, chain_layout, width):  # type: ignore[no-untyped-def]
    """Fill the rows that read the driver at the nodes of one rule, and the kernels that weigh them."""
    rho, kernel, reads = tile_data
    lifted, shift, norm, first_row, row, term, spare, chain_generator, feed, gain, chain_made, ladder = scratch
    k = feed.shape[0]
    for d in range(reads.size):
        for j in range(width):
            row[d, j] = first_row[reads[d], j]
    at = 0.0
    for q in range(nodes.size):
        rest = leap_row(row, spare, (nodes[q] - at) * step_h, ladder, width)
        carry_row(row, term, spare, lifted, shift, norm, rest, felt, width)
        at = nodes[q]
        for d in range(reads.size):
            for j in range(width):
                rho[(slot + q) * reads.size + d, j] = row[d, j]
        if k == 1:
            rate, factor = chain_layout[3][0], weights[q] * step_h
            for j in range(width):
                decay = np.exp(chain_generator[rate, j] * (1.0 - at) * step_h)
                kernel[slot + q, j] = decay * feed[0, j] * gain[j] * factor
            continue
        exponentiate_tile(chain_made, chain_generator, (1.0 - at) * step_h, chain_layout, width)
        row_start, column = chain_layout[0], chain_layout[1]
        factor = weights[q] * step_h
        for i in range(k):
            out = (slot + q) * k + i
            for j in range(width):
                kernel[out, j] = 0.0
            for e in range(row_start[i], row_start[i + 1]):
                if column[e] < k:
                    for j in range(width):
                        kernel[out, j] += chain_made[e, j] * feed[column[e], j]
            for j in range(width):
                kernel[out, j] *= factor * gain[j]


@njit(nogil=True, cache=True, error_model="numpy")
def see_node(y, r, many, kind, state, base, tile_data, shape, width):  # type: ignore[no-untyped-def]
    """Set y to u(y) at one node, which the rows from `r` on read from the state that begins at row `base`."""
    rho, _kernel, reads = tile_data
    half, hill = shape
    s0 = base + reads[0]
    d = 1
    if many > 2:
        s1, s2 = base + reads[1], base + reads[2]
        for j in range(width):
            y[0, j] = rho[r, j] * state[s0, j] + rho[r + 1, j] * state[s1, j] + rho[r + 2, j] * state[s2, j]
        d = 3
    else:
        for j in range(width):
            y[0, j] = rho[r, j] * state[s0, j]
    while d < many:
        s0 = base + reads[d]
        for j in range(width):
            y[0, j] += rho[r + d, j] * state[s0, j]
        d += 1
    if kind == EMAX:
        for j in range(width):
            y[0, j] = y[0, j] / (half[0, j] + y[0, j])
    elif kind != LINEAR:
        for j in range(width):
            y[0, j] = 1.0 / (1.0 + (half[0, j] / max(y[0, j], TINY)) ** hill[0, j])


@njit(nogil=True, cache=True, error_model="numpy")
def integrate_step(slot, functional, many, kind, state, base, tile_data, shape, sums, width):  # type: ignore[no-untyped-def]
    """Set the integrals over one step and the functional that tells how well the rule resolves it."""
    _rho, kernel, reads = tile_data
    y, gained, last = sums
    k = gained.shape[0]
    for i in range(k):
        for j in range(width):
            gained[i, j] = 0.0
            last[i, j] = 0.0
    for q in range(functional.size):
        see_node(y, (slot + q) * reads.size, many, kind, state, base, tile_data, shape, width)
        weight = functional[q]
        for i in range(k):
            out = (slot + q) * k + i
            for j in range(width):
                part = kernel[out, j] * y[0, j]
                gained[i, j] += part
                last[i, j] += weight * part


@njit(nogil=True, cache=True, error_model="numpy")
def judge_step(level, gained, last, x, errors, allowed, width):  # type: ignore[no-untyped-def]
    """Return in how many patients a step errs by more than is allowed, and by more than a rule to spare would.

    With a the last coefficient and b the integral, both relative to the state (kept in `errors`), the estimate is
    b (a / b)^p, where an n-point rule has p = 2n / (n - 1), here rounded down: it is compared without dividing.
    Counting whole numbers is quick; the largest of floats is not.
    """
    over, over_spare = 0, 0
    spare = allowed * SPARE
    for i in range(gained.shape[0]):
        for j in range(width):
            scale = 1.0 / (abs(x[i, j]) + TINY)
            errors[0, j] = abs(last[i, j]) * scale
            errors[1, j] = abs(gained[i, j]) * scale
        if level == 0:
            for j in range(width):
                a, b = errors[0, j] ** 2, errors[1, j]
                over += int(not a * a <= allowed * b * b * b)
                over_spare += int(not a * a <= spare * b * b * b)
        elif level == 1:
            for j in range(width):
                a, b = errors[0, j], errors[1, j]
                over += int(not a * a * a <= allowed * b * b)
                over_spare += int(not a * a * a <= spare * b * b)
        elif level == 2:
            for j in range(width):
                a, b = errors[0, j], errors[1, j]
                over += int(not a * a * a * a * a <= allowed * allowed * b * b * b)
                over_spare += int(not a * a * a * a * a <= spare * spare * b * b * b)
        else:
            for j in range(width):
                a, b = errors[0, j], errors[1, j]
                over += int(not a * a <= allowed * b)
                over_spare += int(not a * a <= spare * b)
    return over, over_spare


@njit(nogil=True, cache=True, error_model="numpy")
def find_worst(errors, width):  # type: ignore[no-untyped-def]
    """Return the largest estimate of a tile that no rule satisfied; infinite where it is not a number."""
    worst = 0.0
    for j in range(width):
        error = errors[0, j] * errors[0, j] / errors[1, j]
        worst = max(worst, error if error == error else np.inf)
    return worst


@njit(nogil=True, cache=True, error_model="numpy")
def move_chain(x, before, made, base, gained, layout, width):  # type: ignore[no-untyped-def]
    """Set x to the chain's propagator times `before`, plus its constant part (the last column), plus the integrals."""
    row_start, column = layout[0], layout[1]
    k = gained.shape[0]
    for i in range(k):
        for j in range(width):
            x[i, j] = gained[i, j]
        for e in range(row_start[i], row_start[i + 1]):
            c = column[e]
            if c < k:
                for j in range(width):
                    x[i, j] += made[base + e, j] * before[c, j]
            else:
                for j in range(width):
                    x[i, j] += made[base + e, j]


@njit(nogil=True, cache=True, error_model="numpy")
def write_chain(results, first, at, begin, x, width):  # type: ignore[no-untyped-def]
    """Write the driven states of a tile at one time, after the outputs."""
    for i in range(x.shape[0]):
        out = results[first + i, at, begin : begin + width]
        for j in range(width):
            out[j] = x[i, j]


@njit(nogil=True, cache=True, error_model="numpy")
def lift(generator, begin, layout, width):  # type: ignore[no-untyped-def]
    """Return the generator of a tile plus its shift, the shift, and the largest norm."""
    column, diagonal = layout[1], layout[3]
    lifted = np.ascontiguousarray(generator[:, begin : begin + width])
    shift, sums = np.zeros(width), np.zeros((diagonal.size, width))
    for i in range(diagonal.size):
        for j in range(width):
            shift[j] = max(shift[j], -lifted[diagonal[i], j])
    for i in range(diagonal.size):
        for j in range(width):
            lifted[diagonal[i], j] += shift[j]
    norm = 0.0
    for k in range(column.size):
        for j in range(width):
            sums[column[k], j] += abs(lifted[k, j])
            norm = max(norm, sums[column[k], j])
    return lifted, shift, norm


@njit(nogil=True, cache=True, error_model="numpy")
def settle_step(p, step_h, many, base, chain_state, fixed, width):  # type: ignore[no-untyped-def]
    """Move the driven states over one step, by the first rule that is enough; return its error over the one allowed.

    Zero stands for enough. The level is remembered for the next step with this propagator.
    """
    kind, state, tile_data, work, felt, chain_layout, rules, tolerance = fixed
    x, before, chain_made, ready, levels = chain_state
    counts, offsets, nodes, weights, functionals = rules
    scratch, shape, sums, errors = work
    chain_base = p * chain_layout[1].size
    while True:
        level = levels[p]
        a = offsets[level]
        b = a + counts[level]
        slot = p * nodes.size + a
        if not ready[p, level]:
            prepare_rule(slot, nodes[a:b], weights[a:b], step_h, tile_data, scratch, felt, chain_layout, width)
            ready[p, level] = 1
        integrate_step(slot, functionals[a:b], many, kind, state, base, tile_data, shape, sums, width)
        move_chain(x, before, chain_made, chain_base, sums[1], chain_layout, width)
        over, over_spare = judge_step(level, sums[1], sums[2], x, errors, tolerance, width)
        if over == 0:
            levels[p] -= int(over_spare == 0 and level > 0)
            return 0.0
        if level == counts.size - 1:
            return max(find_worst(errors, width) / tolerance, 2.0)
        levels[p] += 1
