"""The on-call roster: who answers for a role at an instant, which hours nobody covers, and what that breaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Conflict
from afterglow.clinic.notices.hours import get_hours
from afterglow.clinic.people.checks import Checks
from afterglow.clinic.sites.models import Site
from afterglow.clinic.tasks.models import OnCallShift, Task
from afterglow.clinicday.dues import load_cover

MANAGE = "oncall.manage"
# a role whose hours nobody has to cover
CHOSEN = "chosen"
LONGEST = timedelta(days=31)
AHEAD = timedelta(days=7)
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Gap:
    """Hours in which nobody is on call for a role that needs somebody."""

    role: str
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class SetupFault:
    """Something that must be set up before alerts can reach anybody; shown to the manager and the director."""

    code: str
    role: str
    at: datetime
    task: Task | None = None


def find_on_call(*, site: Any, role: str, at: datetime) -> Any:
    """Return who is on call for a role at an instant, or None; an account that was closed answers nothing."""
    shifts = _list_standing(site).filter(role=role, begins_at__lte=at, ends_at__gt=at, user__is_active=True)
    shift = shifts.select_related("user").order_by("begins_at", "pk").first()
    return None if shift is None else shift.user


@action
def add_shift(
    *, site: Any, role: str, user: Any, begins_at: datetime, ends_at: datetime, by: Any, now: datetime
) -> OnCallShift:
    """Put somebody on call; one person answers for a role at a time, and holds that role at the site."""
    policy.require(by, MANAGE, site)
    checks = Checks()
    checks.word(role, "role", tuple(load_cover()), is_required=True)
    if ends_at <= begins_at or ends_at - begins_at > LONGEST:
        accepted = f"after the beginning, at most {LONGEST.days} days"
        checks.refuse("ends_at", "shift-length", ends_at.isoformat(), accepted, "a shift ends after it begins")
    if ends_at <= now:
        checks.refuse("ends_at", "shift-past", ends_at.isoformat(), "in the future", "this shift is over already")
    if not user.is_active or not can_stand_for(user, role, site):
        checks.refuse("user", "user-without-role", str(user.pk), f"somebody who is {role} here", "cannot stand in here")
    checks.raise_problems()
    Site.objects.select_for_update().get(pk=site.pk)
    other = _list_standing(site).filter(role=role, begins_at__lt=ends_at, ends_at__gt=begins_at).first()
    if other is not None:
        checks.refuse("begins_at", "shift-overlaps", begins_at.isoformat(), "hours that nobody has", "already covered")
        checks.raise_problems()
    shift = OnCallShift.objects.create(
        site=site, role=role, user=user, begins_at=begins_at, ends_at=ends_at, recorded_at=now, recorded_by=by
    )
    detail = {"role": role, "user": user.pk, "begins": begins_at.isoformat(), "ends": ends_at.isoformat()}
    audit.record(by=by, action="on-call.added", subject=shift, now=now, site=site, detail=detail)
    return shift


@action
def remove_shift(*, shift: OnCallShift, by: Any, now: datetime) -> OnCallShift:
    """Take a shift off the roster; the row stays with who removed it."""
    policy.require(by, MANAGE, shift)
    locked = OnCallShift.objects.select_for_update(of=("self",)).get(pk=shift.pk)
    if locked.removed_at is not None:
        raise Conflict("this shift was removed before")
    locked.removed_at, locked.removed_by = now, by
    locked.save(update_fields=["removed_at", "removed_by"])
    audit.record(by=by, action="on-call.removed", subject=locked, now=now, site=locked.site_id)
    return locked


def can_stand_for(user: Any, role: str, site: Any) -> bool:
    """Return whether a person may answer for a role: they hold it, or a medical director stands in for any."""
    return bool({role, "medical-director"} & policy.list_roles(user, site))


def list_shifts(site: Any, begin: datetime, end: datetime) -> list[OnCallShift]:
    """Return the standing shifts that touch a stretch of time."""
    rows = _list_standing(site).filter(begins_at__lt=end, ends_at__gt=begin)
    return list(rows.select_related("user").order_by("begins_at", "role"))


def list_gaps(site: Any, begin: datetime, end: datetime) -> list[Gap]:
    """Return the hours of a stretch in which a role that needs somebody has nobody."""
    shifts = [shift for shift in list_shifts(site, begin, end) if shift.user.is_active]
    gaps = []
    for role, when in load_cover().items():
        if when == CHOSEN:
            continue
        covered = [(shift.begins_at, shift.ends_at) for shift in shifts if shift.role == role]
        if when == "closed":
            hours = get_hours(site)
            covered += hours.iterate_spans(begin, (end - begin).days + 2)
        gaps += [Gap(role, *span) for span in subtract_spans((begin, end), covered)]
    return sorted(gaps, key=lambda gap: (gap.begins_at, gap.role))


def subtract_spans(whole: Span, covered: Sequence[Span]) -> list[Span]:
    """Return the parts of a stretch that no span covers."""
    left, place = [], whole[0]
    for begin, end in sorted(covered):
        if begin > place:
            left.append((place, min(begin, whole[1])))
        place = max(place, end)
        if place >= whole[1]:
            return left
    return [*left, (place, whole[1])]


def list_setup_faults(*, site: Any, user: Any, now: datetime) -> list[SetupFault]:
    """Return what keeps alerts from reaching anybody, for those who keep the roster: nobody on call, now or soon."""
    if not policy.allow(user, MANAGE, site):
        return []
    waiting = Task.objects.filter(site=site, state="open", lacks_on_call=True).order_by("due_at", "pk")
    faults = [SetupFault("alert-without-on-call", task.owner_role, task.due_at, task) for task in waiting[:20]]
    gaps = list_gaps(site, now, now + AHEAD)
    return faults + [SetupFault("nobody-on-call", gap.role, gap.begins_at) for gap in gaps]


def _list_standing(site: Any) -> Any:
    return OnCallShift.objects.filter(Q(removed_at__isnull=True), site=site)
