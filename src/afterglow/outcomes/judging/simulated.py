"""Coverage on simulated truths: bands of the model alone and held against past patients, by group."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from afterglow.outcomes.forecast.ahead import QUANTILES, Bands
from afterglow.outcomes.forecast.calibration import NOT_CALIBRATED, Calibration, calibrate
from afterglow.outcomes.forecast.retrospect import Looked, look_back
from afterglow.outcomes.judging.measures import Scored, Summary, measure_central, score_forecast, summarise
from afterglow.outcomes.judging.truths import GROUPS, INDUCTION, TOP, UPKEEP_D, Patient, draw_patients

BEFORE = (-7, -1)
AHEAD = (14, 42, 84)
CENTRAL = tuple(k / 10 for k in range(1, 10))


@dataclass(frozen=True, slots=True)
class TruthCoverage:
    """One truth: summaries before and after calibration, by group after it, and the baselines."""

    truth: str
    plain: Summary
    calibrated: Summary
    groups: tuple[Summary, ...]
    baselines: tuple[Summary, ...]
    refused: int
    central: tuple[float, ...]


def look_at(patient: Patient, seed: int) -> list[Looked]:
    """Return forecasts of a simulated patient: from the end of induction and two months on, 2, 6 and 12 weeks ahead."""
    induction = INDUCTION[patient.route]
    upkeep = range(induction[-1] + UPKEEP_D[patient.route], 220, UPKEEP_D[patient.route])
    sessions = (*induction, *upkeep)
    origins = [induction[-1] + 4, induction[-1] + 60]
    weekly = range(2, origins[-1] + 1, 7)
    targets = sorted({origin + ahead for origin in origins for ahead in AHEAD})
    days = sorted({*BEFORE, *weekly, *origins, *targets})
    course = patient.build_course(days, sessions)
    wanted = {(origin, origin + ahead) for origin in origins for ahead in AHEAD}
    found = look_back(patient.id, course, [float(each) for each in origins], seed=seed)
    return [one for one in found if (round(one.from_day), round(one.day)) in wanted]


def calibrate_on_truth(truth: str, n: int, past: int, seed: int) -> Calibration:
    """Return the calibration on the `past` patients of a truth that follow the first `n`."""
    before = draw_patients(truth, n + past, seed)[n:]
    return calibrate([one.judge() for patient in before for one in look_at(patient, seed)])


def judge_truth(truth: str, n: int, past: int, seed: int) -> TruthCoverage:
    """Return the coverage on `n` patients, calibrated on `past` others of the same truth."""
    patients = draw_patients(truth, n + past, seed)
    looked = {patient.id: look_at(patient, seed) for patient in patients}
    before, tested = patients[n:], patients[:n]
    calibration = calibrate([one.judge() for patient in before for one in looked[patient.id]])
    rows = [one for patient in tested for one in looked[patient.id]]
    scored = [(one, score(one, calibration)) for one in rows]
    plain = [score(one, NOT_CALIBRATED) for one in rows]
    groups = {patient.id: patient.groups for patient in tested}
    by_group = [
        summarise(group, [each for one, each in scored if group in groups[one.patient]])
        for group in GROUPS
        if any(group in groups[one.patient] for one, _ in scored)
    ]
    return TruthCoverage(
        truth,
        summarise("plain", plain),
        summarise("calibrated", [each for _, each in scored]),
        tuple(by_group),
        tuple(_judge_baselines(rows, [one for patient in before for one in looked[patient.id]])),
        sum(not looked[patient.id] for patient in tested),
        measure_central(plain, CENTRAL),
    )


def score(looked: Looked, calibration: Calibration) -> Scored:
    """Return how one forecast did, with the bands as they would be shown."""
    quantiles = np.quantile(looked.sample, QUANTILES)
    bands = Bands(np.array([looked.day]), quantiles[None, :])
    shown = calibration.apply(bands, looked.scale, looked.from_day, TOP)
    return score_forecast(looked.patient, looked.sample, shown.quantiles[0], looked.seen)


def _judge_baselines(rows: Sequence[Looked], past: Sequence[Looked]) -> Iterator[Summary]:
    """Yield last value and population mean, each with the spread of its errors in past patients."""
    for name in ("last value", "population mean"):
        scored = []
        for one in rows:
            same = [each for each in past if round(each.day - each.from_day) == round(one.day - one.from_day)]
            seen = np.array([each.seen for each in same])
            if name == "last value":
                centre, errors = one.last, seen - np.array([each.last for each in same])
            else:
                centre, errors = float(seen.mean()), seen - seen.mean()
            sample = np.clip(centre + errors, 0.0, TOP)
            quantiles = np.quantile(sample, QUANTILES)
            quantiles[2] = centre
            scored.append(score_forecast(one.patient, sample, quantiles, one.seen))
        yield summarise(name, scored)
