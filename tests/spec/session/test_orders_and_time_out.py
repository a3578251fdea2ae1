"""Orders, verbal orders and the time-out: who signs, what another order or another strength takes back."""

from datetime import timedelta

import pytest

from afterglow.chairside import parse_command
from afterglow.terms import InvalidInput
from tests.support.rooms import (
    DIRECTOR,
    NURSE,
    OPENED_AT,
    OTHER_NURSE,
    OTHER_PRESCRIBER,
    PRESCRIBER,
    READ_ALOUD,
    THERAPIST,
    Room,
)

ESKETAMINE = ("nasal-esketamine-us", "nasal-esketamine-eu")
WORDS = {"prescriber": "prescriber-1", "order": "pause, then half the rate"}


def sign(room, by=NURSE, second=OTHER_NURSE, confirmed=READ_ALOUD):
    return room.ask("sign-time-out", by, second=second, confirmed=list(confirmed))


def list_rules(decision):
    return [finding.rule for finding in decision.findings]


def list_blockers(room):
    return [blocker["code"] for blocker in room.view["blockers"]]


# the order of the day


@pytest.mark.parametrize("by", [NURSE, THERAPIST])
def test_an_order_is_signed_by_a_prescriber_only(by):
    room = Room().arrive()
    assert room.refuse("sign-order", by, dose_mg_per_kg="0.5", duration_min="40").code == "prescriber-needed"
    room.do("sign-order", DIRECTOR, dose_mg_per_kg="0.5", duration_min="40")


def test_an_order_by_weight_is_worked_out_from_todays_weight_and_capped():
    # 0.5 mg/kg x 72.0 kg = 36.0 mg
    room = Room().arrive().order()
    assert room.view["dose"]["ordered_mg"] == "36.0"
    assert Room().arrive().order(cap_mg="30").view["dose"]["ordered_mg"] == "30"
    assert Room().arrive().order(cap_mg="40").view["dose"]["ordered_mg"] == "36.0"


def test_an_order_names_exactly_one_dose():
    for dose in ({}, {"dose_mg": "36", "dose_mg_per_kg": "0.5"}, {"dose_mg": "56", "devices": 2}):
        with pytest.raises(InvalidInput):
            parse_command("sign-order", {"duration_min": "40", **dose})


@pytest.mark.parametrize(
    ("dose", "soft"),
    [("0.75", []), ("0.76", ["L-IV"])],
)
def test_a_dose_above_three_quarters_of_a_milligram_a_kilogram_is_said(dose, soft):
    decision = Room().arrive().do("sign-order", PRESCRIBER, dose_mg_per_kg=dose, duration_min="60")
    assert list_rules(decision) == soft


@pytest.mark.parametrize(("weight", "said"), [("120", []), ("121", ["L-IV-MG"])])
def test_an_absolute_warning_above_sixty_milligrams_speaks_beside_the_dose_by_weight(weight, said):
    room = Room().arrive("record-weight")
    room.do("record-weight", weight_kg=weight)
    assert list_rules(room.do("sign-order", PRESCRIBER, dose_mg_per_kg="0.5", duration_min="60")) == said


@pytest.mark.parametrize(("dose", "code"), [("1.0", None), ("1.01", "second-clinician-needed")])
def test_a_dose_above_one_milligram_a_kilogram_needs_a_second_clinician(dose, code):
    order = {"dose_mg_per_kg": dose, "duration_min": "60"}
    assert getattr(Room().arrive().ask("sign-order", PRESCRIBER, **order), "code", None) == code
    Room().arrive().do("sign-order", PRESCRIBER, second=OTHER_PRESCRIBER, **order)


@pytest.mark.parametrize(("dose", "code"), [("1.49", None), ("1.5", "dose-beyond-hard-limit")])
def test_nobody_signs_an_anaesthetic_dose(dose, code):
    answer = (
        Room().arrive().ask("sign-order", DIRECTOR, second=OTHER_PRESCRIBER, dose_mg_per_kg=dose, duration_min="60")
    )
    assert getattr(answer, "code", None) == code


