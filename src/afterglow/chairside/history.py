"""Whether a list of events can be the history of a session at all: what no accepted command could have written.

`evolve` never judges; this does, for replayed files and for tests. A deviation that was recorded as such is no fault.
"""

from collections.abc import Iterable, Sequence

from afterglow.chairside.dosing import STARTS
from afterglow.chairside.events import Event
from afterglow.chairside.orders import find_time_out
from afterglow.chairside.state import EMPTY, SessionState, evolve
from afterglow.protocols.model import Protocol
from afterglow.terms import Finding, Grade, Override, Severity

AFTER_CLOSING = frozenset({"addendum-added", "order-cosigned", "alarm-cleared"})
_NAMING = {"entry-corrected": "seq", "entry-withdrawn": "seq", "order-cosigned": "order"}
_OVER = ("session-cancelled", "ending-recorded", "patient-left")


def check_history(events: Sequence[Event], protocol: Protocol) -> list[Finding]:
    """Return what makes a history impossible, as stops, and what was recorded as a deviation, as cautions."""
    findings: list[Finding] = []
    state = EMPTY
    for event in events:
        findings += _check_order_of_record(state, event)
        findings += _check_references(state, event)
        findings += _check_course(state, event, protocol)
        state = evolve(state, event)
    return findings


def _check_order_of_record(state: SessionState, event: Event) -> Iterable[Finding]:
    if event.seq != state.last_seq + 1:
        yield _stop("H-1", "Number", event, f"number {event.seq}", f"number {state.last_seq + 1}")
    if (event.type == "session-opened") != (not state.events):
        yield _stop("H-2", "Opening", event, event.type, "one opening, and it comes first")
    if state.last_recorded_at is not None and event.recorded_at < state.last_recorded_at:
        yield _stop("H-3", "Time of record", event, "recorded before the entry above it", "never earlier")
    if event.occurred_at > event.recorded_at:
        yield _stop("H-4", "Time of occurrence", event, "occurred after it was recorded", "not in the future")


def _check_references(state: SessionState, event: Event) -> Iterable[Finding]:
    key = _NAMING.get(event.type)
    if key is not None and state.find_seq(int(event.data[key])) is None:
        yield _stop("H-5", "Entry named", event, f"names entry {event.data[key]}", "an entry above it")
    if event.type.startswith("alarm-") and event.type != "alarm-raised":
        raised = {each.data["alarm"] for each in state.effective.get("alarm-raised", ())}
        if event.data["alarm"] not in raised:
            yield _stop("H-5", "Alarm named", event, "names an alarm that was not raised", "a raised alarm")
    if event.second and event.second == event.by:
        yield _stop("H-6", "Second signature", event, "the same person twice", "two people")


def _check_course(state: SessionState, event: Event, protocol: Protocol) -> Iterable[Finding]:
    if state.is_closed and event.type not in AFTER_CLOSING:
        yield _stop("H-7", "Closed record", event, f"{event.type} after the record was closed", "an addendum")
    if event.type in STARTS:
        absent = _list_absent(state, protocol)
        if absent and not event.data.get("already_happened"):
            yield _stop("H-8", "First dose", event, f"dose without {', '.join(absent)}", "each before the first dose")
        elif absent:
            yield _caution("H-8", "First dose", event, f"recorded as already given without {', '.join(absent)}")
        if state.has(*_OVER) and not event.data.get("already_happened"):
            yield _stop("H-9", "Dose after the end", event, "a dose after the session was over", "no further dose")
    if event.type == "patient-left" and not state.has("release-signed"):
        yield _caution("H-10", "Leaving", event, "left before a release was signed")
    if event.type == "time-out-signed" and int(protocol.setting("time_out.signers")) > 1 and not event.second:
        yield _stop("H-11", "Time-out", event, "one signature", "two people")


def _list_absent(state: SessionState, protocol: Protocol) -> list[str]:
    """Return which of the three that nobody may override are absent before a dose."""
    absent = []
    if not state.has("identity-confirmed"):
        absent.append("identity")
    consents = state.effective.get("consent-confirmed", ())
    if not consents or not consents[-1].data["agrees"]:
        absent.append("consent")
    # the strength of a vial may change after the start; what counts is the time-out before the first dose
    if not state.has(*STARTS) and find_time_out(state, protocol) is None:
        absent.append("time-out")
    return absent


def _stop(rule: str, title: str, event: Event, seen: str, threshold: str) -> Finding:
    words = f"entry {event.seq}: {seen}"
    return _build(rule, Severity.STOP, title, words, threshold, "Find out how the file came about; it is no history.")


def _caution(rule: str, title: str, event: Event, seen: str) -> Finding:
    return _build(rule, Severity.CAUTION, title, f"entry {event.seq}: {seen}", "recorded as it happened", "Review it.")


def _build(rule: str, severity: Severity, title: str, seen: str, threshold: str, asks: str) -> Finding:
    return Finding(
        rule, severity, seen, threshold, asks, Override.NONE, "SITE, order of a record", Grade.P, title=title
    )
