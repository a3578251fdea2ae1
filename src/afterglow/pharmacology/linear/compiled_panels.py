"""Kernels that walk driven states: by whole blocks of equal steps where the driver is smooth, else step by step."""

import numpy as np
from numba import njit

from afterglow.pharmacology.linear.compiled_drive import (
    FIRST_LEVEL,
    lift,
    move_chain,
    prepare_rule,
    see_node,
    settle_step,
    write_chain,
)
from afterglow.pharmacology.linear.compiled_runs import (
    BLOCK,
    LOG_BLOCK,
    count_slots,
    leap,
    make_powers,
    make_rows,
    read_block,
)
from afterglow.pharmacology.linear.compiled_walk import build_tile, exponentiate_tile, has_rates, jump, run_steps, write
from afterglow.pharmacology.linear.plan import JUMP, RECORD

FEWEST = 3
"""Steps of a block's beginning that are worth the nodes of a whole block."""
CALM = 2.0
"""Blocks are taken where the chain's rates times their length stay below: within, e^(Lt) may be undone."""
SPARE = 1e-3


@njit(nogil=True, cache=True, error_model="numpy")
def is_calm(chain_generator, chain_layout, length_h, k, width):  # type: ignore[no-untyped-def]
    """Tell whether the driven states of a tile move slowly enough for blocks of this length."""
    row_start, column = chain_layout[0], chain_layout[1]
    largest = 0.0
    for e in range(row_start[k]):
        if column[e] < k:
            for j in range(width):
                largest = max(largest, abs(chain_generator[e, j]))
    return largest * k * length_h <= CALM


@njit(nogil=True, cache=True, error_model="numpy")
def make_returns(returns, place, chain_generator, chain_layout, step_h, width):  # type: ignore[no-untyped-def]
    """Fill e^(-L t) from the end of a block back to the end of each of its steps."""
    entries = chain_layout[1].size
    turned = -chain_generator
    for i in range(BLOCK):
        first = (place * BLOCK + i) * entries
        exponentiate_tile(returns[first : first + entries], turned, (BLOCK - 1 - i) * step_h, chain_layout, width)


@njit(nogil=True, cache=True, error_model="numpy")
def mix(out, parts, first, stride, factors, width):  # type: ignore[no-untyped-def]
    """Set a row to the sum of every `stride`-th row of parts, each times its factor; there are four or more."""
    f, g, h, e = factors[0], factors[1], factors[2], factors[3]
    a, b, c, d = first, first + stride, first + 2 * stride, first + 3 * stride
    for j in range(width):
        out[j] = (f * parts[a, j] + g * parts[b, j]) + (h * parts[c, j] + e * parts[d, j])
    for q in range(4, factors.size - 3, 4):
        f, g, h, e = factors[q], factors[q + 1], factors[q + 2], factors[q + 3]
        a = first + q * stride
        b, c, d = a + stride, a + 2 * stride, a + 3 * stride
        for j in range(width):
            out[j] += (f * parts[a, j] + g * parts[b, j]) + (h * parts[c, j] + e * parts[d, j])
    for q in range(factors.size - factors.size % 4, factors.size):
        a, f = first + q * stride, factors[q]
        for j in range(width):
            out[j] += f * parts[a, j]


@njit(nogil=True, cache=True, error_model="numpy")
def weigh_nodes(parts, slot, count, many, kind, state, base, tile_data, shape, y, k, width):  # type: ignore[no-untyped-def]
    """Fill the weighted integrand of each driven state at each node of a rule."""
    _rho, kernel, reads = tile_data
    for q in range(count):
        see_node(y, (slot + q) * reads.size, many, kind, state, base, tile_data, shape, width)
        for i in range(k):
            out, weighed = q * k + i, (slot + q) * k + i
            for j in range(width):
                parts[out, j] = kernel[weighed, j] * y[0, j]


