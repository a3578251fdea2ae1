"""Summaries of a population of any size, block by block: memory stays that of one block and the counts.

Counts are whole numbers and sums run in the order of the blocks, so the bits depend neither on threads nor on speed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from afterglow.pharmacology.linear.sketch import BINS, Sketch, count
from afterglow.pharmacology.linear.solver import (
    Engine,
    area_under,
    check_engine,
    choose_patients,
    has_compiled,
    solve,
)
from afterglow.pharmacology.linear.system import FloatArray, Input, LinearSystem, check_times
from afterglow.terms import InvalidInput, build_error

BLOCK = 1024
Block = tuple[LinearSystem, Sequence[Input]]


@dataclass(frozen=True, slots=True)
class OutputSummary:
    """What is kept of one output: quantiles by time, shares above thresholds, and per-patient exposure."""

    quantiles: FloatArray
    """shape (n_levels, n_times)"""
    above: FloatArray
    """share of patients above each threshold, shape (n_thresholds, n_times)"""
    ever_above: FloatArray
    """share of patients above each threshold at any of the times, shape (n_thresholds,)"""
    auc_quantiles: FloatArray
    auc_mean: float
    cmax_quantiles: FloatArray
    cmax_mean: float


@dataclass(frozen=True, slots=True)
class Summary:
    """A population's summary: `levels` of the quantiles, `thresholds` by output, outputs by name."""

    times_h: FloatArray
    n: int
    levels: tuple[float, ...]
    thresholds: Mapping[str, tuple[float, ...]]
    outputs: Mapping[str, OutputSummary]


@dataclass(slots=True)
class _Tally:
    """The running counts of one output."""

    by_time: npt.NDArray[np.uint32]
    exposure: npt.NDArray[np.uint32]
    above: npt.NDArray[np.int64]
    ever: npt.NDArray[np.int64]
    sums: list[float] = field(default_factory=lambda: [0.0, 0.0])


def summarise(
    blocks: Iterable[Block],
    times_h: npt.ArrayLike,
    *,
    levels: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
    thresholds: Mapping[str, Sequence[float]] | None = None,
    peak_at: npt.NDArray[np.bool_] | None = None,
    engine: Engine = "auto",
    threads: int = 1,
) -> Summary:
    """Return quantiles by time, exceedance and exposure of a population that comes in blocks.

    Parameters
    ----------
    blocks : iterable of (LinearSystem, inputs)
        Made one at a time, for instance by a generator; all have the same outputs. Long blocks are cut to 1,024.
    times_h : array-like, shape (n_times,), h
    levels : sequence of float
        Quantiles, 0 to 1.
    thresholds : mapping of output name to numbers, in the output's unit
    peak_at : ndarray of bool, shape (n_times,), optional
        Times that Cmax is read from; all of them otherwise.
    engine, threads
        As for `solve`.

    Returns
    -------
    Summary
        Quantiles are within 0.4 % (2^-8) of the number of that rank; numbers below 6e-11 read 0. Shares and means have
        no such error. Areas run from the first input to the last time, exactly; Cmax is the largest of its times.

    Raises
    ------
    InvalidInput
        As `solve`; also no block at all, a level outside 0..1, or a threshold for an unknown output.

    Notes
    -----
    Each number falls into a bin by the leading bits of its floating-point form, a logarithmic histogram whose counts
    add up [1]_.

    References
    ----------
    .. [1] Masson C, Rim JE, Lee HK, DDSketch, Proceedings of the VLDB Endowment 12 (2019) 2195, section 2.2.
    """
    check_engine(engine, threads)
    times = check_times(times_h)
    marks = {name: tuple(float(value) for value in values) for name, values in (thresholds or {}).items()}
    _check_levels(levels, marks)
    tallies: dict[str, _Tally] = {}
    n = 0
    for system, inputs in _cut(blocks):
        if not tallies:
            tallies = _start(system, times.size, marks)
        picked = "compiled" if engine == "auto" and has_compiled() else engine
        curves = solve(system, inputs, times, engine=picked, threads=threads).values
        areas = area_under(system, inputs, float(times[-1]), engine=picked, threads=threads)
        for name, tally in tallies.items():
            highest = (curves[name] if peak_at is None else curves[name][peak_at]).max(axis=0)
            _add(tally, curves[name], np.stack([areas[name], highest]), marks.get(name, ()), picked, threads)
        n += system.n
    if not n:
        raise InvalidInput([build_error("blocks", "empty", 0, "one block or more", "There is nobody to summarise.")])
    outputs = {name: _finish(tally, levels, n) for name, tally in tallies.items()}
    return Summary(times, n, tuple(levels), marks, outputs)


