"""What a task's own row does not hold: the person of a referral, and whether who is on call could be told."""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from afterglow.clinic import policy
from afterglow.clinic.tasks.models import Task, TaskEvent
from afterglow.clinicday.dues import list_on_call_roles
from afterglow.clinicday.floor import list_crisis_kinds

REFERRAL = "referrals.referral"
# what still leaves or has left; everything else reached nobody for certain
ON_ITS_WAY = frozenset({"waiting", "sending", "sent"})


def find_referred(tasks: Iterable[Task]) -> dict[str, Any]:
    """Return the referrals of tasks that have no patient yet, by task; at most one statement."""
    from afterglow.clinic.referrals.models import Referral

    asked = {task.pk: task.subject_id for task in tasks if task.subject_kind == REFERRAL and task.patient_id is None}
    if not asked:
        return {}
    rows = Referral.objects.only("given_name", "family_name", "phone", "site_id").in_bulk(set(asked.values()))
    return {task: rows[key] for task, key in asked.items() if key in rows}


def find_untold(tasks: Iterable[Task], viewer: Any = None) -> dict[str, str]:
    """Return why the last message to who is on call reached nobody, by task; at most two statements.

    Who reads this knows of it, and so does who has the task or has done something about it since they were called:
    of them nothing is said.
    """
    from afterglow.clinic.notices.models import Notice

    known = None if viewer is None else viewer.pk
    called = {
        name_telling(task): task
        for task in tasks
        if task.on_call_id and task.state == "open" and task.on_call_id not in (known, task.owner_id)
    }
    if not called:
        return {}
    wanted = reduce(or_, (Q(key__startswith=key) | Q(instead_of__key__startswith=key) for key in called))
    rows = Notice.objects.filter(wanted).order_by("queued_at", "pk")
    last: dict[str, str] = {}
    for key, first, state, reason in rows.values_list("key", "instead_of__key", "state", "reason"):
        task = next(called[each] for each in called if (key or "").startswith(each) or (first or "").startswith(each))
        last[task.pk] = "" if state in ON_ITS_WAY else reason or state
    silent = {task: reason for task, reason in last.items() if reason}
    if not silent:
        return {}
    people = {task.pk: task.on_call_id for task in called.values()}
    acted = TaskEvent.objects.filter(task__in=list(silent), by__isnull=False).values_list("task", "by")
    knowing = {task for task, by in acted if by == people[task]}
    return {task: reason for task, reason in silent.items() if task not in knowing}


def find_viewer(user: Any, site: Any) -> Any:
    """Return a user whose board is their own: who may be called of a crisis. The others share one, which names all."""
    return user if policy.list_roles(user, site) & list_on_call_roles(list_crisis_kinds()) else None


def name_telling(task: Task) -> str:
    """Return how the keys of the messages begin that tell who is on call now of a task."""
    return f"task:{task.pk}:on-call:{task.on_call_id}:"
