"""Opening a chart of another site in an emergency: with a reason, for a while, for one person, reviewed afterwards.

What it lets one see is said by the policy (`[emergency]` in roles.toml): reading, for that one person, nothing more.
"""

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings

from afterglow.clinic import policy
from afterglow.clinic.accounts.models import EmergencyAccess
from afterglow.clinic.accounts.throttle import check_attempt, record_failure
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.people.checks import Checks
from afterglow.clinicday.emergency import load_emergency_rules

USE = "break-glass.use"
REVIEW = "break-glass.review"
KIND = "break-glass-review"
PURPOSE = "emergency-search"
LEAST_WORDS = 10


def find_people(
    *, family_name: str, given_name: str, birth_on: date, by: Any, now: datetime, address: str
) -> list[Any]:
    """Return the people of other sites with exactly these names and this birth date; every search is written down.

    Names and birth date must all be known already: this is no way to look for who is a patient somewhere.

    Raises
    ------
    TryLater
        Too many searches that found nobody.
    """
    from afterglow.clinic.people.models import Patient, normalise_name

    policy.require(by, USE)
    attempt = {"purpose": PURPOSE, "name": by.get_username(), "address": address}
    check_attempt(now=now, **attempt)
    family, given = normalise_name(family_name), normalise_name(given_name)
    found = [
        patient
        for patient in Patient.objects.filter(birth_on=birth_on).select_related("site")
        if normalise_name(patient.family_name) == family
        and given in (normalise_name(patient.given_name), normalise_name(patient.preferred_name))
        and not policy.holds_at_site(by, "patient.read", patient)
    ]
    if not found:
        record_failure(now=now, **attempt)
    _record_search(by=by, now=now, count=len(found))
    return found


@action
def open_emergency(*, patient: Any, reason: str, words: str, by: Any, now: datetime) -> EmergencyAccess:
    """Open the chart of one person of another site for a while; a review of it is due from this moment."""
    from afterglow.clinic.tasks.actions import open_task

    policy.require(by, USE)
    rules, checks = load_emergency_rules(), Checks()
    coded = checks.word(reason, "reason", rules.reasons, is_required=True)
    said = checks.text(words, "words", longest=500, is_required=True)
    if said and len(said) < LEAST_WORDS:
        checks.refuse(
            "words", "words-too-few", "", f"at least {LEAST_WORDS} letters", "say in a few words what happened"
        )
    checks.raise_problems()
    if policy.holds_at_site(by, "patient.read", patient):
        raise Refused("emergency-not-needed", "you work at this site; open the chart as always")
    if patient.pk in policy.list_emergencies(by):
        raise Refused("emergency-running", "this chart is open to you already")
    row = EmergencyAccess.objects.create(
        user=by, patient=patient, reason=coded, words=said, opened_at=now, expires_at=now + get_holding_time()
    )
    policy.forget_assignments(by)
    detail = {"reason": coded, "until": row.expires_at.isoformat()}
    audit.record(
        by=by, action="emergency.opened", subject=row, now=now, patient=patient, site=patient.site, detail=detail
    )
    open_task(
        site=patient.site,
        kind=KIND,
        by=None,
        now=now,
        patient=patient,
        subject=row,
        detail=rules.reasons[coded],
        key=_name_task(row),
    )
    return row


@action
def end_emergency(*, access: EmergencyAccess, by: Any, now: datetime) -> EmergencyAccess:
    """End an emergency opening before its time: its owner, or who may review it."""
    if access.user_id != by.pk:
        policy.require(by, REVIEW, access)
    locked = EmergencyAccess.objects.select_for_update().select_related("patient__site").get(pk=access.pk)
    if not is_running(locked, now):
        raise Conflict("this emergency opening has ended already")
    locked.ended_at, locked.ended_by = now, by
    locked.save(update_fields=["ended_at", "ended_by"])
    policy.forget_assignments(by)
    audit.record(by=by, action="emergency.ended", subject=locked, now=now, patient=locked.patient)
    return locked


@action
def review_emergency(*, access: EmergencyAccess, outcome: str, note: str, by: Any, now: datetime) -> EmergencyAccess:
    """Say whether an emergency opening was justified; never one's own, and only once it is over."""
    from afterglow.clinic.tasks.actions import settle_task
    from afterglow.clinic.tasks.models import Task

    policy.require(by, REVIEW, access)
    locked = EmergencyAccess.objects.select_for_update().select_related("patient__site").get(pk=access.pk)
    if locked.user_id == by.pk:
        raise Denied(REVIEW)
    if is_running(locked, now):
        raise Refused("emergency-running", "it still runs; end it first, or wait until it has ended")
    if locked.reviewed_at is not None:
        raise Conflict("this emergency opening was reviewed before")
    checks = Checks()
    chosen = checks.word(outcome, "outcome", load_emergency_rules().outcomes, is_required=True)
    words = checks.text(note, "note", longest=1000, is_required=chosen == "not-justified")
    checks.raise_problems()
    locked.reviewed_at, locked.reviewed_by, locked.outcome, locked.note = now, by, chosen, words
    locked.save(update_fields=["reviewed_at", "reviewed_by", "outcome", "note"])
    audit.record(
        by=by, action="emergency.reviewed", subject=locked, now=now, patient=locked.patient, detail={"outcome": chosen}
    )
    if task := Task.objects.filter(key=_name_task(locked)).first():
        settle_task(task=task, now=now, by=by, outcome=chosen)
    return locked


def list_running(user: Any, *, now: datetime) -> list[EmergencyAccess]:
    """Return the emergency openings of a person that hold now."""
    patients = policy.list_emergencies(user)
    if not patients:
        return []
    rows = EmergencyAccess.objects.filter(user=user, ended_at=None, expires_at__gt=now, patient__in=sorted(patients))
    return list(rows.select_related("patient"))


def is_running(access: EmergencyAccess, now: datetime) -> bool:
    """Return whether an emergency opening holds now."""
    return access.ended_at is None and now < access.expires_at


def get_holding_time() -> timedelta:
    """Return how long an emergency opening holds at this clinic."""
    minutes = settings.EMERGENCY_MINUTES
    return timedelta(minutes=minutes) if minutes else load_emergency_rules().holds


@action
def _record_search(*, by: Any, now: datetime, count: int) -> None:
    audit.record(by=by, action="emergency.searched", subject=by, now=now, detail={"found": count})


def _name_task(access: EmergencyAccess) -> str:
    return f"break-glass:{access.pk}"
