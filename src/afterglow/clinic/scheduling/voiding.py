"""Visits that will not take place as things stand: why, and what follows at once when a plan or a consent ends."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.consents.models import Consent
from afterglow.clinic.dosing_sessions.fold import read_event
from afterglow.clinic.dosing_sessions.models import SessionEvent
from afterglow.clinic.errors import Refused
from afterglow.clinic.people.checks import as_json, get_local_date
from afterglow.clinic.people.lookups import find_weight
from afterglow.clinic.plans.models import Plan
from afterglow.clinic.scheduling.days import get_bounds, load_span
from afterglow.clinic.scheduling.judging import Request, find_plan_of, judge, load_case
from afterglow.clinic.scheduling.models import DOSING, Appointment
from afterglow.clinic.scheduling.telling import call_back, remind_again
from afterglow.terms import Severity

KIND = "visits-to-cancel"
# a visit in one of these states is still to be held; who has arrived waits for a dose as who is to come does
STANDING = ("booked", "confirmed", "arrived")
DIED, STOPPED, WITHDRAWN = "died", "plan-stopped", "consent-withdrawn"
VOID = "visit-void"
ENDING = "ending-recorded"
_WITHDRAWN_RULE = "CONSENT-2"
_SAID = {
    DIED: "the person has died",
    STOPPED: "the plan was stopped",
    WITHDRAWN: "the person withdrew the consent, and no other consent covers the visit",
}


def find_void(visit: Appointment, *, now: datetime) -> str:
    """Return why a visit to come, or of who has arrived, will not take place as things stand, or nothing."""
    return find_voids([visit]).get(visit.pk, "")


def find_voids(visits: Iterable[Appointment]) -> dict[str, str]:
    """Return why visits will not take place as things stand, by key; the questions do not grow with the visits."""
    listed = [visit for visit in visits if visit.state in STANDING]
    patients = {visit.patient_id for visit in listed}
    dead, stopped, withdrew = list_dead(patients), _list_stopped(listed), _list_withdrew(patients)
    found = {}
    for visit in listed:
        if visit.patient_id in dead:
            found[visit.pk] = DIED
        elif visit.pk in stopped:
            found[visit.pk] = STOPPED
        elif visit.kind == DOSING and visit.patient_id in withdrew:
            on = get_local_date(visit.site, visit.starts_at)
            if _lacks_withdrawn(visit.patient, find_plan_of(visit), visit.site, on):
                found[visit.pk] = WITHDRAWN
    return found


def find_void_doses(rows: Iterable[Any], *, site: Any, now: datetime) -> dict[str, str]:
    """Return why today's sessions or orders may give nothing as things stand, by key."""
    listed = [row for row in rows if row.plan is not None]
    withdrew, on = _list_withdrew({row.patient_id for row in listed}), get_local_date(site, now)
    found = {row.pk: STOPPED for row in listed if row.plan.state == "stopped"}
    for row in listed:
        if row.pk not in found and row.patient_id in withdrew and _lacks_withdrawn(row.patient, row.plan, site, on):
            found[row.pk] = WITHDRAWN
    return found


def list_standing(site: Any, now: datetime) -> QuerySet[Appointment]:
    """Return the visits from a site's today on that are to come or whose person has arrived."""
    begins_at, _ = get_bounds(ZoneInfo(site.timezone), get_local_date(site, now))
    return Appointment.objects.filter(state__in=STANDING, starts_at__gte=begins_at)


def refuse_void(visit: Appointment, *, now: datetime) -> None:
    """Refuse to go on telling somebody of a visit that will not take place."""
    if reason := find_void(visit, now=now):
        raise Refused(VOID, f"{_SAID[reason]}: cancel the visit")


