"""Goals and intentions: kept in the person's words, looked at with them at the protocol's gates."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import prefetch_related_objects

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.care.courses import load_care_course
from afterglow.clinic.care.models.goals import GOAL, INTENTION, KINDS, OUTCOMES, Goal, GoalReview
from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.people.checks import Checks, get_local_date
from afterglow.clinic.prepared import Prepared
from afterglow.clinic.tasks.models import Task

_GOALS = Prepared(lambda patient: Goal.objects.filter(patient=patient).select_related("recorded_by"))
EDIT = "care.edit"
LONGEST = 600
TASK = "goal-review"


@dataclass(frozen=True, slots=True)
class GoalRow:
    """One goal as it stands: its words, its reviews, oldest first, and what the last one said."""

    goal: Goal
    reviews: tuple[GoalReview, ...]

    @property
    def last(self) -> GoalReview | None:
        """Return the newest review."""
        return self.reviews[-1] if self.reviews else None

    @property
    def is_met(self) -> bool:
        """Return whether the newest review says that it is met."""
        return self.last is not None and self.last.outcome == "met"

    def find_review(self, gate: str) -> GoalReview | None:
        """Return the newest review at a gate."""
        return next((review for review in reversed(self.reviews) if review.gate == gate), None)


def list_goals(patient: Any, *, is_open: bool = True) -> list[GoalRow]:
    """Return a patient's goals in their words, oldest first, with their reviews; the last entry is the intention.

    With `is_open` only what still stands: no goal that was met or changed into another, and of intentions the newest
    that has not been looked at. A session opens with these.
    """
    goals = _GOALS.ask(patient=patient)
    if goals:
        prefetch_related_objects(goals, "reviews__recorded_by")
    replaced = {goal.replaces_id for goal in goals}
    rows = [GoalRow(goal, tuple(goal.reviews.all())) for goal in goals]
    if not is_open:
        return rows
    standing = [row for row in rows if row.goal.kind == GOAL and row.goal.pk not in replaced and not row.is_met]
    intentions = [row for row in rows if row.goal.kind == INTENTION and row.goal.pk not in replaced]
    return standing + [row for row in intentions[-1:] if row.last is None]


@action
def add_goal(*, patient: Any, kind: str, words: str, by: Any, now: datetime, said_on: date | None = None) -> Goal:
    """Keep a goal, or an intention for the next session, as the person said it."""
    policy.require(by, EDIT, patient)
    checks = Checks()
    known = checks.word(kind, "kind", KINDS, is_required=True)
    text = checks.text(words, "words", longest=LONGEST, is_required=True)
    today = get_local_date(patient.site, now)
    day = checks.past_day(said_on, "said_on", today) or today
    checks.raise_problems()
    return _store(patient, known, text, day, by, now)


@action
def review_goal(
    *, goal: Goal, outcome: str, by: Any, now: datetime, gate: str = "", words: str = "", on: date | None = None
) -> GoalReview:
    """Note how a goal stands, at a gate of the course or at any time; `changed` asks for the person's new words.

    The review of the last open goal at a gate ends the task that asked for it.
    """
    patient = goal.patient
    policy.require(by, EDIT, patient)
    locked = Goal.objects.select_for_update(of=("self",)).get(pk=goal.pk)
    checks = Checks()
    known = checks.word(outcome, "outcome", OUTCOMES, is_required=True)
    text = checks.text(words, "words", longest=LONGEST, is_required=known == "changed")
    today = get_local_date(patient.site, now)
    day = checks.past_day(on, "on", today) or today
    if day < locked.said_on:
        checks.refuse("on", "day-not-accepted", day.isoformat(), f"from {locked.said_on}", "it was not said yet")
    reached = [each.id for each in load_care_course(patient, now).gates if each.is_reached]
    named = checks.word(gate, "gate", reached)
    checks.raise_problems()
    if Goal.objects.filter(replaces=locked).exists():
        raise Conflict("this goal was changed meanwhile; read it again")
    review = GoalReview.objects.create(
        goal=locked, gate=named, outcome=known, words=text, reviewed_on=day, recorded_at=now, recorded_by=by
    )
    detail = {"gate": named, "outcome": known}
    audit.record(by=by, action="goal.reviewed", subject=locked, now=now, patient=patient, detail=detail)
    if known == "changed":
        _store(patient, locked.kind, text, day, by, now, replaces=locked)
    if named:
        _settle(patient, named, by, now)
    return review


def list_unreviewed(patient: Any, gate: str, *, stood_at: datetime) -> list[GoalRow]:
    """Return the goals that stood before an instant and were not looked at for a gate; intentions have no gate."""
    rows = [row for row in list_goals(patient) if row.goal.kind == GOAL and row.goal.recorded_at < stood_at]
    return [row for row in rows if row.find_review(gate) is None]


def name_review_task(patient: Any, plan: Any, gate: str) -> str:
    """Return the key of the task that asks for a review at a gate of a plan."""
    return f"{TASK}:{patient.pk}:{audit.identify(plan)}:{gate}"


def _settle(patient: Any, gate: str, by: Any, now: datetime) -> None:
    from afterglow.clinic.tasks.actions import settle_task

    for task in Task.objects.filter(patient=patient, kind=TASK, state="open", key__endswith=f":{gate}"):
        if not list_unreviewed(patient, gate, stood_at=task.opened_at):
            settle_task(task=task, now=now, by=by, outcome="reviewed")


def _store(
    patient: Any, kind: str, words: str, on: date, by: Any, now: datetime, *, replaces: Goal | None = None
) -> Goal:
    if replaces is not None and replaces.patient_id != patient.pk:
        raise Refused("goal-of-another", "this goal is another person's")
    goal = Goal.objects.create(
        patient=patient, kind=kind, words=words, said_on=on, replaces=replaces, recorded_at=now, recorded_by=by
    )
    detail = {"kind": kind, "replaces": audit.identify(replaces)}
    audit.record(by=by, action="goal.added", subject=goal, now=now, patient=patient, detail=detail)
    return goal
