"""What may be done with tasks: open, take, hand on, note an attempt, complete, cancel, take back within seconds.

The other actions of this room are gathered here under one name: roster, lists, surveillance, the sweep.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.notices.hours import get_hours
from afterglow.clinic.people.checks import Checks
from afterglow.clinic.tasks.answering import check_answers, has_alerted, raise_loud
from afterglow.clinic.tasks.climbing import climb, write_event
from afterglow.clinic.tasks.lists import LaneRow, list_lane, list_visible, may_see_patient
from afterglow.clinic.tasks.models import Task
from afterglow.clinic.tasks.roster import add_shift, find_on_call, list_gaps, list_setup_faults, remove_shift
from afterglow.clinic.tasks.surveillance import judge_surveillance, list_surveillance, record_surveillance
from afterglow.clinic.tasks.sweeping import sweep
from afterglow.clinicday.dues import (
    UNDO,
    Kind,
    Urgency,
    bring_forward,
    calculate_climb,
    calculate_due,
    find_first_level,
    get_kind,
)
from afterglow.clinicday.floor import list_crisis_kinds

__all__ = [
    "LaneRow",
    "add_shift",
    "cancel_task",
    "complete_task",
    "end_task",
    "find_on_call",
    "hand_on_task",
    "judge_surveillance",
    "list_gaps",
    "list_lane",
    "list_setup_faults",
    "list_surveillance",
    "list_visible",
    "note_attempt",
    "open_task",
    "place_task",
    "record_surveillance",
    "remove_shift",
    "retime_task",
    "revise_task",
    "settle_task",
    "sweep",
    "take_task",
    "undo_task",
]

WORK = "task.work"
ASSIGN = "task.assign"
LONGEST_NOTE = 1000
KEY = 160


@action
def open_task(
    *,
    site: Any,
    kind: str,
    by: Any,
    now: datetime,
    patient: Any = None,
    subject: Any = None,
    owner: Any = None,
    due_at: datetime | None = None,
    since: datetime | None = None,
    ahead_of: datetime | None = None,
    detail: str = "",
    key: str | None = None,
    is_urgent: bool = False,
) -> Task:
    """Open a task; `by` None is the system itself, and the same `key` again returns the first.

    Title, role, urgency and times are the kind's, unless this one `is_urgent`; it is due `since` (by default `now`)
    plus the kind's time, unless `due_at` says otherwise. What it is `ahead_of` brings it and its climb forward.
    """
    if by is not None:
        policy.require(by, WORK, site)
    if key and (found := Task.objects.filter(key=key).first()):
        return found
    known = get_kind(kind)
    words = _check_opening(site, known, patient, owner, detail)
    hours = get_hours(site)
    due = due_at or calculate_due(known, since or now, hours)
    climb_at = calculate_climb(known, due, 0, hours)
    if ahead_of is not None:
        due = bring_forward(due, known.due_before, ahead_of, now) or due
        climb_at = bring_forward(climb_at, known.climb.lead_before if known.climb else None, ahead_of, now)
    level = find_first_level(known, now, hours)
    subject_kind, subject_id = audit.describe_subject(subject) if subject is not None else ("", "")
    task = Task(
        site=site,
        patient=patient,
        kind=known.id,
        title=known.title,
        detail=words,
        subject_kind=subject_kind,
        subject_id=subject_id,
        owner=owner,
        owner_role=known.role,
        priority=str(Urgency.URGENT if is_urgent else known.urgency),
        opened_at=now,
        opened_by=by,
        due_at=due,
        escalate_at=now if level else climb_at,
        escalation_level=1 if level else 0,
        lead_role=known.climb.lead_role if level and known.climb else "",
        key=key,
    )
    try:
        with transaction.atomic():
            task.save(force_insert=True)
    except IntegrityError:
        if key and (found := Task.objects.filter(key=key).first()):
            return found
        raise
    write_event(task, by, now, "opened", detail={"owner": audit.identify(owner), "due": due.isoformat()})
    if level:
        # outside the hours an urgent task does not wait for somebody to come in
        climb(task, now)
    return task


@action
def take_task(*, task: Task, by: Any, now: datetime) -> Task:
    """Make a task one's own: one that nobody owns, or anybody's for those who may assign."""
    locked = _lock_open(task, by)
    if locked.owner_id == by.pk:
        return locked
    if locked.owner_id is not None and not policy.allow(by, ASSIGN, locked.site):
        raise Refused("task-owned", f"{locked.owner} has this task; ask them to hand it on")
    taken = _give(locked, by, by=by, now=now, event="taken", note="")
    _take_rest_of_crisis(taken, by, now)
    return taken


@action
def hand_on_task(*, task: Task, to: Any, by: Any, now: datetime, note: str) -> Task:
    """Give a task to somebody else with a note; one's own or one's role's, or any for those who may assign."""
    locked = _lock_open(task, by)
    is_mine = by.pk in (locked.owner_id, locked.on_call_id)
    is_of_my_role = locked.owner_id is None and locked.owner_role in policy.list_roles(by, locked.site)
    if not (is_mine or is_of_my_role) and not policy.allow(by, ASSIGN, locked.site):
        raise Denied(ASSIGN)
    checks = Checks()
    words = checks.text(note, "note", longest=LONGEST_NOTE, is_required=True)
    if not can_own(to, get_kind(locked.kind), locked.site):
        checks.refuse("to", "owner-elsewhere", audit.identify(to), "somebody who may work on it here", "cannot take it")
    checks.raise_problems()
    return _give(locked, to, by=by, now=now, event="handed-on", note=words)


