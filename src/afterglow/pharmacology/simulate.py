"""One call from a request to curves: a typical person, a drawn population, or an ensemble of particles."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from afterglow.pharmacology._types import NG_PER_ML_PER_MG_PER_L, FloatArray, Number
from afterglow.pharmacology.covariates import (
    Demography,
    Person,
    build_covariates,
    check_person,
    sample_covariates,
    show_number,
)
from afterglow.pharmacology.interactions import check_names, combine_factors
from afterglow.pharmacology.linear.solver import Engine, area_under, solve
from afterglow.pharmacology.models.catalogue import Mixture, choose_model, find_mixture
from afterglow.pharmacology.models.exposure import calculate_half_life
from afterglow.pharmacology.models.kinetics import Kinetics, build_kinetics
from afterglow.pharmacology.models.model import Model
from afterglow.pharmacology.models.ranges import find_boluses, find_soonest, find_studied, judge_ranges
from afterglow.pharmacology.models.reading import COVARIATES
from afterglow.pharmacology.population import Subjects, build_typical, draw_subjects, select_subjects
from afterglow.pharmacology.regimen import LONGEST_H, Dose, build_regimen, list_event_times
from afterglow.pharmacology.results import Part, Series, Simulation, calculate_bands, render_source
from afterglow.pharmacology.standing import grade_result, judge_choice, judge_occasions, judge_older
from afterglow.terms import Grade, InvalidInput, Problem, build_error, build_warning

Rows = NDArray[np.intp]

MOST_PEOPLE = 200_000  # in one piece; `streaming` takes any number
MOST_TIMES = 200_000
MOST_SESSIONS = 1000
KEPT_VALUES = 12_000_000  # of all analytes together; above it only the bands are kept
CHUNK_VALUES = 4_000_000
FINE_STEP_H = 1.0 / 60.0
FINE_SPAN_H = 4.0
DEFAULT_SEED = 1


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be simulated.

    `doses` are SPEC texts or doses as really given. `n` asks for a population: people like `person` (or sampled from
    `demography` where no weight is told) with random effects of their own. `subjects` is an ensemble made elsewhere,
    such as the particles of an individual update; it replaces `person` and `n`.
    """

    drug: str
    route: str
    doses: tuple[str | Dose, ...]
    person: Person = field(default_factory=Person)
    until_h: float = 24.0
    step_h: float = 1.0 / 60.0
    model: str | None = None
    interactions: tuple[str, ...] = ()
    n: int | None = None
    seed: int | None = None
    demography: Demography | None = None
    subjects: Subjects | None = None
    is_venous: bool = False
    with_effects: bool = True
    session_number: int = 1
    engine: Engine = "auto"
    threads: int = 1

    @property
    def is_population(self) -> bool:
        """Whether the result is a distribution over people."""
        return self.n is not None or self.subjects is not None


@dataclass(frozen=True, slots=True)
class _People:
    """Covariates of everybody, and which of them nobody gave."""

    covariates: Mapping[str, FloatArray]
    assumed: frozenset[str]
    problems: tuple[Problem, ...]

    @property
    def n(self) -> int:
        return len(self.covariates["weight"])


@dataclass(frozen=True, slots=True)
class _Curves:
    """Levels at the asked times, the same without the rows in between, and the summary, all in ng/mL and h."""

    kept: Series
    bands: Mapping[str, Series]
    summary: Mapping[str, Series]


