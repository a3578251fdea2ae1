"""Two times: when it happened and when it was written; late entries, corrections, undo, and a clock that steps."""

from datetime import timedelta
from decimal import Decimal

import pytest

from afterglow.chairside import parse_command
from afterglow.terms import InvalidInput
from tests.support.rooms import NURSE, OTHER_NURSE, PRESCRIBER, READ_ALOUD, Room


def get_dose(room):
    return Decimal(room.view["dose"]["calculated_mg"])


def get_line(room, seq):
    return next(line for line in room.view["log"] if line["seq"] == seq)


def find_seq(room, event_type):
    return next(event.seq for event in reversed(room.events) if event.type == event_type)


# late entries


@pytest.mark.parametrize(("seconds", "is_late"), [(0, False), (120, False), (121, True), (900, True)])
def test_an_entry_is_marked_late_after_two_minutes(seconds, is_late):
    room = Room().start().wait(20)
    room.do("record-vitals", systolic=130, diastolic=80, occurred_at=room.now - timedelta(seconds=seconds))
    line = get_line(room, find_seq(room, "vitals-recorded"))
    assert line["is_late"] is is_late


def test_a_late_reading_stands_where_it_was_taken():
    room = Room().start().wait(10)
    room.vitals(systolic=150)
    room.wait(10).vitals(systolic=140)
    room.do("record-vitals", systolic=155, diastolic=80, occurred_at=room.now - timedelta(minutes=5))
    assert room.view["vitals"]["bp"]["value"]["systolic"] == 140
    assert [reading["value"]["systolic"] for reading in room.view["vitals"]["bp"]["history"]][-3:] == [150, 155, 140]


def test_a_pause_entered_late_takes_its_minutes_out_of_the_calculated_dose():
    # 36 mg over 40 min: 100.72 mL at 151 mL/h, so 0.8995 mg a minute
    prompt, late = Room().start(), Room().start()
    prompt.wait(10).do("record-pause")
    prompt.wait(5)
    paused_at = late.wait(10).now
    late.wait(5)
    assert get_dose(late) > get_dose(prompt)
    late.do("record-pause", occurred_at=paused_at)
    assert get_dose(late) == get_dose(prompt)
    assert round(get_dose(late), 2) == Decimal("9.00")


def test_a_late_pause_and_resume_between_two_recorded_ones_land_in_their_place():
    room = Room().start()
    started = room.now
    room.wait(30)
    room.do("record-pause", occurred_at=started + timedelta(minutes=10))
    room.do("record-resume", occurred_at=started + timedelta(minutes=20))
    assert room.view["clock"]["run_s"] == 1200
    assert room.view["clock"]["paused_s"] == 600


@pytest.mark.parametrize("ahead", [1, 60, 86400])
def test_nothing_occurs_in_the_future(ahead):
    room = Room().start()
    answer = room.refuse("record-note", note="x", occurred_at=room.now + timedelta(seconds=ahead))
    assert [problem.code for problem in answer.problems] == ["occurred-in-future"]


def test_what_occurs_now_is_not_in_the_future():
    room = Room().start()
    decision = room.do("record-note", note="x", occurred_at=room.now)
    assert decision.events[0].occurred_at == room.now


@pytest.mark.parametrize(("hours", "is_taken"), [(24, True), (24.01, False)])
def test_what_occurred_more_than_a_day_before_the_session_is_refused(hours, is_taken):
    room = Room()
    answer = room.ask("record-note", note="x", occurred_at=room.now - timedelta(hours=hours))
    assert (not hasattr(answer, "code")) is is_taken


# the clock of the record


def test_recorded_times_never_run_back_and_a_stepped_clock_is_said():
    room = Room().start()
    last = room.state.last_recorded_at
    room.wait(-10)
    decision = room.do("record-note", note="x")
    assert decision.events[0].recorded_at == last
    assert [(finding.rule, finding.seen) for finding in decision.findings] == [
        ("clock", "The clock stepped back by 600 s")
    ]


