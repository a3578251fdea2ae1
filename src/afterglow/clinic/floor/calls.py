"""Calls for help and the log of an emergency: one tap each, shown until answered, kept in the session's record.

A call tells the staff of a site; it does not call an ambulance. A dose logged in an emergency is also a rescue drug of
the session, and a stopped infusion its stop, at their own times; the end of the emergency is an event of the session.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.chairside.dosing import find_end, find_start
from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.dosing_sessions.actions import submit_command
from afterglow.clinic.dosing_sessions.fold import load_protocol, load_state
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, CommandReceipt, Session
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.floor.models import CodeLog, HelpCall
from afterglow.clinic.floor.news import tell_floor
from afterglow.clinic.prepared import Prepared
from afterglow.clinic.sites.models import Site
from afterglow.clinicday.floor import load_code_steps
from afterglow.protocols.model import Pattern
from afterglow.terms import Finding, Grade, InvalidInput, Override, Severity, build_error, render_instant

HELP = "floor.help"
RECORD = "session.record"
STOP = "record-stop"
EARLIEST = timedelta(hours=24)
_OPEN = Prepared(
    lambda site: (
        HelpCall.objects.filter(site=site, closed_at__isnull=True)
        .select_related("place", "session", "raised_by", "answered_by", "site")
        .order_by("raised_at", "pk")
    )
)


@action
def raise_help(
    *, site: Any, by: Any, now: datetime, place: Any = None, session: Any = None, locked: str | None = None
) -> HelpCall:
    """Call for help from a place; a call from there that nobody has answered yet is returned, not doubled.

    Without a room only one's own call is the same call: two people who call from two rooms need help in both.
    `locked` is the sign-in whose locked screen was tapped, by whom is not known; the call and the audit say so.
    """
    policy.require(by, HELP, site)
    for subject in (place, session):
        if subject is not None and subject.site_id != site.pk:
            raise Refused("place-elsewhere", "this room is at another site")
    if session is not None and place is None:
        place = site.places.filter(name=session.place).first()
    if session is None and place is not None:
        session = find_session_at(place)
    # two taps at once wait for each other here, so that one call is not raised twice
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    waiting = HelpCall.objects.filter(site=site, place=place, answered_at__isnull=True, closed_at__isnull=True)
    if place is None:
        waiting = waiting.filter(session=session) if session is not None else waiting.filter(session=None, raised_by=by)
    if found := waiting.first():
        return found
    is_locked = locked is not None
    call = HelpCall.objects.create(
        site=site, place=place, session=session, raised_by=by, raised_at=now, is_from_locked_screen=is_locked
    )
    _tell(call, "help.raised", by=by, now=now, **_describe_screen(locked))
    return call


def _describe_screen(locked: str | None) -> dict[str, Any]:
    return {} if locked is None else {"screen": "locked", "sign_in": locked}


def find_session_at(place: Any) -> Session | None:
    """Return the live session at a place, or None."""
    rows = Session.objects.filter(site=place.site_id, place=place.name, is_closed=False)
    return rows.filter(phase__in=LIVE_PHASES).first()


def name_where(call: HelpCall) -> str:
    """Return where somebody calls: the room, the session's place, a site without rooms; nothing if not said."""
    if call.place is not None:
        return str(call.place.name)
    if call.session is not None and call.session.place:
        return str(call.session.place)
    return "" if call.site.places.filter(is_active=True).exists() else str(call.site.name)


@action
def name_place(*, call: HelpCall, place: Any, by: Any, now: datetime, locked: str | None = None) -> HelpCall:
    """Say where a call comes from that was raised without a room."""
    row = _lock(call, by)
    if place.site_id != row.site_id:
        raise Refused("place-elsewhere", "this room is at another site")
    row.place, row.session = place, find_session_at(place)
    row.save(update_fields=["place", "session"])
    _tell(row, "help.placed", by=by, now=now, **_describe_screen(locked))
    return row


@action
def answer_help(*, call: HelpCall, by: Any, now: datetime) -> HelpCall:
    """Answer a call: somebody is on the way; who answered first stays, and who calls does not come to help.

    Raises
    ------
    Refused
        The one who called answers; they may say that no help is needed any more, by closing the call.
    """
    row = _lock(call, by)
    if row.answered_at is None:
        if row.is_by(by):
            raise Refused("own-call", "who called for help cannot answer it; close it when none is needed any more")
        row.answered_by, row.answered_at = by, max(now, row.raised_at)
        row.save(update_fields=["answered_by", "answered_at"])
        _tell(row, "help.answered", by=by, now=now)
    return row


@action
def start_code(*, call: HelpCall, by: Any, now: datetime) -> HelpCall:
    """Begin the log of an emergency; a call that began already goes on."""
    row = _lock(call, by)
    if row.closed_at is not None:
        raise Conflict("this call was closed already")
    if row.code_at is None:
        row.code_at = max(now, row.raised_at)
        row.save(update_fields=["code_at"])
        _tell(row, "code.began", by=by, now=now)
    return row


