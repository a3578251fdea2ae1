"""The individual update: prior people, this patient's readings, posterior people, and what may be said about it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.effects.parameters import EffectValues, list_parameters
from afterglow.pharmacology.finding.outlook import People
from afterglow.pharmacology.finding.words import round_two
from afterglow.pharmacology.models.model import Model
from afterglow.pharmacology.population import Subjects
from afterglow.pharmacology.results import calculate_bands
from afterglow.pharmacology.updating.course import (
    Course,
    Prepared,
    SessionRecord,
    build_subjects,
    check_course,
    is_too_early_for_veins,
    list_venous_models,
    predict_session_readings,
    prepare_covariates,
)
from afterglow.pharmacology.updating.latents import Latents, build_latents, find_rows, read_effects, read_mood
from afterglow.pharmacology.updating.mood import build_mood_course, calculate_score_sd, combine_mood, predict_scores
from afterglow.pharmacology.updating.observations import (
    KINDS,
    Observation,
    check_observations,
    choose_sessions,
    get_residual,
)
from afterglow.pharmacology.updating.residuals import Residual
from afterglow.pharmacology.updating.sampling import Sample, sample_posterior
from afterglow.pharmacology.updating.weights import calculate_moments
from afterglow.terms import InvalidInput, Problem, build_error, build_warning

FEWEST, MOST = 50, 5000
DEFAULT_N, DEFAULT_SEED = 250, 1  # few enough for plain numpy: the same bytes with and without the compiled extra
LEAST_ESS_SHARE = 0.1
CONFLICT_TAIL, OUTLIER_TAIL = 0.002, 0.01


class Outcome(StrEnum):
    """Whether the readings told something that can be stood by."""

    UPDATED = "updated"
    NOT_ENOUGH_DATA = "not-enough-data"


@dataclass(frozen=True, slots=True)
class Moved:
    """How far one parameter moved, in its own between-person spread: prior and posterior sd, shift of the mean.

    `has_moved` asks for more than chance with this many particles: three standard errors of mean or spread.
    """

    name: str
    prior_sd: float
    posterior_sd: float
    shift: float
    has_moved: bool


@dataclass(frozen=True, slots=True)
class Check:
    """A reading beside what was expected before and after: 5th, 50th, 95th percentile, readings' own error left out.

    `tail` is the two-sided chance, after the update and with that error, of a reading at least as far out.
    """

    observation: Observation
    residual: Residual
    before: tuple[float, float, float]
    after: tuple[float, float, float]
    tail: float
    is_outlier: bool


@dataclass(frozen=True, slots=True)
class Update:
    """People like this patient after the readings; the prior people where nothing can be stood by.

    Attributes
    ----------
    outcome : Outcome
    reason : str
        In words, why; `code` for programs: `updated no-observations uninformative conflict stuck impossible`.
    ess, prior_ess : float
        Effective sample size that the readings left, and that of plain importance weights; without an estimate it is
        that of the attempt, while the people are those of the prior with equal weights.
    acceptance : float
        Smallest share of accepted moves of any stage; 1 where weights sufficed.
    subjects : Subjects
        Kinetics with weights: what `simulate` takes as particles.
    effects : EffectValues
        The same people's effect parameters.
    mood : ndarray, shape (7, n)
        The same people's normals for the mechanism.
    """

    outcome: Outcome
    code: str
    reason: str
    n: int
    seed: int
    ess: float
    prior_ess: float
    temperatures: tuple[float, ...]
    acceptance: float
    subjects: Subjects
    effects: EffectValues
    mood: FloatArray
    weights: FloatArray
    model_id: str
    moved: tuple[Moved, ...]
    checks: tuple[Check, ...]
    problems: tuple[Problem, ...]

    @property
    def has_estimate(self) -> bool:
        """Whether the people stand for this patient; otherwise they are people like this patient, as before."""
        return self.outcome is Outcome.UPDATED

    @property
    def people(self) -> People:
        """The same people as dose finding and comparison take them."""
        return People(self.n, self.seed, self.effects, self.weights, self.subjects, self.model_id)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a page or a report, numbers with two figures."""
        return {
            "outcome": self.outcome.value,
            "code": self.code,
            "reason": self.reason,
            "has_estimate": self.has_estimate,
            "n": self.n,
            "effective_patients": math.floor(self.ess),
            "seed": self.seed,
            "ess": round_two(self.ess),
            "prior_ess": round_two(self.prior_ess),
            "acceptance": round_two(self.acceptance),
            "stages": len(self.temperatures),
            "moved": [
                {"name": one.name, "prior_sd": round_two(one.prior_sd), "posterior_sd": round_two(one.posterior_sd),
                 "shift": round_two(one.shift), "has_moved": one.has_moved}
                for one in self.moved
            ],
            "checks": [_render_check(one) for one in self.checks],
            "problems": [problem.to_json() for problem in self.problems],
        }  # fmt: skip


