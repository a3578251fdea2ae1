"""One call from a request to curves: a typical person, a drawn population, or an ensemble of particles."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from afterglow.pharmacology._types import NG_PER_ML_PER_MG_PER_L, FloatArray, Number
from afterglow.pharmacology._values import is_between
from afterglow.pharmacology.covariates import (
    build_covariates,
    check_person,
    sample_covariates,
)
from afterglow.pharmacology.curves import EFFECTS, KEPT_VALUES, Curves, Follow, Tallies, compute_curves
from afterglow.pharmacology.interactions import check_names, combine_factors
from afterglow.pharmacology.models.catalogue import Mixture, choose_model, find_mixture
from afterglow.pharmacology.models.kinetics import Kinetics, build_kinetics
from afterglow.pharmacology.models.model import Model
from afterglow.pharmacology.models.ranges import judge_ranges
from afterglow.pharmacology.models.reading import COVARIATES
from afterglow.pharmacology.population import Subjects, build_typical, draw_subjects, select_subjects
from afterglow.pharmacology.regimen import Dose, build_regimen, judge_late
from afterglow.pharmacology.request import Request, build_times, check_kinds, check_population
from afterglow.pharmacology.results import Part, Series, Simulation, calculate_bands, render_source
from afterglow.pharmacology.simulate_effects import describe_effects, join_parts, prepare_effects
from afterglow.pharmacology.standing import grade_result, judge_choice, judge_occasions, judge_older
from afterglow.pharmacology.tally import Tally
from afterglow.terms import Grade, InvalidInput, Problem, build_error, build_warning

__all__ = [
    "DEFAULT_SEED",
    "KEPT_VALUES",
    "Request",
    "build_times",
    "check_request",
    "prepare_people",
    "simulate",
]

Rows = NDArray[np.intp]

DEFAULT_SEED = 1


@dataclass(frozen=True, slots=True)
class _People:
    """Covariates of everybody, and which of them nobody gave."""

    covariates: Mapping[str, FloatArray]
    assumed: frozenset[str]
    problems: tuple[Problem, ...]

    @property
    def n(self) -> int:
        return len(self.covariates["weight"])


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
    follows, grades, noted = _prepare_effects(request, parts, streams[3])
    tallies = _start_tallies(request, parts, len(times))
    computed = [
        compute_curves(request, part.kinetics, times, follow, tallies)
        for part, follow in zip(parts, follows, strict=True)
    ]
    joined = _join(parts, computed, request, tallies)
    parts = [replace(part, summary=one.summary) for part, one in zip(parts, computed, strict=True)]
    problems += [*noted, *_judge_tallies(tallies, people.n)]
    return Simulation(
        id=parts[0].model.id if mixture is None else mixture.id,
        parts=tuple(parts),
        times_h=times,
        bands=joined.bands,
        concentrations=joined.kept,
        effects=joined.effects,
        effect_bands=joined.effect_bands,
        summary=joined.summary,
        weights=joined.weights,
        problems=tuple(dict.fromkeys(problems)),
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


def _prepare_effects(
    request: Request, parts: Sequence[Part], seed: np.random.SeedSequence
) -> tuple[list[Follow | None], dict[str, Grade], tuple[Problem, ...]]:
    if not request.with_effects:
        return [None] * len(parts), {}, ()
    follows = prepare_effects(parts, seed, is_population=request.is_population, session_number=request.session_number)
    return [*follows], *describe_effects(parts, follows)


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
    check_kinds(request)
    told = request.person.weight_kg
    weight: Number = told if told is not None and is_between(told, 1e-9, 1e9) else 70.0
    mixture = find_mixture(request.model)
    checks: list[Callable[[], object]] = [
        lambda: build_times(request),
        lambda: check_population(request),
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
    return doses, (*problems, *judge_late(doses, request.until_h))


def _list_interactions(request: Request) -> tuple[str, ...]:
    hepatic = {"moderate": ("hepatic-moderate",)}.get(request.person.hepatic, ())
    return (*request.interactions, *hepatic)


def _start_tallies(request: Request, parts: Sequence[Part], n_times: int) -> Tallies:
    """Return counts for what does not fit: levels and effects are judged apart."""
    if not request.is_population:
        return Tallies({}, {})
    n = sum(part.kinetics.system.n for part in parts)
    names = _list_shared([part.kinetics.analytes for part in parts])
    is_weighted = any(np.ptp(part.kinetics.subjects.weights) > 0 for part in parts)

    def start(wanted: Sequence[str]) -> dict[str, Tally]:
        fits = n * n_times * len(wanted) <= KEPT_VALUES
        return {} if fits else {name: Tally(n_times, is_weighted=is_weighted) for name in wanted}

    return Tallies(start(names), start(list(EFFECTS)) if request.with_effects else {})


def _list_shared(found: Sequence[Mapping[str, object]]) -> list[str]:
    return [name for name in found[0] if all(name in one for one in found)]


def _judge_tallies(tallies: Tallies, n: int) -> list[Problem]:
    if not (tallies.levels or tallies.effects):
        return []
    message = "too many people and times to keep each curve: the bands are counted in bins, within 0.4 % of the number"
    return [build_warning("n", "bands-counted", n, "fewer people or a longer step", message)]


@dataclass(frozen=True, slots=True)
class _Joined:
    """The parts as one."""

    kept: Series
    effects: Series
    bands: Mapping[str, Series]
    effect_bands: Mapping[str, Series]
    summary: Mapping[str, Series]
    weights: FloatArray


def _join(parts: Sequence[Part], curves: Sequence[Curves], request: Request, tallies: Tallies) -> _Joined:
    """Return the parts of a mixture as one: people side by side, or the weighted mean of typical people."""
    names = _list_shared([one.summary for one in curves])
    weights = np.concatenate([part.kinetics.subjects.weights * part.kinetics.subjects.n for part in parts])
    weights = weights / weights.sum() if request.is_population else np.ones(1)
    shares = [part.weight for part in parts]
    is_population = request.is_population
    summary = {
        name: join_parts([one.summary[name] for one in curves], shares, is_population=is_population, axis=0)
        for name in names
    }
    kept = (
        {}
        if tallies.levels
        else join_parts(
            [{name: one.kept[name] for name in names} for one in curves], shares, is_population=is_population
        )
    )
    effects = join_parts([one.effects for one in curves], shares, is_population=is_population)
    if is_population:
        bands = {name: calculate_bands(values, weights) for name, values in kept.items()}
        bands |= {name: one.calculate_bands(NG_PER_ML_PER_MG_PER_L) for name, one in tallies.levels.items()}
        felt = {name: calculate_bands(values, weights) for name, values in effects.items()}
        felt |= {name: one.calculate_bands() for name, one in tallies.effects.items()}
    else:
        bands = {name: {"value": values[:, 0]} for name, values in kept.items()}
        felt = {name: {"value": values[:, 0]} for name, values in effects.items()}
    return _Joined(kept, effects, bands, felt, summary, weights)
