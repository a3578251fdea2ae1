"""Esketamine at the chair: devices, the five minutes between them, failed and lost sprays, two hours from the last."""

from datetime import timedelta

import pytest

from afterglow.chairside.card import derive_card
from tests.support.rooms import OTHER_NURSE, PRESCRIBER, Room

PROTOCOLS = ("nasal-esketamine-us", "nasal-esketamine-eu")


def give(room, outcome="given", **more):
    return room.ask("give-device", lot="SP-77", outcome=outcome, **more)


def get_gate(room, gate_id):
    return next(gate for gate in room.view["discharge"]["gates"] if gate["id"] == gate_id)


def list_missing(room):
    return {field["id"] for field in room.view["rems"]["missing"]}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(("seconds", "code"), [(299, "device-too-soon"), (300, None), (600, None)])
def test_five_minutes_lie_between_devices(protocol, seconds, code):
    room = Room(protocol).start().wait(seconds=seconds)
    assert getattr(give(room), "code", None) == code


def test_the_rest_between_devices_is_shown():
    room = Room("nasal-esketamine-us").start()
    assert room.view["dose"]["next_device_at"] == (room.now + timedelta(minutes=5)).isoformat()


def test_the_rest_counts_from_a_failed_device_too():
    room = Room("nasal-esketamine-us").ready()
    give(room, "failed")
    room.wait(4)
    assert give(room).code == "device-too-soon"


def test_a_failed_device_is_in_the_ledger_and_not_in_the_dose():
    room = Room("nasal-esketamine-us").start().wait(5)
    give(room, "failed")
    assert room.view["dose"]["calculated_mg"] == "28"
    assert [(device["outcome"], device["mg"]) for device in room.view["dose"]["devices"]] == [
        ("given", "28"),
        ("failed", "0"),
    ]
    room.wait(5)
    assert not hasattr(give(room), "code")
    assert room.view["dose"]["calculated_mg"] == "56"
    assert room.view["phase"] == "observing"


@pytest.mark.parametrize("outcome", ["partial", "sneezed"])
def test_a_lost_spray_counts_and_is_not_replaced_without_an_order(outcome):
    room = Room("nasal-esketamine-us").start().wait(5)
    said = [finding.rule for finding in give(room, outcome).findings]
    assert said == ["E-03"]
    assert room.view["dose"]["calculated_mg"] == "56"
    room.wait(5)
    assert give(room).code in ("dosing-over", "device-beyond-order")
    room.do("record-verbal-order", prescriber="prescriber-1", order="one more device", read_back=True, devices=1)
    assert room.view["phase"] == "dosing"
    assert not hasattr(give(room), "code")
    assert give(room.wait(5)).code in ("dosing-over", "device-beyond-order")


def test_a_verbal_order_before_the_signed_one_adds_no_device():
    room = Room("nasal-esketamine-us").arrive()
    room.do("record-verbal-order", prescriber="prescriber-1", order="two devices today", read_back=True, devices=2)
    room.order(devices=2)
    assert room.view["dose"]["ordered_devices"] == 2


def test_no_device_beyond_the_order():
    room = Room("nasal-esketamine-us").observe().wait(5)
    assert give(room).code in ("dosing-over", "device-beyond-order")


def test_a_device_that_turns_out_to_have_failed_opens_the_dose_again():
    room = Room("nasal-esketamine-us").observe()
    seq = room.state.effective["device-given"][-1].seq
    assert room.view["phase"] == "observing"
    failed = {"seq": seq, "data": {"outcome": "failed"}, "reason": "nothing came out"}
    # the two hours would count from the first device: two people say so
    assert room.refuse("correct-entry", **failed).code == "second-needed"
    room.do("correct-entry", second=OTHER_NURSE, **failed)
    assert room.view["phase"] == "dosing"
    assert room.view["dose"]["calculated_mg"] == "28"
    assert [device["mg"] for device in room.view["dose"]["devices"]] == ["28", "0"]


# the two hours