def update(
    course: Course, observations: Sequence[Observation], *, n: int = DEFAULT_N, seed: int = DEFAULT_SEED,
    is_robust: bool = False,
) -> Update:  # fmt: skip
    """Return people like this patient, weighted or moved by what this patient showed.

    Parameters
    ----------
    course : Course
        What was given, and to whom.
    observations : sequence of Observation
        Readings of its sessions and symptom scores; a reading of another session is left out with a warning.
    n : int
        Particles, 50 to 5000.
    seed : int
        Same seed, same bytes.
    is_robust : bool
        Student-t residuals, so that single odd readings weigh little.

    Returns
    -------
    update : Update
        With the outcome `not-enough-data` the people are those of the prior, unchanged.

    Raises
    ------
    InvalidInput
        Readings of an unknown kind, NaN, impossible values, or a course that cannot be computed.
    """
    _check_size(n, seed)
    check_course(course)
    check_observations(observations)
    used, problems = choose_sessions(observations, [session.id for session in course.sessions])
    used, more = _choose_predictable(used, course)
    model = course.model
    latents = build_latents(model, _list_nuisance(course))
    covariates, noted = prepare_covariates(course, n)
    prepared = Prepared(course, model, latents, covariates)
    problems += [*more, *noted]
    prior = np.random.default_rng([seed, 1]).standard_normal((latents.size, n))
    run = _Run(prepared, used, [_choose_residual(one, model, is_robust) for one in used], prior)
    if not used:
        text = "Nothing was read that belongs to this course: these are people like this patient, not this patient."
        return _stay(run, seed, "no-observations", text, problems, None)
    sample = sample_posterior(run.calculate_log_likelihood, prior[run.rows], np.random.default_rng([seed, 2]))
    return _conclude(run, sample, seed, problems)


class _Run:
    """One update under way: which rows of the prior move, and what every reading would be for given rows."""

    def __init__(
        self, prepared: Prepared, used: Sequence[Observation], residuals: Sequence[Residual], prior: FloatArray
    ) -> None:
        self.prepared, self.used, self.residuals, self.prior = prepared, used, residuals, prior
        self.symptoms = [i for i, one in enumerate(used) if KINDS[one.kind].is_symptom]
        self.others = [i for i, one in enumerate(used) if not KINDS[one.kind].is_symptom]
        quantities = [KINDS[used[i].kind].of for i in self.others]
        nuisance = [
            f"{KINDS[used[i].kind].of}:{used[i].session}" for i in self.others if KINDS[used[i].kind].needs_baseline
        ]
        self.rows = find_rows(prepared.latents, quantities, nuisance, has_mood=bool(self.symptoms))
        self.mood_course = build_mood_course(prepared) if self.symptoms else None

    def place(self, moved: FloatArray) -> FloatArray:
        """Return all latents with the rows that move put in; the others keep their prior draws."""
        z = self.prior.copy()
        z[self.rows] = moved
        return z

    def predict(self, z: FloatArray) -> list[FloatArray]:
        """Return what every reading would be, a list of arrays (n,)."""
        found: dict[int, FloatArray] = {}
        for session in self.prepared.course.sessions:
            mine = [i for i in self.others if self.used[i].session == session.id]
            if mine:
                readings = [self.used[i] for i in mine]
                found |= zip(mine, predict_session_readings(self.prepared, session, readings, z), strict=True)
        if self.mood_course is not None:
            scores = predict_scores(
                self.mood_course, [self.used[i] for i in self.symptoms], read_mood(self.prepared.latents, z),
                has_new_antidepressant=self.prepared.course.has_new_antidepressant,
            )  # fmt: skip
            found |= zip(self.symptoms, scores, strict=True)
        return [found[i] for i in range(len(self.used))]

    def calculate_log_likelihood(self, moved: FloatArray) -> FloatArray:
        """Return the log-likelihood of all readings, shape (n,)."""
        total: FloatArray = np.zeros(moved.shape[1])
        for one, residual, predicted in zip(self.used, self.residuals, self.predict(self.place(moved)), strict=True):
            total = total + residual.calculate_log_density(one.value, predicted)
        return total


