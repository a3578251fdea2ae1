"""The dose by the clock: across pauses, rates and bags, labelled as calculated, beside what the pump says.

By hand: 0.72 mL of 50 mg/mL is 36 mg in 100.72 mL, 0.35743 mg/mL. At 151 mL/h that is 2.51667 mL or 0.89952 mg a
minute; the bag is empty after 40.02 min.
"""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.rooms import OTHER_NURSE, PRESCRIBER, Room

MG_A_MINUTE = Decimal("0.89952")
PUMP_EVENTS = ("record-pause", "record-resume", "record-rate-change", "record-stop", "record-complete")


def get_mg(room):
    return Decimal(room.view["dose"]["calculated_mg"])


def get_ml(room):
    return Decimal(room.view["dose"]["calculated_ml"])


def is_near(value, expected):
    return abs(Decimal(value) - Decimal(expected)) < Decimal("0.005")


def list_rules(decision):
    return [finding.rule for finding in decision.findings]


def test_the_dose_is_labelled_calculated():
    assert Room().start().view["dose"]["label"] == "calculated"


@pytest.mark.parametrize(
    ("minutes", "mg"), [(0, "0"), (1, "0.90"), (10, "9.00"), (40, "35.98"), (41, "36"), (400, "36")]
)
def test_the_dose_grows_by_the_clock_and_ends_with_the_bag(minutes, mg):
    room = Room().start().wait(minutes)
    assert is_near(get_mg(room), mg)
    assert get_ml(room) <= Decimal("100.72")


def test_nothing_is_given_before_the_start():
    dose = Room().ready().wait(20).view["dose"]
    assert (dose["calculated_mg"], dose["calculated_ml"]) == (None, None)


def test_a_pause_gives_nothing():
    room = Room().start().wait(10)
    room.do("record-pause")
    room.wait(7)
    assert is_near(get_mg(room), 10 * MG_A_MINUTE)
    room.do("record-resume")
    room.wait(10)
    assert is_near(get_mg(room), 20 * MG_A_MINUTE)
    clock = room.view["clock"]
    assert (clock["run_s"], clock["paused_s"]) == (1200, 420)


def test_two_pauses_in_a_row_are_one_and_the_second_person_is_told():
    room = Room().start().wait(10)
    assert room.do("record-pause").findings == ()
    second = room.wait(2).do("record-pause", OTHER_NURSE)
    assert [each.seen for each in second.findings] == ["Paused already: a second pause was recorded"]
    room.wait(2).do("record-resume")
    assert is_near(get_mg(room), 10 * MG_A_MINUTE)


def test_a_new_rate_counts_from_when_it_was_set():
    room = Room().start().wait(10)
    room.do("record-rate-change", rate_ml_per_h="75.5")
    room.wait(10)
    assert is_near(get_mg(room), 15 * MG_A_MINUTE)


def test_a_rate_set_during_a_pause_counts_from_the_resume():
    room = Room().start().wait(10)
    room.do("record-pause")
    room.wait(5).do("record-rate-change", rate_ml_per_h="75.5")
    room.wait(5)
    assert is_near(get_mg(room), 10 * MG_A_MINUTE)
    room.do("record-resume")
    room.wait(10)
    assert is_near(get_mg(room), 15 * MG_A_MINUTE)
    assert room.view["dose"]["rate_ml_per_h"] == "75.5"


def test_a_resume_may_name_a_slower_rate():
    room = Room().start().wait(10)
    room.do("record-pause")
    room.do("record-resume", rate_ml_per_h="75.5")
    room.wait(10)
    assert is_near(get_mg(room), 15 * MG_A_MINUTE)


def test_a_rate_of_nothing_gives_nothing():
    room = Room().start().wait(10)
    room.do("record-rate-change", rate_ml_per_h="0")
    room.wait(10)
    assert is_near(get_mg(room), 10 * MG_A_MINUTE)
    assert room.view["clock"]["left_s"] is None


@pytest.mark.parametrize("end", ["record-stop", "record-complete"])
def test_the_real_end_ends_the_dose(end):
    room = Room().start().wait(15)
    room.do(end, pump_ml="37.8")
    room.wait(30)
    assert is_near(get_mg(room), 15 * MG_A_MINUTE)
    assert room.view["phase"] == "observing"
    assert room.refuse("record-resume").code in ("not-paused", "dosing-over")


def test_a_stop_during_a_pause_ends_at_the_dose_of_the_pause():
    room = Room().start().wait(10)
    room.do("record-pause")
    room.wait(5).do("record-stop")
    assert room.view["phase"] == "observing"
    assert is_near(get_mg(room), 10 * MG_A_MINUTE)
    assert room.refuse("record-resume").code == "dosing-over"


def test_an_end_recorded_before_any_start_is_said_and_ends_nothing():
    room = Room().ready()
    assert "End recorded before any start" in [f.seen for f in room.do("record-stop").findings]
    room.wait(2).do("start")
    room.wait(10)
    assert is_near(get_mg(room), 10 * MG_A_MINUTE)
    assert room.view["phase"] == "dosing"