@pytest.mark.parametrize(("minutes", "state"), [(119, "open"), (120, "met")])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_stay_is_two_hours_from_the_last_device(protocol, minutes, state):
    room = Room(protocol).observe()
    last_at = room.now
    room.wait(minutes)
    gate = get_gate(room, "G-1")
    assert gate["state"] == state
    assert gate["earliest_at"] == (last_at + timedelta(minutes=120)).isoformat()


def test_the_form_reports_from_the_first_device():
    # first device at 0, last at 5 min, release 120 min after the last
    room = Room("nasal-esketamine-us").recover()
    first = room.state.effective["device-given"][0].occurred_at
    room.do("sign-release", PRESCRIBER)
    released = room.events[-1]
    assert (released.occurred_at - first).total_seconds() / 60 == 125
    assert released.data["minutes_since_first_device"] == 125
    assert room.wait(30).view["discharge"]["stay_min"] == 125


def test_a_device_entered_late_moves_the_two_hours():
    room = Room("nasal-esketamine-us").start()
    first_at = room.now
    room.wait(40)
    assert get_gate(room, "G-1")["earliest_at"] == (first_at + timedelta(minutes=120)).isoformat()
    room.do("give-device", lot="SP-77", outcome="given", occurred_at=first_at + timedelta(minutes=6))
    assert get_gate(room, "G-1")["earliest_at"] == (first_at + timedelta(minutes=126)).isoformat()
    assert room.view["phase"] == "observing"


def test_a_late_device_too_close_to_the_one_before_is_taken_only_from_a_downtime_sheet():
    room = Room("nasal-esketamine-us").start()
    at = room.now + timedelta(minutes=3)
    room.wait(40)
    assert room.refuse("give-device", lot="x", outcome="given", occurred_at=at).code == "device-too-soon"
    decision = room.do(
        "give-device", lot="x", outcome="given", occurred_at=at, already_happened=True, second=OTHER_NURSE
    )
    assert "device-too-soon" in [finding.rule for finding in decision.findings]
    assert room.view["dose"]["calculated_mg"] == "56"


def test_a_failed_last_device_does_not_prolong_the_stay():
    room = Room("nasal-esketamine-us").start()
    first_at = room.now
    room.wait(10)
    give(room, "failed")
    assert get_gate(room, "G-1")["earliest_at"] == (first_at + timedelta(minutes=120)).isoformat()


def test_stopping_after_one_device_is_an_end():
    room = Room("nasal-esketamine-us").start().wait(8)
    room.do("record-stop", reason="she does not want the second")
    assert room.view["phase"] == "observing"
    assert room.view["dose"]["calculated_mg"] == "28"
    assert give(room).code == "dosing-over"


# readings at their time


@pytest.mark.parametrize(
    ("minutes", "state"), [(29, "later"), (30, "due"), (40, "overdue"), (50, "overdue"), (51, "missed")]
)
def test_the_reading_at_forty_minutes_is_asked_from_thirty_to_fifty(minutes, state):
    room = Room("nasal-esketamine-us").observe().wait(minutes)
    asked = [row for row in room.view["due"] if row["id"] == "bp-40"]
    shown = {"overdue": {"due", "overdue"}}.get(state, {state})
    assert {row["state"] for row in asked} <= shown
    assert asked


def test_the_reading_at_forty_minutes_fills_its_field_only_in_its_window():
    late = Room("nasal-esketamine-us").observe().wait(51)
    late.vitals()
    assert "bp.at_40" in list_missing(late)
    room = Room("nasal-esketamine-us").observe().wait(41)
    assert "bp.at_40" in list_missing(room)
    room.vitals()
    assert "bp.at_40" not in list_missing(room)


def test_a_forty_minute_reading_entered_late_stands_in_its_window():
    room = Room("nasal-esketamine-us").observe()
    taken_at = room.now + timedelta(minutes=40)
    room.wait(90).do(
        "record-vitals", systolic=141, diastolic=84, heart_rate=80, spo2=97, resp_rate=14, moaas=5, occurred_at=taken_at
    )
    assert "bp.at_40" not in list_missing(room)


