"""Staff hours, qualifications and blocked time: what a day may be booked on."""

from datetime import date, datetime, time
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Refused
from afterglow.clinic.people.checks import Checks
from afterglow.clinic.scheduling.models import CLINIC, HOUR_ROLES, QUALIFICATIONS, Block, Qualification, StaffHours

MANAGE = "schedule.manage"
SUNDAY = 6
REASON = 120


@action
def set_hours(
    *,
    site: Any,
    user: Any,
    role: str,
    begins: time,
    ends: time,
    by: Any,
    now: datetime,
    weekday: int | None = None,
    on: date | None = None,
    is_away: bool = False,
) -> StaffHours:
    """Record when somebody is on duty, each week or on one day, or is away; without a user: when the clinic is open.

    Hours of one day replace the week's; times away are taken out of either.
    """
    if by is not None:
        policy.require(by, MANAGE, site)
    checks = Checks()
    checks.word(role, "role", HOUR_ROLES, is_required=True)
    if (weekday is None) == (on is None) or (weekday is not None and not 0 <= weekday <= SUNDAY):
        checks.refuse("weekday", "day-missing", weekday, "a weekday or a date", "give a weekday or one date")
    if begins >= ends:
        checks.refuse("ends", "end-before-begin", str(ends), f"after {begins:%H:%M}", "the end lies before the begin")
    if (user is None) != (role == CLINIC):
        checks.refuse("user", "user-missing", "", "a person, or the clinic", "name whose hours these are")
    if user is not None and not user.practitioner_roles.filter(site=site).exists():
        checks.refuse("user", "user-unknown", "", "somebody who works at this site", "this person does not work here")
    checks.raise_problems()
    row = StaffHours.objects.create(
        site=site, user=user, role=role, weekday=weekday, on=on, begins=begins, ends=ends, is_away=is_away,
        created_at=now,
    )  # fmt: skip
    detail = {"role": role, "away": is_away, "user": audit.identify(user)}
    audit.record(by=by, action="staff-hours.set", subject=row, now=now, site=site, detail=detail)
    return row


@action
def remove_hours(*, hours: StaffHours, by: Any, now: datetime) -> None:
    """Take staff hours away; the audit keeps that they were there."""
    policy.require(by, MANAGE, hours)
    detail = {"role": hours.role, "user": audit.identify(hours.user_id), "begins": str(hours.begins)}
    audit.record(by=by, action="staff-hours.removed", subject=hours, now=now, site=hours.site_id, detail=detail)
    hours.delete()


@action
def set_qualification(*, site: Any, user: Any, kind: str, valid_until: date, by: Any, now: datetime) -> Qualification:
    """Record until when somebody holds a qualification; a later date replaces the earlier one."""
    if by is not None:
        policy.require(by, MANAGE, site)
    checks = Checks()
    checks.word(kind, "kind", QUALIFICATIONS, is_required=True)
    if not user.practitioner_roles.filter(site=site).exists():
        checks.refuse("user", "user-unknown", "", "somebody who works at this site", "this person does not work here")
    checks.raise_problems()
    row, _ = Qualification.objects.update_or_create(
        site=site, user=user, kind=kind, defaults={"valid_until": valid_until, "recorded_at": now}
    )
    detail = {"kind": kind, "until": valid_until.isoformat(), "user": user.pk}
    audit.record(by=by, action="qualification.set", subject=row, now=now, site=site, detail=detail)
    return row


@action
def block_time(
    *,
    site: Any,
    begins_at: datetime,
    ends_at: datetime,
    reason: str,
    by: Any,
    now: datetime,
    place: Any = None,
    user: Any = None,
) -> Block:
    """Block a place, a person or the whole site for a time; visits that stand there keep standing and are named."""
    policy.require(by, MANAGE, site)
    checks = Checks()
    words = checks.text(reason, "reason", longest=REASON, is_required=True)
    if begins_at.tzinfo is None or ends_at.tzinfo is None or begins_at >= ends_at:
        checks.refuse("ends_at", "end-before-begin", "", "an end after the begin", "the end lies before the begin")
    if place is not None and user is not None:
        checks.refuse("user", "two-subjects", "", "a place or a person", "block a place or a person, not both")
    if place is not None and place.site_id != site.pk:
        checks.refuse("place", "place-unknown", "", "a place of this site", "this place is not here")
    if user is not None and not user.practitioner_roles.filter(site=site).exists():
        checks.refuse("user", "user-unknown", "", "somebody who works at this site", "this person does not work here")
    checks.raise_problems()
    row = Block.objects.create(
        site=site, place=place, user=user, begins_at=begins_at, ends_at=ends_at, reason=words, created_at=now,
        created_by=by,
    )  # fmt: skip
    audit.record(by=by, action="time.blocked", subject=row, now=now, site=site)
    return row


@action
def lift_block(*, block: Block, by: Any, now: datetime) -> Block:
    """Lift a block."""
    policy.require(by, MANAGE, block)
    row = Block.objects.select_for_update().get(pk=block.pk)
    if row.ended_at is not None:
        raise Refused("block-lifted", "this block was lifted already")
    row.ended_at, row.ended_by = now, by
    row.save(update_fields=["ended_at", "ended_by"])
    audit.record(by=by, action="time.unblocked", subject=row, now=now, site=row.site_id)
    return row
