"""A course of sessions on virtual people: symptom score, response and remission by day, and the pool behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology._values import build_refusal, is_between, is_whole, judge_flags, judge_words, show_value
from afterglow.pharmacology.mechanism.chain import HOURS_PER_DAY, Exposure
from afterglow.pharmacology.mechanism.exposures import get_regimen
from afterglow.pharmacology.mechanism.parameters import Population, load_population
from afterglow.pharmacology.mechanism.pool import calculate_effective_pool
from afterglow.pharmacology.mechanism.response import (
    SETTINGS,
    Setting,
    calculate_antidepressant_share,
    calculate_drug_share,
    calculate_placebo_share,
    combine_shares,
    draw_people,
)
from afterglow.pharmacology.mechanism.scales import SCALES, draw_scores, get_scale
from afterglow.pharmacology.mechanism.studies import StudyEffect, shift_population
from afterglow.terms import InvalidInput, Problem, build_error, build_warning

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
CLINICS = 20
LONGEST_D = 730.0
MOST_PEOPLE = 1_000_000


@dataclass(frozen=True, slots=True)
class CourseSession:
    """One session of a course: the day it starts, and the level it brings (or the name of a packaged regimen)."""

    at_day: float
    exposure: Exposure | str


@dataclass(frozen=True, slots=True)
class CourseSetting:
    """Where the course happens and how it is rated.

    `setting` is `open` for routine care. `baseline` and its spread default to the scale's own; `has_drug` False
    runs the same course with the drug's part switched off: the placebo arm of the same model.
    """

    setting: Setting = "open"
    has_new_antidepressant: bool = False
    has_drug: bool = True
    scale: str = "MADRS"
    baseline: float | None = None
    baseline_sd: float | None = None
    remission_at_most: float | None = None
    has_clinic_spread: bool = True

    def __post_init__(self) -> None:
        """Refuse an unknown setting or scale, and numbers that are none or lie outside the scale."""
        problems = judge_words("", {"setting": (self.setting, SETTINGS), "scale": (self.scale, tuple(SCALES))})
        names = ("has_new_antidepressant", "has_drug", "has_clinic_spread")
        problems += judge_flags("", {name: getattr(self, name) for name in names})
        top = SCALES[self.scale].top if not any(problem.path == "scale" for problem in problems) else np.inf
        for name in ("baseline", "baseline_sd", "remission_at_most"):
            value, is_open = getattr(self, name), name == "baseline"
            if value is not None and not is_between(value, 0.0, top, is_open=is_open):
                accepted = f"{'above 0' if is_open else '0'} to {top:g} points"
                problems.append(build_refusal(name, "out-of-range", value, accepted))
        if problems:
            raise InvalidInput(problems)


@dataclass(frozen=True, slots=True)
class Course:
    """What a course brings, by day.

    `score_quantiles` and `pool_quantiles` are (n_days, 5) at `quantiles`. The probabilities are (n_days,), over
    people and clinics; `response_range` (n_days, 2) holds nine clinics in ten. The score band covers what differs
    between people, between clinics and between readings.
    """

    days: FloatArray
    quantiles: tuple[float, ...]
    score_quantiles: FloatArray
    mean_change: FloatArray
    sd_change: FloatArray
    response_probability: FloatArray
    response_range: FloatArray
    remission_probability: FloatArray
    pool_quantiles: FloatArray
    n: int
    setting: CourseSetting
    problems: tuple[Problem, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)


def simulate_course(
    sessions: Sequence[CourseSession],
    days: Sequence[float] | FloatArray,
    *,
    n: int = 2000,
    generator: np.random.Generator,
    setting: CourseSetting | None = None,
    population: Population | None = None,
) -> Course:
    """Return how the symptom score of many virtual people runs over a course.

    Parameters
    ----------
    sessions : sequence of CourseSession
        In any order; none at all is a course without the drug.
    days : sequence of float, shape (n_days,)
        Rising days at which the score is wanted; day 0, before anything is given, is added when missing.
    n : int
        Number of people, spread over twenty virtual clinics.
    generator : numpy.random.Generator
    setting : CourseSetting, optional
    population : Population, optional
        The fitted one by default.

    Returns
    -------
    course : Course

    Raises
    ------
    InvalidInput
        Days that do not rise or lie outside two years, a session outside them, an unknown scale or setting, `n` < 20.

    Notes
    -----
    Each clinic draws its own shift of the non-specific response and of the sensitivity to the drug, with the
    spreads found between published studies, so the band is that of a person in a clinic not yet seen.
    """
    setting = setting or CourseSetting()
    at = _check(sessions, days, n, setting)
    population = population or load_population()
    scale = get_scale(setting.scale)
    remission = scale.remission_at_most if setting.remission_at_most is None else setting.remission_at_most
    runs = [_run_clinic(sessions, at, size, generator, setting, population) for size in _split(n)]
    scores = np.concatenate([run[0] for run in runs], axis=1)
    pools = np.concatenate([run[1] for run in runs], axis=1)
    responded = [np.mean(run[0] <= 0.5 * run[0][0], axis=1) for run in runs]
    change = scores - scores[0]
    return Course(
        days=at,
        quantiles=QUANTILES,
        score_quantiles=np.quantile(scores, QUANTILES, axis=1).T,
        mean_change=change.mean(axis=1),
        sd_change=change.std(axis=1),
        response_probability=np.mean(scores <= 0.5 * scores[0], axis=1),
        response_range=np.quantile(np.stack(responded, axis=1), (0.05, 0.95), axis=1).T,
        remission_probability=np.mean(scores <= remission, axis=1),
        pool_quantiles=np.quantile(pools, QUANTILES, axis=1).T,
        n=n,
        setting=setting,
        problems=tuple(_list_warnings(setting)),
        sources={"parameters": "mechanism/data/population.toml", "rows": "mechanism/data/targets.toml"},
    )


def _run_clinic(
    sessions: Sequence[CourseSession], days: FloatArray, n: int, generator: np.random.Generator,
    setting: CourseSetting, population: Population,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Return scores and effective pool of one clinic's people, each (n_days, n)."""
    spread = float(setting.has_clinic_spread)
    draws = generator.standard_normal(2) * spread
    effect = StudyEffect(population.study_sd * float(draws[0]), population.study_drug_sd * float(draws[1]))
    moved = shift_population(population, effect)
    scale = get_scale(setting.scale)
    baseline = scale.baseline if setting.baseline is None else setting.baseline
    baseline_sd = scale.baseline_sd if setting.baseline_sd is None else setting.baseline_sd
    people = draw_people(n, generator, moved, baseline=baseline, baseline_sd=baseline_sd)
    given = sorted(sessions, key=lambda session: session.at_day) if setting.has_drug else []
    exposures = [
        get_regimen(session.exposure).exposure if isinstance(session.exposure, str) else session.exposure
        for session in given
    ]
    pool = calculate_effective_pool(days, [session.at_day for session in given], exposures, people, moved)
    hours = days * HOURS_PER_DAY
    shares = [calculate_placebo_share(hours, people, moved, setting.setting)]
    shares.append(calculate_drug_share(pool, moved.drug_ceiling))
    if setting.has_new_antidepressant:
        shares.append(calculate_antidepressant_share(hours, people, moved))
    return draw_scores(hours, combine_shares(*shares), people, moved, scale, generator), pool