@action
def record_code_step(*, call: HelpCall, step: str, by: Any, now: datetime, at: datetime | None = None) -> CodeLog:
    """Log one step of an emergency at its time; a dose or a stop is entered in the session too, in the same act."""
    row = _lock(call, by)
    if row.closed_at is not None:
        raise Conflict("this emergency was closed; add an addendum to the session")
    known = load_code_steps().get(step)
    if known is None:
        raise InvalidInput([build_error("step", "step-unknown", step, ", ".join(load_code_steps()), "no such step")])
    occurred_at = at or now
    if not row.raised_at - EARLIEST <= occurred_at <= now:
        message = "a step lies between the call and now"
        raise InvalidInput([build_error("at", "step-time", occurred_at.isoformat(), "not later than now", message)])
    if row.code_at is None:
        row.code_at = min(occurred_at, now)
        row.save(update_fields=["code_at"])
    logged = CodeLog.objects.create(call=row, step=step, at=occurred_at, by=by, recorded_at=now)
    for each in list_steps(row):
        # also what somebody who may not record tapped before
        _enter(row, each, by=by, now=now)
    _tell(row, "code.logged", by=by, now=now, step=step)
    return logged


@action
def take_back_code_step(*, logged: CodeLog, by: Any, now: datetime) -> CodeLog:
    """Take a step back that was tapped by mistake; both stay to be read, and so does the dose, struck out.

    Raises
    ------
    Refused
        The dose that the step entered into the session stands there and `by` may not strike it out: the step stays.
    """
    row = _lock(logged.call, by)
    if row.closed_at is not None:
        raise Conflict("this emergency was closed; add an addendum to the session")
    if logged.takes_back_id is not None:
        raise Conflict("this entry takes a step back already")
    if found := CodeLog.objects.filter(takes_back=logged).first():
        return found
    back = CodeLog.objects.create(call=row, step=logged.step, at=now, by=by, recorded_at=now, takes_back=logged)
    _strike(row, logged, by=by, now=now)
    _tell(row, "code.taken-back", by=by, now=now, step=logged.step)
    return back


@action
def close_call(*, call: HelpCall, by: Any, now: datetime) -> HelpCall:
    """Close a call; an emergency with a session becomes an event of its record, with every step that stands."""
    row = _lock(call, by)
    if row.closed_at is not None:
        return row
    if row.answered_at is None and not row.is_by(by):
        row.answered_by, row.answered_at = by, max(now, row.raised_at)
    row.closed_by, row.closed_at = by, max(now, row.answered_at or row.raised_at)
    row.save(update_fields=["answered_by", "answered_at", "closed_by", "closed_at"])
    is_recorded = row.code_at is not None and _write_into_record(row, by=by, now=now)
    _tell(row, "help.closed", by=by, now=now, recorded=is_recorded)
    return row


def list_steps(call: HelpCall) -> list[CodeLog]:
    """Return the steps of an emergency that stand, in order of time."""
    rows = list(CodeLog.objects.filter(call=call).select_related("by"))
    gone = {row.takes_back_id for row in rows if row.takes_back_id}
    return [row for row in rows if row.takes_back_id is None and row.pk not in gone]


def list_open_calls(site_id: str) -> list[HelpCall]:
    """Return the calls of a site that are not closed, the oldest first."""
    return _OPEN.ask(site=site_id)


def list_own_calls(site: Any, user: Any) -> list[HelpCall]:
    """Return the open calls of a site that somebody made, the oldest first."""
    return [call for call in list_open_calls(site.pk) if call.raised_by_id == user.pk]


def _write_into_record(call: HelpCall, *, by: Any, now: datetime) -> bool:
    """Enter an emergency into its session; a closed record or a call without a session keeps its log here alone."""
    session = call.session
    if session is None:
        return False
    policy.require(by, RECORD, session)
    session.refresh_from_db()
    if session.is_closed:
        return False
    standing, titles = list_steps(call), load_code_steps()
    for step in standing:
        _enter(call, step, by=by, now=now)
    rows = [(step.at, step.step, titles[step.step].title, step.by) for step in standing]
    # a step may be dated before the call; of one second the call's own entries stand around the steps
    rows = sorted([*_list_opening(call), *rows], key=lambda row: row[0]) + _list_end(call)
    zone = ZoneInfo(call.site.timezone)
    steps = [
        {
            "step": step,
            "label": label,
            "at": render_instant(at),
            "time": f"{at.astimezone(zone):%H:%M:%S}",
            "by": "" if who is None else str(who.pk),
        }
        for at, step, label, who in rows
    ]
    data = {
        "call": call.pk,
        "began_at": render_instant(call.code_at or call.raised_at),
        "ended_at": render_instant(call.closed_at or now),
        "steps": steps,
    }
    submit_command(session=session, type="record-emergency", data=data, by=by, now=now, request_key=f"code-{call.pk}")
    return True


