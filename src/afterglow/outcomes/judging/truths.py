"""Simulated truths with known courses: the model's own, and four it does not contain; seeded, one patient at a time.

Numbers here are inventions to test with, not clinical values; they are chosen to be unlike the fitted model.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from afterglow.outcomes.forecast._types import FloatArray
from afterglow.outcomes.forecast.exposure import GivenDose, build_dose
from afterglow.outcomes.forecast.personal import GivenSession, PersonalCourse, Reading
from afterglow.outcomes.forecast.virtual import BaselinePrior, Structure

TOP, LONGEST = 27.0, 420
GROUPS = ("F", "M", "iv", "spray", "moderate", "severe")
SEVERE_FROM = 20.0
INDUCTION = {"iv": (0, 3, 7, 10, 14, 17), "spray": (0, 3, 7, 10, 14, 17, 21, 24, 28, 35, 42, 49)}
UPKEEP_D = {"iv": 21, "spray": 14}
LOG2 = float(np.log(2.0))


@dataclass(frozen=True)
class Patient:
    """One simulated patient: who, and the numbers nobody in the simulation is told.

    `drift` is by day from 30 days before the first session; `errors` the error of a score taken on that day. Draws of
    `marks` serve a truth that needs chance of its own by session.
    """

    id: str
    truth: str
    sex: str
    route: str
    baseline: float
    numbers: Mapping[str, float]
    drift: FloatArray
    errors: FloatArray
    marks: FloatArray

    @property
    def groups(self) -> tuple[str, str, str]:
        """Sex, route and severity."""
        return self.sex, self.route, "severe" if self.baseline >= SEVERE_FROM else "moderate"

    @cached_property
    def dose(self) -> GivenDose:
        """What each session gives."""
        if self.route == "spray":
            return build_dose("esketamine", "intranasal", dose_mg=84.0)
        return build_dose("racemic", "iv", dose_mg=35.0, duration_min=40.0)

    def calculate_true(self, days: Sequence[int], sessions: Sequence[int]) -> FloatArray:
        """Return the true score, reading error left out, (n_days,)."""
        at = np.asarray(days, dtype=np.float64)
        share = TRUTHS[self.truth].share(self, at, np.asarray(sessions, dtype=np.float64))
        level = self.baseline * (1.0 - share)
        return np.clip(level + self.drift[np.asarray(days, dtype=np.intp) + 30], 0.0, TOP)

    def score(self, days: Sequence[int], sessions: Sequence[int]) -> FloatArray:
        """Return scores as written down, whole points, (n_days,); a day's score is taken before its session."""
        true = self.calculate_true(days, [each for each in sessions if each >= 0])
        return np.clip(np.rint(true + self.errors[np.asarray(days, dtype=np.intp) + 30]), 0.0, TOP)

    def build_course(self, score_days: Sequence[int], sessions: Sequence[int]) -> PersonalCourse:
        """Return what the forecast is told."""
        values = self.score(score_days, sessions)
        readings = tuple(Reading(day - 0.05, float(value)) for day, value in zip(score_days, values, strict=True))
        return PersonalCourse("PHQ-9", readings, tuple(GivenSession(float(day), self.dose) for day in sessions))