def _conclude(run: _Run, sample: Sample, seed: int, problems: list[Problem]) -> Update:
    """Return the posterior where it can be stood by, else the prior and the reason."""
    n = run.prior.shape[1]
    if sample.prior_ess == 0.0:
        text = (
            f"The readings contradict the model population: none of {n} virtual patients can show them. No estimate "
            "for this patient is given; people like this patient stand unchanged. Look at readings and doses again."
        )
        return _stay(run, seed, "impossible", text, _add_contradiction(problems, text, 0), sample)
    if not sample.has_arrived or sample.ess < LEAST_ESS_SHARE * n:
        text = (
            f"The readings contradict the model population: {_count_effective(sample.ess)} of {n} virtual patients "
            f"remain effective, and an estimate needs {math.ceil(LEAST_ESS_SHARE * n)} that still move. No estimate "
            "for this patient is given; people like this patient stand unchanged. Look at readings and doses again."
        )
        return _stay(run, seed, "stuck", text, _add_contradiction(problems, text, sample.ess), sample)
    z = run.place(sample.z)
    checks = _check_readings(run, z, sample.weights)
    odd = [one for one in checks if one.is_outlier]
    contradicting = [one for one in checks if one.tail < CONFLICT_TAIL / len(checks)]
    if contradicting or 2 * len(odd) > len(checks):
        names = ", ".join(_name(one.observation) for one in contradicting or odd)
        text = f"The readings contradict each other or the model ({names}); nothing is learnt from them."
        problems = [*problems, build_warning("observations", "observations-conflict", names, "", text)]
        return _stay(run, seed, "conflict", text, problems, sample, checks)
    for one in odd:
        text = f"{_name(one.observation)} lies far from the rest and weighs little."
        problems = [*problems, build_warning("observations", "outlier", one.observation.value, "", text)]
    moved = list_moved(run.prepared.latents, z, sample.weights, run.rows, sample.ess)
    if not any(one.has_moved for one in moved):
        text = "The readings are as expected and too uncertain to tell this patient from people like this patient."
        return _stay(run, seed, "uninformative", text, problems, sample, checks)
    told = sum(one.has_moved for one in moved)
    text = f"{len(run.used)} readings moved {told} of {len(moved)} parameters; the others stand as before."
    return _build(run, z, sample.weights, seed, Outcome.UPDATED, "updated", text, problems, sample, checks, moved)


def _count_effective(ess: float) -> str:
    """Return an effective number of patients in words, never rounded up."""
    return "fewer than 1" if ess < 1.0 else f"{math.floor(ess)}"


def _add_contradiction(problems: Sequence[Problem], text: str, ess: float) -> list[Problem]:
    accepted = "readings and doses that belong together, or another model"
    found = build_warning("observations", "population-contradicted", math.floor(ess), accepted, text)
    return [*problems, found]


