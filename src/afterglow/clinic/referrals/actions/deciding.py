"""Deciding on a referral: accept and make a patient of it, ask a prescriber to decline, decline with a letter."""

from datetime import datetime
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.notices.hours import get_hours
from afterglow.clinic.people import actions as people
from afterglow.clinic.people.checks import Checks, get_local_date
from afterglow.clinic.people.models import Patient
from afterglow.clinic.referrals import events
from afterglow.clinic.referrals.actions.duplicates import list_undecided, refresh_matches
from afterglow.clinic.referrals.actions.receiving import keep_paper
from afterglow.clinic.referrals.converting import convert
from afterglow.clinic.referrals.following import follow_acceptance
from afterglow.clinic.referrals.letters import compose_letter
from afterglow.clinic.referrals.models import ACCEPTED, DECLINED, OPEN, Referral, ToldAnswer, ToldEntry
from afterglow.clinicday.matching import get_phone_key
from afterglow.clinicday.triage import calculate_due

EDIT, ACCEPT, DECLINE = "referral.edit", "referral.accept", "referral.decline"
_FILLED = ("phone", "sex")


@action
def accept_referral(
    *,
    referral: Referral,
    by: Any,
    now: datetime,
    starts_at: datetime | None = None,
    place: Any = None,
    clinician: Any = None,
    with_letter: bool = True,
) -> Patient:
    """Accept a referral and return its patient: a new one, or the one it was joined to; nothing is typed again.

    Refused while somebody on file may be the same person, and while a crisis has not been dealt with. With a time
    the first visit is booked in the same transaction: when the booking is refused, nothing was accepted.
    """
    policy.require(by, ACCEPT, referral)
    row = events.lock(referral)
    if row.is_crisis:
        raise Refused("crisis-open", "a crisis is called first; accept when the call is logged")
    undecided = list_undecided(refresh_matches(row, now=now))
    if undecided:
        raise Refused("same-person-open", "somebody on file may be the same person; say first whether it is")
    patient = _fill_patient(row, by, now) if row.patient_id else _register(row, by, now)
    row.patient = patient
    made = convert(row, patient, by=by, now=now)
    _keep_wishes(row, patient, now)
    visit = _book_first_visit(row, patient, starts_at, place, clinician, by=by, now=now)
    _decide(row, ACCEPTED, by, now)
    events.keep(row, referral)
    codes = {"patient": patient.pk, "entries": len(made.entries), "visit": visit.pk if visit is not None else ""}
    events.note(row, "accepted", by=by, now=now, detail={**codes, "left": made.left}, codes=codes)
    if with_letter:
        first_at = visit.starts_at if visit is not None else None
        _write_letter(row, compose_letter(row, is_accepted=True, by=by, now=now, first_visit_at=first_at), by, now)
    follow_acceptance(row, patient, by=by, now=now)
    for joined in row.joined.all():
        joined.patient = patient
        joined.save(update_fields=["patient"])
    return patient


@action
def ask_decline(*, referral: Referral, reason: str, other_help: str, by: Any, now: datetime) -> Referral:
    """Ask a prescriber to decline: the reason and the other help are there already, only the decision is not."""
    policy.require(by, EDIT, referral)
    row = events.lock(referral)
    words, help_words = _read_reasons(reason, other_help)
    if row.is_crisis:
        raise Refused("crisis-open", "a crisis is called first; decide when the call is logged")
    row.decline_reason, row.decline_help, row.decline_asked_by = words, help_words, by
    events.keep(row, referral)
    events.open_task(row, events.DECLINE, by=by, now=now, detail=words[:500])
    events.note(row, "decline-asked", by=by, now=now, text=words, detail={"help": help_words})
    return row


@action
def decline_referral(
    *, referral: Referral, reason: str, other_help: str, by: Any, now: datetime, addressee: str = ""
) -> Referral:
    """Decline a referral with its reason and other help named, and write the letter; a prescriber's act."""
    policy.require(by, DECLINE, referral)
    row = events.lock(referral)
    words, help_words = _read_reasons(reason, other_help)
    if row.is_crisis:
        raise Refused("crisis-open", "a crisis is called first; decline when the call is logged")
    row.decline_reason, row.decline_help = words, help_words
    _decide(row, DECLINED, by, now)
    events.keep(row, referral)
    events.note(row, "declined", by=by, now=now, text=words, detail={"help": help_words})
    letter = compose_letter(row, is_accepted=False, by=by, now=now, addressee=addressee)
    _write_letter(row, letter, by, now)
    return row


@action
def reopen(*, referral: Referral, reason: str, by: Any, now: datetime) -> Referral:
    """Open a declined referral again, with the reason; its letter and its history stay."""
    policy.require(by, DECLINE, referral)
    row = events.lock(referral, must_be_live=False)
    checks = Checks()
    words = checks.text(reason, "reason", longest=300, is_required=True)
    checks.raise_problems()
    if row.state != DECLINED:
        raise Conflict("only a declined referral is opened again")
    row.state, row.decided_by, row.decided_at = OPEN, None, None
    events.keep(row, referral)
    events.note(row, "reopened", by=by, now=now, text=words)
    due_at = max(row.reply_due_at, calculate_due(row.urgency, now, get_hours(row.site)))
    events.open_task(row, events.REPLY, by=by, now=now, about=f"v{row.version}", due_at=due_at, detail=row.asks)
    return row