def simulate(request: Request) -> Simulation:
    """Return the curves, effects and summaries of a request.

    Parameters
    ----------
    request : Request

    Returns
    -------
    simulation : Simulation
        Concentrations in ng/mL; the same request and seed give the same bytes for any number of threads.

    Raises
    ------
    InvalidInput
        A field cannot be used; every problem names the field, its value and what would be accepted.
    """
    check_request(request)
    times = build_times(request)
    mixture = find_mixture(request.model)
    streams = np.random.SeedSequence(DEFAULT_SEED if request.seed is None else request.seed).spawn(4)
    people = _build_people(request, np.random.default_rng(streams[0]))
    models = _list_models(request, mixture)
    rows = _share_out(models, people.n, request, np.random.default_rng(streams[1]))
    problems = _judge_people(request, [model for model, _ in models], mixture, people)
    parts = []
    for (model, weight), mine, stream in zip(models, rows, streams[2].spawn(len(models)), strict=True):
        kinetics, found = _build_part(request, model, people, mine, np.random.default_rng(stream))
        parts.append(Part(model, kinetics, weight))
        problems += found
    computed = [_compute(request, part.kinetics, times) for part in parts]
    curves, weights = _join(parts, computed, request)
    parts = [replace(part, summary=one.summary) for part, one in zip(parts, computed, strict=True)]
    effects, grades, noted = _compute_effects(request, parts, times, streams[3])
    return Simulation(
        id=parts[0].model.id if mixture is None else mixture.id,
        parts=tuple(parts),
        times_h=times,
        bands=curves.bands,
        concentrations=curves.kept,
        effects=effects,
        summary=curves.summary,
        weights=weights,
        problems=tuple(dict.fromkeys([*problems, *noted])),
        is_population=request.is_population,
        sampling_site=" and ".join(dict.fromkeys(part.kinetics.sampling_site for part in parts)),
        grade=grade_result(
            [part.kinetics for part in parts],
            mixture=mixture,
            interactions=_list_interactions(request),
            is_population=request.is_population,
            is_venous=request.is_venous,
        ),
        source=" and ".join(dict.fromkeys(render_source(part.model) for part in parts)),
        seed=(DEFAULT_SEED if request.seed is None else request.seed) if request.is_population else None,
        effect_grades=grades,
    )


def _judge_people(request: Request, models: Sequence[Model], mixture: Mixture | None, people: _People) -> list[Problem]:
    """Return what holds for the choice of model, and what was assumed of people that a model uses."""
    used = frozenset(name for model in models for name in model.symbols_used)
    chosen = judge_choice(
        models,
        mixture,
        drug=request.drug,
        route=request.route,
        hepatic=request.person.hepatic,
        is_chosen=request.model is not None,
        is_population=request.is_population,
    )
    return [*chosen, *(problem for problem in people.problems if _matters(problem, used))]


def check_request(request: Request) -> None:
    """Refuse a request with every problem that can be seen before anything is computed.

    Raises
    ------
    InvalidInput
        With the problems of times, numbers, person, drug, route, model, interactions and doses together.
    """
    weight: Number = request.person.weight_kg or 70.0
    mixture = find_mixture(request.model)
    checks: list[Callable[[], object]] = [
        lambda: build_times(request),
        lambda: _check_population(request),
        lambda: check_person(request.person),
        lambda: _list_models(request, mixture),
        lambda: check_names(request.interactions),
        lambda: build_regimen(request.doses, drug=request.drug, route=request.route, weight_kg=weight),
    ]
    problems: list[Problem] = []
    for check in checks:
        try:
            check()
        except InvalidInput as refused:
            problems += refused.problems
    if problems:
        raise InvalidInput(problems)


def prepare_people(request: Request, seed: np.random.SeedSequence) -> Kinetics:
    """Return one model made ready for the drawn people of a request, solved by nobody yet; raises as `simulate`."""
    check_request(request)
    mixture = find_mixture(request.model)
    if mixture is not None:
        message = f"{mixture.id} is a mixture; ask for its models one by one"
        accepted = ", ".join(name for name, _ in mixture.components)
        raise InvalidInput([build_error("model", "mixture-not-accepted", mixture.id, accepted, message)])
    ((model, _),) = _list_models(request, None)
    streams = seed.spawn(2)
    people = _build_people(request, np.random.default_rng(streams[0]))
    rows = np.arange(people.n)
    return _build_part(request, model, people, rows, np.random.default_rng(streams[1]))[0]


