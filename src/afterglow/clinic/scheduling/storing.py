"""What every booking shares: its input checked, its day and person held, its row stored or ended."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import F

from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.people.checks import Checks, as_json, get_local_date
from afterglow.clinic.people.models import Patient
from afterglow.clinic.scheduling.judging import NOT_BOOKED, Case, Request
from afterglow.clinic.scheduling.models import DOSING, KINDS, Appointment, ScheduleDay
from afterglow.clinicday.acceptance import Acceptance
from afterglow.clinicday.booking import build_finding, get_number
from afterglow.terms import Finding

BOOK = "schedule.book"
NOTE = 300
BECAUSE = 200


def check_request(
    site: Any, patient: Any, kind: str, request: Request, *, plan: Any, series: Any, note: str = ""
) -> str:
    """Return the note; raise `InvalidInput` where something named does not belong together or cannot be read."""
    checks = Checks()
    checks.word(kind, "kind", KINDS, is_required=True)
    words = checks.text(note, "note", longest=NOTE)
    _check_start(checks, request.starts_at, site)
    if patient.site_id != site.pk:
        checks.refuse("patient", "other-site", "", "a patient of this site", "this person belongs to another site")
    check_place(checks, request.place, site)
    for name in ("nurse", "clinician"):
        _check_user(checks, getattr(request, name), name, site)
    if plan is not None and plan.patient_id != patient.pk:
        checks.refuse("plan", "other-patient", "", "a plan of this person", "this plan is somebody else's")
    if plan is not None and kind != DOSING:
        checks.refuse("plan", "plan-not-used", "", "no plan for this kind", "only a dosing visit has a plan")
    if series is not None and not _is_of_plan(series, plan):
        checks.refuse("series", "other-plan", "", "a series of this plan", "this series belongs to another plan")
    check_escort(checks, request.escort, patient)
    checks.raise_problems()
    return words


def check_because(text: str) -> str:
    """Return why somebody goes on in spite of what was found, as it is stored."""
    checks = Checks()
    words = checks.text(text, "because", longest=BECAUSE)
    checks.raise_problems()
    return words


def _is_of_plan(series: Any, plan: Any) -> bool:
    """Return whether a series belongs to a plan: its own, or an earlier version of it for the same way of giving."""
    return plan is not None and (series.patient_id, series.protocol) == (plan.patient_id, plan.protocol)


def check_place(checks: Checks, place: Any, site: Any) -> None:
    """Refuse a place of another site, or one that is no longer in use."""
    if place is not None and (place.site_id != site.pk or not place.is_active):
        checks.refuse("place", "place-unknown", "", "a place in use at this site", "this place is not in use here")


def check_escort(checks: Checks, escort: Any, patient: Any) -> None:
    """Refuse an escort of somebody else, or one who no longer is one."""
    if escort is not None and (escort.patient_id != patient.pk or escort.ended_at is not None):
        checks.refuse("escort", "escort-unknown", "", "an escort of this person", "this is no escort of this person")


def hold(site: Any, patient: Any, *instants: datetime) -> None:
    """Hold the person's row and the days' rows until the transaction ends; always in the same order."""
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    for on in sorted({get_local_date(site, at) for at in instants}):
        row, _ = ScheduleDay.objects.get_or_create(site=site, on=on)
        ScheduleDay.objects.select_for_update().get(pk=row.pk)
        ScheduleDay.objects.filter(pk=row.pk).update(changes=F("changes") + 1)


def lock(appointment: Appointment, *, states: Iterable[str], version: int | None = None) -> Appointment:
    """Return the visit's row as it stands, held; refuse it in another state or changed since it was read."""
    rows = Appointment.objects.select_for_update(of=("self",), no_key=True)
    row = rows.select_related("site", "patient", "patient__site").get(pk=appointment.pk)
    if version is not None and version != row.version:
        raise Conflict("this visit was changed by somebody else; read it again, then change it")
    if row.state not in states:
        raise Refused("visit-state", f"this visit is {row.state.replace('-', ' ')}")
    return row


def store(
    case: Case,
    request: Request,
    findings: Iterable[Finding],
    kept: list[Acceptance],
    *,
    site: Any,
    series: Any,
    number: int | None,
    by: Any,
    now: datetime,
    note: str = "",
    moved_from: Appointment | None = None,
) -> Appointment:
    """Store a visit; the database's own constraint is the last word on a place or a person held twice."""
    spans = case.lengths.place(request.starts_at)
    row = Appointment(
        site=site,
        patient=case.patient,
        kind=case.kind,
        protocol=case.protocol.id if case.protocol is not None else "",
        plan=case.plan if case.is_dosing else None,
        series=series,
        number=number,
        place=request.place,
        nurse=request.nurse,
        clinician=request.clinician,
        escort=request.escort,
        starts_at=spans.starts_at,
        dose_at=spans.dose_at,
        dose_ends_at=spans.dose_ends_at,
        ends_at=spans.ends_at,
        booked_by=by,
        booked_at=now,
        moved_from=moved_from,
        findings=as_json([finding.to_json() for finding in findings]),
        accepted=[each.to_json() for each in kept],
        note=note,
    )
    with refuse_taken(row):
        row.save(force_insert=True)
    return row


@contextmanager
def refuse_taken(row: Appointment, *, says: str = "") -> Iterator[None]:
    """Refuse what the database refuses: a place or a person held twice from the same instant."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        seen = f"{row.place.name if row.place else 'The time'} was taken meanwhile"
        found = build_finding("BK-1", seen, "one person in a place at a time")
        told = f"{says}: {seen}" if says else NOT_BOOKED
        raise Refused("booking-stopped", told, findings=[found]) from None


def end(row: Appointment, state: str, *, by: Any, now: datetime, reason: str) -> None:
    """End a visit that did not take place."""
    row.state, row.ended_at, row.ended_by, row.end_reason = state, now, by, reason
    row.version += 1
    row.save(update_fields=["state", "ended_at", "ended_by", "end_reason", "version"])


def _check_start(checks: Checks, starts_at: datetime, site: Any) -> None:
    step = get_number("grid_min")
    accepted = f"a time on the clinic's calendar, in steps of {step} min"
    if starts_at.tzinfo is None:
        checks.refuse("starts_at", "instant-without-zone", starts_at.isoformat(), accepted, "the zone is missing")
        return
    local = starts_at.astimezone(ZoneInfo(site.timezone))
    if local.minute % step or local.second or local.microsecond:
        checks.refuse("starts_at", "off-the-grid", f"{local:%H:%M}", accepted, f"give {accepted}")


def _check_user(checks: Checks, user: Any, name: str, site: Any) -> None:
    if user is None:
        return
    if not user.is_active or not user.practitioner_roles.filter(site=site).exclude(role="").exists():
        accepted = "somebody who works at this site"
        checks.refuse(name, "user-unknown", "", accepted, "this person does not work here")
