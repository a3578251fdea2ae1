"""What is asked on the way to ending a task: each answer in one word, what was not asked is not recorded."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from afterglow.clinic.people.checks import Checks
from afterglow.clinic.tasks.models import Task
from afterglow.clinicday.dues import Kind, Outcome

WAY = "call-back"


def check_answers(checks: Checks, kind: Kind, chosen: Outcome | None, answers: Mapping[str, str]) -> dict[str, str]:
    """Return the answers that were given; refuse an unknown one, and an outcome that they do not allow."""
    known = {each.id: each for each in kind.questions}
    for name in sorted(set(answers) - set(known)):
        checks.refuse("answers", "question-unknown", name[:80], ", ".join(known), "no such thing is asked")
    given = {name: answers[name] for name in known if answers.get(name)}
    for name, value in given.items():
        checks.word(value, f"answers.{name}", known[name].answers)
    if chosen is None:
        return given
    for name in chosen.needs_answers:
        if name not in given:
            message = f"“{chosen.label}” is said only once this was asked"
            checks.refuse(f"answers.{name}", "answer-missing", "", ", ".join(known[name].answers.values()), message)
    loud = kind.list_loud(given)
    if chosen.needs_calm and loud:
        said = "; ".join(f"{each.words}: {each.answers[given[each.id]]}" for each in loud)
        checks.refuse("outcome", "outcome-contradicts", said, "a concern", f"what was answered is a concern ({said})")
    return given


def raise_loud(task: Task, kind: Kind, answers: Mapping[str, str], *, by: Any, now: datetime) -> None:
    """Raise the suicide alert of a loud answer, whatever the outcome: it holds the dose and has its own task."""
    from afterglow.clinic.measures.unformed import raise_elsewhere

    for question in kind.list_loud(answers):
        if question.alert and task.patient is not None:
            raise_elsewhere(
                patient=task.patient,
                way=WAY,
                source=task.pk,
                level=question.alert,
                title=f"{kind.title}, by telephone; ask the C-SSRS",
                seen={question.words: 1},
                observed_at=now,
                by=by,
                now=now,
            )


def has_alerted(task: Task) -> bool:
    """Return whether an answer of a task has raised an alert."""
    from afterglow.clinic.measures.models import RiskAlert

    return RiskAlert.objects.filter(patient=task.patient_id, way=WAY, source=task.pk).exists()
