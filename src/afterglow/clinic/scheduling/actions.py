"""Actions on visits: book, move, cancel, arrivals, no-shows, late comers, and the start of the session.

Whoever books holds the person's row and the day's row until the booking is stored or refused, so that of two desks at
the last place one wins and the other is told. Each action is one transaction: a killed server leaves nothing behind.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.dosing_sessions.actions import open_session
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.errors import Refused
from afterglow.clinic.people.checks import Checks, as_json, get_local_date
from afterglow.clinic.scheduling.days import get_bounds, load_span
from afterglow.clinic.scheduling.judging import (
    Case,
    Request,
    find_plan_of,
    judge,
    judge_running,
    load_case,
    settle,
    soften,
)
from afterglow.clinic.scheduling.models import DOSING, HOLDING, SHOWN, Appointment
from afterglow.clinic.scheduling.openings import Opening, find_openings
from afterglow.clinic.scheduling.series import find_next_number, plan_series
from afterglow.clinic.scheduling.storing import (
    BOOK,
    check_because,
    check_escort,
    check_place,
    check_request,
    end,
    hold,
    lock,
    refuse_taken,
    store,
)
from afterglow.clinic.scheduling.telling import BOOKED, CANCELLED, MOVED, call_back, remind, tell_patient
from afterglow.clinic.scheduling.voiding import refuse_void
from afterglow.clinicday.acceptance import name_rules, read_acceptances
from afterglow.terms import Finding

__all__ = [
    "Opening",
    "book",
    "cancel",
    "confirm",
    "find_openings",
    "judge_booking",
    "list_day",
    "mark_arrived",
    "mark_done",
    "mark_late",
    "mark_no_show",
    "move",
    "name_escort",
    "plan_series",
    "start_session",
    "take_back_arrival",
    "take_back_no_show",
]

WAITING = ("booked", "confirmed")
NO_START = "the session cannot start here now"
REASON = 200


def judge_booking(
    *,
    site: Any,
    patient: Any,
    kind: str,
    starts_at: datetime,
    place: Any,
    nurse: Any,
    clinician: Any,
    plan: Any,
    protocol: str,
    now: datetime,
    ignoring: Any = None,
    escort: Any = None,
) -> list[Finding]:
    """Return everything that stands against a visit, or for it, worst first; nothing is stored."""
    request = Request(starts_at, place, nurse, clinician, escort)
    case = load_case(site=site, patient=patient, kind=kind, plan=plan, protocol_id=protocol, now=now, ignoring=ignoring)
    return judge(case, load_span(site, get_local_date(site, starts_at), now=now), request)


@action
def book(
    *,
    site: Any,
    patient: Any,
    kind: str,
    starts_at: datetime,
    place: Any,
    nurse: Any = None,
    clinician: Any = None,
    plan: Any = None,
    series: Any = None,
    number: int | None = None,
    escort: Any = None,
    accepted: Iterable[str] = (),
    by: Any,
    now: datetime,
    note: str = "",
    tell: bool = False,
    because: str = "",
) -> Appointment:
    """Book a visit; `accepted` names the rules that whoever books goes on in spite of, `because` says why.

    A reminder is queued for the day before; `tell` sends the person the new time at once as well.

    Raises
    ------
    InvalidInput
        Something given cannot be used; all problems at once.
    Refused
        Findings stand against it: stops, or cautions that were not accepted by a role that may.
    """
    policy.require(by, BOOK, site)
    request = Request(starts_at, place, nurse, clinician, escort)
    words = check_request(site, patient, kind, request, plan=plan, series=series, note=note)
    reason = check_because(because)
    hold(site, patient, starts_at)
    case = load_case(site=site, patient=patient, kind=kind, plan=plan, protocol_id="", now=now)
    findings = judge(case, load_span(site, get_local_date(site, starts_at), now=now), request)
    kept = settle(findings, accepted=accepted, by=by, site=site, now=now, plan=plan, because=reason)
    if series is not None and number is None:
        number = find_next_number(series)
    row = store(case, request, findings, kept, site=site, series=series, number=number, by=by, now=now, note=words)
    detail = {"kind": kind, "accepted": name_rules(kept), "series": audit.identify(series)}
    audit.record(by=by, action="visit.booked", subject=row, now=now, patient=patient, site=site, detail=detail)
    remind(row, by=by, now=now)
    if tell:
        tell_patient(row, BOOKED, by=by, now=now)
    return row


@action
def move(
    *,
    appointment: Appointment,
    starts_at: datetime,
    place: Any,
    nurse: Any,
    by: Any,
    now: datetime,
    reason: str,
    clinician: Any = None,
    accepted: Iterable[str] = (),
    version: int | None = None,
    tell: bool = False,
    because: str = "",
) -> Appointment:
    """Move a visit that has not begun; the old row stays as moved and leads to the new one, which is returned."""
    policy.require(by, BOOK, appointment)
    checks = Checks()
    words = checks.text(reason, "reason", longest=REASON, is_required=True)
    checks.raise_problems()
    why = check_because(because)
    site, patient = appointment.site, appointment.patient
    clinician = clinician if clinician is not None else appointment.clinician
    request = Request(starts_at, place, nurse, clinician, appointment.escort)
    check_request(site, patient, appointment.kind, request, plan=appointment.plan, series=appointment.series)
    hold(site, patient, starts_at, appointment.starts_at)
    old = lock(appointment, states=WAITING, version=version)
    plan = find_plan_of(old)
    case = load_case(site=site, patient=patient, kind=old.kind, plan=plan, protocol_id="", now=now, ignoring=old)
    findings = judge(case, load_span(site, get_local_date(site, starts_at), now=now), request)
    kept = settle(findings, accepted=accepted, by=by, site=site, now=now, plan=plan, because=why)
    end(old, "moved", by=by, now=now, reason=words)
    row = store(
        case, request, findings, kept, site=site, series=old.series, number=old.number, by=by, now=now, note=old.note,
        moved_from=old,
    )  # fmt: skip
    detail = {"from": old.pk, "accepted": name_rules(kept)}
    audit.record(by=by, action="visit.moved", subject=row, now=now, patient=patient, site=site, detail=detail)
    call_back(old, by=by, now=now)
    remind(row, by=by, now=now)
    if tell:
        tell_patient(row, MOVED, by=by, now=now)
    return row


@action
def cancel(
    *, appointment: Appointment, by: Any, now: datetime, reason: str, version: int | None = None, tell: bool = False
) -> Appointment:
    """Cancel a visit that has not begun."""
    policy.require(by, BOOK, appointment)
    checks = Checks()
    words = checks.text(reason, "reason", longest=REASON, is_required=True)
    checks.raise_problems()
    hold(appointment.site, appointment.patient, appointment.starts_at)
    row = lock(appointment, states=(*WAITING, "arrived"), version=version)
    end(row, "cancelled", by=by, now=now, reason=words)
    call_back(row, by=by, now=now)
    if tell:
        tell_patient(row, CANCELLED, by=by, now=now)
    return _tell(row, "visit.cancelled", by=by, now=now)


@action
def confirm(*, appointment: Appointment, by: Any, now: datetime) -> Appointment:
    """Note that the person said they will come."""
    policy.require(by, BOOK, appointment)
    row = lock(appointment, states=("booked",))
    refuse_void(row, now=now)
    return _change(row, "visit.confirmed", by=by, now=now, state="confirmed")


@action
def name_escort(*, appointment: Appointment, escort: Any, by: Any, now: datetime) -> Appointment:
    """Name the adult who takes the person home on this day, or nobody yet."""
    policy.require(by, BOOK, appointment)
    checks = Checks()
    check_escort(checks, escort, appointment.patient)
    checks.raise_problems()
    row = lock(appointment, states=(*HOLDING,))
    if escort is not None:
        from afterglow.clinic.floor.escorts import settle_unnamed

        settle_unnamed(patient=row.patient, on=get_local_date(row.site, row.starts_at), by=by, now=now)
    return _change(row, "visit.escort-named", by=by, now=now, escort=escort)


@action
def mark_arrived(*, appointment: Appointment, by: Any, now: datetime) -> Appointment:
    """Note that the person is here; the visit's findings then say whether its place is free by now."""
    policy.require(by, BOOK, appointment)
    row = lock(appointment, states=WAITING)
    if get_local_date(row.site, row.starts_at) != get_local_date(row.site, now):
        raise Refused("not-today", "this visit is on another day; move it first")
    request = Request(max(now, row.starts_at), row.place, row.nurse, row.clinician, row.escort)
    findings = soften(judge(_load(row, now), load_span(row.site, get_local_date(row.site, now), now=now), request))
    found = as_json([finding.to_json() for finding in findings])
    return _change(row, "visit.arrived", by=by, now=now, state="arrived", arrived_at=now, findings=found)


