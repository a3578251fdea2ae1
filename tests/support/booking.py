"""A clinic that can be booked: two places, opening hours, a prescriber and a nurse on duty."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.scheduling import actions as visits
from afterglow.clinic.scheduling import rosters
from afterglow.clinic.scheduling.models import Appointment
from afterglow.clinic.sites.models import Place
from tests import factories
from tests.factories import NOW, Cast

WEEK = range(5)
VIENNA = ZoneInfo("Europe/Vienna")


def furnish(cast: Cast, *, places: int = 2, leaves: time = time(16, 45)) -> list[Place]:
    """Return the places of the cast's clinic after hours and qualifications were recorded."""
    for weekday in WEEK:
        set_hours(cast, None, "clinic", weekday, time(8), time(17))
        set_hours(cast, cast.owner, "prescriber", weekday, time(8), leaves)
        set_hours(cast, cast.nurse, "nurse", weekday, time(8), time(17))
    rosters.set_qualification(
        site=cast.site, user=cast.nurse, kind="acls", valid_until=(NOW + timedelta(days=365)).date(), by=None, now=NOW
    )
    return [Place.objects.create(site=cast.site, name=f"Room {n}") for n in range(1, places + 1)]


def set_hours(cast: Cast, user: Any, role: str, weekday: int, begins: time, ends: time) -> None:
    """Record hours of a weekday."""
    rosters.set_hours(site=cast.site, user=user, role=role, weekday=weekday, begins=begins, ends=ends, by=None, now=NOW)


def local(day: int, hour: int, minute: int = 0, *, month: int = 3) -> datetime:
    """Return an instant by the clinic's clock in 2026; 2 March is a Monday."""
    return datetime(2026, month, day, hour, minute, tzinfo=VIENNA).astimezone(UTC)


def make_another(cast: Cast, family_name: str, protocol_id: str = "iv-racemic") -> Any:
    """Return the signed plan of one more person."""
    patient = factories.fill_chart(cast, factories.make_patient(cast, family_name=family_name))
    factories.decide(cast, patient, protocol_id)
    factories.sign(cast, patient, protocol_id)
    from afterglow.clinic.plans import actions as plans

    return plans.sign_plan(plan=factories.draft(cast, patient, protocol_id), by=cast.owner, now=NOW)


def book(cast: Cast, plan: Any, starts_at: datetime, place: Place | None, **given: Any) -> Appointment:
    """Return a booked dosing visit."""
    asked = {"nurse": cast.nurse, "by": cast.desk, "now": NOW, **given}
    return visits.book(
        site=cast.site, patient=plan.patient, kind="dosing", starts_at=starts_at, place=place, plan=plan, **asked
    )


def judge(cast: Cast, plan: Any, starts_at: datetime, place: Place | None, **given: Any) -> dict[str, Any]:
    """Return the worst finding of each rule."""
    asked = {"nurse": cast.nurse, "clinician": None, "now": NOW, "protocol": "", **given}
    found = visits.judge_booking(
        site=cast.site, patient=plan.patient, kind="dosing", starts_at=starts_at, place=place, plan=plan, **asked
    )
    return {finding.rule: finding for finding in reversed(found)}
