"""The compiled engine for many patients: prepares flat arrays for the kernels and shares tiles among threads.

numba is imported by the kernels' modules alone, and only when this module is asked for.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from afterglow.pharmacology.linear import compiled_runs as kernels
from afterglow.pharmacology.linear.apart import Kicks
from afterglow.pharmacology.linear.driven import Driven
from afterglow.pharmacology.linear.extended import Extended, Schedule, close
from afterglow.pharmacology.linear.plan import STEP, IntArray, Plan, find_first, measure
from afterglow.pharmacology.linear.quadrature import NODES, PANEL_NODES, get_partial, get_rule
from afterglow.pharmacology.linear.system import FloatArray, Value

Layout = tuple[IntArray, IntArray, IntArray, IntArray, IntArray, IntArray, IntArray]
Readers = tuple[IntArray, IntArray, IntArray, IntArray, IntArray]
Rules = tuple[IntArray, IntArray, FloatArray, FloatArray, FloatArray]
TILE = 256
WORTH_ROWS = 64
"""Steps in long runs from which rows that read outputs steps ahead are made for a propagator."""
_TILE_NUMBERS = 1 << 18
"""A tile's propagators are to fit the second-level cache of a core, or nearly."""


def walk(
    extended: Extended,
    schedule: Schedule,
    plan: Plan,
    strengths: FloatArray,
    n_times: int,
    threads: int,
    kicks: Kicks | None = None,
) -> dict[str, FloatArray]:
    """Return each output at each time, shape (n_times, n); the same bits for any number of threads."""
    layout = build_layout(extended)
    readers = build_readers(extended, layout)
    places = pick_runs(plan, readers[1].size, layout)
    results = np.empty((len(extended.outputs), n_times, extended.n))
    results[:, : find_first(plan, n_times)] = 0.0
    given = (
        results,
        build_generator(extended, layout),
        (plan.operations, plan.fresh_h, plan.left, plan.right, places),
        layout,
        build_events(schedule),
        strengths,
        build_outputs(extended),
    )
    tile = pick_tile(plan.left.size * layout[1].size + count_run_numbers(places, readers[1].size, layout))
    kicked = build_kicked(kicks, extended, tile)

    def work(first: int, last: int) -> None:
        kernels.walk_tiles(first, last, tile, *given, kicked, readers)

    share(work, -(-extended.n // tile), threads)
    return {name: results[k] for k, (name, _) in enumerate(extended.outputs)}


def walk_driven(
    extended: Extended,
    schedule: Schedule,
    plan: Plan,
    strengths: FloatArray,
    driven: Driven,
    n_times: int,
    threads: int,
) -> tuple[list[FloatArray], float]:
    """Return outputs and driven states, each (n_times, n), and the worst estimated error over the one allowed."""
    from afterglow.pharmacology.linear.compiled_panels import walk_driven_tiles

    layout, size = build_layout(extended), driven.start.shape[1]
    results = np.empty((len(extended.outputs) + size, n_times, extended.n))
    results[:, : find_first(plan, n_times)] = 0.0
    readers = build_readers(extended, layout)
    places = pick_runs(plan, readers[1].size, layout)
    moves = (plan.operations, plan.fresh_h, plan.left, plan.right, measure(plan), places)
    kinetics = (
        build_generator(extended, layout),
        moves,
        layout,
        build_events(schedule),
        strengths,
        build_outputs(extended),
    )
    chain_layout, chain_generator = _build_chain(driven)
    chain = (
        chain_generator,
        chain_layout,
        *(np.ascontiguousarray(value.T) for value in (driven.feed, driven.start)),
        driven.gain,
        driven.half[None],
        driven.hill[None],
        driven.kind,
        driven.tolerance,
    )
    rules, panels = (
        _build_rules(NODES),
        (
            *_build_rules(PANEL_NODES),
            np.concatenate([get_partial(count, kernels.BLOCK) for count in PANEL_NODES], axis=1),
        ),
    )
    driver = (driven.number, *_build_driver(extended, driven.number, layout))
    numbers = plan.left.size * (layout[1].size + sum(NODES) * (driver[1].size + size) // 4)
    numbers += count_run_numbers(places, readers[1].size, layout)
    tile = pick_tile(numbers // 2)
    tiles = -(-extended.n // tile)
    worst = np.zeros(tiles)

    def work(first: int, last: int) -> None:
        walk_driven_tiles(first, last, tile, results, worst, kinetics, chain, rules, driver, (readers, panels))

    share(work, tiles, threads)
    return list(results), float(worst.max())


def share(work: Callable[[int, int], None], count: int, threads: int) -> None:
    """Do work(first, last) over 0..count, in turn or in threads; the kernels release the interpreter."""
    if threads == 1 or count == 1:
        work(0, count)
        return
    bounds = np.unique(np.linspace(0, count, min(count, 8 * threads) + 1).astype(int)).tolist()
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, a, b) for a, b in pairwise(bounds)]:
            done.result()


def pick_tile(numbers: int) -> int:
    """Return the patients of a tile, fewer where each needs many propagator entries."""
    tile = TILE
    while tile > 8 and tile * numbers > _TILE_NUMBERS:
        tile //= 2
    return tile


def pick_runs(plan: Plan, reads: int, layout: Layout) -> IntArray:
    """Return for each propagator its place among those that take long runs of steps in blocks, or -1.

    Reading outputs from the beginning of a block has to cost less than single steps, and the runs have to be long
    enough to pay for the rows.
    """
    kind, number, at, count = plan.operations.T
    is_run = (kind == STEP) & (at >= 0) & (count >= kernels.BLOCK)
    steps = np.zeros(plan.left.size)
    steps += np.bincount(number[is_run], count[is_run], plan.left.size)
    chosen = (steps >= WORTH_ROWS) & (reads < layout[1].size)
    return np.where(chosen, np.cumsum(chosen) - 1, -1)


def count_run_numbers(places: IntArray, reads: int, layout: Layout) -> int:
    """Return how many numbers of a patient the rows and powers of long runs take."""
    slots = int(places.max(initial=-1)) + 1
    return slots * (kernels.BLOCK * reads + (kernels.LOG_BLOCK + 1) * layout[1].size)


def build_readers(extended: Extended, layout: Layout) -> Readers:
    """Return what each output feels: where its reads begin, the states, how many are no held rates (which come last).

    Then where its entries begin, and the propagator's entries among those states as rows (from, to, entry).
    """
    row_start, column = layout[0], layout[1]
    reads, free, felt, reader_start, felt_start = [], [], [], [0], [0]
    for _, weights in extended.outputs:
        mine, many = list_felt(extended, [state for state, _ in weights])
        reads += mine
        free.append(many)
        felt += [
            (mine.index(i), mine.index(int(column[k])), k)
            for i in mine
            for k in range(row_start[i], row_start[i + 1])
            if int(column[k]) in mine
        ]
        reader_start.append(len(reads))
        felt_start.append(len(felt))
    return _whole(reader_start), _whole(reads), _whole(free), _whole(felt_start), _whole(felt).reshape(-1, 3)


def list_felt(extended: Extended, states: list[int]) -> tuple[list[int], int]:
    """Return the states that can ever reach one of some, held rates last, and how many are none."""
    felt = np.flatnonzero(extended.pattern[states].any(axis=0)).tolist()
    rates = {state for state in extended.rate_of if state >= 0}
    free = [state for state in felt if state not in rates]
    return free + [state for state in felt if state in rates], len(free)


def build_layout(extended: Extended) -> Layout:
    """Return the entries of the propagators row by row, held rates last, and what their products are made of."""
    size = extended.size
    rates = {state for state in extended.rate_of if state >= 0}
    row_start, column, free = [0], [], []
    for i in range(size):
        columns = np.flatnonzero(extended.pattern[i]).tolist()
        kept = [j for j in columns if j not in rates or j == i]
        column += kept + [j for j in columns if j in rates and j != i]
        row_start.append(len(column))
        free.append(len(kept))
    slot = {(i, column[k]): k for i in range(size) for k in range(row_start[i], row_start[i + 1])}
    triples = [
        (slot[i, j], slot[i, k], slot[k, j])
        for i in range(size)
        for j in range(size)
        for k in range(size)
        if (i, j) in slot and (i, k) in slot and (k, j) in slot
    ]
    moving = [int(i not in rates) for i in range(size)]
    leaks = [int((i, i) in extended.entries) for i in range(size)]
    diagonal = [slot[i, i] for i in range(size)]
    return (
        _whole(row_start),
        _whole(column),
        _whole(free),
        _whole(diagonal),
        _whole(moving),
        _whole(leaks),
        _whole(triples).reshape(-1, 3),
    )


def build_generator(extended: Extended, layout: Layout) -> FloatArray:
    """Return the matrix's entries, shape (entries, n)."""
    row_start, column = layout[0], layout[1]
    generator = np.zeros((column.size, extended.n))
    for i in range(extended.size):
        for k in range(row_start[i], row_start[i + 1]):
            if (i, int(column[k])) in extended.entries:
                generator[k] = extended.entries[i, int(column[k])]
    return generator


def build_events(schedule: Schedule) -> tuple[IntArray, ...]:
    """Return boluses and rate changes as flat lists with the place where each edge begins."""
    count = schedule.edges.size
    bolus_start = np.searchsorted(_whole([edge for edge, _, _ in schedule.boluses]), np.arange(count + 1))
    rate_start = np.searchsorted(_whole([edge for edge, _, _ in schedule.rates]), np.arange(count + 1))
    running = [k for _, _, inputs in schedule.rates for k in inputs]
    run_start = np.concatenate([[0], np.cumsum([len(inputs) for _, _, inputs in schedule.rates])])
    return (
        bolus_start.astype(np.int64),
        _whole([state for _, state, _ in schedule.boluses]),
        _whole([k for _, _, k in schedule.boluses]),
        rate_start.astype(np.int64),
        _whole([state for _, state, _ in schedule.rates]),
        run_start.astype(np.int64),
        _whole(running),
    )


def _build_chain(driven: Driven) -> tuple[Layout, FloatArray]:
    """Return layout and entries of the chain's matrix with its constant feed as one more, held state."""
    n, size = driven.start.shape
    entries: dict[tuple[int, int], Value] = {(i, size): driven.feed[:, i] * driven.base for i in range(size)}
    for i in range(size):
        for j in range(size):
            if driven.matrix[:, i, j].any():
                entries[i, j] = driven.matrix[:, i, j]
    extended = Extended(n, size + 1, entries, close(entries, size + 1), (), (), (size,))
    layout = build_layout(extended)
    return layout, build_generator(extended, layout)


def _build_rules(orders: Sequence[int]) -> Rules:
    """Return node counts, where each rule's nodes begin, and nodes, weights and functionals of all rules."""
    counts = _whole(orders)
    nodes, weights, functionals = (np.concatenate(column) for column in zip(*map(get_rule, orders), strict=True))
    return counts, np.cumsum(counts) - counts, nodes, weights, functionals


def _build_driver(extended: Extended, number: int, layout: Layout) -> tuple[IntArray, int, FloatArray, IntArray]:
    """Return what the driver feels.

    The states, held rates last; how many are none; the driver's own weights; and the matrix's entries among those
    states, as rows (from, to, entry).
    """
    rows = np.zeros((extended.size, extended.n))
    for state, weight in extended.outputs[number][1]:
        rows[state] += weight
    reads, free = list_felt(extended, [state for state, _ in extended.outputs[number][1]])
    row_start, column = layout[0], layout[1]
    moves = [
        (reads.index(i), reads.index(int(column[k])), k)
        for i in reads
        for k in range(row_start[i], row_start[i + 1])
        if int(column[k]) in reads and (i == int(column[k]) or (i, int(column[k])) in extended.entries)
    ]
    return _whole(reads), free, rows, _whole(moves).reshape(-1, 3)


def build_kicked(kicks: Kicks | None, extended: Extended, tile: int) -> tuple[IntArray | FloatArray, ...]:
    """Return kicks as flat arrays, with the place where each tile's begin in each group, shape (groups * tiles + 1)."""
    tiles = -(-extended.n // tile)
    if kicks is None:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, np.zeros((0, extended.size)), nothing, nothing, nothing, np.zeros(0)
    borders = (np.arange(kicks.marks.size)[:, None] * extended.n + np.arange(tiles) * tile).ravel()
    bounds = []
    for start, patient in ((kicks.add_start, kicks.add_patient), (kicks.set_start, kicks.set_patient)):
        group = np.repeat(np.arange(kicks.marks.size), np.diff(start))
        bounds.append(np.append(np.searchsorted(group * extended.n + patient, borders), patient.size))
    return (
        bounds[0],
        kicks.add_patient,
        np.ascontiguousarray(kicks.added.T),
        bounds[1],
        kicks.set_patient,
        kicks.set_state,
        kicks.set_value,
    )


def build_outputs(extended: Extended) -> tuple[IntArray, IntArray, FloatArray]:
    """Return where each output's weights begin, their states, and the weights, shape (n_weights, n)."""
    flat = [pair for _, weights in extended.outputs for pair in weights]
    weight = np.empty((len(flat), extended.n))
    for k, (_, value) in enumerate(flat):
        weight[k] = value
    start = np.concatenate([[0], np.cumsum([len(weights) for _, weights in extended.outputs])])
    return start.astype(np.int64), _whole([state for state, _ in flat]), weight


def _whole(numbers: object) -> IntArray:
    return np.array(numbers, dtype=np.int64)
