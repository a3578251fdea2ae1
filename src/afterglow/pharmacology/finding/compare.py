"""Two options side by side in the same virtual people: curves with 90 % bands and rounded words; no conversion."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from afterglow.pharmacology._types import MINUTES_PER_HOUR, FloatArray
from afterglow.pharmacology.effects.parameters import load_endpoints
from afterglow.pharmacology.finding.basis import describe_basis
from afterglow.pharmacology.finding.cadss6 import SHARE_HIGH, SHARE_LOW, calculate_cadss6
from afterglow.pharmacology.finding.options import Option, calculate_amount_mg
from afterglow.pharmacology.finding.outlook import Outlook, Patient, People, draw_people, predict
from afterglow.pharmacology.finding.words import describe_band, describe_rise, describe_share, round_band, round_two
from afterglow.pharmacology.results import calculate_bands

CURVES = {
    "concentration_ng_per_ml": "ketamine_ng_per_ml",
    "cadss": "cadss",
    "cadss6": "cadss6",
    "systolic_rise_mmhg": "systolic_rise_mmhg",
    "diastolic_rise_mmhg": "diastolic_rise_mmhg",
}
# normal numbers of equal share, to fold a spread into a distribution without chance
_NORMAL = np.array([NormalDist().inv_cdf((place + 0.5) / 101) for place in range(101)])
SUPPORT_AT = 12.0  # CADSS-6 at which the chairside rules ask for support; the caller may bring another


@dataclass(frozen=True, slots=True)
class Row:
    """What the table says of one option; `values` holds the rounded numbers behind the words."""

    words: Mapping[str, str]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Side:
    """One option: its curves at the shared times (rounded to two figures), its row of words, its basis."""

    key: str
    option: Option
    label: str
    dose_mg: float
    curves: Mapping[str, Mapping[str, list[float]]]
    row: Row
    basis: Mapping[str, Any]
    problems: tuple[Any, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "key": self.key,
            "label": self.label,
            "drug": self.option.drug,
            "route": self.option.route,
            "dose_mg": float(f"{self.dose_mg:.6g}"),
            "curves": {name: dict(band) for name, band in self.curves.items()},
            "words": dict(self.row.words),
            "values": dict(self.row.values),
            "basis": dict(self.basis),
            "problems": [problem.to_json() for problem in self.problems],
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides over the same times; `notes` says what must not be read into them."""

    time_min: tuple[float, ...]
    sides: tuple[Side, Side]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "time_min": list(self.time_min),
            "options": [side.to_json() for side in self.sides],
            "notes": list(self.notes),
            "ribbon": "90 of 100 people like this patient. Predicted, not measured.",
        }


def compare(
    option_a: Option,
    option_b: Option,
    patient: Patient,
    *,
    people: People | None = None,
    until_min: float = 150.0,
    step_min: float = 2.5,
    support_at: float = SUPPORT_AT,
) -> Comparison:
    """Return two options side by side; they may differ in route, and neither is made from the other.

    Parameters
    ----------
    option_a, option_b : Option
    patient : Patient
    people : People, optional
        From `draw_people`; the same people take both options.
    until_min, step_min : float, min
    support_at : float
        CADSS-6 whose reaching is told in words.

    Raises
    ------
    InvalidInput
        An option cannot be computed for this patient.
    """
    people = people or draw_people()
    found = [predict(one, patient, people, until_min=until_min, step_min=step_min) for one in (option_a, option_b)]
    minutes = list_minutes(until_min, step_min)
    sides = [
        build_side(key, outlook, patient, minutes, support_at) for key, outlook in zip(("A", "B"), found, strict=True)
    ]
    return Comparison(tuple(minutes.tolist()), (sides[0], sides[1]), _list_notes(found))


def list_minutes(until_min: float, step_min: float) -> FloatArray:
    """Return the evenly spaced minutes of a chart, from 0."""
    return np.asarray(np.arange(int(until_min / step_min + 1e-9) + 1) * step_min, dtype=np.float64)


def build_side(key: str, outlook: Outlook, patient: Patient, minutes: FloatArray, support_at: float) -> Side:
    """Return one option's curves, words and basis."""
    return Side(
        key=key,
        option=outlook.option,
        label=outlook.option.label or describe_option(outlook.option),
        dose_mg=calculate_amount_mg(outlook.option, patient.weight_kg),
        curves=build_curves(outlook, minutes),
        row=build_row(outlook, support_at),
        basis=describe_basis(outlook),
        problems=outlook.problems,
    )


