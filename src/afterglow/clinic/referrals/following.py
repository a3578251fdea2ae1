"""What follows from what a referral told, whoever looks at it: the C-SSRS, and on acceptance what is still open."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.referrals import events
from afterglow.clinic.referrals.models import Referral
from afterglow.clinicday.triage import SUICIDE_ANSWERS, choose_whom, describe_suicide, list_asked, list_steps

_OPENINGS = {"doctor": "Ask the doctor", "person": "Ask the person", "ward": "Ask the ward", "here": "Order here"}


def open_steps(row: Referral, *, by: Any, now: datetime, before: Mapping[str, Any] | None = None) -> None:
    """Open what the clinic's policy asks because of what was told, such as the C-SSRS; nobody has to press anything.

    What was asked once is not asked again, unless other answers about suicide than `before` came after it was done.
    """
    for step in list_steps(row.answers):
        last = events.find_last_task(row, events.RISK)
        is_worse = before is not None and any(before.get(name) != row.answers.get(name) for name in SUICIDE_ANSWERS)
        if last is not None and (last.state == "open" or not is_worse):
            continue
        about = "" if last is None else f"v{row.version}"
        due = now + timedelta(days=step.within_days)
        detail = f"{step.title}: {step.asks}"
        events.open_task(row, events.RISK, by=None, now=now, about=about, due_at=due, detail=detail)
        events.note(row, "step-opened", by=by, now=now, text=step.asks, codes={"rule": step.rule})


def follow_acceptance(row: Referral, patient: Any, *, by: Any, now: datetime) -> None:
    """Put the open tasks of a referral under its patient, and open those of what nobody has told yet."""
    from afterglow.clinic.tasks.actions import place_task

    open_steps(row, by=by, now=now)
    for referral in (row, *row.joined.all()):
        for task in events.list_tasks(referral, events.RISK, events.ASK):
            place_task(task=task, patient=patient, by=by, now=now)
    raise_told(row, patient, by=by, now=now)
    _ask_gaps(row, now=now)


def raise_told(row: Referral, patient: Any, *, by: Any, now: datetime) -> None:
    """Raise the suicide alert of a patient for what a referral told: it holds the dose until somebody has assessed."""
    from afterglow.clinic.measures.unformed import raise_elsewhere

    told = describe_suicide(row.answers)
    if told is None:
        return
    raise_elsewhere(
        patient=patient,
        way="referral",
        source=row.pk,
        level=told.level,
        title="Told in a referral, not confirmed; ask the C-SSRS",
        seen=dict(told.seen),
        observed_at=row.received_at,
        by=by,
        now=now,
    )


def _ask_gaps(row: Referral, *, now: datetime) -> None:
    """Open one task for each one who can tell what is missing: accepting answers none of it."""
    groups: dict[str, list[str]] = {}
    for item in list_asked(row.answers, get_local_date(row.site, now)):
        if item.is_missing:
            groups.setdefault(choose_whom(item, knows_doctor=row.knows_doctor), []).append(item.words)
    for whom, words in groups.items():
        _ask(row, whom, words, now)


def _ask(row: Referral, whom: str, words: Iterable[str], now: datetime) -> None:
    detail = f"{_OPENINGS[whom]}: {', '.join(words)}. The referral did not tell it."
    events.open_task(row, events.ASK, by=None, now=now, about=f"accepted.{whom}", detail=detail[:500])