def test_a_second_signature_by_the_one_who_orders_is_refused():
    answer = Room().arrive().ask("sign-order", PRESCRIBER, second=PRESCRIBER, dose_mg_per_kg="1.1", duration_min="60")
    assert answer.code == "same-person"


def test_no_dose_by_weight_without_a_weight_and_none_by_an_old_one():
    order = {"dose_mg_per_kg": "0.5", "duration_min": "40"}
    assert Room(weight={}).arrive("record-weight").refuse("sign-order", PRESCRIBER, **order).code == "weight-missing"
    for day, code in (("2026-10-18", None), ("2026-10-17", "weight-old")):
        known = {"weight_kg": "72.0", "weighed_at": f"{day}T10:00:00+00:00"}
        answer = Room(weight=known).arrive("record-weight").ask("sign-order", PRESCRIBER, **order)
        assert getattr(answer, "code", None) == code


@pytest.mark.parametrize(("weight", "held"), [("79.2", False), ("79.3", True), ("64.8", False), ("64.7", True)])
def test_a_weight_that_moved_by_more_than_a_tenth_since_the_order_asks_for_another_order(weight, held):
    room = Room().ready()
    room.do("record-weight", weight_kg=weight)
    assert ("weight-changed" in list_blockers(room)) is held


# verbal orders


def test_a_verbal_order_is_read_back_or_that_is_said():
    assert list_rules(Room().start().do("record-verbal-order", read_back=True, **WORDS)) == []
    assert list_rules(Room().start().do("record-verbal-order", read_back=False, **WORDS)) == ["verbal-order"]


def test_a_verbal_order_waits_for_its_signature_until_it_has_one():
    room = Room().start()
    room.do("record-verbal-order", read_back=True, **WORDS)
    waiting = [order for order in room.view["orders"] if order["is_open"]]
    assert [order["kind"] for order in waiting] == ["verbal"]
    assert waiting[0]["cosign_by"] == (room.now + timedelta(minutes=240)).isoformat()
    assert room.refuse("cosign-order", NURSE, order=waiting[0]["seq"]).code == "prescriber-needed"
    room.do("cosign-order", PRESCRIBER, order=waiting[0]["seq"])
    assert not any(order["is_open"] for order in room.view["orders"])
    assert room.refuse("cosign-order", PRESCRIBER, order=waiting[0]["seq"]).code == "order-not-waiting"


@pytest.mark.parametrize(("minutes", "state", "said"), [(240, "later", []), (241, "overdue", ["verbal-order"])])
def test_a_verbal_order_is_signed_within_four_hours(minutes, state, said):
    room = Room().start()
    room.do("record-verbal-order", read_back=True, **WORDS)
    seq = room.events[-1].seq
    room.wait(minutes)
    assert [row["state"] for row in room.view["due"] if row["command"] == "cosign-order"] == [state]
    assert list_rules(room.do("cosign-order", PRESCRIBER, order=seq)) == said


def test_a_verbal_order_is_signed_even_after_the_record_was_closed():
    room = Room().start()
    room.do("record-verbal-order", read_back=True, **WORDS)
    seq = room.events[-1].seq
    room.wait(5).do("record-ending", kind="eloped", told="prescriber", last_vitals="none", drug_reconciled=True)
    room.reconcile(given_mg="4.5", wasted_mg="31.5")
    assert "verbal-order" in list_rules(room.do("close-record", PRESCRIBER))
    room.do("cosign-order", PRESCRIBER, order=seq)


# the time-out


def test_an_infusion_takes_two_people_for_its_time_out():
    assert sign(Room().arrive().order().prepare(), second=None).code == "second-needed"
    room = Room().arrive().order().prepare()
    room.do("sign-time-out", second=OTHER_NURSE, confirmed=list(READ_ALOUD))
    assert room.view["phase"] == "ready"


@pytest.mark.parametrize("protocol", ["iv-racemic", "im-racemic", *ESKETAMINE])
def test_the_same_person_does_not_sign_twice(protocol):
    assert sign(Room(protocol).arrive().order().prepare(), second=NURSE).code == "same-person"


