"""Fold the events of one session, a line each, and print where it stands: state, alarms, what is due, the way out."""

import argparse
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from afterglow.chairside import Event, SessionState, derive_view, fold, parse_event
from afterglow.chairside.history import check_history
from afterglow.commands import DONE, REFUSED, check_depth, print_json, read_text
from afterglow.protocols.catalogue import get_effective, load_protocol_ids
from afterglow.protocols.model import Protocol
from afterglow.protocols.render import parse_protocol
from afterglow.terms import Finding, InvalidInput, Severity, build_error, parse_instant

HELP = "fold the events of a session"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `replay`, its file and the instant it is seen at."""
    parser.add_argument("act", choices=["replay"], help="what to do")
    parser.add_argument("file", help="events, one JSON object a line; - for standard input")
    parser.add_argument("--at", help="the instant to see it at (default: that of the last event)")
    parser.add_argument("--protocol", help="protocol id, where neither header nor first event names it")


def run(args: argparse.Namespace) -> int:
    """Print the view after the last event; a sequence that cannot be is a failed check."""
    protocol, events = read_events(read_text(args.file), args.protocol)
    state, findings = replay(events, protocol)
    faults = [finding for finding in findings if finding.severity is Severity.STOP]
    deviations = [finding for finding in findings if finding.severity is not Severity.STOP]
    now = parse_instant(args.at, "at") if args.at else _find_last_instant(state)
    view = derive_view(state, protocol=protocol, now=now)
    if args.json:
        told = {"faults": faults, "deviations": deviations}
        shown = {key: [finding.to_json() for finding in found] for key, found in told.items()}
        print_json({"events": len(events), **shown, "view": view})
    else:
        _print_text(view, len(events), faults, deviations)
    return REFUSED if faults else DONE


def read_events(text: str, protocol_id: str | None = None) -> tuple[Protocol, list[Event]]:
    """Return the protocol and the events of a file; a first line may be `{"protocol": id or whole protocol}`."""
    protocol: Protocol | None = None
    events: list[Event] = []
    for number, content in _iterate_lines(text):
        if "type" not in content and "protocol" in content and not events:
            protocol = _read_protocol(content["protocol"], f"line {number}")
        else:
            events.append(parse_event(content, f"line {number}"))
    if not events:
        raise InvalidInput([build_error("file", "no-events", None, "at least one event", "there are no events")])
    if protocol is None:
        named = protocol_id or events[0].data.get("protocol")
        protocol = _read_protocol(named, "protocol")
    return protocol, events


def replay(events: list[Event], protocol: Protocol) -> tuple[SessionState, list[Finding]]:
    """Return the state after the events, with what is impossible about them and what was recorded as a deviation."""
    return fold(events), check_history(events, protocol)


def _iterate_lines(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
        except (ValueError, RecursionError) as error:
            message = f"line {number} is not JSON: {error}"
            raise InvalidInput(
                [build_error(f"line {number}", "json-malformed", line[:40], "one JSON object", message)]
            ) from None
        check_depth(content, f"line {number}", f"line {number}")
        if not isinstance(content, dict):
            message = f"line {number} is no object"
            raise InvalidInput(
                [build_error(f"line {number}", "event-malformed", line[:40], "one JSON object", message)]
            )
        yield number, content


def _read_protocol(named: Any, path: str) -> Protocol:
    if isinstance(named, dict):
        return parse_protocol(named)
    if isinstance(named, str) and named in load_protocol_ids():
        return get_effective(named)
    accepted = ", ".join(load_protocol_ids())
    message = f"no protocol {named!r}"
    raise InvalidInput([build_error(path, "protocol-unknown", str(named)[:80], accepted, message)])


def _find_last_instant(state: SessionState) -> datetime:
    return max(event.recorded_at for event in state.events)


def _print_text(view: dict[str, Any], count: int, faults: list[Finding], deviations: list[Finding]) -> None:
    print(f"{count} events, phase {view['phase']}, seen at {view['now']}")
    for finding in faults:
        print(f"impossible: {finding.seen} ({finding.rule}: {finding.threshold})")
    for finding in deviations:
        print(f"deviation: {finding.seen} ({finding.rule})")
    dose = view["dose"]
    if dose["calculated_mg"] is not None:
        print(f"dose: calculated {float(dose['calculated_mg']):.1f} mg of {dose['ordered_mg']} mg ordered")
    for alarm in view["alarms"]:
        print(f"alarm {alarm['priority']}: {alarm['title']} ({alarm['state']}); first: {alarm['first_act']}")
    for row in view["due"]:
        if row["state"] in ("now", "due", "overdue", "later"):
            print(f"{row['state']}: {row['text']} {row['due_at'] or row.get('when', '')}".rstrip())
    for gate in view["discharge"]["gates"]:
        print(f"gate {gate['id']} {gate['state']}: {gate['title']} (seen: {gate['seen']}; {gate['source']})")
    if view["discharge"]["earliest_at"]:
        print(f"earliest by time alone: {view['discharge']['earliest_at']}")
    for field in (view["rems"] or {}).get("missing", []):
        print(f"form field missing: {field['title']}")