def test_a_command_that_waited_for_another_one_is_no_stepped_clock():
    # it came a moment before the one that was decided first: nobody's clock is to be looked at
    room = Room().start()
    last = room.state.last_recorded_at
    room.wait(seconds=-2)
    decision = room.do("record-note", note="x")
    assert (decision.findings, decision.events[0].recorded_at) == ((), last)


def test_a_steady_clock_is_not_remarked_upon():
    room = Room().start()
    assert room.do("record-note", note="x").findings == ()
    assert room.wait(seconds=1).do("record-note", note="x").findings == ()


def test_the_record_stays_in_order_while_a_clock_steps_to_and_fro():
    room = Room().start()
    for minutes in (5, -3, 1, -7, 12, 0):
        room.wait(minutes).vitals()
        room.tick()
    recorded = [event.recorded_at for event in room.events]
    assert recorded == sorted(recorded)
    assert all(event.occurred_at <= event.recorded_at for event in room.events)


# corrections


def test_a_correction_counts_from_now_on_and_the_original_stays():
    room = Room().start().wait(5)
    room.vitals(systolic=183)
    seq = find_seq(room, "vitals-recorded")
    original = room.state.find_seq(seq)
    room.do("correct-entry", seq=seq, data={"systolic": 138}, reason="misread")
    assert room.view["vitals"]["bp"]["value"]["systolic"] == 138
    assert room.state.find_seq(seq) is original
    assert original.data["systolic"] == 183
    correction = room.state.corrected[seq]
    assert get_line(room, seq)["corrected_by"] == correction
    assert get_line(room, correction)["corrects"] == seq


def test_a_correction_may_be_corrected_back():
    room = Room().start().wait(5)
    room.vitals(systolic=148)
    seq = find_seq(room, "vitals-recorded")
    room.do("correct-entry", seq=seq, data={"systolic": 138}, reason="misread")
    room.do("correct-entry", seq=seq, data={"systolic": 148}, reason="it was right")
    assert room.view["vitals"]["bp"]["value"]["systolic"] == 148
    assert sum(line["corrects"] == seq for line in room.view["log"]) == 2


def test_two_corrections_of_different_values_both_count():
    room = Room().start().wait(5)
    room.vitals(systolic=148, heart_rate=70)
    seq = find_seq(room, "vitals-recorded")
    room.do("correct-entry", seq=seq, data={"systolic": 138}, reason="misread")
    room.do("correct-entry", seq=seq, data={"heart_rate": 90}, reason="misread")
    assert room.view["vitals"]["bp"]["value"]["systolic"] == 138
    assert room.view["vitals"]["heart_rate"]["value"] == 90


def test_a_corrected_value_is_read_as_strictly_as_a_new_one():
    room = Room().start()
    seq = find_seq(room, "vitals-recorded")
    answer = room.refuse("correct-entry", seq=seq, data={"systolic": 70}, reason="misread")
    assert [problem.code for problem in answer.problems] == ["pressure-inverted"]
    answer = room.refuse("correct-entry", seq=seq, data={"colour": "blue"}, reason="misread")
    assert [problem.code for problem in answer.problems] == ["field-unknown"]


def test_a_corrected_start_time_changes_the_calculated_dose():
    room = Room().start()
    started, seq = room.now, find_seq(room, "dosing-started")
    room.wait(20)
    assert room.view["clock"]["run_s"] == 1200
    earlier = (started - timedelta(minutes=2)).isoformat()
    room.do("correct-entry", seq=seq, data={"occurred_at": earlier}, reason="the pump's own log")
    assert room.view["clock"]["run_s"] == 1320
    assert round(get_dose(room), 2) == Decimal("19.79")


def test_a_correction_moves_nothing_into_the_future_or_to_another_day():
    room = Room().start()
    seq = find_seq(room, "dosing-started")
    for moved in (timedelta(seconds=1), -timedelta(hours=26)):
        at = (room.now + moved).isoformat()
        answer = room.refuse("correct-entry", seq=seq, data={"occurred_at": at}, reason="wrong")
        assert answer.problems[0].path == "data.occurred_at"


# the time of a dose, which the stay counts from

ESK = "nasal-esketamine-us"
TIMES = [
    ("iv-racemic", "dosing-started", "start", 30),
    ("iv-racemic", "completion-recorded", "observe", 60),
    ("im-racemic", "injection-given", "start", 60),
    (ESK, "device-given", "start", 60),
]