def test_a_second_end_is_recorded_and_said_and_the_first_counts():
    room = Room().start().wait(10)
    room.do("record-stop")
    room.wait(5)
    assert "pump" in list_rules(room.do("record-complete"))
    assert is_near(get_mg(room), 10 * MG_A_MINUTE)


def test_a_pause_recorded_while_nothing_runs_is_said():
    assert list_rules(Room().arrive().do("record-pause")) == ["pump"]
    assert list_rules(Room().start().wait(5).do("record-pause")) == []


def test_an_infusion_starts_once():
    room = Room().start().wait(5)
    assert room.refuse("start").code == "already-started"
    assert room.refuse("start", occurred_at=room.now - timedelta(minutes=1)).code == "already-started"


# bags


def test_a_bag_prepared_while_the_pump_runs_changes_nothing_of_what_was_given():
    room = Room().start().wait(10)
    before = get_mg(room)
    room.prepare(drawn_ml="10")
    assert get_mg(room) == before
    room.wait(100)
    assert is_near(get_mg(room), 36)


def test_a_bag_changed_in_a_pause_counts_from_the_resume():
    room = Room().start().wait(10)
    room.do("record-pause")
    room.prepare(drawn_ml="0.54")  # 27 mg in 100.54 mL
    room.do("record-resume")
    room.wait(10)
    second = Decimal(27) / Decimal("100.54") * 151 / 6
    assert is_near(get_mg(room), 10 * MG_A_MINUTE + second)
    room.wait(600)
    assert is_near(get_mg(room), 10 * MG_A_MINUTE + 27)


def test_a_second_bag_does_not_carry_the_dose_past_the_order():
    # 9.0 mg are given; 27.72 mg more would be 36.72, two per cent above 36
    room = Room().start().wait(10)
    room.do("record-pause")
    room.prepare(drawn_ml="0.60")
    assert room.refuse("record-resume").code == "preparation-exceeds-order"
    room.prepare(drawn_ml="0.55")
    room.do("record-resume")


# the pump beside the clock


@pytest.mark.parametrize(
    ("pump_ml", "said"),
    # after 20 min the clock says 50.33 mL; five per cent are 2.517 mL
    [("50.33", []), ("52.84", []), ("52.86", ["pump-difference"]), ("47.82", []), ("47.80", ["pump-difference"])],
)
@pytest.mark.parametrize("command", ["record-pump-reading", "record-pause", "record-rate-change", "record-complete"])
def test_a_pump_that_differs_by_more_than_five_per_cent_is_said(command, pump_ml, said):
    room = Room().start().wait(20)
    more = {"rate_ml_per_h": "120"} if command == "record-rate-change" else {}
    assert list_rules(room.do(command, pump_ml=pump_ml, **more)) == said
    assert room.view["dose"]["pump"]["ml"] == pump_ml


def test_the_difference_is_shown_with_its_sign():
    room = Room().start().wait(20)
    room.do("record-pump-reading", pump_ml="48.3")
    assert room.view["dose"]["pump"]["difference_percent"] == "-4.0"


def test_a_corrected_pump_reading_is_compared_again():
    room = Room().start().wait(20)
    room.do("record-pump-reading", pump_ml="5.03")
    seq = room.state.effective["pump-read"][-1].seq
    assert [each["rule"] for each in room.view["deviations"]] == ["N-1", "pump-difference"]
    decision = room.do("correct-entry", seq=seq, data={"pump_ml": "50.3"}, reason="the point")
    assert list_rules(decision) == []
    assert room.view["dose"]["pump"]["ml"] == "50.3"
    again = room.do("correct-entry", seq=seq, data={"pump_ml": "40"}, reason="no")
    assert list_rules(again) == ["pump-difference"]


def test_no_pump_reading_is_not_a_difference():
    room = Room().start().wait(20)
    assert list_rules(room.do("record-pause")) == []
    pump = room.view["dose"]["pump"]
    assert {name: value for name, value in pump.items() if value is not None} == {"limit_percent": "5"}


def test_a_reading_before_anything_moved_has_no_per_cent():
    room = Room().start()
    assert list_rules(room.do("record-pump-reading", pump_ml="1")) == []


# what stands in the line


def test_the_line_holds_drug_until_it_is_flushed():
    # 1.5 mL at 0.35743 mg/mL
    room = Room().start().wait(20)
    assert is_near(room.view["dose"]["left_in_line_mg"], "0.536")
    room.wait(21).do("record-complete", flush_ml="1")
    assert is_near(room.view["dose"]["left_in_line_mg"], "0.179")
    flushed = Room().start().wait(41)
    flushed.do("record-complete", flush_ml="5")
    assert is_near(flushed.view["dose"]["left_in_line_mg"], "0")