@pytest.mark.parametrize("protocol", ESKETAMINE)
def test_one_nurse_signs_the_time_out_of_an_esketamine_room(protocol):
    room = Room(protocol).arrive().order()
    room.do("sign-time-out", confirmed=list(READ_ALOUD))
    assert room.view["phase"] == "ready"
    room.do("give-device", lot="SP-77", outcome="given")


def test_one_of_the_signers_is_licensed():
    assert sign(Room("nasal-esketamine-us").arrive().order(), THERAPIST, None).code == "licensed-needed"
    assert not hasattr(sign(Room().arrive().order().prepare(), THERAPIST, NURSE), "code")


@pytest.mark.parametrize("absent", READ_ALOUD)
def test_everything_is_read_aloud_and_the_pump_only_where_there_is_one(absent):
    rest = [word for word in READ_ALOUD if word != absent]
    assert sign(Room().arrive().order().prepare(), confirmed=rest).code == "time-out-incomplete"
    code = getattr(sign(Room("nasal-esketamine-us").arrive().order(), second=None, confirmed=rest), "code", None)
    assert code == (None if absent == "pump" else "time-out-incomplete")


@pytest.mark.parametrize(("minutes", "held"), [(30, False), (31, True)])
def test_a_time_out_is_good_for_half_an_hour(minutes, held):
    room = Room().ready().wait(minutes - 5)
    room.vitals()
    room.wait(5)
    assert ("time-out-old" in list_blockers(room)) is held


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"vial_mg_per_ml": "10", "drawn_ml": "3.6"}, id="another strength"),
        pytest.param({"lot": "0418-01"}, id="the same again"),
    ],
)
def test_another_preparation_takes_the_time_out_back(change):
    room = Room().ready().prepare(**change)
    assert list_blockers(room) == ["time-out-missing"]
    assert room.refuse("start").code == "time-out-missing"
    sign(room)
    room.do("start")


def test_another_strength_is_said():
    room = Room().ready().prepare(vial_mg_per_ml="10", drawn_ml="3.6")
    assert [finding.rule for finding in room.findings] == ["strength-changed"]


def test_a_new_order_takes_the_time_out_back():
    room = Room().ready().order(dose_mg_per_kg="0.5")
    assert list_blockers(room) == ["time-out-missing"]
    room = Room("nasal-esketamine-us").ready().order(devices=3)
    assert list_blockers(room) == ["time-out-missing"]


def test_a_corrected_preparation_takes_the_time_out_back():
    room = Room().ready()
    seq = room.state.effective["preparation-recorded"][0].seq
    room.do("correct-entry", seq=seq, data={"drawn_ml": "0.70"}, reason="misread the syringe")
    assert list_blockers(room) == ["time-out-missing"]


def test_a_start_dated_before_its_time_out_has_none():
    room = Room().ready()
    signed_at = room.now
    room.wait(5)
    assert room.refuse("start", occurred_at=signed_at - timedelta(seconds=1)).code == "time-out-missing"
    room.do("start", occurred_at=signed_at)


# the rate


def test_the_rate_is_that_of_the_order_in_force():
    # 100.72 mL over 40 min is 151.08 mL/h, over 60 min 100.72 mL/h; a pump takes 151 and 101
    room = Room().arrive().order().prepare()
    assert room.view["dose"]["rate_ml_per_h"] == "151"
    room.order(duration_min="60")
    sign(room)
    room.do("start")
    assert room.events[-1].data["rate_ml_per_h"] == "101"


def test_a_bag_prepared_before_the_order_gets_its_rate_from_the_order():
    room = Room().arrive().prepare().order()
    sign(room)
    room.do("start")
    assert room.events[-1].data["rate_ml_per_h"] == "151"


@pytest.mark.parametrize(("rate", "code"), [("154", None), ("155", "rate-beyond-order")])
def test_a_start_faster_than_the_order_is_refused(rate, code):
    assert getattr(Room().ready().ask("start", rate_ml_per_h=rate), "code", None) == code


