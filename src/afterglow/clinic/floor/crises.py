"""Who told of suicide and waits for a clinician: the open tasks of a crisis, one line a person, for board and strip.

A line stands first until somebody takes the task, and stays below the calls that nobody answered until the task ends.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Q, Subquery

from afterglow.clinic.floor.marks import describe_name
from afterglow.clinic.prepared import Prepared
from afterglow.clinic.tasks.about import find_untold
from afterglow.clinic.tasks.lists import describe_untold
from afterglow.clinic.tasks.models import Task
from afterglow.clinicday.floor import list_crisis_kinds

# how a person stands to the clinic now: in a room, in the waiting area, or not here
IN_ROOM, WAITING, AWAY = "room", "waiting", "away"


def list_crises(site: Any, now: datetime) -> list[dict[str, Any]]:
    """Return the people of a site's open crisis tasks, the longest wait first, in one statement or two."""
    local = now.astimezone(ZoneInfo(site.timezone))
    begin = datetime.combine(local.date(), datetime.min.time(), local.tzinfo)
    tasks = _OPEN.ask(site=site, begin=begin, end=begin + timedelta(days=1))
    untold = find_untold(tasks)
    found: dict[str, dict[str, Any]] = {}
    for task in tasks:
        line = _describe(task) | {"untold": describe_untold(task, untold.get(task.pk, ""))}
        known = found.setdefault(line["patient"], line)
        if known is not line and known["answered_by"] and not line["answered_by"]:
            # one task of two that nobody has taken still asks for somebody
            found[line["patient"]] = line
    return list(found.values())


def _list_open(site: Any, begin: Any, end: Any) -> Any:
    """Return the query of the open crisis tasks, with what says where a person is on a day."""
    rows = Task.objects.filter(site=site, state="open", kind__in=list_crisis_kinds())
    rows = rows.select_related("patient", "owner", "on_call").annotate(**_find_where(begin, end))
    # of two opened by one answer the call comes first
    return rows.order_by("opened_at", "kind", "pk")


_OPEN: Prepared[Any] = Prepared(_list_open)


def _find_where(begin: Any, end: Any) -> dict[str, Any]:
    """Return what says where a person is: the day's visit, the running session, or a referral's own name."""
    from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, Session
    from afterglow.clinic.referrals.models import Referral
    from afterglow.clinic.scheduling.models import Appointment

    of_today = Q(starts_at__gte=begin, starts_at__lt=end)
    states = ("arrived", "in-session", "booked", "confirmed")
    visits = Appointment.objects.filter(of_today, patient=OuterRef("patient"), state__in=states).order_by("state")
    sessions = Session.objects.filter(patient=OuterRef("patient"), is_closed=False, phase__in=LIVE_PHASES)
    referrals = Referral.objects.filter(pk=OuterRef("subject_id"))
    return {
        "visit_id": Subquery(visits.values("pk")[:1]),
        "visit_state": Subquery(visits.values("state")[:1]),
        "session_key": Subquery(sessions.values("pk")[:1]),
        "session_place": Subquery(sessions.values("place")[:1]),
        "told_given": Subquery(referrals.values("given_name")[:1]),
        "told_family": Subquery(referrals.values("family_name")[:1]),
        "taken_by": Subquery(referrals.values("taken_by__display_name")[:1]),
    }


def _describe(task: Any) -> dict[str, Any]:
    patient = task.patient
    names = describe_name(patient) if patient else (task.told_given or "", task.told_family or "", "")
    where = IN_ROOM if task.session_key else WAITING if task.visit_state == "arrived" else AWAY
    return {
        "task": task.pk,
        "kind": task.kind,
        "patient": task.patient_id or f"{task.subject_kind}:{task.subject_id}",
        "is_patient": task.patient_id is not None,
        "names": names,
        "detail": task.detail,
        "at": task.opened_at.isoformat(),
        "answered_by": task.owner.display_name if task.owner else task.taken_by or "",
        "where": where,
        "place": task.session_place or "",
        "session": task.session_key or "",
        "visit": task.visit_id or "",
    }
