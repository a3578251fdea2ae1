"""Several commands of one session in one transaction, each judged at its own instant: a downtime sheet is entered so.

The same guards as for one command; the row is locked, the head anchored and the audit's rows stored once for all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit.heads import gather_links, hold_head
from afterglow.clinic.chain import calculate_digest, render_canonical
from afterglow.clinic.dosing_sessions.actions import (
    PERMISSIONS,
    RECORD,
    Submission,
    audit_command,
    carry_out,
    copy_row,
    lock_session,
    read_command,
    render,
    tell_of_suicide,
)
from afterglow.clinic.dosing_sessions.links import get_chain_name
from afterglow.clinic.dosing_sessions.models import CommandReceipt, Session, SessionEvent
from afterglow.clinic.dosing_sessions.writing import Pen
from afterglow.clinic.errors import Denied, Refused
from afterglow.terms import InvalidInput


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: what, by whom, entered when, and when it happened where that was earlier."""

    type: str
    by: Any
    now: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    occurred_at: datetime | None = None
    second: Any = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What one entry would come to: what the rules found, or the error for which it cannot be stored."""

    findings: tuple[Any, ...] = ()
    error: Exception | None = None


@action
def judge_several(*, session: Session, entries: Iterable[Entry]) -> list[Judged]:
    """Return what each of some commands would come to, one after the other on what those before it make; store nothing.

    An entry that cannot be stored is left out for those after it, so that all that is wrong is told at once.
    """
    locked = lock_session(session)
    judged = []
    pen = Pen(locked)
    for entry in entries:
        try:
            with transaction.atomic():
                command = read_command(entry.type, entry.data)
                policy.require(entry.by, PERMISSIONS.get(command.type, RECORD), locked)
                _, findings = carry_out(
                    pen, command, by=entry.by, second=entry.second, occurred_at=entry.occurred_at, now=entry.now
                )
            judged.append(Judged(tuple(findings)))
        except (InvalidInput, Refused, Denied) as error:
            judged.append(Judged(error=error))
    # texts that the commands brought were put down on the way: nothing of a trial stays
    transaction.set_rollback(True)
    return judged


@action
def submit_several(
    *, session: Session, entries: Iterable[Entry], now: datetime, request_key: str | None = None
) -> Submission:
    """Carry out some commands in their order, all of them or none; the submission shows the session at `now`.

    The same `request_key` is answered again, never carried out twice.

    Raises
    ------
    InvalidInput
        A command cannot be read; none is carried out.
    Refused
        The rules refuse one of them; none is carried out.
    Denied
        Somebody may not give the command that stands under their name.
    """
    listed = [(entry, read_command(entry.type, entry.data)) for entry in entries]
    for entry, command in listed:
        policy.require(entry.by, PERMISSIONS.get(command.type, RECORD), session)
    locked = lock_session(session)
    if request_key and CommandReceipt.objects.filter(session=locked, key=request_key).exists():
        return Submission((), (), partial(render, Pen(locked), now), is_repeated=True)
    events: list[SessionEvent] = []
    findings: list[Any] = []
    stored: list[tuple[Entry, list[SessionEvent]]] = []
    with gather_links():
        # the site's chain before the audit's, as one command takes them
        hold_head(get_chain_name(str(locked.site_id)))
        pen = Pen(locked)
        for entry, command in listed:
            rows, found = carry_out(
                pen, command, by=entry.by, second=entry.second, occurred_at=entry.occurred_at, now=entry.now
            )
            audit_command(pen, command, rows, by=entry.by, second=entry.second, now=entry.now)
            stored.append((entry, rows))
            events += rows
            findings += found
        pen.store()
        for entry, rows in stored:
            tell_of_suicide(pen, rows, by=entry.by, now=entry.now)
    if request_key and events:
        _keep_receipt(locked, request_key, listed, events, now)
    copy_row(locked, session)
    return Submission(tuple(events), tuple(findings), partial(render, pen, now))


def _keep_receipt(
    session: Session, key: str, listed: list[tuple[Entry, Any]], events: list[SessionEvent], now: datetime
) -> None:
    body = [[command.type, dict(command.data), entry.occurred_at] for entry, command in listed]
    CommandReceipt.objects.create(
        session=session,
        key=key,
        by=str(listed[0][0].by.pk),
        digest=calculate_digest(render_canonical(body)),
        first_seq=events[0].seq,
        last_seq=events[-1].seq,
        findings=[],
        recorded_at=now,
    )
