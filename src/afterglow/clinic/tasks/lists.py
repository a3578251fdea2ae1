"""Which tasks a person sees, in which order, and the words of the board's lane of what is late or near due."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils.formats import date_format
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic import policy
from afterglow.clinic.tasks.about import find_referred, find_untold, find_viewer
from afterglow.clinic.tasks.models import Task, TaskEvent
from afterglow.clinicday.dues import Lateness, Rank, find_lateness, get_kind, get_standing_after, list_calls, load_kinds

# a visit of today that somebody still comes to, or is here for
TODAY = ("booked", "confirmed", "arrived", "in-session")
# writes the initials of people by key
Mark = Callable[[Mapping[str, Any]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class LaneRow:
    """One line of the lane: what and whose, a tag, and a second line with what happened and who owns it."""

    task_id: str
    patient_id: str
    title: str
    initials: str
    tag: str
    tag_kind: str
    line: str
    priority: str
    due_at: datetime
    alert: str = ""


@cache
def list_plain_kinds() -> tuple[str, ...]:
    """Return the kinds that say nothing clinical."""
    return tuple(kind.id for kind in load_kinds().values() if not kind.is_clinical)


def list_visible(user: Any, queryset: QuerySet[Task] | None = None) -> QuerySet[Task]:
    """Return the tasks a person may see: at their sites; of clinical kinds only where they read charts or assign."""
    rows: QuerySet[Task] = policy.scope(user, Task.objects.all() if queryset is None else queryset)
    sites = policy.find_sites(user, "patient.read") | policy.find_sites(user, "task.assign")
    if policy.find_sites(user, "task.read") <= sites:
        return rows
    mine = Q(owner=user) | Q(on_call=user)
    return rows.filter(Q(site__in=sorted(sites)) | Q(kind__in=list_plain_kinds()) | mine)


def may_see_patient(user: Any, task: Task) -> bool:
    """Return whether a person may see whose a task is and what it says of them: by chart, or by name where plain."""
    if task.patient_id is None:
        return (
            not get_kind(task.kind).is_clinical or policy.allow(user, "patient.read", task.site) or _is_of(user, task)
        )
    permission = "patient.read" if get_kind(task.kind).is_clinical else "patient.find"
    return policy.allow(user, permission, task.site)


def _is_of(user: Any, task: Task) -> bool:
    roles = policy.list_roles(user, task.site)
    return user.pk in (task.owner_id, task.on_call_id) or bool(roles & {task.owner_role, task.lead_role})


def list_mine(user: Any, rows: QuerySet[Task]) -> QuerySet[Task]:
    """Return those that a person owns or was called for."""
    return rows.filter(Q(owner=user) | Q(on_call=user))


def list_of_roles(user: Any, rows: QuerySet[Task]) -> QuerySet[Task]:
    """Return those that wait for somebody of the person's roles: nobody owns them, or they climbed to the lead.

    Calls to somebody at home stand there whoever owns them: their nurse may be off on the day of the call.
    """
    wanted, is_open = Q(pk__in=()), Q(owner__isnull=True) | Q(kind__in=list_calls())
    for site, role in policy.list_assignments(user):
        wanted |= is_open & Q(site=site, owner_role=role) | Q(site=site, lead_role=role)
    return rows.filter(wanted)


def order_by_need(rows: QuerySet[Task], *, now: datetime, end: datetime) -> QuerySet[Task]:
    """Return tasks in the order of need (`dues.rank`) on the day that ends then, then by their due times.

    Each carries its `rank`.
    """
    is_due, is_long = Q(due_at__lt=end), Q(due_at__lt=now - get_standing_after())
    is_late_call = Q(kind__in=list_calls(), due_at__lt=now)
    is_here = _find_here(end - timedelta(days=1), end)
    rank = Case(
        When(priority="urgent", then=Value(Rank.URGENT)),
        When(~is_due, then=Value(Rank.LATER)),
        When(is_late_call & ~is_long, then=Value(Rank.CALL)),
        When(is_here & is_long, then=Value(Rank.HELD_LONG)),
        When(is_here, then=Value(Rank.HELD)),
        When(is_long, then=Value(Rank.STANDING)),
        default=Value(Rank.DAY),
        output_field=IntegerField(),
    )
    return rows.annotate(rank=rank).order_by("rank", "due_at", "pk")


def _find_here(begin: datetime, end: datetime) -> Q:
    """Return what says of a task that its person sits in a session, or has a visit today that is not over."""
    from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, Session
    from afterglow.clinic.scheduling.models import Appointment

    seated = Session.objects.filter(is_closed=False, phase__in=LIVE_PHASES).values("patient")
    visits = Appointment.objects.filter(starts_at__gte=begin, starts_at__lt=end, state__in=TODAY).values("patient")
    return Q(patient__in=seated) | Q(patient__in=visits)


def list_lane(
    site: Any,
    user: Any,
    now: datetime,
    limit: int = 5,
    mark: Mark | None = None,
) -> tuple[list[LaneRow], int]:
    """Return what is late or due today at a site, the first in need first; and how many there are in all.

    `mark` writes the initials of some people by key; a board gives one that tells them apart from those it shows.
    """
    end = find_end_of_day(site, now)
    rows = order_by_need(_list_due(site, user, end), now=now, end=end)
    total = rows.count()
    tasks = list(rows.select_related("patient", "owner", "on_call", "site")[:limit])
    tries = find_last_attempts(tasks)
    zone, untold, referred = ZoneInfo(site.timezone), find_untold(tasks, find_viewer(user, site)), find_referred(tasks)
    about = {task.pk: referred.get(task.pk) or task.patient for task in tasks if may_see_patient(user, task)}
    people = {_name_person(task): about[task.pk] for task in tasks if about.get(task.pk) is not None}
    initials = mark(people) if mark else {key: describe_initials(person) for key, person in people.items()}
    lines = []
    for task in tasks:
        written = initials.get(_name_person(task), "")
        alert = describe_untold(task, untold.get(task.pk, ""))
        lines.append(_describe(task, user, now, end, tries.get(task.pk), zone, written, alert))
    return lines, total


def _name_person(task: Task) -> str:
    """Return the key of whom a task is about, the same as in the rows of a crisis."""
    return str(task.patient_id or f"{task.subject_kind}:{task.subject_id}")


def count_standing(site: Any, user: Any, now: datetime) -> int:
    """Return how many tasks of a site have been late for so long that they stand below the work of the day."""
    rows = _list_due(site, user, now - get_standing_after())
    return rows.exclude(priority="urgent").count()


def _list_due(site: Any, user: Any, end: datetime) -> QuerySet[Task]:
    return list_visible(user, Task.objects.filter(site=site, state="open", due_at__lt=end))


def find_end_of_day(site: Any, now: datetime) -> datetime:
    """Return the first instant of the site's next local day; without a site, of the clock that pages are written by."""
    local = now.astimezone(get_current_timezone() if site is None else ZoneInfo(site.timezone))
    return datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), local.tzinfo)


