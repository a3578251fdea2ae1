"""Past courses forecast again as if they were not yet over: what calibration and evaluation are made from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from afterglow.outcomes.forecast._types import FloatArray
from afterglow.outcomes.forecast.ahead import QUANTILES, predict_scores
from afterglow.outcomes.forecast.calibration import Calibration, Judged, calibrate, judge
from afterglow.outcomes.forecast.personal import PersonalCourse
from afterglow.outcomes.forecast.update import DEFAULT_SEED, find_similar


@dataclass(frozen=True, slots=True)
class Looked:
    """One forecast of a past course: from which day, for which, the sample (n,), the score seen, the last before."""

    patient: str
    scale: str
    from_day: float
    day: float
    sample: FloatArray
    seen: float
    last: float

    def judge(self) -> Judged:
        """Return how far out the score lay."""
        quantiles = np.quantile(self.sample, QUANTILES)
        return judge(self.patient, self.scale, self.day - self.from_day, quantiles, self.seen)


def look_back(
    patient: str, course: PersonalCourse, from_days: Sequence[float], *, seed: int = DEFAULT_SEED
) -> Iterator[Looked]:
    """Yield a forecast for every later score from what was known on each of the days; sessions are taken as known.

    A course that contradicts the model on a day yields nothing for it, as the program would say nothing.
    """
    for origin in from_days:
        known = course.keep_until(origin)
        similar = find_similar(known, seed=seed)
        ahead = [one for one in course.readings if one.day > origin]
        if similar.contradiction or not ahead:
            continue
        later = tuple(one for one in course.sessions if one.day > origin)
        samples = predict_scores(similar, np.array([one.day for one in ahead]), later)
        for row, one in zip(samples, ahead, strict=True):
            yield Looked(patient, course.scale, origin, one.day, row, one.value, known.readings[-1].value)


def judge_course(patient: str, course: PersonalCourse, *, seed: int = DEFAULT_SEED) -> list[Judged]:
    """Return how far out each forecast of one course lay: from every score after the first session but the last."""
    origins = [one.day for one in course.list_after()][:-1]
    return [looked.judge() for looked in look_back(patient, course, origins, seed=seed)]


def calibrate_on_courses(courses: Mapping[str, PersonalCourse], *, seed: int = DEFAULT_SEED) -> Calibration:
    """Return the calibration of past courses by patient."""
    return calibrate([row for patient, course in courses.items() for row in judge_course(patient, course, seed=seed)])
