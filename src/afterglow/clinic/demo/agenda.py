"""The clinic's own agenda: hours, qualifications, on-call, presence, opening checks, and bookings seen and accepted."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.demo.cast import Cast
from afterglow.clinic.demo.clock import SimulatedClock
from afterglow.clinic.demo.story import Story, list_acceptable
from afterglow.clinic.errors import Refused
from afterglow.clinic.floor import actions as floor
from afterglow.clinic.floor.models import OpeningCheck, Presence
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.scheduling import actions as scheduling
from afterglow.clinic.scheduling import rosters
from afterglow.clinic.scheduling.days import get_bounds
from afterglow.clinic.scheduling.models import CLINIC, Appointment, StaffHours
from afterglow.clinic.tasks.actions import add_shift
from afterglow.clinic.tasks.roster import list_shifts
from afterglow.clinicday.floor import load_opening

OPENS, CLOSES = time(7), time(18)
LAST = time(23, 59)
NURSES = ("nurse", "nurse2", "nurse3", "nurse4")
DUTY = (*((name, "nurse") for name in NURSES), ("prescriber", "prescriber"))
GRID_S = 300
# how long before now the day began, and how long it goes on
BEGAN, GOES_ON = timedelta(hours=3, minutes=20), timedelta(hours=6)
ON_CALL_D = 14


def set_up_week(site: Any, cast: Cast, *, now: datetime) -> None:
    """Record the hours of every day of the week and who may do what; a demonstration is open every day."""
    by = cast["manager"]
    shared = {"site": site, "begins": OPENS, "ends": CLOSES, "by": by, "now": now}
    for weekday in range(7):
        rosters.set_hours(user=None, role=CLINIC, weekday=weekday, **shared)
        for name, role in DUTY:
            rosters.set_hours(user=cast[name], role=role, weekday=weekday, **shared)
    for name in NURSES:
        until = get_local_date(site, now) + timedelta(days=FAR_D)
        rosters.set_qualification(site=site, user=cast[name], kind="acls", valid_until=until, by=by, now=now)


FAR_D = 1200


def open_clinic(cast: Cast, clock: SimulatedClock) -> None:
    """Open today: hours that hold the day, the prescriber on site, the opening checks, somebody on call."""
    site, began = clock.site, clock.now - BEGAN
    _hold_hours(cast, clock)
    floor.choose_settings(site=site, asks_opening_checks=True, by=cast["manager"], now=began)
    if not Presence.objects.filter(site=site, until__isnull=True).exists():
        floor.sign_in_presence(site=site, by=cast["prescriber"], now=began, expected_until=clock.now + GOES_ON)
    zone = ZoneInfo(site.timezone)
    for on in dict.fromkeys((get_local_date(site, began), get_local_date(site, clock.now))):
        if not OpeningCheck.objects.filter(site=site, on=on).exists():
            _check_opening(site, cast, max(began, get_bounds(zone, on)[0]))
    _put_on_call(cast, clock)


def _hold_hours(cast: Cast, clock: SimulatedClock) -> None:
    """Give today hours of its own where the demonstration is started outside those of the week."""
    site, by, now = clock.site, cast["manager"], clock.now
    zone = ZoneInfo(site.timezone)
    for on in dict.fromkeys(get_local_date(site, at) for at in (now - BEGAN, now, now + GOES_ON)):
        begin, end = get_bounds(zone, on)
        first, last = max(begin, now - BEGAN), min(end - timedelta(minutes=1), now + GOES_ON)
        opens, closes = (at.astimezone(zone).time() for at in (first, last))
        if (opens >= OPENS and closes <= CLOSES) or StaffHours.objects.filter(site=site, on=on).exists():
            continue
        # whole hours around the day's work, no shorter than those of the week
        begins = min(OPENS, opens.replace(minute=0, second=0, microsecond=0))
        ends = max(CLOSES, time(closes.hour + 1) if closes.hour < LAST.hour else LAST)
        shared: dict[str, Any] = {"site": site, "on": on, "begins": begins, "ends": ends, "by": by, "now": now}
        rosters.set_hours(user=None, role=CLINIC, **shared)
        for name, role in DUTY:
            rosters.set_hours(user=cast[name], role=role, **shared)


def _check_opening(site: Any, cast: Cast, at: datetime) -> None:
    for number, item in enumerate(load_opening().values()):
        now = at + timedelta(minutes=number)
        detail: dict[str, Any] = {}
        if item.needs == "expires_on":
            detail = {"expires_on": get_local_date(site, now) + timedelta(days=150)}
        elif item.needs == "count":
            detail = {"count": 42}
        second = cast["nurse2"] if item.people > 1 else None
        floor.record_opening_check(
            site=site, item=item.id, result="ok", by=cast["nurse"], second=second, detail=detail, now=now
        )


def _put_on_call(cast: Cast, clock: SimulatedClock) -> None:
    """Put people on call for the days to come, as far as nobody is yet."""
    site, now, by = clock.site, clock.now, cast["manager"]
    begin = floor_to_grid(now)
    end = begin + timedelta(days=ON_CALL_D)
    taken = {shift.role: shift.ends_at for shift in list_shifts(site, begin, end + timedelta(days=30))}
    for role, names in (("prescriber", ("prescriber", "prescriber2")), ("nurse", NURSES)):
        at, number = max(taken.get(role, begin), begin), 0
        while at < end:
            until = at + timedelta(days=7)
            user = cast[names[number % len(names)]]
            add_shift(site=site, role=role, user=user, begins_at=at, ends_at=until, by=by, now=now)
            at, number = until, number + 1


def book_seen(
    story: Story, *, starts_at: datetime, place: str, kind: str, now: datetime, nurse: str = "", **more: Any
) -> Any:
    """Book a visit, accepting what a prescriber may accept; what nobody may leaves it unbooked (None).

    Who has a visit of a series to come has that one brought forward instead.
    """
    site = story.site
    ahead = _find_ahead(story, starts_at) if kind == "dosing" else None
    try:
        if ahead is not None:
            return scheduling.move(
                appointment=ahead,
                starts_at=starts_at,
                place=site.places.filter(name=place).first(),
                nurse=story.cast[nurse] if nurse else None,
                reason="Asked for an earlier day",
                accepted=list_acceptable(),
                by=story.cast["prescriber2"],
                now=story.clock.check(now),
            )
        return scheduling.book(
            site=site,
            patient=story.patient,
            kind=kind,
            starts_at=starts_at,
            place=site.places.filter(name=place).first(),
            nurse=story.cast[nurse] if nurse else None,
            plan=story.plan if kind == "dosing" else None,
            escort=story.escort,
            accepted=list_acceptable(),
            by=story.cast["prescriber2"],
            now=story.clock.check(now),
            **more,
        )
    except Refused:
        return None


def _find_ahead(story: Story, starts_at: datetime) -> Any:
    """Return the next visit of somebody's running series, on this day or after it, or None."""
    rows = Appointment.objects.filter(patient=story.patient, series__state="running", state="booked")
    day = get_bounds(ZoneInfo(story.site.timezone), get_local_date(story.site, starts_at))[0]
    return rows.filter(starts_at__gte=day).select_related("site", "patient").order_by("starts_at").first()


def floor_to_grid(instant: datetime) -> datetime:
    """Return the last full five minutes."""
    return datetime.fromtimestamp(instant.timestamp() // GRID_S * GRID_S, tz=UTC)