def build_times(request: Request) -> FloatArray:
    """Return the asked times in hours; refuse an end or a step that cannot be used."""
    problems = []
    until, step = request.until_h, request.step_h
    if not (math.isfinite(until) and 0 < until <= LONGEST_H):
        accepted = f"above 0 to {LONGEST_H:g} h"
        problems.append(
            build_error(
                "until", "time-out-of-range", show_number(until), accepted, f"an end at {until} h cannot be used"
            )
        )
    elif not (math.isfinite(step) and 0 < step <= until) or until / step > MOST_TIMES:
        accepted = f"{max(until / MOST_TIMES * 3600, 0.001):.3g} s to {until:g} h"
        problems.append(
            build_error("step", "step-out-of-range", show_number(step), accepted, f"a step of {step} h cannot be used")
        )
    if problems:
        raise InvalidInput(problems)
    return np.asarray(np.arange(math.floor(until / step + 1e-9) + 1) * step, dtype=np.float64)


def _check_population(request: Request) -> None:
    problems = []
    if request.n is not None and not _is_whole(request.n, 1, MOST_PEOPLE):
        accepted, message = f"a whole number from 1 to {MOST_PEOPLE}", "so many people cannot be"
        problems.append(build_error("n", "n-out-of-range", _show(request.n), accepted, message))
    if request.seed is not None and not _is_whole(request.seed, 0, 2**63 - 1):
        accepted, message = "a whole number, 0 or more", "a seed is a whole number"
        problems.append(build_error("seed", "seed-out-of-range", _show(request.seed), accepted, message))
    if not _is_whole(request.session_number, 1, MOST_SESSIONS):
        accepted, message = f"a whole number from 1 to {MOST_SESSIONS}", "sessions are counted from 1"
        problems.append(
            build_error("session", "session-out-of-range", _show(request.session_number), accepted, message)
        )
    if problems:
        raise InvalidInput(problems)


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(low <= value <= high)


def _show(value: object) -> object:
    return value if isinstance(value, int) else str(value)


def _matters(problem: Problem, used: frozenset[str]) -> bool:
    """Whether an assumed value enters the model at all."""
    needs = {"age-assumed": {"age"}, "weight-assumed": {"weight", "size"}, "size-adjusted": {"size"}}
    return problem.code not in needs or bool(needs[problem.code] & used)


def _build_people(request: Request, rng: np.random.Generator) -> _People:
    """Return everybody's covariates: the ensemble's, the person's repeated, or sampled ones."""
    if request.subjects is not None:
        missing = sorted(COVARIATES - set(request.subjects.covariates))
        if missing:
            accepted = ", ".join(sorted(COVARIATES))
            message = f"the ensemble lacks {', '.join(missing)}"
            raise InvalidInput([build_error("subjects", "covariates-missing", missing, accepted, message)])
        return _People(request.subjects.covariates, frozenset(), ())
    check_person(request.person)
    n = request.n or 1
    if request.n is not None and (request.demography is not None or request.person.weight_kg is None):
        message = "no weight given: people are sampled as in the esketamine trials"
        problem = build_warning("weight", "population-sampled", None, "--weight KG", message)
        return _People(sample_covariates(n, rng, request.demography), frozenset(), (problem,))
    covariates, problems = build_covariates(request.person, n)
    assumed = {"weight": request.person.weight_kg, "age": request.person.age_years}
    return _People(covariates, frozenset(name for name, value in assumed.items() if value is None), problems)


def _list_models(request: Request, mixture: Mixture | None) -> list[tuple[Model, float]]:
    if mixture is None:
        return [(choose_model(request.drug, request.route, request.model), 1.0)]
    return [(choose_model(request.drug, request.route, name), weight) for name, weight in mixture.components]


