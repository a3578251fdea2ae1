"""Actions of the check-in: make and revoke a link, store an answer as given, submit; and what the desk reads of it.

The holder of a link is nobody's account: the link itself is the right to answer its own questions, and nothing else.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.checkins.facts import judge_checkin, list_asked, list_counting, read_answers, read_counting
from afterglow.clinic.checkins.models import OPEN, REVOKED, SUBMITTED, CheckIn, CheckInAnswer
from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.measures.unformed import is_waiting, raise_told
from afterglow.clinicday.checkin import (
    LANGUAGES,
    collect_facts,
    find_question,
    holds_dose,
    is_crisis,
    list_told,
    list_told_classes,
    load_checkin,
    read_answer,
)
from afterglow.clinicday.checkin_reading import Question
from afterglow.terms import Finding, InvalidInput, Severity, build_error

SEND = "checkin.send"
PATIENT = "patient-link"
MAY_CHECK_IN = ("booked", "confirmed", "arrived")
# far more than a person gives; what a script gives is refused
MOST_ANSWERS = 300
# then the private page of the link stays closed: a patient number is short
MOST_IDENTITY_FAILURES = 8
TOKEN_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{40,60}\Z")
ENDED = "check-in-ended"


@dataclass(frozen=True, slots=True)
class Found:
    """What a token leads to: `valid`, or `ended` (expired, revoked, visit over or cancelled)."""

    checkin: CheckIn
    is_valid: bool


@action
def send_checkin(*, appointment: Any, by: Any, now: datetime, language: str = "") -> tuple[CheckIn, str]:
    """Make the link of a visit and return it with its token; an earlier link of the visit ends.

    The token is in nothing but the link: only its hash is stored. Telling the person is the caller's.
    """
    from afterglow.clinic.scheduling.voiding import refuse_void

    policy.require(by, SEND, appointment)
    row = type(appointment).objects.select_for_update().get(pk=appointment.pk)
    ends_at = find_end(row)
    if row.state not in MAY_CHECK_IN or ends_at <= now:
        raise Refused("visit-not-to-come", "a check-in belongs to a visit that is to come")
    refuse_void(row, now=now)
    _revoke_all(row, by=by, now=now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    spoken = language or row.patient.language
    checkin = CheckIn.objects.create(
        appointment=row,
        token_hash=hash_token(token),
        language=spoken if spoken in LANGUAGES else LANGUAGES[0],
        version=load_checkin().version,
        asked=len(list_asked(row)),
        created_at=now,
        created_by=by,
        expires_at=ends_at,
    )
    audit.record(by=by, action="checkin.sent", subject=checkin, now=now, patient=row.patient, site=row.site)
    return checkin, token


@action
def revoke_checkin(*, appointment: Any, by: Any, now: datetime) -> int:
    """End every link of a visit; return how many ended."""
    policy.require(by, SEND, appointment)
    return _revoke_all(appointment, by=by, now=now)


@action
def choose_language(*, checkin: CheckIn, language: str, now: datetime) -> None:
    """Keep the language the person reads; an unknown one changes nothing."""
    row = _lock(checkin, now)
    if language in LANGUAGES and row.language != language:
        row.language = language
        row.save(update_fields=["language"])
        detail = {"language": language}
        audit.record(by=PATIENT, action="checkin.language", subject=row, now=now, site=_site(row), detail=detail)


@action
def answer(
    *, checkin: CheckIn, question: str, value: Mapping[str, Sequence[str]], now: datetime, by: Any = None
) -> CheckInAnswer:
    """Store an answer as it was given; a crisis and a finding open their tasks in the same transaction.

    Parameters
    ----------
    value : mapping of field to texts
        As a form sends it: `choice`, `clock`, `declined` and the question's parts.
    by : User or None
        Staff who answer together with the person; None is the link's holder.

    Raises
    ------
    InvalidInput
        The question is not asked of this person, or the answer cannot be read; nothing is stored.
    Refused
        The link has ended, or far too many answers came.
    """
    row = _lock(checkin, now)
    if by is not None:
        policy.require(by, SEND, row)
    asked, read = _read(row, question, value, now)
    return _keep(row, asked, read, now=now, by=by)


@action
def answer_late(*, checkin: CheckIn, question: str, value: Mapping[str, Sequence[str]], now: datetime) -> CheckInAnswer:
    """Keep an answer about suicide that came after its link had ended; it opens its call and its hold as one in time.

    Raises
    ------
    InvalidInput
        The question is not asked of this person, or the answer cannot be read; nothing is stored.
    Refused
        The answer opens no help and holds no dose, or far too many came; nothing is stored.
    """
    row = _find_locked(checkin)
    asked, read = _read(row, question, value, now)
    if not (is_crisis(asked, read) or holds_dose(asked, read)):
        raise Refused(ENDED, "this link has ended; please call the clinic")
    return _keep(row, asked, read, now=now, by=None)


def _read(
    row: CheckIn, question: str, value: Mapping[str, Sequence[str]], now: datetime
) -> tuple[Question, dict[str, Any]]:
    asked = find_question(list_asked(row.appointment), question)
    if asked is None:
        raise InvalidInput([build_error("question", "question-unknown", "", "a question of this check-in", "unknown")])
    return asked, read_answer(asked, value, now=now, zone=ZoneInfo(row.appointment.site.timezone))


def _keep(row: CheckIn, asked: Question, read: dict[str, Any], *, now: datetime, by: Any) -> CheckInAnswer:
    """Store an answer beside those before; a crisis and a finding open their tasks."""
    last = row.answers.filter(question=asked.id).last()
    holding = holds_dose(asked, read)
    if last is not None and last.value == read and (not holding or is_waiting(row)):
        return last
    count = row.answers.count()
    if count >= MOST_ANSWERS:
        raise Refused("answers-too-many", "more answers came than a person gives; please call the clinic")
    kept = CheckInAnswer.objects.create(
        checkin=row,
        number=count + 1,
        question=asked.id,
        value=read,
        language=row.language,
        version=row.version,
        recorded_at=now,
        recorded_by=by,
    )
    detail = {"question": asked.id, "number": kept.number}
    whose = {"patient": row.appointment.patient, "site": _site(row)}
    audit.record(by=by or PATIENT, action="checkin.answered", subject=row, now=now, detail=detail, **whose)
    _judge(row, is_urgent=is_crisis(asked, read), now=now, by=by)
    if holding:
        raise_told(checkin=row, question=asked.id, choice=holding, by=by, now=now)
    return kept


@action
def submit(*, checkin: CheckIn, now: datetime) -> CheckIn:
    """Say that all is answered; answers may still be changed until the link ends."""
    row = _lock(checkin, now)
    missing = list_open_questions(row)
    if missing:
        accepted = "an answer to every question"
        raise InvalidInput([build_error(name, "question-open", "", accepted, "still open") for name in missing])
    if row.state != SUBMITTED:
        row.state, row.submitted_at = SUBMITTED, now
        row.save(update_fields=["state", "submitted_at"])
        whose = {"patient": row.appointment.patient, "site": _site(row)}
        audit.record(by=PATIENT, action="checkin.submitted", subject=row, now=now, **whose)
    return row


def find_checkin(token: str, *, now: datetime) -> Found | None:
    """Return what a token leads to, or None for a token that nobody was given."""
    if not _TOKEN.fullmatch(token):
        return None
    rows = CheckIn.objects.select_related("appointment__patient", "appointment__site", "appointment__plan")
    checkin = rows.filter(token_hash=hash_token(token)).first()
    return None if checkin is None else Found(checkin, is_usable(checkin, now))


def is_usable(checkin: CheckIn, now: datetime) -> bool:
    """Return whether a link still works: not revoked, not expired, its visit still to come."""
    is_running = checkin.state in (OPEN, SUBMITTED) and now < checkin.expires_at
    return is_running and checkin.appointment.state in MAY_CHECK_IN


def find_end(appointment: Any) -> datetime:
    """Return when the link of a visit ends."""
    minutes = load_checkin().policy["ends_after_start_min"].value
    return appointment.starts_at + timedelta(minutes=minutes)


def list_findings(checkin: CheckIn, *, now: datetime) -> list[Finding]:
    """Return what the answers add to what the chart says, worst first."""
    return list(judge_checkin(checkin, now=now))


def list_open_questions(checkin: CheckIn) -> list[str]:
    """Return the questions without an answer, in their order; one that was declined is answered."""
    given = read_answers(checkin)
    return [question.id for question in list_asked(checkin.appointment) if question.id not in given]


def find_visit_facts(*, appointment: Any) -> dict[str, Any]:
    """Return the facts that raised a finding of this visit's check-in, for the session's own rules.

    What was answered without a finding is left out: it is asked again at the desk, and never passes a check.
    """
    checkin = find_told(appointment)
    if checkin is None:
        return {}
    answers = read_counting(checkin)
    told = collect_facts(answers, planned_at=appointment.dose_at or appointment.starts_at)
    raised = {name for finding in checkin.findings for name in finding["facts"]}
    return {name: value for name, value in told.items() if name in raised and value is not False}


def list_visit_classes(*, appointment: Any) -> tuple[str, ...]:
    """Return the classes of medicines that were told at this visit's check-in and raised a finding there."""
    checkin = find_told(appointment)
    if checkin is None:
        return ()
    raised = {name for finding in checkin.findings for name in finding["facts"]}
    told = list_told_classes(read_answers(checkin))
    return told if any(name.startswith("medication.") for name in raised) else ()


