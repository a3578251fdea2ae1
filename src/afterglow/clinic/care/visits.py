"""Preparation and integration visits: which belong to which session, which are missing, when there is room."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.care.courses import CareCourse, CourseSession, load_care_course
from afterglow.clinic.errors import Refused
from afterglow.clinic.scheduling import actions as scheduling
from afterglow.clinic.scheduling.judging import is_asking
from afterglow.clinic.scheduling.models import DOSING, HOLDING, SHOWN, Appointment
from afterglow.clinic.scheduling.openings import Opening
from afterglow.clinic.tasks.models import Task
from afterglow.clinicday.care import calculate_hours_after, get_value, get_window
from afterglow.clinicday.spacing import judge_integration

EDIT = "care.edit"
PREPARATION, INTEGRATION = "preparation", "integration"
KINDS = (PREPARATION, INTEGRATION)
TASK = "integration-missing"
SHOWN_OPENINGS = 4
PREPARATION_D = 14


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One visit and the session it follows: how many whole hours after it, and whether in the window."""

    visit: Appointment
    session: int | None
    hours_after: int | None
    is_in_window: bool


@dataclass(frozen=True, slots=True)
class Need:
    """What one session has: its integration visit, or when one may still lie in the window."""

    session: CourseSession
    begins_at: datetime
    ends_at: datetime
    visit: VisitRow | None
    is_over: bool

    @property
    def is_missing(self) -> bool:
        """Return whether no visit is booked or was held."""
        return self.visit is None


def list_visits(course: CareCourse) -> list[VisitRow]:
    """Return the preparation and integration visits of a patient, newest first."""
    rows = Appointment.objects.filter(patient=course.patient, kind__in=KINDS, state__in=SHOWN)
    found = rows.select_related("clinician", "place").order_by("-starts_at", "-pk")
    return [_describe(course, visit) for visit in found]


def list_needs(course: CareCourse, now: datetime) -> list[Need]:
    """Return the sessions of the last days with their integration visits, newest first."""
    since = now - timedelta(days=int(get_value("look_back_d").value))
    visits = [
        row for row in list_visits(course) if row.visit.kind == INTEGRATION and row.visit.state in (*HOLDING, "done")
    ]
    window, needs = get_window(), []
    for session in reversed(course.sessions):
        if session.left_at is None or session.has_died or session.left_at < since:
            continue
        begins_at, ends_at = window.begin(session.left_at), window.end(session.left_at)
        # one talk may lie in the windows of two sessions; a later one than the window allows is a talk all the same
        inside = [_relate(row.visit, session.number, session.left_at) for row in visits]
        own = [row for row in inside if row.is_in_window] or [row for row in visits if row.session == session.number]
        needs.append(Need(session, begins_at, ends_at, own[-1] if own else None, now > ends_at))
    return needs


def find_visit_openings(
    course: CareCourse, kind: str, now: datetime, *, need: Need | None = None, clinician: Any = None
) -> list[Opening]:
    """Return times with room: in the window of a session, or before the first dose for a preparation."""
    patient = course.patient
    if kind == INTEGRATION:
        if need is None or need.is_over:
            return []
        after, until = max(now, need.begins_at), need.ends_at
    else:
        first = Appointment.objects.filter(patient=patient, kind=DOSING, state__in=HOLDING, starts_at__gt=now)
        dose = first.order_by("starts_at", "pk").first()
        after = now
        until = min(dose.starts_at if dose else now + timedelta(days=PREPARATION_D), now + timedelta(days=60))
    return scheduling.find_openings(
        site=patient.site,
        patient=patient,
        kind=kind,
        plan=None,
        after=after,
        until=until,
        now=now,
        limit=SHOWN_OPENINGS,
        clinician=clinician,
    )


@action
def book_visit(
    *,
    patient: Any,
    kind: str,
    starts_at: datetime,
    by: Any,
    now: datetime,
    place: Any = None,
    clinician: Any = None,
    accepted: Iterable[str] = (),
    note: str = "",
) -> Appointment:
    """Book a preparation or integration visit; the task of a missing one ends with it."""
    policy.require(by, EDIT, patient)
    if kind not in KINDS:
        raise Refused("kind-not-here", "only preparation and integration are booked here")
    said = tuple(accepted)
    if kind == INTEGRATION:
        _judge_by_record(patient, starts_at, said, now)
    visit = scheduling.book(
        site=patient.site,
        patient=patient,
        kind=kind,
        starts_at=starts_at,
        place=place,
        clinician=clinician,
        accepted=said,
        by=by,
        now=now,
        note=note,
    )
    if kind == INTEGRATION:
        settle_missing(patient, now, by)
    return visit


def _judge_by_record(patient: Any, starts_at: datetime, accepted: tuple[str, ...], now: datetime) -> None:
    """Refuse a time outside the window of the session that was really left last, unless somebody goes on with it."""
    course = load_care_course(patient, now)
    number = course.find_number_before(starts_at)
    left_at = course.get_session(number).left_at if number is not None else None
    findings = [each for each in judge_integration(left_at, starts_at) if is_asking(each)] if left_at else []
    if findings and not {each.rule for each in findings} <= set(accepted):
        raise Refused("booking-not-accepted", "this time lies outside the window", findings=findings)


def settle_missing(patient: Any, now: datetime, by: Any = None) -> list[Task]:
    """End the tasks of sessions that have their integration visit by now."""
    from afterglow.clinic.tasks.actions import settle_task

    open_tasks = list(Task.objects.filter(patient=patient, kind=TASK, state="open"))
    if not open_tasks:
        return []
    needs = {need.session.id: need for need in list_needs(load_care_course(patient, now), now)}
    settled = []
    for task in open_tasks:
        need = needs.get(task.subject_id)
        if need is not None and not need.is_missing:
            settled.append(settle_task(task=task, now=now, by=by, outcome="booked"))
    return settled


def _describe(course: CareCourse, visit: Appointment) -> VisitRow:
    number = course.find_number_before(visit.starts_at)
    left_at = course.get_session(number).left_at if number is not None else None
    if number is None or left_at is None:
        return VisitRow(visit, None, None, is_in_window=False)
    return _relate(visit, number, left_at)


def _relate(visit: Appointment, number: int, left_at: datetime) -> VisitRow:
    hours = calculate_hours_after(left_at, visit.starts_at)
    return VisitRow(visit, number, hours, get_window().holds(left_at, visit.starts_at))