@action
def take_back_arrival(*, appointment: Appointment, by: Any, now: datetime) -> Appointment:
    """Take back that a person is here: somebody else was meant, and nothing has begun."""
    policy.require(by, BOOK, appointment)
    row = lock(appointment, states=("arrived",))
    return _change(row, "visit.arrival-taken-back", by=by, now=now, state="booked", arrived_at=None)


@action
def mark_no_show(*, appointment: Appointment, by: Any, now: datetime, reason: str = "") -> Appointment:
    """Note that the person did not come; only once the time of the visit has begun."""
    policy.require(by, BOOK, appointment)
    checks = Checks()
    words = checks.text(reason, "reason", longest=REASON)
    checks.raise_problems()
    hold(appointment.site, appointment.patient, appointment.starts_at)
    row = lock(appointment, states=WAITING)
    if now < row.starts_at:
        raise Refused("not-yet", "this visit has not begun; cancel it, or wait")
    end(row, "no-show", by=by, now=now, reason=words)
    call_back(row, by=by, now=now)
    return _tell(row, "visit.no-show", by=by, now=now)


@action
def take_back_no_show(*, appointment: Appointment, is_here: bool, by: Any, now: datetime) -> Appointment:
    """Take back on its own day that a person did not come: here after all, or still expected.

    The place was free meanwhile: where somebody else has it now, the visit stands without one.
    """
    policy.require(by, BOOK, appointment)
    site, patient = appointment.site, appointment.patient
    hold(site, patient, appointment.starts_at)
    row = lock(appointment, states=("no-show",))
    if get_local_date(site, row.starts_at) != get_local_date(site, now):
        raise Refused("not-today", "this visit was on another day; book a new one")
    until = now + (row.ends_at - row.starts_at)
    others = Appointment.objects.filter(site=site, state__in=HOLDING, starts_at__lt=until, ends_at__gt=row.starts_at)
    if others.filter(patient=patient).exists():
        raise Refused("booked-again", "this person has another visit at this time; use that one, or cancel it first")
    if (
        row.series_id
        and Appointment.objects.filter(series=row.series_id, number=row.number, state__in=(*HOLDING, "done")).exists()
    ):
        raise Refused("booked-again", "this visit of the series was booked again meanwhile; move that one to today")
    if row.place_id and others.filter(place=row.place_id).exists():
        row.place = None
    request = Request(now, row.place, row.nurse, row.clinician, row.escort)
    findings = judge(_load(row, now), load_span(site, get_local_date(site, now), now=now), request)
    state, arrived_at = ("arrived", now) if is_here else ("booked", None)
    with refuse_taken(row):
        return _change(
            row, "visit.came-after-all" if is_here else "visit.no-show-taken-back", by=by, now=now, state=state,
            arrived_at=arrived_at, ended_at=None, ended_by=None, end_reason="",
            findings=as_json([finding.to_json() for finding in findings]),
        )  # fmt: skip