def _cut(blocks: Iterable[Block]) -> Iterable[Block]:
    for system, inputs in blocks:
        if system.n <= BLOCK:
            yield system, inputs
            continue
        for begin in range(0, system.n, BLOCK):
            yield choose_patients(system, inputs, np.arange(begin, min(begin + BLOCK, system.n)))


def _start(system: LinearSystem, n_times: int, marks: Mapping[str, tuple[float, ...]]) -> dict[str, _Tally]:
    names = [output.name for output in system.outputs]
    unknown = sorted(set(marks) - set(names))
    if unknown:
        raise InvalidInput(
            [build_error(f"thresholds.{unknown[0]}", "unknown", unknown[0], ", ".join(names), "No such output.")]
        )
    return {
        name: _Tally(
            np.zeros((n_times, BINS), dtype=np.uint32),
            np.zeros((2, BINS), dtype=np.uint32),
            np.zeros((len(marks.get(name, ())), n_times), dtype=np.int64),
            np.zeros(len(marks.get(name, ())), dtype=np.int64),
        )
        for name in names
    }


def _add(
    tally: _Tally, curves: FloatArray, exposure: FloatArray, marks: tuple[float, ...], engine: Engine, threads: int
) -> None:
    count(tally.exposure, exposure)
    tally.sums[0] += float(exposure[0].sum())
    tally.sums[1] += float(exposure[1].sum())
    tally.ever += np.array([int((curves.max(axis=0) > mark).sum()) for mark in marks], dtype=np.int64)
    if engine != "compiled":
        count(tally.by_time, curves)
        for k, mark in enumerate(marks):
            tally.above[k] += (curves > mark).sum(axis=1)
        return
    from afterglow.pharmacology.linear.compiled import share
    from afterglow.pharmacology.linear.compiled_counts import count_above, count_rows

    bits = curves.view(np.int64)

    def work(first: int, last: int) -> None:
        count_rows(first, last, bits, tally.by_time)
        for k, mark in enumerate(marks):
            count_above(first, last, curves, mark, tally.above[k])

    share(work, curves.shape[0], threads)


def _finish(tally: _Tally, levels: Sequence[float], n: int) -> OutputSummary:
    exposure = Sketch(tally.exposure).quantiles(levels)
    return OutputSummary(
        quantiles=Sketch(tally.by_time).quantiles(levels),
        above=tally.above / n,
        ever_above=tally.ever / n,
        auc_quantiles=exposure[:, 0],
        auc_mean=tally.sums[0] / n,
        cmax_quantiles=exposure[:, 1],
        cmax_mean=tally.sums[1] / n,
    )


def _check_levels(levels: Sequence[float], marks: Mapping[str, tuple[float, ...]]) -> None:
    problems = [
        build_error("levels", "out-of-range", level, "0 to 1", "A quantile lies between 0 and 1.")
        for level in levels
        if not 0.0 <= level <= 1.0
    ]
    problems += [
        build_error(f"thresholds.{name}", "not-finite", value, "a finite number", "A threshold is not a number.")
        for name, values in marks.items()
        for value in values
        if not np.isfinite(value)
    ]
    if problems:
        raise InvalidInput(problems)
