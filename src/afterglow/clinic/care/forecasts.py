"""The chart as the forecast asks for it: scores of one instrument, sessions given, what bounds the advice.

What the chart does not know is left out of the question, and never written as a zero or a no.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.chairside.dosing import calculate_dose_mg, find_end
from afterglow.chairside.readings import find_baseline
from afterglow.chairside.state import SessionState
from afterglow.clinic import policy
from afterglow.clinic.audit.reads import record_read
from afterglow.clinic.care.courses import CareCourse, load_care_course
from afterglow.clinic.care.weighing import Weighing, read_weighing
from afterglow.clinic.dosing_sessions.fold import load_protocols, load_states
from afterglow.clinic.dosing_sessions.lookups import list_sessions
from afterglow.clinic.measures.lookups import (
    BEHAVIOUR,
    IDEATION,
    ITEM_9,
    TOTALS,
    find_fact_day,
    list_recorded,
    list_results,
)
from afterglow.clinic.measures.models import RiskAlert
from afterglow.clinic.measures.risk import CSSRS, read_behaviour, read_ideation
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.lookups import find_weight, list_medicines
from afterglow.clinic.prepared import Prepared
from afterglow.clinic.tasks.models import Task
from afterglow.clinic.tasks.surveillance import list_surveillance
from afterglow.clinicday.risk import RECENT, find_level
from afterglow.clinicday.surveillance import Due, Standing
from afterglow.clinicday.upkeep import apply_protocol
from afterglow.instruments import load_instruments
from afterglow.outcomes.forecast.parameters import get_number
from afterglow.outcomes.next_treatment import COLUMBIA, NINTH, Bounds, IntervalPolicy, Kind, find_kind
from afterglow.outcomes.outlook import find_outlook_bounds, read_request
from afterglow.outcomes.outlook.asking import SCALE_OF
from afterglow.outcomes.outlook.jobs import render_policy
from afterglow.protocols.derive import calculate_age
from afterglow.protocols.evaluate import evaluate_rules
from afterglow.protocols.intervals import find_weekly_span
from afterglow.protocols.model import Protocol, Stage
from afterglow.terms import Citation, Grade, IntervalEdge, InvalidInput, Problem, Severity

PERMISSIONS = ("patient.read", "session.read", "measure.read")
ANTIDEPRESSANTS = frozenset({"antidepressant", "maoi", "snri", "ssri"})
# item of the calendar of long-term screens -> topic of the advice
TOPIC_OF = {"bladder-score": "bladder", "liver-tests": "liver", "misuse-review": "misuse"}
PRESSURE_RULES = "B-"
DAYS_PER_WEEK = 7
INDUCTION = "induction"
RUNNING, NOTHING_GIVEN = "running", "nothing-given"
_SCORE_AT = time(9)
_LEAST_MG = Decimal(1)

_ALERTS = Prepared(
    lambda patient: RiskAlert.objects.filter(patient=patient, release__isnull=True).order_by("raised_at", "pk")
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A session in which drug was begun and which is not counted: its instant and why."""

    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the forecast: all an answer depends on, as plain data; or `code` and `reason` why nothing is.

    `weights` names the version of the site's weights, and is empty where the defaults count. `bounds` are what can be
    decided while a plan is in force, also where nothing can be asked. `left_out` are sessions that do not count, with
    why; `problems` what is odd about what is asked.
    """

    payload: dict[str, Any]
    protocol: str = ""
    code: str = ""
    reason: str = ""
    weights: dict[str, Any] = field(default_factory=dict)
    bounds: Bounds | None = None
    left_out: tuple[LeftOut, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Given:
    """One session that was given: the start, the dose (None where the record does not tell it), drug and route."""

    at: datetime
    dose_mg: Decimal | None
    way: tuple[str, str]
    state: SessionState
    protocol: Protocol


def may_ask(user: Any, patient: Any) -> bool:
    """Return whether somebody may read all that a forecast is made from."""
    return all(policy.allow(user, each, patient) for each in PERMISSIONS)


def read_question(*, patient: Any, by: Any, now: datetime, dues: Sequence[Due] | None = None) -> Question:
    """Return the question of a chart as it stands; where it can be asked, the reading is written down.

    `dues` are the long-term screens of the same patient and instant, where the caller has read them.

    Raises
    ------
    Denied
        Somebody may not read scores, sessions or the chart.
    """
    for each in PERMISSIONS:
        policy.require(by, each, patient)
    question = build_question(patient, now, dues)
    if not question.code:
        record_read(by=by, what="forecast", subject=patient, now=now, patient=patient)
    return question


def build_question(patient: Any, now: datetime, dues: Sequence[Due] | None = None) -> Question:
    """Return the question of a chart: the day, scores, sessions, treatment, and what bounds the advice."""
    course = load_care_course(patient, now)
    if course.plan is None or course.protocol is None:
        return Question({}, code="no-plan", reason="No plan was signed under a protocol that this version knows.")
    if any(one.has_died for one in course.sessions):
        return Question({}, course.plan.protocol, "course-over", "The course is over.")
    given, left_out = _list_given(course)
    way = (str(course.protocol.drug), str(course.protocol.route))
    try:
        weighing: Weighing | None = read_weighing(patient.site)
        refusal = ""
    except InvalidInput as refused:
        weighing, refusal = None, str(refused)
    content = _collect(patient, course, given, now, dues)
    if weighing is not None and weighing.weights:
        content["loss"] = weighing.weights
    question = replace(_add_protocol(content, course), left_out=left_out)
    code, reason = "", ""
    if any(one.way != way for one in given):
        code = "ways-mixed"
        reason = "Sessions by another drug or route than the plan's are among those given; the model reads one of them."
    elif not given:
        code, reason = "no-session", "No session has been given yet."
    elif weighing is None:
        code = "weights-refused"
        reason = f"The clinic's own weights of the advice cannot be used and must be signed anew: {refusal}"
    if code or weighing is None:
        return replace(question, payload={}, code=code, reason=reason)
    return replace(question, weights=_name_weights(weighing, patient))


def _collect(
    patient: Any, course: CareCourse, given: list[_Given], now: datetime, dues: Sequence[Due] | None
) -> dict[str, Any]:
    """Return the course file of a chart; what the chart does not know is left out."""
    if course.plan is None or course.protocol is None:
        raise TypeError("a course without a plan asks nothing")
    content = {
        "as_of": get_local_date(patient.site, now).isoformat(),
        "zone": patient.site.timezone,
        "drug": str(course.protocol.drug),
        "route": str(course.protocol.route),
        "scores": _list_scores(patient, [one.at for one in given]),
        "sessions": [_render_session(one) for one in given],
        "suicide_answers": _list_suicide_answers(patient) or None,
        "open_alerts": _list_open_alerts(patient) or None,
        "open_topics": _list_topics(patient, given, now, dues),
        "duration_min": None if course.plan.over_min is None else float(course.plan.over_min),
        "induction_sessions": course.plan.induction_sessions,
        "weight_kg": _find_weight(patient),
        "new_antidepressant": _has_new_antidepressant(patient, given) or None,
        "reactions": _count_reactions(given),
    }
    content["instrument"] = _choose_instrument(content["scores"], [one.at for one in given])
    return {name: value for name, value in content.items() if value is not None}


def _name_weights(weighing: Weighing, patient: Any) -> dict[str, Any]:
    """Return which of the site's versions holds the weights, with its day there; empty for the defaults."""
    if weighing.version is None or not weighing.weights:
        return {}
    signed_on = get_local_date(patient.site, weighing.version.recorded_at)
    return {"number": weighing.number, "signed_on": signed_on.isoformat()}


