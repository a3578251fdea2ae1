"""From a course with dates to forecast and advice: which scores, which relapse rule, which day is today."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from afterglow.outcomes.catalogue import RelapseRule, load_relapse_rules
from afterglow.outcomes.change import Thresholds
from afterglow.outcomes.course import read_series
from afterglow.outcomes.forecast.calibration import NOT_CALIBRATED, Calibration
from afterglow.outcomes.forecast.exposure import TYPICAL_KG, build_dose
from afterglow.outcomes.forecast.forecast import Forecast, ForecastOutcome, RelapseQuestion, make_forecast
from afterglow.outcomes.forecast.personal import GivenSession, PersonalCourse, Reading
from afterglow.outcomes.model import Course, DatedScore, Series, SeriesReading
from afterglow.outcomes.next_treatment import Advice, Bounds, IntervalPolicy, advise, refuse_advice
from afterglow.outcomes.outlook.asking import (
    SCALE_OF,
    OutlookRequest,
    Treatment,
    choose_instrument,
    choose_series,
    list_scores,
    note_contradicting,
)
from afterglow.outcomes.outlook.bounds import find_outlook_bounds
from afterglow.outcomes.series import build_series
from afterglow.pharmacology.mechanism import get_scale
from afterglow.pharmacology.models.catalogue import choose_model
from afterglow.terms import InvalidInput, Problem, build_error, build_warning

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Outlook:
    """The answer: forecast, advice (None without a protocol's intervals), day 0, and what was set aside.

    `bounds` say what can be decided, also where there is no forecast and no advice.
    """

    request: OutlookRequest
    instrument: str
    started_at: datetime
    forecast: Forecast
    advice: Advice | None
    relapse_rule: RelapseRule | None
    scores: tuple[DatedScore, ...]
    bounds: Bounds
    problems: tuple[Problem, ...]


def make_outlook(
    request: OutlookRequest, *, policy: IntervalPolicy | None = None, calibration: Calibration = NOT_CALIBRATED,
    relapse_rules: Sequence[RelapseRule] | None = None, thresholds: Thresholds | None = None,
) -> Outlook:  # fmt: skip
    """Return forecast and advice for a course.

    Raises
    ------
    InvalidInput
        A score that cannot be, a time without a zone, a session or score after the instant of the question.
    """
    problems = _check(request)
    series, found = build_series(request.course)
    _refuse_errors(found)
    instrument = request.instrument or choose_instrument(series)
    mine = choose_series(series, instrument)
    started = min((one.dose_started_at for one in request.course.sessions), default=request.as_of)
    today = (request.as_of - started) / _DAY
    rules = load_relapse_rules() if relapse_rules is None else relapse_rules
    rule = next((one for one in rules if one.instrument == instrument), None)
    bounds = find_outlook_bounds(replace(request, instrument=instrument), policy)
    lack = _find_lack(request, instrument, mine)
    if lack or mine is None:
        code, reason = lack or ("no-score", f"No score of {instrument} is there.")
        forecast = Forecast(ForecastOutcome.NOT_ENOUGH_DATA, code, reason, today)
        return Outlook(request, instrument, started, forecast, None, rule, (), bounds, (*found, *problems))
    personal = build_personal_course(request.course, mine, request.treatment)
    question = _ask_relapse(read_series(mine, request.course, relapse_rules, thresholds), rule, request.course.zone)
    forecast = make_forecast(personal, today=today, relapse=question, calibration=calibration, seed=request.seed)
    advice = _advise(forecast, policy, note_contradicting(request, mine), rule, personal)
    told = (*found, *problems, *_judge_baseline(mine))
    return Outlook(request, instrument, started, forecast, advice, rule, list_scores(mine), bounds, told)


def build_personal_course(course: Course, series: Series, treatment: Treatment) -> PersonalCourse:
    """Return one series and the sessions in days from the first dose.

    Raises
    ------
    InvalidInput
        A session without a dose, or a route that no model describes.
    """
    started = min(one.dose_started_at for one in course.sessions)
    weight = TYPICAL_KG if treatment.weight_kg is None else treatment.weight_kg
    sessions = []
    for i, one in enumerate(sorted(course.sessions, key=lambda each: each.dose_started_at)):
        if one.dose_mg is None:
            text = "A session without a dose cannot be counted."
            raise InvalidInput([build_error(f"sessions[{i}].dose_mg", "missing", None, "milligrams", text)])
        dose = build_dose(
            treatment.drug,
            treatment.route,
            dose_mg=float(one.dose_mg),
            weight_kg=weight,
            duration_min=treatment.duration_min,
        )
        sessions.append(GivenSession((one.dose_started_at - started) / _DAY, dose))
    readings = [
        Reading((one.observed_at - started) / _DAY, float(one.value))
        for one in list_scores(series)
        if one.value is not None
    ]
    scale = SCALE_OF[series.instrument][0]
    return PersonalCourse(scale, tuple(readings), tuple(sessions), treatment.has_new_antidepressant)


def _find_lack(request: OutlookRequest, instrument: str, series: Series | None) -> tuple[str, str] | None:
    if instrument not in SCALE_OF:
        known = ", ".join(SCALE_OF)
        return "scale-not-modelled", f"No measurement model reads {instrument}; there is one for {known}."
    if not request.course.sessions:
        return "no-session", "No session has been given yet, so that nothing of this person's answer is known."
    if series is None:
        rater = SCALE_OF[instrument][1]
        return "no-score", f"No {instrument} rated by {rater} is there."
    if any(one.dose_mg is None for one in request.course.sessions):
        return "dose-unknown", "The dose of a session is not known."
    try:
        choose_model(request.treatment.drug, request.treatment.route)
    except InvalidInput as refused:
        return "route-not-modelled", str(refused)
    return None


def _ask_relapse(reading: SeriesReading, rule: RelapseRule | None, zone: tzinfo) -> RelapseQuestion:
    """Return the relapse threshold when a relapse can still come, else why not, dated by its first score."""
    if rule is None:
        return RelapseQuestion(None, f"There is no relapse rule for {reading.series.instrument}.")
    if reading.relapse.result.value is None and reading.relapse.unconfirmed is None:
        return RelapseQuestion(None, f"Relapse is not defined: {reading.relapse.result.reason}.")
    events = reading.relapse.events
    if events:
        first, last = events[-1].first, events[-1].confirmed
        well = [
            one
            for one in reading.assessments
            if one.score.observed_at > last.observed_at and one.results[rule.after].value
        ]
        if not well:
            day = first.observed_at.astimezone(zone).date()
            return RelapseQuestion(None, f"A relapse was seen on {day}; no {rule.after} since.")
    longest = None if rule.longest_days is None else float(rule.longest_days)
    return RelapseQuestion(float(rule.threshold), longest_days=longest)


def _advise(
    forecast: Forecast, policy: IntervalPolicy | None, request: OutlookRequest, rule: RelapseRule | None,
    personal: PersonalCourse,
) -> Advice | None:  # fmt: skip
    if policy is None or rule is None:
        return None
    if forecast.similar is None:
        return refuse_advice(
            forecast.code,
            forecast.reason,
            personal,
            policy,
            today=forecast.today,
            threshold=float(rule.threshold),
            circumstances=request.circumstances,
            loss=request.loss,
        )
    return advise(
        forecast.similar,
        policy,
        today=forecast.today,
        threshold=float(rule.threshold),
        remission=get_scale(personal.scale).remission_at_most,
        circumstances=request.circumstances,
        loss=request.loss,
    )


def _check(request: OutlookRequest) -> list[Problem]:
    """Refuse what lies after the instant of the question; return what was assumed."""
    if request.as_of.tzinfo is None:
        text = "The instant of the question names no time zone."
        accepted = "a time with its zone"
        raise InvalidInput([build_error("as_of", "instant-without-zone", str(request.as_of), accepted, text)])
    moments = [
        *((f"scores[{i}].at", one.observed_at) for i, one in enumerate(request.course.scores)),
        *((f"sessions[{i}].at", one.dose_started_at) for i, one in enumerate(request.course.sessions)),
    ]
    late = [
        build_error(path, "after-question", at.isoformat(), f"up to {request.as_of.isoformat()}", f"{path} is later.")
        for path, at in moments
        if at.tzinfo is not None and at > request.as_of
    ]
    if late:
        raise InvalidInput(late)
    told = list(request.problems)
    if request.treatment.weight_kg is None:
        text = f"No weight is known: {TYPICAL_KG:g} kg assumed for the dose in mg/kg."
        told.append(build_warning("weight_kg", "weight-assumed", None, "kg", text))
    return told


def _judge_baseline(series: Series) -> list[Problem]:
    """Say where no score was taken before the first session, and what that does to the answer."""
    if series.baseline_score is not None:
        return []
    text = (
        f"No {series.instrument} was taken before the first session. How ill the person was before it is taken from "
        "published courses, and the forecast leans on the later scores alone. Response, remission and with it a "
        "relapse, and whether the person is worse than before treatment (LT-7), cannot be told."
    )
    return [build_warning("scores", "baseline-missing", None, "a score before the first session", text)]


def _refuse_errors(problems: Sequence[Problem]) -> None:
    errors = [one for one in problems if one.severity == "error"]
    if errors:
        raise InvalidInput(errors)
