"""The advice against known truths: loss over half a year of upkeep beside fixed intervals, titration and an oracle.

Aims, data-generating mechanism, estimands, methods and performance measures are said in docs/forecast.md (ADEMP).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from afterglow.outcomes.forecast._types import FloatArray
from afterglow.outcomes.forecast.update import find_similar
from afterglow.outcomes.judging.truths import INDUCTION, TOP, Patient
from afterglow.outcomes.next_treatment import Circumstances, IntervalPolicy, Loss, SuicideAnswer, advise, load_loss
from afterglow.outcomes.next_treatment.loss import PER_DAYS
from afterglow.pharmacology.mechanism import get_scale
from afterglow.terms import Citation, Grade

THRESHOLD = 10.0
OF_THE_MODEL = 1200  # virtual patients in each decision: fewer than the program's, for time
POLICIES: Mapping[str, IntervalPolicy] = {
    "iv": IntervalPolicy(
        "iv-racemic", "maintenance", (14, 21, 28, 42, 56), 21, "Individual; then longer, or stop",
        Citation("ASKP-20", "row R-IV", Grade.V2),
    ),
    "spray": IntervalPolicy(
        "nasal-esketamine-us", "maintenance", (7, 14), 14, "Every 2 weeks or weekly",
        Citation("SPR-US", "row E-06", Grade.V),
    ),
}  # fmt: skip
Rule = Callable[[Patient, Sequence[int], Sequence[int], int], int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a way of choosing came to in one patient per 28 days: loss at the middle visit cost, unwell days, visits."""

    loss: float
    unwell_days: float
    visits: float


@dataclass(frozen=True, slots=True)
class Result:
    """One way of choosing in one truth: means, their Monte Carlo error beside the oracle, and the worst tenth."""

    name: str
    loss: float
    excess: float
    excess_error: float
    unwell_days: float
    visits: float
    worst_tenth: float


def judge_policies(patients: Sequence[Patient], *, seed: int, loss: Loss | None = None) -> tuple[Result, ...]:
    """Return every way of choosing on the same patients, with the same noise.

    The oracle is each patient's own best constant interval, known afterwards; the best fixed interval is the best one
    for all of these patients, known afterwards too.
    """
    loss = loss or load_loss()
    route = patients[0].route
    policy = POLICIES[route]
    fixed = {days: [run(patient, _hold(days), loss) for patient in patients] for days in policy.choices_d}
    best = min(fixed, key=lambda days: float(np.mean([one.loss for one in fixed[days]])))
    oracle = [min((fixed[days][k] for days in fixed), key=lambda one: one.loss) for k in range(len(patients))]
    found = {
        f"best fixed ({best} d)": fixed[best],
        f"schedule ({policy.default_d} d)": fixed[policy.default_d],
        "titration": [run(patient, _titrate, loss) for patient in patients],
        "advice, leaning": [run(patient, _follow(seed, loss, is_cautious=False), loss) for patient in patients],
        "advice, separated only": [run(patient, _follow(seed, loss, is_cautious=True), loss) for patient in patients],
        "oracle": oracle,
    }
    return tuple(_summarise(name, rows, oracle) for name, rows in found.items())


def run(patient: Patient, rule: Rule, loss: Loss) -> Outcome:
    """Return what a rule brings one patient from the last induction session on.

    Scores are taken weekly and on the day of each session, before it; at each session the rule names the days to the
    next one.
    """
    sessions = list(INDUCTION[patient.route])
    start = sessions[-1]
    end = start + int(loss.get("horizon_d"))
    while True:
        after = sessions[-1] + rule(patient, _list_score_days(sessions), sessions, sessions[-1])
        if after >= end:
            break
        sessions.append(after)
    days = np.arange(start + 1, end + 1)
    true = patient.calculate_true(days.tolist(), sessions)
    return _count(true, len([each for each in sessions if each > start]), loss)


def _list_score_days(sessions: Sequence[int]) -> list[int]:
    return sorted({-7, -1, *range(3, sessions[-1], 7), *(each for each in sessions if each > 0)})


def _count(true: FloatArray, visits: int, loss: Loss) -> Outcome:
    remission = get_scale("PHQ-9").remission_at_most
    unwell = PER_DAYS * float(np.mean(true >= THRESHOLD - 0.5))
    severity = PER_DAYS * float(np.mean(np.maximum(true - remission, 0.0))) / TOP
    rate = visits * PER_DAYS / true.size
    each = loss.get_visit_cost("middle") + loss.get("exposure_per_session")
    each += loss.get("adverse_per_session") * loss.get("adverse_event")
    total = loss.get("unwell_day") * unwell + loss.get("severity_day") * severity + rate * each
    return Outcome(total, unwell, rate)


def _hold(days: int) -> Rule:
    return lambda _patient, _days, _sessions, _today: days


def _titrate(patient: Patient, days: Sequence[int], sessions: Sequence[int], today: int) -> int:
    """Simple titration: at 10 or more one step closer, at 4 or less twice running one step apart, else as before."""
    policy = POLICIES[patient.route]
    present = _find_present(patient, sessions)
    last = patient.score([day for day in days if day <= today][-2:], sessions)
    place = policy.choices_d.index(present)
    if last[-1] >= THRESHOLD:
        place = max(place - 1, 0)
    elif np.all(last <= get_scale("PHQ-9").remission_at_most):
        place = min(place + 1, len(policy.choices_d) - 1)
    return policy.choices_d[place]


def _follow(seed: int, loss: Loss, *, is_cautious: bool) -> Rule:
    """Follow the advice: the smallest expected loss that is allowed, or only what the evidence separates."""

    def choose(patient: Patient, days: Sequence[int], sessions: Sequence[int], today: int) -> int:
        course = patient.build_course([day for day in days if day <= today], sessions)
        policy = POLICIES[patient.route]
        similar = find_similar(course, n=OF_THE_MODEL, seed=seed)
        known = Circumstances(
            (SuicideAnswer("phq9", float(today), 0),), frozenset(), maintenance_from=len(INDUCTION[patient.route])
        )
        advice = advise(
            similar, policy, today=float(today) + 0.1, threshold=THRESHOLD,
            remission=get_scale("PHQ-9").remission_at_most, circumstances=known, loss=loss,
        )  # fmt: skip
        chosen = advice.suggested_d if is_cautious else advice.leaning_d
        return chosen or _find_present(patient, sessions)

    return choose


def _find_present(patient: Patient, sessions: Sequence[int]) -> int:
    return POLICIES[patient.route].find_present([float(each) for each in sessions], len(INDUCTION[patient.route]))


def _summarise(name: str, rows: Sequence[Outcome], oracle: Sequence[Outcome]) -> Result:
    losses = np.array([one.loss for one in rows])
    excess = losses - np.array([one.loss for one in oracle])
    worst = np.sort(losses)[-max(1, len(losses) // 10) :]
    return Result(
        name,
        float(losses.mean()),
        float(excess.mean()),
        float(excess.std(ddof=1) / np.sqrt(excess.size)) if excess.size > 1 else 0.0,
        float(np.mean([one.unwell_days for one in rows])),
        float(np.mean([one.visits for one in rows])),
        float(worst.mean()),
    )