def _add_protocol(content: dict[str, Any], course: CareCourse) -> Question:
    """Return the question with what the plan's protocol fills in; a plan that was stopped asks for no interval."""
    if course.plan is None or course.protocol is None:
        raise TypeError("a course without a plan asks nothing")
    request, intervals = apply_protocol(read_request(content), course.protocol)
    content["duration_min"] = request.treatment.duration_min
    content["induction_sessions"] = request.circumstances.maintenance_from
    payload: dict[str, Any] = {"course": content}
    bounds = None
    if course.plan.state == "signed":
        policy = None if intervals is None else _apply_plan(intervals, course.plan)
        bounds = find_outlook_bounds(request, policy)
        if policy is not None:
            payload["policy"] = render_policy(policy)
    return Question(payload, course.plan.protocol, bounds=bounds, problems=request.problems)


def _apply_plan(intervals: IntervalPolicy, plan: Any) -> IntervalPolicy:
    """Return the intervals with those that the signed plan begins with, where the protocol leaves them to it."""
    if intervals.phase == INDUCTION and plan.sessions_per_week and find_kind(intervals.highest.citation) != Kind.LABEL:
        low, high = find_weekly_span(plan.sessions_per_week)
        days = round(DAYS_PER_WEEK / plan.sessions_per_week)
        signed = Citation("SITE", "the signed plan", Grade.P)
        text = f"Induction by the signed plan, {plan.induction_sessions} sessions, {plan.sessions_per_week} a week"
        edges = IntervalEdge(low, signed), IntervalEdge(high, signed)
        if (low, high) != (intervals.lowest.days, intervals.highest.days):
            return replace(intervals, choices_d=(days,), default_d=days, text=text, shortest=edges[0], longest=edges[1])
    days = None if plan.maintenance_every_wk is None else plan.maintenance_every_wk * DAYS_PER_WEEK
    return replace(intervals, default_d=days) if days in intervals.choices_d else intervals