@action
def mark_late(*, appointment: Appointment, expected_at: datetime, by: Any, now: datetime) -> Appointment:
    """Note when a late person is expected; the visit's findings then say whether the day still holds it."""
    policy.require(by, BOOK, appointment)
    row = lock(appointment, states=WAITING)
    checks = Checks()
    same_day = get_local_date(row.site, expected_at) == get_local_date(row.site, row.starts_at)
    if expected_at.tzinfo is None or expected_at <= row.starts_at or not same_day:
        accepted = "a time after the booked one, on the same day"
        checks.refuse("expected_at", "expected-not-later", expected_at.isoformat(), accepted, f"give {accepted}")
    checks.raise_problems()
    request = Request(expected_at, row.place, row.nurse, row.clinician, row.escort)
    findings = judge(_load(row, now), load_span(row.site, get_local_date(row.site, expected_at), now=now), request)
    found = as_json([finding.to_json() for finding in findings])
    return _change(row, "visit.late", by=by, now=now, expected_at=expected_at, findings=found)


@action
def mark_done(*, appointment: Appointment, by: Any, now: datetime) -> Appointment:
    """Note that a visit without a session has taken place."""
    policy.require(by, BOOK, appointment)
    row = lock(appointment, states=HOLDING)
    if row.kind == DOSING:
        raise Refused("has-session", "a dosing visit is done when its session ends")
    if now < row.starts_at:
        raise Refused("not-yet", "this visit has not begun")
    return _change(row, "visit.done", by=by, now=now, state="done", ended_at=now, ended_by=by)


