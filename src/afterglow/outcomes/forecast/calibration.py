"""Bands held against past patients: split conformal prediction, one patient one vote.

A band is widened (or narrowed) about its median by the factor that would have held the asked share of past patients.
Readings of one patient belong together, so that patients are counted and not readings.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from afterglow.outcomes.forecast._types import FloatArray
from afterglow.outcomes.forecast.ahead import LEVELS, Bands
from afterglow.outcomes.forecast.parameters import get_number
from afterglow.terms import InvalidInput, build_error

POOLED = "all"
_LEAST_HALF_WIDTH = 0.25


@dataclass(frozen=True, slots=True)
class Judged:
    """One forecast of a past patient held against what was seen: the group, and how far out for each level.

    A distance of 1 lies on the end of the uncalibrated band.
    """

    patient: str
    group: str
    distance: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Factors of the half-widths by group (`PHQ-9/14`, `PHQ-9` and `all`), each (50 %, 90 %), and patients counted."""

    factors: Mapping[str, tuple[float, float]]
    patients: Mapping[str, int]

    def choose(self, scale: str, days_ahead: float) -> tuple[str, tuple[float, float]]:
        """Return the narrowest group with enough past patients and its factors; (1, 1) where none has."""
        for group in (name_group(scale, days_ahead), scale, POOLED):
            if group in self.factors:
                return group, self.factors[group]
        return "", (1.0, 1.0)

    def stretch(self, scale: str, days_ahead: float) -> float:
        """Return how much wider the 90 % band is than the model's own."""
        return self.choose(scale, days_ahead)[1][1]

    def apply(self, bands: Bands, scale: str, today: float, top: float) -> Bands:
        """Return bands with calibrated ends; the median stays, and the wider band always holds the narrower."""
        quantiles = bands.quantiles.copy()
        factors = np.array([self.choose(scale, day - today)[1] for day in bands.days])
        middle = quantiles[:, 2]
        for level, (low, high) in enumerate(((1, 3), (0, 4))):
            quantiles[:, low] = middle - factors[:, level] * (middle - quantiles[:, low])
            quantiles[:, high] = middle + factors[:, level] * (quantiles[:, high] - middle)
        quantiles[:, 0] = np.minimum(quantiles[:, 0], quantiles[:, 1])
        quantiles[:, 4] = np.maximum(quantiles[:, 4], quantiles[:, 3])
        return Bands(bands.days, np.clip(quantiles, 0.0, top))


NOT_CALIBRATED = Calibration({}, {})


def name_group(scale: str, days_ahead: float) -> str:
    """Return the group of a forecast: scale, and whether it reaches to two weeks, to six, or further."""
    reach = "14" if days_ahead <= 14 else "42" if days_ahead <= 42 else "84"
    return f"{scale}/{reach}"


def judge(patient: str, scale: str, days_ahead: float, quantiles: FloatArray, seen: float) -> Judged:
    """Return how far a score lay from the median of its forecast, in half-widths of the bands on its side."""
    middle = float(quantiles[2])
    ends = (quantiles[3], quantiles[4]) if seen > middle else (quantiles[1], quantiles[0])
    inner, outer = (abs(seen - middle) / max(abs(float(end) - middle), _LEAST_HALF_WIDTH) for end in ends)
    return Judged(patient, name_group(scale, days_ahead), (inner, outer))


def calibrate(judged: Sequence[Judged], *, fewest: int | None = None) -> Calibration:
    """Return the factors that past patients ask for.

    Parameters
    ----------
    judged : sequence of Judged
        Several of one patient share that patient's one vote.
    fewest : int, optional
        Patients that a group needs; a group with fewer falls back to its scale, then to all.

    Notes
    -----
    The factor of level a is the smallest distance q at which the votes up to q reach a (N + 1) of N patients: a new
    patient who is exchangeable with them then lies inside with probability a or more, on the average over that
    patient's forecasts (Lei and Wasserman 2014, J R Stat Soc B 76:71; Dunn, Wasserman and Ramdas 2023 for groups).
    """
    least = int(get_number("fewest_past_patients")) if fewest is None else fewest
    groups: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        for name in (one.group, one.group.partition("/")[0], POOLED):
            groups[name].append(one)
    factors, patients = {}, {}
    for name, rows in sorted(groups.items()):
        people = len({row.patient for row in rows})
        found = tuple(_find_factor(rows, people, level) for level in range(len(LEVELS)))
        if people >= least and all(np.isfinite(found)):
            factors[name], patients[name] = (found[0], found[1]), people
    return Calibration(factors, patients)


def _find_factor(rows: Sequence[Judged], people: int, level: int) -> float:
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        counts[row.patient] += 1
    order = sorted(rows, key=lambda row: row.distance[level])
    votes = np.cumsum([1.0 / counts[row.patient] for row in order])
    place = int(np.searchsorted(votes, LEVELS[level] * (people + 1) - 1e-9))
    return order[place].distance[level] if place < len(order) else float("inf")


def render_calibration(calibration: Calibration) -> dict[str, Any]:
    """Return a calibration as plain data, to be kept from one night to the next."""
    return {
        name: {"factors": list(factors), "patients": calibration.patients.get(name, 0)}
        for name, factors in calibration.factors.items()
    }


def parse_calibration(content: Mapping[str, Any]) -> Calibration:
    """Return the calibration that was rendered.

    Raises
    ------
    InvalidInput
        A factor that is none.
    """
    try:
        factors = {str(name): (float(row["factors"][0]), float(row["factors"][1])) for name, row in content.items()}
        patients = {str(name): int(row["patients"]) for name, row in content.items()}
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        text = f"The calibration cannot be read: {error!r}."
        raise InvalidInput(
            [build_error("calibration", "malformed", str(content)[:80], "a rendered one", text)]
        ) from None
    if not all(np.isfinite(each) and each >= 0 for pair in factors.values() for each in pair):
        text = "A factor of a calibration is a number of 0 or more."
        raise InvalidInput([build_error("calibration", "out-of-range", str(content)[:80], "0 or more", text)])
    return Calibration(factors, patients)