def _list_given(course: CareCourse) -> tuple[list[_Given], tuple[LeftOut, ...]]:
    """Return the sessions whose giving has ended, and those that do not count; without a milligram given it is none."""
    named = {one.id for one in course.sessions}
    sessions = [session for session in list_sessions(course.patient) if session.pk in named]
    states, protocols = load_states(sessions), load_protocols(sessions)
    rows = {row.pk: row for row in sessions}
    found, left_out = [], []
    for one in course.sessions:
        row = rows[one.id]
        state, protocol = states[one.id], protocols[row.protocol_id]
        ended = one.left_at or find_end(state, protocol)
        if ended is None:
            left_out.append(LeftOut(one.began_at, RUNNING))
            continue
        dose = calculate_dose_mg(state, protocol, state.last_recorded_at or ended)
        if dose is None or dose >= _LEAST_MG:
            found.append(_Given(one.began_at, dose, (str(protocol.drug), str(protocol.route)), state, protocol))
        else:
            left_out.append(LeftOut(one.began_at, NOTHING_GIVEN))
    return found, tuple(left_out)


def _render_session(one: _Given) -> dict[str, Any]:
    row: dict[str, Any] = {"at": one.at.isoformat()}
    return row if one.dose_mg is None else {**row, "dose_mg": float(round(one.dose_mg, 1))}


def _list_scores(patient: Any, starts: Iterable[datetime]) -> list[dict[str, Any]]:
    """Return the totals of the modelled scales: of each form its newest result, of the chart's entries a day's last."""
    found = list(_read_forms(patient))
    days = {(row["instrument"], _find_day(patient, row["at"])) for row in found}
    first_of_day = {get_local_date(patient.site, at): at for at in sorted(starts, reverse=True)}
    for instrument, on, value in _read_facts(patient):
        if (instrument, on) not in days:
            found.append({"instrument": instrument, "at": _place(patient, on, first_of_day.get(on)), **_value(value)})
    return sorted(found, key=lambda row: (row["at"], row["instrument"]))