def _share_out(models: Sequence[tuple[Model, float]], n: int, request: Request, rng: np.random.Generator) -> list[Rows]:
    """Return the rows of each model; a typical person is computed by every model."""
    if len(models) == 1 or not request.is_population:
        return [np.arange(n) for _ in models]
    if n < len(models):
        accepted, message = f"{len(models)} or more", "each model of a mixture needs somebody"
        raise InvalidInput([build_error("n", "too-few", n, accepted, message)])
    chosen = rng.choice(len(models), size=n, p=[weight for _, weight in models])
    chosen[: len(models)] = np.arange(len(models))  # nobody is left without people
    return [np.flatnonzero(chosen == i) for i in range(len(models))]


def _build_part(
    request: Request, model: Model, people: _People, mine: Rows, rng: np.random.Generator
) -> tuple[Kinetics, list[Problem]]:
    """Return one model made ready for its people, and what must be said about it."""
    liver, gut, found = combine_factors(model.id, request.drug, request.route, _list_interactions(request))
    covariates = {name: values[mine] for name, values in people.covariates.items()}
    covariates |= {"liver": covariates["liver"] * liver, "gut": covariates["gut"] * gut}
    doses, warned = _build_doses(request, covariates["weight"], people, mine)
    judged = judge_ranges(model, covariates, doses, request.until_h, assumed=people.assumed, route=request.route)
    problems = [*found, *warned, *judged]
    if request.subjects is not None:
        subjects = replace(_pick(request.subjects, mine), covariates=covariates)
    elif request.n is None:
        subjects = build_typical(covariates)
    else:
        occasions = 1 + max(dose.occasion for dose in doses)
        subjects = draw_subjects(model, covariates, rng, n_occasions=occasions)
    kinetics = build_kinetics(
        model, subjects, doses, drug=request.drug, route=request.route, is_venous=request.is_venous
    )
    problems += judge_older(model, request.route, covariates["age"])
    problems += judge_occasions(kinetics, is_population=request.is_population)
    return kinetics, problems


def _pick(subjects: Subjects, rows: Rows) -> Subjects:
    if len(rows) == subjects.n:
        return subjects
    whole = select_subjects(subjects, slice(None))
    return replace(
        whole,
        n=len(rows),
        covariates={name: values[rows] for name, values in whole.covariates.items()},
        etas={name: values[rows] for name, values in whole.etas.items()},
        kappas={name: values[:, rows] for name, values in whole.kappas.items()},
        weights=whole.weights[rows],
    )


def _take_amounts(dose: str | Dose, path: str, n: int, mine: Rows) -> str | Dose:
    """Return a dose with the amounts of these people; refuse amounts that do not fit the number of people."""
    if isinstance(dose, str) or np.ndim(dose.amount_mg) == 0:
        return dose
    amounts = np.asarray(dose.amount_mg)
    if amounts.shape != (n,):
        message = f"amounts of shape {amounts.shape} do not fit {n} people"
        accepted = f"one number, or {n} of them"
        raise InvalidInput([build_error(f"{path}.amount_mg", "dose-malformed", str(amounts.shape), accepted, message)])
    return replace(dose, amount_mg=amounts[mine])


def _build_doses(
    request: Request, weight: FloatArray, people: _People, mine: Rows
) -> tuple[tuple[Dose, ...], tuple[Problem, ...]]:
    """Return the doses, per-kg amounts worked out for each weight; refuse per kg without a weight."""
    texts = [dose for dose in request.doses if isinstance(dose, str)]
    same = bool(np.ptp(weight) == 0)
    kg: Number = float(weight[0]) if same else weight
    if "weight" in people.assumed and any("kg" in text for text in texts):
        message = "a dose per kg needs the weight"
        raise InvalidInput([build_error("weight", "weight-missing", None, "--weight KG", message)])
    given = [_take_amounts(dose, f"dose[{i}]", people.n, mine) for i, dose in enumerate(request.doses)]
    doses, problems = build_regimen(given, drug=request.drug, route=request.route, weight_kg=kg)
    return doses, (*problems, *_judge_late(doses, request.until_h))


