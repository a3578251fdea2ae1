"""The open trial set: the score ten days after ketamine forecast from that of day two, each person left out in turn."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from afterglow.outcomes.forecast._types import FloatArray
from afterglow.outcomes.forecast.ahead import QUANTILES, Bands
from afterglow.outcomes.forecast.calibration import Calibration, calibrate
from afterglow.outcomes.forecast.exposure import build_dose
from afterglow.outcomes.forecast.personal import GivenSession, PersonalCourse, Reading
from afterglow.outcomes.forecast.retrospect import Looked, look_back
from afterglow.outcomes.judging.measures import Scored, Summary, score_forecast, summarise
from afterglow.outcomes.open_trial import OpenTrial, Treatment

FROM_DAY, DAY, TOP = 2.0, 10.0, 60.0
FEWEST = 9  # the fewest people from which a 90 % factor of split conformal prediction is finite


@dataclass(frozen=True, slots=True)
class TrialPerson:
    """One person with all three scores: before anything, two and ten days after ketamine."""

    id: str
    baseline: float
    early: float
    late: float
    sex: str | None


Predict = Callable[[TrialPerson, Sequence[TrialPerson]], float]


def list_people(trial: OpenTrial) -> tuple[TrialPerson, ...]:
    """Return the people with major depression who have all three scores."""
    found = []
    for person in trial.list_group("MDD"):
        b0 = trial.find_madrs(person.id, Treatment.NONE, 0)
        d2 = trial.find_madrs(person.id, Treatment.KETAMINE, 2)
        d10 = trial.find_madrs(person.id, Treatment.KETAMINE, 10)
        if b0 is not None and d2 is not None and d10 is not None:
            found.append(TrialPerson(person.id, float(b0), float(d2), float(d10), person.sex))
    return tuple(found)


def build_personal(person: TrialPerson) -> PersonalCourse:
    """Return the person's course: one infusion of 0.5 mg/kg over 40 min, rated as in a blinded crossover."""
    dose = build_dose("racemic", "iv", dose_mg=35.0, duration_min=40.0)
    readings = (Reading(-1.0, person.baseline), Reading(FROM_DAY, person.early), Reading(DAY, person.late))
    return PersonalCourse("MADRS", readings, (GivenSession(0.0, dose),), setting="crossover")


def judge_open_trial(trial: OpenTrial) -> tuple[Summary, ...]:
    """Return the forecast, uncalibrated and calibrated on the others, beside three baselines."""
    people = list_people(trial)
    looked = {person.id: next(look_back(person.id, build_personal(person), [FROM_DAY])) for person in people}
    rows = [
        summarise("forecast, not calibrated", [_score(one, Calibration({}, {})) for one in looked.values()]),
        summarise(
            "forecast, calibrated on the others", [_score(looked[p.id], _leave_out(looked, p.id)) for p in people]
        ),
    ]
    for name, predict in (("last value", _last), ("population mean", _mean), ("linear", _linear)):
        rows.append(summarise(name, [_score_baseline(person, people, predict) for person in people]))
    return tuple(rows)


def _leave_out(looked: Mapping[str, Looked], left_out: str) -> Calibration:
    return calibrate([one.judge() for person, one in looked.items() if person != left_out], fewest=FEWEST)


def _score(looked: Looked, calibration: Calibration) -> Scored:
    quantiles = np.quantile(looked.sample, QUANTILES)
    bands = Bands(np.array([looked.day]), quantiles[None, :])
    shown = calibration.apply(bands, looked.scale, looked.from_day, TOP)
    return score_forecast(looked.patient, looked.sample, shown.quantiles[0], looked.seen)


def _score_baseline(person: TrialPerson, people: Sequence[TrialPerson], predict: Predict) -> Scored:
    """Score a point forecast with the spread of the others' errors, each of them left out in its turn too."""
    others = [one for one in people if one.id != person.id]
    centre = predict(person, others)
    errors = [one.late - predict(one, [each for each in others if each.id != one.id]) for one in others]
    sample: FloatArray = np.clip(centre + np.asarray(errors), 0.0, TOP)
    quantiles = np.quantile(sample, QUANTILES)
    quantiles[2] = centre
    return score_forecast(person.id, sample, quantiles, person.late)


def _last(person: TrialPerson, _others: Sequence[TrialPerson]) -> float:
    return person.early


def _mean(_person: TrialPerson, others: Sequence[TrialPerson]) -> float:
    return float(np.mean([one.late for one in others]))


def _linear(person: TrialPerson, others: Sequence[TrialPerson]) -> float:
    """Least squares on baseline and last value."""
    design = np.array([[1.0, one.baseline, one.early] for one in others])
    found, *_ = np.linalg.lstsq(design, np.array([one.late for one in others]), rcond=None)
    return float(found @ np.array([1.0, person.baseline, person.early]))