def list_moved(
    latents: Latents, z: FloatArray, weights: FloatArray, rows: Sequence[int], ess: float
) -> tuple[Moved, ...]:
    """Return every parameter's spread before and after, and whether it moved by more than chance.

    Notes
    -----
    Log or logit scale of the parameter (mood: standard normals), so that a spread is about a relative one. Moved: the
    mean by more than 4 standard errors with this effective sample size, or the spread narrower by as much.
    """
    kinetic = len(latents.kinetic)
    first = kinetic + len(latents.effect)
    mood = combine_mood(read_mood(latents, z))
    values = np.concatenate([latents.factor @ z[:kinetic], z[kinetic:first], mood])
    omegas = {name: parameter.omega for name, parameter in list_parameters()}
    prior = [*np.sqrt(np.sum(latents.factor**2, axis=1)), *(omegas[name] for name in latents.effect)]
    prior += [1.0] * len(mood)
    touched = set(rows)
    if touched & set(range(kinetic)):
        touched |= set(range(kinetic))
    found = []
    for i, name in enumerate(latents.names[: len(prior)]):
        sd = float(prior[i])
        scale = 1.0 if i < kinetic else sd
        if i not in touched or sd == 0.0:
            found.append(Moved(name, sd, sd, 0.0, has_moved=False))
            continue
        mean, spread = calculate_moments(values[i] * scale, weights)
        is_shifted = abs(mean) / sd > 4.0 / np.sqrt(ess)
        is_narrower = spread / sd < 1.0 - 4.0 / np.sqrt(2.0 * ess)
        found.append(Moved(name, sd, spread, mean, has_moved=bool(is_shifted or is_narrower)))
    return tuple(found)


def _check_readings(run: _Run, z: FloatArray, weights: FloatArray) -> tuple[Check, ...]:
    n = len(weights)
    before, after = run.predict(run.prior), run.predict(z)
    found = []
    for i, one in enumerate(run.used):
        residual = run.residuals[i]
        tail = residual.calculate_tail(one.value, after[i], weights)
        plain = Residual(residual.citation, residual.additive_sd, residual.proportional_sd, residual.log_sd)
        odd = plain.calculate_tail(one.value, after[i], weights) < OUTLIER_TAIL / len(run.used)
        bands = [_get_band(values, w) for values, w in ((before[i], np.full(n, 1.0 / n)), (after[i], weights))]
        found.append(Check(one, residual, bands[0], bands[1], tail, odd))
    return tuple(found)


def _stay(
    run: _Run, seed: int, code: str, reason: str, problems: list[Problem], sample: Sample | None,
    checks: tuple[Check, ...] = (),
) -> Update:  # fmt: skip
    """Return the prior people unchanged, and why."""
    n = run.prior.shape[1]
    weights = np.full(n, 1.0 / n)
    moved = list_moved(run.prepared.latents, run.prior, weights, [], float(n))
    return _build(run, run.prior, weights, seed, Outcome.NOT_ENOUGH_DATA, code, reason, problems, sample, checks, moved)


def _build(
    run: _Run, z: FloatArray, weights: FloatArray, seed: int, outcome: Outcome, code: str, reason: str,
    problems: list[Problem], sample: Sample | None, checks: tuple[Check, ...], moved: tuple[Moved, ...],
) -> Update:  # fmt: skip
    latents, n = run.prepared.latents, len(weights)
    return Update(
        outcome=outcome,
        code=code,
        reason=reason,
        n=n,
        seed=seed,
        ess=float(n) if sample is None else sample.ess,
        prior_ess=float(n) if sample is None else sample.prior_ess,
        temperatures=() if sample is None else sample.temperatures,
        acceptance=1.0 if sample is None else sample.acceptance,
        subjects=build_subjects(latents, run.prepared.covariates, z, weights),
        effects=read_effects(latents, z),
        mood=read_mood(latents, z),
        weights=weights,
        model_id=run.prepared.model.id,
        moved=moved,
        checks=checks,
        problems=tuple(dict.fromkeys(problems)),
    )