def _judge_late(doses: Sequence[Dose], until_h: float) -> tuple[Problem, ...]:
    """Warn of doses after the end; refuse when every dose is."""
    late = [dose for dose in doses if dose.start_h >= until_h]
    if not late:
        return ()
    accepted, message = f"a start before {until_h:g} h", f"{len(late)} of {len(doses)} doses come after the end"
    if len(late) == len(doses):
        raise InvalidInput([build_error("dose", "dose-after-end", late[0].start_h, accepted, message)])
    return (build_warning("dose", "dose-after-end", late[0].start_h, accepted, message),)


def _list_interactions(request: Request) -> tuple[str, ...]:
    hepatic = {"moderate": ("hepatic-moderate",)}.get(request.person.hepatic, ())
    return (*request.interactions, *hepatic)


def _compute(request: Request, kinetics: Kinetics, times: FloatArray) -> _Curves:
    """Return curves and summary; everything is kept where it fits, otherwise only the bands of each time."""
    n, names = kinetics.system.n, kinetics.analytes
    weights = kinetics.subjects.weights / kinetics.subjects.weights.sum()
    early = _list_early(kinetics, request.until_h)
    ends = [end for _, end in early if end <= request.until_h]
    grid = _build_grid(np.unique(np.concatenate([times, ends])), kinetics.doses, request, n)
    is_studied = find_studied(grid, early)
    is_asked = np.isin(grid, times)
    keeps = len(grid) * n * len(names) <= KEPT_VALUES
    size = len(grid) if keeps else max(CHUNK_VALUES // (n * len(kinetics.system.outputs)), 1)
    kept: dict[str, list[FloatArray]] = {name: [] for name in names}
    bands: dict[str, list[dict[str, FloatArray]]] = {name: [] for name in names}
    peaks = {name: (np.full(n, -1.0), np.zeros(n)) for name in names}
    for first in range(0, len(grid), size):
        span = slice(first, first + size)
        found = solve(kinetics.system, kinetics.inputs, grid[span], engine=request.engine, threads=request.threads)
        for name, output in names.items():
            values = np.maximum(found.values[output], 0.0) * NG_PER_ML_PER_MG_PER_L
            counted = is_studied[span]
            if counted.any():
                peaks[name] = _follow_peak(peaks[name], values[counted], grid[span][counted])
            asked = values[is_asked[span]]
            if keeps:
                kept[name].append(asked)
            elif len(asked):
                bands[name].append(calculate_bands(asked, weights))
    areas = area_under(
        kinetics.system, kinetics.inputs, request.until_h, engine=request.engine, threads=request.threads
    )
    summary = {name: _summarise(kinetics, output, peaks[name], areas[output]) for name, output in names.items()}
    joined = {
        name: {key: np.concatenate([band[key] for band in rows]) for key in rows[0]}
        for name, rows in bands.items()
        if rows
    }
    return _Curves({name: rows[0] for name, rows in kept.items() if rows}, joined, summary)


def _list_early(kinetics: Kinetics, until_h: float) -> list[tuple[float, float]]:
    """Return start and end, in hours, of each stretch after a bolus that nobody studied."""
    soonest = find_soonest(kinetics.model)
    starts = [dose.start_h for dose in find_boluses(kinetics.doses, kinetics.route)]
    return [(start, start + soonest) for start in starts if start < until_h]


def _build_grid(times: FloatArray, doses: Sequence[Dose], request: Request, n: int) -> FloatArray:
    """Return the asked times and, where it fits, each minute of the hours after a dose, for the peak."""
    events = list_event_times(doses)
    points = [times, events[events <= request.until_h]]
    starts = {dose.occasion: dose.start_h for dose in reversed(doses)}.values()
    count = len(starts) * FINE_SPAN_H / FINE_STEP_H
    if request.step_h > FINE_STEP_H * 1.001 and count * n <= KEPT_VALUES / 4:
        span = np.arange(0.0, FINE_SPAN_H + FINE_STEP_H, FINE_STEP_H)
        points += [(start + span)[start + span <= request.until_h] for start in starts]
    grid = np.unique(np.concatenate(points))
    apart = np.concatenate([[True], np.diff(grid) > 1e-9])
    return grid[apart | np.isin(grid, times)]


def _follow_peak(
    peak: tuple[FloatArray, FloatArray], values: FloatArray, grid: FloatArray
) -> tuple[FloatArray, FloatArray]:
    place = values.argmax(axis=0)
    top = values[place, np.arange(values.shape[1])]
    is_higher = top > peak[0]
    return np.where(is_higher, top, peak[0]), np.where(is_higher, grid[place], peak[1])


def _summarise(kinetics: Kinetics, output: str, peak: tuple[FloatArray, FloatArray], area: FloatArray) -> Series:
    return {
        "cmax_ng_per_ml": peak[0],
        "tmax_min": peak[1] * 60.0,
        "auc_ng_h_per_ml": area * NG_PER_ML_PER_MG_PER_L,
        "half_life_h": calculate_half_life(kinetics, output),
    }


def _join(parts: Sequence[Part], curves: Sequence[_Curves], request: Request) -> tuple[_Curves, FloatArray]:
    """Return the parts of a mixture as one: people side by side, or the weighted mean of typical people."""
    names = [name for name in curves[0].summary if all(name in one.summary for one in curves)]
    weights = np.concatenate([part.kinetics.subjects.weights * part.kinetics.subjects.n for part in parts])
    weights = weights / weights.sum()
    if not request.is_population:
        shares = [part.weight for part in parts]
        kept = {name: _average([one.kept[name] for one in curves], shares) for name in names}
        summary = {
            name: {key: _average([one.summary[name][key] for one in curves], shares) for key in curves[0].summary[name]}
            for name in names
        }
        bands: dict[str, Series] = {name: {"value": kept[name][:, 0]} for name in names}
        return _Curves(kept, bands, summary), np.ones(1)
    summary = {
        name: {key: np.concatenate([one.summary[name][key] for one in curves]) for key in curves[0].summary[name]}
        for name in names
    }
    if any(not one.kept for one in curves):
        if len(curves) > 1:
            accepted = f"about {KEPT_VALUES // 5000} people or a longer step"
            message = "a mixture of so many people does not fit; use fewer people or a longer step"
            raise InvalidInput([build_error("n", "mixture-too-large", request.n, accepted, message)])
        return _Curves({}, curves[0].bands, summary), weights
    kept = {name: np.concatenate([one.kept[name] for one in curves], axis=1) for name in names}
    return _Curves(kept, {name: calculate_bands(kept[name], weights) for name in names}, summary), weights


def _average(values: Sequence[FloatArray], shares: Sequence[float]) -> FloatArray:
    total = np.zeros_like(values[0])
    for value, share in zip(values, shares, strict=True):
        total = total + value * share
    return total / sum(shares)


def _compute_effects(
    request: Request, parts: Sequence[Part], times: FloatArray, seed: np.random.SeedSequence
) -> tuple[Series, Mapping[str, Grade], tuple[Problem, ...]]:
    if not request.with_effects:
        return {}, {}, ()
    from afterglow.pharmacology.simulate_effects import compute_effects

    effects, grades, problems = compute_effects(
        parts, times, seed, is_population=request.is_population, session_number=request.session_number
    )
    sessions = 1 + max(dose.occasion for part in parts for dose in part.kinetics.doses)
    if sessions > 1:
        message = f"dissociation is shown as in session {request.session_number} throughout; it wears off with sessions"
        note = build_warning("dose", "tolerance-not-followed", sessions, "one session at a time", message)
        problems = (*problems, note)
    return effects, grades, problems