def move(room, event_type, minutes):
    """Return what a correction of the time says, and the time it comes to."""
    entry = room.state.list(event_type)[-1]
    at = entry.occurred_at - timedelta(minutes=minutes)
    return {"seq": entry.seq, "data": {"occurred_at": at.isoformat()}, "reason": "the pump's own log"}, at


@pytest.mark.parametrize(("protocol", "event_type", "stage", "minutes"), TIMES)
def test_the_time_of_a_dose_is_moved_by_two_people(protocol, event_type, stage, minutes):
    room = getattr(Room(protocol), stage)().wait(79)
    change, at = move(room, event_type, minutes)
    assert room.refuse("correct-entry", **change).code == "second-needed"
    assert room.refuse("correct-entry", second=NURSE, **change).code == "same-person"
    room.do("correct-entry", second=OTHER_NURSE, **change)
    assert room.state.list("entry-corrected")[-1].second == OTHER_NURSE.id
    assert room.state.list(event_type)[-1].occurred_at == at


def test_a_stop_is_moved_by_two_people():
    room = Room().start().wait(10)
    room.do("record-stop")
    change, _ = move(room.wait(60), "stop-recorded", 5)
    assert room.refuse("correct-entry", **change).code == "second-needed"


@pytest.mark.parametrize(("seconds", "code"), [(-120, None), (120, None), (121, "second-needed")])
def test_what_makes_no_entry_late_is_corrected_by_one(seconds, code):
    room = Room(ESK).start().wait(30)
    change, _ = move(room, "device-given", seconds / 60)
    assert getattr(room.ask("correct-entry", **change), "code", None) == code


def test_small_steps_by_one_person_do_not_add_up():
    room = Room(ESK).start().wait(79)
    room.do("correct-entry", **move(room, "device-given", 2)[0])
    assert room.refuse("correct-entry", **move(room, "device-given", 1)[0]).code == "second-needed"


def test_what_two_people_signed_one_does_not_move_back():
    room = Room(ESK).start().wait(79)
    room.do("correct-entry", second=OTHER_NURSE, **move(room, "device-given", 30)[0])
    assert room.refuse("correct-entry", **move(room, "device-given", -30)[0]).code == "second-needed"
    room.do("correct-entry", **move(room, "device-given", -1)[0])


def test_the_gate_says_that_the_time_was_corrected_and_what_it_was():
    room = Room(ESK).observe().wait(79)
    given_at = room.state.list("device-given")[-1].occurred_at
    assert get_stay(room)["seen"] == "79 min"
    room.do("correct-entry", second=OTHER_NURSE, **move(room, "device-given", 4)[0])
    assert get_stay(room)["seen"] == f"83 min, time corrected, was {given_at:%H:%M}"
    room.wait(37)
    assert get_stay(room)["state"] == "met"


def test_a_device_moved_before_the_first_is_told_too():
    room = Room(ESK).observe().wait(79)
    given_at = room.state.list("device-given")[-1].occurred_at
    room.do("correct-entry", second=OTHER_NURSE, **move(room, "device-given", 8)[0])
    assert get_stay(room)["seen"] == f"84 min, time corrected, was {given_at:%H:%M}"


def get_stay(room):
    return next(gate for gate in room.view["discharge"]["gates"] if gate["kind"] == "minimum-stay")


# dates that cannot be meant


