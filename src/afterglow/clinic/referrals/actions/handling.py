"""Working on a referral before anybody decides: who has it, calls, what is asked, how urgent it is, pausing."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.notices.hours import get_hours
from afterglow.clinic.people.checks import Checks, get_local_date
from afterglow.clinic.referrals import events
from afterglow.clinic.referrals.models import OPEN, PAUSED, WAITING, Referral, ReferralEvent
from afterglow.clinicday.triage import (
    calculate_due,
    get_waiting_days,
    list_asked,
    list_steps,
    load_urgencies,
    measure_clock,
)

EDIT = "referral.edit"
WHOM = ("doctor", "person", "ward", "here")
NAMED = {"doctor": "the doctor", "person": "the person", "ward": "the ward", "here": "here"}
# how a call ended; in a crisis one of the second row is needed before it counts as over
CALLS = ("reached", "no-answer", "message-left", "wrong-number")
CRISIS_CALLS = ("spoken-safe", "emergency-called", "with-other", "not-reached")
_LONGEST_PAUSE_D = 366


@action
def take(*, referral: Referral, by: Any, now: datetime, is_takeover: bool = False) -> Referral:
    """Take a referral, so that everybody sees who has it; from somebody else only when that is said."""
    policy.require(by, EDIT, referral)
    row = events.lock(referral)
    if row.taken_by_id == by.pk:
        return row
    if row.taken_by_id is not None and not is_takeover:
        raise Conflict(f"{row.taken_by} has taken this referral; take it over if you mean to")
    before = row.taken_by_id or ""
    row.taken_by, row.taken_at = by, max(now, row.received_at)
    events.keep(row, referral)
    events.note(row, "taken", by=by, now=now, codes={"from": before})
    return row


@action
def hand_back(*, referral: Referral, by: Any, now: datetime) -> Referral:
    """Give a referral back to everybody."""
    policy.require(by, EDIT, referral)
    row = events.lock(referral)
    if row.taken_by_id is None:
        raise Conflict("nobody has taken this referral")
    row.taken_by, row.taken_at = None, None
    events.keep(row, referral)
    events.note(row, "handed-back", by=by, now=now)
    return row


@action
def log_call(*, referral: Referral, outcome: str, by: Any, now: datetime, text: str = "") -> ReferralEvent:
    """Log a call; in a crisis its outcome says whether the danger is dealt with, and only then the crisis is over."""
    policy.require(by, EDIT, referral)
    row = events.lock(referral)
    checks = Checks()
    word = checks.word(outcome, "outcome", CRISIS_CALLS if row.is_crisis else CALLS, is_required=True)
    words = checks.text(text, "text", longest=2000, is_required=row.is_crisis)
    checks.raise_problems()
    is_over = row.is_crisis and word != "not-reached"
    if is_over and not policy.is_licensed(by, row.site):
        raise Denied(EDIT, "a licensed clinician says how a crisis ended")
    event = events.note(
        row, "called", by=by, now=now, text=words, detail={"outcome": word, "is_over": is_over}, codes={"outcome": word}
    )
    if row.taken_by_id is None:
        row.taken_by, row.taken_at = by, max(now, row.received_at)
    if is_over or word == "reached":
        _reply(row, by=by, now=now)
    if is_over:
        events.settle_task(row, events.CRISIS, by=by, now=now, outcome=word)
        _change_urgency(row, "urgent", "after the crisis call", by=by, now=now)
    events.keep(row, referral)
    return event


@action
def set_urgency(*, referral: Referral, urgency: str, reason: str, by: Any, now: datetime) -> Referral:
    """Set how urgent a referral is, with the reason; a crisis ends by its call, not by a word."""
    policy.require(by, EDIT, referral)
    row = events.lock(referral)
    checks = Checks()
    word = checks.word(urgency, "urgency", load_urgencies(), is_required=True)
    words = checks.text(reason, "reason", longest=300, is_required=True)
    checks.raise_problems()
    if row.is_crisis and word != "crisis":
        raise Refused("crisis-needs-call", "a crisis ends when the call and its outcome are logged")
    if word != row.urgency:
        _change_urgency(row, word, words, by=by, now=now)
        events.keep(row, referral)
    return row


@action
def ask_for(
    *,
    referral: Referral,
    items: Iterable[str],
    whom: str,
    by: Any,
    now: datetime,
    text: str = "",
    is_first: bool = False,
) -> Referral:
    """Ask somebody for what is missing, as a task; with `is_first` the decision itself waits for the answers."""
    policy.require(by, EDIT, referral)
    row = events.lock(referral)
    today = get_local_date(row.site, now)
    known = {item.key: item for item in list_asked(row.answers, today)}
    checks = Checks()
    keys = [checks.word(item, "items", known, is_required=True) for item in dict.fromkeys(items)]
    to = checks.word(whom, "whom", WHOM, is_required=True)
    words = checks.text(text, "text", longest=1000)
    if not keys and not words:
        checks.refuse("items", "nothing-asked", "", "an item that is missing, or words", "say what is asked")
    if is_first and row.is_crisis:
        checks.refuse("is_first", "crisis-waits-not", "", "a call", "a crisis does not wait for answers")
    checks.raise_problems()
    asked = "; ".join(part for part in (", ".join(known[key].words for key in keys), words) if part)
    detail = f"Ask {NAMED[to]}: {asked}"
    about = ".".join((*keys, to)) or "words"
    events.open_task(row, events.ASK, by=by, now=now, about=f"{about}.{row.version}"[:60], detail=detail[:500])
    if is_first:
        row.state, row.waiting_since = WAITING, now
        row.waiting_until = today + timedelta(days=get_waiting_days())
        _reply(row, by=by, now=now)
    events.keep(row, referral)
    events.note(
        row,
        "asked",
        by=by,
        now=now,
        text=words,
        detail={"items": keys, "whom": to, "is_first": is_first},
        codes={"items": keys, "whom": to},
    )
    return row


@action
def open_step(*, referral: Referral, rule: str, by: Any, now: datetime) -> Any:
    """Make the task that the clinic's policy asks for because of what was told, such as the C-SSRS."""
    policy.require(by, EDIT, referral)
    row = events.lock(referral)
    step = next((item for item in list_steps(row.answers) if item.rule == rule), None)
    if step is None:
        raise Refused("step-absent", f"nothing told here asks for {rule}")
    due = now + timedelta(days=step.within_days)
    task = events.open_task(row, events.RISK, by=by, now=now, due_at=due, detail=f"{step.title}: {step.asks}")
    events.note(row, "step-opened", by=by, now=now, text=step.asks, codes={"rule": rule})
    return task


