"""Psychotherapy notes and the one rule of who reads them: a holder of the permission who wrote it, or is named.

The rule asks the roles that are stored, never the policy's widened sight: an emergency opening of a chart opens no
note. The chart knows only that a note exists.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.audit.reads import record_read
from afterglow.clinic.care.models.notes import NamedTherapist, TherapyNote, TherapyNoteVersion
from afterglow.clinic.dosing_sessions.links import calculate_note_digest
from afterglow.clinic.errors import Denied, Refused
from afterglow.clinic.ids import make_id
from afterglow.clinic.people.checks import Checks, get_local_date
from afterglow.clinic.people.models import PractitionerRole
from afterglow.clinic.prepared import Prepared

READ, WRITE, EDIT = "therapy-note.read", "therapy-note.write", "care.edit"
LONGEST = 20000
REASON = 200


_ROLES = Prepared(
    lambda user, site: PractitionerRole.objects.filter(user=user, site=site).values_list("role", flat=True)
)
_NOTES = Prepared(
    lambda patient: (
        TherapyNote.objects.filter(patient=patient)
        .select_related("author")
        .order_by("-talked_on", "-recorded_at", "-pk")
    )
)


@dataclass(frozen=True, slots=True)
class NoteLine:
    """What the chart may know of a note: whose, about which talk, and whether this user may open it."""

    id: str
    talked_on: date
    author: Any
    may_open: bool


def holds(user: Any, permission: str, site_id: str) -> bool:
    """Return whether an account itself holds a permission at a site by a role given to it."""
    if user is None or not user.is_authenticated or not user.is_active:
        return False
    known = policy.load_roles()
    roles = _ROLES.ask(user=user, site=site_id)
    return any(permission in known[role].permissions for role in roles if role in known)


def find_named_therapist(patient: Any) -> NamedTherapist | None:
    """Return who is the patient's named therapist now."""
    return patient.named_therapists.filter(until__isnull=True).select_related("user").first()


def may_read(user: Any, note: TherapyNote) -> bool:
    """Return whether a user may read a note: holds the permission, and wrote it or is the named therapist."""
    if not holds(user, READ, note.patient.site_id):
        return False
    return note.author_id == user.pk or _is_named(user, note.patient)


