"""Visits that will not take place as things stand: why, and what follows at once when a plan or a consent ends."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Refused
from afterglow.clinic.people.checks import as_json, get_local_date
from afterglow.clinic.scheduling.days import load_span
from afterglow.clinic.scheduling.judging import Request, find_plan_of, judge, load_case
from afterglow.clinic.scheduling.models import DOSING, Appointment
from afterglow.clinic.scheduling.telling import call_back, remind_again
from afterglow.terms import Severity

KIND = "visits-to-cancel"
TO_COME = ("booked", "confirmed")
DIED, STOPPED, WITHDRAWN = "died", "plan-stopped", "consent-withdrawn"
VOID = "visit-void"
_WITHDRAWN_RULE = "CONSENT-2"
_SAID = {
    DIED: "the person has died",
    STOPPED: "the plan was stopped",
    WITHDRAWN: "the person withdrew the consent, and no other consent covers the visit",
}


def find_void(visit: Appointment, *, now: datetime) -> str:
    """Return why a visit to come will not take place as things stand, or nothing."""
    from afterglow.clinic.scheduling.sweeping import has_died

    if visit.state not in TO_COME:
        return ""
    if has_died(visit.patient):
        return DIED
    if visit.plan is not None and visit.plan.state == "stopped":
        return STOPPED
    return WITHDRAWN if _lacks_withdrawn(visit, now) else ""


def refuse_void(visit: Appointment, *, now: datetime) -> None:
    """Refuse to go on telling somebody of a visit that will not take place."""
    if reason := find_void(visit, now=now):
        raise Refused(VOID, f"{_SAID[reason]}: cancel the visit")


@action
def judge_again(*, patient: Any, by: Any, now: datetime) -> list[Appointment]:
    """Judge every dosing visit to come again; what has become void is told to nobody, and the desk is asked to cancel.

    Returns the visits that have become void.
    """
    rows = Appointment.objects.filter(patient=patient, kind=DOSING, state__in=TO_COME, starts_at__gt=now)
    rows = rows.select_related("patient", "patient__site", "site", "plan", "place", "nurse", "clinician", "escort")
    void = []
    for visit in rows.order_by("starts_at", "pk"):
        _store_judged(visit, by, now)
        if find_void(visit, now=now):
            void.append(visit)
        else:
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
    first = listed[0]
    if Task.objects.filter(kind=KIND, patient=first.patient, state="open").exists():
        return None
    detail = f"{len(listed)} visit is booked" if len(listed) == 1 else f"{len(listed)} visits are booked"
    return open_task(
        site=first.site, kind=KIND, by=None, now=now, patient=first.patient, subject=first.patient, detail=detail
    )


def _lacks_withdrawn(visit: Appointment, now: datetime) -> bool:
    """Return whether a dose has no consent on its day because the one that covered it was withdrawn."""
    if visit.kind != DOSING or not visit.patient.consents.filter(withdrawn_at__isnull=False).exists():
        return False
    from afterglow.clinic.dosing_sessions.protocols import find_protocol_of
    from afterglow.clinic.plans.judging import find_weight, judge_consent

    plan = find_plan_of(visit)
    if plan is None:
        return False
    protocol = find_protocol_of(plan=plan, site=visit.site, protocol_id="")
    weight = find_weight(visit.patient)
    on = get_local_date(visit.site, visit.starts_at)
    found = judge_consent(visit.patient, protocol, plan, on, weight.value if weight is not None else None)
    return any(each.rule == _WITHDRAWN_RULE and each.severity is Severity.STOP for each in found)


def _store_judged(visit: Appointment, by: Any, now: datetime) -> None:
    plan = find_plan_of(visit)
    case = load_case(
        site=visit.site, patient=visit.patient, kind=visit.kind, plan=plan, protocol_id="", now=now, ignoring=visit
    )
    span = load_span(visit.site, get_local_date(visit.site, visit.starts_at))
    request = Request(visit.starts_at, visit.place, visit.nurse, visit.clinician, visit.escort)
    findings = as_json([finding.to_json() for finding in judge(case, span, request)])
    if findings == visit.findings:
        return
    visit.findings = findings
    visit.version += 1
    visit.save(update_fields=["findings", "version"])
    audit.record(by=by, action="visit.judged-again", subject=visit, now=now, patient=visit.patient, site=visit.site)
