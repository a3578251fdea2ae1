"""What the sweep asks of the schedule: visits that stay booked and will not take place, and when that has ended."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from afterglow.clinic.consents.models import Consent
from afterglow.clinic.dosing_sessions.models import SessionEvent
from afterglow.clinic.people.models import Patient
from afterglow.clinic.plans.models import Plan
from afterglow.clinic.scheduling.models import DOSING, Appointment
from afterglow.clinic.scheduling.voiding import (
    ENDING,
    KIND,
    STANDING,
    ask_to_cancel,
    find_voids,
    list_dead,
    list_standing,
)
from afterglow.clinic.tasks.models import Task

LOOK_BACK = timedelta(days=400)


def open_visits_to_cancel(*, site: Any, now: datetime) -> list[Task]:
    """Open a task for each person with such visits, and take back what has not been sent about them."""
    known = Task.objects.filter(kind=KIND, patient=OuterRef("patient"), state="open")
    rows = _keep_doubtful(list_standing(site, now).filter(site=site), now).exclude(Exists(known))
    rows = rows.select_related("patient", "patient__site", "plan", "site")
    visits: dict[str, list[Appointment]] = {}
    for row in rows.order_by("starts_at", "pk"):
        visits.setdefault(row.patient_id, []).append(row)
    found = [_keep_void(listed) for listed in visits.values()]
    return [_open(listed, now) for listed in found if listed]


def settle_visits_to_cancel(*, site: Any, now: datetime) -> list[Task]:
    """End the tasks of people who have no such visit any more; an hour that has passed ends none of them."""
    from afterglow.clinic.tasks.actions import settle_task

    ended = []
    for task in Task.objects.filter(site=site, kind=KIND, state="open").select_related("site"):
        rows = Appointment.objects.filter(site=site, state__in=STANDING, patient=task.patient_id)
        rows = _keep_doubtful(rows.exclude(ends_at__lt=task.opened_at), now)
        if not _keep_void(rows.select_related("patient", "patient__site", "plan", "site")):
            ended.append(settle_task(task=task, now=now))
    return ended


def _keep_doubtful(rows: QuerySet[Appointment], now: datetime) -> QuerySet[Appointment]:
    ended = SessionEvent.objects.filter(
        session__patient=OuterRef("patient"), type=ENDING, session__opened_at__gte=now - LOOK_BACK
    )
    stopped = Plan.objects.filter(patient=OuterRef("patient"), state="stopped")
    withdrawn = Consent.objects.filter(patient=OuterRef("patient"), withdrawn_at__isnull=False)
    return rows.filter(Q(Exists(stopped), plan__isnull=False) | Exists(ended) | Q(Exists(withdrawn), kind=DOSING))


def _keep_void(visits: Collection[Appointment]) -> list[Appointment]:
    """Return the visits that will not take place: of somebody who died, of a stopped plan, without a consent now."""
    void = find_voids(visits)
    return [visit for visit in visits if visit.pk in void]


def has_died(patient: Patient) -> bool:
    """Return whether a session of somebody ended with their death."""
    return patient.pk in list_dead([patient.pk])


@transaction.atomic
def _open(visits: list[Appointment], now: datetime) -> Task:
    task: Task = ask_to_cancel(visits, by=None, now=now)
    return task
