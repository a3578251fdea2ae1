"""The worked analysis of the open crossover set: change by visit, differences, responders, mixed model."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from warnings import catch_warnings

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, pearsonr, t
from statsmodels.regression.linear_model import OLS
from statsmodels.regression.mixed_linear_model import MixedLM

from afterglow.outcomes.cohort import Share, estimate_share
from afterglow.outcomes.open_trial import OpenTrial, Participant, Treatment
from afterglow.terms import InvalidInput, build_error

FloatArray = npt.NDArray[np.float64]
DAYS = (2, 10)
GROUP = "MDD"
RESPONSE_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Change:
    """Mean change from b0 after one treatment on one day, with how many were left out."""

    treatment: Treatment
    day: int
    n: int
    mean: float
    sd: float
    left_out: int


@dataclass(frozen=True, slots=True)
class MeanDifference:
    """A difference of means, ketamine minus saline, with its interval and numbers."""

    day: int
    n: tuple[int, ...]
    mean: float
    low: float
    high: float
    df: float


@dataclass(frozen=True, slots=True)
class Responders:
    """Responders of those seen, and the same count out of everyone infused, with missing as failure."""

    treatment: Treatment
    day: int
    seen: Share
    infused: Share


@dataclass(frozen=True, slots=True)
class Effect:
    """One fixed effect of a model."""

    name: str
    estimate: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class MixedModel:
    """The mixed model, whether it converged, and its fixed effects beside those of ordinary least squares."""

    n_people: int
    n_scores: int
    effects: tuple[Effect, ...]
    person_variance: float
    residual_variance: float
    has_converged: bool
    warnings: tuple[str, ...]
    least_squares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TrialAnalysis:
    """Every number of the worked analysis."""

    changes: tuple[Change, ...]
    correlation: float
    correlation_n: int
    paired: tuple[MeanDifference, ...]
    period_1: tuple[MeanDifference, ...]
    responders: tuple[Responders, ...]
    model: MixedModel


def analyse_open_trial(trial: OpenTrial, *, group: str = GROUP) -> TrialAnalysis:
    """Return the worked analysis of one diagnostic group; refuse a group too small for its model."""
    people = [each for each in trial.list_group(group) if trial.find_madrs(each.id, Treatment.NONE, 0) is not None]
    if len(people) < 10:
        message = f"{len(people)} people of group {group!r} with a baseline"
        raise InvalidInput([build_error("group", "group-too-small", group, "10 people or more", message)])
    cells = [(treatment, day) for treatment in (Treatment.KETAMINE, Treatment.SALINE) for day in DAYS]
    correlation, correlation_n = _correlate(trial, people)
    return TrialAnalysis(
        changes=tuple(_read_change(trial, people, *cell) for cell in cells),
        correlation=correlation,
        correlation_n=correlation_n,
        paired=tuple(_read_paired(trial, people, day) for day in DAYS),
        period_1=tuple(_read_period_1(trial, people, day) for day in DAYS),
        responders=tuple(_read_responders(trial, people, *cell) for cell in cells),
        model=_fit_model(trial, people),
    )


def list_changes(trial: OpenTrial, people: Sequence[Participant], treatment: Treatment, day: int) -> list[float]:
    """Return score minus b0 of each person who has both."""
    changes = []
    for person in people:
        before = trial.find_madrs(person.id, Treatment.NONE, 0)
        after = trial.find_madrs(person.id, treatment, day)
        if before is not None and after is not None:
            changes.append(float(after - before))
    return changes


def _read_change(trial: OpenTrial, people: Sequence[Participant], treatment: Treatment, day: int) -> Change:
    changes = list_changes(trial, people, treatment, day)
    infused = sum(treatment in person.infusions for person in people)
    return Change(treatment, day, len(changes), fmean(changes), stdev(changes), infused - len(changes))


def _correlate(trial: OpenTrial, people: Sequence[Participant]) -> tuple[float, int]:
    """Return the correlation of the scores 2 and 10 days after ketamine, and of how many."""
    pairs = [
        (float(early), float(late))
        for person in people
        if (early := trial.find_madrs(person.id, Treatment.KETAMINE, 2)) is not None
        and (late := trial.find_madrs(person.id, Treatment.KETAMINE, 10)) is not None
    ]
    return float(pearsonr(*zip(*pairs, strict=True)).statistic), len(pairs)


def _read_paired(trial: OpenTrial, people: Sequence[Participant], day: int) -> MeanDifference:
    differences = [
        float(active - saline)
        for person in people
        if (active := trial.find_madrs(person.id, Treatment.KETAMINE, day)) is not None
        and (saline := trial.find_madrs(person.id, Treatment.SALINE, day)) is not None
    ]
    n = len(differences)
    error = stdev(differences) / n**0.5
    mean, width = fmean(differences), float(t.ppf(0.975, n - 1)) * error
    return MeanDifference(day, (n,), mean, mean - width, mean + width, n - 1)


def _read_period_1(trial: OpenTrial, people: Sequence[Participant], day: int) -> MeanDifference:
    groups = [
        list_changes(trial, [each for each in people if each.infusions[:1] == (treatment,)], treatment, day)
        for treatment in (Treatment.KETAMINE, Treatment.SALINE)
    ]
    mean = fmean(groups[0]) - fmean(groups[1])
    parts = [stdev(group) ** 2 / len(group) for group in groups]
    df = sum(parts) ** 2 / sum(part**2 / (len(group) - 1) for part, group in zip(parts, groups, strict=True))
    width = float(t.ppf(0.975, df)) * sum(parts) ** 0.5
    return MeanDifference(day, (len(groups[0]), len(groups[1])), mean, mean - width, mean + width, df)


def _read_responders(trial: OpenTrial, people: Sequence[Participant], treatment: Treatment, day: int) -> Responders:
    count = seen = infused = 0
    for person in people:
        before = trial.find_madrs(person.id, Treatment.NONE, 0)
        after = trial.find_madrs(person.id, treatment, day)
        infused += treatment in person.infusions
        if before is not None and after is not None:
            seen += 1
            count += (before - after) * 2 >= before
    return Responders(treatment, day, estimate_share(count, seen), estimate_share(count, infused))


def build_design(trial: OpenTrial, people: Sequence[Participant]) -> tuple[list[float], list[list[float]], list[str]]:
    """Return scores, rows of fixed effects and person of each: intercept, saline day 10, two contrasts, period, b0."""
    baselines = {person.id: float(trial.find_madrs(person.id, Treatment.NONE, 0) or 0) for person in people}
    centre = fmean(baselines.values())
    scores, rows, owners = [], [], []
    for visit in trial.visits:
        if visit.participant in baselines and visit.day and visit.madrs is not None and visit.period is not None:
            is_active, is_late = visit.treatment is Treatment.KETAMINE, visit.day == DAYS[1]
            scores.append(float(visit.madrs))
            owners.append(visit.participant)
            marks = (True, is_late, is_active and not is_late, is_active and is_late, visit.period == 2)
            rows.append([*map(float, marks), baselines[visit.participant] - centre])
    return scores, rows, owners


EFFECTS = (
    "saline, day 2, period 1",
    "day 10 against day 2, saline",
    "ketamine minus saline, day 2",
    "ketamine minus saline, day 10",
    "period 2 against period 1",
    "per point of baseline",
)


def _fit_model(trial: OpenTrial, people: Sequence[Participant]) -> MixedModel:
    scores, rows, owners = build_design(trial, people)
    outcome, design = np.array(scores), np.array(rows)
    with catch_warnings(record=True) as caught:
        fit = MixedLM(outcome, design, groups=np.array(owners)).fit(reml=True, method=["bfgs", "cg"])
    between, within = float(np.asarray(fit.cov_re)[0, 0]), float(fit.scale)
    errors = calculate_standard_errors(design, owners, between, within)
    width = float(norm.ppf(0.975))
    effects = tuple(
        Effect(name, float(value), float(error), float(value - width * error), float(value + width * error))
        for name, value, error in zip(EFFECTS, fit.fe_params, errors, strict=True)
    )
    return MixedModel(
        n_people=len(set(owners)),
        n_scores=len(scores),
        effects=effects,
        person_variance=between,
        residual_variance=within,
        has_converged=bool(fit.converged),
        warnings=tuple(str(each.message) for each in caught),
        least_squares=tuple(float(value) for value in OLS(outcome, design).fit().params),
    )


def calculate_standard_errors(design: FloatArray, owners: Sequence[str], between: float, within: float) -> FloatArray:
    """Return the model-based standard errors of the fixed effects of a random-intercept model.

    Parameters
    ----------
    design : ndarray, shape (n_scores, n_effects)
    owners : sequence of str, length n_scores
    between, within : float, points squared
        Variance between people and within one.

    Notes
    -----
    Square roots of the diagonal of the inverse of X' V^-1 X, as other programs print them; the library's own come from
    the joint Hessian with the variances and are a little larger.
    """
    information = np.zeros((design.shape[1], design.shape[1]))
    for owner in dict.fromkeys(owners):
        rows = design[[each == owner for each in owners]]
        information += rows.T @ np.linalg.solve(between + within * np.eye(len(rows)), rows)
    return np.sqrt(np.diag(np.linalg.inv(information)))
