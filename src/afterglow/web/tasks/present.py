"""Turns tasks into rows for templates: words, tags, and only what the person may see."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.people.models import User
from afterglow.clinic.tasks.about import find_referred, find_untold
from afterglow.clinic.tasks.actions import can_own
from afterglow.clinic.tasks.lists import (
    describe_attempt,
    describe_length,
    describe_owner,
    describe_role,
    describe_tag,
    describe_untold,
    find_end_of_day,
    find_last_attempts,
    may_see_patient,
)
from afterglow.clinic.tasks.models import Task
from afterglow.clinicday.dues import Kind, Lateness, Rank, find_lateness, get_kind, get_policy, get_standing_after
from afterglow.web.presenting import describe_citation

GROUPS = {
    Rank.URGENT: "first",
    Rank.CALL: "first",
    Rank.HELD: "first",
    Rank.HELD_LONG: "first",
    Rank.STANDING: "standing",
    Rank.LATER: "later",
}
BY_LATENESS = {Lateness.OVERDUE: "overdue", Lateness.TODAY: "today"}


def list_rows(tasks: list[Task], user: Any, now: datetime) -> list[dict[str, Any]]:
    """Return each task as a row; the number of queries does not grow with the rows."""
    tries, referred, untold = find_last_attempts(tasks), find_referred(tasks), find_untold(tasks, user)
    return [
        build_row(task, user, now, tries.get(task.pk), referred.get(task.pk), untold.get(task.pk, "")) for task in tasks
    ]


def build_row(
    task: Task, user: Any, now: datetime, tried: Any = None, referral: Any = None, untold: str = ""
) -> dict[str, Any]:
    """Return one task in words; a referral names the person who is not registered yet."""
    name = task.patient.display_name if task.patient else referral.display_name if referral is not None else ""
    end = find_end_of_day(task.site, now)
    is_shown = may_see_patient(user, task)
    tag, tag_kind = describe_tag(task, now, end) if task.state == "open" else describe_end(task)
    return {
        "id": task.pk,
        "url": reverse("web:task", args=[task.pk]),
        "title": _(task.title),
        "patient": name if is_shown else "",
        "number": task.patient.number if is_shown and task.patient else "",
        "is_hidden": not is_shown,
        "detail": task.detail if is_shown else "",
        "tag": tag,
        "tag_kind": tag_kind,
        "due_at": task.due_at,
        "owner": describe_owner(task),
        "is_mine": user.pk in (task.owner_id, task.on_call_id),
        "tried": describe_attempt(task, tried, ZoneInfo(task.site.timezone), now),
        "is_urgent": task.priority == "urgent",
        "climbed": describe_level(task),
        "untold": describe_untold(task, untold),
        "lacks_on_call": task.lacks_on_call,
        "group": find_group(task, now, end),
    }


def find_group(task: Task, now: datetime, end: datetime) -> str:
    """Return under which heading of the list a task stands."""
    found: Rank | None = getattr(task, "rank", None)
    known = "" if found is None else GROUPS.get(found, "")
    return known or BY_LATENESS.get(find_lateness(task.due_at, now, end), "later")


def describe_end(task: Task) -> tuple[str, str]:
    """Return how a task ended, as a tag."""
    if task.state == "cancelled":
        return describe_outcome(task.kind, task.outcome or "cancelled"), ""
    return describe_outcome(task.kind, task.outcome), "ok"


def describe_outcome(kind: str, word: str) -> str:
    """Return an outcome in words; what the house itself ended has words of its own."""
    own = {
        "closed": _("Record closed"),
        "recorded": _("Result recorded"),
        "renewed": _("Signed anew"),
        "withdrawn": _("Consent withdrawn"),
        "plan-stopped": _("Plan stopped, no dose to come"),
        "settled": _("Done elsewhere"),
        "added-up": _("Counted again, adds up"),
        "signed-again": _("Signed again, still differs"),
        "cancelled": _("Cancelled"),
        "accepted": _("Referral accepted"),
        "declined": _("Referral declined"),
        "joined": _("Joined with another referral"),
        "justified": _("Justified"),
        "not-justified": _("Not justified, followed up"),
    }
    known = get_kind(kind)
    for each in (*known.outcomes, *known.attempts):
        if each.word == word:
            return _(each.label)
    return own.get(word, word)


def describe_level(task: Task) -> str:
    """Return where a task has climbed to."""
    if task.lacks_on_call:
        return _("Nobody on call")
    if task.escalation_level == 2 and task.on_call is not None:
        return _("On call: %(name)s") % {"name": task.on_call}
    if task.escalation_level >= 1 and task.lead_role:
        return _("Also with: %(role)s") % {"role": describe_role(task.lead_role)}
    return ""


def list_events(task: Task) -> list[dict[str, Any]]:
    """Return what happened to a task, newest last, in words."""
    names = dict(User.objects.filter(pk__in=_list_named(task)).values_list("pk", "display_name"))
    return [
        {
            "at": event.at,
            "by": str(event.by) if event.by else _("Afterglow"),
            "words": _describe_event(task, event, names),
            "note": "\n".join(part for part in (_say_answers(task, event), event.note) if part),
        }
        for event in task.events.select_related("by")
    ]


def _say_answers(task: Task, event: Any) -> str:
    """Return what was answered when a task with questions ended; nothing where it ended before there were any."""
    kind, answers = get_kind(task.kind), event.detail.get("answers")
    if not answers:
        return ""
    said = [
        f"{_(each.words)}: {_(each.answers[answers[each.id]]) if answers.get(each.id) in each.answers else unasked}"
        for unasked in [_("not recorded")]
        for each in kind.questions
    ]
    return "; ".join(said)


def _list_named(task: Task) -> list[str]:
    return [str(event.detail.get("to", "")) for event in task.events.all() if event.detail.get("to")]


def _describe_event(task: Task, event: Any, names: dict[str, str]) -> str:
    to = str(event.detail.get("to", ""))
    outcome = describe_outcome(task.kind, str(event.detail.get("outcome", "")))
    words = {
        "opened": _("Opened"),
        "taken": _("Taken"),
        "handed-on": _("Handed on to %(name)s") % {"name": names.get(to, to)},
        "tried": outcome,
        "climbed": _("Climbed to %(name)s") % {"name": names.get(to) or describe_role(to)},
        "told-again": _("Told again: %(name)s") % {"name": names.get(to) or describe_role(to)},
        "nobody-on-call": _("Nobody was on call"),
        "done": _("Done: %(outcome)s") % {"outcome": outcome},
        "cancelled": outcome or _("Cancelled"),
        "undone": _("Taken back"),
        "retimed": _("Due at another time"),
        "placed": _("Put under the patient"),
        "revised": _("Says more now; before, it said:"),
    }
    return words.get(event.type, event.type)


def describe_times(kind: Kind) -> dict[str, Any]:
    """Return when a kind climbs, with the site's policy behind it."""
    if kind.climb is None:
        return {}
    return {
        "lead": describe_role(kind.climb.lead_role),
        "lead_after": describe_length(kind.climb.lead_after),
        "on_call": describe_role(kind.climb.on_call_role),
        "on_call_after": describe_length(kind.climb.on_call_after),
        "is_from_opening": kind.climb.is_from_opening,
        "is_clinic_clock": kind.clock == "clinic",
        "source": describe_citation(get_policy()),
    }


