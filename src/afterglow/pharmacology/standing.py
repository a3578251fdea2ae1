"""What a simulated result rests on: the weakest grade of its parts, and what must be said of the result as a whole."""

from collections.abc import Iterable, Mapping, Sequence

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.interactions import grade_interactions
from afterglow.pharmacology.models.catalogue import Mixture
from afterglow.pharmacology.models.kinetics import Kinetics
from afterglow.pharmacology.models.model import Model, Status
from afterglow.terms import Grade, InvalidInput, Problem, build_error, build_warning

VENOUS_DELAY_GRADE = Grade.C  # half-life 2 to 4 min, see `kinetics.VENOUS_DELAY_PER_H`
OLDER_YEARS = 65.0  # from here the label of the spray gives another peak
OLDER_MODELS = frozenset({"perez-ruixo-2021"})  # models whose age effect was compared with the label


def find_weakest(grades: Iterable[Grade]) -> Grade:
    """Return the weakest of some grades: D below C, C below B, B below A."""
    return max(grades, key=lambda grade: grade.value)


def grade_result(
    kinetics: Sequence[Kinetics],
    *,
    mixture: Mixture | None,
    interactions: Sequence[str],
    is_population: bool,
    is_venous: bool,
) -> Grade:
    """Return the weakest grade of what the levels of a simulation rest on.

    Parameters
    ----------
    kinetics : sequence of Kinetics
        One per model.
    mixture : Mixture or None
        Its weights have a grade of their own.
    interactions : sequence of str
        Perpetrators and hepatic classes that act.
    is_population : bool
        The variances between people and occasions count then.
    is_venous : bool
        The delay from arterial to venous blood counts then, where the model is arterial.

    Returns
    -------
    grade : Grade
        Of model, route, mixture, variances, delay and interactions together. Single parameters do not count beside
        the grade of their model, which its file states for the whole.
    """
    grades = [mixture.citation.grade] if mixture is not None else []
    for one in kinetics:
        grades += [one.model.citation.grade, one.model.routes[one.route].citation.grade]
        grades += grade_interactions(one.route, interactions)
        if is_population:
            grades += _grade_variances(one.model)
        if is_venous and one.model.sampling_site == "arterial":
            grades.append(VENOUS_DELAY_GRADE)
    return find_weakest(grades)


def _grade_variances(model: Model) -> list[Grade]:
    parts = [part for one in model.parameters.values() for part in (one.between, one.occasion) if part is not None]
    return [*(part.citation.grade for part in parts), *(one.citation.grade for one in model.covariances)]


def judge_choice(
    models: Sequence[Model],
    mixture: Mixture | None,
    *,
    drug: str,
    route: str,
    hepatic: str,
    is_chosen: bool,
    is_population: bool,
) -> list[Problem]:
    """Return what holds for the choice of model as a whole; refuse a severe hepatic impairment.

    Parameters
    ----------
    models : sequence of Model
    mixture : Mixture or None
    drug, route, hepatic : str
    is_chosen : bool
        The model was asked for by name.
    is_population : bool
        Otherwise the curve of a mixture is an average.
    """
    problems = []
    if hepatic == "severe":
        message = "severe hepatic impairment was not studied; no levels are given"
        raise InvalidInput([build_error("hepatic", "not-studied", "severe", "normal, mild, moderate", message)])
    if hepatic == "mild":
        message = "no effect of mild hepatic impairment is in the models"
        problems.append(build_warning("hepatic", "no-effect-modelled", "mild", "normal, moderate", message))
    for model in models:
        if model.status is Status.OUT_OF_SCOPE:
            message = f"{model.id} describes people the clinic does not treat: {model.population}"
            problems.append(build_warning("model", "out-of-scope", model.id, "a selectable model", message))
    if mixture is None and not is_chosen and drug == "esketamine" and route == "oral":
        message = "published models disagree 2-fold on oral esketamine; mix-oral-esketamine carries both"
        problems.append(build_warning("model", "models-disagree", models[0].id, "mix-oral-esketamine", message))
    if mixture is not None and not is_population:
        names = " and ".join(model.id for model in models)
        message = f"the curve is a weighted mean of {names}, which no model gives; see each model's own summary"
        problems.append(build_warning("model", "mixture-averaged", mixture.id, "a population, or one model", message))
    return problems


def judge_older(model: Model, route: str, age: FloatArray) -> list[Problem]:
    """Return a caution for people from 65 years on by nose, where the label's peak is higher than the model's."""
    older = age[age >= OLDER_YEARS]
    if route != "intranasal" or model.id not in OLDER_MODELS or not older.size:
        return []
    share = "" if older.size == age.size else f" ({100 * older.size / age.size:.0f} % of the people)"
    message = (
        f"from {OLDER_YEARS:g} years on{share} the label of the spray gives a peak about 30 % and an area about 20 % "
        "higher; the model's peak rises by about 2 %: read it as too low"
    )
    shown = float(older.max())
    return [build_warning("age", "older-peak-too-low", shown, f"below {OLDER_YEARS:g} years", message)]


def judge_occasions(kinetics: Kinetics, *, is_population: bool) -> list[Problem]:
    """Return a warning where effects between occasions on rates stay those of the first session.

    Notes
    -----
    Amounts, lags and durations are drawn anew for each session. Rates are not: with rates that change at a session's
    start the system is linear only piece by piece, and drug left from the session before would have to pass from one
    system to the next. Giving each session's dose its own rates for ever (superposition) would instead let old drug
    leave by rates that no longer hold, and metabolites, whose volumes vary between occasions too (Simons 2022), would
    jump or count twice; the error is largest for norketamine, which lasts between sessions. So the first session's
    rates hold, and the result says so.
    """
    sessions = 1 + max((dose.occasion for dose in kinetics.doses), default=0)
    held = find_held(kinetics.model, kinetics.route) if is_population and sessions > 1 else ()
    held = tuple(name for name in held if name in kinetics.subjects.kappas)
    if not held:
        return []
    message = (
        f"what differs between sessions in {', '.join(held)} is held as in the first of {sessions} sessions; "
        "later sessions vary less from the first than in people"
    )
    return [build_warning("dose", "occasion-held", sessions, "one session at a time", message)]


def find_held(model: Model, route: str) -> tuple[str, ...]:
    """Return the parameters with an effect between occasions that flows and volumes use, in the order of the model."""
    formulas: Mapping[str, frozenset[str]] = {
        **{name: one.individual.names for name, one in model.parameters.items()},
        **{name: one.names for name, one in model.definitions},
    }
    reached = _list_reached(model, route)
    wanted = [
        name
        for flow in model.flows
        if flow.source in reached
        for expression in (flow.rate, flow.gain)
        for name in expression.names
    ]
    wanted += [
        name
        for weights in model.outputs.values()
        for place, weight in weights.items()
        if place in reached
        for name in weight.names
    ]
    used: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in used:
            used.add(name)
            wanted += formulas.get(name, frozenset())
    return tuple(name for name, one in model.parameters.items() if one.occasion is not None and name in used)


def _list_reached(model: Model, route: str) -> set[str]:
    reached = {rule.into for rule in model.routes[route].rules}
    while True:
        further = {flow.target for flow in model.flows if flow.source in reached and flow.target is not None}
        if further <= reached:
            return reached
        reached |= further
