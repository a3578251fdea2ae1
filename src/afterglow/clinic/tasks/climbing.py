"""How a late task climbs: from its owner to the lead of the role, then to who is on call, who is told of an urgent one
until it is ended; and a task's history.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from afterglow.clinic.audit import actions as audit
from afterglow.clinic.notices.hours import get_hours
from afterglow.clinic.tasks.about import name_telling
from afterglow.clinic.tasks.models import Task, TaskEvent
from afterglow.clinic.tasks.roster import find_on_call
from afterglow.clinicday.dues import Kind, calculate_climb, get_ask_again, get_kind


def climb(task: Task, now: datetime) -> Task:
    """Let a locked task climb one level; at the top it stays until somebody is on call who can be told."""
    kind = get_kind(task.kind)
    if kind.climb is None:
        task.escalate_at = None
        task.save(update_fields=["escalate_at"])
        return task
    if task.escalation_level == 0:
        task.escalation_level, task.lead_role = 1, kind.climb.lead_role
        task.escalate_at = calculate_climb(kind, now, 1, get_hours(task.site))
        _save(task)
        write_event(task, None, now, "climbed", detail={"to": kind.climb.lead_role, "level": 1})
        return task
    return _reach_on_call(task, kind, kind.climb.on_call_role, now)


def _reach_on_call(task: Task, kind: Kind, role: str, now: datetime) -> Task:
    person = find_on_call(site=task.site, role=role, at=now)
    is_first = task.escalation_level < 2
    task.escalation_level = 2
    if person is None:
        was_known = task.lacks_on_call
        task.lacks_on_call, task.escalate_at = True, now + get_ask_again()
        _save(task)
        if is_first or not was_known:
            write_event(task, None, now, "nobody-on-call", detail={"role": role})
        return task
    is_again = task.on_call_id == person.pk
    task.on_call, task.lacks_on_call = person, False
    task.escalate_at = calculate_climb(kind, now, 2, get_hours(task.site))
    _save(task)
    word = "told-again" if is_again else "climbed"
    write_event(task, None, now, word, detail={"to": person.pk, "role": role, "level": 2})
    _tell(task, person, now)
    return task


def _tell(task: Task, person: Any, now: datetime) -> None:
    """Send the person on call a message that a task waits; it says neither whose nor what."""
    from afterglow.clinic.notices.actions import queue_notice

    queue_notice(
        site=task.site,
        template="task-climbed",
        user=person,
        context={"at": task.due_at},
        by=None,
        now=now,
        key=f"{name_telling(task)}{now:%Y%m%d%H%M}",
    )


def write_event(
    task: Task,
    by: Any,
    now: datetime,
    word: str,
    *,
    note: str = "",
    detail: Mapping[str, Any] | None = None,
    kept: Mapping[str, Any] | None = None,
) -> TaskEvent:
    """Write what happened to a task into its history and the audit; words of people stay in the history alone.

    What is `kept` stands in the history beside the detail, such as what somebody answered.
    """
    whole = {**(detail or {}), **(kept or {})}
    event = TaskEvent.objects.create(task=task, at=now, by=by, type=word, note=note, detail=whole)
    audit.record(
        by=by,
        action=f"task.{word}",
        subject=task,
        now=now,
        patient=task.patient_id,
        site=task.site_id,
        detail={"kind": task.kind, **(detail or {})},
    )
    return event


def _save(task: Task) -> None:
    task.save(update_fields=["escalation_level", "lead_role", "on_call", "lacks_on_call", "escalate_at"])
