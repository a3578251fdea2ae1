"""Runs of the typical subject: one scenario of a published table, computed and read as a single figure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from afterglow.pharmacology._types import NG_PER_ML_PER_MG_PER_L, FloatArray
from afterglow.pharmacology.covariates import Person, build_covariates
from afterglow.pharmacology.interactions import combine_factors
from afterglow.pharmacology.linear import area_under, solve
from afterglow.pharmacology.models.catalogue import get_model
from afterglow.pharmacology.models.exposure import calculate_exposure, calculate_half_life
from afterglow.pharmacology.models.kinetics import Kinetics, build_kinetics
from afterglow.pharmacology.models.model import Model
from afterglow.pharmacology.population import build_typical
from afterglow.pharmacology.regimen import build_regimen, list_event_times

FindModel = Callable[[str], Model]

STEP_H = 0.25 / 60.0
DENSE_H = 6.0


@dataclass(frozen=True, slots=True)
class Run:
    """What is computed: model, drug, route, doses, the person, other drugs, and the hours looked at.

    `factors_from` takes the factors of the other drugs as found for that route, to see what they foretell for this
    one; `before` is a run whose levels are added; figures are read from `from_h` on.
    """

    model: str
    drug: str
    route: str
    doses: tuple[str, ...]
    until_h: float = 24.0
    weight_kg: float = 70.0
    age_years: float = 45.0
    ancestry: str | None = None
    interactions: tuple[str, ...] = ()
    factors_from: str = ""
    before: Mapping[str, Any] = field(default_factory=dict)
    from_h: float = 0.0
    is_venous: bool = False


@dataclass(frozen=True, slots=True)
class Curves:
    """Levels of one run in ng/mL, shape (n_times,) by analyte, areas to the end of the run and to infinity."""

    times_h: FloatArray
    levels: Mapping[str, FloatArray]
    areas: Mapping[str, float]
    total_areas: Mapping[str, float]
    kinetics: Kinetics
    from_h: float = 0.0

    def read(self, stat: str, analyte: str, at_min: float = 0.0) -> float:
        """Return one figure of an analyte: levels in ng/mL, areas in ng h/mL (`auc_min`: ng min/mL), times in min.

        Raises
        ------
        ValueError
            The statistic has another name.
        """
        match stat:
            case "cmax":
                return float(self._list_levels(analyte).max())
            case "tmax_min":
                return self._find_peak_h(analyte) * 60.0
            case "at":
                return float(np.interp(at_min / 60.0, self.times_h, self.levels[analyte]))
            case "auc":
                return self.areas[analyte]
            case "auc_min":
                return self.areas[analyte] * 60.0
            case "auc_inf":
                return self.total_areas[analyte]
            case "nk_ratio":
                return self.total_areas["norketamine"] / self.total_areas["ketamine"]
            case "tmax_last_min":
                last = max(dose.start_h for dose in self.kinetics.doses)
                return (self._find_peak_h(analyte) - last) * 60.0
            case "half_life_h":
                return float(calculate_half_life(self.kinetics, self.kinetics.analytes[analyte])[0])
            case _:
                raise ValueError(f"there is no statistic {stat!r}")

    def _list_levels(self, analyte: str) -> FloatArray:
        return self.levels[analyte][self.times_h >= self.from_h - 1e-9]

    def _find_peak_h(self, analyte: str) -> float:
        return float(self.times_h[self.times_h >= self.from_h - 1e-9][self._list_levels(analyte).argmax()])


def read_run(content: Mapping[str, Any]) -> Run:
    """Return the run that packaged data describes."""
    lists = {name: tuple(content[name]) for name in ("doses", "interactions") if name in content}
    return Run(**{**content, **lists})


def compute(run: Run, find_model: FindModel = get_model, *, with_levels: bool = True) -> Curves:
    """Return the curves of the typical subject; doses given before by another route add up, as the model is linear.

    Without levels only areas and half-lives can be read, which need no time course.
    """
    kinetics = prepare(run, find_model)
    if not with_levels:
        return Curves(np.zeros(0), {}, _find_areas(run, kinetics), _find_total_areas(kinetics), kinetics)
    times = _build_grid(run, kinetics)
    values = solve(kinetics.system, kinetics.inputs, times, engine="plain").values
    scale = NG_PER_ML_PER_MG_PER_L
    levels = {name: values[output][:, 0] * scale for name, output in kinetics.analytes.items()}
    if run.before:
        earlier = prepare(read_run({**_strip(run), **run.before}), find_model)
        added = solve(earlier.system, earlier.inputs, times, engine="plain").values
        levels = {name: level + added[earlier.analytes[name]][:, 0] * scale for name, level in levels.items()}
    return Curves(
        times_h=times,
        levels=levels,
        areas=_find_areas(run, kinetics),
        total_areas=_find_total_areas(kinetics),
        kinetics=kinetics,
        from_h=run.from_h,
    )


def prepare(run: Run, find_model: FindModel = get_model) -> Kinetics:
    """Return the linear system and the inputs of a run."""
    person = Person(weight_kg=run.weight_kg, age_years=run.age_years, ancestry=run.ancestry)
    covariates, _ = build_covariates(person)
    if run.interactions:
        liver, gut, _ = combine_factors(run.model, run.drug, run.factors_from or run.route, run.interactions)
        covariates = {**covariates, "liver": covariates["liver"] * liver, "gut": covariates["gut"] * gut}
    doses, _ = build_regimen(list(run.doses), drug=run.drug, route=run.route, weight_kg=run.weight_kg)
    return build_kinetics(
        find_model(run.model),
        build_typical(covariates),
        doses,
        drug=run.drug,
        route=run.route,
        is_venous=run.is_venous,
    )


def _find_areas(run: Run, kinetics: Kinetics) -> dict[str, float]:
    areas = area_under(kinetics.system, kinetics.inputs, run.until_h, engine="plain")
    return {name: float(areas[output][0]) * NG_PER_ML_PER_MG_PER_L for name, output in kinetics.analytes.items()}


def _find_total_areas(kinetics: Kinetics) -> dict[str, float]:
    total = calculate_exposure(kinetics)
    return {name: float(total[output][0]) * NG_PER_ML_PER_MG_PER_L for name, output in kinetics.analytes.items()}


def _strip(run: Run) -> dict[str, Any]:
    kept = ("model", "drug", "route", "doses", "until_h", "weight_kg", "age_years", "ancestry")
    return {name: getattr(run, name) for name in kept}


def _build_grid(run: Run, kinetics: Kinetics) -> FloatArray:
    """Return quarter minutes of the first hours after the last dose, every 6 minutes after them, and all edges."""
    events = list_event_times(kinetics.doses)
    dense = min(run.until_h, float(events.max()) + DENSE_H)
    points = [np.arange(0.0, dense + STEP_H / 2, STEP_H), np.arange(dense, run.until_h, 0.1), events, [run.until_h]]
    grid = np.unique(np.concatenate([np.asarray(some, dtype=np.float64) for some in points]).round(12))
    return np.asarray(grid[grid <= run.until_h + 1e-12], dtype=np.float64)