def _split(n: int) -> list[int]:
    return [n // CLINICS + (k < n % CLINICS) for k in range(CLINICS)]


def _list_warnings(setting: CourseSetting) -> list[Problem]:
    text = "Forecast for many virtual people, in studies; it says nothing certain about one patient."
    found = [build_warning("course", "not-individual", None, "reading it as a range", text)]
    if get_scale(setting.scale).rated_by == "self":
        text = "The self-rated scale rests on a few routine-care reports; clinics differ threefold there."
        found.append(build_warning("scale", "weakly-grounded", setting.scale, "MADRS", text))
    return found


def _check(
    sessions: Sequence[CourseSession], days: Sequence[float] | FloatArray, n: int, setting: CourseSetting
) -> FloatArray:
    problems = []
    try:
        at = np.asarray(days, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        at = np.full(1, np.nan)
    if not is_whole(n, CLINICS, MOST_PEOPLE):
        accepted, text = f"{CLINICS} to {MOST_PEOPLE}", "Every clinic needs someone in it."
        problems.append(build_error("n", "out-of-range", show_value(n), accepted, text))
    if at.ndim != 1 or at.size == 0 or not np.all(np.isfinite(at)) or np.any(np.diff(at) <= 0):
        text = "The days must be finite and rise."
        problems.append(build_error("days", "not-rising", None, "one or more rising days", text))
    elif at.min() < 0 or at[-1] > LONGEST_D:
        text = f"Days run from 0 to {LONGEST_D:g}."
        problems.append(build_error("days", "out-of-range", float(at[-1]), f"0 to {LONGEST_D:g}", text))
    for k, session in enumerate(sessions):
        if not is_between(session.at_day, 0.0, LONGEST_D):
            text = f"A session lies on a day from 0 to {LONGEST_D:g}."
            path = f"sessions[{k}].at_day"
            problems.append(build_error(path, "out-of-range", show_value(session.at_day), f"0 to {LONGEST_D:g}", text))
        exposure: object = session.exposure
        if not isinstance(exposure, Exposure | str):
            text = "A session brings an exposure, or the name of a packaged one."
            shown = show_value(exposure)
            problems.append(build_error(f"sessions[{k}].exposure", "wrong-kind", shown, "an Exposure or a name", text))
    if problems:
        raise InvalidInput(problems)
    return at if at[0] == 0 else np.concatenate([[0.0], at])
