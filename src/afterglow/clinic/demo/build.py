"""Builds the demonstration: site, staff, every story as one transaction, then the day of today; all by the actions."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from django.db import transaction

from afterglow.clinic.audit.heads import gather_links
from afterglow.clinic.demo.agenda import set_up_week
from afterglow.clinic.demo.answers import fill_forms
from afterglow.clinic.demo.cast import Cast, add_staff, find_cast
from afterglow.clinic.demo.clock import SimulatedClock
from afterglow.clinic.demo.closing import close_day, is_day_over
from afterglow.clinic.demo.courses import answer_screens, write_course
from afterglow.clinic.demo.day import open_day
from afterglow.clinic.demo.people import ROOMS, STORIES
from afterglow.clinic.demo.queue import add_to_queue, fill_queue
from afterglow.clinic.demo.roster import LINES, Line
from afterglow.clinic.demo.story import Person, Story
from afterglow.clinic.demo.weeks import fill_tasks, plan_weeks, renew_weeks
from afterglow.clinic.sites.actions import add_place, create_site
from afterglow.clinic.sites.models import Site
from afterglow.clinic.tasks.actions import sweep

FOUNDED_D = 760


@dataclass(frozen=True, slots=True)
class Small:
    """A smaller cast: the given names of who comes, and how many of the last visits of each course are told."""

    names: frozenset[str]
    visits: int


# the zone in which it is morning now, so that the day of the demonstration is in full swing; the first that fits
ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "Pacific/Honolulu",
    "Europe/London",
    "Europe/Vienna",
    "America/Sao_Paulo",
    "Asia/Dubai",
    "Asia/Dhaka",
    "Asia/Tokyo",
    "Australia/Brisbane",
    "Pacific/Auckland",
    "Atlantic/Azores",
)
BEST_HOURS = range(10, 13)
# minutes between the hour of the demonstration and those of earlier visits
HOURS_APART = (-90, -45, 0, 50, 95, 140)


def build_demonstration(*, password: str, now: datetime, small: Small | None = None) -> Site:
    """Make the demonstration's site, staff and patients, as if they had come over the last two years.

    With `small` only some of the people come, each with the last of their visits.
    """
    site, cast = found_demonstration(password=password, now=now)
    clock = SimulatedClock(site, now=now)
    for story in write_stories(cast, clock, small):
        story.tell()
    fill_queue(cast, clock)
    open_day(cast=cast, clock=clock, booked_before=timedelta(days=2), has_left=True)
    plan_weeks(cast, clock)
    fill_forms(cast, clock)
    fill_tasks(cast, clock)
    return site


def refresh_demonstration(*, now: datetime) -> bool:
    """Close the day that was left and open a new one, when the old one is over; return whether that was so."""
    site = Site.objects.filter(is_demonstration=True).order_by("created_at").first()
    if site is None:
        return False
    clock, cast = SimulatedClock(site, now=now), find_cast(site)
    if not is_day_over(clock):
        return False
    close_day(cast=cast, clock=clock)
    picker = open_day(cast=cast, clock=clock, booked_before=timedelta(minutes=20))
    add_to_queue(cast, clock)
    renew_weeks(cast, clock, picker)
    with gather_links():
        sweep(now=now, site=site, makes_summaries=False)
    return True


def write_stories(cast: Cast, clock: SimulatedClock, small: Small | None = None) -> Iterator[Story]:
    """Yield every person's story, or those of a smaller cast, each to be told as one transaction."""

    def begin(person: Person) -> Story:
        return Story(person, cast=cast, site=clock.site, clock=clock)

    for write in STORIES:
        story = write(begin)
        if small is not None and story.person.given_name not in small.names:
            continue
        if story.has_visits:
            story.at(story.ago(1, 40), partial(answer_screens, story))
        yield story
    for number, whole in enumerate(LINES):
        if small is not None and whole.given not in small.names:
            continue
        line = whole if small is None else shorten(whole, small.visits)
        # the hours of a clinic's day, the evening before it and the night are left out
        yield write_course(line, begin, shift=HOURS_APART[number % len(HOURS_APART)])


def shorten(line: Line, visits: int) -> Line:
    """Return a course with its last visits alone."""
    return replace(line, visits=line.visits[-visits:], scores=line.scores[-visits:])


def choose_zone(now: datetime) -> str:
    """Return the first zone in which the morning is in full swing, or the first of all."""
    return next((name for name in ZONES if now.astimezone(ZoneInfo(name)).hour in BEST_HOURS), ZONES[0])


def found_demonstration(*, password: str, now: datetime) -> tuple[Site, Cast]:
    """Make the demonstration's site with its places, week and staff, two years ago and without patients."""
    with transaction.atomic(), gather_links():
        return _found(password, now, now - timedelta(days=FOUNDED_D))


def _found(password: str, now: datetime, founded: datetime) -> tuple[Site, Cast]:
    site = create_site(
        name="Demonstration clinic",
        timezone=choose_zone(now),
        address="1 Nowhere Street, Anytown",
        phone="555-0100",
        emergency_number="911",
        crisis_line="988",
        paper="letter",
        jurisdiction="us",
        is_demonstration=True,
        can_resuscitate=True,
        by=None,
        now=founded,
    )
    for name in ROOMS:
        add_place(site=site, name=name, by=None, now=founded)
    cast = add_staff(site=site, password=password, now=founded)
    set_up_week(site, cast, now=founded)
    return site, cast