def _list_opening(call: HelpCall) -> list[tuple[datetime, str, str, Any]]:
    """Return who called, who answered and when the emergency began, as entries of its log."""
    name, is_locked = call.raised_by.display_name, call.is_from_locked_screen
    words = f"Help called from the locked screen of {name}" if is_locked else f"Help called by {name}"
    rows: list[tuple[datetime, str, str, Any]] = [
        (call.raised_at, "called", words, None if is_locked else call.raised_by)
    ]
    # who closes a call that nobody answered did not come to it
    if call.answered_at is not None and call.answered_by is not None and call.answered_at != call.closed_at:
        rows.append((call.answered_at, "answered", f"Answered by {call.answered_by.display_name}", call.answered_by))
    if call.code_at is not None:
        rows.append((call.code_at, "began", "Emergency began", None))
    return rows


def _list_end(call: HelpCall) -> list[tuple[datetime, str, str, Any]]:
    if call.closed_at is None or call.closed_by is None:
        return []
    end = (
        []
        if call.answered_at not in (None, call.closed_at)
        else [(call.closed_at, "unanswered", "Nobody answered", None)]
    )
    return [*end, (call.closed_at, "ended", f"Emergency ended by {call.closed_by.display_name}", call.closed_by)]


def _enter(call: HelpCall, logged: CodeLog, *, by: Any, now: datetime) -> None:
    """Enter what a step did into the session, once: a dose, the end of the infusion; who may not record leaves it."""
    step, session = load_code_steps()[logged.step], call.session
    if not (step.drug or step.command) or session is None or not policy.allow(by, RECORD, session):
        return
    key = f"code-{logged.pk}"
    session.refresh_from_db()
    if session.is_closed or CommandReceipt.objects.filter(session=session, key=key).exists():
        return
    if step.command == STOP and not _is_running_at(session, logged.at):
        return
    data = {**step.drug, "purpose": "rescue"} if step.drug else {"reason": "emergency"}
    submit_command(
        session=session,
        type=step.command or "record-drug-given",
        data=data,
        by=by,
        now=now,
        occurred_at=logged.at,
        request_key=key,
    )


def _is_running_at(session: Session, at: datetime) -> bool:
    """Return whether there is an infusion that a stop at an instant ends: begun, not ended, not resumed since."""
    state, protocol = load_state(session), load_protocol(session)
    started = find_start(state)
    if protocol.pattern is not Pattern.INFUSION or started is None or started > at:
        return False
    resumed = state.find_last("resume-recorded")
    return find_end(state, protocol) is None and (resumed is None or resumed.occurred_at <= at)


def _strike(call: HelpCall, logged: CodeLog, *, by: Any, now: datetime) -> None:
    """Strike out what a step entered into the session; refuse where it stands and `by` may not."""
    session = call.session
    receipt = CommandReceipt.objects.filter(session=session, key=f"code-{logged.pk}").first() if session else None
    if session is None or receipt is None:
        return
    session.refresh_from_db()
    seq = receipt.first_seq
    if seq in load_state(session).corrected:
        return
    data = {"seq": seq, "reason": "step of an emergency taken back", "emergency_step": str(logged.pk)}
    key = f"code-back-{logged.pk}"
    try:
        submit_command(session=session, type="withdraw-entry", data=data, by=by, now=now, request_key=key)
    except (Refused, Denied) as error:
        message = "what this step entered stands in the session's record; the step was not taken back"
        raise Refused("drug-stands", message, findings=[_find_standing(logged, seq, call, error)]) from None


def _find_standing(logged: CodeLog, seq: int, call: HelpCall, error: Exception) -> Finding:
    """Return what stands in the record and who strikes it out, or that an addendum says it."""
    step, at = load_code_steps()[logged.step], logged.at.astimezone(ZoneInfo(call.site.timezone))
    is_closed = getattr(error, "code", "") == "record-closed"
    asks = f"Ask a prescriber to take this step back here, or to correct entry {seq} of the session."
    return Finding(
        rule="drug-stands",
        severity=Severity.STOP,
        seen=f"{step.title}, {at:%H:%M:%S}, entry {seq} of the session",
        threshold="struck out within seconds by the person who tapped it, later by a prescriber",
        asks="The record is closed: add an addendum." if is_closed else asks,
        override=Override.NONE,
        source="SITE",
        grade=Grade.P,
        title="Entry stands in the record" if step.command else "Dose stands in the record",
    )


def _lock(call: HelpCall, by: Any) -> HelpCall:
    policy.require(by, HELP, call.site)
    rows = HelpCall.objects.select_for_update(of=("self",)).select_related("site", "place", "session")
    return rows.get(pk=call.pk)


def _tell(call: HelpCall, word: str, *, by: Any, now: datetime, **detail: Any) -> None:
    patient = call.session.patient_id if call.session is not None else None
    audit.record(by=by, action=word, subject=call, now=now, patient=patient, site=call.site_id, detail=detail)
    tell_floor(call.site_id)
