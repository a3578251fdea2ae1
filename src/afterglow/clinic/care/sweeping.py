"""What this room asks the sweep of tasks to open and end: missing integration visits, reviews of goals, letters."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef

from afterglow.chairside.dosing import STARTS
from afterglow.clinic.care.courses import find_plan_protocol
from afterglow.clinic.care.goals import TASK as REVIEW
from afterglow.clinic.care.goals import list_unreviewed, name_review_task
from afterglow.clinic.care.letters import TASK as LETTER
from afterglow.clinic.care.letters import describe_kind, name_letter_task
from afterglow.clinic.care.models import Goal
from afterglow.clinic.care.models.letters import AFTER_INDUCTION, STOPPING
from afterglow.clinic.care.visits import INTEGRATION, settle_missing
from afterglow.clinic.care.visits import TASK as MISSING
from afterglow.clinic.dosing_sessions.fold import read_event
from afterglow.clinic.dosing_sessions.lookups import LEFT
from afterglow.clinic.dosing_sessions.models import Session, SessionEvent
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.models import Patient
from afterglow.clinic.plans.models import Plan
from afterglow.clinic.scheduling.models import HOLDING, Appointment
from afterglow.clinic.tasks.models import Task
from afterglow.clinicday.care import Gate, find_induction_end, get_value, get_window, list_gates
from afterglow.clinicday.surveillance import Course

OVER = ("left", "ended")
# how far back the sweep looks for what it missed while it did not run
LOOK_BACK = timedelta(days=90)
LONGEST_SESSION = timedelta(hours=12)


def open_missing_visits(*, site: Any, now: datetime) -> Iterator[Task]:
    """Open a task for every session with drug, lately left, after which no integration visit is booked or was held.

    The question to the database counts from the session's opening, with some hours to spare for its length; a visit
    a little outside the window was accepted at booking and is a talk all the same.
    """
    from afterglow.clinic.tasks.actions import open_task

    since = now - timedelta(days=int(get_value("look_back_d").value))
    known = Task.objects.filter(kind=MISSING, subject_id=OuterRef("pk"))
    dosed = SessionEvent.objects.filter(session=OuterRef("pk"), type__in=STARTS)
    until = timedelta(hours=get_window().until_h) + LONGEST_SESSION
    booked = Appointment.objects.filter(
        patient=OuterRef("patient"),
        kind=INTEGRATION,
        state__in=(*HOLDING, "done"),
        starts_at__gt=OuterRef("opened_at"),
        starts_at__lte=OuterRef("opened_at") + until,
    )
    rows = Session.objects.filter(site=site, phase__in=OVER, opened_at__gte=since)
    rows = rows.exclude(Exists(known)).exclude(Exists(booked))
    for session in rows.filter(Exists(dosed)).select_related("patient", "site").order_by("opened_at", "pk"):
        left = SessionEvent.objects.filter(session=session, type__in=LEFT).order_by("seq").last()
        event = read_event(left) if left is not None else None
        if event is None or event.data.get("kind") == "died":
            continue
        yield open_task(
            site=site,
            kind=MISSING,
            by=None,
            now=now,
            patient=session.patient,
            subject=session,
            since=event.occurred_at,
            key=f"{MISSING}:{session.pk}",
        )


def settle_missing_visits(*, site: Any, now: datetime) -> Iterator[Task]:
    """End the tasks of sessions whose visit was booked on another page."""
    booked = Appointment.objects.filter(
        patient=OuterRef("pk"), kind=INTEGRATION, state__in=(*HOLDING, "done"), starts_at__gte=now - LOOK_BACK
    )
    waiting = Task.objects.filter(site=site, kind=MISSING, state="open").values("patient")
    for patient in Patient.objects.filter(Exists(booked), pk__in=waiting, site=site).select_related("site"):
        yield from settle_missing(patient, now)


def open_stopping_letters(*, site: Any, now: datetime) -> Iterator[Task]:
    """Open a task for the letter at stopping of every plan that was lately stopped after something was given."""
    given = SessionEvent.objects.filter(session__patient=OuterRef("patient"), type__in=STARTS)
    known = Task.objects.filter(kind=LETTER, subject_id=OuterRef("pk"), key__endswith=f":{STOPPING}")
    plans = Plan.objects.filter(patient__site=site, state="stopped", superseded_at__gte=now - LOOK_BACK)
    rows = (
        plans.exclude(Exists(known))
        .filter(Exists(given))
        .select_related("patient__site")
        .order_by("superseded_at", "pk")
    )
    for plan in rows:
        yield _open_letter(plan, STOPPING, plan.superseded_at or now, now)


def open_course_care(patients: Iterable[Any], courses: Mapping[str, Course], now: datetime) -> list[Task]:
    """Open reviews of goals at gates and letters after induction, for courses that the sweep looks at anyway."""
    listed = list(patients)
    keys = [patient.pk for patient in listed]
    plans = {plan.patient_id: plan for plan in Plan.objects.filter(patient__in=keys, state="signed")}
    with_goals = set(Goal.objects.filter(patient__in=keys, kind="goal").values_list("patient", flat=True))
    kinds = (REVIEW, LETTER)
    known = set(Task.objects.filter(patient__in=keys, kind__in=kinds, key__isnull=False).values_list("key", flat=True))
    opened: list[Task] = []
    for patient in listed:
        plan, course = plans.get(patient.pk), courses[patient.pk]
        if plan is None or not course.sessions:
            continue
        gates = _list_gates(patient, plan, course, now)
        recent = [gate for gate in gates if _is_recent(gate.reached_on, patient, now)]
        if patient.pk in with_goals:
            opened += [task for gate in recent if (task := _open_review(patient, plan, gate, known, now)) is not None]
        ended_on = find_induction_end(course.sessions, plan.induction_sessions, gates)
        if _is_recent(ended_on, patient, now) and name_letter_task(plan, AFTER_INDUCTION) not in known:
            opened.append(_open_letter(plan, AFTER_INDUCTION, now, now, patient=patient))
    return opened


def _list_gates(patient: Any, plan: Plan, course: Course, now: datetime) -> tuple[Gate, ...]:
    protocol = find_plan_protocol(plan)
    if protocol is None:
        return ()
    today = get_local_date(patient.site, now)
    return list_gates(protocol, sessions=course.sessions, induction_sessions=plan.induction_sessions, today=today)


def _is_recent(on: date | None, patient: Any, now: datetime) -> bool:
    return on is not None and get_local_date(patient.site, now) - on <= LOOK_BACK


def _open_review(patient: Any, plan: Plan, gate: Gate, known: set[str | None], now: datetime) -> Task | None:
    from afterglow.clinic.tasks.actions import open_task

    key = name_review_task(patient, plan, gate.id)
    if key in known or gate.reached_on is None:
        return None
    # a goal that was said after the gate is for the next one
    zone = ZoneInfo(patient.site.timezone)
    stood_at = datetime.combine(gate.reached_on + timedelta(days=1), datetime.min.time(), zone)
    if not list_unreviewed(patient, gate.id, stood_at=stood_at):
        return None
    return open_task(
        site=patient.site, kind=REVIEW, by=None, now=now, patient=patient, subject=plan, detail=gate.text, key=key
    )


def _open_letter(plan: Plan, kind: str, since: datetime, now: datetime, *, patient: Any = None) -> Task:
    from afterglow.clinic.tasks.actions import open_task

    who = patient if patient is not None else plan.patient
    return open_task(
        site=who.site,
        kind=LETTER,
        by=None,
        now=now,
        patient=who,
        subject=plan,
        since=since,
        detail=describe_kind(kind),
        key=name_letter_task(plan, kind),
    )