def _read_forms(patient: Any) -> Iterator[dict[str, Any]]:
    newest = {row.form_id: row for row in list_results(patient, SCALE_OF)}
    for row in newest.values():
        at = row.observed_at.astimezone(ZoneInfo(patient.site.timezone)).isoformat()
        yield {"instrument": row.instrument, "at": at, **_value(row.total, row.reason)}


def _read_facts(patient: Any) -> Iterator[tuple[str, date, Any]]:
    names = {TOTALS[name]: name for name in SCALE_OF if name in TOTALS}
    last = {}
    for row in list_recorded(patient, names):
        last[names[row.name], find_fact_day(patient, row)] = row.value
    for (instrument, on), value in last.items():
        yield instrument, on, value


def _value(value: Any, reason: str = "asked, not known") -> dict[str, Any]:
    return {"value": None, "reason": reason or "not known"} if value is None else {"value": float(value)}


def _place(patient: Any, on: date, start: datetime | None) -> str:
    """Return the instant of a score of a day: nine o'clock, and before a session of that day."""
    at = datetime.combine(on, _SCORE_AT, ZoneInfo(patient.site.timezone))
    return (at if start is None or at < start else start - timedelta(minutes=1)).astimezone(at.tzinfo).isoformat()


def _find_day(patient: Any, at: str) -> date:
    return get_local_date(patient.site, datetime.fromisoformat(at))


def _choose_instrument(scores: list[dict[str, Any]], starts: list[datetime]) -> str:
    """Return the modelled scale with the most scores after the first session; the PHQ-9 in doubt."""
    first = min(starts, default=None)
    order = {name: place for place, name in enumerate(("phq9", "madrs", "qids-sr16"))}
    counted = dict.fromkeys(order, 0)
    for row in scores:
        is_after = first is None or datetime.fromisoformat(row["at"]) > first
        counted[row["instrument"]] += row["value"] is not None and is_after
    return min(order, key=lambda name: (-counted[name], order[name]))


def _list_suicide_answers(patient: Any) -> list[dict[str, Any]]:
    """Return every answer about suicide: item 9, the C-SSRS of forms and chart, the questions of every session."""
    rows = [*_read_risk_forms(patient), *_read_risk_facts(patient)]
    for state in load_states(list_sessions(patient)).values():
        for event in state.list("suicide-screen-recorded"):
            rows += _answer(COLUMBIA, event.occurred_at, event.data.get("level"), event.data.get("behaviour") is True)
    return sorted(rows, key=lambda row: (datetime.fromisoformat(row["at"]), row["instrument"]))


def _list_open_alerts(patient: Any) -> list[dict[str, Any]]:
    """Return the suicide alerts that nobody has assessed, of whatever source: an answer alerts before its form is sent.

    One that holds no dose is never released; it stands as long as the task that it opened.
    """
    rows = _ALERTS.ask(patient=patient)
    keys = {row.pk: f"{find_level(row.level).task}:{row.pk}" for row in rows if not row.holds_dose}
    waiting = set()
    if keys:
        waiting = set(Task.objects.filter(key__in=list(keys.values()), state="open").values_list("key", flat=True))
    return [
        {
            "instrument": row.instrument,
            "at": row.raised_at.isoformat(),
            "seen": _write_seen(row),
        }
        for row in rows
        if row.holds_dose or keys[row.pk] in waiting
    ]


def _write_seen(alert: RiskAlert) -> str:
    """Return the answers of an alert by item; the words of one that is of no instrument."""
    items = [f"item {item} = {value}" for item, value in alert.seen.items()]
    return ", ".join(items) if items and alert.instrument in load_instruments() else alert.title


