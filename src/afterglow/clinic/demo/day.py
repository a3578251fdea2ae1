"""A day of the demonstration in full swing as of now: who sits where, who is about to come, what is due."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from afterglow.chairside.alarms import list_active
from afterglow.clinic.audit.heads import gather_links
from afterglow.clinic.demo import parts
from afterglow.clinic.demo.agenda import book_seen, floor_to_grid, open_clinic
from afterglow.clinic.demo.cast import Cast
from afterglow.clinic.demo.clock import SimulatedClock
from afterglow.clinic.demo.picking import Picker
from afterglow.clinic.demo.story import Story
from afterglow.clinic.demo.visits import Visit, play_injection
from afterglow.clinic.dosing_sessions.actions import submit_command, tick_session
from afterglow.clinic.dosing_sessions.fold import load_state
from afterglow.clinic.errors import Refused
from afterglow.clinic.floor import actions as floor
from afterglow.clinic.scheduling import actions as scheduling


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits at one place: how they are treated, since when, how it went so far, and who should be asked first."""

    place: str
    protocol: str
    minutes: float
    nurse: str
    script: Callable[[Visit], None]
    names: tuple[str, ...]
    after: Callable[[Visit, datetime], None] | None = None
    before: Callable[[Any, Story, datetime], None] | None = None


def open_day(*, cast: Cast, clock: SimulatedClock, booked_before: timedelta, has_left: bool = False) -> Picker:
    """Open the clinic, let today's people come, and let their sessions run until now; return who is left to pick from.

    With `has_left`, somebody has been here already and has left.
    """
    picker = Picker(clock)
    with gather_links():
        open_clinic(cast, clock)
    for seat in SEATS if has_left else SEATS[1:]:
        with gather_links():
            take_seat(seat, picker, cast, clock, booked_before)
    for expected in parts.EXPECTED:
        with gather_links():
            parts.expect(expected, picker, cast, clock, booked_before)
    with gather_links():
        place = clock.site.places.get(name="Chair 8")
        floor.record_place_cleaned(place=place, by=cast["nurse3"], now=clock.now - timedelta(minutes=17))
    return picker


def take_seat(seat: Seat, picker: Picker, cast: Cast, clock: SimulatedClock, booked_before: timedelta) -> Visit | None:
    """Book, seat and treat one person until now; nobody sits there when nobody may be treated today."""
    patient = picker.pick(seat.protocol, seat.names)
    if patient is None:
        return None
    begins_at = clock.now - timedelta(minutes=seat.minutes)
    story = Story.take(patient, cast=cast, site=clock.site, clock=clock)
    booked = book_seen(
        story,
        starts_at=floor_to_grid(begins_at),
        place=seat.place,
        nurse=seat.nurse,
        now=begins_at - booked_before,
        kind="dosing",
    )
    if booked is None:
        return None
    if seat.before is not None:
        seat.before(booked, story, begins_at)
    visit = Visit(story, begins_at, place=seat.place, phq9=9, nurse=seat.nurse, visit=lambda: booked)
    seat.script(visit)
    scheduling.mark_arrived(appointment=booked, by=cast["frontdesk"], now=begins_at)
    try:
        story.tell()
    except Refused as error:
        raise RuntimeError(
            f"{seat.place}: {error} {[f'{each.rule}: {each.seen}' for each in error.findings]}"
        ) from error
    if seat.after is not None:
        seat.after(visit, clock.now)
    tick_session(session=visit.session, now=clock.now)
    return visit


def play_paused(visit: Visit) -> None:
    """Pause the pump at a pressure past the limit, and measure again: still past it."""
    visit.get_ready((132, 84))
    visit.start()
    visit.vitals(34, 168, 99, heart_rate=88)
    visit.do(35, "record-pause", pump_ml="27.9", reason="Pressure 168/99")
    visit.vitals(38.5, 164, 97, heart_rate=86)