@njit(nogil=True, cache=True, error_model="numpy")
def judge_block(parts, functional, x, last, allowed, width):  # type: ignore[no-untyped-def]
    """Return in how many patients a block errs by more than is allowed for a step, and by more than one to spare.

    Inside a block an n-point rule errs like the polynomial through its nodes: less than the last coefficient.
    """
    k = x.shape[0]
    over, over_spare = 0, 0
    for i in range(k):
        mix(last[i], parts, i, k, functional, width)
        for j in range(width):
            error, limit = abs(last[i, j]), allowed * abs(x[i, j])
            over += int(not error <= limit)
            over_spare += int(not error <= limit * SPARE)
    return over, over_spare


@njit(nogil=True, cache=True, error_model="numpy")
def settle_block(place, step_h, many, base, x, panel_state, fixed, width):  # type: ignore[no-untyped-def]
    """Weigh the driver at the nodes of the first rule that is enough for a block; return its level, or -1 for none.

    The level is remembered for the next block of this place.
    """
    kind, state, _tile_data, work, felt, chain_layout, _rules, tolerance = fixed
    tile_data, parts, _returns, ready, levels, panels = panel_state
    counts, offsets, nodes, weights, functionals, _partial = panels
    scratch, shape, sums, _errors = work
    for level in range(levels[place], counts.size):
        a = offsets[level]
        b = a + counts[level]
        slot = place * nodes.size + a
        if not ready[place, level]:
            prepare_rule(slot, nodes[a:b], weights[a:b], BLOCK * step_h, tile_data, scratch, felt, chain_layout, width)
            ready[place, level] = 1
        weigh_nodes(parts, slot, b - a, many, kind, state, base, tile_data, shape, sums[0], x.shape[0], width)
        over, over_spare = judge_block(parts, functionals[a:b], x, sums[2], tolerance, width)
        if over == 0:
            levels[place] = level - int(over_spare == 0 and level > 0)
            return level
        levels[place] = level
    return -1


@njit(nogil=True, cache=True, error_model="numpy")
def move_block(x, before, at, many, place, level, base, made, panel_state, sums, target, layout, width):  # type: ignore[no-untyped-def]
    """Move the driven states over the steps of a block, write them from time `at` on, and return both buffers.

    `target` is (results, the first driven state's place among them, the tile's first patient).
    """
    results, first_output, begin = target
    _tile_data, parts, returns, _ready, _levels, panels = panel_state
    counts, offsets, partial = panels[0], panels[1], panels[5]
    row_start, column = layout[0], layout[1]
    _y, gained, inside = sums
    a, k = offsets[level], x.shape[0]
    for i in range(k):
        for j in range(width):
            gained[i, j] = 0.0
    for step in range(many):
        x, before = before, x
        move_chain(x, before, made, base, gained, layout, width)
        for i in range(k):
            mix(inside[i], parts, i, k, partial[step, a : a + counts[level]], width)
        back = (place * BLOCK + step) * column.size
        for i in range(k):
            out = results[first_output + i, at + step, begin : begin + width]
            for j in range(width):
                out[j] = x[i, j]
            for e in range(row_start[i], row_start[i + 1]):
                if column[e] < k:
                    c, r = column[e], back + e
                    for j in range(width):
                        out[j] += returns[r, j] * inside[c, j]
    for i in range(k):
        out = results[first_output + i, at + many - 1, begin : begin + width]
        for j in range(width):
            x[i, j] = out[j]
    return x, before


@njit(nogil=True, cache=True, error_model="numpy")
def take_steps(run, current, x, before, with_rates, step_state, fixed, moved, target, worst, width):  # type: ignore[no-untyped-def]
    """Take some steps of a run one by one; return both buffers of the chain, the state's buffer and the worst error."""
    p, at, count, many, step_h = run
    made, chain_made, ready, levels = step_state
    state, layout, outputs = moved
    results, first_output, begin = target
    size, entries = layout[4].size, layout[1].size
    for i in range(count):
        x, before = before, x
        chain_state = (x, before, chain_made, ready, levels)
        error = settle_step(p, step_h, many, current * size, chain_state, fixed, width)
        worst = max(worst, error)
        where = at + i if at >= 0 else -1
        current = run_steps(
            1, where, current, p * entries, begin, width, with_rates, results, made, state, layout, outputs
        )
        if at >= 0:
            write_chain(results, first_output, where, begin, x, width)
    return x, before, current, worst


