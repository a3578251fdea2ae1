"""Actions of consent: the talk, the typed signature before a witness, the yes of the day, the withdrawal.

The witness proves who they are through `accounts.signers.reauthenticate` before `sign_consent` is called: a failed
attempt must stay counted although nothing is signed.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.chain import calculate_digest
from afterglow.clinic.consents.checks import ConsentCheck, find_valid_consent
from afterglow.clinic.consents.drawings import HEIGHT, WIDTH, read_drawing
from afterglow.clinic.consents.models import Consent, ConsentConfirmation, ConsentTalk, DrawnSignature
from afterglow.clinic.consents.texts import list_current_texts
from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.people.checks import Checks, get_local_date
from afterglow.clinic.people.models import normalise_name

__all__ = [
    "ConsentCheck",
    "confirm_consent",
    "find_valid_consent",
    "list_current_texts",
    "list_missing_topics",
    "record_talk",
    "sign_consent",
    "withdraw_consent",
]

RECORD = "consent.record"
# a talk older than this is held again before a signature
TALK_D = 90
ALWAYS = ("goals", "benefits", "risks", "alternatives", "expectations")
OFF_LABEL = "off-label"
IDENTIFIERS = ("name", "birth-date", "photo", "wristband")


@action
def record_talk(
    *,
    patient: Any,
    topics: Iterable[str],
    has_capacity: bool | None,
    held_at: datetime,
    by: Any,
    now: datetime,
    goals: str = "",
) -> ConsentTalk:
    """Record the talk as it was held: what was covered, the person's goals, whether they can decide."""
    policy.require(by, RECORD, patient)
    checks = Checks()
    covered = [checks.word(topic, "topics", ConsentTalk.TOPICS) for topic in dict.fromkeys(topics)]
    words = checks.text(goals, "goals", longest=1000)
    held: Any = checks.past_instant(held_at, "held_at", now)
    if held is None and not checks.problems:
        checks.refuse("held_at", "instant-missing", "", "when it was held", "a time is needed")
    checks.raise_problems()
    talk = ConsentTalk.objects.create(
        patient=patient,
        topics=covered,
        goals=words,
        has_capacity=has_capacity,
        held_at=held,
        recorded_at=now,
        recorded_by=by,
    )
    audit.record(
        by=by, action="consent.talk-recorded", subject=talk, now=now, patient=patient, detail={"topics": covered}
    )
    return talk


@action
def sign_consent(
    *,
    patient: Any,
    text: Any,
    typed_name: str,
    by: Any,
    now: datetime,
    talk: Any = None,
    identifiers: Iterable[str] = (),
    drawn: str = "",
) -> Consent:
    """Record the patient's typed signature under one text, witnessed by `by`; a complete talk comes before it.

    `drawn` is the signature drawn beside the typed name, if one was: see `consents.drawings`.
    """
    from afterglow.clinic.scheduling.voiding import judge_again

    policy.require(by, RECORD, patient)
    today = get_local_date(patient.site, now)
    held = talk if talk is not None else patient.consent_talks.order_by("held_at", "pk").last()
    _require_talk(held, patient, text, today)
    checks = Checks()
    typed = checks.text(typed_name, "typed_name", longest=240, is_required=True)
    if typed and not _is_name_of(typed, patient):
        message = "the typed name is not the patient's full name"
        checks.refuse("typed_name", "name-differs", "", "given name and family name as in the chart", message)
    line = read_drawing(checks, drawn)
    shown = [checks.word(item, "identifiers", IDENTIFIERS) for item in dict.fromkeys(identifiers)]
    if text.pk not in {item.pk for item in list_current_texts()}:
        checks.refuse("text", "text-superseded", text.version, "the version in force", "a newer version is in force")
    checks.raise_problems()
    consent = Consent.objects.create(
        patient=patient,
        text=text,
        talk=held,
        typed_name=typed,
        identifiers=shown,
        signed_at=now,
        witnessed_by=by,
        expires_on=today + timedelta(days=text.valid_for_d),
    )
    detail = {"text": text.key, "version": text.version, "digest": text.digest}
    if line:
        DrawnSignature.objects.create(consent=consent, path=line, width=WIDTH, height=HEIGHT, recorded_at=now)
        detail["drawn"] = calculate_digest(line.encode())
    audit.record(by=by, action="consent.signed", subject=consent, now=now, patient=patient, detail=detail)
    if patient.consents.filter(withdrawn_at__isnull=False).exists():
        judge_again(patient=patient, by=by, now=now)
    return consent


