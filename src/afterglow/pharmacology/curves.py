"""Levels, effects and summaries of one model's people, solved in blocks of people so that memory stays bounded.

Where everything fits it is kept; otherwise numbers are counted by time as they come, and only their bands are kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from afterglow.pharmacology._types import NG_PER_ML_PER_MG_PER_L, FloatArray
from afterglow.pharmacology.effects.calculate import Setting, add_sites, assemble_effects, build_hidden_grid
from afterglow.pharmacology.effects.parameters import EffectValues
from afterglow.pharmacology.linear.solver import Engine, area_under, choose_patients, pick_engine, solve
from afterglow.pharmacology.models.exposure import calculate_half_life
from afterglow.pharmacology.models.kinetics import Kinetics
from afterglow.pharmacology.models.ranges import find_studied, list_early
from afterglow.pharmacology.regimen import list_event_times
from afterglow.pharmacology.request import Request
from afterglow.pharmacology.results import Series
from afterglow.pharmacology.tally import Tally

KEPT_VALUES = 12_000_000  # of all analytes together, and of all effects; above it only the bands are kept
BLOCK_VALUES = 8_000_000  # numbers of one block while it is solved, 64 MB
SMALLEST_BLOCK, LARGEST_BLOCK = 64, 4096
TALLIED_TIMES = 1500  # at once; more are solved in stretches
FINE_STEP_H = 1.0 / 60.0
FINE_SPAN_H = 4.0

# effect as published in JSON -> endpoint whose grade it carries
EFFECTS = {
    "dissociation_cadss": "dissociation",
    "drug_high_vas": "drug_high",
    "sedation_probability": "sedation",
    "systolic_rise_mmhg": "circulation",
    "diastolic_rise_mmhg": "circulation",
    "heart_rate_rise_per_min": "circulation",
    "pain_relief": "analgesia",
    "occupancy_index": "occupancy",
}


@dataclass(frozen=True, slots=True)
class Curves:
    """Levels (ng/mL) and effects at the asked times, each (n_times, n) or empty, and the summary of each person."""

    kept: Series
    effects: Series
    summary: Mapping[str, Series]


@dataclass(frozen=True, slots=True)
class Follow:
    """How the effects of one model's people are followed."""

    values: EffectValues
    setting: Setting


@dataclass(frozen=True, slots=True)
class Tallies:
    """Running counts by analyte and by effect, shared by the models of a mixture; empty where all is kept."""

    levels: Mapping[str, Tally]
    effects: Mapping[str, Tally]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Asked times solved at once, the finer grid that the peaks are read from, and which of it counts."""

    first: int
    asked: FloatArray
    grid: FloatArray
    is_studied: np.typing.NDArray[np.bool_]


def compute_curves(
    request: Request, kinetics: Kinetics, times: FloatArray, follow: Follow | None, tallies: Tallies
) -> Curves:
    """Return curves and summary of one model's people, or the summary alone where numbers are counted in tallies.

    Parameters
    ----------
    request : Request
        Gives the end, the step and the engine.
    kinetics : Kinetics
    times : ndarray, shape (n_times,), h
    follow : Follow or None
        None follows no effects.
    tallies : Tallies
        Whatever has a tally is counted and not kept.
    """
    n, names = kinetics.system.n, kinetics.analytes
    engine = pick_engine(request.engine, n)
    kept = {name: np.empty((len(times), n)) for name in names if name not in tallies.levels}
    effects = {name: np.empty((len(times), n)) for name in EFFECTS if follow and name not in tallies.effects}
    summary = {name: _start_summary(n) for name in names}
    stretches = _list_stretches(request, kinetics, times, is_tallied=bool(tallies.levels or tallies.effects))
    shares = kinetics.subjects.weights * kinetics.subjects.n
    for rows in _list_blocks(kinetics, stretches, n):
        part = _take_block(kinetics, rows)
        own = None if follow is None else _choose_values(follow, rows)
        for stretch in stretches:
            found = _solve_block(request, part, stretch, own, engine)
            span = slice(stretch.first, stretch.first + len(stretch.asked))
            for name, values in found[0].items():
                _follow_peak(summary[name], rows, values, stretch)
                asked = values[np.searchsorted(stretch.grid, stretch.asked)]
                if name in kept:
                    kept[name][span, rows] = asked
                else:
                    tallies.levels[name].add(stretch.first, asked / NG_PER_ML_PER_MG_PER_L, shares[rows])
            for name, values in found[1].items():
                if name in effects:
                    effects[name][span, rows] = values
                else:
                    tallies.effects[name].add(stretch.first, values, shares[rows])
        _fill_summary(summary, part, rows, request, engine)
    return Curves(kept, effects, summary)


def _solve_block(
    request: Request, part: Kinetics, stretch: _Stretch, follow: Follow | None, engine: Engine
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Return a block's levels in ng/mL on the stretch's grid, and its effects at the asked times; one solution."""
    system, grid = part.system, stretch.grid
    hidden = grid
    if follow is not None:
        system = add_sites(system, part.esketamine, follow.setting.driver_share, follow.values)
        hidden = build_hidden_grid(part.inputs, stretch.asked)
        grid = np.union1d(grid, hidden)
    found = solve(system, part.inputs, grid, engine=engine, threads=request.threads).values
    on_grid = _choose_rows(found, grid, stretch.grid, set(part.analytes.values()))
    levels = {name: np.maximum(on_grid[output], 0.0) * NG_PER_ML_PER_MG_PER_L for name, output in part.analytes.items()}
    if follow is None:
        return levels, {}
    solution = _choose_rows(found, grid, hidden, set(found))
    series = assemble_effects(stretch.asked, hidden, solution, part.esketamine, follow.values, follow.setting)
    return levels, {name: getattr(series, name) for name in EFFECTS}


