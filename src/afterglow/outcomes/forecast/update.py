"""The personal update: virtual patients reweighted, and where few are left drawn anew, by one person's scores."""

from dataclasses import dataclass

import numpy as np

from afterglow.outcomes.forecast._types import FloatArray
from afterglow.outcomes.forecast.filtering import Filtered, filter_drift
from afterglow.outcomes.forecast.parameters import get_number
from afterglow.outcomes.forecast.personal import PersonalCourse
from afterglow.outcomes.forecast.proposing import propose
from afterglow.outcomes.forecast.virtual import (
    Noise,
    Structure,
    describe_baseline,
    draw_virtual,
    get_noise,
)
from afterglow.pharmacology.mechanism import Population, load_population
from afterglow.pharmacology.updating import calculate_ess, calculate_weights
from afterglow.pharmacology.updating.weights import resample_systematic

DEFAULT_SEED = 20261122


@dataclass(frozen=True, slots=True)
class Similar:
    """Virtual patients who stand for one person after the scores: normals (8, n), all of equal weight, and drift.

    `comparable` is how many of those drawn resemble the person, `effective` how many the result rests on; a
    `contradiction` says in words why nothing can be stood by.
    """

    structure: Structure
    noise: Noise
    z: FloatArray
    drift: Filtered
    comparable: float
    effective: float
    seed: int
    contradiction: str = ""


def find_similar(
    course: PersonalCourse, *, n: int | None = None, seed: int = DEFAULT_SEED, population: Population | None = None
) -> Similar:
    """Return the virtual patients who resemble a person.

    Parameters
    ----------
    course : PersonalCourse
        Everything known by now; without a score after the first session the weights stay equal.
    n : int, optional
        Virtual patients; the packaged number by default.
    seed : int
        Same seed, same bytes.
    population : Population, optional
        The fitted one by default.

    Notes
    -----
    Weights are the likelihood of the scores with the drift integrated out. Where fewer than `enough_effective` are
    left new ones are drawn near those that fit best, and weighted for it (`proposing`).
    """
    population = population or load_population()
    size = int(get_number("virtual_patients")) if n is None else n
    fit = _Fit(course, population)
    prior = draw_virtual(size, seed)
    found = fit.run(prior).log_likelihood
    weights = calculate_weights(found)
    comparable = calculate_ess(weights)
    if comparable >= min(get_number("enough_effective"), size / 5):
        return fit.conclude(prior, weights, comparable, comparable, seed)
    few = min(size, int(get_number("moved_patients")))
    generator = np.random.Generator(np.random.PCG64([seed, 2]))
    drawn = propose(
        lambda z: fit.run(z).log_likelihood, prior, found, few, generator, enough=get_number("enough_effective")
    )
    if drawn.effective < min(get_number("fewest_effective"), few / 5):
        text = f"The scores contradict the model: {int(comparable)} of {size} virtual patients resemble them."
        return fit.conclude(prior, np.full(size, 1.0 / size), comparable, drawn.effective, seed, text)
    return fit.conclude(drawn.z, drawn.weights, comparable, drawn.effective, seed)


class _Fit:
    """One person's course ready to be held against virtual patients."""

    def __init__(self, course: PersonalCourse, population: Population) -> None:
        self.readings = course.readings
        self.structure = Structure(course, describe_baseline(course, population), population)
        self.noise = get_noise(self.structure.scale, population)
        self.days = np.array([one.day for one in course.readings])
        self.table = self.structure.tabulate(self.days)
        self.is_placed = bool(course.readings) and not (course.sessions and course.readings[0].day > 0)

    def run(self, z: FloatArray) -> Filtered:
        """Return drift and likelihood for virtual patients."""
        level = self.structure.calculate_level(z, self.days, self.table)
        return filter_drift(self.readings, level, self.noise, first_is_used=self.is_placed)

    def conclude(
        self, z: FloatArray, weights: FloatArray, comparable: float, effective: float, seed: int, text: str = ""
    ) -> Similar:
        """Return the virtual patients as they are carried on: resampled by weight, all equal from then on."""
        found = self.run(z)
        text = text or _judge_surprise(found, weights)
        many = min(int(get_number("carried_patients")), z.shape[1])
        if weights.max() - weights.min() < 1e-15:
            rows = np.arange(many)
        else:
            rows = resample_systematic(weights, np.random.Generator(np.random.PCG64([seed, 3])))
            rows = rows[np.linspace(0, rows.size - 1, many).astype(np.intp)]
        kept = z[:, rows]
        return Similar(self.structure, self.noise, kept, self.run(kept), comparable, effective, seed, text)


def _judge_surprise(found: Filtered, weights: FloatArray) -> str:
    """Return why the scores contradict the model, or nothing."""
    if found.counted == 0:
        return ""
    tail = calculate_chi_square_tail(float(np.sum(weights * found.squares)), found.counted)
    if tail >= get_number("contradiction_tail"):
        return ""
    return "The scores jump about more than the model's drift and reading error allow; look at scores and dates again."


def calculate_chi_square_tail(value: float, freedom: int) -> float:
    """Return about the chance of a chi-square at least so large (Wilson and Hilferty 1931, cube-root normal)."""
    from math import erfc, sqrt

    middle = 1.0 - 2.0 / (9.0 * freedom)
    z = ((value / freedom) ** (1.0 / 3.0) - middle) / sqrt(2.0 / (9.0 * freedom))
    return 0.5 * erfc(z / sqrt(2.0))
