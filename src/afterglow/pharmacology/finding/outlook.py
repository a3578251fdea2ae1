"""What an option would do in people like this patient: one seeded population, the same people for every option."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afterglow.pharmacology._types import MINUTES_PER_HOUR, NG_PER_ML_PER_MG_PER_L, FloatArray
from afterglow.pharmacology._values import is_between, show_value
from afterglow.pharmacology.covariates import LIMITS, Person, build_covariates, check_person
from afterglow.pharmacology.effects.calculate import Setting, calculate_effects
from afterglow.pharmacology.effects.parameters import EffectValues, draw_values
from afterglow.pharmacology.finding.cadss6 import calculate_cadss6
from afterglow.pharmacology.finding.fields import read_numbers, read_words, refuse_unknown
from afterglow.pharmacology.finding.options import Option, build_doses
from afterglow.pharmacology.interactions import combine_factors
from afterglow.pharmacology.linear import area_under, solve
from afterglow.pharmacology.models.catalogue import choose_model
from afterglow.pharmacology.models.kinetics import Kinetics, build_kinetics
from afterglow.pharmacology.models.model import Model
from afterglow.pharmacology.models.ranges import find_soonest, find_studied, judge_ranges, list_early
from afterglow.pharmacology.population import Subjects, draw_subjects
from afterglow.pharmacology.regimen import Dose, judge_late
from afterglow.pharmacology.simulate_effects import judge_gaps, list_later_starts
from afterglow.terms import InvalidInput, Problem, build_error, build_warning

Rows = NDArray[np.intp]

FEWEST, MOST = 20, 2000
DEFAULT_N, DEFAULT_SEED = 250, 1  # few enough for plain numpy: the same bytes with and without the compiled extra
MOST_APART = 60  # people who absorb each in a way of their own are solved one by one
EFFECT_STEP_H = 1.0 / 30.0
FINE_SPAN_H, COARSE_STEP_H = 6.0, 1.0  # of a course: minutes after each start, hours between
LONGEST_MIN, MOST_STEPS = 60 * 24 * 400.0, 50_000
_PERSON = {"weight_kg": "weight", "age_years": "age", "height_cm": "height", "bmi": "bmi"}


@dataclass(frozen=True, slots=True)
class Patient:
    """Whom an option is for: what the models may use of one person.

    `session_number` counts from 1; `has_attenuation` says that a beta-blocker or clonidine is taken.
    """

    person: Person
    interactions: tuple[str, ...] = ()
    session_number: int = 1
    has_attenuation: bool = False

    @property
    def weight_kg(self) -> float:
        """The weight, which a dose per kg needs."""
        if self.person.weight_kg is None:
            message = "The weight must be known: nothing is planned for an assumed one."
            raise InvalidInput([build_error("patient.weight_kg", "missing", None, "kg", message)])
        return self.person.weight_kg


@dataclass(frozen=True, slots=True)
class People:
    """People like one patient: effect parameters shared by every option; kinetics drawn by seed for each model.

    After an individual update `subjects` holds the kinetics of the model `model_id`; for another model they are drawn.
    """

    n: int
    seed: int
    effects: EffectValues
    weights: FloatArray
    subjects: Subjects | None = None
    model_id: str | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """Predicted courses: every array is (n_times, n); ng/mL, points, mmHg."""

    option: Option
    kinetics: Kinetics
    times_h: FloatArray
    ketamine_ng_per_ml: FloatArray
    s_ketamine_ng_per_ml: FloatArray
    cadss: FloatArray
    cadss6: FloatArray
    systolic_rise_mmhg: FloatArray
    diastolic_rise_mmhg: FloatArray
    heart_rate_rise_per_min: FloatArray
    occupancy_index: FloatArray
    weights: FloatArray
    seed: int
    problems: tuple[Problem, ...]

    @property
    def n(self) -> int:
        """How many virtual people."""
        return int(self.weights.size)

    def get_courses(self, name: str) -> FloatArray:
        """Return a course as peaks are read from it, (n_times, n): no level sooner after a bolus than was studied."""
        values: FloatArray = getattr(self, name)
        if name not in ("ketamine_ng_per_ml", "s_ketamine_ng_per_ml"):
            return values
        kinetics = self.kinetics
        early = list_early(kinetics.model, kinetics.doses, kinetics.route, float(self.times_h[-1]))
        return values[find_studied(self.times_h, early)]


def parse_patient(content: Mapping[str, Any]) -> Patient:
    """Return a patient from plain data: the fields of `Person` and of `Patient` side by side.

    Raises
    ------
    InvalidInput
        An unknown name, no weight, or a value that cannot be used.
    """
    own = {"interactions", "session_number", "has_attenuation"}
    known = {item.name for item in fields(Person)} | own
    refuse_unknown("patient", content, known)
    numbers = read_numbers("patient", content, _PERSON)
    number = content.get("session_number", 1)
    problems = []
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        problems.append(build_error("patient.session_number", "out-of-range", number, "1 or more", "A session counts."))
    names = content.get("interactions", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        problems.append(build_error("patient.interactions", "not-a-list", names, "names", "Interactions are a list."))
    is_eased = content.get("has_attenuation", False)
    if not isinstance(is_eased, bool):
        text = "It is true or false."
        problems.append(build_error("patient.has_attenuation", "not-a-bool", str(is_eased)[:80], "true, false", text))
    if "weight_kg" not in numbers:
        low, high, unit = LIMITS["weight"]
        text = "The weight must be known: nothing is planned for an assumed one."
        problems.append(build_error("patient.weight_kg", "missing", None, f"{low:g} to {high:g} {unit}", text))
    if problems:
        raise InvalidInput(problems)
    words = read_words("patient", content, ("sex", "ancestry", "hepatic"))
    person = Person(**numbers, **words)
    check_person(person)
    return Patient(person, tuple(names), number, is_eased)


def draw_people(n: int = DEFAULT_N, seed: int = DEFAULT_SEED) -> People:
    """Return virtual people; the same seed gives the same people, whatever they are given.

    Raises
    ------
    InvalidInput
        A number of people or a seed that cannot be used.
    """
    problems = []
    if isinstance(n, bool) or not isinstance(n, int) or not FEWEST <= n <= MOST:
        problems.append(
            build_error("n", "out-of-range", show_value(n), f"{FEWEST} to {MOST}", "So many people cannot be drawn.")
        )
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        problems.append(build_error("seed", "out-of-range", show_value(seed), "0 or more", "A seed is a whole number."))
    if problems:
        raise InvalidInput(problems)
    return People(n, seed, draw_values(n, np.random.default_rng([seed, 2])), np.full(n, 1.0 / n))


def predict(
    option: Option,
    patient: Patient,
    people: People,
    *,
    until_min: float = 180.0,
    step_min: float = 2.0,
    doses: Sequence[Dose] | None = None,
) -> Outlook:
    """Return what an option, or doses as really given, does in people like this patient.

    Parameters
    ----------
    option : Option
    patient : Patient
    people : People
        From `draw_people`.
    until_min, step_min : float, min
        End and spacing of the curves; every start and end of a dose is a point too, so that no peak is cut.
    doses : sequence of Dose, optional
        Replace those of the option, such as an infusion with its pauses.

    Returns
    -------
    outlook : Outlook

    Raises
    ------
    InvalidInput
        Nothing can be predicted for this person by this route.
    """
    given, warned = (tuple(doses), ()) if doses is not None else build_doses(option, patient.weight_kg)
    soonest = find_soonest(choose_model(option.drug, option.route, option.model))
    times = _build_times(given, until_min, step_min, soonest if option.route == "iv" else 0.0)
    kinetics, people, problems = _prepare(option, patient, people, given, times)
    setting = Setting(
        session_number=patient.session_number,
        later_starts_h=list_later_starts(given),
        has_attenuation=patient.has_attenuation,
        sampling_site=kinetics.model.sampling_site,
        arketamine=kinetics.arketamine,
    )
    found = calculate_effects(
        kinetics.system, kinetics.inputs, times,
        driver=kinetics.esketamine, values=people.effects, setting=setting, step_h=EFFECT_STEP_H,
    )  # fmt: skip
    level = found.s_ketamine_ng_per_ml
    if kinetics.arketamine is not None:
        whole = solve(kinetics.system, kinetics.inputs, times).values[kinetics.analytes["ketamine"]]
        level = np.maximum(whole, 0.0) * NG_PER_ML_PER_MG_PER_L
    return Outlook(
        option=option,
        kinetics=kinetics,
        times_h=times,
        ketamine_ng_per_ml=level,
        s_ketamine_ng_per_ml=found.s_ketamine_ng_per_ml,
        cadss=found.dissociation_cadss,
        cadss6=calculate_cadss6(found.dissociation_cadss),
        systolic_rise_mmhg=found.systolic_rise_mmhg,
        diastolic_rise_mmhg=found.diastolic_rise_mmhg,
        heart_rate_rise_per_min=found.heart_rate_rise_per_min,
        occupancy_index=found.occupancy_index,
        weights=people.weights,
        seed=people.seed,
        problems=tuple(dict.fromkeys([*problems, *warned, *found.problems])),
    )


def calculate_auc(outlook: Outlook) -> FloatArray:
    """Return the exact area under the level of ketamine until the last time, shape (n,), ng h/mL."""
    kinetics = outlook.kinetics
    areas = area_under(kinetics.system, kinetics.inputs, float(outlook.times_h[-1]))
    return areas[kinetics.analytes["ketamine"]] * NG_PER_ML_PER_MG_PER_L


def _prepare(
    option: Option, patient: Patient, people: People, doses: Sequence[Dose], times: FloatArray
) -> tuple[Kinetics, People, list[Problem]]:
    """Return the kinetics of this patient's likes; fewer people where each has event times of their own."""
    model = choose_model(option.drug, option.route, option.model)
    names = list(patient.interactions) + (["hepatic-moderate"] if patient.person.hepatic == "moderate" else [])
    if patient.person.hepatic == "severe":
        message = "Severe hepatic impairment was not studied; nothing is predicted."
        raise InvalidInput([build_error("patient.hepatic", "not-studied", "severe", "normal, mild, moderate", message)])
    liver, gut, problems = combine_factors(model.id, option.drug, option.route, names)
    covariates, assumed = build_covariates(patient.person, people.n)
    covariates |= {"liver": covariates["liver"] * liver, "gut": covariates["gut"] * gut}
    late = judge_late(doses, float(times[-1]) + 1e-9)
    unknown = frozenset(["age"]) if patient.person.age_years is None else frozenset()
    warned = judge_ranges(model, covariates, doses, float(times[-1]), assumed=unknown, route=option.route)
    occasions = 1 + max(dose.occasion for dose in doses)
    if people.subjects is not None and people.model_id == model.id:
        subjects = replace(people.subjects, covariates=covariates)
    else:
        subjects = draw_subjects(model, covariates, np.random.default_rng([people.seed, 1]), n_occasions=occasions)
        problems = (*problems, *_warn_of_model(people, model.id))
    found = [*assumed, *problems, *warned, *late, *judge_gaps(doses)]
    if option.model is None and (option.drug, option.route) == ("esketamine", "oral"):
        text = "Published models of oral esketamine disagree 2-fold; this is one of them."
        found.append(build_warning("model", "models-disagree", model.id, "another model beside it", text))
    is_slow = model.routes[option.route].uptake is not None or _has_own_times(model, subjects, doses, option)
    if is_slow and people.n > MOST_APART:
        rows = choose_few(people.weights, MOST_APART)
        message = f"Everybody absorbs in a way of their own by this route: {MOST_APART} people are computed."
        found.append(build_warning("n", "people-reduced", people.n, f"up to {MOST_APART}", message))
        people, subjects = _take(people, rows), take_subjects(subjects, rows)
    kinetics = build_kinetics(model, subjects, doses, drug=option.drug, route=option.route)
    return kinetics, people, found


