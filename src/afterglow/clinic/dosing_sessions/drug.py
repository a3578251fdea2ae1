"""What follows when the drug of a session does not add up: a task, until it is counted again or explained."""

from collections.abc import Sequence
from datetime import datetime

from afterglow.chairside.drug_balance import find_signed, list_differences
from afterglow.clinic.dosing_sessions.models import Session, SessionEvent
from afterglow.clinic.dosing_sessions.writing import Pen

KIND = "drug-difference"
ADDED_UP, SIGNED_AGAIN = "added-up", "signed-again"
LONGEST = 500


def follow_drug(pen: Pen, events: Sequence[SessionEvent], *, now: datetime) -> None:
    """Open, revise or end the task of a drug that does not add up, as sheet and entries stand after some events."""
    signed = find_signed(pen.state)
    if not events or signed is None:
        return
    from afterglow.clinic.tasks.actions import end_task, open_task, revise_task, settle_task
    from afterglow.clinic.tasks.models import Task

    found = list_differences(pen.state, pen.protocol, now)
    key = _name(pen.session, max(signed.seq, pen.state.corrected.get(signed.seq, 0)))
    for task in Task.objects.filter(kind=KIND, subject_id=pen.session.pk, state="open").order_by("pk"):
        if not found:
            settle_task(task=task, now=now, outcome=ADDED_UP)
        elif task.key != key:
            end_task(task=task, by=None, now=now, outcome=SIGNED_AGAIN)
    if not found:
        return
    detail = " ".join(f"{finding.seen}." for finding in found)[:LONGEST]
    patient, site = pen.session.patient, pen.session.site
    task = open_task(
        site=site, kind=KIND, by=None, now=now, patient=patient, subject=pen.session, detail=detail, key=key
    )
    revise_task(task=task, detail=detail, now=now)


def _name(session: Session, seq: int) -> str:
    """Return the key of the task: one for each sheet, and for each correction of it."""
    return f"{KIND}:{session.pk}:{seq}"