@action
def confirm_consent(*, consent: Any, by: Any, now: datetime, on: date | None = None) -> ConsentConfirmation:
    """Record that the patient said yes again today; a consent that ended cannot be confirmed."""
    policy.require(by, RECORD, consent)
    today = get_local_date(consent.patient.site, now)
    if consent.withdrawn_at is not None:
        raise Refused("consent-withdrawn", "this consent was withdrawn; a new one has to be signed")
    if today > consent.expires_on:
        raise Refused("consent-expired", "this consent has ended; a new one has to be signed")
    if on is not None and on != today:
        raise Refused("confirmation-day", "a consent is confirmed on the day itself")
    row = ConsentConfirmation.objects.create(consent=consent, on=today, recorded_at=now, recorded_by=by)
    audit.record(by=by, action="consent.confirmed", subject=consent, now=now, patient=consent.patient)
    return row


@action
def withdraw_consent(*, consent: Any, by: Any, now: datetime, reason: str = "") -> Consent:
    """Record that the patient withdrew a consent; possible at any time, and never refused for want of a reason.

    Visits to come that no other consent covers are judged again: nobody is reminded of them, the desk cancels them.
    """
    from afterglow.clinic.scheduling.voiding import judge_again

    policy.require(by, RECORD, consent)
    checks = Checks()
    words = checks.text(reason, "reason", longest=500)
    checks.raise_problems()
    locked = Consent.objects.select_for_update().get(pk=consent.pk)
    if locked.withdrawn_at is not None:
        raise Conflict("this consent was withdrawn before")
    locked.withdrawn_at, locked.withdrawn_by, locked.withdrawal_reason = max(now, locked.signed_at), by, words
    locked.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawal_reason"])
    audit.record(by=by, action="consent.withdrawn", subject=locked, now=now, patient=locked.patient)
    judge_again(patient=locked.patient, by=by, now=now)
    return locked


def list_missing_topics(talk: Any, text: Any) -> list[str]:
    """Return what a talk did not cover of what a text needs."""
    needed = [*ALWAYS, *([OFF_LABEL] if text.is_off_label else [])]
    return [topic for topic in needed if topic not in talk.topics]


def _require_talk(talk: Any, patient: Any, text: Any, today: date) -> None:
    if talk is None or talk.patient_id != patient.pk:
        raise Refused("talk-missing", "the talk comes first: goals, benefit, risks, alternatives, off-label use")
    if (today - get_local_date(patient.site, talk.held_at)).days > TALK_D:
        raise Refused("talk-too-old", f"the talk is older than {TALK_D} days; hold it again")
    missing = list_missing_topics(talk, text)
    if missing:
        raise Refused("talk-incomplete", f"the talk did not cover: {', '.join(missing)}")
    if talk.has_capacity is not True:
        raise Refused("capacity-not-shown", "the capacity to decide was not found at the talk")


def _is_name_of(typed: str, patient: Any) -> bool:
    """Return whether the words typed are the patient's names, in either order, with or without the preferred one."""
    words = sorted(normalise_name(typed.replace(",", " ")).split())
    givens = {patient.given_name, patient.preferred_name or patient.given_name}
    return any(words == sorted(normalise_name(given, patient.family_name).split()) for given in givens)
