"""What was given to a patient, and what every reading would be for people like this patient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from afterglow.pharmacology._types import MINUTES_PER_HOUR, NG_PER_ML_PER_MG_PER_L, FloatArray
from afterglow.pharmacology.covariates import Person, build_covariates
from afterglow.pharmacology.effects.calculate import EffectSeries, Setting, calculate_effects
from afterglow.pharmacology.effects.parameters import EffectValues
from afterglow.pharmacology.finding.cadss6 import calculate_cadss6
from afterglow.pharmacology.interactions import combine_factors
from afterglow.pharmacology.linear import solve
from afterglow.pharmacology.models.catalogue import choose_model, get_model, load_model_ids
from afterglow.pharmacology.models.kinetics import Kinetics, build_kinetics
from afterglow.pharmacology.models.model import Model, Status
from afterglow.pharmacology.population import Subjects
from afterglow.pharmacology.regimen import Dose, number_sessions
from afterglow.pharmacology.updating.latents import Latents, read_effects, read_etas, read_nuisance
from afterglow.pharmacology.updating.observations import KINDS, Observation
from afterglow.terms import InvalidInput, Problem, build_error, build_warning

CARRY_OVER_H = 24.0  # an earlier session this close before still counts in the level
EFFECT_STEP_H = 1.0 / 30.0
VEINS_LAG_H = 0.5  # after a dose has gone in, the one arm's venous level still tells little of the arterial one
_EFFECTS = {"systolic": "systolic_rise_mmhg", "diastolic": "diastolic_rise_mmhg", "cadss": "dissociation_cadss"}


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session as it was given.

    `start_h` counts from the start of the course, the doses' own times from the session's first dose; `number` counts
    sessions from 1 and drives tolerance. The two baselines are the readings before the first dose.
    """

    id: str
    start_h: float
    doses: tuple[Dose, ...]
    number: int = 1
    baseline_systolic_mmhg: float | None = None
    baseline_diastolic_mmhg: float | None = None
    has_attenuation: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """Everything given to one patient by one drug and route, and how the mood is rated."""

    drug: str
    route: str
    person: Person
    sessions: tuple[SessionRecord, ...]
    model_id: str | None = None
    interactions: tuple[str, ...] = ()
    has_new_antidepressant: bool = False

    @property
    def model(self) -> Model:
        """The published model that predicts the levels."""
        return choose_model(self.drug, self.route, self.model_id)


@dataclass(slots=True)
class Prepared:
    """A course with its covariates for n people and the latents of its prior."""

    course: Course
    model: Model
    latents: Latents
    covariates: Mapping[str, FloatArray]
    problems: list[Problem] = field(default_factory=list)


def check_course(course: Course) -> None:
    """Refuse a course without a session, with one twice, out of order or without a dose."""
    problems = []
    ids = [session.id for session in course.sessions]
    if not ids:
        problems.append(build_error("sessions", "missing", 0, "1 or more", "Nothing was given."))
    if len(set(ids)) < len(ids):
        problems.append(build_error("sessions", "duplicate", ", ".join(ids), "each once", "A session is there twice."))
    last = -np.inf
    for i, session in enumerate(course.sessions):
        path = f"sessions[{i}]"
        if not np.isfinite(session.start_h) or session.start_h < max(last, 0.0):
            text = "Sessions follow each other from hour 0 of the course."
            problems.append(build_error(f"{path}.start_h", "out-of-order", str(session.start_h), "in order", text))
        last = max(last, session.start_h) if np.isfinite(session.start_h) else last
        if not session.doses:
            problems.append(build_error(f"{path}.doses", "missing", 0, "1 or more", "Nothing was given in it."))
        if session.number < 1:
            text = "Sessions are counted from 1."
            problems.append(build_error(f"{path}.number", "out-of-range", session.number, "1 or more", text))
    if problems:
        raise InvalidInput(problems)


def prepare_covariates(course: Course, n: int) -> tuple[dict[str, FloatArray], list[Problem]]:
    """Return this patient's covariates for n people, interactions included."""
    covariates, problems = build_covariates(course.person, n)
    names = [*course.interactions, *(["hepatic-moderate"] if course.person.hepatic == "moderate" else [])]
    liver, gut, found = combine_factors(course.model.id, course.drug, course.route, names)
    covariates |= {"liver": covariates["liver"] * liver, "gut": covariates["gut"] * gut}
    problems = (*problems, *found)
    if any(parameter.occasion is not None for parameter in course.model.parameters.values()):
        text = "What differs between sessions of one person is left at its middle; only what stays is updated."
        problems = (*problems, build_warning("model", "occasions-left-out", course.model.id, "", text))
    return covariates, list(problems)


def build_subjects(
    latents: Latents, covariates: Mapping[str, FloatArray], z: FloatArray, weights: FloatArray | None = None
) -> Subjects:
    """Return the people that latents stand for, as the simulator takes them."""
    n = z.shape[1]
    some = {name: np.full(n, values[0]) for name, values in covariates.items()}
    return Subjects(n, some, read_etas(latents, z), {}, np.full(n, 1.0 / n) if weights is None else weights)


