"""Registering patients, editing who they are, and the people who take them home."""

from datetime import date, datetime
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Conflict
from afterglow.clinic.people.checks import Checks, get_local_date
from afterglow.clinic.people.models import Escort, Patient
from afterglow.clinic.sites.models import Site

SEXES = ("female", "male", "other", "unknown")
_TEXTS = {
    "family_name": 120,
    "given_name": 120,
    "preferred_name": 120,
    "pronouns": 40,
    "phone": 40,
    "language": 12,
}
_REQUIRED = frozenset({"family_name", "given_name"})
EDITABLE = (*_TEXTS, "birth_on", "sex", "can_become_pregnant")


@action
def register_patient(
    *, site: Any, family_name: str, given_name: str, birth_on: date, by: Any, now: datetime, **more: Any
) -> Patient:
    """Register a patient at a site, and return the row with the number that was given to it."""
    policy.require(by, "patient.create", site)
    fields = _read_fields(
        {"family_name": family_name, "given_name": given_name, "birth_on": birth_on, **more}, get_local_date(site, now)
    )
    locked = Site.objects.select_for_update().get(pk=site.pk)
    locked.last_patient_number += 1
    locked.save(update_fields=["last_patient_number"])
    number = f"{locked.last_patient_number // 1000:03d}-{locked.last_patient_number % 1000:03d}"
    fields.setdefault("language", "en")
    patient = Patient(site=locked, number=number, created_at=now, created_by=by, **fields)
    patient.save(force_insert=True)
    audit.record(by=by, action="patient.registered", subject=patient, now=now, patient=patient, site=locked)
    return patient


@action
def edit_patient(*, patient: Any, version: int, by: Any, now: datetime, **changes: Any) -> Patient:
    """Change who a patient is; refuse with `Conflict` when somebody else changed it since `version` was read.

    Nothing of the refused change is stored and nothing of the other one is lost.
    """
    policy.require(by, "patient.edit", patient)
    locked = Patient.objects.select_for_update().select_related("site").get(pk=patient.pk)
    if locked.version != version:
        raise Conflict("this person's details were changed by somebody else; read them again, then change them")
    fields = _read_fields(changes, get_local_date(locked.site, now))
    changed = sorted(name for name, value in fields.items() if getattr(locked, name) != value)
    if not changed:
        return locked
    for name in changed:
        setattr(locked, name, fields[name])
    locked.version += 1
    locked.save()
    detail = {"changed": changed, "version": locked.version}
    audit.record(by=by, action="patient.edited", subject=locked, now=now, patient=locked, detail=detail)
    return locked


@action
def add_escort(*, patient: Any, name: str, by: Any, now: datetime, phone: str = "", relation: str = "") -> Escort:
    """Add a responsible adult who takes the patient home."""
    policy.require(by, "patient.edit", patient)
    checks = Checks()
    fields = {
        "name": checks.text(name, "name", longest=120, is_required=True),
        "phone": checks.text(phone, "phone", longest=40),
        "relation": checks.text(relation, "relation", longest=60),
    }
    checks.raise_problems()
    escort = Escort.objects.create(patient=patient, recorded_at=now, recorded_by=by, **fields)
    audit.record(by=by, action="escort.added", subject=escort, now=now, patient=patient)
    return escort


@action
def end_escort(*, escort: Any, by: Any, now: datetime) -> Escort:
    """End an escort; the row stays."""
    policy.require(by, "patient.edit", escort)
    locked = Escort.objects.select_for_update().get(pk=escort.pk)
    if locked.ended_at is not None:
        raise Conflict("this escort was ended before")
    locked.ended_at = max(now, locked.recorded_at)
    locked.save(update_fields=["ended_at"])
    audit.record(by=by, action="escort.ended", subject=locked, now=now, patient=locked.patient)
    return locked


def _read_fields(given: dict[str, Any], today: date) -> dict[str, Any]:
    """Return the identity fields that were given, checked; an unknown name is a programming mistake."""
    unknown = sorted(set(given) - set(EDITABLE))
    if unknown:
        raise TypeError(f"a patient has no {', '.join(unknown)}")
    checks = Checks()
    fields: dict[str, Any] = {}
    for name, longest in _TEXTS.items():
        if name in given:
            fields[name] = checks.text(given[name], name, longest=longest, is_required=name in _REQUIRED)
    if "birth_on" in given:
        fields["birth_on"] = _read_birth(checks, given["birth_on"], today)
    if "sex" in given:
        fields["sex"] = checks.word(given["sex"], "sex", SEXES)
    if "can_become_pregnant" in given:
        fields["can_become_pregnant"] = _read_answer(checks, given["can_become_pregnant"])
    checks.raise_problems()
    return fields


def _read_birth(checks: Checks, value: Any, today: date) -> date | None:
    if not isinstance(value, date) or isinstance(value, datetime):
        checks.refuse("birth_on", "day-missing", str(value or ""), "a date of birth", "a date of birth is needed")
        return None
    return checks.past_day(value, "birth_on", today)


def _read_answer(checks: Checks, value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    checks.refuse("can_become_pregnant", "answer-unknown", str(value), "yes, no, or not known", "this is no answer")
    return None
