"""The published rows the mechanism is held against, what it predicts for each, and whether that is near enough."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.mechanism import summaries
from afterglow.pharmacology.mechanism.parameters import Population
from afterglow.pharmacology.mechanism.studies import Arm, ArmRun, StudyEffect, simulate_arm
from afterglow.terms import Citation, Grade

NEAR = 2.0
FAR = 4.0


@dataclass(frozen=True, slots=True)
class Row:
    """One printed number: which arm, which statistic, its value and how well it is known."""

    id: str
    arm: str
    stat: str
    day: float
    value: float
    standard_error: float
    citation: Citation
    n: int
    comparator: str
    time: str
    se_basis: str
    low: float | None = None
    high: float | None = None
    studies: int = 1
    note: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A row with what the fitted model predicts: `z` in combined standard errors, study effects included.

    `left_out_z` is the same had the row's whole study been left out of the fit, by one linear step.
    """

    id: str
    study: str
    arm: str
    scale: str
    stat: str
    time: str
    n: int
    comparator: str
    value: float
    low: float | None
    high: float | None
    standard_error: float
    combined_error: float
    predicted: float
    z: float
    left_out_z: float
    citation: Citation
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the prediction lies within two combined standard errors."""
        return abs(self.z) <= NEAR

    @property
    def is_far(self) -> bool:
        """Whether it lies beyond four, which the model must not do."""
        return abs(self.z) > FAR


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A study of the calibration data that the mechanism is not held against, and why."""

    study: str
    citation: Citation
    reason: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A printed difference in mean change between two arms that the fit did not use, and why the engine's differs."""

    id: str
    study: str
    arm: str
    control: str
    day: float
    value: float
    citation: Citation
    reason: str
    standard_error: float | None = None


_CORE = {field_.name for field_ in Row.__dataclass_fields__.values()} - {"options", "citation"}


@cache
def load_arms() -> Mapping[str, Arm]:
    """Return every arm by id."""
    arms = {}
    for row in _load("targets.toml")["arm"]:
        kept = {key: value for key, value in row.items() if key != "note"}
        arms[row["id"]] = Arm(**(kept | {"days": tuple(row["days"]), "regimens": tuple(row["regimens"])}))
    return arms


@cache
def load_rows() -> tuple[Row, ...]:
    """Return every row in the order of the data."""
    rows = []
    for row in _load("targets.toml")["target"]:
        core = {key: value for key, value in row.items() if key in _CORE}
        rest = {key: value for key, value in row.items() if key not in _CORE | {"source", "locator", "grade", "sd"}}
        citation = Citation(row["source"], row["locator"], Grade(row["grade"]))
        rows.append(Row(**core, citation=citation, options=rest))
    return tuple(rows)


@cache
def list_left_out() -> tuple[LeftOut, ...]:
    """Return what is not held against the model, each with its reason."""
    rows = _load("targets.toml")["left_out"]
    grade = Grade.A
    return tuple(LeftOut(row["study"], Citation(row["source"], row["locator"], grade), row["reason"]) for row in rows)


@cache
def list_shown() -> tuple[Shown, ...]:
    """Return the printed differences that are shown beside the fit but were not fitted."""
    found = []
    for row in _load("targets.toml")["shown"]:
        kept = {key: value for key, value in row.items() if key not in ("source", "locator", "grade")}
        found.append(Shown(**kept, citation=Citation(row["source"], row["locator"], Grade(row["grade"]))))
    return tuple(found)


@cache
def list_targets() -> tuple[Target, ...]:
    """Return every row with the prediction that the fit wrote down for it."""
    written = {row["id"]: row for row in _load("residuals.toml")["residual"]}
    arms = load_arms()
    return tuple(
        Target(
            id=row.id,
            study=arms[row.arm].study,
            arm=row.arm,
            scale=arms[row.arm].scale,
            stat=row.stat,
            time=row.time,
            n=row.n,
            comparator=row.comparator,
            value=row.value,
            low=row.low,
            high=row.high,
            standard_error=row.standard_error,
            combined_error=float(written[row.id]["combined_error"]),
            predicted=float(written[row.id]["predicted"]),
            z=float(written[row.id]["z"]),
            left_out_z=float(written[row.id]["left_out_z"]),
            citation=row.citation,
            note=row.note,
        )
        for row in load_rows()
    )


def list_visits(arm: str, rows: tuple[Row, ...] | None = None) -> FloatArray:
    """Return the days on which an arm must be rated so that each of its rows can be computed; 0 comes first."""
    days = {0.0}
    for row in rows or load_rows():
        if arm not in (row.arm, row.options.get("control")):
            continue
        days |= {row.day, *row.options.get("visits", ())}
        days |= {float(row.options["later"])} if "later" in row.options else set()
        if "until" in row.options:
            step = float(row.options["step"])
            days |= {row.day + step * k for k in range(1, int((row.options["until"] - row.day) / step) + 1)}
        if str(row.options.get("select", "")).startswith("stable"):
            days |= {row.day - 7.0 * k for k in range(4)}
    return np.asarray(sorted(days), dtype=np.float64)


