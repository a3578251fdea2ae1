"""Outside clinicians of a patient, and changes of medicines: proposed, owned by one person, agreed, done."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.care.models.shared import (
    AGREED,
    DONE,
    DROPPED,
    NOT_ASKED,
    PROFESSIONS,
    PROPOSED,
    SHARING,
    MedicationChange,
    MedicationChangeEvent,
    OutsideClinician,
)
from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.people.checks import Checks, get_local_date

EDIT = "care.edit"
_LENGTHS = {"name": 160, "organisation": 160, "address": 300, "phone": 40, "fax": 40, "email": 120}


def list_clinicians(patient: Any) -> list[OutsideClinician]:
    """Return the outside clinicians who look after a patient now."""
    return list(patient.outside_clinicians.filter(ended_at__isnull=True).select_related("recorded_by"))


def list_changes(patient: Any, *, is_open: bool = False) -> list[MedicationChange]:
    """Return the changes of medicines, those still open first, then the newest."""
    rows = patient.medication_changes.select_related("owner", "outside_owner", "proposed_by")
    found = list(rows.prefetch_related("events__recorded_by").order_by("-proposed_at", "-pk"))
    return [row for row in found if row.is_open] + ([] if is_open else [row for row in found if not row.is_open])


@action
def add_clinician(*, patient: Any, fields: Mapping[str, Any], by: Any, now: datetime) -> OutsideClinician:
    """Add an outside clinician by name; what the patient said about sharing is asked apart."""
    policy.require(by, EDIT, patient)
    values = _check_clinician(fields)
    row = OutsideClinician.objects.create(patient=patient, recorded_at=now, recorded_by=by, **values)
    audit.record(by=by, action="outside-clinician.added", subject=row, now=now, patient=patient)
    return row


@action
def change_clinician(
    *, clinician: OutsideClinician, fields: Mapping[str, Any], by: Any, now: datetime, version: int | None = None
) -> OutsideClinician:
    """Change how an outside clinician is named or reached."""
    policy.require(by, EDIT, clinician)
    locked = _lock_clinician(clinician, version)
    values = _check_clinician(fields)
    changed = sorted(name for name, value in values.items() if getattr(locked, name) != value)
    for name in changed:
        setattr(locked, name, values[name])
    return _keep_clinician(locked, "outside-clinician.changed", by, now, fields=changed)


@action
def record_sharing(
    *, clinician: OutsideClinician, answer: str, by: Any, now: datetime, on: date | None = None
) -> OutsideClinician:
    """Note whether the patient lets us write to an outside clinician, and since which day."""
    policy.require(by, EDIT, clinician)
    locked = _lock_clinician(clinician, None)
    checks = Checks()
    known = checks.word(answer, "answer", [word for word in SHARING if word != NOT_ASKED], is_required=True)
    today = get_local_date(locked.patient.site, now)
    day = checks.past_day(on, "on", today) or today
    checks.raise_problems()
    locked.sharing, locked.sharing_on = known, day
    return _keep_clinician(locked, "outside-clinician.sharing", by, now, answer=known, on=day.isoformat())


@action
def end_clinician(*, clinician: OutsideClinician, by: Any, now: datetime) -> OutsideClinician:
    """Note that an outside clinician no longer looks after the patient; open changes need another owner first."""
    policy.require(by, EDIT, clinician)
    locked = _lock_clinician(clinician, None)
    if locked.medication_changes.filter(state__in=(PROPOSED, AGREED)).exists():
        raise Refused("owns-a-change", "an open change of a medicine is theirs; hand it on or drop it first")
    locked.ended_at, locked.ended_by = now, by
    return _keep_clinician(locked, "outside-clinician.ended", by, now)


@action
def propose_change(
    *,
    patient: Any,
    medicine: str,
    proposal: str,
    by: Any,
    now: datetime,
    owner: Any = None,
    outside_owner: OutsideClinician | None = None,
    reason: str = "",
    wanted_on: date | None = None,
) -> MedicationChange:
    """Propose a change of a medicine; exactly one person owns it, here or outside."""
    policy.require(by, EDIT, patient)
    checks = Checks()
    values = {
        "medicine": checks.text(medicine, "medicine", longest=120, is_required=True),
        "proposal": checks.text(proposal, "proposal", longest=300, is_required=True),
        "reason": checks.text(reason, "reason", longest=300),
    }
    today = get_local_date(patient.site, now)
    if wanted_on is not None and wanted_on < today:
        accepted = f"from {today.isoformat()}"
        checks.refuse("wanted_on", "day-in-past", wanted_on.isoformat(), accepted, "this day is over")
    _check_owner(checks, patient, owner, outside_owner)
    checks.raise_problems()
    row = MedicationChange.objects.create(
        patient=patient,
        owner=owner,
        outside_owner=outside_owner,
        wanted_on=wanted_on,
        proposed_at=now,
        proposed_by=by,
        **values,
    )
    return _note_change(row, "proposed", today, "", by, now)


@action
def hand_change(
    *,
    change: MedicationChange,
    by: Any,
    now: datetime,
    owner: Any = None,
    outside_owner: OutsideClinician | None = None,
    words: str = "",
) -> MedicationChange:
    """Give an open change to another owner."""
    locked = _lock_change(change, by, (PROPOSED, AGREED))
    checks = Checks()
    text = checks.text(words, "words", longest=300)
    _check_owner(checks, locked.patient, owner, outside_owner)
    checks.raise_problems()
    before = locked.owner_id or locked.outside_owner_id
    locked.owner, locked.outside_owner = owner, outside_owner
    today = get_local_date(locked.patient.site, now)
    return _note_change(_save(locked), "owner", today, text, by, now, before=before or "")


@action
def agree_change(
    *, change: MedicationChange, words: str, by: Any, now: datetime, on: date | None = None
) -> MedicationChange:
    """Note that the owner agreed: with whom it was spoken, how, and on which day."""
    locked = _lock_change(change, by, (PROPOSED,))
    text, day = _check_step(locked, words, on, now, is_required=True)
    locked.state, locked.agreed_on = AGREED, day
    return _note_change(_save(locked), AGREED, day, text, by, now)


@action
def finish_change(
    *, change: MedicationChange, by: Any, now: datetime, on: date | None = None, words: str = ""
) -> MedicationChange:
    """Note that an agreed change was made, and on which day; the list of medicines is the chart's and is kept there."""
    locked = _lock_change(change, by, (AGREED,))
    text, day = _check_step(locked, words, on, now)
    if locked.agreed_on is not None and day < locked.agreed_on:
        checks = Checks()
        accepted = f"from {locked.agreed_on.isoformat()}"
        checks.refuse("on", "day-before-agreed", day.isoformat(), accepted, "it was not agreed yet")
        checks.raise_problems()
    locked.state, locked.done_on = DONE, day
    return _note_change(_save(locked), DONE, day, text, by, now)


