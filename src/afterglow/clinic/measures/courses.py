"""Reads a person's course as the schedule of measures asks for it: phases, sessions, what was answered and why not."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.care.courses import CareCourse, list_days, load_care_course
from afterglow.clinic.measures.in_session import list_answered
from afterglow.clinic.measures.lookups import ITEM_9, SCREENS, TOTALS, find_fact_day, list_recorded
from afterglow.clinic.measures.models import OPEN, SUBMITTED, MeasureForm
from afterglow.clinic.measures.models import Excuse as ExcuseRow
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.scheduling.models import DOSING, HOLDING, Appointment
from afterglow.clinicday.measures import (
    Answered,
    Completeness,
    Course,
    Due,
    Excuse,
    Phase,
    Span,
    list_dues,
    measure_completeness,
)

TRAUMA_CODES, PAIN_CODES = ("F43",), ("G89", "M54", "R52", "G90.5")


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where every measure of a person stands today, and how complete the course is."""

    today: date
    phase: Phase
    dues: tuple[Due, ...]
    completeness: Completeness


def load_calendar(patient: Any, *, now: datetime) -> Calendar:
    """Return the calendar of a person's measures."""
    care = load_care_course(patient, now)
    today = get_local_date(patient.site, now)
    course = build_course(patient, care, today)
    return Calendar(today, course.spans[-1].phase, tuple(list_dues(course, today)), measure_completeness(course, today))


def build_course(patient: Any, care: CareCourse, today: date) -> Course:
    """Return the course as the schedule reads it; a visit that is booked counts as a session to come."""
    given = list_days(care)
    return Course(
        spans=_list_spans(patient, care, given),
        protocol=care.plan.protocol if care.plan is not None else "",
        topics=_list_topics(patient, care),
        sessions=tuple(sorted({*given, *_list_booked(patient, today)})),
        answers=tuple(_list_answers(patient)),
        excuses=tuple(Excuse(row.instrument, row.on, row.reason) for row in ExcuseRow.objects.filter(patient=patient)),
    )


def _list_spans(patient: Any, care: CareCourse, given: list[date]) -> tuple[Span, ...]:
    began_on = get_local_date(patient.site, patient.created_at)
    if not given:
        return (Span(Phase.INTAKE, began_on),)
    first, ended_on, stopped_on = given[0], care.induction_ended_on, _find_stop(patient, care)
    spans = [Span(Phase.INTAKE, min(began_on, first), first)]
    if ended_on is None or ended_on <= first:
        return (*spans, Span(Phase.INDUCTION, first, stopped_on))
    if stopped_on is not None and stopped_on <= ended_on:
        return (*spans, Span(Phase.INDUCTION, first, stopped_on))
    return (*spans, Span(Phase.INDUCTION, first, ended_on), Span(Phase.MAINTENANCE, ended_on, stopped_on))


def _find_stop(patient: Any, care: CareCourse) -> date | None:
    """Return the day on which the plan was stopped, where none is in force."""
    plan = care.plan
    at = plan.superseded_at if plan is not None and plan.state == "stopped" else None
    return None if at is None else get_local_date(patient.site, at)


def _list_topics(patient: Any, care: CareCourse) -> frozenset[str]:
    topics = {care.plan.indication} if care.plan is not None else set()
    codes = list(patient.problementry_set.filter(ended_at__isnull=True).values_list("code", flat=True))
    if any(code.startswith(TRAUMA_CODES) for code in codes):
        topics.add("trauma")
    if any(code.startswith(PAIN_CODES) for code in codes):
        topics.add("pain")
    return frozenset(topics)


def _list_booked(patient: Any, today: date) -> list[date]:
    rows = Appointment.objects.filter(patient=patient, kind=DOSING, state__in=HOLDING)
    zone = ZoneInfo(patient.site.timezone)
    days = [at.astimezone(zone).date() for at in rows.values_list("starts_at", flat=True)]
    return [day for day in days if day >= today]


def _list_answers(patient: Any) -> list[Answered]:
    forms = MeasureForm.objects.filter(patient=patient, state__in=(OPEN, SUBMITTED)).prefetch_related("results")
    found = []
    for form in forms:
        results = sorted(form.results.all(), key=lambda row: row.number)
        if not results:
            continue
        last = results[-1]
        on = get_local_date(patient.site, last.observed_at)
        is_usable = last.is_complete or last.total is not None
        found.append(Answered(form.instrument, on, is_usable, _read_positive(last, patient.sex)))
    return [*found, *_list_recorded(patient), *_list_in_session(patient)]


def _list_in_session(patient: Any) -> list[Answered]:
    """Return what sessions recorded: the suicide questions, scores and sedation count for the measures of their day."""
    return [
        Answered(instrument, get_local_date(patient.site, at), is_whole)
        for instrument, at, is_whole in list_answered(patient)
    ]


def _list_recorded(patient: Any) -> list[Answered]:
    """Return the totals that stand in the chart without a form: carried over, told by letter, taken on paper.

    A screen that a total alone does not settle stays unsettled, and a PHQ-9 says nothing of suicide without item 9. A
    bladder score does not say which form it was: one of them stands for it, as either is enough.
    """
    names = {fact: instrument for instrument, fact in {**TOTALS, **SCREENS}.items()}
    rows = list_recorded(patient, [*names, ITEM_9])
    ninth = {find_fact_day(patient, row) for row in rows if row.name == ITEM_9 and row.value is not None}
    found = []
    for row in rows:
        if row.name in names:
            on, instrument = find_fact_day(patient, row), names[row.name]
            is_bare = instrument != "phq9" or on not in ninth
            found.append(Answered(instrument, on, row.value is not None, is_bare=is_bare))
    return found


def _read_positive(row: Any, sex: str) -> bool | None:
    """Return whether a screen was positive, where its definition says so and the answers settle it.

    A screen with a cut for men and one for women is read by the person's own, and by both where that is not known.
    """
    other = {"male": "women", "female": "men"}.get(sex, "")
    values = [value for name, value in row.result.get("screens", {}).items() if name != other]
    if "positive" in values:
        return True
    return None if not values or None in values else False