def _has_own_times(model: Model, subjects: Subjects, doses: Sequence[Dose], option: Option) -> bool:
    """Whether two people differ in when drug enters, so that they cannot be solved together."""
    two = take_subjects(subjects, np.array([0, 1], dtype=np.intp))
    kinetics = build_kinetics(model, two, doses, drug=option.drug, route=option.route)
    return any(np.ndim(one.start_h) > 0 or np.ndim(one.duration_h) > 0 for one in kinetics.inputs)


def choose_few(weights: FloatArray, count: int) -> Rows:
    """Return some rows in which everybody is there by weight: evenly spaced where all weigh alike.

    People without weight are never chosen, and whoever weighs much is chosen more than once (systematic resampling
    without chance), so that the few count alike.
    """
    if np.ptp(weights) <= 1e-12 * float(np.max(weights)):
        return np.linspace(0, len(weights) - 1, count).astype(np.intp)
    running = np.cumsum(weights)
    return np.asarray(np.searchsorted(running, (np.arange(count) + 0.5) / count * running[-1]), dtype=np.intp)


def _warn_of_model(people: People, model_id: str) -> list[Problem]:
    if people.subjects is None:
        return []
    text = f"The update was made with {people.model_id}: levels here are those of people like this patient."
    return [build_warning("model", "update-of-another-model", model_id, str(people.model_id), text)]