@njit(nogil=True, cache=True, error_model="numpy")
def take_run(run, current, x, before, with_rates, block_state, step_state, fixed, moved, target, worst, width):  # type: ignore[no-untyped-def]
    """Take a run in blocks, each that no rule is enough for step by step; return what `take_steps` returns."""
    p, at, count, many, step_h = run
    place, rows, powers, readers, panel_state = block_state
    state, layout, outputs = moved
    results, _first_output, begin = target
    chain_layout, sums = fixed[5], fixed[3][2]
    done, base = 0, p * chain_layout[1].size
    while done < count:
        taken, level, old = min(BLOCK, count - done), -1, current * layout[4].size
        if taken >= FEWEST:
            level = settle_block(place, step_h, many, old, x, panel_state, fixed, width)
        now = at + done
        done += taken
        if level < 0:
            part = (p, now, taken, many, step_h)
            x, before, current, worst = take_steps(
                part, current, x, before, with_rates, step_state, fixed, moved, target, worst, width
            )
            continue
        chain = step_state[1]
        x, before = move_block(
            x, before, now, taken, place, level, base, chain, panel_state, sums, target, chain_layout, width
        )
        read_block(results, now, taken, place, rows, state, old, readers, with_rates, begin, width)
        current = leap(taken, current, place, powers, begin, width, with_rates, results, state, layout, outputs)
    return x, before, current, worst


@njit(nogil=True, cache=True, error_model="numpy")
def prepare_places(rows, powers, returns, made, mine, kinetics, chain_layout, readers, begin, k, width):  # type: ignore[no-untyped-def]
    """Make what blocks of a tile need for each of the propagators that take them; return which are calm enough."""
    _generator, plan, layout, _events, _strengths, outputs = kinetics
    hours, places = plan[4], plan[5]
    calm, entries = np.zeros(count_slots(places), dtype=np.uint8), layout[1].size
    for p in range(places.size):
        if places[p] >= 0 and is_calm(mine, chain_layout, BLOCK * hours[p], k, width):
            calm[places[p]] = 1
            make_powers(powers, places[p], made, p * entries, layout, width)
            make_rows(rows, places[p], made, p * entries, outputs, readers, begin, width)
            make_returns(returns, places[p], mine, chain_layout, hours[p], width)
    return calm


@njit(nogil=True, cache=True, error_model="numpy")
def prepare_chain(chain_made, mine, hours, chain_layout, width):  # type: ignore[no-untyped-def]
    """Fill the chain's propagators over every step of a plan."""
    entries = chain_layout[1].size
    for p in range(hours.size):
        exponentiate_tile(chain_made[p * entries : (p + 1) * entries], mine, hours[p], chain_layout, width)


@njit(nogil=True, cache=True, error_model="numpy")
def follow(plan, calm, x, begin, t, worst, block_parts, step_state, fixed, kinetics, target, width):  # type: ignore[no-untyped-def]
    """Follow the operations of a plan with one tile, from the driven states `x` on."""
    _generator, _plan, layout, events, strengths, outputs = kinetics
    operations, hours, places = plan
    state, reads, free_reads = fixed[1], fixed[2][2], block_parts[0]
    rows, powers, readers, panel_state = block_parts[1:]
    results, first_output, _begin = target
    moved, size, before = (state, layout, outputs), layout[4].size, np.empty_like(x)
    state[:] = 0.0
    current, with_rates = 0, False
    for o in range(operations.shape[0]):
        what, p, at, count = operations[o, 0], operations[o, 1], operations[o, 2], operations[o, 3]
        if what == JUMP:
            jump(state, current, size, p, begin, width, events, strengths)
            with_rates = has_rates(state, layout[4], width)
            continue
        if what == RECORD:
            for i in range(count):
                write(results, at + i, begin, state, current * size, outputs, width)
                write_chain(results, first_output, at + i, begin, x, width)
            continue
        run = (p, at, count, reads.size if with_rates else free_reads, hours[p])
        if places[p] >= 0 and at >= 0 and calm[places[p]]:
            block_state = (places[p], rows, powers, readers, panel_state)
            x, before, current, worst[t] = take_run(
                run, current, x, before, with_rates, block_state, step_state, fixed, moved, target, worst[t], width
            )
        else:
            x, before, current, worst[t] = take_steps(
                run, current, x, before, with_rates, step_state, fixed, moved, target, worst[t], width
            )


