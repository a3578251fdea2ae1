"""A published study done again on virtual people: its schedule, rater, visits, drop-out and setting."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.random import PCG64, Generator

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.mechanism.chain import HOURS_PER_DAY
from afterglow.pharmacology.mechanism.exposures import get_regimen
from afterglow.pharmacology.mechanism.parameters import Population
from afterglow.pharmacology.mechanism.pool import calculate_effective_pool
from afterglow.pharmacology.mechanism.response import (
    Setting,
    calculate_antidepressant_share,
    calculate_drug_share,
    calculate_placebo_share,
    combine_shares,
    draw_people,
)
from afterglow.pharmacology.mechanism.scales import draw_scores, get_scale


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of one study: when what was given, in which setting, who rated and who was counted.

    `regimens` names what was given on each of `days`; both are empty for a control. `assessed_share` is the part
    of those treated that the result counts; `counted` says whether the others are left out or carried forward.
    """

    id: str
    study: str
    days: tuple[float, ...]
    regimens: tuple[str, ...]
    setting: Setting
    has_new_antidepressant: bool
    scale: str
    baseline: float
    baseline_sd: float
    assessed_share: float = 1.0
    counted: Literal["assessed", "treated"] = "assessed"


@dataclass(frozen=True, slots=True)
class StudyEffect:
    """How one study differs from the others: shift of the non-specific share, and of the log of sensitivity."""

    share: float = 0.0
    log_sensitivity: float = 0.0


@dataclass(frozen=True, slots=True)
class ArmRun:
    """What the virtual arm showed: scores (n_days, n), the first row before treatment."""

    arm: Arm
    days: FloatArray
    scores: FloatArray
    share: FloatArray
    assessed: FloatArray

    def at(self, day: float) -> FloatArray:
        """Return the scores of the visit on that day, (n,); raise KeyError when there was none."""
        rows = np.flatnonzero(np.abs(self.days - day) < 1e-6)
        if rows.size == 0:
            raise KeyError(f"{self.arm.id} has no visit on day {day}")
        return np.asarray(self.scores[rows[0]], dtype=np.float64)


def simulate_arm(
    arm: Arm, days: FloatArray, population: Population, n: int, seed: int, effect: StudyEffect | None = None
) -> ArmRun:
    """Return the scores of `n` virtual people of that arm.

    Parameters
    ----------
    arm : Arm
    days : ndarray, shape (m,)
        Rising days of the visits, the first 0 (before treatment).
    population : Population
    n : int
        Number of people.
    seed : int
        The same seed draws the same people whatever the parameters.
    effect : StudyEffect, optional
        How this study differs; none for the average study.
    """
    effect = effect or StudyEffect()
    generator = Generator(PCG64(seed))
    scale = get_scale(arm.scale)
    moved = shift_population(population, effect)
    people = draw_people(n, generator, moved, baseline=arm.baseline, baseline_sd=arm.baseline_sd)
    hours = days * HOURS_PER_DAY
    exposures = [get_regimen(key).exposure for key in arm.regimens]
    drug = calculate_drug_share(calculate_effective_pool(days, arm.days, exposures, people, moved), moved.drug_ceiling)
    shares = [calculate_placebo_share(hours, people, moved, arm.setting), drug]
    if arm.has_new_antidepressant:
        shares.append(calculate_antidepressant_share(hours, people, moved))
    share = combine_shares(*shares)
    scores = draw_scores(hours, share, people, moved, scale, generator)
    return ArmRun(arm, days, scores, share, _draw_assessed(share[-1], arm, moved))


def shift_population(population: Population, effect: StudyEffect) -> Population:
    """Return the population as one study meets it."""
    return replace(
        population,
        sensitivity=population.sensitivity * float(np.exp(effect.log_sensitivity)),
        placebo_crossover=population.placebo_crossover + effect.share,
        placebo_inert=population.placebo_inert + effect.share,
        placebo_active=population.placebo_active + effect.share,
        placebo_open=population.placebo_open + effect.share,
    )


def _draw_assessed(share: FloatArray, arm: Arm, population: Population) -> FloatArray:
    """Return the chance of each person to be counted at the end: those who feel better stay."""
    if arm.assessed_share >= 1.0:
        return np.ones_like(share)
    pull = population.assessment_slope * (share - share.mean())
    low, high = -12.0, 12.0
    for _ in range(40):
        middle = (low + high) / 2
        mean = float(np.mean(1.0 / (1.0 + np.exp(-(middle + pull)))))
        low, high = (middle, high) if mean < arm.assessed_share else (low, middle)
    return np.asarray(1.0 / (1.0 + np.exp(-(low + pull))), dtype=np.float64)
