"""Simulated truth recovered: intervals of the update hold what was put in about as often as they say."""

from dataclasses import replace

import numpy as np
import pytest

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.covariates import Person
from afterglow.pharmacology.regimen import Dose
from afterglow.pharmacology.updating import KINDS, Course, Observation, Outcome, SessionRecord, sample_posterior, update
from afterglow.pharmacology.updating.course import Prepared, predict_session_readings, prepare_covariates
from afterglow.pharmacology.updating.latents import build_latents, read_effects, read_etas
from afterglow.pharmacology.updating.observations import get_residual

TIMES = np.array([0.5, 1.0, 2.0, 4.0, 8.0])


def find_interval(values: FloatArray, weights: FloatArray, level: float) -> tuple[float, float]:
    order = np.argsort(values)
    middles = np.cumsum(weights[order]) - 0.5 * weights[order]
    low, high = np.interp([(1 - level) / 2, (1 + level) / 2], middles, values[order])
    return float(low), float(high)


def predict_decay(z: FloatArray) -> FloatArray:
    """Return log-levels of one compartment, (times, n): volume and rate vary log-normally by 50 and 40 %."""
    return 4.6 - 0.5 * z[0] - np.exp(-1.6 + 0.4 * z[1]) * TIMES[:, None]


@pytest.mark.parametrize("sd", [0.3, 0.05])
def test_intervals_hold_the_truth_as_often_as_they_say(sd: float) -> None:
    """120 truths, two parameters: 240 intervals, standard error about 2 % at 90 % and 3 % at 50 %."""
    hits = {0.5: 0, 0.9: 0}
    for seed in range(120):
        rng = np.random.default_rng([31, seed])
        truth = rng.standard_normal((2, 1))
        data = predict_decay(truth) + sd * rng.standard_normal((TIMES.size, 1))

        def likelihood(z: FloatArray, data: FloatArray = data) -> FloatArray:
            return -0.5 * np.sum(((predict_decay(z) - data) / sd) ** 2, axis=0)

        sample = sample_posterior(likelihood, rng.standard_normal((2, 300)), rng)
        assert sample.has_arrived
        for level in hits:
            for k in range(2):
                low, high = find_interval(sample.z[k], sample.weights, level)
                hits[level] += low <= truth[k, 0] <= high
    assert hits[0.9] / 240 == pytest.approx(0.9, abs=0.06)
    assert hits[0.5] / 240 == pytest.approx(0.5, abs=0.1)


def test_patients_made_up_from_the_prior_are_recovered() -> None:
    """Twelve patients, six parameters their readings speak of: 72 intervals of 90 %, at least 58 must hold (80 %)."""
    session = SessionRecord("one", 0.0, (Dose(35.0, 0.0, 40 / 60),), 1, 120.0, 75.0)
    course = Course("racemic", "iv", Person(weight_kg=70.0, age_years=45.0), (session,))
    latents = build_latents(course.model, ["systolic:one", "diastolic:one"])
    covariates, _ = prepare_covariates(course, 1)
    prepared = Prepared(course, course.model, latents, covariates)
    median = read_effects(latents, np.zeros((latents.size, 1)))
    names = ("dissociation.maximum", "dissociation.c50_ng_per_ml", "circulation.systolic_maximum")
    asked = [
        *(Observation("cadss", 1.0, "one", at) for at in (20.0, 40.0, 60.0)),
        *(Observation("systolic_mmhg", 120.0, "one", at) for at in (20.0, 40.0)),
        *(Observation("ketamine_ng_per_ml", 100.0, "one", at) for at in (75.0, 120.0)),
    ]
    hits = 0
    for seed in range(12):
        rng = np.random.default_rng([77, seed])
        z = rng.standard_normal((latents.size, 1))
        readings = []
        for one, predicted in zip(asked, predict_session_readings(prepared, session, asked, z), strict=True):
            residual, kind = get_residual(one, course.model, 0.0, is_robust=False), KINDS[one.kind]
            spread = np.hypot(residual.additive_sd, residual.proportional_sd * predicted[0])
            value = float(np.clip(predicted[0] + spread * rng.standard_normal(), kind.low, kind.high))
            readings.append(replace(one, value=value))
        found = update(course, readings, n=120, seed=seed)
        assert found.outcome is Outcome.UPDATED
        etas = read_etas(latents, z)
        for name in ("v1", "cl", "q3"):
            low, high = find_interval(found.subjects.etas[name], found.weights, 0.9)
            hits += low <= etas[name][0] <= high
        for name in names:
            typical, true = np.asarray(median.get(name)), np.asarray(read_effects(latents, z).get(name))
            low, high = find_interval(np.log(found.effects.get(name) / typical), found.weights, 0.9)
            hits += low <= np.log(true / typical)[0] <= high
    assert hits >= 58