@action
def pause(*, referral: Referral, until: date, reason: str, by: Any, now: datetime) -> Referral:
    """Pause a referral until a day, as agreed with the person; the time that was left then goes on."""
    policy.require(by, EDIT, referral)
    row = events.lock(referral)
    today = get_local_date(row.site, now)
    last = today + timedelta(days=_LONGEST_PAUSE_D)
    checks = Checks()
    words = checks.text(reason, "reason", longest=300, is_required=True)
    if not isinstance(until, date) or isinstance(until, datetime) or not today < until <= last:
        accepted = f"after {today.isoformat()}, at most {last.isoformat()}"
        checks.refuse("until", "day-not-accepted", str(until or ""), accepted, "this day is not possible")
    checks.raise_problems()
    if row.is_crisis:
        raise Refused("crisis-not-paused", "a crisis is not paused; call first")
    hours = get_hours(row.site)
    left = measure_clock(row.urgency, row.reply_due_at, now, hours).left_min
    starts = datetime.combine(until, time(0), ZoneInfo(row.site.timezone)).astimezone(UTC)
    row.state, row.paused_until, row.pause_reason, row.paused_left_min = PAUSED, until, words, max(left, 0)
    row.reply_due_at = hours.add_open_time(starts, timedelta(minutes=max(left, 0)))
    events.keep(row, referral)
    events.note(row, "paused", by=by, now=now, text=words, codes={"until": until.isoformat(), "left_min": left})
    events.retime_reply(row, by=by, now=now)
    return row


@action
def resume(*, referral: Referral, by: Any, now: datetime) -> Referral:
    """End a pause or a waiting before its day."""
    policy.require(by, EDIT, referral)
    row = events.lock(referral)
    if row.state not in (PAUSED, WAITING):
        raise Conflict("this referral is open already")
    if row.state == PAUSED:
        hours = get_hours(row.site)
        row.reply_due_at = hours.add_open_time(now, timedelta(minutes=row.paused_left_min or 0))
    row.state, row.paused_until, row.paused_left_min = OPEN, None, None
    row.waiting_since, row.waiting_until = None, None
    events.keep(row, referral)
    events.note(row, "resumed", by=by, now=now)
    events.retime_reply(row, by=by, now=now)
    return row


@action
def add_note(*, referral: Referral, text: str, by: Any, now: datetime) -> ReferralEvent:
    """Write something about a referral, at any state."""
    policy.require(by, EDIT, referral)
    checks = Checks()
    words = checks.text(text, "text", longest=4000, is_required=True)
    checks.raise_problems()
    return events.note(events.lock(referral, must_be_live=False), "noted", by=by, now=now, text=words)


def _change_urgency(row: Referral, urgency: str, reason: str, *, by: Any, now: datetime) -> None:
    before = row.urgency
    row.urgency, row.urgency_reason = urgency, reason[:300]
    if row.first_reply_at is None or before == "crisis":
        row.reply_due_at = calculate_due(urgency, max(now, row.received_at), get_hours(row.site))
    if urgency == "crisis":
        events.open_task(row, events.CRISIS, by=by, now=now, detail=reason)
    events.retime_reply(row, by=by, now=now)
    events.note(row, "urgency-set", by=by, now=now, text=reason, codes={"from": before, "to": urgency})


def _reply(row: Referral, *, by: Any, now: datetime) -> None:
    """Note the first reply that a person got, and close the task that asked for it."""
    if row.first_reply_at is None:
        row.first_reply_at = max(now, row.received_at)
    events.settle_task(row, events.REPLY, by=by, now=now, outcome="done")
