"""Receiving referrals: by staff from a letter or a call, and by the public form, once for each form sent."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.documents.actions import store_content
from afterglow.clinic.errors import Conflict
from afterglow.clinic.notices.hours import get_hours
from afterglow.clinic.people.checks import Checks, get_local_date
from afterglow.clinic.referrals import events
from afterglow.clinic.referrals.actions.duplicates import refresh_matches
from afterglow.clinic.referrals.following import open_steps
from afterglow.clinic.referrals.models import (
    OPEN,
    PUBLIC_FORM,
    SENDERS,
    SOURCES,
    WAITING,
    Referral,
    ReferralEvent,
    ReferralPaper,
)
from afterglow.clinicday.intake import is_crisis, iterate_alarms, read_intake
from afterglow.clinicday.triage import calculate_due, judge_urgency, load_urgencies
from afterglow.terms import InvalidInput

EDIT = "referral.edit"
# the columns that hold an answer of the same name, so that it can be found and compared
COLUMNS = (
    "family_name",
    "given_name",
    "sex",
    "phone",
    "email",
    "address",
    "language",
    "doctor",
    "doctor_phone",
    "insurance_last4",
    "asks",
    "history",
)
MOST_REPEATS = 5
_PAPER_KINDS = ("received", "letter")
_KEY_LONGEST = 80


@action
def receive_referral(
    *,
    site: Any,
    answers: Mapping[str, Any],
    source: str,
    by: Any,
    now: datetime,
    sent_by: str = "",
    referrer: str = "",
    received_at: datetime | None = None,
) -> Referral:
    """Enter a referral that came to staff; a letter may leave much open, which is then asked for."""
    policy.require(by, EDIT, site)
    reading = read_intake(answers, today=get_local_date(site, now), is_staff=True)
    checks = Checks()
    fields = {
        "source": checks.word(source, "source", SOURCES, is_required=True),
        "sent_by": checks.word(sent_by, "sent_by", SENDERS),
        "referrer": checks.text(referrer, "referrer", longest=160),
    }
    came_at = checks.past_instant(received_at, "received_at", now) or now
    problems = (*reading.problems, *checks.problems)
    if problems:
        raise InvalidInput(problems)
    return _store(site, reading.answers, by=by, now=now, received_at=min(came_at, now), **fields)


@action
def enter_referral(*, paper: tuple[str, bytes, str] | None = None, by: Any, now: datetime, **given: Any) -> Referral:
    """Enter a referral together with the letter it came in (title, bytes, media type): both, or neither."""
    referral = receive_referral(by=by, now=now, **given)
    if paper is not None:
        title, body, media_type = paper
        keep_paper(referral=referral, title=title, body=body, media_type=media_type, by=by, now=now)
    return referral


@action
def receive_public_intake(*, site: Any, answers: Mapping[str, Any], now: datetime, source_key: str) -> Referral:
    """Receive what a person sent by the public form; the same `source_key` twice is the first referral.

    A crisis waits for nothing: its referral is made from whatever can be read, and what cannot is kept in words.
    Other answers sent again under the same key are kept beside the first; a crisis told only then counts as one.
    """
    checks = Checks()
    key = checks.text(source_key, "source_key", longest=_KEY_LONGEST, is_required=True)
    checks.raise_problems()
    reading = read_intake(answers, today=get_local_date(site, now), is_partial=is_crisis(answers))
    if reading.problems and not is_crisis(answers):
        raise InvalidInput(reading.problems)
    unread = "\n".join(f"{p.path}: {_write_readable(answers.get(p.path, ''))}"[:500] for p in reading.problems)[:4000]
    first = Referral.objects.filter(site=site, source_key=key).first()
    if first is not None:
        return _receive_again(first, reading.answers, unread, now)
    fields = {"source": PUBLIC_FORM, "sent_by": "self", "source_key": key, "unread": unread}
    try:
        with transaction.atomic():
            return _store(site, reading.answers, by=None, now=now, received_at=now, **fields)
    except IntegrityError:
        return _receive_again(Referral.objects.get(site=site, source_key=key), reading.answers, unread, now)


@action
def record_answers(
    *, referral: Referral, answers: Mapping[str, Any], version: int, by: Any, now: datetime, text: str = ""
) -> Referral:
    """Enter what was answered later; earlier answers stay readable in the history, and answers awaited are there."""
    policy.require(by, EDIT, referral)
    row = events.lock(referral)
    if row.version != version:
        raise Conflict("this referral was changed by somebody else; read it again, then enter the answers")
    given = {**row.answers, **answers}
    reading = read_intake(given, today=get_local_date(row.site, now), is_staff=True)
    checks = Checks()
    words = checks.text(text, "text", longest=1000)
    if reading.problems or checks.problems:
        raise InvalidInput((*reading.problems, *checks.problems))
    earlier = dict(row.answers)
    changed = sorted(k for k in {*row.answers, *reading.answers} if row.answers.get(k) != reading.answers.get(k))
    before = {name: row.answers.get(name) for name in changed}
    _set_answers(row, reading.answers)
    if row.state == WAITING:
        row.state, row.waiting_since, row.waiting_until = OPEN, None, None
    _raise_urgency(row, by=by, now=now)
    events.keep(row, referral)
    after = {name: reading.answers.get(name) for name in changed}
    events.note(
        row,
        "answered",
        by=by,
        now=now,
        text=words,
        detail={"before": before, "after": after},
        codes={"fields": changed},
    )
    open_steps(row, by=by, now=now, before=earlier)
    refresh_matches(row, now=now)
    return row


@action
def keep_paper(
    *, referral: Referral, title: str, body: bytes, media_type: str, by: Any, now: datetime, kind: str = "received"
) -> ReferralPaper:
    """Keep a letter that came with a referral, or that answers it; on acceptance it is filed in the chart."""
    policy.require(by, EDIT, referral)
    checks = Checks()
    words = checks.text(title, "title", longest=200, is_required=True)
    checks.word(kind, "kind", _PAPER_KINDS, is_required=True)
    checks.raise_problems()
    content = store_content(body=body, media_type=media_type)
    paper = ReferralPaper(referral=referral, content=content, kind=kind, title=words, recorded_at=now, recorded_by=by)
    paper.save(force_insert=True)
    codes = {"kind": kind, "digest": content.pk}
    events.note(referral, "paper-kept", by=by, now=now, detail={"paper": paper.pk}, codes=codes)
    return paper


def _store(
    site: Any,
    answers: dict[str, Any],
    *,
    by: Any,
    now: datetime,
    received_at: datetime,
    unread: str = "",
    **fields: Any,
) -> Referral:
    urgency, reasons = judge_urgency(answers, get_local_date(site, now))
    row = Referral(site=site, urgency=urgency, urgency_reason="; ".join(reasons)[:300], **fields)
    row.received_at = received_at
    row.reply_due_at = calculate_due(urgency, received_at, get_hours(site))
    _set_answers(row, answers)
    row.save(force_insert=True)
    detail = {"answers": answers, "urgency": urgency, "reasons": reasons}
    codes = {"source": row.source, "urgency": urgency, "answers": len(answers)}
    events.note(row, "received", by=by, now=now, text=unread, detail=detail, codes=codes)
    _open_first_task(row, by=by, now=now)
    open_steps(row, by=by, now=now)
    refresh_matches(row, now=now)
    return row


def _write_readable(text: object) -> str:
    """Return a text with a mark for each letter that nobody can read, and that not every database stores."""
    return "".join(each if each.isprintable() or each in "\n\t" else "\ufffd" for each in str(text))


def _receive_again(first: Referral, answers: dict[str, Any], unread: str, now: datetime) -> Referral:
    """Keep answers that were sent again: nothing told is lost, and nothing told before is overwritten."""
    row = events.lock(first, must_be_live=False)
    repeats = ReferralEvent.objects.filter(referral=row, kind="sent-again")
    told = [row.answers, *(event.detail.get("answers", {}) for event in repeats)]
    is_new_crisis, earlier = is_crisis(answers) and not row.is_crisis, dict(row.answers)
    if answers in told or (len(told) > MOST_REPEATS and not is_new_crisis):
        return row
    if row.is_live:
        _set_answers(row, {**answers, **row.answers, **{item.name: "yes" for item in iterate_alarms(answers)}})
        _raise_urgency(row, by=None, now=now)
        events.keep(row, first)
    codes = {"answers": len(answers), "urgency": row.urgency}
    events.note(row, "sent-again", by=None, now=now, text=unread, detail={"answers": answers}, codes=codes)
    if row.is_live:
        open_steps(row, by=None, now=now, before=earlier)
        refresh_matches(row, now=now)
    elif is_new_crisis:
        events.open_task(row, events.CRISIS, by=None, now=now, about="again", detail=_describe_alarms(answers))
    return row


def _set_answers(row: Referral, answers: dict[str, Any]) -> None:
    row.answers = answers
    for name in COLUMNS:
        setattr(row, name, answers.get(name, ""))
    row.birth_on = date.fromisoformat(answers["birth_on"]) if answers.get("birth_on") else None
    row.may_call = {"yes": True, "no": False}.get(answers.get("may_call", ""))


def _raise_urgency(row: Referral, *, by: Any, now: datetime) -> None:
    """Set a higher urgency when the answers ask for it; a lower one is a person's to set."""
    levels = load_urgencies()
    urgency, reasons = judge_urgency(row.answers, get_local_date(row.site, now))
    was_called = row.events.filter(kind="called", detail__is_over=True).exists()
    if levels[urgency].rank >= levels[row.urgency].rank or (urgency == "crisis" and was_called and by is not None):
        return
    row.urgency, row.urgency_reason = urgency, "; ".join(reasons)[:300]
    row.reply_due_at = min(row.reply_due_at, calculate_due(urgency, now, get_hours(row.site)))
    _open_first_task(row, by=by, now=now)
    events.retime_reply(row, by=by, now=now)


def _open_first_task(row: Referral, *, by: Any, now: datetime) -> None:
    """Open what follows from a referral: a call in a crisis, else a reply in its time."""
    if row.is_crisis:
        detail = _describe_alarms(row.answers)
        events.open_task(row, events.CRISIS, by=by, now=now, detail=detail)
    else:
        events.open_task(row, events.REPLY, by=by, now=now, due_at=row.reply_due_at, detail=row.asks)


def _describe_alarms(answers: Mapping[str, Any]) -> str:
    return "; ".join(item.headline for item in iterate_alarms(answers))[:500]