def test_an_unknown_line_volume_is_unknown_and_not_nothing():
    room = Room().arrive().order()
    room.do("record-preparation", vial_mg_per_ml="50", drawn_ml="0.72", diluent_ml="100")
    room.do("sign-time-out", confirmed=["patient", "drug", "dose", "route", "pump", "allergies"], second=OTHER_NURSE)
    room.do("start")
    assert room.wait(5).view["dose"]["left_in_line_mg"] is None


# injections


def test_split_injections_add_up_to_the_order_and_not_beyond():
    room = Room("im-racemic").ready()
    room.do("give-injection", dose_mg="18", site="deltoid-left")
    assert (room.view["phase"], room.view["dose"]["calculated_mg"]) == ("dosing", "18")
    assert room.wait(1).refuse("give-injection", dose_mg="18.8").code == "dose-beyond-order"
    room.do("give-injection", dose_mg="18", site="deltoid-right")
    assert (room.view["phase"], room.view["dose"]["calculated_mg"]) == ("observing", "36")
    assert room.refuse("give-injection", dose_mg="1").code == "dosing-over"


def test_a_first_injection_that_is_not_followed_is_ended_by_a_stop():
    room = Room("im-racemic").ready()
    room.do("give-injection", dose_mg="18")
    injected_at = room.now
    room.wait(10).do("record-stop")
    assert room.view["phase"] == "observing"
    gate = next(gate for gate in room.view["discharge"]["gates"] if gate["id"] == "G-3")
    assert gate["earliest_at"] == (injected_at + timedelta(minutes=60)).isoformat()


@pytest.mark.parametrize("command", ["record-resume"])
def test_only_an_infusion_is_resumed(command):
    assert Room("im-racemic").start().refuse(command).code == "pattern-does-not-fit"
    assert Room("nasal-esketamine-us").start().refuse(command).code == "pattern-does-not-fit"


def test_each_protocol_is_given_its_own_way():
    assert Room().ready().refuse("give-injection", dose_mg="36").code == "pattern-does-not-fit"
    assert Room("im-racemic").ready().refuse("start").code == "pattern-does-not-fit"
    assert Room("im-racemic").ready().refuse("give-device", lot="x", outcome="given").code == "pattern-does-not-fit"


def test_a_correction_that_moves_the_dose_is_said():
    """The minute of the pause changes what was given; its words do not."""
    room = Room().start().wait(10)
    room.do("record-pause", reason="pressure")
    room.wait(5)
    seq = room.state.effective["pause-recorded"][-1].seq
    moved = {
        "seq": seq,
        "data": {"occurred_at": (room.now - timedelta(minutes=7)).isoformat()},
        "reason": "by the pump",
    }
    assert list_rules(room.do("correct-entry", **moved)) == ["dose-corrected"]
    worded = {"seq": seq, "data": {"reason": "asked for"}, "reason": "asked again"}
    assert list_rules(room.do("correct-entry", **worded)) == []


def test_a_check_that_the_protocol_does_not_know_is_refused():
    refusal = Room().arrive().refuse("record-check", check="fsting", passed=True)
    assert refusal.problems[0].code == "check-unknown"
    assert "fasting" in refusal.problems[0].accepted


def test_a_verbal_order_does_not_lift_the_rate_above_the_protocols_limits():
    """36 mg in 72 kg at 999 mL/h are about 5 mg/kg/h: the hard stop is 2, and under 20 min asks a second clinician."""
    room = Room().ready()
    room.do("record-verbal-order", prescriber="prescriber-1", order="999 mL/h", read_back=True, rate_ml_per_h="999")
    refusal = room.refuse("start", rate_ml_per_h="999")
    assert refusal.code == "dose-beyond-hard-limit"
    assert "L-IV" in {finding.rule for finding in refusal.findings}
    room.do("start")
    faster = room.do("record-rate-change", rate_ml_per_h="999")
    assert "L-IV" in {finding.rule for finding in faster.findings}


def test_a_verbal_order_that_was_not_read_back_covers_nothing():
    room = Room().start().wait(10)
    room.do("record-pause")
    verbal = {"prescriber": "prescriber-1", "order": "a little faster", "rate_ml_per_h": "180"}
    room.do("record-verbal-order", read_back=False, **verbal)
    assert room.refuse("record-resume", rate_ml_per_h="180").code == "rate-beyond-order"
    room.do("record-verbal-order", read_back=True, **verbal)
    room.do("record-resume", rate_ml_per_h="180")


@pytest.mark.parametrize(("kg", "code"), [("70", None), ("45", "weight-changed")])
def test_an_order_in_mg_is_looked_at_again_when_the_weight_changes(kg, code):
    room = Room().ready()
    room.do("sign-order", PRESCRIBER, dose_mg="36", duration_min="40")
    room.do("record-weight", weight_kg=kg)
    codes = [blocker["code"] for blocker in room.view["blockers"]]
    assert (code in codes) if code else "weight-changed" not in codes
