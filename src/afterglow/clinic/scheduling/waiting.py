"""The waiting list: who waits for a visit, in which order, and what can be offered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Refused
from afterglow.clinic.people.checks import Checks, as_json, get_local_date
from afterglow.clinic.scheduling.actions import book
from afterglow.clinic.scheduling.days import Span
from afterglow.clinic.scheduling.judging import Case, measure
from afterglow.clinic.scheduling.models import DOSING, KINDS, Appointment, WaitingEntry
from afterglow.clinic.scheduling.openings import Opening, find_on_day
from afterglow.clinic.scheduling.storing import BOOK

URGENCIES = ("crisis", "urgent", "soon", "routine")
PARTS = ("morning", "afternoon")


@dataclass(frozen=True, slots=True)
class Offer:
    """Somebody who waits, how many days, and the first opening that suits, where there is one in the days looked at."""

    entry: WaitingEntry
    days_waited: int
    opening: Opening | None


@action
def add_waiting(
    *,
    site: Any,
    patient: Any,
    kind: str,
    by: Any,
    now: datetime,
    plan: Any = None,
    urgency: str = "routine",
    wanted_from: date | None = None,
    wanted_until: date | None = None,
    preferences: Mapping[str, Any] | None = None,
) -> WaitingEntry:
    """Put somebody on the waiting list for one kind of visit."""
    policy.require(by, BOOK, site)
    checks = Checks()
    checks.word(kind, "kind", KINDS, is_required=True)
    checks.word(urgency, "urgency", URGENCIES, is_required=True)
    given = dict(preferences or {})
    wishes = {
        "part": checks.word(given.get("part"), "part", PARTS),
        "note": checks.text(given.get("note"), "note", longest=120),
    }
    begin = wanted_from or get_local_date(site, now)
    if wanted_until is not None and wanted_until < begin:
        checks.refuse("wanted_until", "end-before-begin", wanted_until.isoformat(), f"from {begin}", "too early")
    if patient.site_id != site.pk:
        checks.refuse("patient", "other-site", "", "a patient of this site", "this person belongs to another site")
    if plan is not None and (plan.patient_id != patient.pk or kind != DOSING):
        checks.refuse("plan", "other-patient", "", "a plan of this person", "this plan does not belong here")
    checks.raise_problems()
    if WaitingEntry.objects.filter(patient=patient, kind=kind, state="waiting").exists():
        raise Refused("already-waiting", "this person is on the list for this kind already")
    row = WaitingEntry.objects.create(
        site=site, patient=patient, kind=kind, protocol=plan.protocol if plan is not None else "", plan=plan,
        urgency=urgency, wanted_from=begin, wanted_until=wanted_until,
        preferences=as_json({key: value for key, value in wishes.items() if value}), created_at=now, created_by=by,
    )  # fmt: skip
    detail = {"kind": kind, "urgency": urgency}
    audit.record(by=by, action="waiting.added", subject=row, now=now, patient=patient, site=site, detail=detail)
    return row


@action
def end_waiting(*, entry: WaitingEntry, by: Any, now: datetime, appointment: Appointment | None = None) -> WaitingEntry:
    """Take somebody off the list: booked where a visit is named, withdrawn otherwise."""
    policy.require(by, BOOK, entry)
    row = WaitingEntry.objects.select_for_update(no_key=True).get(pk=entry.pk)
    if row.state != "waiting":
        raise Refused("not-waiting", "this person is off the list already")
    if appointment is not None and appointment.patient_id != row.patient_id:
        raise Refused("other-patient", "this visit is somebody else's")
    row.state = "booked" if appointment is not None else "withdrawn"
    row.appointment, row.ended_at, row.ended_by = appointment, now, by
    row.save(update_fields=["state", "appointment", "ended_at", "ended_by"])
    audit.record(by=by, action=f"waiting.{row.state}", subject=row, now=now, patient=row.patient_id, site=row.site_id)
    return row


@action
def book_waiting(*, entry: WaitingEntry, by: Any, now: datetime, **given: Any) -> Appointment:
    """Book a visit for somebody who waits and take them off the list: both, or neither."""
    policy.require(by, BOOK, entry)
    row = WaitingEntry.objects.select_for_update(no_key=True).get(pk=entry.pk)
    if row.state != "waiting":
        raise Refused("not-waiting", "this person is off the list already; see what was booked")
    visit = book(by=by, now=now, **given)
    end_waiting(entry=row, by=by, now=now, appointment=visit)
    return visit


def sort_waiting(entries: Iterable[WaitingEntry]) -> list[WaitingEntry]:
    """Return entries by urgency, then by how long they have waited."""
    return sorted(entries, key=lambda entry: (URGENCIES.index(entry.urgency), entry.created_at, entry.pk))


def list_waiting(site: Any) -> list[WaitingEntry]:
    """Return who waits at a site, in order."""
    rows = WaitingEntry.objects.filter(site=site, state="waiting").select_related("patient", "plan")
    return sort_waiting(rows)


def list_offers(entries: Iterable[WaitingEntry], span: Span, *, now: datetime) -> list[Offer]:
    """Return what the days of a span offer each entry by places, nurses and prescriber; no query per entry.

    The person's own papers are judged when the offer is opened.
    """
    offers = []
    for entry in entries:
        waited = (get_local_date(span.site, now) - get_local_date(span.site, entry.created_at)).days
        offers.append(Offer(entry, waited, _find_opening(entry, span, now)))
    return offers


def _find_opening(entry: WaitingEntry, span: Span, now: datetime) -> Opening | None:
    if entry.kind == DOSING and entry.plan is None:
        return None
    protocol, lengths = measure(entry.kind, entry.plan, site=span.site, protocol_id=entry.protocol)
    case = Case(entry.patient, entry.kind, entry.plan, protocol, lengths, now, span.zone)
    first = max(span.first, entry.wanted_from, get_local_date(span.site, now))
    last = min(span.last, entry.wanted_until or span.last)
    part = str(entry.preferences.get("part", ""))
    for step in range((last - first).days + 1):
        opening = find_on_day(case, span, first + timedelta(days=step), after=now, part=part)
        if opening is not None:
            return opening
    return None