def list_visit_answers(*, appointment: Any) -> list[dict[str, Any]]:
    """Return every answer of this visit's check-in as codes, each with when and on which way it was told.

    Of what was told of suicide the worst stands, and what it was changed to beside it.
    """
    checkin = find_told(appointment)
    if checkin is None:
        return []
    rows = list_counting(checkin)
    told = list_told({name: row.value for name, (row, _last) in rows.items()})
    for each in told:
        row, last = rows[each["question"]]
        each |= _describe_way(row)
        if last.value != row.value:
            each["changed"] = {**list_told({each["question"]: last.value})[0], **_describe_way(last)}
    return told


def _describe_way(row: CheckInAnswer) -> dict[str, str]:
    return {"at": row.recorded_at.isoformat(), "with": "staff" if row.recorded_by_id else "link"}


def find_latest(appointment: Any) -> CheckIn | None:
    """Return the check-in of a visit that counts: the one in use, else the last one that was answered."""
    return _pick(appointment.checkins.all())


def find_told(appointment: Any) -> CheckIn | None:
    """Return the check-in whose answers count: the last that was answered; a link sent again takes nothing back."""
    answered = [row for row in appointment.checkins.all() if row.answered]
    return max(answered, key=lambda row: row.created_at) if answered else find_latest(appointment)


