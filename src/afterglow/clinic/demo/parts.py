"""Who is expected today and has not begun: late, waiting, cleared by phone, without an escort, booked for later."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.care.goals import add_goal
from afterglow.clinic.checkins import actions as checkins
from afterglow.clinic.checkins.facts import list_asked
from afterglow.clinic.demo.agenda import book_seen, floor_to_grid
from afterglow.clinic.demo.cast import Cast
from afterglow.clinic.demo.clock import SimulatedClock
from afterglow.clinic.demo.picking import Picker, find_undecided
from afterglow.clinic.demo.story import Story
from afterglow.clinic.floor.actions import record_escort_call
from afterglow.clinic.people.models import Patient
from afterglow.clinic.scheduling import actions as scheduling

# what somebody answers in whom nothing is found; any other question has "no"
GOOD = {
    "mood": "same",
    "outside": "no",
    "last-day": "none",
    "food": "yesterday",
    "meal": "light",
    "drink": "yesterday",
    "pressure-tablets": "none",
    "diabetes": "none",
    "escort": "named",
}


# who has the people of a place who are still to come; nurse3 has all others
NURSES_OF = {"Room 1": "nurse", "Room 2": "nurse4", "Room 4": "nurse4"}


@dataclass(frozen=True, slots=True)
class Expected:
    """One visit that has not begun: so many minutes from now, where, for whom."""

    minutes: int
    place: str
    kind: str
    protocol: str = ""
    names: tuple[str, ...] = ()
    then: Callable[[Any, Story, datetime], None] | None = None
    is_new: bool = False


def expect(expected: Expected, picker: Picker, cast: Cast, clock: SimulatedClock, booked_before: timedelta) -> Any:
    """Book one visit of today and do what goes with it; return it, or None where nobody fits."""
    patient = _pick(expected, picker, clock)
    if patient is None:
        return None
    story = Story.take(patient, cast=cast, site=clock.site, clock=clock)
    is_dosing = expected.kind == "dosing"
    more = {} if is_dosing else {"clinician": cast["therapist" if expected.kind == "integration" else "prescriber2"]}
    booked = book_seen(
        story,
        starts_at=floor_to_grid(clock.now) + timedelta(minutes=expected.minutes),
        place=expected.place,
        nurse=NURSES_OF.get(expected.place, "nurse3") if is_dosing else "",
        now=clock.now - booked_before - timedelta(hours=1),
        kind=expected.kind,
        **more,
    )
    if booked is not None and expected.then is not None:
        expected.then(booked, story, clock.now)
    return booked


def _pick(expected: Expected, picker: Picker, clock: SimulatedClock) -> Patient | None:
    if expected.kind == "assessment":
        found: Patient | None = find_undecided(clock.site)
    elif expected.kind == "integration":
        found = picker.pick_seen(timedelta(hours=24), timedelta(hours=72))
    else:
        found = picker.pick(expected.protocol, expected.names, is_new=expected.is_new)
    return found


def send_link(booked: Any, story: Story, now: datetime) -> None:
    """Send the check-in; nobody has answered."""
    checkins.send_checkin(appointment=booked, by=story.cast["frontdesk"], now=now - timedelta(hours=3))


def arrive(booked: Any, story: Story, now: datetime) -> None:
    """Arrive a little early, and wait."""
    scheduling.mark_arrived(appointment=booked, by=story.cast["frontdesk"], now=now - timedelta(minutes=7))


def answer_well(booked: Any, story: Story, now: datetime) -> None:
    """Answer the check-in with nothing to be found."""
    checkin, _ = checkins.send_checkin(appointment=booked, by=story.cast["frontdesk"], now=now - timedelta(hours=3))
    _answer_all(checkin, now - timedelta(hours=2))


def answer_tablets(booked: Any, story: Story, now: datetime) -> None:
    """Begin the check-in; blood-pressure tablets were left out."""
    checkin, _ = checkins.send_checkin(appointment=booked, by=story.cast["frontdesk"], now=now - timedelta(hours=3))
    told = {"choice": ["left-out"]}
    checkins.answer(checkin=checkin, question="pressure-tablets", value=told, now=now - timedelta(hours=1))


def _answer_all(checkin: Any, now: datetime) -> None:
    for question in list_asked(checkin.appointment):
        value = {"choice": [GOOD.get(question.id, "no")]}
        if question.kind == "time":
            value["clock"] = ["20:00"]
        for part in question.parts:
            value[part.id] = ["Demo, Moss" if part.kind == "text" else "555-0142"]
        checkins.answer(checkin=checkin, question=question.id, value=value, now=now)
    checkins.submit(checkin=checkin, now=now)


def tell_before(booked: Any, story: Story, now: datetime) -> None:
    """Let somebody who is about to be seated answer by phone, and say what they hope for: a meal, a fall, no escort."""
    by, zone = story.cast["nurse2"], ZoneInfo(story.site.timezone)
    checkin, _ = checkins.send_checkin(appointment=booked, by=by, now=now - timedelta(minutes=18))
    meal = (now - timedelta(hours=4.5)).astimezone(zone)
    day = "today" if meal.date() == now.astimezone(zone).date() else "yesterday"
    answers = {
        "fall": {"choice": ["yes"]},
        "medicines": {"choice": ["no"]},
        "food": {"choice": [day], "clock": [f"{meal:%H:%M}"]},
        "meal": {"choice": ["light"]},
        "escort": {"choice": ["nobody"]},
    }
    for question, value in answers.items():
        checkins.answer(checkin=checkin, question=question, value=value, now=now - timedelta(minutes=15))
    if not story.patient.goals.exists():
        for kind, words in (
            ("goal", "To read to my daughter in the evening again"),
            ("intention", "To let the worry pass by, as a train does"),
        ):
            add_goal(patient=story.patient, kind=kind, words=words, by=by, now=now - timedelta(minutes=12))


def call_escort(booked: Any, story: Story, now: datetime) -> None:
    """Take the first step of the ladder: nobody answers."""
    at = now - timedelta(minutes=25)
    record_escort_call(
        patient=story.patient, step="first-call", outcome="no-answer", by=story.cast["frontdesk"], now=at
    )


EXPECTED: tuple[Expected, ...] = (
    Expected(-10, "Room 4", "dosing", "iv-racemic", ("Fern", "Tansy"), send_link),
    Expected(5, "Chair 8", "assessment", then=arrive),
    Expected(65, "Chair 8", "dosing", "nasal-esketamine-us", ("Sycamore", "Ivy"), answer_well),
    Expected(80, "Room 2", "dosing", "iv-racemic", ("Reed", "Aster"), call_escort, is_new=True),
    Expected(95, "Room 1", "dosing", "iv-racemic", ("Rush", "Hawthorn"), answer_tablets),
    Expected(185, "Chair 5", "dosing", "im-racemic", ("Gorse",)),
    Expected(215, "Room 4", "integration"),
)
