"""`decide`: a command and the state it meets, to the events that record it, or a refusal that says why.

What has happened is always recorded; only intentions are refused. Every accepted command is followed by the alarm
events that it causes. Nothing here reads a clock: `now` is an argument.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from afterglow.chairside import decide_before as before
from afterglow.chairside import decide_giving as giving
from afterglow.chairside import decide_leaving as leaving
from afterglow.chairside import decide_record as recording
from afterglow.chairside import decide_watching as watching
from afterglow.chairside import nursing
from afterglow.chairside.actors import Actor
from afterglow.chairside.alarms import update_alarms
from afterglow.chairside.commands import RECORDED, Command
from afterglow.chairside.context import Deciding
from afterglow.chairside.dosing import find_phase
from afterglow.chairside.errors import Refused
from afterglow.chairside.events import Event, get_version
from afterglow.chairside.state import SessionState, evolve, fold
from afterglow.protocols.model import Protocol
from afterglow.terms import Finding, InvalidInput, Problem

AFTER_CLOSING = frozenset({"add-addendum", "cosign-order", "tick"})
AFTER_LEAVING = frozenset(
    {"correct-entry", "withdraw-entry", "add-addendum", "close-record", "cosign-order", "tick", "set-preferences"}
)


@dataclass(frozen=True, slots=True)
class Decision:
    """An accepted command: its events, numbered, and what was found on the way."""

    events: tuple[Event, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused command: a stable code, a sentence, the clinical findings, and problems of input."""

    code: str
    message: str
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()


def decide(
    state: SessionState,
    command: Command,
    *,
    protocol: Protocol,
    by: Actor,
    now: datetime,
    occurred_at: datetime | None = None,
    second: Actor | None = None,
) -> Decision | Refusal:
    """Return the events of a command, or why it is refused.

    Parameters
    ----------
    now : aware datetime
        The clock of the server; recorded times never run behind the ones before them.
    occurred_at : aware datetime, optional
        When it happened, where that is not now; never in the future.
    second : Actor, optional
        The other person who signed, already verified by the caller.
    """
    at = now if occurred_at is None else occurred_at
    if at.tzinfo is None or now.tzinfo is None:
        raise ValueError("instants must be aware")
    if at == now and state.last_recorded_at is not None:
        # what happens now happens after what was recorded, also when the clock has stepped back
        at = max(at, state.last_recorded_at)
    deciding = Deciding(state, command, protocol, by, second, at, now)
    try:
        deciding.check_occurrence(at)
        if second is not None and second.id == by.id:
            raise Refused("same-person", "The second signature must be another person's.")
        events = _tick(deciding) if command.type == "tick" else _record(deciding)
    except Refused as refusal:
        return Refusal(refusal.code, refusal.message, refusal.findings)
    except InvalidInput as error:
        return Refusal("unusable", str(error), (), error.problems)
    return Decision(tuple(events), tuple(deciding.findings))


def _record(deciding: Deciding) -> list[Event]:
    _check_stage(deciding)
    handler = HANDLERS.get(deciding.command.type)
    extra = handler(deciding) if handler is not None else {}
    leaving.note_after_leaving(deciding)
    _note_clock(deciding)
    data: dict[str, Any] = {**deciding.command.data, **extra}
    if deciding.findings:
        data["findings"] = [finding.to_json() for finding in deciding.findings]
    event_type = deciding.command.event_type
    event = Event(
        event_type,
        get_version(event_type),
        deciding.occurred_at,
        _get_recorded_at(deciding),
        deciding.by.id,
        data,
        deciding.state.last_seq + 1,
        "" if deciding.second is None else deciding.second.id,
    )
    return [event, *_follow(evolve(deciding.state, event), deciding, deciding.state)]


def _tick(deciding: Deciding) -> list[Event]:
    """Let time pass: nothing but what the alarms have to say."""
    return _follow(deciding.state, deciding)


def _follow(state: SessionState, deciding: Deciding, before: SessionState | None = None) -> list[Event]:
    if state.last_seq == 0:
        return []
    recorded_at = _get_recorded_at(deciding)
    found = update_alarms(state, deciding.protocol, deciding.now, before)
    return [
        replace(event, seq=state.last_seq + number, recorded_at=recorded_at)
        for number, event in enumerate(found, start=1)
    ]


def _get_recorded_at(deciding: Deciding) -> datetime:
    last = deciding.state.last_recorded_at
    return deciding.now if last is None else max(deciding.now, last)


# a command that waited for another one is decided after it, with the instant at which it came
WAITED = timedelta(seconds=10)


def _note_clock(deciding: Deciding) -> None:
    last = deciding.state.last_recorded_at
    if last is not None and last - deciding.now > WAITED:
        seconds = (last - deciding.now).total_seconds()
        deciding.note(
            "clock", f"The clock stepped back by {seconds:.0f} s", "a steady clock", "Check the server's clock."
        )


def _check_stage(deciding: Deciding) -> None:
    """Refuse what can no longer be meant: before opening, after closing, and intentions after the end."""
    name, state = deciding.command.type, deciding.state
    if name == "open-session":
        if state.last_seq:
            raise Refused("already-open", "The session is open already.")
        return
    if not state.last_seq:
        raise Refused("not-open", "Open the session first.")
    if state.is_closed and name not in AFTER_CLOSING:
        raise Refused("record-closed", "The record is closed; add an addendum.")
    is_over = find_phase(state, deciding.protocol) in recording.OVER
    if is_over and name not in AFTER_LEAVING and name not in RECORDED:
        raise Refused("session-over", "The session is over.")
    if is_over and name in ("record-left", "record-ending"):
        raise Refused("session-over", "The session has ended already; correct the entry, or add an addendum.")


Handler = Callable[[Deciding], dict[str, Any]]
HANDLERS: Mapping[str, Handler] = {
    "open-session": before.open_session,
    "record-check": before.record_check,
    "record-weight": before.record_weight,
    "record-suicide-assessment": before.record_assessment,
    "sign-order": before.sign_order,
    "record-verbal-order": before.record_verbal_order,
    "cosign-order": before.cosign_order,
    "record-preparation": before.record_preparation,
    "sign-time-out": before.sign_time_out,
    "start": giving.start,
    "give-injection": giving.give_injection,
    "give-device": giving.give_device,
    "record-pause": giving.record_pause,
    "record-resume": giving.record_resume,
    "record-rate-change": giving.record_rate_change,
    "record-stop": giving.record_end,
    "record-complete": giving.record_end,
    "record-pump-reading": giving.read_pump,
    "record-score": watching.record_score,
    "record-drug-given": watching.record_drug_given,
    "record-adverse-event": watching.record_adverse_event,
    "acknowledge-alarm": watching.acknowledge_alarm,
    "silence-alarm": watching.silence_alarm,
    "record-reconciliation": watching.record_reconciliation,
    "assign-nurse": nursing.assign_nurse,
    "offer-handover": nursing.offer_handover,
    "accept-handover": nursing.accept_handover,
    "withdraw-handover": nursing.withdraw_handover,
    "decline-handover": nursing.decline_handover,
    "override": leaving.override,
    "sign-release": leaving.sign_release,
    "record-left": leaving.record_left,
    "record-ending": leaving.record_ending,
    "cancel-session": leaving.cancel_session,
    "correct-entry": recording.correct_entry,
    "withdraw-entry": recording.withdraw_entry,
    "add-addendum": recording.add_addendum,
    "close-record": recording.close_record,
}

__all__ = ["HANDLERS", "Decision", "Refusal", "decide", "fold"]