def describe_for_desk(appointment: Any) -> dict[str, Any]:
    """Return what board and desk show of a visit's check-in, JSON-able: codes and words of findings, no free text.

    `state` is none, sent, begun, submitted or ended; `worst` the worst finding's severity, or the empty text. One
    query for a visit, none where `checkins` was prefetched.
    """
    checkin = find_latest(appointment)
    if checkin is None:
        return {"state": "none", "answered": 0, "asked": 0, "findings": [], "worst": "", "is_crisis": False}
    state, told = checkin.state, find_told(appointment) or checkin
    if state == OPEN:
        state = "begun" if checkin.answered else "sent"
    return {
        "id": checkin.pk,
        "state": "ended" if state == REVOKED else state,
        "answered": checkin.answered,
        "asked": checkin.asked,
        "findings": told.findings,
        "worst": told.findings[0]["severity"] if told.findings else "",
        "is_crisis": told.is_crisis,
        "judged_at": checkin.judged_at.isoformat() if checkin.judged_at else None,
    }


def _pick(rows: Iterable[CheckIn]) -> CheckIn | None:
    ordered = sorted(rows, key=lambda row: (row.state != REVOKED, row.answered > 0, row.created_at))
    return ordered[-1] if ordered else None


def hash_token(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _lock(checkin: CheckIn, now: datetime) -> CheckIn:
    """Return the check-in, locked and read anew; refuse one that has ended."""
    row = _find_locked(checkin)
    if not is_usable(row, now):
        raise Refused(ENDED, "this link has ended; please call the clinic")
    return row


def _find_locked(checkin: CheckIn) -> CheckIn:
    row = CheckIn.objects.select_for_update().filter(pk=checkin.pk).first()
    if row is None:
        raise Conflict("this check-in is no longer there")
    return row


def _revoke_all(appointment: Any, *, by: Any, now: datetime) -> int:
    rows = list(CheckIn.objects.select_for_update().filter(appointment=appointment).exclude(state=REVOKED))
    for row in rows:
        row.state, row.revoked_at, row.revoked_by = REVOKED, now, by
        row.save(update_fields=["state", "revoked_at", "revoked_by"])
        whose = {"patient": appointment.patient, "site": appointment.site}
        audit.record(by=by, action="checkin.revoked", subject=row, now=now, **whose)
    if rows:
        from afterglow.clinic.notices.actions import cancel_notices

        cancel_notices(keys=[name_notice(row) for row in rows], by=by, now=now)
    return len(rows)


def name_notice(checkin: CheckIn) -> str:
    """Return the key of the message that carries a link."""
    return f"checkin:{checkin.pk}"


def _judge(checkin: CheckIn, *, is_urgent: bool, now: datetime, by: Any) -> None:
    """Judge all answers so far, keep what was found, and open the tasks it asks for, each once for a check-in."""
    appointment, answers, given = checkin.appointment, read_counting(checkin), read_answers(checkin)
    asked = list_asked(appointment)
    found = judge_checkin(checkin, now=now, answers=answers)
    known = {(each["rule"], each["seen"]) for each in checkin.findings}
    is_new = any((each.rule, each.seen) not in known for each in found)
    before, checkin.findings = checkin.findings, [each.to_json() for each in found]
    checkin.judged_at, checkin.is_crisis = now, checkin.is_crisis or is_urgent
    checkin.answered, checkin.asked = sum(each.id in given for each in asked), len(asked)
    checkin.save(update_fields=["findings", "judged_at", "is_crisis", "answered", "asked"])
    if is_urgent:
        detail = "Suicidal thoughts told on the phone before a visit. Call the person now."
        _open_task("crisis-call", "checkin-crisis", checkin, detail, by=by, now=now)
    _tell_findings(checkin, found, before, is_new=is_new, by=by, now=now)


def _tell_findings(
    checkin: CheckIn, found: Sequence[Finding], before: list[dict[str, Any]], *, is_new: bool, by: Any, now: datetime
) -> None:
    """Open the task of what was found, or let the one that is open say the newest and the worst of it."""
    from afterglow.clinic.tasks.actions import revise_task
    from afterglow.clinic.tasks.models import Task

    detail = describe_findings([each.to_json() for each in found], before)
    is_stop = any(each.severity is Severity.STOP for each in found)
    name = "checkin-finding"
    open_one = Task.objects.filter(kind=name, subject_id=checkin.pk, state="open").order_by("-opened_at", "pk").first()
    if open_one is not None:
        if [each.to_json() for each in found] != before:
            revise_task(task=open_one, detail=detail, is_urgent=is_stop, by=by, now=now)
    elif found and is_new:
        _open_task(name, name, checkin, detail, by=by, now=now, is_urgent=is_stop)


def describe_findings(found: list[dict[str, Any]], before: list[dict[str, Any]]) -> str:
    """Return what was found, worst first, then what an answer took back since, as far as a task has room."""
    now_known = {(each["rule"], each["seen"]) for each in found}
    gone = [each for each in before if (each["rule"], each["seen"]) not in now_known]
    listed = [f"{each['rule']}: {each['seen']}" for each in sorted(found, key=_rank)]
    listed += [f"Told before, changed since: {each['rule']}: {each['seen']}" for each in sorted(gone, key=_rank)]
    return "; ".join(dict.fromkeys(listed))[:500]


def _rank(finding: dict[str, Any]) -> int:
    return (Severity.STOP, Severity.CAUTION, Severity.MISSING, Severity.INFO).index(Severity(finding["severity"]))


def _open_task(kind: str, word: str, checkin: CheckIn, detail: str, *, by: Any, now: datetime, **more: Any) -> None:
    from afterglow.clinic.tasks.actions import open_task

    appointment, key = checkin.appointment, _name_task(word, checkin)
    shared = {"site": appointment.site, "patient": appointment.patient, "subject": checkin, "by": by, "now": now}
    open_task(kind=kind, detail=detail, key=key, **shared, **more)


def _name_task(word: str, checkin: CheckIn) -> str:
    """Return the key of a task: one at a time for a check-in, and another once those before it have ended."""
    from afterglow.clinic.tasks.models import Task

    key = f"{word}:{checkin.pk}"
    ended = Task.objects.filter(key__startswith=key).exclude(state="open").count()
    return f"{key}:{ended + 1}" if ended else key


def _site(checkin: CheckIn) -> Any:
    return checkin.appointment.site


@action
def record_identity(*, checkin: CheckIn, is_right: bool, now: datetime) -> bool:
    """Count a try to show who one is; return whether it opens the private page, which too many wrong ones close."""
    row = _lock(checkin, now)
    is_open = row.identity_failures < MOST_IDENTITY_FAILURES
    if not is_right and is_open:
        row.identity_failures += 1
        row.save(update_fields=["identity_failures"])
    word = "identified" if is_right and is_open else "not-identified"
    whose = {"patient": row.appointment.patient, "site": _site(row), "detail": {"failures": row.identity_failures}}
    audit.record(by=PATIENT, action=f"checkin.{word}", subject=row, now=now, **whose)
    return is_right and is_open
