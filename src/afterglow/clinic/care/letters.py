"""Update letters: drafted from the record, edited, signed, filed as a tagged PDF, and how each went out."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.care.composing import compose_letter, write_day
from afterglow.clinic.care.courses import find_plan
from afterglow.clinic.care.models.letters import (
    DISCARDED,
    DRAFT,
    KINDS,
    LEFT,
    SIGNED,
    UPDATE,
    WAYS,
    Letter,
    LetterDelivery,
)
from afterglow.clinic.care.models.shared import ALLOWED, REFUSED, OutsideClinician
from afterglow.clinic.documents.actions import file_document
from afterglow.clinic.documents.typesetting import typeset
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.people.checks import Checks, get_local_date
from afterglow.clinic.tasks.models import Task

EDIT, SIGN = "care.edit", "letter.sign"
PACKAGE = "afterglow.clinic.care"
TASK = "letter-due"
LONGEST = 12000


def name_letter_task(plan: Any, kind: str) -> str:
    """Return the key of the task that asks for the letters of a kind about a plan."""
    return f"{TASK}:{audit.identify(plan)}:{kind}"


def may_sign(user: Any, letter: Letter) -> bool:
    """Return whether a user may sign: letters about the treatment are a prescriber's, other ones a therapist's too."""
    if not policy.allow(user, SIGN, letter):
        return False
    return letter.kind == UPDATE or policy.is_licensed(user, letter.patient.site)


def list_letters(patient: Any) -> list[Letter]:
    """Return the letters of a patient, newest first, without discarded drafts."""
    rows = patient.letters.exclude(state=DISCARDED).select_related("addressee", "signed_by", "drafted_by", "document")
    return list(rows.prefetch_related("deliveries__recorded_by").order_by("-drafted_at", "-pk"))


@action
def draft_letter(*, patient: Any, kind: str, addressee: OutsideClinician, by: Any, now: datetime) -> Letter:
    """Draft a letter from the record; the open draft of this kind to this person is returned as it stands."""
    policy.require(by, EDIT, patient)
    checks = Checks()
    known = checks.word(kind, "kind", KINDS, is_required=True)
    addressee = OutsideClinician.objects.get(pk=addressee.pk)
    if addressee.patient_id != patient.pk or addressee.ended_at is not None:
        accepted = "an outside clinician of this person"
        checks.refuse("addressee", "addressee-elsewhere", addressee.pk, accepted, "this is nobody to write to")
    checks.raise_problems()
    if addressee.sharing == REFUSED:
        raise Refused("sharing-refused", f"the patient does not want us to write to {addressee.name}")
    standing = Letter.objects.filter(patient=patient, kind=known, addressee=addressee, state=DRAFT).first()
    if standing is not None:
        return standing
    letter = Letter.objects.create(
        patient=patient,
        kind=known,
        addressee=addressee,
        plan=find_plan(patient),
        body=compose_letter(patient, known, addressee, now),
        drafted_at=now,
        drafted_by=by,
        edited_at=now,
        edited_by=by,
    )
    return _tell(letter, "letter.drafted", by, now, kind=known)


@action
def edit_letter(*, letter: Letter, body: str, by: Any, now: datetime, version: int | None = None) -> Letter:
    """Store the edited words of a draft."""
    policy.require(by, EDIT, letter)
    locked = _lock(letter, DRAFT, version)
    checks = Checks()
    words = checks.text(body, "body", longest=LONGEST, is_required=True)
    checks.raise_problems()
    locked.body, locked.edited_at, locked.edited_by, locked.version = words, now, by, locked.version + 1
    locked.save()
    return _tell(locked, "letter.edited", by, now)


@action
def discard_letter(*, letter: Letter, by: Any, now: datetime) -> Letter:
    """Discard a draft; it stays in the record as discarded."""
    policy.require(by, EDIT, letter)
    locked = _lock(letter, DRAFT, None)
    locked.state, locked.version = DISCARDED, locked.version + 1
    locked.save()
    return _tell(locked, "letter.discarded", by, now)


@action
def sign_letter(*, letter: Letter, by: Any, now: datetime, version: int | None = None) -> Letter:
    """Sign a draft: it is set as a tagged PDF, filed as a document, and never changed again.

    The signing person proves who they are through `accounts.signers.reauthenticate` before this is called.

    Raises
    ------
    PrintFailed
        The letter cannot be set; nothing is signed.
    """
    if not may_sign(by, letter):
        raise Denied(SIGN)
    locked = _lock(letter, DRAFT, version)
    if locked.addressee.sharing == REFUSED:
        raise Refused("sharing-refused", f"the patient does not want us to write to {locked.addressee.name}")
    locked.signed_at, locked.signed_by = now, by
    document = file_document(
        patient=locked.patient,
        kind="letter",
        title=f"{describe_kind(locked.kind)}: {locked.addressee.name}"[:200],
        body=print_letter(locked),
        by=by,
        now=now,
    )
    locked.state, locked.document, locked.version = SIGNED, document, locked.version + 1
    locked.save()
    return _tell(locked, "letter.signed", by, now, document=document.pk, digest=document.content_id)


@action
def record_delivery(
    *, letter: Letter, way: str, by: Any, now: datetime, to: str = "", on: date | None = None
) -> LetterDelivery:
    """Note that a signed letter was printed, handed over, posted or faxed; the task ends with the last one due."""
    policy.require(by, EDIT, letter)
    locked = _lock(letter, SIGNED, None)
    checks = Checks()
    known = checks.word(way, "way", WAYS, is_required=True)
    words = checks.text(to, "to", longest=300)
    today = get_local_date(locked.patient.site, now)
    day = checks.past_day(on, "on", today) or today
    checks.raise_problems()
    if known in ("posted", "fax") and locked.addressee.sharing != ALLOWED:
        raise Refused("sharing-not-allowed", "ask the patient first whether we may write there, and note the answer")
    if known == "fax" and not (words or locked.addressee.fax):
        checks.refuse("to", "text-missing", "", "a fax number", "this is needed")
        checks.raise_problems()
    target = words or _find_target(locked.addressee, known)
    row = LetterDelivery.objects.create(letter=locked, way=known, to=target, on=day, recorded_at=now, recorded_by=by)
    _tell(locked, "letter.delivered", by, now, way=known)
    _settle(locked, by, now)
    return row


def print_letter(letter: Letter) -> bytes:
    """Return a letter as PDF; a draft says on every page that it is one. The same letter gives the same bytes."""
    site, patient, to = letter.patient.site, letter.patient, letter.addressee
    at = letter.signed_at or letter.edited_at
    local = at.astimezone(ZoneInfo(site.timezone))
    signed = ""
    if letter.signed_by is not None:
        signed = _("Signed by %(name)s on %(day)s, %(time)s") % {
            "name": letter.signed_by.signature_name,
            "day": write_day(local.date()),
            "time": f"{local:%H:%M}",
        }
    about = _("About: %(name)s, born %(day)s, our number %(n)s") % {
        "name": f"{patient.given_name} {patient.family_name}",
        "day": write_day(patient.birth_on),
        "n": patient.number,
    }
    data = {
        **describe_sheet(site, letter.patient),
        "title": describe_kind(letter.kind),
        "to": [line for line in (to.name, to.organisation, *to.address.split("\n")) if line],
        "day": write_day(local.date()),
        "about": about,
        "paragraphs": letter.body.split("\n\n"),
        "signed": signed,
        "draft": "" if signed else _("Draft, not signed"),
    }
    return typeset(PACKAGE, "letter", data, now=at)


def describe_sheet(site: Any, patient: Any) -> dict[str, Any]:
    """Return what every sheet of this room bears: language, paper, the house, the mark of the demonstration."""
    return {
        "lang": "en",
        "paper": "us-letter" if site.paper == "letter" else site.paper,
        "site": {"name": site.name, "address": site.address, "phone": site.phone},
        "mark": _("Invented person, demonstration data.") if site.is_demonstration else "",
        "number": patient.number,
    }


def describe_kind(kind: str) -> str:
    """Return what a letter is."""
    return {
        "after-induction": _("Update letter after induction"),
        "stopping": _("Letter at stopping"),
        "update": _("Update letter"),
    }[kind]


def _find_target(to: OutsideClinician, way: str) -> str:
    return {"fax": to.fax, "posted": to.address.replace("\n", ", ")}.get(way, "")


def _settle(letter: Letter, by: Any, now: datetime) -> None:
    """End the task once everybody the patient lets us write to has got a letter of this kind about this plan."""
    from afterglow.clinic.tasks.actions import settle_task

    if letter.plan_id is None:
        return
    task = Task.objects.filter(key=name_letter_task(letter.plan, letter.kind), state="open").first()
    if task is None:
        return
    told = Letter.objects.filter(
        patient=letter.patient, kind=letter.kind, plan=letter.plan, deliveries__way__in=LEFT
    ).values("addressee")
    wanted = OutsideClinician.objects.filter(patient=letter.patient, ended_at__isnull=True, sharing=ALLOWED)
    if told.exists() and not wanted.exclude(pk__in=told).exists():
        settle_task(task=task, now=now, by=by, outcome="sent")


def _lock(letter: Letter, state: str, version: int | None) -> Letter:
    rows = Letter.objects.select_for_update(of=("self",)).select_related("patient__site", "addressee", "plan")
    locked = rows.get(pk=letter.pk)
    if locked.state != state or (version is not None and locked.version != version):
        raise Conflict("this letter was changed meanwhile; read it again")
    return locked


def _tell(letter: Letter, word: str, by: Any, now: datetime, **detail: str) -> Letter:
    audit.record(by=by, action=word, subject=letter, now=now, patient=letter.patient, detail=detail)
    return letter