def _choose_rows(
    found: Mapping[str, FloatArray], grid: FloatArray, wanted: FloatArray, names: set[str]
) -> Mapping[str, FloatArray]:
    if len(grid) == len(wanted):
        return found
    rows = np.searchsorted(grid, wanted)
    return {name: found[name][rows] for name in names}


def _list_stretches(request: Request, kinetics: Kinetics, times: FloatArray, *, is_tallied: bool) -> list[_Stretch]:
    early = list_early(kinetics.model, kinetics.doses, kinetics.route, request.until_h)
    ends = [end for _, end in early if end <= request.until_h]
    grid = _build_grid(np.unique(np.concatenate([times, ends])), times, kinetics, request)
    is_studied = find_studied(grid, early)
    size = TALLIED_TIMES if is_tallied else len(times)
    edges = [*times[::size].tolist(), np.inf]
    found = []
    for i, (low, high) in enumerate(pairwise(edges)):
        rows = (grid >= (low if i else -np.inf)) & (grid < high)
        found.append(_Stretch(i * size, times[i * size : (i + 1) * size], grid[rows], is_studied[rows]))
    return found


def _list_blocks(kinetics: Kinetics, stretches: Sequence[_Stretch], n: int) -> Iterator[slice]:
    longest = max(len(stretch.grid) for stretch in stretches)
    size = BLOCK_VALUES // (longest * (len(kinetics.system.compartments) + 2))
    size = min(max(size, SMALLEST_BLOCK), LARGEST_BLOCK)
    return (slice(first, min(first + size, n)) for first in range(0, n, size))


def _take_block(kinetics: Kinetics, rows: slice) -> Kinetics:
    """Return the kinetics of a block as far as solving goes; its subjects and parameters stay everybody's."""
    n = kinetics.system.n
    if rows.stop - rows.start == n:
        return kinetics
    system, inputs = choose_patients(kinetics.system, kinetics.inputs, np.arange(rows.start, rows.stop))
    return replace(kinetics, system=system, inputs=tuple(inputs))


def _choose_values(follow: Follow, rows: slice) -> Follow:
    chosen = {
        name: value[rows] if isinstance(value, np.ndarray) else value for name, value in follow.values.values.items()
    }
    return replace(follow, values=EffectValues(rows.stop - rows.start, chosen))


def _build_grid(points: FloatArray, times: FloatArray, kinetics: Kinetics, request: Request) -> FloatArray:
    """Return the asked times and, where it fits, each minute of the hours after a dose, for the peak."""
    events = list_event_times(kinetics.doses)
    gathered = [points, events[events <= request.until_h]]
    starts = {dose.occasion: dose.start_h for dose in reversed(kinetics.doses)}.values()
    count = len(starts) * FINE_SPAN_H / FINE_STEP_H
    if request.step_h > FINE_STEP_H * 1.001 and count * kinetics.system.n <= KEPT_VALUES / 4:
        span = np.arange(0.0, FINE_SPAN_H + FINE_STEP_H, FINE_STEP_H)
        gathered += [(start + span)[start + span <= request.until_h] for start in starts]
    grid = np.unique(np.concatenate(gathered))
    apart = np.concatenate([[True], np.diff(grid) > 1e-9])
    return np.asarray(grid[apart | np.isin(grid, times)], dtype=np.float64)


def _start_summary(n: int) -> dict[str, FloatArray]:
    names = ("cmax_ng_per_ml", "tmax_min", "auc_ng_h_per_ml", "half_life_h")
    found = {name: np.zeros(n) for name in names}
    found["cmax_ng_per_ml"] -= 1.0  # so that a level of 0 is a peak too
    return found


def _follow_peak(summary: dict[str, FloatArray], rows: slice, values: FloatArray, stretch: _Stretch) -> None:
    """Put the peak of a stretch in where it is higher than what was seen before."""
    if not stretch.is_studied.any():
        return
    if not stretch.is_studied.all():
        values = values[stretch.is_studied]
    place = values.argmax(axis=0)
    top = values[place, np.arange(values.shape[1])]
    peak, minute = summary["cmax_ng_per_ml"][rows], summary["tmax_min"][rows]
    is_higher = top > peak
    minute[is_higher] = (stretch.grid[stretch.is_studied][place] * 60.0)[is_higher]
    peak[is_higher] = top[is_higher]


def _fill_summary(
    summary: Mapping[str, dict[str, FloatArray]], part: Kinetics, rows: slice, request: Request, engine: Engine
) -> None:
    areas = area_under(part.system, part.inputs, request.until_h, engine=engine, threads=request.threads)
    for name, output in part.analytes.items():
        summary[name]["auc_ng_h_per_ml"][rows] = areas[output] * NG_PER_ML_PER_MG_PER_L
        summary[name]["half_life_h"][rows] = calculate_half_life(part, output)