def find_last_attempts(tasks: Sequence[Task]) -> dict[str, TaskEvent]:
    """Return the last attempt noted on each task, in one query."""
    events = TaskEvent.objects.filter(task__in=[task.pk for task in tasks], type="tried").order_by("pk")
    return {event.task_id: event for event in events}


def describe_tag(task: Task, now: datetime, end_of_day: datetime) -> tuple[str, str]:
    """Return the words of a task's tag and its kind; however late, a due time is amber."""
    lateness = find_lateness(task.due_at, now, end_of_day)
    if lateness is Lateness.OVERDUE:
        return _("%(time)s late") % {"time": describe_length(now - task.due_at)}, "amber"
    if lateness is Lateness.TODAY:
        left = task.due_at - now
        if left < timedelta(hours=1):
            return _("%(time)s left") % {"time": describe_length(left)}, "amber"
        return _("Due today"), "amber"
    days = (task.due_at.astimezone(end_of_day.tzinfo).date() - end_of_day.date()).days + 1
    return (_("Due tomorrow"), "") if days == 1 else (ngettext("In %(n)d day", "In %(n)d days", days) % {"n": days}, "")


def describe_length(length: timedelta) -> str:
    """Return a length as people say it: minutes to 90 min, hours to 48 h, then days."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 90:
        return _("%(n)d min") % {"n": minutes}
    if minutes < 48 * 60:
        return _("%(n)d h") % {"n": minutes // 60}
    days = minutes // (24 * 60)
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def describe_owner(task: Task) -> str:
    """Return who has a task: a person, else everybody of a role."""
    if task.owner is not None:
        return str(task.owner)
    return describe_role(task.owner_role)


def describe_role(role: str) -> str:
    """Return a role as people say it."""
    known = policy.load_roles().get(role)
    return _(known.title) if known is not None else role


def describe_untold(task: Task, reason: str) -> str:
    """Return that who is on call could not be told, and why; nothing where the message left or waits to leave."""
    if not reason:
        return ""
    words = {
        "no-address": _("no address"),
        "opted-out": _("wants no messages"),
        "expired": _("not sent in time"),
        "unsure": _("not sure that it arrived"),
        "cancelled": _("called back"),
    }
    values = {"name": task.on_call, "why": words.get(reason, _("the message failed"))}
    return _("%(name)s could not be told: %(why)s. Telephone.") % values


def _describe(
    task: Task,
    user: Any,
    now: datetime,
    end: datetime,
    tried: TaskEvent | None,
    zone: ZoneInfo,
    initials: str,
    alert: str,
) -> LaneRow:
    is_shown = may_see_patient(user, task)
    tag, tag_kind = describe_tag(task, now, end)
    parts = [describe_attempt(task, tried, zone, now), _("Owner %(name)s") % {"name": describe_owner(task)}]
    if task.lacks_on_call:
        parts.insert(0, _("Nobody on call"))
    if is_shown and getattr(task, "rank", None) in (Rank.HELD, Rank.HELD_LONG):
        parts.insert(0, _("Here or expected today"))
    if is_shown and task.detail:
        # the title stands above it
        detail = task.detail.removeprefix(f"{task.title}. ")
        parts.append(detail[:1].upper() + detail[1:])
    return LaneRow(
        task_id=task.pk,
        patient_id=str(task.patient_id or "") if is_shown else "",
        title=_(task.title),
        initials=initials,
        tag=tag,
        tag_kind=tag_kind,
        line=". ".join(part.rstrip(".") for part in parts if part),
        priority=task.priority,
        due_at=task.due_at,
        alert=alert,
    )


def describe_attempt(task: Task, tried: TaskEvent | None, zone: ZoneInfo, now: datetime) -> str:
    """Return the last attempt in words, with its time; one of another day with its day too."""
    if tried is None:
        return ""
    labels = {each.word: each.label for each in get_kind(task.kind).attempts}
    label = _(labels.get(str(tried.detail.get("outcome")), "Tried"))
    at = tried.at.astimezone(zone)
    time = f"{at:%H:%M}"
    if at.date() != now.astimezone(zone).date():
        day = f"{at.day} {date_format(at, 'M')}"
        return _("%(what)s on %(day)s at %(time)s") % {"what": label, "day": day, "time": time}
    return _("%(what)s at %(time)s") % {"what": label, "time": time}


def describe_initials(patient: Any) -> str:
    """Return a person's initials with points, as a board shows them."""
    return "".join(f"{name[:1].upper()}." for name in (patient.given_name, patient.family_name) if name)