@action
def judge_again(*, patient: Any, by: Any, now: datetime) -> list[Appointment]:
    """Judge every dosing visit to come again; what has become void is told to nobody, and the desk is asked to cancel.

    So is one of today whose person has arrived or is late. Returns the visits that have become void.
    """
    rows = list_standing(patient.site, now).filter(patient=patient, kind=DOSING)
    rows = rows.select_related("patient", "patient__site", "site", "plan", "place", "nurse", "clinician", "escort")
    void = []
    for visit in rows.order_by("starts_at", "pk"):
        _store_judged(visit, by, now)
        if find_void(visit, now=now):
            void.append(visit)
        elif visit.starts_at > now:
            remind_again(visit, by=by, now=now)
    ask_to_cancel(void, by=by, now=now)
    return void


def ask_to_cancel(visits: Iterable[Appointment], *, by: Any, now: datetime) -> Any:
    """Take back what has not been sent about somebody's void visits, and open the desk's task once."""
    from afterglow.clinic.tasks.actions import open_task
    from afterglow.clinic.tasks.models import Task

    listed = list(visits)
    for visit in listed:
        call_back(visit, by=by, now=now)
    if not listed:
        return None
    first = min(listed, key=lambda visit: visit.starts_at)
    if Task.objects.filter(kind=KIND, patient=first.patient, state="open").exists():
        return None
    detail = f"{len(listed)} visit is booked" if len(listed) == 1 else f"{len(listed)} visits are booked"
    return open_task(
        site=first.site, kind=KIND, by=None, now=now, patient=first.patient, subject=first.patient, detail=detail,
        ahead_of=first.starts_at,
    )  # fmt: skip


def _list_stopped(visits: Iterable[Appointment]) -> set[str]:
    """Return the visits whose plan was stopped, or the version that had come in its place."""
    planned = [(visit, visit.plan) for visit in visits if visit.plan is not None]
    found = {visit.pk for visit, plan in planned if plan.state == "stopped"}
    earlier = [visit for visit, plan in planned if plan.state == "superseded"]
    if earlier:
        rows = Plan.objects.filter(patient__in=[visit.patient_id for visit in earlier]).exclude(state="draft")
        last = dict(rows.order_by("number").values_list("patient_id", "state"))
        found |= {visit.pk for visit in earlier if last[visit.patient_id] == "stopped"}
    return found


def list_dead(patients: Collection[str]) -> set[str]:
    """Return whose session ended with their death."""
    rows = SessionEvent.objects.filter(session__patient__in=patients, session__phase="ended", type=ENDING)
    return {row.session.patient_id for row in rows.select_related("session") if read_event(row).data["kind"] == DIED}


def _list_withdrew(patients: Collection[str]) -> set[str]:
    rows = Consent.objects.filter(patient__in=patients, withdrawn_at__isnull=False)
    return set(rows.values_list("patient_id", flat=True))


def _lacks_withdrawn(patient: Any, plan: Any, site: Any, on: date) -> bool:
    """Return whether a dose has no consent on its day because the one that covered it was withdrawn."""
    if plan is None:
        return False
    from afterglow.clinic.dosing_sessions.protocols import find_protocol_of
    from afterglow.clinic.plans.judging import judge_consent

    protocol = find_protocol_of(plan=plan, site=site, protocol_id="")
    weight = find_weight(patient)
    found = judge_consent(patient, protocol, plan, on, weight.value if weight is not None else None)
    return any(each.rule == _WITHDRAWN_RULE and each.severity is Severity.STOP for each in found)


def _store_judged(visit: Appointment, by: Any, now: datetime) -> None:
    plan = find_plan_of(visit)
    case = load_case(
        site=visit.site, patient=visit.patient, kind=visit.kind, plan=plan, protocol_id="", now=now, ignoring=visit
    )
    span = load_span(visit.site, get_local_date(visit.site, visit.starts_at))
    request = Request(max(now, visit.starts_at), visit.place, visit.nurse, visit.clinician, visit.escort)
    findings = as_json([finding.to_json() for finding in judge(case, span, request)])
    if findings == visit.findings:
        return
    visit.findings = findings
    visit.version += 1
    visit.save(update_fields=["findings", "version"])
    audit.record(by=by, action="visit.judged-again", subject=visit, now=now, patient=visit.patient, site=visit.site)
