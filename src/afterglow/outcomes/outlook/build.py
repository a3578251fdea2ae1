"""From a course with dates to forecast and advice: which scores, which relapse rule, which day is today."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from afterglow.outcomes.catalogue import RelapseRule, load_relapse_rules
from afterglow.outcomes.change import Thresholds
from afterglow.outcomes.course import read_series
from afterglow.outcomes.forecast.calibration import NOT_CALIBRATED, Calibration
from afterglow.outcomes.forecast.exposure import TYPICAL_KG, build_dose
from afterglow.outcomes.forecast.forecast import Forecast, ForecastOutcome, RelapseQuestion, make_forecast
from afterglow.outcomes.forecast.personal import GivenSession, PersonalCourse, Reading
from afterglow.outcomes.forecast.update import DEFAULT_SEED
from afterglow.outcomes.model import Course, DatedScore, Rater, Series, SeriesReading
from afterglow.outcomes.next_treatment import Advice, Circumstances, IntervalPolicy, Loss, advise, refuse_advice
from afterglow.outcomes.series import build_series
from afterglow.pharmacology.mechanism import get_scale
from afterglow.pharmacology.models.catalogue import choose_model
from afterglow.terms import InvalidInput, Problem, build_error, build_warning

SCALE_OF = {"madrs": ("MADRS", Rater.CLINICIAN), "phq9": ("PHQ-9", Rater.SELF), "qids-sr16": ("QIDS-SR16", Rater.SELF)}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Treatment:
    """What the sessions of a course give: drug, route, how long an infusion takes, and the body weight if known."""

    drug: str
    route: str
    duration_min: float = 0.0
    weight_kg: float | None = None
    has_new_antidepressant: bool = False


@dataclass(frozen=True, slots=True)
class OutlookRequest:
    """One question: the course, the instrument asked about, the treatment, the instant it is asked.

    `circumstances` count days from the first session; `instrument` None takes the modelled one with the most scores.
    """

    course: Course
    treatment: Treatment
    as_of: datetime
    instrument: str | None = None
    circumstances: Circumstances = field(default_factory=Circumstances)
    loss: Loss | None = None
    seed: int = DEFAULT_SEED


@dataclass(frozen=True, slots=True)
class Outlook:
    """The answer: forecast, advice (None without a protocol's intervals), day 0, and what was set aside."""

    request: OutlookRequest
    instrument: str
    started_at: datetime
    forecast: Forecast
    advice: Advice | None
    relapse_rule: RelapseRule | None
    scores: tuple[DatedScore, ...]
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
    instrument = request.instrument or _choose_instrument(series)
    mine = choose_series(series, instrument)
    started = min((one.dose_started_at for one in request.course.sessions), default=request.as_of)
    today = (request.as_of - started) / _DAY
    rules = load_relapse_rules() if relapse_rules is None else relapse_rules
    rule = next((one for one in rules if one.instrument == instrument), None)
    lack = _find_lack(request, instrument, mine)
    if lack or mine is None:
        code, reason = lack or ("no-score", f"No score of {instrument} is there.")
        forecast = Forecast(ForecastOutcome.NOT_ENOUGH_DATA, code, reason, today)
        return Outlook(request, instrument, started, forecast, None, rule, (), (*found, *problems))
    personal = build_personal_course(request.course, mine, request.treatment)
    question = _ask_relapse(read_series(mine, request.course, relapse_rules, thresholds), rule)
    forecast = make_forecast(personal, today=today, relapse=question, calibration=calibration, seed=request.seed)
    advice = _advise(forecast, policy, request, rule, personal)
    return Outlook(request, instrument, started, forecast, advice, rule, _list_scores(mine), (*found, *problems))


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
        for one in _list_scores(series)
        if one.value is not None
    ]
    scale = SCALE_OF[series.instrument][0]
    return PersonalCourse(scale, tuple(readings), tuple(sessions), treatment.has_new_antidepressant)


def _list_scores(series: Series) -> tuple[DatedScore, ...]:
    """Return the baseline and every later score in order of time."""
    first = [] if series.baseline_score is None else [series.baseline_score]
    return (*first, *series.scores)


def choose_series(series: Sequence[Series], instrument: str | None = None) -> Series | None:
    """Return the series asked about by the rater its scale is made for, or None."""
    wanted = instrument or _choose_instrument(series)
    return next((one for one in series if _is_asked(one, wanted)), None)


def _choose_instrument(series: Sequence[Series]) -> str:
    """Return the modelled instrument with the most scores; the first one in doubt."""
    counted = {one.instrument: len(one.scores) for one in series if _is_asked(one, one.instrument)}
    return max(counted, key=lambda name: counted[name]) if counted else "phq9"


def _is_asked(series: Series, instrument: str) -> bool:
    return series.instrument == instrument and SCALE_OF.get(instrument, ("", None))[1] == series.rater


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


def _ask_relapse(reading: SeriesReading, rule: RelapseRule | None) -> RelapseQuestion:
    """Return the relapse threshold when a relapse can still come, else why not."""
    if rule is None:
        return RelapseQuestion(None, f"There is no relapse rule for {reading.series.instrument}.")
    if reading.relapse.result.value is None and reading.relapse.unconfirmed is None:
        return RelapseQuestion(None, f"Relapse is not defined: {reading.relapse.result.reason}.")
    events = reading.relapse.events
    if events:
        last = events[-1].confirmed
        well = [
            one
            for one in reading.assessments
            if one.score.observed_at > last.observed_at and one.results[rule.after].value
        ]
        if not well:
            return RelapseQuestion(None, f"A relapse was seen on {last.observed_at.date()}; no {rule.after} since.")
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
    if request.treatment.weight_kg is None:
        text = f"No weight is known: {TYPICAL_KG:g} kg assumed for the dose in mg/kg."
        return [build_warning("weight_kg", "weight-assumed", None, "kg", text)]
    return []


def _refuse_errors(problems: Sequence[Problem]) -> None:
    errors = [one for one in problems if one.severity == "error"]
    if errors:
        raise InvalidInput(errors)