def list_note_lines(patient: Any, user: Any) -> list[NoteLine]:
    """Return that there are notes, newest first; no words of any."""
    is_holder = holds(user, READ, patient.site_id)
    is_named = is_holder and _is_named(user, patient)
    rows = _NOTES.ask(patient=patient)
    return [
        NoteLine(row.pk, row.talked_on, row.author, is_holder and (is_named or row.author_id == user.pk))
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class NoteCount:
    """What every reader of a chart may know: how many notes there are, of which day the last talk was."""

    count: int
    last_on: date
    may_open: bool


def count_notes(patient: Any, user: Any) -> NoteCount | None:
    """Return that a patient has therapy notes and whether this user may open one of them, or None without any."""
    lines = list_note_lines(patient, user)
    return NoteCount(len(lines), lines[0].talked_on, any(line.may_open for line in lines)) if lines else None


def read_note(*, note: TherapyNote, by: Any, now: datetime) -> list[TherapyNoteVersion]:
    """Return the versions of a note, newest first, after the reading was written down; raise Denied otherwise."""
    _require_reader(by, note)
    record_read(by=by, what="therapy note", subject=note, now=now, patient=note.patient)
    return list(note.versions.select_related("recorded_by", "withdrawn_by").order_by("-number"))


@action
def write_note(*, patient: Any, text: str, by: Any, now: datetime, talked_on: date | None = None) -> TherapyNote:
    """Write a note about a talk; it is the author's."""
    if not holds(by, WRITE, patient.site_id):
        raise Denied(WRITE)
    checks = Checks()
    words = checks.text(text, "text", longest=LONGEST, is_required=True)
    today = get_local_date(patient.site, now)
    day = checks.past_day(talked_on, "talked_on", today) or today
    checks.raise_problems()
    note = TherapyNote.objects.create(patient=patient, author=by, talked_on=day, recorded_at=now)
    _add_version(note, 1, words, by, now)
    return note


@action
def revise_note(*, note: TherapyNote, text: str, by: Any, now: datetime) -> TherapyNoteVersion:
    """Add a version to one's own note; the versions before stay as they were."""
    locked = TherapyNote.objects.select_for_update(of=("self",)).select_related("patient").get(pk=note.pk)
    if locked.author_id != by.pk or not holds(by, WRITE, locked.patient.site_id):
        raise Denied(WRITE)
    checks = Checks()
    words = checks.text(text, "text", longest=LONGEST, is_required=True)
    checks.raise_problems()
    last = locked.versions.order_by("-number").first()
    if last is not None and last.text == words:
        raise Refused("note-unchanged", "these are the words of the last version")
    return _add_version(locked, (last.number if last is not None else 0) + 1, words, by, now)


@action
def withdraw_version(*, version: TherapyNoteVersion, reason: str, by: Any, now: datetime) -> TherapyNoteVersion:
    """Take the words of a version out for good, with a reason; that it was there, whose and when, stays."""
    locked = (
        TherapyNoteVersion.objects.select_for_update(of=("self",)).select_related("note__patient").get(pk=version.pk)
    )
    _require_reader(by, locked.note)
    checks = Checks()
    words = checks.text(reason, "reason", longest=REASON, is_required=True)
    checks.raise_problems()
    if locked.withdrawn_at is not None:
        raise Refused("note-withdrawn", "these words were withdrawn already")
    locked.text, locked.withdrawn_at, locked.withdrawn_by, locked.withdrawn_reason = "", now, by, words
    locked.save(update_fields=["text", "withdrawn_at", "withdrawn_by", "withdrawn_reason"])
    _tell("therapy-note.withdrawn", locked.note, by, now, number=locked.number)
    return locked


@action
def name_therapist(*, patient: Any, user: Any, by: Any, now: datetime) -> NamedTherapist:
    """Name the patient's therapist, who may then read every therapy note of theirs.

    Nobody makes themselves the reader of somebody else's notes: where another's note exists, a colleague names them.
    """
    if not holds(by, EDIT, patient.site_id):
        raise Denied(EDIT)
    checks = Checks()
    if not holds(user, READ, patient.site_id):
        accepted = "somebody who reads therapy notes at this site"
        checks.refuse("user", "therapist-elsewhere", audit.identify(user), accepted, "cannot be the therapist here")
    checks.raise_problems()
    if by.pk == user.pk and patient.therapy_notes.exclude(author=by).exists():
        raise Refused("names-themselves", "there are notes of a colleague; somebody else names the new therapist")
    standing = NamedTherapist.objects.select_for_update(of=("self",)).filter(patient=patient, until__isnull=True)
    before = standing.first()
    if before is not None and before.user_id == user.pk:
        return before
    if before is not None:
        before.until, before.ended_by = now, by
        before.save(update_fields=["until", "ended_by"])
    named = NamedTherapist.objects.create(patient=patient, user=user, since=now, named_by=by)
    detail = {"therapist": user.pk, "before": audit.identify(before.user_id if before is not None else None)}
    audit.record(by=by, action="therapist.named", subject=named, now=now, patient=patient, detail=detail)
    return named


def _is_named(user: Any, patient: Any) -> bool:
    return bool(patient.named_therapists.filter(user=user, until__isnull=True).exists())


def _require_reader(user: Any, note: TherapyNote) -> None:
    if not may_read(user, note):
        raise Denied(READ, "a therapy note is read by its author and the named therapist only")


def _add_version(note: TherapyNote, number: int, text: str, by: Any, now: datetime) -> TherapyNoteVersion:
    key = make_id()
    version = TherapyNoteVersion.objects.create(
        id=key,
        note=note,
        number=number,
        text=text,
        digest=calculate_note_digest(key, text),
        recorded_at=now,
        recorded_by=by,
    )
    _tell("therapy-note.written", note, by, now, number=number)
    return version


def _tell(word: str, note: TherapyNote, by: Any, now: datetime, **detail: int) -> None:
    audit.record(by=by, action=word, subject=note, now=now, patient=note.patient, detail=detail)