@action
def note_attempt(*, task: Task, outcome: str, by: Any, now: datetime, note: str = "") -> Task:
    """Note an attempt that did not end the task, such as a call that reached nobody."""
    locked = _lock_open(task, by)
    checks = Checks()
    checks.word(outcome, "outcome", [each.word for each in get_kind(locked.kind).attempts], is_required=True)
    words = checks.text(note, "note", longest=LONGEST_NOTE)
    checks.raise_problems()
    write_event(locked, by, now, "tried", note=words, detail={"outcome": outcome})
    return locked


@action
def complete_task(
    *, task: Task, by: Any, now: datetime, outcome: str, note: str = "", answers: Mapping[str, str] | None = None
) -> Task:
    """Complete a task with one of its kind's outcomes; an outcome may open the task that follows from it.

    `answers` are those to the kind's own questions: what is not there was not asked, and is not recorded.
    """
    locked = _lock_open(task, by)
    kind = get_kind(locked.kind)
    if not kind.outcomes:
        raise Refused("done-elsewhere", "this task ends where its work is done; follow its link")
    checks = Checks()
    checks.word(outcome, "outcome", [each.word for each in kind.outcomes], is_required=True)
    chosen = kind.find_outcome(outcome)
    words = checks.text(note, "note", longest=LONGEST_NOTE, is_required=bool(chosen and chosen.needs_note))
    asked = check_answers(checks, kind, chosen, answers or {})
    checks.raise_problems()
    _end(locked, "done", by, now, outcome=outcome, note=words, answers=asked)
    raise_loud(locked, kind, asked, by=by, now=now)
    _take_rest_of_crisis(locked, by, now)
    if chosen is not None and chosen.opens:
        open_task(
            site=locked.site,
            kind=chosen.opens,
            by=None,
            now=now,
            patient=locked.patient,
            subject=(locked.subject_kind, locked.subject_id),
            detail=words[:500],
            key=_name_follower(locked, chosen.opens),
        )
    return locked