@njit(nogil=True, cache=True, error_model="numpy")
def walk_driven_tiles(first, last_tile, tile, results, worst, kinetics, chain, rules, driver, blocks):  # type: ignore[no-untyped-def]
    """Walk tiles through the plan; `worst[t]` is the largest estimated error of tile t over the one allowed."""
    generator, plan, layout, _events, _strengths, outputs = kinetics
    operations, fresh_h, left, right, hours, places = plan
    readers, panels = blocks
    chain_generator, chain_layout, feed, start, gain, half, hill, kind, tolerance = chain
    total, levels_known = rules[2].size, rules[0].size
    number, reads, free_reads, driver_rows, felt = driver
    size, entries, n, k = layout[3].size, layout[1].size, generator.shape[1], feed.shape[0]
    slots, nodes_known = count_slots(places), panels[2].size
    rows = np.empty((slots * BLOCK * readers[1].size, tile))
    powers = np.empty((slots * (LOG_BLOCK + 1) * entries, tile))
    returns = np.empty((slots * BLOCK * chain_layout[1].size, tile))
    seen = (np.empty((slots * nodes_known * reads.size, tile)), np.empty((slots * nodes_known * k, tile)), reads)
    parts = np.empty((panels[0].max() * k, tile))
    read_felt = readers[4][readers[3][number] : readers[3][number + 1]]
    chain_entries, n_outputs = chain_layout[1].size, outputs[0].size - 1
    made = np.empty((left.size * entries, tile))
    chain_made = np.empty((left.size * chain_entries, tile))
    state = np.empty((2 * size, tile))
    rho = np.empty((left.size * total * reads.size, tile))
    kernel = np.empty((left.size * total * k, tile))
    tile_data = (rho, kernel, reads)
    row, term, spare = np.empty((reads.size, tile)), np.empty((reads.size, tile)), np.empty((reads.size, tile))
    sums = (np.empty((1, tile)), np.empty((k, tile)), np.empty((k, tile)))
    node_made, errors = np.empty((chain_entries, tile)), np.empty((2, tile))
    for t in range(first, last_tile):
        begin = t * tile
        width = min(tile, n - begin)
        end = begin + width
        build_tile(made, generator, begin, fresh_h, left, right, layout, width)
        mine = np.ascontiguousarray(chain_generator[:, begin:end])
        prepare_chain(chain_made, mine, hours, chain_layout, width)
        lifted, shift, norm = lift(generator, begin, layout, width)
        first_row, fed = driver_rows[:, begin:end].copy(), feed[:, begin:end].copy()
        ladder = (made, hours, entries, read_felt)
        scratch = (lifted, shift, norm, first_row, row, term, spare, mine, fed, gain[begin:end], node_made, ladder)
        shape = (np.ascontiguousarray(half[:, begin:end]), np.ascontiguousarray(hill[:, begin:end]))
        work = (scratch, shape, sums, errors)
        fixed = (kind, state, tile_data, work, felt, chain_layout, rules, tolerance)
        ready = np.zeros((left.size, levels_known), dtype=np.uint8)
        levels = np.full(left.size, FIRST_LEVEL, dtype=np.int64)
        calm = prepare_places(rows, powers, returns, made, mine, kinetics, chain_layout, readers, begin, k, width)
        panel_ready, panel_levels = np.zeros((slots, panels[0].size), dtype=np.uint8), np.zeros(slots, dtype=np.int64)
        panel_state = (seen, parts, returns, panel_ready, panel_levels, panels)
        target = (results, n_outputs, begin)
        block_parts = (free_reads, rows, powers, readers, panel_state)
        step_state, x = (made, chain_made, ready, levels), start[:, begin:end].copy()
        ways = (operations, hours, places)
        follow(ways, calm, x, begin, t, worst, block_parts, step_state, fixed, kinetics, target, width)