def acknowledge(visit: Visit, now: datetime) -> None:
    """Answer the standing alarms of a session."""
    for alarm in list_active(load_state(visit.session)):
        at = now - timedelta(seconds=70)
        data = {"alarm": alarm.id}
        submit_command(
            session=visit.session,
            type="acknowledge-alarm",
            data=data,
            by=visit.story.cast[visit.nurse],
            now=max(at, visit.session.last_recorded_at),
        )


def play_rising(visit: Visit) -> None:
    """Twenty-three minutes into the infusion, the pressure past the limit for less than a minute."""
    visit.get_ready()
    visit.start()
    visit.vitals(34, 141, 86, heart_rate=78)
    visit.scales(34, 3)
    visit.vitals(44, 152, 91, heart_rate=84)
    visit.scales(44, 6, "mild")
    visit.vitals(46.3, 163, 96, heart_rate=88, spo2=97)


def play_observed_spray(visit: Visit) -> None:
    """Both devices given, the 40-minute reading done."""
    from afterglow.clinic.demo.visits import give_spray

    visit.get_ready((128, 80))
    give_spray(visit, 2)
    for minute in (15, 30, 45, 60, 74):
        visit.do(24 + minute, "record-vitals", spo2=97, resp_rate=14, moaas=5, origin="monitor")
    visit.vitals(70, 141, 88)
    visit.scales(70, 9)
    visit.vitals(89, 134, 84, spo2=97)


def play_recovered(visit: Visit) -> None:
    """Recovered from an infusion: every criterion met, only the prescriber's release is missing."""
    visit.get_ready()
    visit.start()
    for minute, systolic in ((34, 134), (44, 139), (54, 142)):
        visit.vitals(minute, systolic, 82)
        visit.scales(minute, 4)
    visit.do(64, "record-complete", pump_ml="100.5")
    for minute, systolic in ((79, 136), (94, 130), (109, 126), (124, 123), (138, 121)):
        visit.vitals(minute, systolic, 77, heart_rate=64, spo2=99)
    visit.scales(94, 1)
    visit.scales(124, 0)
    visit.get_recovered(139)


def play_overdue(visit: Visit) -> None:
    """Observed after an injection; the vitals of minute 30 were not taken."""
    visit.get_ready()
    visit.start()
    visit.vitals(34, 144, 88, heart_rate=82)
    visit.scales(34, 5)
    visit.vitals(44, 138, 86, heart_rate=79, spo2=97)
    visit.scales(44, 8)


def play_fasting(visit: Visit) -> None:
    """Pre-checks with a light meal too short ago."""
    visit.check_in(solids_h="4.7")
    visit.vitals(14, 118, 74, heart_rate=70)
    visit.scales(14, 0)


def play_without_signal(visit: Visit) -> None:
    """The first of two devices is given, and the SpO2 signal is lost."""
    visit.get_ready((129, 81))
    visit.start()
    visit.do(24.6, "record-vitals", spo2_lost=True, origin="monitor")


SEATS: tuple[Seat, ...] = (
    Seat("Chair 8", "im-racemic", 190, "nurse3", play_injection, ("Oak", "Thyme")),
    Seat("Room 4", "iv-racemic", 145, "nurse2", play_recovered, ("Jasmine", "Mallow", "Hawthorn")),
    Seat("Room 3", "nasal-esketamine-us", 101, "nurse4", play_observed_spray, ("Bryony", "Elder")),
    Seat("Chair 5", "im-racemic", 63, "nurse3", play_overdue, ("Fennel", "Hazel")),
    Seat("Room 2", "iv-racemic", 47, "nurse", play_rising, ("Alder", "Rush")),
    Seat("Room 1", "iv-racemic", 42, "nurse", play_paused, ("Heath", "Larch"), acknowledge),
    Seat(
        "Chair 6", "iv-racemic", 27, "nurse3", play_fasting, ("Jonquil", "Mulberry", "Iris"), before=parts.tell_before
    ),
    Seat("Chair 7", "nasal-esketamine-us", 26.5, "nurse2", play_without_signal, ("Linden", "Lavender")),
)
