"""Effects over time of one session, for one person or a population: levels, effect sites, and what they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from afterglow.pharmacology._types import NG_PER_ML_PER_MG_PER_L, FloatArray, Number
from afterglow.pharmacology.effects.follow import follow
from afterglow.pharmacology.effects.parameters import EffectValues, build_typical_values, draw_values, load_endpoints
from afterglow.pharmacology.effects.static import (
    CADSS_MAX,
    calculate_cadss,
    calculate_occupancy,
    calculate_sigmoid,
    calculate_tolerance,
)
from afterglow.pharmacology.linear import Flow, Input, LinearSystem, Output, solve
from afterglow.pharmacology.linear.system import check_times
from afterglow.terms import Grade, InvalidInput, Problem, build_error, build_warning

SITE, DISSOCIATION_SITE = "effect site", "dissociation site"
DENSE_STEP_H = 1.0 / 120.0
DENSE_AFTER_H = 3.0


@dataclass(frozen=True, slots=True)
class Setting:
    """What the effects depend on beside the level.

    `session_number` counts from 1 and drives tolerance to dissociation; it is that of the first session, and each of
    `later_starts_h` (rising, h) begins another. `has_attenuation` says that a beta-blocker
    or clonidine is taken. `sampling_site` is that of the model behind the driver; `driver_share` is the part of
    the driver that is S-ketamine (0.5 where only a racemic level exists). The other names are outputs of the
    system that count only for channel occupancy.
    """

    session_number: int = 1
    later_starts_h: tuple[float, ...] = ()
    has_attenuation: bool = False
    sampling_site: str = "arterial"
    driver_share: float = 1.0
    arketamine: str | None = None
    norketamine: str | None = None
    arnorketamine: str | None = None


@dataclass(frozen=True, slots=True)
class EffectSeries:
    """Effects at the asked times; every array is (n_times, n), or (n_times, 1) where all people share the level.

    Levels are ng/mL of S-ketamine. `grades` gives the weakest grade behind each effect by endpoint; `problems`
    holds warnings that belong beside the numbers.
    """

    times_h: FloatArray
    s_ketamine_ng_per_ml: FloatArray
    effect_site_ng_per_ml: FloatArray
    drug_high_vas: FloatArray
    dissociation_cadss: FloatArray
    sedation_probability: FloatArray
    systolic_rise_mmhg: FloatArray
    diastolic_rise_mmhg: FloatArray
    heart_rate_rise_per_min: FloatArray
    pain_relief: FloatArray
    occupancy_index: FloatArray
    values: EffectValues
    grades: Mapping[str, Grade] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def calculate_effects(
    system: LinearSystem,
    inputs: Sequence[Input],
    times_h: ArrayLike,
    *,
    driver: str,
    values: EffectValues | None = None,
    generator: np.random.Generator | None = None,
    setting: Setting | None = None,
    step_h: float = DENSE_STEP_H,
) -> EffectSeries:
    """Return what a session does to mind, circulation and pain.

    Parameters
    ----------
    system : LinearSystem
        Kinetics of S-ketamine for `system.n` patients, mg/L at its outputs.
    inputs : sequence of Input
        The doses.
    times_h : array-like, shape (m,), h
        Rising times at which effects are wanted.
    driver : str
        Output of the system that is the level of S-ketamine (or of the racemate, with `setting.driver_share` 0.5).
    values : EffectValues, optional
        The people's effect parameters; drawn from `generator` when absent, the median person's without either.
        One patient's kinetics serve many people's effects.
    generator : numpy.random.Generator, optional
    setting : Setting, optional
    step_h : float, h
        Spacing of the hidden grid on which the circulation follows the level, during dosing and 3 h after.

    Returns
    -------
    EffectSeries

    Raises
    ------
    InvalidInput
        An unknown output, values of another number of people, a session number below 1, a share outside 0 to 1.

    Notes
    -----
    Effect sites are compartments that drain nothing, so Ce is exact. Circulation is dE/dt = kE(Emax max(0, f - wT) - E)
    with dT/dt = kT(f - T), f a sigmoid of Ce: each exact for a driver linear between grid points, so second order in
    `step_h`. R-ketamine has no part in dissociation.
    """
    setting = setting or Setting()
    _check(system, driver, values, setting)
    if values is None:
        values = draw_values(system.n, generator) if generator is not None else build_typical_values(system.n)
    times = check_times(times_h)
    grid = build_hidden_grid(inputs, times, step_h)
    solution = solve(add_sites(system, driver, setting.driver_share, values), inputs, grid).values
    return assemble_effects(times, grid, solution, driver, values, setting)


def assemble_effects(
    times: FloatArray, grid: FloatArray, solution: Mapping[str, FloatArray], driver: str, values: EffectValues,
    setting: Setting,
) -> EffectSeries:  # fmt: skip
    """Return the effects at the asked times from the system with sites, solved on the hidden grid."""
    rows: Any = np.searchsorted(grid, times)
    if len(grid) == len(times):
        rows = slice(None)
    site, apart = np.maximum(solution[SITE], 0.0), np.maximum(solution[DISSOCIATION_SITE][rows], 0.0)
    wanted = {driver, setting.arketamine, setting.norketamine, setting.arnorketamine} - {None}
    levels = {name: np.maximum(solution[name][rows], 0.0) * NG_PER_ML_PER_MG_PER_L for name in wanted if name}
    rises = _calculate_rises(grid, site, values, setting)
    level = levels[driver] * setting.driver_share
    return EffectSeries(
        times_h=times,
        s_ketamine_ng_per_ml=level,
        effect_site_ng_per_ml=site[rows],
        drug_high_vas=_multiply(values.get("drug_high.maximum"), _use_sigmoid(site[rows], values, "drug_high")),
        dissociation_cadss=_calculate_dissociation(times, apart, values, setting),
        sedation_probability=_use_sigmoid(site[rows], values, "sedation"),
        systolic_rise_mmhg=rises["systolic"][rows],
        diastolic_rise_mmhg=rises["diastolic"][rows],
        heart_rate_rise_per_min=rises["heart_rate"][rows],
        pain_relief=calculate_sigmoid(apart, values.get("analgesia.pressure_c50_ng_per_ml")),
        occupancy_index=_calculate_index(levels, level, setting),
        values=values,
        grades={key: endpoint.worst_grade for key, endpoint in load_endpoints().items()},
        problems=tuple(list_warnings(driver, setting)),
    )


def add_sites(system: LinearSystem, driver: str, share: float, values: EffectValues) -> LinearSystem:
    """Return the system with two compartments that follow the driver in ng/mL and take nothing from it."""
    weights = next(output.weights for output in system.outputs if output.name == driver)
    first = len(system.compartments)
    flows: list[Flow] = []
    names = ("effect_site.half_life_min", "effect_site.dissociation_half_life_min")
    for place, name in enumerate(names, start=first):
        rate = np.log(2.0) * 60.0 / np.asarray(values.get(name))
        gain = rate * share * NG_PER_ML_PER_MG_PER_L
        flows += [Flow(index, place, 0.0, _tidy(gain * weight)) for index, weight in weights.items()]
        flows.append(Flow(place, None, _tidy(rate)))
    sites = (Output(SITE, {first: 1.0}), Output(DISSOCIATION_SITE, {first + 1: 1.0}))
    compartments = (*system.compartments, SITE, DISSOCIATION_SITE)
    return LinearSystem(compartments, (*system.flows, *flows), (*system.outputs, *sites), system.n)


def _calculate_rises(
    grid: FloatArray, site: FloatArray, values: EffectValues, setting: Setting
) -> dict[str, FloatArray]:
    drive = calculate_sigmoid(site, values.get("circulation.ec50_ng_per_ml"), values.get("circulation.steepness"))
    answer = follow(grid, drive, np.log(2.0) * 60.0 / np.asarray(values.get("circulation.answer_half_life_min")))
    left = np.maximum(drive - np.asarray(values.get("circulation.answer_weight")) * answer, 0.0)
    shape = follow(grid, left, np.log(2.0) * 60.0 / np.asarray(values.get("circulation.half_life_min")))
    kept = 1.0 - np.asarray(values.get("circulation.attenuation")) * setting.has_attenuation
    return {
        name: _multiply(_multiply(values.get(f"circulation.{name}_maximum"), kept), shape)
        for name in ("systolic", "diastolic", "heart_rate")
    }


def _calculate_dissociation(times: FloatArray, site: FloatArray, values: EffectValues, setting: Setting) -> FloatArray:
    factor, floor = values.get("dissociation.tolerance_factor"), values.get("dissociation.tolerance_floor")
    number: Any = setting.session_number
    if setting.later_starts_h:
        number = number + np.searchsorted(setting.later_starts_h, times + 1e-9)[:, None]
    return calculate_cadss(
        site,
        np.minimum(values.get("dissociation.maximum"), CADSS_MAX),
        values.get("dissociation.c50_ng_per_ml"),
        values.get("dissociation.steepness"),
        calculate_tolerance(number, factor, floor),
    )


def _calculate_index(levels: Mapping[str, FloatArray], level: FloatArray, setting: Setting) -> FloatArray:
    others = (setting.arketamine, setting.norketamine, setting.arnorketamine)
    r_level: Number = level if setting.driver_share == 0.5 and setting.arketamine is None else 0.0
    found: list[Number] = [levels[name] if name is not None else 0.0 for name in others]
    return calculate_occupancy(level, found[0] if np.ndim(found[0]) else r_level, found[1], found[2])


def _use_sigmoid(site: FloatArray, values: EffectValues, endpoint: str) -> FloatArray:
    return calculate_sigmoid(site, values.get(f"{endpoint}.c50_ng_per_ml"), values.get(f"{endpoint}.steepness"))


def _list_levels(system: LinearSystem) -> list[str]:
    return [output.name for output in system.outputs]


def build_hidden_grid(inputs: Sequence[Input], times: FloatArray, step_h: float = DENSE_STEP_H) -> FloatArray:
    """Return the asked times with a dense grid in and after each dose, and a coarse one elsewhere."""
    starts = [float(np.min(one.start_h)) for one in inputs] or [float(times[0])]
    first, last = min(*starts, float(times[0])), float(times[-1])
    ends = [float(np.max(np.asarray(one.start_h) + np.asarray(one.duration_h))) + DENSE_AFTER_H for one in inputs]
    edges = [np.unique(np.append(one.start_h, np.add(one.start_h, one.duration_h))) for one in inputs]
    dense = (np.arange(start, min(end, last) + step_h, step_h) for start, end in zip(starts, ends, strict=False))
    points = chain([times, np.arange(first, last, 10.0 * step_h)], dense, [edge for edge in edges if edge.size < 50])
    grid = np.unique(np.concatenate([*points]))
    kept = np.concatenate([[True], np.diff(grid) > 1e-9]) | np.isin(grid, times)
    grid = grid[kept]
    return np.asarray(grid[(grid >= first) & (grid <= last)], dtype=np.float64)


def list_warnings(driver: str, setting: Setting) -> list[Problem]:
    """Return what must be said of effects in this setting."""
    if setting.sampling_site == "arterial":
        return []
    text = (
        "The effect constants were measured against arterial blood; this model predicts "
        f"{setting.sampling_site} levels, which run lower while drug is going in. Effects may be too small."
    )
    return [build_warning("driver", "site-differs", driver, "a model of arterial levels", text)]


def _check(system: LinearSystem, driver: str, values: EffectValues | None, setting: Setting) -> None:
    problems = []
    known = _list_levels(system)
    named = {"driver": driver, "arketamine": setting.arketamine, "norketamine": setting.norketamine}
    for path, name in (named | {"arnorketamine": setting.arnorketamine}).items():
        if name is not None and name not in known:
            text = f"The system has no output {name!r}."
            problems.append(build_error(path, "unknown-name", name, ", ".join(known), text))
    if values is not None and system.n not in (1, values.n):
        text = f"There are effect values for {values.n} people and kinetics for {system.n}."
        problems.append(build_error("values", "shape", values.n, str(system.n), text))
    if setting.session_number < 1:
        text = "Sessions are counted from 1."
        problems.append(build_error("session_number", "out-of-range", setting.session_number, "1 or more", text))
    if not 0.0 < setting.driver_share <= 1.0:
        text = "The part of the driver that is S-ketamine lies above 0 and up to 1."
        problems.append(build_error("driver_share", "out-of-range", setting.driver_share, "above 0, up to 1", text))
    if problems:
        raise InvalidInput(problems)


def _multiply(one: ArrayLike, other: ArrayLike) -> FloatArray:
    return np.asarray(np.asarray(one, dtype=np.float64) * np.asarray(other, dtype=np.float64), dtype=np.float64)


def _tidy(value: FloatArray) -> Number:
    return float(value) if np.ndim(value) == 0 else np.asarray(value, dtype=np.float64)
