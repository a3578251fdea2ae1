"""The view: everything a screen shows at an instant, derived and JSON-able; nothing shown without time and origin."""

import json

import pytest

from afterglow.chairside import COMMANDS, EMPTY, Decision, decide, derive_view, list_missed, parse_command
from afterglow.protocols.catalogue import get_effective
from tests.support.rooms import NURSE, OTHER_NURSE, Room, build_header

PROTOCOLS = ("iv-racemic", "im-racemic", "nasal-esketamine-us", "nasal-esketamine-eu")
STAGES = ("arrive", "ready", "start", "observe", "recover", "finish")
KEYS = {
    "phase", "steps", "now", "clock", "dose", "vitals", "alarms", "due", "discharge", "rems", "orders", "checks",
    "blockers", "deviations", "log", "allowed",
}  # fmt: skip


def get_allowed(room):
    return {row["command"]: row for row in room.view["allowed"]}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_view_is_plain_data_at_every_stage_and_the_same_each_time(protocol, stage):
    room = getattr(Room(protocol), stage)()
    view = room.view
    assert set(view) >= KEYS
    assert json.loads(json.dumps(view)) == view
    assert room.view == view


def test_a_view_of_nothing_is_a_view():
    room = Room(unopened=True)
    view = derive_view(EMPTY, protocol=room.protocol, now=room.now)
    assert (view["phase"], view["log"], view["alarms"]) == ("booked", [], [])


@pytest.mark.parametrize(
    ("stage", "phase"),
    [("arrive", "pre-checks"), ("ready", "ready"), ("start", "dosing"), ("observe", "observing"), ("finish", "left")],
)
def test_phases_in_their_order(stage, phase):
    assert getattr(Room(), stage)().view["phase"] == phase


def test_the_first_phases():
    room = Room()
    assert room.view["phase"] == "booked"
    room.do("record-arrival")
    assert room.view["phase"] == "arrived"
    room.do("confirm-identity", identifiers=["name", "birth-date"])
    assert room.view["phase"] == "pre-checks"


def test_a_vital_has_value_unit_time_origin_and_age():
    room = Room().start().wait(5)
    room.vitals(systolic=138, origin="cuff")
    room.wait(seconds=40)
    vital = room.view["vitals"]["bp"]
    assert vital["value"] == {"systolic": 138, "diastolic": 78}
    assert (vital["unit"], vital["origin"], vital["age_s"], vital["state"]) == ("mm[Hg]", "cuff", 40, "fresh")
    assert vital["change_from_baseline"] == {"systolic": 14, "diastolic": 0}


def test_a_vital_that_was_not_taken_is_none_and_not_zero():
    vital = Room().arrive().view["vitals"]["pain"]
    assert (vital["value"], vital["state"], vital["observed_at"]) == (None, "none", None)


@pytest.mark.parametrize(("minutes", "state"), [(15, "fresh"), (15.1, "old")])
def test_a_vital_grows_old_after_one_and_a_half_intervals(minutes, state):
    room = Room().start()
    room.vitals()
    room.wait(minutes)
    assert room.view["vitals"]["bp"]["state"] == state


def test_a_vital_beyond_its_limit_is_marked():
    room = Room().start().wait(5)
    room.vitals(spo2=92)
    states = {key: vital["state"] for key, vital in room.view["vitals"].items()}
    assert states["spo2"] == "alarm"
    assert states["bp"] == "fresh"


@pytest.mark.parametrize("protocol", ["iv-racemic", "nasal-esketamine-us"])
@pytest.mark.parametrize("stage", ["arrive", "ready", "start", "observe", "recover", "finish"])
def test_what_the_view_allows_is_what_decide_accepts(protocol, stage):
    """A button that is offered works, one that is not says why; roles and fields aside."""
    room = getattr(Room(protocol), stage)().wait(6)
    data = {
        "start": {},
        "record-resume": {},
        "give-device": {"lot": "x", "outcome": "given"},
        "sign-time-out": {"confirmed": ["patient", "drug", "dose", "route", "pump", "allergies"]},
        "cancel-session": {"reason": "no escort"},
        "record-left": {},
        "record-note": {"note": "x"},
        "record-vitals": {"heart_rate": 70},
        "close-record": {},
        "add-addendum": {"note": "x"},
    }
    for name, given in data.items():
        row = get_allowed(room)[name]
        assert bool(row["reason"]) is not row["is_allowed"]
        answer = decide(
            room.state, parse_command(name, given), protocol=room.protocol, by=NURSE, second=OTHER_NURSE, now=room.now
        )
        if isinstance(answer, Decision):
            assert row["is_allowed"], (name, row)
        elif answer.code not in (
            "pattern-does-not-fit",
            "already-started",
            "not-paused",
            "dosing-over",
            "reconciliation-missing",
            "device-beyond-order",
        ):
            assert not row["is_allowed"], (name, answer)


def test_every_command_is_listed_with_whether_it_is_allowed():
    assert set(get_allowed(Room())) == set(COMMANDS)


def test_the_view_knows_what_was_missed():
    room = Room().start().wait(26)
    room.vitals()
    missed = list_missed(room.state, room.protocol, room.now)
    assert missed
    assert {"bp", "heart_rate"} <= {item for row in missed for item in row["items"]}
    full = Room().observe()
    assert list_missed(full.state, full.protocol, full.now) == []


def test_the_log_holds_no_names_and_every_line_has_both_times():
    room = Room().finish()
    for line in room.view["log"]:
        assert line["occurred_at"] <= line["recorded_at"]
        assert line["text"]
    assert [line["seq"] for line in room.view["log"]] == list(range(1, len(room.events) + 1))


def test_a_protocol_that_is_for_planning_is_not_run():
    room = Room("oral", unopened=True)
    assert room.refuse("open-session", **build_header(get_effective("oral"))).code == "protocol-not-runnable"


def test_a_note_is_shown_as_it_was_given_to_the_caller_to_resolve():
    room = Room().start()
    reference = {"note_id": "n1", "note_digest": "ab"}
    room.do("record-note", note=reference)
    assert room.view["log"][-1]["note"] == reference


def test_a_prescriber_is_named_for_release_after_racemic_only():
    assert Room().start().view["discharge"]["release_role"] == "prescriber"
    assert Room("nasal-esketamine-us").start().view["discharge"]["release_role"] == "licensed-clinician"


@pytest.mark.parametrize(
    ("protocol", "stage", "name", "reason"),
    [
        ("iv-racemic", "start", "start", "The infusion has started."),
        ("iv-racemic", "start", "record-resume", "The infusion is not paused."),
        ("iv-racemic", "ready", "give-device", "is not given this way."),
        ("nasal-esketamine-us", "ready", "start", "is not given this way."),
        ("iv-racemic", "start", "tick", "Time passes by itself."),
    ],
)
def test_what_cannot_be_meant_is_not_allowed(protocol, stage, name, reason):
    row = get_allowed(getattr(Room(protocol), stage)())[name]
    assert (row["is_allowed"], reason in row["reason"]) == (False, True), row