@action
def cancel_task(*, task: Task, by: Any, now: datetime, reason: str) -> Task:
    """Cancel a task that should not have been, with a reason; who may assign may cancel, and the system."""
    locked = _lock_open(task, by)
    if by is not None:
        policy.require(by, ASSIGN, locked.site)
        if get_kind(locked.kind).is_settled_only:
            raise Refused("done-elsewhere", "this task cannot be cancelled; it ends where its work is done")
    checks = Checks()
    words = checks.text(reason, "reason", longest=LONGEST_NOTE, is_required=True)
    checks.raise_problems()
    return _end(locked, "cancelled", by, now, outcome="cancelled", note=words)


@action
def settle_task(*, task: Task, now: datetime, by: Any = None, outcome: str = "settled") -> Task:
    """End a task because what it asked for was done elsewhere: a record closed, a screen recorded, a consent signed."""
    locked = _lock(task)
    return _end(locked, "done", by, now, outcome=outcome, note="") if locked.state == "open" else locked


@action
def end_task(*, task: Task, by: Any, now: datetime, outcome: str, note: str = "", is_renewable: bool = False) -> Task:
    """End a task that nobody needs to work on any more, with why; where `is_renewable`, the same may be asked again."""
    locked = _lock(task)
    if locked.state != "open":
        return locked
    if is_renewable and locked.key:
        locked.key = f"{locked.key}:{outcome}:{locked.pk}"[-KEY:]
    return _end(locked, "cancelled", by, now, outcome=outcome, note=note)


@action
def place_task(*, task: Task, patient: Any, now: datetime, by: Any = None) -> Task:
    """Put an open task that was about nobody on file under the patient it is about, so that the chart shows it."""
    locked = _lock(task)
    if locked.state != "open" or locked.patient_id == patient.pk:
        return locked
    _check_opening(locked.site, get_kind(locked.kind), patient, None, locked.detail)
    locked.patient = patient
    locked.save(update_fields=["patient"])
    write_event(locked, by, now, "placed")
    return locked


@action
def retime_task(*, task: Task, due_at: datetime, now: datetime, by: Any = None) -> Task:
    """Let an open task be due at another time, because what it is about is; how far it has climbed stays."""
    locked = _lock(task)
    if locked.state != "open" or locked.due_at == due_at:
        return locked
    kind, before = get_kind(locked.kind), locked.due_at
    locked.due_at = due_at
    locked.escalate_at = calculate_climb(kind, due_at, locked.escalation_level, get_hours(locked.site))
    locked.save(update_fields=["due_at", "escalate_at"])
    write_event(locked, by, now, "retimed", detail={"from": before.isoformat(), "due": due_at.isoformat()})
    return locked


@action
def revise_task(*, task: Task, detail: str, now: datetime, by: Any = None, is_urgent: bool = False) -> Task:
    """Let an open task say what is known now, and press more where that is worse; its history keeps what it said.

    Who is on call and was told of less is told again.
    """
    locked = _lock(task)
    checks = Checks()
    words = checks.text(detail, "detail", longest=500)
    checks.raise_problems()
    priority = str(Urgency.URGENT) if is_urgent else locked.priority
    if locked.state != "open" or (locked.detail, locked.priority) == (words, priority):
        return locked
    before, was = locked.detail, locked.priority
    locked.detail, locked.priority = words, priority
    if was != priority and locked.escalation_level >= 2:
        locked.escalate_at = now
    locked.save(update_fields=["detail", "priority", "escalate_at"])
    write_event(locked, by, now, "revised", note=before, detail={"from": was, "priority": priority})
    return locked


