"""Events as they are stored: written, read back, brought up to date, and refused when they are none."""

import json

import pytest

from afterglow.chairside import (
    EMPTY,
    EVENT_TYPES,
    decide,
    evolve,
    fold,
    get_version,
    parse_command,
    parse_event,
    render_event,
)
from afterglow.chairside.history import check_history
from afterglow.terms import InvalidInput, Severity
from tests.support.rooms import NURSE, Room, shift

GOOD = {
    "seq": 3,
    "type": "note-recorded",
    "version": 1,
    "occurred_at": "2026-11-17T09:00:00+00:00",
    "recorded_at": "2026-11-17T09:00:00+00:00",
    "by": "nurse-1",
    "data": {"note": "x"},
}


@pytest.mark.parametrize("protocol", ["iv-racemic", "im-racemic", "nasal-esketamine-us", "nasal-esketamine-eu"])
def test_a_session_survives_writing_and_reading(protocol):
    room = Room(protocol).finish()
    written = json.dumps([render_event(event) for event in room.events])
    state = fold(parse_event(content) for content in json.loads(written))
    assert state == room.state


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": "dance"}, "event-unknown"),
        ({"version": 0}, "event-version-unknown"),
        ({"version": 2}, "event-version-unknown"),
        ({"version": True}, "event-version-unknown"),
        ({"version": "1"}, "event-version-unknown"),
        ({"data": "x"}, "event-malformed"),
        ({"by": None}, "event-malformed"),
        ({"seq": "3"}, "event-malformed"),
        ({"occurred_at": "2026-11-17T09:00:00"}, None),
        ({"recorded_at": None}, None),
    ],
)
def test_what_is_no_event_is_refused(change, code):
    with pytest.raises(InvalidInput) as caught:
        parse_event({**GOOD, **change})
    assert code in (None, caught.value.problems[0].code)


def test_every_type_has_a_version():
    assert all(get_version(event_type) >= 1 for event_type in EVENT_TYPES)


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES))
def test_folding_never_judges(event_type):
    """`evolve` takes any single event on any state, however little it fits."""
    room = Room().start()
    event = parse_event({**GOOD, "type": event_type, "version": get_version(event_type), "data": {"seq": 1}})
    assert evolve(room.state, event).last_seq == 3
    assert evolve(EMPTY, event).has(event_type) or event_type in ("entry-withdrawn",)


def test_a_state_is_never_changed_by_what_follows():
    room = Room().start()
    before, events = room.state, room.state.events
    room.vitals(systolic=150)
    assert before.events is events
    assert len(before.list("vitals-recorded")) == 1


def list_stops(room, events):
    return [finding.rule for finding in check_history(events, room.protocol) if finding.severity is Severity.STOP]


def test_an_accepted_history_is_possible():
    room = Room().finish()
    assert list_stops(room, room.events) == []


def test_a_history_after_closing_holds_addenda_only():
    room = Room().finish()
    last = shift(room.events[-1], 60)
    addendum = parse_event({**render_event(last), "seq": last.seq + 1, "type": "addendum-added", "data": {"note": "x"}})
    note = parse_event({**render_event(last), "seq": last.seq + 1, "type": "note-recorded", "data": {"note": "x"}})
    assert list_stops(room, [*room.events, addendum]) == []
    assert list_stops(room, [*room.events, note]) == ["H-7"]


@pytest.mark.parametrize("absent", ["identity-confirmed", "consent-confirmed", "time-out-signed"])
def test_a_dose_without_the_three_that_nobody_overrides_is_no_history(absent):
    room = Room().start()
    kept = [event for event in room.events if event.type != absent]
    assert "H-8" in list_stops(room, kept)


def test_an_infusion_with_one_signature_is_no_history():
    room = Room().start()
    events = [
        parse_event({**render_event(event), "second": ""}) if event.type == "time-out-signed" else event
        for event in room.events
    ]
    assert list_stops(room, events) == ["H-11"]


@pytest.mark.parametrize("name", ["now", "occurred_at"])
def test_an_instant_without_its_zone_is_a_fault_of_the_caller(name):
    room = Room().start()
    given = {"now": room.now, "occurred_at": room.now, name: room.now.replace(tzinfo=None)}
    with pytest.raises(ValueError, match="aware"):
        decide(room.state, parse_command("tick"), protocol=room.protocol, by=NURSE, **given)
