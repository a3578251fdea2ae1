"""Rating scales: what a clinician or the person writes down for a given share of improvement."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.mechanism.parameters import Population
from afterglow.pharmacology.mechanism.response import People
from afterglow.terms import InvalidInput, build_error


@dataclass(frozen=True, slots=True)
class Scale:
    """One scale: its end, usual threshold of remission, who rates, and its size against a MADRS of 60 points."""

    key: str
    top: float
    remission_at_most: float
    rated_by: Literal["clinician", "self"]
    baseline: float
    baseline_sd: float

    @property
    def points_per_madrs_point(self) -> float:
        """How many points of this scale stand for one MADRS point; used for drift and for reading error."""
        return self.top / 60.0


SCALES = {
    "MADRS": Scale("MADRS", 60.0, 10.0, "clinician", 33.0, 5.0),
    "PHQ-9": Scale("PHQ-9", 27.0, 4.0, "self", 17.5, 4.5),
    "QIDS-SR16": Scale("QIDS-SR16", 27.0, 5.0, "self", 17.5, 4.0),
}


def get_scale(key: str) -> Scale:
    """Return the scale of that key.

    Raises
    ------
    InvalidInput
        A scale the mechanism has no measurement model for.
    """
    if key not in SCALES:
        text = f"The mechanism cannot read out {key!r}."
        raise InvalidInput([build_error("scale", "unknown-name", key, ", ".join(SCALES), text)])
    return SCALES[key]


def read_share(share: FloatArray, people: People, population: Population, scale: Scale) -> FloatArray:
    """Return the share of improvement as this scale shows it, (n_times, n).

    Notes
    -----
    A self-rating moves by its own share of the clinician's and carries a bias of the person that does not
    change from visit to visit; nothing is added before the first visit after the start.
    """
    if scale.rated_by == "clinician":
        return share
    moved = (np.abs(share) > 0).astype(np.float64)
    return np.asarray(population.self_rating_share * share + moved * people.self_rating, dtype=np.float64)


def draw_scores(
    hours: FloatArray, share: FloatArray, people: People, population: Population, scale: Scale,
    generator: np.random.Generator,
) -> FloatArray:  # fmt: skip
    """Return scores as written down, (n_times, n): improvement, slow drift of the mood, error of one reading.

    Notes
    -----
    Drift is an Ornstein-Uhlenbeck process that starts in its own spread at the first hour; with the readings'
    independent errors it is what makes a score move when nothing else does.
    """
    points = scale.points_per_madrs_point
    level = people.baseline * (1.0 - read_share(share, people, population, scale))
    drift = generator.standard_normal(people.n) * population.drift_sd
    scores = np.empty_like(level)
    last = hours[0]
    for k, hour in enumerate(hours):
        kept = np.exp(-(hour - last) / (24.0 * population.drift_time_d))
        drift = kept * drift + np.sqrt(1 - kept**2) * population.drift_sd * generator.standard_normal(people.n)
        error = population.reading_sd * generator.standard_normal(people.n)
        scores[k] = level[k] + points * (drift + error)
        last = hour
    return np.clip(scores, 0.0, scale.top)