def predict_session_readings(
    prepared: Prepared, session: SessionRecord, readings: Sequence[Observation], z: FloatArray
) -> list[FloatArray]:
    """Return what each reading of one session would be, a list of arrays (n,)."""
    doses, shift_h = gather_doses(prepared.course, session)
    times = np.unique([one.at_min / MINUTES_PER_HOUR + shift_h for one in readings if one.at_min is not None])
    asked = np.maximum(times, 0.0)
    subjects = build_subjects(prepared.latents, prepared.covariates, z)
    kinetics = build_kinetics(prepared.model, subjects, doses, drug=prepared.course.drug, route=prepared.course.route)
    values = read_effects(prepared.latents, z)
    quantities = {KINDS[one.kind].of for one in readings}
    effects = _run_effects(kinetics, asked, values, session) if quantities & {*_EFFECTS, "cadss6"} else None
    levels = _run_levels(prepared, subjects, doses, readings, asked)
    nuisance = read_nuisance(prepared.latents, z)
    found = []
    for one in readings:
        row = int(np.searchsorted(times, (one.at_min or 0.0) / MINUTES_PER_HOUR + shift_h - 1e-12))
        found.append(_pick(one, row, effects, levels, session, nuisance))
    return found


def gather_doses(course: Course, session: SessionRecord) -> tuple[tuple[Dose, ...], float]:
    """Return a session's doses after those of sessions close before it, and when it starts on that clock (h)."""
    near = [other for other in course.sessions if session.start_h - CARRY_OVER_H < other.start_h <= session.start_h]
    first = near[0].start_h
    moved = [replace(dose, start_h=dose.start_h + other.start_h - first) for other in near for dose in other.doses]
    return number_sessions(moved), session.start_h - first


def is_too_early_for_veins(course: Course, session: SessionRecord, at_min: float) -> bool:
    """Whether a venous level was drawn while a dose went in or within half an hour of its end."""
    doses, shift_h = gather_doses(course, session)
    at_h = at_min / MINUTES_PER_HOUR + shift_h
    spans = ((dose.start_h, dose.start_h + float(np.max(dose.duration_h or 0.0)) + VEINS_LAG_H) for dose in doses)
    return any(start <= at_h < end - 1e-9 for start, end in spans)


def list_venous_models(drug: str, route: str) -> tuple[str, ...]:
    """Return the models that a venous level of this drug and route can be held against at any time."""
    models = [get_model(name) for name in load_model_ids()]
    return tuple(
        model.id
        for model in models
        if model.sampling_site == "venous"
        and model.status is Status.SELECTABLE
        and drug in model.drugs
        and route in model.routes
    )


def _run_effects(kinetics: Kinetics, times: FloatArray, values: EffectValues, session: SessionRecord) -> EffectSeries:
    setting = Setting(
        session_number=session.number,
        has_attenuation=session.has_attenuation,
        sampling_site=kinetics.model.sampling_site,
        arketamine=kinetics.arketamine,
    )
    return calculate_effects(
        kinetics.system, kinetics.inputs, times,
        driver=kinetics.esketamine, values=values, setting=setting, step_h=EFFECT_STEP_H,
    )  # fmt: skip


def _run_levels(
    prepared: Prepared, subjects: Subjects, doses: Sequence[Dose], readings: Sequence[Observation], times: FloatArray
) -> dict[tuple[str, str], FloatArray]:
    """Return levels in ng/mL by analyte and sampling site, each (n_times, n)."""
    course = prepared.course
    found: dict[tuple[str, str], FloatArray] = {}
    for one in readings:
        analyte, site = KINDS[one.kind].of, one.sampling_site
        if analyte not in ("ketamine", "norketamine") or (analyte, site) in found:
            continue
        kinetics = build_kinetics(
            prepared.model, subjects, doses, drug=course.drug, route=course.route,
            with_enantiomers=False, is_venous=site == "venous",
        )  # fmt: skip
        level = solve(kinetics.system, kinetics.inputs, times).values[kinetics.analytes[analyte]]
        found[analyte, site] = np.maximum(level, 0.0) * NG_PER_ML_PER_MG_PER_L
    return found


def _pick(
    one: Observation, row: int, effects: EffectSeries | None, levels: Mapping[tuple[str, str], FloatArray],
    session: SessionRecord, nuisance: Mapping[str, FloatArray],
) -> FloatArray:  # fmt: skip
    kind = KINDS[one.kind]
    if kind.of in ("ketamine", "norketamine"):
        return np.asarray(levels[kind.of, one.sampling_site][row], dtype=np.float64)
    series = cast(EffectSeries, effects)
    if kind.of == "cadss6":
        return calculate_cadss6(series.dissociation_cadss[row])
    values: FloatArray = np.asarray(getattr(series, _EFFECTS[kind.of])[row], dtype=np.float64)
    if (one.at_min or 0.0) < 0:
        values = np.zeros_like(values)
    if kind.needs_baseline:
        before = float(getattr(session, kind.needs_baseline))
        values = values + before + nuisance[f"{kind.of}:{session.id}"]
    return values
