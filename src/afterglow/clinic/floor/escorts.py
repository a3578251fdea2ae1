"""When an escort has not come: the ladder of calls, the task that runs beside it, and who is on which step today.

The ladder never ends in leaving alone: its last step is a prescriber's decision.
"""

from collections import defaultdict
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Refused
from afterglow.clinic.floor.models import EscortCall
from afterglow.clinic.floor.news import tell_floor
from afterglow.clinicday.floor import load_escort_ladder
from afterglow.terms import InvalidInput, build_error

TASK = "escort-missing"
# before the dose nobody is late: an escort is to be named
UNNAMED = "escort-unnamed"
NOT_DOSED = frozenset({"booked", "arrived", "pre-checks", "ready"})
PERMISSION = "schedule.book"
TRIED = ("no-answer", "on-the-way")
# what ends the ladder, and the outcome of the task that goes with it
ENDED = {"came": "came", "other-adult": "other", "stays": "stays", "decided": "decided"}
# only a prescriber says how it goes on when nobody comes
DECIDED = ("stays", "decided")
OUTCOMES = (*TRIED, *ENDED)


@action
def record_escort_call(*, patient: Any, step: str, outcome: str, by: Any, now: datetime) -> EscortCall:
    """Record one step of the ladder for a patient of today, and keep the task that goes with it."""
    policy.require(by, PERMISSION, patient)
    steps = [each.id for each in load_escort_ladder()]
    if step not in steps:
        raise InvalidInput([build_error("step", "step-unknown", step, ", ".join(steps), "no such step")])
    if outcome not in OUTCOMES:
        message = "nobody leaves alone by default: say who came, or what was tried"
        raise InvalidInput([build_error("outcome", "outcome-unknown", outcome, ", ".join(OUTCOMES), message)])
    if outcome in DECIDED and not policy.allow(by, "order.sign", patient):
        raise Refused("prescriber-needed", "how it goes on when nobody comes is a prescriber's decision")
    site = patient.site
    on = now.astimezone(ZoneInfo(site.timezone)).date()
    row = EscortCall.objects.create(site=site, patient=patient, on=on, step=step, outcome=outcome, at=now, by=by)
    _keep_task(row, by=by, now=now)
    detail = {"step": step, "outcome": outcome}
    audit.record(by=by, action="escort.tried", subject=row, now=now, patient=patient, site=site, detail=detail)
    tell_floor(site.pk)
    return row


def list_ladders(site: Any, on: date) -> dict[str, list[EscortCall]]:
    """Return the calls of a day by patient, oldest first."""
    found: dict[str, list[EscortCall]] = defaultdict(list)
    for row in EscortCall.objects.filter(site=site, on=on).select_related("by").order_by("at", "pk"):
        found[row.patient_id].append(row)
    return found


def is_over(calls: list[EscortCall]) -> bool:
    """Return whether a ladder has come to its end."""
    return bool(calls) and calls[-1].outcome in ENDED


def find_visit_ahead(patient: Any, now: datetime) -> Any:
    """Return today's dosing visit of a person before its dose: nobody is expected to fetch them yet; None after."""
    from afterglow.clinic.scheduling.days import get_bounds
    from afterglow.clinic.scheduling.models import DOSING, HOLDING, Appointment

    zone = ZoneInfo(patient.site.timezone)
    begins_at, ends_at = get_bounds(zone, now.astimezone(zone).date())
    rows = Appointment.objects.filter(patient=patient, kind=DOSING, starts_at__gte=begins_at, starts_at__lt=ends_at)
    visits = list(rows.filter(state__in=(*HOLDING, "done")).select_related("session").order_by("starts_at", "pk"))
    if any(visit.session is not None and visit.session.phase not in NOT_DOSED for visit in visits):
        return None
    return next((visit for visit in visits if visit.state in HOLDING), None)


def settle_unnamed(*, patient: Any, on: date, by: Any, now: datetime) -> None:
    """End the task to name an escort for a day, because one was named."""
    from afterglow.clinic.tasks.actions import settle_task
    from afterglow.clinic.tasks.models import Task

    for task in Task.objects.filter(key=_name(UNNAMED, patient.pk, on), state="open").select_related("site"):
        settle_task(task=task, by=by, now=now, outcome=ENDED["came"])


def _keep_task(row: EscortCall, *, by: Any, now: datetime) -> None:
    """Keep the task of the ladder: to name an escort before the dose, to find the one who has not come after it."""
    from afterglow.clinic.tasks.actions import complete_task, open_task
    from afterglow.clinic.tasks.models import Task

    visit = find_visit_ahead(row.patient, now)
    kind = TASK if visit is None else UNNAMED
    open_task(
        site=row.site, kind=kind, by=by, now=now, patient=row.patient, key=_name(kind, row.patient_id, row.on),
        due_at=visit.starts_at if visit is not None and visit.starts_at > now else None,
    )  # fmt: skip
    if row.outcome in ENDED:
        keys = [_name(each, row.patient_id, row.on) for each in (TASK, UNNAMED)]
        for task in Task.objects.filter(key__in=keys, state="open"):
            complete_task(task=task, by=by, now=now, outcome=ENDED[row.outcome])


def _name(kind: str, patient: str, on: date) -> str:
    return f"{kind}:{patient}:{on.isoformat()}"