@action
def start_session(
    *,
    appointment: Appointment,
    by: Any,
    now: datetime,
    accepted: Iterable[str] = (),
    because: str = "",
    place: Any = None,
) -> Session:
    """Open the dosing session of a visit and link it, at `place` or where it is booked; all is judged as of now.

    What was accepted at booking stays accepted while it is no worse than it was seen then; `accepted` adds what has
    come up or become worse since.
    """
    policy.require(by, "session.open", appointment)
    why = check_because(because)
    site, patient = appointment.site, appointment.patient
    checks = Checks()
    check_place(checks, place, site)
    checks.raise_problems()
    hold(site, patient, appointment.starts_at)
    row = lock(appointment, states=(*WAITING, "arrived"))
    if row.kind != DOSING:
        raise Refused("not-dosing", "only a dosing visit has a session")
    today = get_local_date(site, now)
    if get_local_date(site, row.starts_at) != today:
        raise Refused("not-today", "this visit is on another day; move it first")
    begins_at, _ = get_bounds(ZoneInfo(site.timezone), today)
    row.place = place if place is not None else row.place
    request = Request(now, row.place, row.nurse, row.clinician, row.escort)
    findings = judge_running(site=site, patient=patient, place=row.place, since=begins_at)
    is_said = bool(findings)  # who sits there is said once
    judged = soften(judge(_load(row, now), load_span(site, today, now=now), request))
    findings += [each for each in judged if each.rule != "BK-10" or not is_said]
    plan = find_plan_of(row)
    kept = settle(
        findings, accepted=accepted, by=by, site=site, now=now, plan=plan, because=why,
        already=read_acceptances(row.accepted), says=NO_START,
    )  # fmt: skip
    session = open_session(
        patient=patient, plan=plan, site=site, by=by, now=now, place=row.place.name if row.place is not None else "",
        planned_at=row.starts_at, visit=row,
    )  # fmt: skip
    found = as_json([finding.to_json() for finding in findings])
    with refuse_taken(row, says=NO_START):
        _change(
            row, "visit.session-started", by=by, now=now, state="in-session", session=session,
            arrived_at=row.arrived_at or now, findings=found, accepted=[each.to_json() for each in kept], plan=plan,
        )  # fmt: skip
    return session


def list_day(site: Any, on: date) -> list[Appointment]:
    """Return the visits of a local day that are booked, running, done or missed, in order."""
    begins_at, ends_at = get_bounds(ZoneInfo(site.timezone), on)
    rows = Appointment.objects.filter(site=site, state__in=SHOWN, starts_at__gte=begins_at, starts_at__lt=ends_at)
    return list(
        rows.select_related("patient", "place", "nurse", "clinician", "plan", "series", "session", "escort").order_by(
            "starts_at", "pk"
        )
    )


def finish_visit(*, session: Session, now: datetime) -> None:
    """Note that a visit's session has ended; joins the transaction in which the session's last event is stored."""
    state = "cancelled" if session.phase == "cancelled" else "done"
    Appointment.objects.filter(session=session, state="in-session").update(state=state, ended_at=now)


def _load(row: Appointment, now: datetime) -> Case:
    plan = find_plan_of(row)
    return load_case(
        site=row.site, patient=row.patient, kind=row.kind, plan=plan, protocol_id="", now=now, ignoring=row
    )


def _change(row: Appointment, word: str, *, by: Any, now: datetime, **values: Any) -> Appointment:
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    row.save()
    return _tell(row, word, by=by, now=now)


def _tell(row: Appointment, word: str, *, by: Any, now: datetime) -> Appointment:
    audit.record(by=by, action=word, subject=row, now=now, patient=row.patient_id, site=row.site_id)
    return row
