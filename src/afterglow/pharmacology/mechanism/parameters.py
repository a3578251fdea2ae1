"""The numbers of the mechanism: the chain as fitted in the fact sheet, and the population fitted on published rows.

`chain.toml` holds the constants of the chain, `population.toml` what `tools/fit_mechanism.py` wrote.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from afterglow.pharmacology._values import check_overrides
from afterglow.terms import Citation, Grade


@dataclass(frozen=True, slots=True)
class MechanismParameter:
    """One number: value, unit, where it was free to move in the fit, source and grade."""

    name: str
    value: float
    unit: str
    citation: Citation
    is_fitted: bool = False
    standard_error: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Population:
    """Everything that turns a level at the effect site into a symptom score of many people.

    Fractions are shares of the score at the start (0.3 = 30 % better). Fitted values; see `population.toml` for
    each number's meaning.
    """

    ec50_ng_per_ml: float = 27.5
    glutamate_half_life_h: float = 0.75
    trophic_half_life_h: float = 4.2
    formed_per_h: float = 0.237
    trophic_weight: float = 7.1
    pool_half_life_d: float = 3.4
    pool_half_life_omega: float = 0.6
    consolidated_per_d: float = 0.01
    consolidated_half_life_d: float = 120.0
    sensitivity: float = 1.0
    sensitivity_omega: float = 1.2
    drug_ceiling: float = 0.7
    shared_response: float = 0.3
    placebo_crossover: float = 0.0
    placebo_inert: float = 0.15
    placebo_active: float = 0.28
    placebo_open: float = 0.25
    placebo_sd: float = 0.2
    crossover_sd_share: float = 0.4
    waning_half_life_d: float = 240.0
    first_hours_relief: float = 0.1
    first_hours_half_life_h: float = 6.0
    antidepressant_logit: float = -0.7
    antidepressant_logit_sd: float = 2.0
    antidepressant_time_d: float = 14.0
    drift_sd: float = 4.0
    drift_time_d: float = 60.0
    reading_sd: float = 2.0
    self_rating_share: float = 0.85
    self_rating_sd: float = 0.12
    assessment_slope: float = 2.0
    study_sd: float = 0.08
    study_drug_sd: float = 0.3

    @property
    def pool_rate_per_h(self) -> float:
        """Loss of new synapses in the median person, per hour."""
        return float(np.log(2) / (24.0 * self.pool_half_life_d))


CHAIN_NAMES = (
    "ec50_ng_per_ml", "glutamate_half_life_h", "trophic_half_life_h", "formed_per_h", "trophic_weight",
    "pool_half_life_d",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """The parameters of one file by name, with the file's own words about itself."""

    title: str
    parameters: Mapping[str, MechanismParameter]
    known_failures: tuple[str, ...] = ()
    fit: Mapping[str, Any] = field(default_factory=dict)


@cache
def load_chain() -> ParameterSet:
    """Return the chain as the fact sheet fitted it (grade D), before any population was put on it."""
    return _read("chain.toml")


@cache
def load_population_parameters() -> ParameterSet:
    """Return the fitted population parameters with their citations."""
    return _read("population.toml")


def load_population(overrides: Mapping[str, float] | None = None) -> Population:
    """Return the fitted population, with single numbers replaced by name.

    Raises
    ------
    InvalidInput
        An override names no parameter, or is not a finite number.
    """
    known = {item.name for item in fields(Population)}
    given = check_overrides(overrides or {}, known, "parameter of the mechanism")
    fitted = {name: item.value for name, item in load_population_parameters().parameters.items() if name in known}
    return replace(Population(), **(fitted | given))


def _read(name: str) -> ParameterSet:
    text = files("afterglow.pharmacology.mechanism").joinpath("data", name).read_text(encoding="utf-8")
    content = tomllib.loads(text)
    rows = [_read_parameter(row) for row in content["parameter"]]
    failures = tuple(content.get("known_failures", ()))
    return ParameterSet(content["title"], {row.name: row for row in rows}, failures, content.get("fit", {}))


def _read_parameter(row: dict[str, Any]) -> MechanismParameter:
    citation = Citation(row["source"], row["locator"], Grade(row["grade"]))
    kept = {key: row[key] for key in ("is_fitted", "standard_error", "note") if key in row}
    return MechanismParameter(row["name"], float(row["value"]), row["unit"], citation, **kept)
