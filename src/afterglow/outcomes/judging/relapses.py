"""Relapse probabilities against known truths: Brier score beside the base rate, and reliability in bins."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from afterglow.outcomes.forecast._types import FloatArray
from afterglow.outcomes.forecast.ahead import calculate_relapse
from afterglow.outcomes.forecast.calibration import NOT_CALIBRATED, Calibration
from afterglow.outcomes.forecast.update import find_similar
from afterglow.outcomes.judging.recommender import THRESHOLD
from afterglow.outcomes.judging.truths import INDUCTION, draw_patients

BY_DAYS = 42
EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Reliability:
    """One truth: patients, share with a relapse, mean chance forecast, and the bins before calibration.

    Brier scores of the forecast, of the forecast stretched as its calibrated bands are, and of the base rate. Each bin
    is (from, to, n, mean predicted, share seen).
    """

    truth: str
    n: int
    refused: int
    base_rate: float
    predicted: float
    predicted_calibrated: float
    brier: float
    brier_calibrated: float
    brier_base: float
    bins: tuple[tuple[float, float, int, float, float], ...]


def judge_relapses(truth: str, n: int, seed: int, calibration: Calibration = NOT_CALIBRATED) -> Reliability:
    """Return how the chance of relapse within six weeks, without a further session, compares with what happens.

    Patients below the threshold four days after induction are asked about; assessments are weekly, and two in a row
    at or over 10 are a relapse.
    """
    predicted: list[float] = []
    stretched: list[float] = []
    happened: list[bool] = []
    refused = 0
    for patient in draw_patients(truth, n, seed):
        sessions = INDUCTION[patient.route]
        today = sessions[-1] + 4
        known = sorted({-7, -1, *range(3, today, 7), today})
        course = patient.build_course(known, sessions)
        if course.readings[-1].value >= THRESHOLD:
            continue
        similar = find_similar(course, seed=seed)
        if similar.contradiction:
            refused += 1
            continue
        for found, stretch in ((predicted, None), (stretched, lambda days: calibration.stretch("PHQ-9", days))):
            outlook = calculate_relapse(similar, today, THRESHOLD, stretch=stretch)
            found.append(float(np.interp(today + BY_DAYS, outlook.days, outlook.probability)))
        later = patient.score(list(range(today + 7, today + BY_DAYS + 1, 7)), sessions) >= THRESHOLD
        happened.append(bool(np.any(later[1:] & later[:-1])))
    return _summarise(
        truth, np.array(predicted), np.array(stretched), np.array(happened, dtype=np.float64), refused
    )  # fmt: skip


def _summarise(
    truth: str, predicted: FloatArray, stretched: FloatArray, happened: FloatArray, refused: int
) -> Reliability:
    rate = float(happened.mean())
    place = np.clip(np.digitize(predicted, EDGES) - 1, 0, len(EDGES) - 2)
    bins = tuple(_describe(k, predicted[place == k], happened[place == k]) for k in range(len(EDGES) - 1))
    return Reliability(
        truth,
        len(predicted),
        refused,
        rate,
        float(predicted.mean()),
        float(stretched.mean()),
        float(np.mean((predicted - happened) ** 2)),
        float(np.mean((stretched - happened) ** 2)),
        rate * (1.0 - rate),
        tuple(row for row in bins if row[2]),
    )


def _describe(k: int, predicted: Sequence[float], happened: Sequence[float]) -> tuple[float, float, int, float, float]:
    if not len(predicted):
        return EDGES[k], EDGES[k + 1], 0, 0.0, 0.0
    return EDGES[k], EDGES[k + 1], len(predicted), float(np.mean(predicted)), float(np.mean(happened))