def list_owners(site: Any, kind: Kind | None, without: Any = None) -> list[tuple[str, str]]:
    """Return who may own a task at a site, by name, with their roles."""
    users = User.objects.filter(is_active=True, practitioner_roles__site=site).distinct().order_by("display_name")
    rows = []
    for user in users.prefetch_related("practitioner_roles"):
        user._assignments = [(role.site_id, role.role) for role in user.practitioner_roles.all()]  # type: ignore[attr-defined]
        may = policy.allow(user, "task.work", site) if kind is None else can_own(user, kind, site)
        if may and user != without:
            roles = ", ".join(describe_role(role) for role in sorted(policy.list_roles(user, site)))
            rows.append((user.pk, f"{user} ({roles})"))
    return rows


def group_rows(rows: Iterable[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return rows under their headings, in order; empty headings are left out."""
    days = get_standing_after().days
    names = {
        "first": _("Urgent, late calls, or for somebody who is here or expected today"),
        "overdue": _("Overdue"),
        "today": _("Due today"),
        "standing": _("Late for more than %(n)d days") % {"n": days},
        "later": _("Later"),
    }
    grouped: dict[str, list[dict[str, Any]]] = {key: [] for key in names}
    for row in rows:
        grouped[row["group"]].append(row)
    return [(names[key], listed) for key, listed in grouped.items() if listed]
