"""Measures of a probability forecast: CRPS, absolute error, coverage, reliability; each with how many it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from afterglow.outcomes.forecast._types import FloatArray
from afterglow.terms.shares import calculate_wilson


@dataclass(frozen=True, slots=True)
class Scored:
    """One forecast held against what was seen: CRPS, absolute error, whether the bands held it, its rank."""

    patient: str
    crps: float
    error: float
    is_in_50: bool
    is_in_90: bool
    rank: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Means over forecasts; the intervals of the coverages count patients, not forecasts."""

    name: str
    n: int
    patients: int
    crps: float
    mae: float
    coverage_50: float
    coverage_90: float
    interval_90: tuple[float, float]


def calculate_crps(sample: FloatArray, seen: float) -> float:
    """Return the continuous ranked probability score of an equally weighted sample, in points; lower is better.

    Notes
    -----
    mean |x - y| - (1/2) mean |x - x'| [1]_, the second term from the sorted sample.

    References
    ----------
    .. [1] Gneiting T, Raftery AE, J Am Stat Assoc 102 (2007) 359, equation 21.
    """
    ordered = np.sort(np.asarray(sample, dtype=np.float64))
    n = ordered.size
    places = np.arange(1, n + 1)
    spread = float(np.sum((2 * places - n - 1) * ordered)) / n**2
    return float(np.mean(np.abs(ordered - seen))) - spread


def score_forecast(patient: str, sample: FloatArray, quantiles: FloatArray, seen: float) -> Scored:
    """Return how one forecast did; `quantiles` (5,) are those shown, calibrated or not.

    Bands include their ends; nothing is added for scores being whole points.
    """
    low, inner_low, middle, inner_high, high = quantiles
    return Scored(
        patient,
        calculate_crps(sample, seen),
        abs(float(middle) - seen),
        bool(inner_low <= seen <= inner_high),
        bool(low <= seen <= high),
        float(np.mean(sample < seen) + 0.5 * np.mean(sample == seen)),
    )


def summarise(name: str, scored: Sequence[Scored]) -> Summary:
    """Return the means over forecasts, each patient with the same vote."""
    people = sorted({one.patient for one in scored})
    votes = {person: 1.0 / sum(one.patient == person for one in scored) for person in people}
    weights = np.array([votes[one.patient] for one in scored]) / len(people)

    def average(values: Sequence[float]) -> float:
        return float(np.sum(weights * np.asarray(values, dtype=np.float64)))

    inside = average([one.is_in_90 for one in scored])
    return Summary(
        name=name,
        n=len(scored),
        patients=len(people),
        crps=average([one.crps for one in scored]),
        mae=average([one.error for one in scored]),
        coverage_50=average([one.is_in_50 for one in scored]),
        coverage_90=inside,
        interval_90=calculate_wilson(inside, len(people)),
    )


def measure_central(scored: Sequence[Scored], levels: Sequence[float]) -> tuple[float, ...]:
    """Return the share of forecasts whose central interval of each level held what was seen, each patient one vote."""
    people = sorted({one.patient for one in scored})
    votes = np.array([1.0 / sum(each.patient == one.patient for each in scored) for one in scored]) / len(people)
    away = 2.0 * np.abs(np.array([one.rank for one in scored]) - 0.5)
    return tuple(float(np.sum(votes * (away <= level + 1e-12))) for level in levels)