def _read_risk_forms(patient: Any) -> Iterator[dict[str, Any]]:
    newest = {row.form_id: row for row in list_results(patient, ("phq9", *CSSRS))}
    for row in newest.values():
        if row.instrument in CSSRS:
            yield from _answer(COLUMBIA, row.observed_at, read_ideation(row), read_behaviour(row) == RECENT)
        elif row.answers.get("9") is not None:
            yield from _answer(NINTH, row.observed_at, Decimal(row.answers["9"]))


def _read_risk_facts(patient: Any) -> Iterator[dict[str, Any]]:
    days: dict[date, dict[str, Any]] = {}
    for row in list_recorded(patient, (ITEM_9, IDEATION, BEHAVIOUR)):
        days.setdefault(find_fact_day(patient, row), {})[row.name] = row.value
    for on, values in sorted(days.items()):
        at = datetime.combine(on, _SCORE_AT, ZoneInfo(patient.site.timezone))
        yield from _answer(COLUMBIA, at, values.get(IDEATION), values.get(BEHAVIOUR) == RECENT)
        yield from _answer(NINTH, at, values.get(ITEM_9))


def _answer(instrument: str, at: datetime, level: Any, is_recent: bool = False) -> list[dict[str, Any]]:
    """Return an answer as the question holds it; without a level only recent behaviour is one."""
    if level is None and not is_recent:
        return []
    row = {"instrument": instrument, "at": at.isoformat(), "level": int(level or 0), "recent_behaviour": is_recent}
    return [row]


def _list_topics(patient: Any, given: list[_Given], now: datetime, dues: Sequence[Due] | None) -> list[str] | None:
    """Return the long-term topics that are open; None while none is, and one of them is not known."""
    found, is_known = [], True
    for due in list_surveillance(patient=patient, now=now) if dues is None else dues:
        if due.item not in TOPIC_OF:
            continue
        if due.standing is Standing.FOUND:
            found.append(TOPIC_OF[due.item])
        is_known = is_known and not due.is_due
    pressure = _judge_pressure(patient, given, now)
    if pressure:
        found.append("blood-pressure")
    return sorted(found) if found or (is_known and pressure is not None) else None


def _judge_pressure(patient: Any, given: list[_Given], now: datetime) -> bool | None:
    """Return whether the protocol's rules find something in the pressure before the last session; None where unread."""
    if not given:
        return None
    last = given[-1]
    reading = find_baseline(last.state, "bp")
    if reading is None:
        return None
    facts = {
        "bp.systolic_mmhg": Decimal(str(reading.value["systolic"])),
        "bp.diastolic_mmhg": Decimal(str(reading.value["diastolic"])),
        "person.age_years": calculate_age(patient.birth_on, get_local_date(patient.site, now)),
    }
    found = evaluate_rules(last.protocol, facts, Stage.PRE_SESSION).findings
    severities = (Severity.STOP, Severity.CAUTION)
    return any(one.rule.startswith(PRESSURE_RULES) and one.severity in severities for one in found)


def _has_new_antidepressant(patient: Any, given: list[_Given]) -> bool:
    """Return whether the chart holds an antidepressant that was begun with the sessions and is still taken."""
    if not given:
        return False
    first = get_local_date(patient.site, min(one.at for one in given))
    begin = first - timedelta(days=get_number("antidepressant_before_d"))
    end = first + timedelta(days=get_number("antidepressant_after_d"))
    return any(
        ANTIDEPRESSANTS & set(row.classes)
        for row in list_medicines(patient)
        if row.started_on is not None and begin <= row.started_on <= end
    )


def _count_reactions(given: list[_Given]) -> dict[str, int]:
    """Return in how many of the sessions something serious or severe was recorded."""
    had = 0
    for one in given:
        events = one.state.list("adverse-event-recorded")
        had += any(event.data.get("serious") is True or event.data.get("severity") == "severe" for event in events)
    return {"serious_or_severe": had, "sessions_asked": len(given)}


def _find_weight(patient: Any) -> float | None:
    row = find_weight(patient)
    return None if row is None else round(float(row.value), 1)
