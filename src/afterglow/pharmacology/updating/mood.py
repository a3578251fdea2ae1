"""Symptom scores of people like this patient over the course, through the mechanism from level to mood."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.mechanism.chain import HOURS_PER_DAY, Exposure
from afterglow.pharmacology.mechanism.exposures import build_exposure
from afterglow.pharmacology.mechanism.parameters import Population, load_population
from afterglow.pharmacology.mechanism.pool import calculate_effective_pool
from afterglow.pharmacology.mechanism.response import (
    People,
    calculate_antidepressant_share,
    calculate_drug_share,
    calculate_placebo_share,
    combine_shares,
    draw_people,
)
from afterglow.pharmacology.mechanism.scales import get_scale, read_share
from afterglow.pharmacology.models.kinetics import build_kinetics
from afterglow.pharmacology.population import build_typical
from afterglow.pharmacology.regimen import Dose
from afterglow.pharmacology.updating.course import Prepared
from afterglow.pharmacology.updating.observations import KINDS, Observation


@dataclass(frozen=True, slots=True)
class MoodCourse:
    """When each session started (days) and the level it brought the typical person of these covariates."""

    days: tuple[float, ...]
    exposures: tuple[Exposure, ...]
    population: Population


class _Given:
    """Stands in for a generator: hands out normals that were drawn before, so that they can be moved."""

    def __init__(self, draws: FloatArray) -> None:
        self._draws = draws

    def standard_normal(self, shape: tuple[int, int]) -> FloatArray:
        """Return a copy of the draws; the shape must be theirs."""
        if shape != self._draws.shape:
            raise ValueError(f"{self._draws.shape} were drawn and {shape} are asked for")
        return self._draws.copy()


def build_mood_course(prepared: Prepared) -> MoodCourse:
    """Return the course as the mechanism sees it; equal sessions share one exposure.

    Notes
    -----
    Levels are the typical person's: how much more or less than others somebody gets out of a level is the
    mechanism's own sensitivity, which a symptom score cannot tell from a difference in clearance.
    """
    known: dict[tuple[tuple[float, ...], ...], Exposure] = {}
    days, exposures = [], []
    for session in prepared.course.sessions:
        key = tuple((float(np.max(dose.amount_mg)), dose.start_h, dose.duration_h or 0.0) for dose in session.doses)
        if key not in known:
            known[key] = _build_exposure(prepared, session.doses)
        days.append(session.start_h / HOURS_PER_DAY)
        exposures.append(known[key])
    return MoodCourse(tuple(days), tuple(exposures), load_population())


def build_people(mood: FloatArray, population: Population, scale_key: str) -> People:
    """Return the mechanism's people for seven normals each, shape (7, n)."""
    scale = get_scale(scale_key)
    given = cast(np.random.Generator, _Given(mood))
    return draw_people(mood.shape[1], given, population, baseline=scale.baseline, baseline_sd=scale.baseline_sd)


def combine_mood(mood: FloatArray) -> FloatArray:
    """Return six normals per person, the shared response worked into the three that hold it, shape (6, n)."""
    shared = load_population().shared_response
    found = mood[:6].copy()
    found[[0, 2, 3]] = np.sqrt(shared) * mood[6] + np.sqrt(1.0 - shared) * found[[0, 2, 3]]
    return found


def predict_scores(
    mood_course: MoodCourse, readings: Sequence[Observation], mood: FloatArray, *, has_new_antidepressant: bool
) -> list[FloatArray]:
    """Return what each symptom score would be, a list of arrays (n,), in points of its own scale, routine care."""
    days = np.unique([0.0, *(float(one.at_day or 0.0) for one in readings)])
    population = mood_course.population
    hours = days * HOURS_PER_DAY
    found: dict[str, FloatArray] = {}
    for key in dict.fromkeys(KINDS[one.kind].of for one in readings):
        people = build_people(mood, population, key)
        pool = calculate_effective_pool(days, mood_course.days, mood_course.exposures, people, population)
        shares = [
            calculate_placebo_share(hours, people, population, "open"),
            calculate_drug_share(pool, population.drug_ceiling),
        ]
        if has_new_antidepressant:
            shares.append(calculate_antidepressant_share(hours, people, population))
        scale = get_scale(key)
        improved = read_share(combine_shares(*shares), people, population, scale)
        found[key] = np.clip(people.baseline * (1.0 - improved), 0.0, scale.top)
    rows = [int(np.searchsorted(days, float(one.at_day or 0.0))) for one in readings]
    return [found[KINDS[one.kind].of][row] for one, row in zip(readings, rows, strict=True)]


def calculate_score_sd(scale_key: str) -> float:
    """Return the spread of one score about a person's course: slow drift and error of one reading, in points.

    Notes
    -----
    Drift is taken as new at every reading although it lasts for weeks: early changes are believed less than they could
    be, and many late scores a little more.
    """
    population = load_population()
    spread = float(np.hypot(population.drift_sd, population.reading_sd))
    return spread * get_scale(scale_key).points_per_madrs_point


def _build_exposure(prepared: Prepared, doses: Sequence[Dose]) -> Exposure:
    one = {name: values[:1] for name, values in prepared.covariates.items()}
    course = prepared.course
    kinetics = build_kinetics(prepared.model, build_typical(one), tuple(doses), drug=course.drug, route=course.route)
    return build_exposure(kinetics.system, kinetics.inputs, driver=kinetics.esketamine)
