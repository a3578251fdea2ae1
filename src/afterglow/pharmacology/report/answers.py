"""Checks of what the engine answers: a found dose in people it was not found in, and truths made up and recovered.

Both are of the program against itself: that the answer follows from the model, not that the model is right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.covariates import Person
from afterglow.pharmacology.finding import Goal, Ladder, Limits, Option, Patient, draw_people, find_dose, predict
from afterglow.pharmacology.finding.goals import calculate_share
from afterglow.pharmacology.finding.search import get_end
from afterglow.pharmacology.regimen import Dose
from afterglow.pharmacology.updating import KINDS, Course, Observation, Outcome, SessionRecord, update
from afterglow.pharmacology.updating.course import Prepared, predict_session_readings, prepare_covariates
from afterglow.pharmacology.updating.latents import build_latents, read_effects, read_etas
from afterglow.pharmacology.updating.observations import get_residual

PATIENT = Patient(Person(weight_kg=70.0, age_years=45.0))
LIMITS = Limits(dose_mg=Ladder(hard=150.0), step_mg=0.5, shortest_min=40.0)
ORDER = Option("racemic", "iv", dose_mg=35.0, duration_min=40.0)
GOALS = (
    Goal("ketamine_ng_per_ml", 150.0, 0.5),
    Goal("ketamine_ng_per_ml", 200.0, 0.9),
    Goal("s_ketamine_ng_per_ml", 100.0, 0.75),
    Goal("cadss6", 6.0, 0.5),
    Goal("occupancy_index", 0.4, 0.75),
)
SEARCHED, FRESH = 400, 2000
SEARCH_SEED, FRESH_SEED = 11, 12
PATIENTS, PARTICLES = 10, 120
EFFECTS = ("dissociation.maximum", "dissociation.c50_ng_per_ml", "circulation.systolic_maximum")
KINETICS = ("v1", "cl", "q3")
LEVEL = 0.9


@dataclass(frozen=True, slots=True)
class Recovery:
    """Of many made-up patients: the share of intervals that hold the truth, and the error left over the prior's."""

    coverage: float
    error_ratio: float
    updated: int


def measure_found_in_others() -> float:
    """Return by how many Monte Carlo standard errors the worst found dose falls short in people drawn anew."""
    fresh = draw_people(FRESH, FRESH_SEED)
    worst = -np.inf
    for goal in GOALS:
        answer = _find(goal)
        option = replace(ORDER, dose_mg=answer)
        share = calculate_share(goal, predict(option, PATIENT, fresh, until_min=get_end(goal, option)))
        p = goal.probability
        error = np.sqrt(p * (1.0 - p) * (1.0 / SEARCHED + 1.0 / FRESH))
        worst = max(worst, (p - share) / error)
    return float(max(worst, 0.0))


def measure_smaller_that_reach() -> float:
    """Return how many goals a dose one step smaller than the found one reaches too, in the same people."""
    people = draw_people(SEARCHED, SEARCH_SEED)
    count = 0
    for goal in GOALS:
        option = replace(ORDER, dose_mg=_find(goal) - LIMITS.step_mg)
        share = calculate_share(goal, predict(option, PATIENT, people, until_min=get_end(goal, option)))
        count += share >= goal.probability
    return float(count)


def measure_coverage() -> float:
    """Return the share of 90 % intervals that hold what was put in."""
    return recover().coverage


def measure_error_left() -> float:
    """Return the root mean square error of the updated means over that of the prior's."""
    return recover().error_ratio


def measure_nothing_read() -> float:
    """Return how far people move who showed nothing: the largest change of any weight, times their number."""
    found = update(_build_course(), (), n=PARTICLES, seed=1)
    return float(np.abs(found.weights * PARTICLES - 1.0).max())


@cache
def _find(goal: Goal) -> float:
    answer = find_dose(goal, ORDER, PATIENT, LIMITS, people=draw_people(SEARCHED, SEARCH_SEED))
    if answer.status != "found" or answer.value is None:
        raise ValueError(f"no dose within the limits of this check: {answer.reason}")
    return answer.value


@cache
def recover() -> Recovery:
    """Return how well the parameters of made-up patients come back from their own simulated readings."""
    course = _build_course()
    session = course.sessions[0]
    latents = build_latents(course.model, ["systolic:one", "diastolic:one"])
    prepared = Prepared(course, course.model, latents, prepare_covariates(course, 1)[0])
    median = read_effects(latents, np.zeros((latents.size, 1)))
    asked = _list_readings()
    held, updated = [], 0
    errors: dict[str, list[tuple[float, float]]] = {name: [] for name in (*KINETICS, *EFFECTS)}
    for seed in range(PATIENTS):
        rng = np.random.default_rng([77, seed])
        z = rng.standard_normal((latents.size, 1))
        readings = []
        for one, predicted in zip(asked, predict_session_readings(prepared, session, asked, z), strict=True):
            residual, kind = get_residual(one, course.model, 0.0, is_robust=False), KINDS[one.kind]
            spread = float(np.hypot(residual.additive_sd, residual.proportional_sd * predicted[0]))
            value = float(np.clip(predicted[0] + spread * rng.standard_normal(), kind.low, kind.high))
            readings.append(replace(one, value=value))
        found = update(course, readings, n=PARTICLES, seed=seed)
        updated += found.outcome is Outcome.UPDATED
        etas, effects = read_etas(latents, z), read_effects(latents, z)
        truths = {name: (float(etas[name][0]), found.subjects.etas[name]) for name in KINETICS}
        for name in EFFECTS:
            typical = np.asarray(median.get(name))
            truths[name] = (
                float(np.log(np.asarray(effects.get(name)) / typical)[0]),
                np.log(np.asarray(found.effects.get(name)) / typical),
            )
        for name, (truth, values) in truths.items():
            low, high = find_interval(values, found.weights, LEVEL)
            held.append(low <= truth <= high)
            errors[name].append((truth, float(np.sum(values * found.weights)) - truth))
    return Recovery(float(np.mean(held)), _compare_errors(errors), updated)


def find_interval(values: FloatArray, weights: FloatArray, level: float) -> tuple[float, float]:
    """Return the interval between equal tails of weighted values."""
    order = np.argsort(values)
    middles = np.cumsum(weights[order]) - 0.5 * weights[order]
    low, high = np.interp([(1 - level) / 2, (1 + level) / 2], middles, values[order])
    return float(low), float(high)


def _compare_errors(errors: Mapping[str, list[tuple[float, float]]]) -> float:
    """Return the error left over the prior's, the mean of the parameters' own ratios (the prior's mean is 0)."""
    ratios = []
    for rows in errors.values():
        before, after = (np.sqrt(np.mean([row[side] ** 2 for row in rows])) for side in (0, 1))
        ratios.append(float(after / before))
    return float(np.mean(ratios))


def _build_course() -> Course:
    session = SessionRecord("one", 0.0, (Dose(35.0, 0.0, 40 / 60),), 1, 120.0, 75.0)
    return Course("racemic", "iv", PATIENT.person, (session,))


def _list_readings() -> list[Observation]:
    return [
        *(Observation("cadss", 1.0, "one", at) for at in (20.0, 40.0, 60.0)),
        *(Observation("systolic_mmhg", 120.0, "one", at) for at in (20.0, 40.0)),
        *(Observation("ketamine_ng_per_ml", 100.0, "one", at) for at in (75.0, 120.0)),
    ]