@action
def confirm_told(*, told: ToldEntry, by: Any, now: datetime) -> ToldEntry:
    """Confirm an entry that a referral told, after asking or measuring; the entry itself stays as it is."""
    policy.require(by, "chart.edit", told)
    row = ToldEntry.objects.select_for_update(of=("self",)).select_related("patient").get(pk=told.pk)
    if row.confirmed_at is not None:
        raise Conflict("this was confirmed before")
    row.confirmed_at, row.confirmed_by = now, by
    row.save(update_fields=["confirmed_at", "confirmed_by"])
    events.note(
        row.referral, "confirmed", by=by, now=now, codes={"kind": row.kind, "entry": row.entry_id, "told": row.pk}
    )
    return row


@action
def end_answer(*, answer: ToldAnswer, by: Any, now: datetime) -> ToldAnswer:
    """End a told answer as not so; it stays readable with who said that, and no alert that it raised is taken back."""
    policy.require(by, "chart.edit", answer)
    row = ToldAnswer.objects.select_for_update(of=("self",)).get(pk=answer.pk)
    if row.ended_at is not None:
        raise Conflict("this was ended before")
    row.ended_at, row.ended_by = now, by
    row.save(update_fields=["ended_at", "ended_by"])
    events.note(row.referral, "answer-ended", by=by, now=now, codes={"name": row.name, "answer": row.pk})
    return row


def _register(row: Referral, by: Any, now: datetime) -> Patient:
    if not (row.family_name and row.given_name and row.birth_on):
        raise Refused("identity-missing", "a patient needs both names and the date of birth; enter them first")
    more = {"sex": row.sex, "phone": row.phone, "language": row.language or "en"}
    return people.register_patient(
        site=row.site,
        family_name=row.family_name,
        given_name=row.given_name,
        birth_on=row.birth_on,
        by=by,
        now=now,
        **more,
    )


def _fill_patient(row: Referral, by: Any, now: datetime) -> Patient:
    """Give a patient on file what is blank there; what is there stays, and what was told is on the contact card."""
    patient = Patient.objects.get(pk=row.patient_id)
    blanks = {name: getattr(row, name) for name in _FILLED if getattr(row, name) and not getattr(patient, name)}
    if not blanks:
        return patient
    return people.edit_patient(patient=patient, version=patient.version, by=by, now=now, **blanks)


def _keep_wishes(row: Referral, patient: Patient, now: datetime) -> None:
    """Keep how the person asked to be reached; what they said of messages elsewhere stays."""
    from afterglow.clinic.notices.actions import list_wishes, read_address, record_wish

    wishes: dict[str, tuple[bool, str]] = {}
    is_same_phone = bool(row.phone_key) and get_phone_key(patient.phone) == row.phone_key
    if is_same_phone and "no" in (row.answers.get("may_call"), row.answers.get("may_leave_message")):
        wishes["sms"] = (False, "")
    if row.sent_by == "self" and (email := read_address(Checks(), row.email, "mail", "email")):
        wishes["mail"] = (True, email)
    known = list_wishes(patient)
    for channel, (is_allowed, address) in wishes.items():
        if channel not in known:
            record_wish(patient=patient, channel=channel, is_allowed=is_allowed, address=address, by=None, now=now)


def _book_first_visit(
    row: Referral, patient: Patient, starts_at: Any, place: Any, clinician: Any, *, by: Any, now: datetime
) -> Any:
    if starts_at is None:
        return None
    from afterglow.clinic.scheduling import actions as scheduling

    return scheduling.book(
        site=row.site,
        patient=patient,
        kind="assessment",
        starts_at=starts_at,
        place=place,
        clinician=clinician,
        by=by,
        now=now,
    )


def _decide(row: Referral, state: str, by: Any, now: datetime) -> None:
    row.state, row.decided_by, row.decided_at = state, by, max(now, row.received_at)
    if row.first_reply_at is None:
        row.first_reply_at = row.decided_at
    row.paused_until, row.paused_left_min, row.waiting_since, row.waiting_until = None, None, None, None
    for kind in (events.REPLY, events.DECLINE):
        events.settle_task(row, kind, by=by, now=now, outcome=state)


def _read_reasons(reason: str, other_help: str) -> tuple[str, str]:
    checks = Checks()
    words = checks.text(reason, "reason", longest=1000, is_required=True)
    help_words = checks.text(other_help, "other_help", longest=1000, is_required=True)
    checks.raise_problems()
    return words, help_words


def _write_letter(row: Referral, text: str, by: Any, now: datetime) -> None:
    day = get_local_date(row.site, now)
    title = f"Letter of {day.isoformat()}: {row.state}"
    body = text.encode("utf-8")
    keep_paper(referral=row, title=title, body=body, media_type="text/plain", kind="letter", by=by, now=now)
