"""Virtual patients: what differs between them, drawn once and used again, and the course each would take."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from afterglow.outcomes.forecast._types import FloatArray
from afterglow.outcomes.forecast.exposure import GivenDose, add_pools, spread_over_people
from afterglow.outcomes.forecast.parameters import get_number
from afterglow.outcomes.forecast.personal import GivenSession, PersonalCourse
from afterglow.pharmacology.mechanism import Population, Scale, combine_shares, get_scale, load_population
from afterglow.pharmacology.mechanism.response import (
    People,
    calculate_antidepressant_share,
    calculate_drug_share,
    calculate_placebo_share,
)
from afterglow.pharmacology.mechanism.scales import read_share

LATENTS = (
    "sensitivity", "pool_loss", "placebo", "antidepressant", "self_rating", "baseline", "shared_response", "clinic",
)  # fmt: skip
HOURS_PER_DAY = 24.0


@dataclass(frozen=True, slots=True)
class Noise:
    """How a score moves when nothing else does: slow drift (its spread and time constant) and error of one reading."""

    drift_sd: float
    drift_time_d: float
    reading_sd: float

    def keep(self, days: float) -> float:
        """Return the share of the drift that is left after so many days."""
        return float(np.exp(-abs(days) / self.drift_time_d))


@dataclass(frozen=True, slots=True)
class BaselinePrior:
    """Where a virtual patient's own level before treatment lies: normal, in points."""

    mean: float
    sd: float


@lru_cache(maxsize=8)
def draw_virtual(n: int, seed: int) -> FloatArray:
    """Return the standard normals of `n` virtual patients, (8, n): the warm population, the same for the same seed."""
    drawn = np.random.Generator(np.random.PCG64(seed)).standard_normal((len(LATENTS), n))
    drawn.setflags(write=False)
    return drawn


def get_noise(scale: Scale, population: Population) -> Noise:
    """Return drift and reading error in points of a scale.

    Notes
    -----
    The mechanism's error is that of one clinician's reading; a self-rating errs by what test and retest of it show.
    """
    points = scale.points_per_madrs_point
    error = population.reading_sd * points
    if scale.rated_by == "self":
        error = max(error, get_number("self_rating_reading_sd"))
    return Noise(population.drift_sd * points, population.drift_time_d, error)


class Structure:
    """The course a patient's sessions would take in virtual patients, without drift and reading error."""

    def __init__(
        self, course: PersonalCourse, baseline: BaselinePrior, population: Population | None = None,
        later: Sequence[GivenSession] = (),
    ) -> None:  # fmt: skip
        self.course, self.baseline = course, baseline
        self.population = population or load_population()
        self.scale = get_scale(course.scale)
        self.sessions = (*course.sessions, *later)

    def tabulate(self, days: FloatArray) -> FloatArray:
        """Return the pool that all sessions leave at those days, (n_days, n_rates)."""
        given = np.array([one.day for one in self.sessions])
        doses: list[GivenDose] = [one.dose for one in self.sessions]
        return add_pools(days, given, doses, self.population)

    def calculate_level(self, z: FloatArray, days: FloatArray, pool: FloatArray | None = None) -> FloatArray:
        """Return the level of virtual patients at those days, (n_days, n), in points.

        Parameters
        ----------
        z : ndarray, shape (8, n)
            Standard normals in the order of `LATENTS`.
        days : ndarray, shape (n_days,)
            From the first session; before it a level is that of the time before treatment.
        pool : ndarray, shape (n_days, n_rates), optional
            From `tabulate`, when it is known already.
        """
        population = self.population
        people = self.build_people(z)
        table = self.tabulate(days) if pool is None else pool
        effective = people.sensitivity * spread_over_people(table, z[1])
        hours = days * HOURS_PER_DAY if self.sessions else np.zeros_like(days)
        after = np.maximum(hours, 0.0)
        shares = [
            calculate_placebo_share(after, people, population, self.course.setting),
            calculate_drug_share(effective, population.drug_ceiling),
        ]
        if self.course.has_new_antidepressant:
            shares.append(calculate_antidepressant_share(after, people, population))
        improved = read_share(combine_shares(*shares), people, population, self.scale)
        return np.asarray(people.baseline * (1.0 - improved), dtype=np.float64)

    def build_people(self, z: FloatArray) -> People:
        """Return the mechanism's people for standard normals; each brings a clinic of its own."""
        population = self.population
        shared, own = np.sqrt(population.shared_response), np.sqrt(1.0 - population.shared_response)
        sensitivity, placebo, antidepressant = (shared * z[6] + own * z[row] for row in (0, 2, 3))
        logit = population.antidepressant_logit + population.antidepressant_logit_sd * antidepressant
        spread = population.sensitivity_omega * sensitivity + population.study_drug_sd * z[7]
        return People(
            sensitivity=population.sensitivity * np.exp(spread),
            pool_rate_per_h=population.pool_rate_per_h * np.exp(-population.pool_half_life_omega * z[1]),
            placebo=placebo,
            antidepressant=1.0 / (1.0 + np.exp(-logit)),
            self_rating=population.self_rating_sd * z[4],
            baseline=np.maximum(self.baseline.mean + self.baseline.sd * z[5], 1.0),
        )

    def add_sessions(self, later: Sequence[GivenSession]) -> "Structure":
        """Return the same course with sessions to come."""
        return Structure(self.course, self.baseline, self.population, later)


def describe_baseline(course: PersonalCourse, population: Population) -> BaselinePrior:
    """Return where the level before treatment lies, given the first score when it was taken before the first session.

    Notes
    -----
    Score = level + drift + error, all normal, so the level given the score is normal too:
    mean + K (score - mean) with K = s^2 / (s^2 + drift^2 + error^2). The filter then starts with the rest.
    """
    scale = get_scale(course.scale)
    first = course.readings[0] if course.readings else None
    if first is None or (course.sessions and first.day > 0):
        return BaselinePrior(scale.baseline, scale.baseline_sd)
    noise = get_noise(scale, population)
    own = scale.baseline_sd**2
    gain = own / (own + noise.drift_sd**2 + noise.reading_sd**2)
    return BaselinePrior(scale.baseline + gain * (first.value - scale.baseline), float(np.sqrt(own * (1.0 - gain))))


def shift_population(population: Population, **changes: float) -> Population:
    """Return the population with single parameters replaced."""
    return replace(population, **changes)