Share = Callable[[Patient, FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class Truth:
    """One way things may be: in words, what is drawn for each patient, and the share of improvement by day."""

    key: str
    words: str
    is_in_model: bool
    draw: Callable[[np.random.Generator, str, str], dict[str, float]]
    share: Share
    drift_sd: float = 2.7
    drift_time_d: float = 63.0


def draw_patients(truth: str, n: int, seed: int, *, route: str | None = None) -> tuple[Patient, ...]:
    """Return `n` patients of a truth; the k-th is the same whatever `n` is."""
    return tuple(_draw_patient(TRUTHS[truth], k, seed, route) for k in range(n))


def draw_helped(truth: str, n: int, seed: int, *, route: str) -> tuple[Patient, ...]:
    """Return the first `n` patients whose score at the last induction session is a quarter below that before the first.

    Upkeep is offered to those whom induction helped; the others leave by the review after induction. Where hardly
    anybody is helped there may be fewer than `n`.
    """
    last = INDUCTION[route][-1]
    found: list[Patient] = []
    for k in range(20 * n):
        patient = _draw_patient(TRUTHS[truth], k, seed, route)
        before, after = patient.score([-1, last], INDUCTION[route])
        if after <= 0.75 * before:
            found.append(patient)
        if len(found) == n:
            break
    return tuple(found)


def _draw_patient(truth: Truth, k: int, seed: int, route: str | None) -> Patient:
    generator = np.random.Generator(np.random.PCG64([seed, sorted(TRUTHS).index(truth.key), k]))
    sex = "F" if generator.random() < 0.6 else "M"
    given = "iv" if generator.random() < 0.6 else "spray"
    baseline = float(np.clip(18.0 + 4.0 * generator.standard_normal(), 10.0, 27.0))
    numbers = truth.draw(generator, sex, route or given)
    drift = _draw_drift(generator, truth)
    errors = 1.5 * generator.standard_normal(drift.size)
    marks = generator.exponential(size=120)
    return Patient(f"{truth.key}-{k}", truth.key, sex, route or given, baseline, numbers, drift, errors, marks)


def _draw_drift(generator: np.random.Generator, truth: Truth) -> FloatArray:
    kept = float(np.exp(-1.0 / truth.drift_time_d))
    steps = generator.standard_normal(LONGEST + 31) * truth.drift_sd
    drift = np.empty(steps.size)
    drift[0] = steps[0]
    for k in range(1, steps.size):
        drift[k] = kept * drift[k - 1] + np.sqrt(1.0 - kept**2) * steps[k]
    return drift


def _since(days: FloatArray, sessions: FloatArray) -> FloatArray:
    """Return days since each session, (n_days, n_sessions); -1 for one that is not yet given on that day."""
    since = days[:, None] - sessions[None, :]
    return np.where(since > 0, since, -1.0)


def _draw_model(generator: np.random.Generator, _sex: str, _route: str) -> dict[str, float]:
    return {f"z{row}": float(value) for row, value in enumerate(generator.standard_normal(8))}


def _share_model(patient: Patient, days: FloatArray, sessions: FloatArray) -> FloatArray:
    z = np.array([[patient.numbers[f"z{row}"]] for row in range(8)])
    given = tuple(GivenSession(float(day), patient.dose) for day in sessions)
    course = PersonalCourse("PHQ-9", (), given)
    structure = Structure(course, BaselinePrior(1.0, 0.0))
    return np.where(days > 0, 1.0 - structure.calculate_level(z, np.maximum(days, 0.0))[:, 0], 0.0)


def _draw_two_kinds(generator: np.random.Generator, sex: str, route: str) -> dict[str, float]:
    is_long = generator.random() < 0.5
    half_life = float(generator.uniform(25, 45) if is_long else generator.uniform(4, 8)) * (0.7 if sex == "F" else 1.0)
    gain = float(np.exp(0.3 * generator.standard_normal())) * (0.8 if route == "spray" else 1.0)
    return {"half_life": half_life, "gain": gain, "ceiling": float(generator.uniform(0.5, 0.9))}


def _share_decay(patient: Patient, days: FloatArray, sessions: FloatArray) -> FloatArray:
    numbers = patient.numbers
    since = _since(days, sessions)
    fading = numbers.get("kept", 1.0) ** np.arange(sessions.size)
    left = np.where(since > 0, np.exp(-LOG2 * np.maximum(since, 0.0) / numbers["half_life"]), 0.0) * fading
    return np.asarray(numbers["ceiling"] * -np.expm1(-0.6 * numbers["gain"] * left.sum(axis=1)), dtype=np.float64)


def _draw_fading(generator: np.random.Generator, sex: str, route: str) -> dict[str, float]:
    numbers = _draw_two_kinds(generator, sex, route)
    return numbers | {"half_life": float(12.0 * np.exp(0.5 * generator.standard_normal())), "kept": 0.95}


def _draw_jumps(generator: np.random.Generator, sex: str, route: str) -> dict[str, float]:
    mean = float(35.0 * np.exp(0.7 * generator.standard_normal())) * (0.7 if sex == "F" else 1.0)
    depth = float(generator.uniform(0.45, 0.85)) * (0.9 if route == "spray" else 1.0)
    return {"mean_d": mean, "depth": depth, "from_session": float(generator.integers(1, 5))}


def _share_jumps(patient: Patient, days: FloatArray, sessions: FloatArray) -> FloatArray:
    """Well from the session that brings it, for a time drawn by session; then all of it is gone within two days."""
    numbers = patient.numbers
    lasts = numbers["mean_d"] * patient.marks[: sessions.size]
    works = np.arange(sessions.size) + 1 >= numbers["from_session"]
    since = _since(days, sessions)
    left = np.where(since > 0, np.clip((lasts[None, :] + 2.0 - since) / 2.0, 0.0, 1.0), 0.0) * works
    return np.asarray(numbers["depth"] * left.max(axis=1, initial=0.0), dtype=np.float64)


def _draw_nothing(generator: np.random.Generator, _sex: str, _route: str) -> dict[str, float]:
    return {"share": float(np.clip(0.25 + 0.2 * generator.standard_normal(), -0.1, 0.8))}


def _share_nothing(patient: Patient, days: FloatArray, _sessions: FloatArray) -> FloatArray:
    """The drug does nothing: a non-specific share that comes within a week and fades over half a year."""
    after = np.maximum(days, 0.0)
    return np.asarray(patient.numbers["share"] * -np.expm1(-after / 5.0) * np.exp(-after / 180.0), dtype=np.float64)


TRUTHS: Mapping[str, Truth] = {
    one.key: one
    for one in (
        Truth("model", "the fitted model itself", True, _draw_model, _share_model),
        Truth("two-kinds", "half fade within a week, half within a month", False, _draw_two_kinds, _share_decay),
        Truth("fading", "every session does 5 % less", False, _draw_fading, _share_decay, drift_sd=3.5),
        Truth("jumps", "relapse as a jump, not a slope", False, _draw_jumps, _share_jumps, drift_sd=1.5),
        Truth("nothing", "the drug does nothing", False, _draw_nothing, _share_nothing, 3.5, 30.0),
    )
}
