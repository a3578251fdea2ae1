"""Closes a day of the demonstration: each session is finished as it may have gone on, each missed visit is marked."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from afterglow.chairside.actors import SYSTEM
from afterglow.clinic.audit.heads import gather_links
from afterglow.clinic.demo.cast import Cast
from afterglow.clinic.demo.clock import SimulatedClock
from afterglow.clinic.demo.story import Story
from afterglow.clinic.demo.visits import Visit
from afterglow.clinic.dosing_sessions.fold import load_protocol
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, Session, SessionEvent
from afterglow.clinic.errors import Refused
from afterglow.clinic.floor.actions import sign_out_presence
from afterglow.clinic.floor.models import Presence
from afterglow.clinic.scheduling import actions as scheduling
from afterglow.clinic.scheduling.models import DOSING, Appointment
from afterglow.protocols.model import Pattern

BEFORE_DOSE = ("booked", "arrived", "pre-checks", "ready")


def close_day(*, cast: Cast, clock: SimulatedClock) -> int:
    """Finish what was going on when the demonstration was left; return how many sessions that were."""
    sessions = list(Session.objects.filter(site=clock.site, phase__in=("booked", *LIVE_PHASES), is_closed=False))
    for session in sessions:
        with gather_links():
            finish_session(session, cast, clock)
    with gather_links():
        _mark_missed(cast, clock)
        for presence in Presence.objects.filter(site=clock.site, until__isnull=True).select_related("site", "user"):
            left_at = min(presence.expected_until or clock.now, clock.now)
            sign_out_presence(presence=presence, by=presence.user, now=left_at)
    return len(sessions)


def finish_session(session: Session, cast: Cast, clock: SimulatedClock) -> None:
    """Let one session go on from its last entry to its end; what lies after now is entered as of now."""
    story = Story.take(session.patient, cast=cast, site=clock.site, clock=clock)
    story.plan = session.plan or story.plan
    visit = Visit.resume(story, session, last_at=_find_last(session))
    if session.phase in BEFORE_DOSE:
        visit.do(15, "cancel-session", reason="No dose today; the person went home with the escort, to be booked again")
    elif session.phase == "released":
        visit.leave(4)
    else:
        _end_dose(visit, session)
    try:
        visit.carry_on()
    except Refused:
        # left too long to be let go by the rules: it is told as it is
        visit.drop()
        _end_without_release(visit)
        visit.carry_on()


def _find_last(session: Session) -> datetime:
    """Return when somebody of the staff entered something last; ticks of the clock are not counted."""
    rows = SessionEvent.objects.filter(session=session).exclude(by=SYSTEM.id).order_by("seq")
    last = rows.last()
    return last.recorded_at if last is not None else session.opened_at


def _end_without_release(visit: Visit) -> None:
    visit.do(
        10,
        "record-ending",
        kind="left-against-advice",
        last_vitals="The last that stand in this record",
        told="Prescriber and escort; called in the evening, well",
        drug_reconciled=True,
        note="Left before every criterion was met; the day of the demonstration was over.",
    )
    visit.finish(14)


def _end_dose(visit: Visit, session: Session) -> None:
    protocol = load_protocol(session)
    begins = 0
    if session.phase in ("dosing", "paused"):
        begins = 8
        if protocol.pattern is Pattern.INFUSION:
            visit.do(5, "record-stop", pump_ml="60", reason="Stopped for the day; pressure watched until it fell")
        elif protocol.pattern is Pattern.DEVICES:
            visit.do(5, "record-stop", reason="No further device today; observed for the full time after this one")
    for number in range(1, 9):
        visit.vitals(begins + 16 * number, 138 - min(number, 5) * 3, 80 - number % 3)
    for minute in (20, 60, 120):
        visit.scales(begins + minute, 2 if minute == 20 else 0)
    visit.discharge(begins + 131)


def _mark_missed(cast: Cast, clock: SimulatedClock) -> None:
    """Mark every visit whose time is over: who did not come, and who was here without a session."""
    desk = cast["frontdesk"]
    for row in _list_over(clock.now):
        if row.state != "arrived":
            scheduling.mark_no_show(appointment=row, by=desk, now=clock.now)
        elif row.kind == DOSING:
            scheduling.cancel(appointment=row, by=desk, now=clock.now, reason="Went home without a session")
        else:
            scheduling.mark_done(appointment=row, by=desk, now=clock.now)


def _list_over(now: datetime) -> Iterable[Appointment]:
    rows = Appointment.objects.filter(state__in=("booked", "confirmed", "arrived"), ends_at__lt=now)
    return rows.select_related("site", "patient").order_by("starts_at")


OLD_AFTER = timedelta(hours=3)


def is_day_over(clock: SimulatedClock) -> bool:
    """Return whether the day that was opened last is over: hours have passed, or there was none yet."""
    last = Session.objects.filter(site=clock.site).order_by("opened_at").last()
    return last is None or clock.now - last.opened_at >= OLD_AFTER