def predict_rows(
    population: Population,
    n: int,
    seed: int,
    *,
    effect: StudyEffect | None = None,
    width: float = summaries.HARD,
    rows: tuple[Row, ...] | None = None,
) -> FloatArray:
    """Return what the model predicts for each row, shape (n_rows,), for `n` virtual people per arm.

    `seed` and the arm's place in the data give each arm its own people; `width` softens thresholds in points.
    """
    rows = load_rows() if rows is None else rows
    runs: dict[str, ArmRun] = {}
    places = {key: place for place, key in enumerate(load_arms())}
    for row in rows:
        for key in {row.arm, row.options.get("control", row.arm)} - set(runs):
            visits = list_visits(key)
            runs[key] = simulate_arm(load_arms()[key], visits, population, n, seed + 1000 * places[key], effect)
    return np.asarray([predict_row(row, runs, width) for row in rows], dtype=np.float64)


def predict_difference(shown: Shown, population: Population, n: int, seed: int) -> float:
    """Return the difference in mean change between the two arms, for `n` virtual people in each."""
    means = []
    places = {key: place for place, key in enumerate(load_arms())}
    for key in (shown.arm, shown.control):
        run = simulate_arm(load_arms()[key], np.array([0.0, shown.day]), population, n, seed + 1000 * places[key])
        means.append(summaries.calculate_mean_change(run, shown.day))
    return means[0] - means[1]


def predict_row(row: Row, runs: Mapping[str, ArmRun], width: float = summaries.HARD) -> float:
    """Return the statistic of one row from the runs of its arms."""
    run, options = runs[row.arm], row.options
    match row.stat:
        case "mean_change":
            return summaries.calculate_mean_change(run, row.day)
        case "sd_change":
            return summaries.calculate_sd_change(run, row.day)
        case "response":
            return summaries.calculate_response(run, row.day, width)
        case "remission":
            return summaries.calculate_remission(run, row.day, options["threshold"], width)
        case "worsened":
            return summaries.calculate_worsened(run, row.day, options["by_points"], width)
        case "ever_response" | "ever_remission":
            return summaries.calculate_ever(run, row.day, options.get("threshold"), width)
        case "cohen_d":
            return summaries.calculate_cohen_d(run, row.day)
        case "difference_d":
            return summaries.calculate_difference_d(run, runs[options["control"]], row.day)
        case "correlation":
            return summaries.calculate_correlation(run, row.day, options["later"])
        case "sensitivity" | "specificity":
            pair = summaries.calculate_prediction(run, row.day, options["later"], width)
            return pair[row.stat == "specificity"]
        case "median_infusions":
            return summaries.calculate_median_infusions(run, tuple(options["visits"]), width)
        case _:
            return _predict_later(row, runs, width)


def _predict_later(row: Row, runs: Mapping[str, ArmRun], width: float) -> float:
    run = runs[row.arm]
    if row.stat == "maintenance_change":
        weights = summaries.has_responded(run, row.day, width)
        return float(np.average(run.at(row.options["later"]) - run.at(row.day), weights=weights))
    survival = _follow(row, run, width)
    match row.stat:
        case "median_relapse_days":
            return survival.median_days
        case "well_at":
            return survival.well_at(row.options["at"])
        case "relapsed":
            return survival.relapsed_percent
        case "log_hazard_ratio":
            other = _follow(row, runs[row.options["control"]], width)
            return float(np.log(max(survival.events_per_day, 1e-9) / max(other.events_per_day, 1e-9)))
        case _:
            raise ValueError(f"row {row.id} asks for the unknown statistic {row.stat!r}")


def _follow(row: Row, run: ArmRun, width: float) -> summaries.Survival:
    absolute = row.options.get("absolute")
    selected = _select(str(row.options["select"]), run, row.day, width)
    return summaries.follow_relapse(
        run, selected, row.day, absolute=absolute, in_a_row=row.options["in_a_row"], width=width
    )


def _select(kind: str, run: ArmRun, day: float, width: float) -> FloatArray:
    """Return each person's weight: responders, or stable remitters (three of four weekly visits at 12 or less)."""
    if kind == "responders":
        return summaries.has_responded(run, day, width)
    visits = [day - 7.0 * k for k in range(4)]
    flags = np.stack([summaries.at_most(run.at(visit), 12.0, width) for visit in visits])
    three = np.prod(flags, axis=0) + sum(
        (1.0 - flags[k]) * np.prod(np.delete(flags, k, axis=0), axis=0) for k in range(len(visits))
    )
    if kind == "stable_remitters":
        return np.asarray(three, dtype=np.float64)
    both = summaries.has_responded(run, day, width) * summaries.has_responded(run, day - 7.0, width)
    return np.asarray(both * (1.0 - three), dtype=np.float64)


def _load(name: str) -> dict[str, Any]:
    folder = files("afterglow.pharmacology.mechanism")
    return tomllib.loads(folder.joinpath("data", name).read_text(encoding="utf-8"))