def take_subjects(subjects: Subjects, rows: Rows) -> Subjects:
    """Return some of the people; those of `choose_few` count alike afterwards."""
    return Subjects(
        len(rows),
        {name: values[rows] for name, values in subjects.covariates.items()},
        {name: values[rows] for name, values in subjects.etas.items()},
        {name: values[:, rows] for name, values in subjects.kappas.items()},
        np.full(len(rows), 1.0 / len(rows)),
    )


def _take(people: People, rows: Rows) -> People:
    values = {
        name: np.asarray(value)[rows] if np.ndim(value) else value for name, value in people.effects.values.items()
    }
    return replace(
        people, n=len(rows), effects=EffectValues(len(rows), values), weights=np.full(len(rows), 1.0 / len(rows))
    )


def _build_times(doses: Sequence[Dose], until_min: float, step_min: float, soonest_h: float = 0.0) -> FloatArray:
    problems = []
    if not is_between(until_min, 0.0, LONGEST_MIN, is_open=True):
        text, shown = "The end cannot be used.", show_value(until_min)
        problems.append(build_error("until_min", "out-of-range", shown, f"above 0 to {LONGEST_MIN:g} min", text))
    elif not (is_between(step_min, 0.0, until_min, is_open=True) and until_min / step_min <= MOST_STEPS):
        accepted, shown = f"{until_min / MOST_STEPS:g} to {until_min:g} min", show_value(step_min)
        problems.append(build_error("step_min", "out-of-range", shown, accepted, "The step cannot be used."))
    if problems:
        raise InvalidInput(problems)
    until = until_min / MINUTES_PER_HOUR
    step = step_min / MINUTES_PER_HOUR
    even = np.arange(math.floor(until / step + 1e-9) + 1) * step
    if until > FINE_SPAN_H and len({dose.occasion for dose in doses}) > 1:
        starts = {dose.occasion: dose.start_h for dose in reversed(doses)}.values()
        fine = np.arange(math.floor(FINE_SPAN_H / step + 1e-9) + 1) * step
        even = np.concatenate([np.arange(0.0, until, COARSE_STEP_H), [until], *(start + fine for start in starts)])
    edges = np.array([at for dose in doses for at in (dose.start_h, dose.start_h + (dose.duration_h or soonest_h))])
    times = np.unique(np.concatenate([even, edges]))
    times = times[times <= until + 1e-9]
    return np.asarray(times[np.concatenate([[True], np.diff(times) > 1e-9])], dtype=np.float64)