def build_curves(outlook: Outlook, minutes: FloatArray) -> dict[str, dict[str, list[float]]]:
    """Return 5th, 50th and 95th percentile of each course at the asked minutes, two figures each."""
    rows = np.searchsorted(outlook.times_h, minutes / MINUTES_PER_HOUR - 1e-9)
    curves = {}
    for name, attribute in CURVES.items():
        bands = calculate_bands(getattr(outlook, attribute)[rows], outlook.weights)
        curves[name] = {level: [round_two(value) for value in band.tolist()] for level, band in bands.items()}
    return curves


def build_row(outlook: Outlook, support_at: float) -> Row:
    """Return the table's words and the rounded numbers behind them; bands and upper ends, no point values."""
    peak = _get_peaks(outlook, "ketamine_ng_per_ml")
    cadss, cadss6 = _get_peaks(outlook, "cadss"), _get_peaks(outlook, "cadss6")
    high = [_get_highest_reading(outlook, name) for name in ("systolic", "diastolic")]
    top = outlook.cadss.max(axis=0)
    shares = [
        float(np.sum(outlook.weights[calculate_cadss6(top, share) >= support_at]) / np.sum(outlook.weights))
        for share in (SHARE_LOW, SHARE_HIGH)
    ]
    share = float(np.sum(outlook.weights[calculate_cadss6(top) >= support_at]) / np.sum(outlook.weights))
    words = {
        "peak": describe_band(peak[0], peak[2]),
        "cadss6_reaches": f"{describe_share(share)} of similar people",
        "cadss6_range": f"{describe_share(shares[0])} to {describe_share(shares[1])}",
        "cadss_peak": describe_band(cadss[0], cadss[2]),
        "bp_rise": describe_rise(high[0], high[1]),
    }
    values = {
        "peak_ng_per_ml": list(round_band(peak[0], peak[2])),
        "support_at": support_at,
        "cadss6_share": round_two(share),
        "cadss6_share_range": [round_two(one) for one in shares],
        "cadss_peak": list(round_band(cadss[0], cadss[2])),
        "cadss6_peak": list(round_band(cadss6[0], cadss6[2])),
        "bp_rise_p95_mmhg": [round_two(one) for one in high],
    }
    return Row(words, values)


def describe_option(option: Option) -> str:
    """Return an option in a few words: `0.50 mg/kg, 40 min`."""
    if option.devices is not None:
        text = f"{option.devices} \u00d7 28 mg"
    elif option.dose_mg is not None:
        text = f"{option.dose_mg:g} mg"
    else:
        text = f"{option.dose_mg_per_kg:.2f} mg/kg"
    return text if option.duration_min is None else f"{text}, {option.duration_min:g} min"


def _get_peaks(outlook: Outlook, name: str) -> tuple[float, float, float]:
    """Return the 5th, 50th and 95th percentile of the people's own peaks."""
    bands = calculate_bands(outlook.get_courses(name).max(axis=0)[None, :], outlook.weights)
    return float(bands["p5"][0]), float(bands["p50"][0]), float(bands["p95"][0])


def _get_highest_reading(outlook: Outlook, name: str) -> float:
    """Return the 95th percentile of the highest cuff reading's rise, mmHg: the people's peaks and what comes on top.

    A normal excess over each person's own peak (circulation.toml, grade D) stands for reading error, occasions and
    the trials' higher peaks; it is no part of the curves.
    """
    own = load_endpoints()["circulation"].parameters
    excess, spread = own[f"{name}_peak_excess"].value, own[f"{name}_peak_sd"].value
    peaks = getattr(outlook, f"{name}_rise_mmhg").max(axis=0)
    values = peaks[:, None] + excess + spread * _NORMAL[None, :]
    weights = np.repeat(outlook.weights, _NORMAL.size) / (_NORMAL.size * outlook.weights.sum())
    return float(calculate_bands(values.reshape(1, -1), weights)["p95"][0])


def _list_notes(found: list[Outlook]) -> tuple[str, ...]:
    notes = []
    first, second = (one.option for one in found)
    if (first.drug, first.route) != (second.drug, second.route):
        notes.append("Two drugs or routes are shown beside each other; neither dose is the other's equivalent.")
    sites = [one.kinetics.sampling_site for one in found]
    if sites[0] != sites[1]:
        text = f"Levels of A are {sites[0]}, of B {sites[1]}: they differ by that alone while drug goes in."
        notes.append(text)
    if found[0].kinetics.model.id != found[1].kinetics.model.id:
        notes.append("A and B come from different published models; small differences mean nothing.")
    return tuple(notes)