@pytest.mark.parametrize(
    ("weighed_at", "is_taken"),
    [
        ("0001-01-01T00:00:00-14:00", False),
        ("2025-11-01T09:00:00Z", False),
        ("2025-11-20T09:00:00Z", True),
        ("9999-12-31T00:00:00Z", False),
    ],
)
def test_a_weight_is_of_the_last_year(weighed_at, is_taken):
    answer = Room().arrive().ask("record-weight", weight_kg="72", weighed_at=weighed_at)
    assert (not hasattr(answer, "code")) is is_taken


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"opened_on": "0001-01-01"}, "opened_on"),
        ({"opened_on": "9999-12-31"}, "opened_on"),
        ({"opened_on": "2026-11-18"}, "opened_on"),
        ({"expires_on": "9999-12-31"}, "expires_on"),
        ({"expires_on": "0001-01-01"}, "expires_on"),
    ],
)
def test_a_vial_has_dates_that_can_be(changes, path):
    room = Room().arrive().order()
    bag = {"vial_mg_per_ml": "50", "lot": "L1", "drawn_ml": "0.72", "diluent_ml": "100"}
    answer = room.refuse("record-preparation", **{**bag, **changes})
    assert [(each.path, each.code) for each in answer.problems] == [(path, "date-out-of-range")]
    room.do("record-preparation", **{**bag, "opened_on": "2026-11-17", "expires_on": "2027-08-31"})


def test_a_corrected_date_is_held_to_the_same():
    room = Room().arrive()
    seq = find_seq(room, "weight-recorded")
    answer = room.refuse("correct-entry", seq=seq, data={"weighed_at": "0001-01-01T00:00:00Z"}, reason="typed wrong")
    assert [each.code for each in answer.problems] == ["date-out-of-range"]


def test_a_correction_of_the_bag_corrects_the_milligrams():
    room = Room().start().wait(40)
    seq = find_seq(room, "preparation-recorded")
    assert round(get_dose(room), 1) == Decimal("36.0")
    room.do("correct-entry", seq=seq, data={"drawn_ml": "0.70"}, reason="misread the syringe")
    assert round(get_dose(room), 1) == Decimal("35.0")


@pytest.mark.parametrize("signed", ["order-signed", "time-out-signed"])
def test_what_is_signed_takes_an_addendum_and_no_correction(signed):
    room = Room().ready()
    answer = room.refuse("correct-entry", PRESCRIBER, seq=find_seq(room, signed), text="40 min", reason="typed wrong")
    assert answer.code == "entry-signed"
    room.do("add-addendum", note="the order meant 40 min")


def test_an_alarm_or_a_correction_is_not_corrected():
    room = Room().start().wait(5)
    room.vitals(systolic=183)
    for event_type in ("alarm-raised",):
        assert room.refuse("correct-entry", seq=find_seq(room, event_type), text="x", reason="y").code == (
            "entry-not-correctable"
        )
    room.do("correct-entry", seq=find_seq(room, "vitals-recorded"), data={"systolic": 138}, reason="misread")
    answer = room.refuse("correct-entry", seq=find_seq(room, "entry-corrected"), text="x", reason="y")
    assert answer.code == "entry-not-correctable"


def test_an_entry_that_was_taken_back_is_not_corrected():
    room = Room().start()
    room.vitals(systolic=140)
    seq = find_seq(room, "vitals-recorded")
    room.do("withdraw-entry", seq=seq)
    assert room.refuse("correct-entry", seq=seq, data={"systolic": 141}, reason="y").code == "entry-not-correctable"


def test_a_correction_says_something():
    with pytest.raises(InvalidInput):
        parse_command("correct-entry", {"seq": 3, "reason": "because"})


# undo


@pytest.mark.parametrize(("seconds", "is_taken"), [(0, True), (10, True), (10.1, False), (60, False)])
def test_an_entry_is_taken_back_within_ten_seconds(seconds, is_taken):
    room = Room().start()
    room.do("record-pause")
    seq = find_seq(room, "pause-recorded")
    answer = room.wait(seconds=seconds).ask("withdraw-entry", seq=seq)
    assert getattr(answer, "code", None) == (None if is_taken else "undo-too-late")
    assert room.view["phase"] == ("dosing" if is_taken else "paused")
    assert room.state.find_seq(seq).type == "pause-recorded"


def test_only_the_person_who_made_an_entry_takes_it_back():
    room = Room().start()
    room.vitals(systolic=140)
    seq = find_seq(room, "vitals-recorded")
    assert room.refuse("withdraw-entry", OTHER_NURSE, seq=seq).code == "undo-not-yours"
    room.do("withdraw-entry", NURSE, seq=seq)
    assert room.view["vitals"]["bp"]["value"]["systolic"] == 124
    assert get_line(room, seq)["corrected_by"] == room.events[-1].seq