def _choose_predictable(used: Sequence[Observation], course: Course) -> tuple[list[Observation], list[Problem]]:
    """Leave out, with a warning each, what this course and model cannot predict."""
    sessions = {session.id: session for session in course.sessions}
    kept, problems = [], []
    for one in used:
        kind = KINDS[one.kind]
        code, text = "", ""
        if kind.needs_baseline and getattr(sessions[one.session or ""], kind.needs_baseline) is None:
            code, text = "baseline-missing", f"{_name(one)} needs a reading before the dose."
        elif kind.of in ("ketamine", "norketamine"):
            if kind.of not in course.model.outputs:
                code, text = "not-predicted", f"{course.model.id} does not predict {kind.of}."
            elif (one.at_min or 0.0) <= 0:
                code, text = "before-dose", f"{_name(one)} was drawn before the dose."
            else:
                code, text = _judge_site(one, course, sessions[one.session or ""])
        if code:
            problems.append(build_warning("observations", code, one.value, "", f"{text} It is not used."))
        else:
            kept.append(one)
    return kept, problems


def _judge_site(one: Observation, course: Course, session: SessionRecord) -> tuple[str, str]:
    """Return why a level's sampling site does not suit the model, as a code and words; both empty when it does."""
    model = course.model
    if one.sampling_site == "arterial" and model.sampling_site != "arterial":
        return "sampling-site-differs", f"{model.id} predicts no arterial level."
    if one.sampling_site != "venous" or model.sampling_site != "arterial":
        return "", ""
    if not is_too_early_for_veins(course, session, one.at_min or 0.0):
        return "", ""
    others = " or ".join(list_venous_models(course.drug, course.route))
    way = f"use the venous model {others}" if others else "no venous model of this drug and route is here"
    text = (
        f"{_name(one)} is venous, drawn while drug went in or within 30 min after; {model.id} predicts arterial levels "
        f"and foretells it too high: {way}, or draw later."
    )
    return "venous-too-early", text


def _choose_residual(one: Observation, model: Model, is_robust: bool) -> Residual:
    kind = KINDS[one.kind]
    return get_residual(one, model, calculate_score_sd(kind.of) if kind.is_symptom else 0.0, is_robust=is_robust)


def _list_nuisance(course: Course) -> list[str]:
    """Return the readings before the dose whose errors are latent: `systolic:SESSION`."""
    return [
        f"{quantity}:{session.id}"
        for session in course.sessions
        for quantity in ("systolic", "diastolic")
        if getattr(session, f"baseline_{quantity}_mmhg") is not None
    ]


def _check_size(n: int, seed: int) -> None:
    problems = []
    if isinstance(n, bool) or not isinstance(n, int) or not FEWEST <= n <= MOST:
        problems.append(build_error("n", "out-of-range", n, f"{FEWEST} to {MOST}", "So many particles cannot be."))
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        problems.append(build_error("seed", "out-of-range", seed, "0 or more", "A seed is a whole number."))
    if problems:
        raise InvalidInput(problems)


def _get_band(values: FloatArray, weights: FloatArray) -> tuple[float, float, float]:
    bands = calculate_bands(values[None, :], weights)
    return float(bands["p5"][0]), float(bands["p50"][0]), float(bands["p95"][0])


def _name(one: Observation) -> str:
    if one.at_day is not None:
        return f"{one.kind} {one.value:g} on day {one.at_day:g}"
    return f"{one.kind} {one.value:g} at {one.at_min or 0.0:g} min of {one.session}"


def _render_check(one: Check) -> Mapping[str, Any]:
    return {
        "kind": one.observation.kind,
        "id": one.observation.id,
        "session": one.observation.session,
        "value": one.observation.value,
        "assay": one.observation.assay,
        "before": [round_two(value) for value in one.before],
        "after": [round_two(value) for value in one.after],
        "tail": round_two(one.tail),
        "is_outlier": one.is_outlier,
        "source": one.residual.citation.source,
        "locator": one.residual.citation.locator,
        "grade": one.residual.citation.grade.value,
    }
