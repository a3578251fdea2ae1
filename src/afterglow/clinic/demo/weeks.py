"""The weeks around today: series with their next visits and one gap, who waits for a place, tasks done and late."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef

from afterglow.clinic.audit.heads import gather_links
from afterglow.clinic.demo.agenda import book_seen
from afterglow.clinic.demo.cast import Cast
from afterglow.clinic.demo.clock import SimulatedClock
from afterglow.clinic.demo.picking import Picker
from afterglow.clinic.demo.story import Story
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.models import Patient
from afterglow.clinic.scheduling import actions as scheduling
from afterglow.clinic.scheduling.days import localise
from afterglow.clinic.scheduling.models import HOLDING, Appointment, Series
from afterglow.clinic.scheduling.series import end_series
from afterglow.clinic.scheduling.waiting import add_waiting
from afterglow.clinic.tasks.actions import complete_task, note_attempt, open_task, sweep
from afterglow.clinic.tasks.models import Task

GAP_OF = "Fern"
WAITING: tuple[tuple[str, str, str, str], ...] = (
    ("Violet", "urgent", "", "MDD with suicidality, first dose"),
    ("Aster", "soon", "morning", "first of six"),
    ("Rush", "routine", "", "upkeep, earlier if free"),
    ("Hazel", "routine", "afternoon", "second of four, missed one"),
)


def plan_weeks(cast: Cast, clock: SimulatedClock) -> None:
    """Leave a gap in one of the series, and fill the waiting list."""
    desk, at = cast["frontdesk"], clock.now - timedelta(hours=30)
    with gather_links():
        _leave_gap(cast, clock)
    for name, urgency, part, note in WAITING:
        patient = Patient.objects.filter(given_name=name, site=clock.site).first()
        if patient is None:
            continue
        plan = patient.plans.filter(state="signed").first()
        wishes = {"part": part, "note": note}
        at -= timedelta(days=2)
        with gather_links():
            add_waiting(
                site=clock.site, patient=patient, kind="dosing", plan=plan, urgency=urgency, preferences=wishes,
                by=desk, now=at,
            )  # fmt: skip


def renew_weeks(cast: Cast, clock: SimulatedClock, picker: Picker) -> None:
    """End the series whose last visit is over, and book upkeep visits, so that the days to come are not empty."""
    site, now = clock.site, clock.now
    coming = Appointment.objects.filter(site=site, state__in=HOLDING, starts_at__gt=now)
    running = Series.objects.filter(state="running", patient__site=site)
    with gather_links():
        for series in running.filter(~Exists(coming.filter(series=OuterRef("pk")))).select_related("patient__site"):
            end_series(series=series, by=cast["frontdesk"], now=now, reason="Its last visit is over")
    first = get_local_date(site, now) + timedelta(days=1)
    booked = coming.filter(starts_at__gte=localise(ZoneInfo(site.timezone), first, time())).count()
    for days, at, place, nurse, protocol in COMING[: max(len(COMING) - booked, 0)]:
        patient = picker.pick(protocol, ())
        if patient is None:
            continue
        starts_at = localise(ZoneInfo(site.timezone), first + timedelta(days=days), at)
        with gather_links():
            story = Story.take(patient, cast=cast, site=site, clock=clock)
            book_seen(story, starts_at=starts_at, place=place, nurse=nurse, now=now, kind="dosing")


# the visits to come that a later day begins with: days after tomorrow, hour, place, nurse, protocol
COMING: tuple[tuple[int, time, str, str, str], ...] = (
    (0, time(9), "Room 1", "nurse", "iv-racemic"),
    (0, time(11), "Chair 7", "nurse2", "nasal-esketamine-us"),
    (1, time(9, 30), "Room 2", "nurse", "iv-racemic"),
    (2, time(13), "Chair 5", "nurse3", "im-racemic"),
    (3, time(9), "Room 1", "nurse", "iv-racemic"),
)


def _leave_gap(cast: Cast, clock: SimulatedClock) -> None:
    series = Series.objects.filter(patient__given_name=GAP_OF, patient__site=clock.site, state="running").first()
    visit = series.appointments.filter(state="booked").order_by("-number").first() if series is not None else None
    if visit is not None:
        reason = "Has to work that day; will call about another"
        scheduling.cancel(appointment=visit, by=cast["frontdesk"], now=clock.now - timedelta(hours=20), reason=reason)


def fill_tasks(cast: Cast, clock: SimulatedClock) -> None:
    """Let the clinic sweep as it does by itself, and end what staff would have ended; some of it stays late."""
    for hours in SWEEPS_H:
        at = clock.check(clock.now - timedelta(hours=hours))
        with gather_links():
            # the server makes the summaries in the minute after it began to answer
            sweep(now=at, site=clock.site, makes_summaries=False)
            if hours:
                _work_off(cast, clock.site, at)
    with gather_links():
        _take_calls(cast, clock)
        _try_one(cast, clock)


# the sweep's instants before now: as the server would have run it
SWEEPS_H = (24 * 7, 24 * 2, 0)


def _work_off(cast: Cast, site: Any, at: datetime) -> None:
    """End the calls and talks that are due by an instant, as those who made them; every fifth is left."""
    talk = "Talks about it with a therapist of their own."
    for kind, who, outcome, note in (
        ("call-back-48h", "nurse", "well", ""),
        ("integration-missing", "therapist", "declined", talk),
    ):
        rows = Task.objects.filter(site=site, state="open", kind=kind, due_at__lte=at + timedelta(days=2))
        for number, task in enumerate(rows.select_related("patient", "site").order_by("due_at")):
            if number % 5 != LEFT_OF_FIVE:
                answers = CALM if outcome == "well" else None
                complete_task(task=task, by=cast[who], now=at, outcome=outcome, note=note, answers=answers)


LEFT_OF_FIVE = 4
# what is said at a call-back; blood pressure is not asked by everybody, and stays not recorded then
CALM = {"mood": "better", "suicide": "no", "sleep": "same", "bladder": "none"}


def _take_calls(cast: Cast, clock: SimulatedClock) -> None:
    """Open what people asked for by telephone and message."""
    now, desk = clock.now, cast["frontdesk"]
    for kind, name, hours, detail in (
        ("call-to-return", "Clover", 5, "Asks whether to take the morning's tablet before a session"),
        ("message-to-answer", "Juniper", 28, "Sent the escort's new telephone number"),
    ):
        patient = Patient.objects.filter(given_name=name, site=clock.site).first()
        open_task(
            site=clock.site, kind=kind, patient=patient, by=desk, now=now - timedelta(hours=hours), detail=detail,
            key=f"demonstration:{kind}:{name}:{date_of(now).isoformat()}",
        )  # fmt: skip


def _try_one(cast: Cast, clock: SimulatedClock) -> None:
    """Note a call-back that reached nobody."""
    rows = Task.objects.filter(site=clock.site, state="open", kind="call-back-48h", due_at__lte=clock.now)
    task = rows.order_by("due_at").first()
    if task is not None:
        note_attempt(task=task, outcome="not-reached", by=cast["nurse2"], now=clock.now - timedelta(hours=2))


def date_of(now: datetime) -> date:
    """Return the UTC day of an instant, which names what is made once a day."""
    return now.date()
