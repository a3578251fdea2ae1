"""A session from the order of the day: under the visit that is booked for today, else under one made now."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.scheduling.actions import WAITING, book, start_session
from afterglow.clinic.scheduling.days import get_bounds
from afterglow.clinic.scheduling.models import DOSING, Appointment
from afterglow.clinicday.booking import get_number

NURSE = "nurse"


def find_visit_today(patient: Any, now: datetime) -> Appointment | None:
    """Return the dosing visit of a person that waits to begin today: one who is here first, then the nearest."""
    begins_at, ends_at = get_bounds(ZoneInfo(patient.site.timezone), get_local_date(patient.site, now))
    rows = Appointment.objects.filter(patient=patient, site=patient.site, kind=DOSING, session__isnull=True)
    found = rows.filter(state__in=(*WAITING, "arrived"), starts_at__gte=begins_at, starts_at__lt=ends_at)
    listed = found.select_related("site", "patient", "place", "nurse", "clinician", "escort", "plan")
    return min(listed, key=lambda row: (row.state != "arrived", abs(row.starts_at - now), row.pk), default=None)


@action
def open_today(
    *,
    patient: Any,
    plan: Any,
    place: Any,
    by: Any,
    now: datetime,
    accepted: Iterable[str] = (),
    because: str = "",
) -> Session:
    """Open today's session of a person at a place, judged as of now; without a visit today one is booked first.

    Raises
    ------
    Denied
        Somebody may not open sessions, whatever else may be booked.
    Refused
        Findings stand against it, as against any booking and any start; nothing is stored.
    """
    policy.require(by, "session.open", patient)
    said = tuple(accepted)
    visit = find_visit_today(patient, now)
    if visit is None:
        visit = book(
            site=patient.site,
            patient=patient,
            kind=DOSING,
            starts_at=floor_to_grid(now),
            place=place,
            nurse=by if by.practitioner_roles.filter(site=patient.site, role=NURSE).exists() else None,
            plan=plan,
            accepted=said,
            because=because,
            by=by,
            now=now,
        )
    return start_session(appointment=visit, place=place, accepted=said, because=because, by=by, now=now)


def floor_to_grid(at: datetime) -> datetime:
    """Return the last instant of the day's grid; every zone's offset is a multiple of its step."""
    step = timedelta(minutes=get_number("grid_min"))
    return at - (at - at.replace(hour=0, minute=0, second=0, microsecond=0)) % step
