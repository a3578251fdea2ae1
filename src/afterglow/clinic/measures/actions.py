"""Actions of the measures: ask a form, store an answer as given, submit, enter a whole form, correct, end.

The holder of a link is nobody's account: the link itself is the right to answer its own form, and nothing else. Every
answer goes through `save_answer` or `enter_form`, so that no way of answering passes an alert by.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.measures.alerts import raise_alerts, speaks_anew
from afterglow.clinic.measures.messages import call_back
from afterglow.clinic.measures.models import (
    ENDED,
    OPEN,
    SUBMITTED,
    Excuse,
    FormerLink,
    MeasureAnswer,
    MeasureForm,
    MeasureResult,
)
from afterglow.clinic.measures.models.forms import CLINICIAN, LINK, PAPER, STAFF
from afterglow.clinic.measures.scoring import read_answers, score_form, score_typed, store_result, use_settings
from afterglow.clinic.measures.wordings import find_offer, list_languages
from afterglow.clinic.people.checks import CLOCK_SLACK, Checks, get_local_date
from afterglow.clinicday.asking import get_link_time
from afterglow.clinicday.measures import check_reason
from afterglow.instruments import Instrument, ScoreResult, get_instrument
from afterglow.instruments.answers import read_answers as check_answers
from afterglow.instruments.typed import find_limits
from afterglow.terms import InvalidInput, Problem, build_error
from afterglow.terms.conditions import check_condition

READ, ASK, ENTER = "measure.read", "measure.ask", "measure.enter"
PATIENT = "patient-link"
LINK_ENDED = "form-link-ended"
MOST_ANSWERS = 600
TOKEN_BYTES = 32
LONGEST_KEY = 60
_TOKEN = re.compile(r"[A-Za-z0-9_-]{40,60}\Z")
_KEY = re.compile(r"[A-Za-z0-9._:-]{1,60}\Z")
# a scale that has another edition with other ranges: answers of one are never read as the other's
OTHER_EDITIONS = {"ybocs": "Y-BOCS takes 0 to 4; 0 to 5 is the Y-BOCS-II, which is another instrument"}


@action
def ask_form(
    *,
    patient: Any,
    instrument: str,
    by: Any,
    now: datetime,
    way: str = LINK,
    version: str | None = None,
    language: str = "",
    measure: str = "",
    due_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> tuple[MeasureForm, str]:
    """Ask a form of a person and return it with the token of its link (empty for another way).

    The token is in nothing but the link: only its hash is stored. An open form of the same instrument by the same way
    ends, so that one link at a time can be answered. `by` None is the clinic itself, when a due form goes out.
    """
    if by is not None:
        policy.require(by, ASK if way == LINK else ENTER, patient)
    definition = get_instrument(instrument, version)
    checks = Checks()
    checks.word(way, "way", (LINK, STAFF, CLINICIAN, PAPER), is_required=True)
    checks.raise_problems()
    if way == LINK and (definition.rater != "self" or not definition.items):
        raise Refused("form-not-for-patients", f"{definition.title} is not answered by the person alone")
    offer = find_offer(
        definition, language=language or patient.language, site=patient.site, has_paper=way in (PAPER, CLINICIAN)
    )
    for row in MeasureForm.objects.filter(patient=patient, instrument=definition.id, way=way, state=OPEN):
        _end(row, by=by, now=now)
    token = secrets.token_urlsafe(TOKEN_BYTES) if way == LINK else ""
    form = MeasureForm.objects.create(
        patient=patient,
        instrument=definition.id,
        version=definition.version,
        language=offer.language,
        wording=offer.wording,
        way=way,
        measure=measure,
        asked_at=now,
        asked_by=by,
        due_at=due_at,
        token_hash=hash_token(token) if token else None,
        expires_at=(ends_at or now + get_link_time()) if token else None,
    )
    _audit(form, "measure.asked", by=by, now=now, instrument=form.instrument, way=way)
    return form, token


@action
def renew_link(*, form: MeasureForm, by: Any, now: datetime) -> tuple[MeasureForm, str]:
    """Give an open form a new link and return its token; the link before ends, what was answered stays."""
    policy.require(by, ASK, form.patient)
    row = _lock(form)
    if row.state != OPEN or row.way != LINK:
        raise Refused(LINK_ENDED, "this form is not answered through a link any more; ask it anew")
    if row.token_hash is not None:
        FormerLink.objects.create(token_hash=row.token_hash, form=row, ended_at=now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row.token_hash, row.expires_at = hash_token(token), now + get_link_time()
    row.save(update_fields=["token_hash", "expires_at"])
    _audit(row, "measure.link-renewed", by=by, now=now)
    call_back(form=row, by=by, now=now)
    return row, token


@action
def choose_language(*, form: MeasureForm, language: str, now: datetime) -> MeasureForm:
    """Ask a form on in another language that it is there in; answers before keep the words they were given in."""
    row = _lock(form)
    _check_open(row, now, by=None)
    definition = find_definition(row)
    if language == row.language.partition("-")[0] or language not in list_languages(definition, site=row.patient.site):
        return row
    offer, before = find_offer(definition, language=language, site=row.patient.site), row.language
    detail = {"from": before, "to": offer.language, "answered": row.answers.count(), "wording": row.wording_id or ""}
    row.language, row.wording = offer.language, offer.wording
    row.save(update_fields=["language", "wording"])
    _audit(row, "measure.language", by=PATIENT, now=now, **detail)
    return row


@action
def save_answer(
    *, form: MeasureForm, item: str, value: object, now: datetime, by: Any = None, key: str = "", version: str = ""
) -> MeasureAnswer:
    """Store one answer as it was given; what it alerts to is raised in the same transaction.

    Parameters
    ----------
    value : number, text or None
        None is "would rather not answer".
    key : str
        What the device called this answer; the same key again returns what is stored.
    version : str
        The definition the device shows, where it says so; another one is refused.

    Raises
    ------
    InvalidInput
        The item or the value is not the instrument's; nothing is stored.
    Refused
        The form was submitted or has ended, or far too many answers came.
    """
    row = _lock(form)
    definition = find_definition(row, version)
    named = check_key(key)
    number = read_one(definition, item, value)
    if named and (found := row.answers.filter(key=named).first()):
        return _answer_again(found, item, number)
    _check_open(row, now, by=by)
    last = row.answers.filter(item=item).last()
    if last is not None and last.value == number and not speaks_anew(row, item):
        return last
    count = row.answers.count()
    if count >= MOST_ANSWERS:
        raise Refused("answers-too-many", "more answers came than a person gives; please call the clinic")
    kept = MeasureAnswer.objects.create(
        form=row,
        number=count + 1,
        item=item,
        value=number,
        language=row.language,
        key=named or None,
        recorded_at=now,
        recorded_by=by,
    )
    _audit(row, "measure.answered", by=by or PATIENT, now=now, item=item, number=kept.number)
    _take_back(row, definition, {item}, by=by, now=now)
    raise_alerts(form=row, result=score_form(row, definition), by=by, now=now, given={item})
    return kept


@action
def submit_form(
    *,
    form: MeasureForm,
    submission_id: str,
    now: datetime,
    by: Any = None,
    observed_at: datetime | None = None,
) -> MeasureResult:
    """Say that a form is done: work out its result from the answers that are stored, missing ones included.

    The same `submission_id` again returns the result that is stored.
    """
    named = check_key(submission_id, is_required=True)
    row = _lock(form)
    if found := _find_submission(named, row):
        return found
    _check_open(row, now, by=by)
    definition = find_definition(row)
    at = _check_observed(row.patient, observed_at, now)
    result = score_form(row, definition)
    raise_alerts(form=row, result=result, by=by, now=now, observed_at=at)
    return store_result(
        form=row, result=result, submission_id=named, observed_at=at, rater=_find_rater(row, by), by=by, now=now
    )


@action
def enter_form(
    *,
    patient: Any,
    instrument: str,
    submission_id: str,
    by: Any,
    now: datetime,
    answers: Mapping[str, object] | None = None,
    total: object = None,
    version: str | None = None,
    way: str = "",
    observed_at: datetime | None = None,
    measure: str = "",
) -> MeasureResult:
    """Enter a whole form at once: answers, or a total where the definition takes one; all of it or nothing.

    A clinician-rated form and a self-report form from paper go the same way; `way` says which it was.
    """
    policy.require(by, ENTER, patient)
    definition = get_instrument(instrument, version)
    named = check_key(submission_id, is_required=True)
    chosen = way or (PAPER if definition.rater == "self" else CLINICIAN)
    given = {item: value for item, value in (answers or {}).items() if value not in (None, "", "-")}
    checked = _check_all(definition, given)
    typed = None
    if total is not None:
        typed = score_typed(definition, total, checked, use_settings(patient.site, definition))
    if found := MeasureResult.objects.filter(submission_id=named).select_related("form").first():
        return _enter_again(found, patient, definition, checked, typed)
    at = _check_observed(patient, observed_at, now)
    if total is None and not checked:
        raise InvalidInput(
            [build_error("answers", "answers-missing", "", "one answer or more", "nothing was answered")]
        )
    form, _ = ask_form(patient=patient, instrument=instrument, by=by, now=now, way=chosen, measure=measure)
    for number, (item, value) in enumerate(checked.items(), 1):
        MeasureAnswer.objects.create(
            form=form, number=number, item=item, value=value, language=form.language, recorded_at=now, recorded_by=by
        )
    result = typed or score_form(form, definition)
    raise_alerts(form=form, result=result, by=by, now=now, observed_at=at)
    return store_result(
        form=form,
        result=result,
        submission_id=named,
        observed_at=at,
        rater=_find_rater(form, by),
        by=by,
        now=now,
        is_total_only=typed is not None,
    )


@action
def correct_form(
    *, form: MeasureForm, answers: Mapping[str, object], reason: str, submission_id: str, by: Any, now: datetime
) -> MeasureResult:
    """Correct answers of a submitted form: a further result with a reason; what was given and raised before stays."""
    policy.require(by, ENTER, form.patient)
    row = MeasureForm.objects.select_for_update().get(pk=form.pk)
    named = check_key(submission_id, is_required=True)
    if found := _find_submission(named, row):
        return found
    if row.state != SUBMITTED:
        raise Refused("form-not-submitted", "only a form that was submitted is corrected")
    definition = find_definition(row)
    checks = Checks()
    words = checks.text(reason, "reason", longest=300, is_required=True)
    checks.raise_problems()
    count = row.answers.count()
    current = read_answers(row)
    changed = {item: read_one(definition, item, value) for item, value in answers.items()}
    changed = {item: value for item, value in changed.items() if current.get(item) != value}
    if not changed:
        raise Refused("nothing-changed", "every answer is stored like this already")
    for number, (item, value) in enumerate(changed.items(), count + 1):
        MeasureAnswer.objects.create(
            form=row, number=number, item=item, value=value, language=row.language, recorded_at=now, recorded_by=by
        )
    _take_back(row, definition, set(changed), by=by, now=now)
    last = row.results.latest("number")
    typed = _find_typed(row, definition, last)
    result = score_form(row, definition) if typed is None else _score_beside(row, definition, typed)
    raise_alerts(form=row, result=result, by=by, now=now, given=set(changed), observed_at=last.observed_at)
    return store_result(
        form=row,
        result=result,
        submission_id=named,
        observed_at=last.observed_at,
        rater=last.rater,
        by=by,
        now=now,
        correction_reason=words,
        is_total_only=typed is not None,
    )


@action
def end_form(*, form: MeasureForm, by: Any, now: datetime) -> MeasureForm:
    """End a form that is not to be answered any more; what was answered and raised stays."""
    if by is not None:
        policy.require(by, ASK, form.patient)
    row = MeasureForm.objects.select_for_update().get(pk=form.pk)
    if row.state == SUBMITTED:
        raise Refused("form-submitted", "this form was submitted; a wrong answer is corrected")
    return _end(row, by=by, now=now)


@action
def excuse_measure(
    *, patient: Any, instrument: str, reason: str, by: Any, now: datetime, on: date | None = None
) -> Excuse:
    """Record why an instrument that was due was not answered."""
    policy.require(by, ENTER, patient)
    definition, word = get_instrument(instrument), check_reason(reason)
    checks = Checks()
    today = get_local_date(patient.site, now)
    day = checks.past_day(on, "on", today) or today
    checks.raise_problems()
    row = Excuse.objects.create(
        patient=patient, instrument=definition.id, on=day, reason=word, recorded_at=now, recorded_by=by
    )
    detail = {"instrument": definition.id, "reason": word}
    audit.record(by=by, action="measure.excused", subject=row, now=now, patient=patient, detail=detail)
    return row


def find_form(token: str) -> MeasureForm | None:
    """Return the form that a token leads to, usable or not, or None for a token that leads to none now."""
    if not _TOKEN.fullmatch(token):
        return None
    rows = MeasureForm.objects.select_related("patient__site", "wording")
    return rows.filter(token_hash=hash_token(token)).first()


def is_usable(form: MeasureForm, now: datetime) -> bool:
    """Return whether a form can be answered now: open, and its link not expired."""
    return form.state == OPEN and (form.expires_at is None or now < form.expires_at)


def find_definition(form: MeasureForm, version: str = "") -> Instrument:
    """Return the definition a form is answered by; refuse a device that shows another version of it."""
    if version and version != form.version:
        message = f"this form is version {form.version}; another was shown"
        raise InvalidInput([build_error("version", "version-other", version, form.version, message)])
    return get_instrument(form.instrument, form.version)


def hash_token(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _take_back(row: MeasureForm, definition: Instrument, given: set[str], *, by: Any, now: datetime) -> None:
    """Store as taken back what an answer given now rules out; the answers before stay, and so does what they raised."""
    values = read_answers(row)
    for item in definition.items:
        if item.id in given or item.id not in values or item.asked_when is None:
            continue
        if check_condition(item.asked_when, values) is False and values.pop(item.id) != item.skipped_as:
            MeasureAnswer.objects.create(
                form=row,
                number=row.answers.count() + 1,
                item=item.id,
                value=None,
                language=row.language,
                recorded_at=now,
                recorded_by=by,
            )


def read_one(definition: Instrument, item: str, value: object) -> Decimal | None:
    """Return one answer as a number, None for one that was declined; an unknown item is refused either way."""
    read = _check_all(definition, {item: value})
    return read.get(item)


def _check_all(definition: Instrument, given: Mapping[str, object]) -> dict[str, Decimal]:
    try:
        return check_answers(definition, given)
    except InvalidInput as error:
        raise InvalidInput([_name_edition(definition, each) for each in error.problems]) from None


def _name_edition(definition: Instrument, problem: Problem) -> Problem:
    told = OTHER_EDITIONS.get(definition.id)
    if told is None or problem.code != "answer-not-accepted":
        return problem
    return build_error(problem.path, "other-edition", problem.value, problem.accepted, f"{problem.message}. {told}")


def _answer_again(found: MeasureAnswer, item: str, value: Decimal | None) -> MeasureAnswer:
    if found.item != item or found.value != value:
        raise Conflict("this answer was stored before with another content")
    return found


def _enter_again(
    found: MeasureResult,
    patient: Any,
    definition: Instrument,
    checked: Mapping[str, Decimal],
    typed: ScoreResult | None,
) -> MeasureResult:
    is_same = found.form.patient_id == patient.pk and found.instrument == definition.id
    stored = {item: Decimal(value) for item, value in found.answers.items()}
    is_total_same = found.is_total_only == (typed is not None) and (typed is None or found.total == typed.total)
    if not is_same or stored != dict(checked) or not is_total_same:
        raise Conflict("this submission was stored before with another content")
    return found


def _find_typed(row: MeasureForm, definition: Instrument, last: MeasureResult) -> Decimal | None:
    """Return the total that was typed in for a form, where its answers came to none since and do not rule it out."""
    if last.total is not None and not last.is_total_only:
        return None
    typed = row.results.filter(is_total_only=True).order_by("number").last()
    if typed is None or typed.total is None:
        return None
    is_ruled_out = not find_limits(definition, read_answers(row)).holds(typed.total)
    # the corrected answer is stored and alerts; that the total was wrong too must not keep it out
    return None if is_ruled_out and definition.scores else typed.total


def _score_beside(row: MeasureForm, definition: Instrument, total: Decimal) -> ScoreResult:
    return score_typed(definition, total, read_answers(row), use_settings(row.patient.site, definition))


def _find_submission(named: str, form: MeasureForm) -> MeasureResult | None:
    found = MeasureResult.objects.filter(submission_id=named).first()
    if found is not None and found.form_id != form.pk:
        raise Conflict("this submission belongs to another form")
    return found


def check_key(key: str, *, is_required: bool = False) -> str:
    """Return what a device called an answer or a submission; refuse what is no key."""
    if (key or is_required) and not _KEY.fullmatch(key):
        accepted = "1 to 60 letters, digits, dots, dashes or colons"
        raise InvalidInput([build_error("submission_id", "key-malformed", key[:LONGEST_KEY], accepted, "no such key")])
    return key


def _check_observed(patient: Any, observed_at: datetime | None, now: datetime) -> datetime:
    """Return when it was answered; refuse the future, and a day before the person was born."""
    at = observed_at or now
    problems = []
    if at > now + CLOCK_SLACK:
        accepted = f"not after {now.isoformat()}"
        problems.append(build_error("observed_at", "instant-in-future", at.isoformat(), accepted, "lies in the future"))
    if get_local_date(patient.site, at) < patient.birth_on:
        accepted = "a day of the person's life"
        problems.append(build_error("observed_at", "before-birth", at.isoformat(), accepted, "lies before the birth"))
    if problems:
        raise InvalidInput(problems)
    return min(at, now)


def _find_rater(form: MeasureForm, by: Any) -> Any:
    return by if form.way == CLINICIAN else None


def _lock(form: MeasureForm) -> MeasureForm:
    """Return the form, locked and read anew."""
    rows = MeasureForm.objects.select_for_update(of=("self",)).select_related("patient__site")
    row = rows.filter(pk=form.pk).first()
    if row is None:
        raise Conflict("this form is no longer there")
    return row


def _check_open(row: MeasureForm, now: datetime, *, by: Any) -> None:
    """Refuse a form that cannot be answered any more, or not by this person or this way."""
    if by is not None:
        policy.require(by, ENTER, row)
    elif row.way != LINK:
        raise Refused(LINK_ENDED, "this form is not answered through a link")
    if row.state == SUBMITTED:
        raise Refused("form-submitted", "this form was sent already")
    if not is_usable(row, now):
        raise Refused(LINK_ENDED, "this link has ended; please call the clinic")


def _end(row: MeasureForm, *, by: Any, now: datetime) -> MeasureForm:
    if row.state == OPEN:
        row.state, row.ended_at, row.ended_by = ENDED, now, by
        row.save(update_fields=["state", "ended_at", "ended_by"])
        _audit(row, "measure.ended", by=by, now=now)
        call_back(form=row, by=by, now=now)
    return row


def _audit(form: MeasureForm, word: str, *, by: Any, now: datetime, **detail: Any) -> None:
    patient = form.patient
    audit.record(by=by, action=word, subject=form, now=now, patient=patient, site=patient.site, detail=detail)