def test_an_entry_is_taken_back_once():
    room = Room().start()
    room.vitals(systolic=140)
    seq = find_seq(room, "vitals-recorded")
    room.do("withdraw-entry", seq=seq)
    assert room.refuse("withdraw-entry", seq=seq).code == "entry-not-withdrawable"


@pytest.mark.parametrize("event_type", ["order-signed", "time-out-signed", "session-opened", "consent-confirmed"])
def test_signatures_and_the_opening_are_not_taken_back(event_type):
    room = Room().ready()
    event = room.state.effective[event_type][-1]
    by = PRESCRIBER if event.by == PRESCRIBER.id else NURSE
    assert room.refuse("withdraw-entry", by, seq=event.seq).code == "entry-not-withdrawable"


def test_a_device_taken_back_at_once_leaves_the_dose():
    room = Room("nasal-esketamine-us").start()
    assert get_dose(room) == 28
    room.do("withdraw-entry", seq=find_seq(room, "device-given"))
    assert room.view["dose"]["calculated_mg"] is None
    assert room.view["phase"] == "ready"


# a record that is closed


def test_a_closed_record_takes_only_addenda_and_late_signatures():
    room = Room().finish()
    for command, data in (
        ("record-vitals", {"systolic": 120, "diastolic": 80}),
        ("record-note", {"note": "x"}),
        ("correct-entry", {"seq": 2, "text": "x", "reason": "y"}),
        ("record-adverse-event", {"kind": "headache", "severity": "mild"}),
        ("record-left", {}),
        ("close-record", {}),
    ):
        assert room.refuse(command, **data).code == "record-closed", command
    room.do("add-addendum", note="called the next day, well")
    assert room.view["log"][-1]["text"] == "Addendum"


def test_a_tick_after_the_end_says_nothing():
    room = Room().finish()
    assert room.wait(600).tick().events == ()


def test_a_dose_dated_before_the_consent_has_none():
    room = Room().arrive("confirm-identity", "confirm-consent").order().prepare()
    early = room.now
    room.wait(10).do("confirm-identity", identifiers=["name", "birth-date"])
    room.do("confirm-consent", agrees=True)
    signed = {"confirmed": list(READ_ALOUD), "second": OTHER_NURSE}
    assert room.refuse("sign-time-out", occurred_at=early, **signed).code == "identity-missing"
    room.do("sign-time-out", **signed)
    assert room.refuse("start", occurred_at=early + timedelta(minutes=1)).code == "identity-missing"
    room.do("start")


def test_a_weight_is_not_taken_in_the_future():
    assert Room().arrive().refuse("record-weight", weight_kg="72", weighed_at="2027-11-17T09:00:00Z").code == "unusable"


def test_a_late_pause_lands_before_the_ones_recorded_already():
    room = Room().start()
    started = room.now
    room.wait(10).do("record-pause")
    room.wait(10).do("record-resume")
    room.wait(10)
    assert room.view["clock"]["run_s"] == 1200
    room.do("record-pause", occurred_at=started + timedelta(minutes=4))
    room.do("record-resume", occurred_at=started + timedelta(minutes=6))
    assert (room.view["clock"]["run_s"], room.view["clock"]["paused_s"]) == (1080, 720)
    assert room.view["phase"] == "dosing"


def test_a_late_pause_before_a_new_rate_is_counted_at_the_old_one():
    # eight minutes at 0.89952 mg/min, ten at half of it
    room = Room().start()
    started = room.now
    room.wait(10).do("record-rate-change", rate_ml_per_h="75.5")
    room.wait(10)
    room.do("record-pause", occurred_at=started + timedelta(minutes=4))
    room.do("record-resume", occurred_at=started + timedelta(minutes=6))
    assert round(get_dose(room), 2) == Decimal("11.69")


def test_a_pause_after_the_clock_stepped_back_still_pauses():
    room = Room().start().wait(10)
    room.do("record-pause")
    room.wait(2).do("record-resume")
    room.wait(seconds=-3).do("record-pause")
    assert room.view["phase"] == "paused"
    assert room.events[-1].occurred_at == room.events[-1].recorded_at
