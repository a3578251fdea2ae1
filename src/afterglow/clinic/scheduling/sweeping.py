"""What the sweep asks of the schedule: visits that stay booked and will not take place, and when that has ended."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from afterglow.clinic.consents.models import Consent
from afterglow.clinic.dosing_sessions.fold import read_event
from afterglow.clinic.dosing_sessions.models import SessionEvent
from afterglow.clinic.people.models import Patient
from afterglow.clinic.scheduling.models import DOSING, Appointment
from afterglow.clinic.scheduling.voiding import KIND, TO_COME, ask_to_cancel, find_void
from afterglow.clinic.tasks.models import Task

ENDING, DIED = "ending-recorded", "died"
LOOK_BACK = timedelta(days=400)


def open_visits_to_cancel(*, site: Any, now: datetime) -> list[Task]:
    """Open a task for each person with such visits, and take back what has not been sent about them."""
    known = Task.objects.filter(kind=KIND, patient=OuterRef("patient"), state="open")
    rows = _list_standing(site, now).exclude(Exists(known)).select_related("patient", "patient__site", "plan", "site")
    visits: dict[str, list[Appointment]] = {}
    for row in rows.order_by("starts_at", "pk"):
        visits.setdefault(row.patient_id, []).append(row)
    found = [_keep_void(listed, now) for listed in visits.values()]
    return [_open(listed, now) for listed in found if listed]


def settle_visits_to_cancel(*, site: Any, now: datetime) -> list[Task]:
    """End the tasks of people who have no such visit any more."""
    from afterglow.clinic.tasks.actions import settle_task

    ended = []
    for task in Task.objects.filter(site=site, kind=KIND, state="open").select_related("site"):
        rows = _list_standing(site, now).filter(patient=task.patient_id)
        visits = list(rows.select_related("patient", "patient__site", "plan", "site"))
        if not _keep_void(visits, now):
            ended.append(settle_task(task=task, now=now))
    return ended


def _list_standing(site: Any, now: datetime) -> Any:
    ended = SessionEvent.objects.filter(
        session__patient=OuterRef("patient"), type=ENDING, session__opened_at__gte=now - LOOK_BACK
    )
    rows = Appointment.objects.filter(site=site, state__in=TO_COME, starts_at__gt=now)
    withdrawn = Consent.objects.filter(patient=OuterRef("patient"), withdrawn_at__isnull=False)
    return rows.filter(Q(plan__state="stopped") | Exists(ended) | Q(Exists(withdrawn), kind=DOSING))


def _keep_void(visits: list[Appointment], now: datetime) -> list[Appointment]:
    """Return the visits that will not take place: of somebody who died, of a stopped plan, without a consent now."""
    return [visit for visit in visits if find_void(visit, now=now)]


def has_died(patient: Patient) -> bool:
    """Return whether a session of somebody ended with their death."""
    rows = SessionEvent.objects.filter(session__patient=patient, type=ENDING)
    return any(read_event(row).data.get("kind") == DIED for row in rows)


@transaction.atomic
def _open(visits: list[Appointment], now: datetime) -> Task:
    task: Task = ask_to_cancel(visits, by=None, now=now)
    return task
