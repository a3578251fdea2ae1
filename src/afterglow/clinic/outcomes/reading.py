"""Reads a chart as the pure room asks for it: scores that can be an outcome, the sessions given, when it stopped."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.care.courses import CareCourse, load_care_course
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.measures.lookups import TOTALS, find_fact_day, list_recorded
from afterglow.clinic.measures.models import MeasureResult
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.plans.models import Plan
from afterglow.instruments import get_instrument, load_instruments
from afterglow.outcomes import Course, CourseSession, DatedScore, Rater

_SCORE_AT = time(9)
_RATERS = {"self": Rater.SELF, "clinician": Rater.CLINICIAN}


@dataclass(frozen=True, slots=True)
class ChartCourse:
    """A course as it stands in a chart; `first` is the session with which it began."""

    patient: Any
    care: CareCourse
    course: Course
    first: Session
    completed_on: date | None
    stopped_on: date | None
    today: date


@cache
def list_outcome_instruments() -> tuple[str, ...]:
    """Return the instruments that can say whether a treatment worked: a total, and a rule for response."""
    return tuple(
        name
        for name, one in load_instruments().items()
        if "response" in one.thresholds and one.total_minimum != one.total_maximum
    )


def load_chart_course(patient: Any, now: datetime) -> ChartCourse | None:
    """Return the course of a chart, or None where no drug was given yet."""
    care = load_care_course(patient, now)
    if not care.sessions:
        return None
    first = Session.objects.select_related("plan").get(pk=care.sessions[0].id)
    zone = ZoneInfo(patient.site.timezone)
    starts = [one.began_at for one in care.sessions]
    sessions = tuple(CourseSession(one.id, one.began_at) for one in care.sessions)
    planned = first.plan.induction_sessions if first.plan is not None else None
    return ChartCourse(
        patient=patient,
        care=care,
        course=Course(tuple(_list_scores(patient, starts)), sessions, planned, zone=zone),
        first=first,
        completed_on=_find_completion(care, planned, zone),
        stopped_on=_find_stop(patient, care),
        today=get_local_date(patient.site, now),
    )


def _find_completion(care: CareCourse, planned: int | None, zone: ZoneInfo) -> date | None:
    """Return the day of the last induction session by the plan the course began under, else by the protocol's gate."""
    if not planned:
        return care.induction_ended_on
    if len(care.sessions) < planned:
        return None
    return care.sessions[planned - 1].began_at.astimezone(zone).date()


def _find_stop(patient: Any, care: CareCourse) -> date | None:
    """Return the first day, from the first dose on, on which a plan was stopped or the person died."""
    ends = [one.left_at for one in care.sessions if one.has_died and one.left_at is not None]
    began_at = care.sessions[0].began_at
    stopped = Plan.objects.filter(patient=patient, state="stopped", superseded_at__gte=began_at).order_by()
    ends += [at for at in stopped.values_list("superseded_at", flat=True) if at is not None]
    return get_local_date(patient.site, min(ends)) if ends else None


def _list_scores(patient: Any, starts: list[datetime]) -> list[DatedScore]:
    """Return the totals: of each form its newest result, of the chart's own entries a day's last without a form."""
    found = list(_read_forms(patient))
    days = {(score.instrument, get_local_date(patient.site, score.observed_at)) for score in found}
    first_of_day = {get_local_date(patient.site, at): at for at in sorted(starts, reverse=True)}
    for instrument, on, value in _read_facts(patient):
        if (instrument, on) not in days:
            at = _place(patient, on, first_of_day.get(on))
            found.append(_build_score(instrument, value, at, "asked, not known"))
    return found


def _read_forms(patient: Any) -> Iterator[DatedScore]:
    rows = MeasureResult.objects.filter(form__patient=patient, instrument__in=list_outcome_instruments())
    columns = ("form", "instrument", "total", "reason", "observed_at")
    newest = {row.form_id: row for row in rows.order_by("form", "number").only(*columns)}
    for row in newest.values():
        yield _build_score(row.instrument, row.total, row.observed_at, row.reason)


def _read_facts(patient: Any) -> Iterator[tuple[str, date, Any]]:
    names = {TOTALS[name]: name for name in list_outcome_instruments() if name in TOTALS}
    last = {}
    for row in list_recorded(patient, names):
        last[names[row.name], find_fact_day(patient, row)] = row.value
    for (instrument, on), value in last.items():
        yield instrument, on, value


def _build_score(instrument: str, value: Any, at: datetime, reason: str) -> DatedScore:
    rater = _RATERS.get(get_instrument(instrument).rater, Rater.STAFF)
    if value is None:
        return DatedScore(instrument, None, at, rater, reason or "not known")
    return DatedScore(instrument, Decimal(str(value)), at, rater)


def _place(patient: Any, on: date, start: datetime | None) -> datetime:
    """Return the instant of a score of which the day alone is known: nine o'clock, and before a session of that day."""
    at = datetime.combine(on, _SCORE_AT, ZoneInfo(patient.site.timezone))
    return at if start is None or at < start else start - timedelta(minutes=1)
