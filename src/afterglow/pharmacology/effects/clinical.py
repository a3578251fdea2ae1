"""Published clinical figures beside what the effect models predict, each with its pass band; misses stay in."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.covariates import Person, build_covariates
from afterglow.pharmacology.effects.calculate import EffectSeries, Setting, calculate_effects
from afterglow.pharmacology.effects.parameters import draw_values, load_endpoints
from afterglow.pharmacology.effects.static import calculate_sigmoid, calculate_tolerance
from afterglow.pharmacology.models.catalogue import get_model
from afterglow.pharmacology.models.kinetics import build_kinetics
from afterglow.pharmacology.population import build_typical
from afterglow.pharmacology.regimen import build_regimen
from afterglow.terms import Citation, Grade

REGIMENS = {
    "iv_racemic": ("kamp-2020", "racemic", "iv", ("0.5mg/kg@0min/40min",)),
    "nasal_56": ("perez-ruixo-2021", "esketamine", "intranasal", ("56mg@0min",)),
    "nasal_84": ("perez-ruixo-2021", "esketamine", "intranasal", ("84mg@0min",)),
}
MINUTES = np.arange(0.0, 181.0)
READ_AT_MIN = (40, 60, 90)
INDUCTION_SESSIONS = 8
SAMPLING_REACH, BATCHES = 3.0, 20


@dataclass(frozen=True, slots=True)
class ClinicalRow:
    """One published figure: what was measured after which dose, the printed range, and the band that passes."""

    id: str
    regimen: str
    effect: str
    stat: str
    low: float
    high: float
    band: tuple[float, float]
    citation: Citation
    at_min: float | None = None
    session: int = 1
    note: str = ""
    known_miss: str = ""


@dataclass(frozen=True, slots=True)
class ClinicalCheck:
    """A row with what the models predict for it, and the standard error of that from the number of people alone."""

    row: ClinicalRow
    predicted: float
    sampling_error: float = 0.0

    @property
    def band(self) -> tuple[float, float]:
        """The pass band, widened by three standard errors of so few virtual people.

        Narrowed by as much where a miss is known, so that chance takes no stated reason back.
        """
        low, high = self.row.band
        reach = SAMPLING_REACH * self.sampling_error
        if self.row.known_miss:
            reach = -min(reach, 0.49 * (high - low))
        return low - reach, high + reach

    @property
    def is_met(self) -> bool:
        """Whether the prediction lies in the pass band, its ends included."""
        return self.band[0] <= self.predicted <= self.band[1]


@cache
def load_clinical_rows() -> tuple[ClinicalRow, ...]:
    """Return every published figure in the order of the data."""
    text = files("afterglow.pharmacology.effects").joinpath("data", "clinical.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    rows = []
    for row in content["row"]:
        widening = float(content["widening"][row["grade"]])
        band = (row["low"] - widening * abs(row["low"]), row["high"] + widening * abs(row["high"]))
        citation = Citation(row["source"], row["locator"], Grade(row["grade"]))
        kept = {key: value for key, value in row.items() if key not in ("source", "locator", "grade")}
        rows.append(ClinicalRow(**kept, band=band, citation=citation))
    return tuple(rows)


def simulate_clinical_series(n: int, generator: np.random.Generator) -> dict[str, EffectSeries]:
    """Return minute by minute effects of each regimen for `n` people: typical kinetics, effects that differ."""
    series = {}
    for key, (model_id, drug, route, specs) in REGIMENS.items():
        model = get_model(model_id)
        doses, _ = build_regimen(specs, drug=drug, route=route, weight_kg=70.0)
        covariates, _ = build_covariates(Person(weight_kg=70.0, age_years=40.0))
        kinetics = build_kinetics(model, build_typical(covariates), doses, drug=drug, route=route)
        setting = Setting(sampling_site=model.sampling_site, arketamine=kinetics.arketamine)
        series[key] = calculate_effects(
            kinetics.system, kinetics.inputs, MINUTES / 60.0,
            driver=kinetics.esketamine, values=draw_values(n, generator), setting=setting,
        )  # fmt: skip
    return series


def compare_clinical(n: int, generator: np.random.Generator) -> tuple[ClinicalCheck, ...]:
    """Return every published figure with its prediction, from `n` people per regimen."""
    series = simulate_clinical_series(n, generator)
    return tuple(_check(row, series, generator) for row in load_clinical_rows())


def _check(row: ClinicalRow, series: Mapping[str, EffectSeries], generator: np.random.Generator) -> ClinicalCheck:
    if row.stat == "at_racemic_200":
        own = load_endpoints()["drug_high"].parameters
        return ClinicalCheck(row, float(calculate_sigmoid(100.0, own["c50_ng_per_ml"].value, own["steepness"].value)))
    found = series[row.regimen]
    if row.stat == "crossing_percent":
        percent = _predict_crossing(found, generator)
        return ClinicalCheck(row, percent, float(np.sqrt(percent * (100.0 - percent) / found.values.n)))
    values = _get_values(row, found)
    return ClinicalCheck(row, _summarise(row, values), _find_sampling_error(row, values))


def _find_sampling_error(row: ClinicalRow, values: FloatArray) -> float:
    """Return the standard error of a statistic over people, from that of equal batches of them."""
    if values.shape[1] < 2 * BATCHES:
        return 0.0
    found = [_summarise(row, batch) for batch in np.array_split(values, BATCHES, axis=1)]
    return float(np.std(found, ddof=1) / np.sqrt(BATCHES))


def _summarise(row: ClinicalRow, values: FloatArray) -> float:
    """Return the statistic of a row over people (n_times, n)."""
    at = 0 if row.at_min is None else int(row.at_min)
    mean = values.mean(axis=1)
    match row.stat:
        case "mean_at":
            return float(mean[at])
        case "peak_time_min":
            return float(MINUTES[mean.argmax()])
        case "share_of_peak":
            return float(mean[at] / mean.max())
        case "peak_of_mean":
            return float(mean.max())
        case "peak_of_mean_percent":
            return float(100.0 * mean.max())
        case "mean_of_peaks":
            return float(values.max(axis=0).mean())
        case "peak_above_4_percent":
            return float(100.0 * np.mean(values.max(axis=0) > 4.0))
        case _:
            raise ValueError(f"row {row.id} asks for the unknown statistic {row.stat!r}")


def _get_values(row: ClinicalRow, found: EffectSeries) -> FloatArray:
    if row.effect == "racemic_ng_per_ml":
        return 2.0 * found.s_ketamine_ng_per_ml
    values = np.asarray(getattr(found, row.effect), dtype=np.float64)
    if row.effect == "dissociation_cadss":
        own = load_endpoints()["dissociation"].parameters
        values = values * calculate_tolerance(row.session, own["tolerance_factor"].value, own["tolerance_floor"].value)
    return values


def _predict_crossing(found: EffectSeries, generator: np.random.Generator) -> float:
    """Return the percent of people with a reading 40 systolic or 25 diastolic above the one before the dose."""
    own = load_endpoints()["circulation"].parameters
    shape = (INDUCTION_SESSIONS, len(READ_AT_MIN), found.systolic_rise_mmhg.shape[1])
    crossed = np.zeros(shape[2], dtype=bool)
    for effect, name, limit in (
        (found.systolic_rise_mmhg, "systolic_reading_sd", 40.0),
        (found.diastolic_rise_mmhg, "diastolic_reading_sd", 25.0),
    ):
        spread = own[name].value
        before = spread * generator.standard_normal((shape[0], 1, shape[2]))
        after = effect[list(READ_AT_MIN)][None] + spread * generator.standard_normal(shape)
        crossed |= np.any(after - before >= limit, axis=(0, 1))
    return float(100.0 * crossed.mean())