@pytest.mark.parametrize(("rate", "code"), [("80", None), ("151", None), ("155", "rate-beyond-order")])
def test_a_resume_faster_than_any_order_is_refused(rate, code):
    room = Room().start().wait(10)
    room.do("record-pause")
    assert getattr(room.ask("record-resume", rate_ml_per_h=rate), "code", None) == code


def test_a_faster_rate_that_was_set_is_recorded_and_said_unless_a_verbal_order_names_it():
    room = Room().start().wait(10)
    assert list_rules(room.do("record-rate-change", rate_ml_per_h="180")) == ["rate"]
    room = Room().start().wait(10)
    room.do("record-verbal-order", read_back=True, rate_ml_per_h="180", **WORDS)
    assert list_rules(room.do("record-rate-change", rate_ml_per_h="180")) == []
    assert list_rules(room.do("record-rate-change", rate_ml_per_h="184")) == ["rate"]


def test_an_order_in_mg_is_held_to_the_persons_weight():
    """1.5 mg/kg is the hard limit of an infusion: 100 mg are beyond it at 40 kg, and unknown without a weight."""
    light = {"weight_kg": "40.0", "weighed_at": "2026-11-10T09:00:00+00:00"}
    given = {"by": PRESCRIBER, "dose_mg": "100", "duration_min": "40"}
    assert Room(weight=light).arrive("record-weight").refuse("sign-order", **given).code == "dose-beyond-hard-limit"
    assert Room(weight={}).arrive("record-weight").refuse("sign-order", **given).code == "weight-missing"
    Room().arrive().do("sign-order", PRESCRIBER, dose_mg="36", duration_min="40")


def test_a_cosigned_order_is_not_corrected():
    room = Room().start()
    room.do("record-verbal-order", prescriber="prescriber-1", order="slower", read_back=True, rate_ml_per_h="120")
    number = room.state.list("verbal-order-recorded")[-1].seq
    room.do("cosign-order", PRESCRIBER, order=number)
    changed = room.refuse("correct-entry", seq=number, data={"rate_ml_per_h": "400"}, reason="misread")
    assert changed.code == "entry-signed"


def test_devices_never_pass_the_label_whoever_orders_them():
    room = Room("nasal-esketamine-us").observe()
    room.do("record-verbal-order", prescriber="prescriber-1", order="four more", read_back=True, devices=4)
    room.wait(6).do("give-device", number=3, lot="SP-77", outcome="given")
    beyond = {"number": 4, "lot": "SP-77", "outcome": "given"}
    assert room.wait(6).refuse("give-device", **beyond).code == "dose-beyond-hard-limit"
    seen = room.do("give-device", **beyond, already_happened=True, second=OTHER_NURSE)
    assert {finding.rule for finding in seen.findings} >= {"L-ESK"}


# today's order with today's weight


@pytest.mark.parametrize(
    ("days", "found"),
    [
        (0, []),
        (1, ["72.0 kg of 2026-11-16, 1 day before this order"]),
        (7, ["72.0 kg of 2026-11-10, 7 days before this order"]),
    ],
)
def test_an_order_says_when_its_weight_is_not_of_today(days, found):
    weighed = OPENED_AT - timedelta(days=days)
    room = Room(weight={"weight_kg": "72.0", "weighed_at": weighed.isoformat()}).arrive("record-weight")
    before = len(room.findings)
    room.order()
    said = [each for each in room.findings[before:] if each.rule == "L-WT"]
    assert [each.seen for each in said] == found
    assert all((str(each.grade), "30 days" in each.threshold) == ("P", True) for each in said)
    room.do("record-weight", weight_kg="72.0")
    before = len(room.findings)
    room.order()
    assert [each.rule for each in room.findings[before:]] == []


def test_an_order_of_devices_asks_for_no_weight():
    room = Room("nasal-esketamine-us").arrive("record-weight")
    before = len(room.findings)
    room.order()
    assert [each.rule for each in room.findings[before:]] == []