# the form


def test_the_form_shows_what_is_missing_before_the_person_leaves():
    before = list_missing(Room("nasal-esketamine-us").start())
    assert {"bp.at_40", "bp.completion", "duration.minutes", "signature.name", "vitals.acceptable_after"} <= before
    assert {
        "treatment.date",
        "treatment.dose",
        "treatment.lot",
        "bp.before",
        "vitals.acceptable_before",
    } & before == set()


def test_a_field_the_session_filled_is_not_missing_and_one_known_from_the_chart_neither():
    plain = list_missing(Room("nasal-esketamine-us").start())
    assert "setting.zip" in plain
    known = Room("nasal-esketamine-us", rems={"setting.zip": True}).start()
    assert list_missing(known) == plain - {"setting.zip"}


def test_a_finished_session_leaves_only_what_the_chart_should_know():
    missing = list_missing(Room("nasal-esketamine-us").finish())
    assert {field.partition(".")[0] for field in missing} <= {"patient", "conmeds", "provider", "setting"}


@pytest.mark.parametrize("protocol", ["iv-racemic", "im-racemic", "nasal-esketamine-eu"])
def test_only_the_united_states_have_the_form(protocol):
    assert Room(protocol).view["rems"] is None


def test_no_form_is_complete_without_a_dose():
    assert {"treatment.date", "treatment.dose", "bp.before", "duration.minutes", "sedation.occurred"} <= list_missing(
        Room("nasal-esketamine-us").arrive()
    )


def test_a_lost_signal_asks_for_a_reading_by_hand_also_once_it_was_acknowledged():
    room = Room("nasal-esketamine-us").ready()
    room.do("give-device", lot="SP-77", outcome="given")
    room.do("record-vitals", spo2_lost=True)
    room.wait(6).tick()
    (alarm,) = [each for each in room.view["alarms"] if each["row"] == "A-06L"]
    said = "SpO2 signal lost: enter SpO2 by hand, then the dose."
    assert said in room.refuse("give-device", lot="SP-77", outcome="given").message
    room.do("acknowledge-alarm", alarm=alarm["id"])
    assert said in room.refuse("give-device", lot="SP-77", outcome="given").message
    room.do("record-vitals", spo2=97, origin="manual")
    room.do("give-device", lot="SP-77", outcome="given")


def test_an_alarm_that_was_acknowledged_and_still_holds_asks_for_a_measurement():
    room = Room("nasal-esketamine-us").ready()
    room.do("give-device", lot="SP-77", outcome="given")
    room.wait(6).vitals(systolic=190)
    (alarm,) = [each for each in room.view["alarms"] if each["row"] == "A-02"]
    assert "deal with it and acknowledge it" in room.refuse("give-device", lot="SP-77", outcome="given").message
    room.do("acknowledge-alarm", alarm=alarm["id"])
    assert "deal with it and measure again" in room.refuse("give-device", lot="SP-77", outcome="given").message


# the card of the board


@pytest.mark.parametrize(
    ("minutes", "state"), [(5, "waiting"), (29, "waiting"), (31, "due"), (41, "overdue"), (51, "missed")]
)
def test_the_card_asks_for_the_pressure_by_the_last_device_given_while_another_is_to_come(minutes, state):
    """A second device that is not given holds nothing back: at 51 min the reading of the first is missed."""
    room = Room("nasal-esketamine-us").start().wait(minutes)
    forty = derive_card(room.state, protocol=room.protocol, now=room.now)["forty"]
    assert forty["state"] == state


def test_the_next_device_moves_the_pressure_that_the_card_asks_for():
    room = Room("nasal-esketamine-us").start().wait(35)
    give(room)
    room.wait(10)
    forty = derive_card(room.state, protocol=room.protocol, now=room.now)["forty"]
    assert forty == {"state": "later", "at": (room.now + timedelta(minutes=30)).isoformat(), "value": None}