@action
def undo_task(*, task: Task, by: Any, now: datetime) -> Task:
    """Take back one's own completing, cancelling or handing on within ten seconds, where nothing followed from it."""
    locked = _lock(task)
    policy.require(by, WORK, locked.site)
    last = locked.events.order_by("pk").last()
    is_mine = last is not None and last.by_id == by.pk and last.type in {"done", "cancelled", "handed-on", "taken"}
    if last is None or not is_mine or now - last.at > UNDO or last.detail.get("outcome") == "plan-stopped":
        raise Refused("undo-late", "this can no longer be taken back; open a new task instead")
    kind = get_kind(locked.kind)
    chosen = kind.find_outcome(locked.outcome)
    has_followed = (
        chosen is not None and chosen.opens and Task.objects.filter(key=_name_follower(locked, chosen.opens)).exists()
    )
    if has_followed or has_alerted(locked):
        raise Refused("left-the-room", "another task followed from this; it can no longer be taken back")
    if last.type in {"handed-on", "taken"}:
        locked.owner_id = last.detail.get("from") or None
    locked.state, locked.done_at, locked.done_by, locked.outcome, locked.note = "open", None, None, "", ""
    locked.escalate_at = calculate_climb(kind, locked.due_at, locked.escalation_level, get_hours(locked.site))
    locked.save()
    write_event(locked, by, now, "undone", detail={"what": last.type})
    return locked


def can_own(user: Any, kind: Kind, site: Any) -> bool:
    """Return whether a person may own a task of a kind at a site: they may work on it and see what it is about."""
    if user is None or not policy.allow(user, WORK, site):
        return False
    return (
        not kind.is_clinical or policy.allow(user, "patient.read", site) or kind.role in policy.list_roles(user, site)
    )


def _check_opening(site: Any, kind: Kind, patient: Any, owner: Any, detail: str) -> str:
    checks = Checks()
    words = checks.text(detail, "detail", longest=500)
    if patient is not None and patient.site_id != site.pk:
        checks.refuse("patient", "patient-elsewhere", patient.pk, "a patient of this site", "registered elsewhere")
    if owner is not None and not can_own(owner, kind, site):
        checks.refuse("owner", "owner-elsewhere", owner.pk, "somebody who may work on it here", "cannot own it")
    checks.raise_problems()
    return words


def _lock(task: Task) -> Task:
    rows = Task.objects.select_for_update(of=("self",)).select_related("site", "patient", "owner")
    return rows.get(pk=task.pk)


def _lock_open(task: Task, by: Any) -> Task:
    """Return the task's row, locked, for somebody who may work on it; refuse one that has ended meanwhile."""
    locked = _lock(task)
    if by is not None:
        policy.require(by, WORK, locked.site)
        if get_kind(locked.kind).is_clinical and not may_see_patient(by, locked):
            raise Denied(WORK)
    if locked.state != "open":
        raise Conflict("this task has ended meanwhile; read it again")
    return locked


def _give(task: Task, to: Any, *, by: Any, now: datetime, event: str, note: str) -> Task:
    before = task.owner_id
    task.owner = to
    task.save(update_fields=["owner"])
    write_event(task, by, now, event, note=note, detail={"from": before or "", "to": to.pk})
    return task


def _take_rest_of_crisis(task: Task, by: Any, now: datetime) -> None:
    """Give who answers a person's crisis its other open tasks that nobody has: they are one line on every page."""
    if by is None or task.patient_id is None or task.kind not in list_crisis_kinds():
        return
    rest = Task.objects.select_for_update(of=("self",)).filter(
        site=task.site, patient=task.patient_id, kind__in=list_crisis_kinds(), state="open", owner=None
    )
    for other in rest.exclude(pk=task.pk).order_by("pk"):
        if can_own(by, get_kind(other.kind), other.site):
            _give(other, by, by=by, now=now, event="taken", note="")


def _end(
    task: Task,
    state: str,
    by: Any,
    now: datetime,
    *,
    outcome: str,
    note: str,
    answers: Mapping[str, str] | None = None,
) -> Task:
    task.state, task.done_at, task.done_by = state, now, by
    task.outcome, task.note, task.escalate_at, task.lacks_on_call = outcome, note, None, False
    task.save()
    kept = {"answers": dict(answers)} if answers else {}
    write_event(task, by, now, state, note=note, detail={"outcome": outcome}, kept=kept)
    return task


def _name_follower(task: Task, kind: str) -> str:
    """Return the key of the task that follows from one; every time it is completed anew, another."""
    ended = task.done_at
    return f"after:{task.pk}:{kind}:{ended.isoformat() if ended else ''}"
