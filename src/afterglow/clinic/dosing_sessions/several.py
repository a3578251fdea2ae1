"""Several commands of one session in one transaction, each judged at its own instant: a downtime sheet is entered so.

The same guards as for one command; the row is locked, the head anchored and the audit's rows stored once for all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from django.db import transaction

from afterglow.chairside.commands import COMMANDS, Command
from afterglow.chairside.events import Event
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
    get_view,
    lock_session,
    read_command,
    render,
    tell_of_suicide,
)
from afterglow.clinic.dosing_sessions.drug import follow_drug
from afterglow.clinic.dosing_sessions.fold import list_events
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


@dataclass(frozen=True, slots=True)
class Sent:
    """What was stored under a request key, and which of some entries are those very ones.

    `found` has the place of each entry in `events`, or None where that sending held no such entry.
    """

    events: tuple[Event, ...]
    found: tuple[int | None, ...]
    is_same: bool


def find_sent(*, session: Session, entries: Iterable[Entry], request_key: str) -> Sent | None:
    """Return what an earlier sending under this key stored, or None where there was none.

    An entry that cannot be read was not stored.
    """
    receipt = _find_receipt(session, request_key)
    if receipt is None:
        return None
    listed = [(entry, _read_or_none(entry)) for entry in entries]
    # the caller's row may be older than what was stored
    whole = Session.objects.get(pk=session.pk)
    kinds = {each.event for each in COMMANDS.values()}
    events = tuple(
        event
        for event in list_events(whole)
        if receipt.first_seq <= event.seq <= receipt.last_seq and event.type in kinds
    )
    left = set(range(len(events)))
    found: list[int | None] = []
    for entry, command in listed:
        same = (each for each in sorted(left) if command is not None and _is_stored(events[each], entry, command))
        place = next(same, None)
        left.discard(-1 if place is None else place)
        found.append(place)
    readable = [(entry, command) for entry, command in listed if command is not None]
    is_same = len(readable) == len(listed) and receipt.digest == _calculate_digest(readable)
    return Sent(events, tuple(found), is_same)


def _read_or_none(entry: Entry) -> Command | None:
    try:
        return read_command(entry.type, entry.data)
    except InvalidInput:
        return None


def _is_stored(event: Event, entry: Entry, command: Command) -> bool:
    """Return whether an event records this very entry: the same act at the same instant, with all that was given."""
    at = entry.occurred_at or entry.now
    same = event.type == command.event_type and event.occurred_at == at
    return same and all(_is_equal(event.data.get(name), value) for name, value in command.data.items())


def _is_equal(stored: Any, given: Any) -> bool:
    """Return whether two values of a field are the same; a number may be kept with other digits than it was typed."""
    if stored == given:
        return True
    try:
        return not isinstance(given, bool) and Decimal(str(stored)) == Decimal(str(given))
    except InvalidOperation:
        return False


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

    The same `request_key` is answered again, never carried out twice: with what was stored then.

    Raises
    ------
    InvalidInput
        A command cannot be read; none is carried out.
    Refused
        The rules refuse one of them, or the key was used for other entries; none is carried out.
    Denied
        Somebody may not give the command that stands under their name.
    """
    listed = [(entry, read_command(entry.type, entry.data)) for entry in entries]
    for entry, command in listed:
        policy.require(entry.by, PERMISSIONS.get(command.type, RECORD), session)
    locked = lock_session(session)
    digest = _calculate_digest(listed)
    if receipt := _find_receipt(locked, request_key):
        if receipt.digest != digest:
            message = "this key was used for other entries; send these with a new one"
            raise Refused("request-key-used", message)
        again = SessionEvent.objects.filter(session=locked, seq__range=(receipt.first_seq, receipt.last_seq))
        return Submission(tuple(again.order_by("seq")), (), partial(get_view, locked, now), is_repeated=True)
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
        follow_drug(pen, events, now=now)
    if request_key and events:
        _keep_receipt(locked, request_key, digest, listed[0][0].by, events, now)
    copy_row(locked, session)
    return Submission(tuple(events), tuple(findings), partial(render, pen, now))


def _calculate_digest(listed: list[tuple[Entry, Command]]) -> str:
    """Return the digest of what is sent and by whom, as single commands have one."""
    body = [[command.type, dict(command.data), str(entry.by.pk), entry.occurred_at] for entry, command in listed]
    return calculate_digest(render_canonical(body))


def _find_receipt(session: Session, key: str | None) -> CommandReceipt | None:
    return CommandReceipt.objects.filter(session=session, key=key).first() if key else None


def _keep_receipt(session: Session, key: str, digest: str, by: Any, events: list[SessionEvent], now: datetime) -> None:
    CommandReceipt.objects.create(
        session=session,
        key=key,
        by=str(by.pk),
        digest=digest,
        first_seq=events[0].seq,
        last_seq=events[-1].seq,
        findings=[],
        recorded_at=now,
    )
