"""What the drug does within hours beside printed figures: at a steady level, over a session, and what is left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from afterglow.pharmacology.effects import (
    calculate_occupancy,
    calculate_pain_change_cm,
    calculate_pain_relief,
    calculate_sigmoid,
    load_endpoints,
)
from afterglow.pharmacology.effects.clinical import ClinicalRow, compare_clinical
from afterglow.pharmacology.report.published import build_row, load_content, read_citation
from afterglow.pharmacology.report.rows import Kind, Row, RowTable
from afterglow.terms import Citation

SESSION_TITLES = {
    "nasal_56": "nasal esketamine 56 mg",
    "nasal_84": "nasal esketamine 84 mg",
    "iv_racemic": "racemate 0.5 mg/kg over 40 min",
    "steady": "steady level",
}


@dataclass(frozen=True, slots=True)
class NotModelled:
    """A printed figure that the engine does not predict, and why."""

    id: str
    title: str
    citation: Citation
    reason: str


def compare_static() -> RowTable:
    """Return what the effect functions give at one level, beside what papers print."""
    table = load_content("static")["table"][0]
    rows = tuple(
        build_row(table["id"], {"what": "at that level", **line}, _STATIC[line["of"]](line["at"]))
        for line in table["lines"]
    )
    return RowTable(table["id"], table["title"], table["text"], rows)


def compare_sessions(n: int, seed: int) -> RowTable:
    """Return the clinical figures of a session beside what the effect models predict for `n` people."""
    rows = []
    for check in compare_clinical(n, np.random.default_rng(seed)):
        row = check.row
        rows.append(
            Row(
                id=f"sessions.{row.id}",
                title=f"{SESSION_TITLES.get(row.regimen, row.regimen)}: {row.citation.locator}",
                what=_name(row),
                unit=_UNITS.get(row.stat, _UNITS.get(row.effect, "1")),
                kind=Kind.CALIBRATED if "no test" in row.note else Kind.OBSERVATION,
                low=row.low,
                high=row.high,
                band=check.band,
                engine=check.predicted,
                citation=row.citation,
                miss=row.known_miss,
                note=row.note,
            )
        )
    text = (
        f"{n} virtual people, seed {seed}. The band is the printed range widened by 10 % for grade A, 25 % for B and "
        "50 % for C, and by three standard errors of so many virtual people (narrowed by them where a miss is known). "
        "The size and the speed of the pressure response were chosen on these rows together, so they show how well one "
        "set of numbers can serve spray and infusion, not how well it foretells."
    )
    return RowTable("sessions", "Effects over a session", text, tuple(rows))


def list_not_modelled() -> tuple[NotModelled, ...]:
    """Return the printed figures that nothing here predicts."""
    return tuple(
        NotModelled(row["id"], row["title"], read_citation(row), row["reason"])
        for row in load_content("static")["left_out"]
    )


_UNITS = {
    "peak_time_min": "min",
    "share_of_peak": "1",
    "crossing_percent": "%",
    "peak_above_4_percent": "%",
    "peak_of_mean_percent": "%",
    "at_racemic_200": "1",
    "systolic_rise_mmhg": "mmHg",
    "diastolic_rise_mmhg": "mmHg",
    "heart_rate_rise_per_min": "/min",
    "dissociation_cadss": "points",
    "racemic_ng_per_ml": "ng/mL",
}


_EFFECTS = {
    "systolic_rise_mmhg": "systolic rise",
    "diastolic_rise_mmhg": "diastolic rise",
    "heart_rate_rise_per_min": "rise of heart rate",
    "dissociation_cadss": "CADSS",
    "sedation_probability": "sedation",
    "racemic_ng_per_ml": "level of racemate",
    "drug_high_share": "drug high, share of the scale",
    "threshold": "people past +40 systolic or +25 diastolic",
}
_STATS = {
    "peak_time_min": "time of the mean's peak",
    "share_of_peak": "share of the peak",
    "peak_of_mean": "peak of the mean",
    "mean_of_peaks": "mean of the peaks",
    "mean_at": "mean",
    "peak_above_4_percent": "people above 4 at some time",
    "peak_of_mean_percent": "peak of the mean",
    "at_racemic_200": "at 200 ng/mL of racemate",
    "crossing_percent": "at any of three readings in eight sessions",
}


def _name(row: ClinicalRow) -> str:
    """Return what a row compares, in words."""
    words = f"{_EFFECTS.get(row.effect, row.effect)}, {_STATS.get(row.stat, row.stat)}"
    return words if row.at_min is None else f"{words} at {row.at_min:g} min"


def _value(endpoint: str, name: str) -> float:
    return load_endpoints()[endpoint].parameters[name].value


def _share(endpoint: str, level: float) -> float:
    return float(calculate_sigmoid(level, _value(endpoint, "c50_ng_per_ml"), _value(endpoint, "steepness")))


def _find_linearity(levels: Sequence[float]) -> float:
    """Return the correlation of the drug high with the racemate's level, the S half of it driving."""
    own = [_share("drug_high", level / 2.0) for level in levels]
    return float(np.corrcoef(levels, own)[0, 1])


_STATIC: dict[str, Callable[[Sequence[float]], float]] = {
    "dissociation_share": lambda at: _share("dissociation", at[0]),
    "dissociation_of_r": lambda at: _share("dissociation", at[0] * _value("dissociation", "r_ketamine_weight")),
    "dissociation_half_life_min": lambda _: _value("effect_site", "dissociation_half_life_min"),
    "high_share": lambda at: _share("drug_high", at[0]),
    "high_linearity": _find_linearity,
    "pain_pressure": lambda at: float(calculate_pain_relief(at[0], "pressure")),
    "pain_electrical": lambda at: float(calculate_pain_relief(at[0], "electrical")),
    "heat_over_electrical": lambda _: (
        _value("analgesia", "electrical_c50_ng_per_ml") / _value("analgesia", "heat_c50_ng_per_ml")
    ),
    "pain_change_cm": lambda at: float(calculate_pain_change_cm(at[0])),
    "norketamine_change_cm": lambda at: float(calculate_pain_change_cm(0.0, at[0], 1.0)),
    "occupancy_racemate": lambda at: float(calculate_occupancy(at[0] / 2.0, at[0] / 2.0)),
    "occupancy_s": lambda at: float(calculate_occupancy(at[0])),
}