@action
def drop_change(*, change: MedicationChange, words: str, by: Any, now: datetime) -> MedicationChange:
    """Drop a change that will not be made, with the reason."""
    locked = _lock_change(change, by, (PROPOSED, AGREED))
    text, day = _check_step(locked, words, None, now, is_required=True)
    locked.state = DROPPED
    return _note_change(_save(locked), DROPPED, day, text, by, now)


def _check_clinician(fields: Mapping[str, Any]) -> dict[str, str]:
    checks = Checks()
    values = {
        name: checks.text(fields.get(name), name, longest=longest, is_required=name == "name")
        for name, longest in _LENGTHS.items()
    }
    values["profession"] = checks.word(fields.get("profession"), "profession", PROFESSIONS, is_required=True)
    if values["email"] and ("@" not in values["email"] or " " in values["email"]):
        checks.refuse("email", "address-malformed", values["email"], "name@house.example", "this is no address")
    checks.raise_problems()
    return values


def _check_owner(checks: Checks, patient: Any, owner: Any, outside_owner: OutsideClinician | None) -> None:
    if (owner is None) == (outside_owner is None):
        checks.refuse("owner", "owner-missing", "", "one person, here or outside", "a change has one owner")
    elif owner is not None and not policy.allow(owner, EDIT, patient):
        checks.refuse("owner", "owner-elsewhere", owner.pk, "somebody who treats here", "cannot own it")
    elif outside_owner is not None and (outside_owner.patient_id != patient.pk or outside_owner.ended_at is not None):
        accepted = "an outside clinician of this person"
        checks.refuse("owner", "owner-elsewhere", outside_owner.pk, accepted, "cannot own it")


def _check_step(
    change: MedicationChange, words: str, on: date | None, now: datetime, *, is_required: bool = False
) -> tuple[str, date]:
    checks = Checks()
    text = checks.text(words, "words", longest=300, is_required=is_required)
    today = get_local_date(change.patient.site, now)
    day = checks.past_day(on, "on", today) or today
    checks.raise_problems()
    return text, day


def _lock_clinician(clinician: OutsideClinician, version: int | None) -> OutsideClinician:
    rows = OutsideClinician.objects.select_for_update(of=("self",)).select_related("patient__site")
    locked = rows.get(pk=clinician.pk)
    if locked.ended_at is not None or (version is not None and locked.version != version):
        raise Conflict("this entry was changed meanwhile; read it again")
    return locked


def _keep_clinician(row: OutsideClinician, word: str, by: Any, now: datetime, **detail: Any) -> OutsideClinician:
    row.version += 1
    row.save()
    audit.record(by=by, action=word, subject=row, now=now, patient=row.patient, detail=detail)
    return row


def _lock_change(change: MedicationChange, by: Any, states: tuple[str, ...]) -> MedicationChange:
    policy.require(by, EDIT, change)
    rows = MedicationChange.objects.select_for_update(of=("self",)).select_related("patient__site")
    locked = rows.get(pk=change.pk)
    if locked.state not in states:
        raise Conflict("this change has moved on meanwhile; read it again")
    return locked


def _save(change: MedicationChange) -> MedicationChange:
    change.version += 1
    change.save()
    return change


def _note_change(
    change: MedicationChange, kind: str, on: date, words: str, by: Any, now: datetime, **detail: str
) -> MedicationChange:
    MedicationChangeEvent.objects.create(change=change, kind=kind, on=on, words=words, recorded_at=now, recorded_by=by)
    told = {"owner": change.owner_id or change.outside_owner_id or "", **detail}
    audit.record(
        by=by, action=f"medication-change.{kind}", subject=change, now=now, patient=change.patient, detail=told
    )
    return change
