"""From the view to words: ages, alarms by urgency, due items, steps, gates. No request needed."""

from datetime import datetime
from types import SimpleNamespace

import pytest

from afterglow.web.sessions.present.alarms import build_alarms
from afterglow.web.sessions.present.dose import build_dose
from afterglow.web.sessions.present.due import build_due
from afterglow.web.sessions.present.past import write_past
from afterglow.web.sessions.present.record import read_undo
from afterglow.web.sessions.present.stepper import build_steps
from afterglow.web.sessions.present.tiles import build_tiles
from afterglow.web.sessions.present.words import (
    write_age,
    write_fixed,
    write_moment,
    write_signed,
    write_span,
)
from tests.web.sessions.example_view import at, build_running_view


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s ago"), (90, "90 s ago"), (91, "1 min ago"), (5400, "90 min ago"), (5401, "08:00")],
)
def test_an_age_changes_its_unit_at_its_limits(seconds: int, words: str) -> None:
    assert write_age(seconds, at(8, 0)) == words


def test_numbers_are_rounded_half_up_and_signed_with_a_real_minus() -> None:
    assert write_fixed("20.85") == "20.9"
    assert write_signed(-2) == "−2"
    assert write_span(1390) == "23:10"


def test_a_vital_in_alarm_an_old_one_and_a_missing_one_are_told_apart() -> None:
    view = build_running_view()
    del view["vitals"]["spo2"]
    tiles = {tile["key"]: tile for tile in build_tiles(view)}
    assert (tiles["bp"]["state"], tiles["bp"]["alarm"], tiles["bp"]["baseline"]) == ("alarm", "medium", "124/78")
    assert tiles["resp_rate"]["state"] == "old"
    assert (tiles["spo2"]["state"], tiles["spo2"]["figure"]) == ("none", "––")


def test_alarms_stand_by_urgency_and_more_than_three_are_counted() -> None:
    rows = build_running_view()["alarms"]
    high = {**rows[0], "id": "h", "priority": "high", "title": "SpO2 87 %"}
    shown = build_alarms({"alarms": [rows[1], {**rows[1], "id": "l2"}, rows[0], high]})
    assert [strip["priority"] for strip in shown["strips"]] == ["high", "medium", "low"]
    assert shown["more"] == 1
    assert shown["spoken_high"] == ["SpO₂ 87 %. Pause the pump, record it, recheck in 2 to 5 min."]


def test_an_answered_alarm_stays_and_says_by_whom() -> None:
    row = {**build_running_view()["alarms"][0], "acknowledged_at": at(10, 25, 18), "acknowledged_by": "P. Nadkarni"}
    strip = build_alarms({"alarms": [row]})["strips"][0]
    assert (strip["is_seen"], strip["by"], strip["seen_at"]) == (True, "P. Nadkarni", "10:25:18")


def test_no_alarm_is_said_in_words() -> None:
    assert build_alarms({"alarms": []})["is_calm"] is True
    assert build_alarms(build_running_view())["is_calm"] is False


def test_due_items_say_how_late_and_missed_ones_are_not_lost() -> None:
    due = build_due(build_running_view())
    words = {row["id"]: row["when"] for row in (*due["open"], *due["later"], *due["done"])}
    assert words["rr"] == "8:10 late"
    assert words["recheck"] == "in 1:20"
    assert words["v30"] == "in 6:50"
    assert words["missed-rr"] == "missed"


def test_the_current_step_runs_and_later_ones_say_what_they_wait_for() -> None:
    steps = {step["key"]: step for step in build_steps(build_running_view())}
    assert (steps["dosing"]["state"], steps["dosing"]["timer"], steps["dosing"]["of"]) == ("now", "23:10", "of 40:00")
    assert steps["arrived"]["state"] == "done"
    assert steps["left"]["waits"] == "after release"


def test_a_cancelled_session_has_no_running_step() -> None:
    assert all(step["state"] != "now" for step in build_steps(build_running_view(phase="cancelled", steps=[])))


def test_the_dose_keeps_calculated_and_read_apart() -> None:
    card = build_dose(build_running_view(), SimpleNamespace(pattern="infusion", drug="racemic", route="iv"), {})
    assert (card["calculated_mg"], card["pump_ml"], card["pump_age"]) == ("20.9", "50.1", "3 min ago")
    assert card["difference"] == "Pump within 1 % of clock"


def test_a_second_device_waits_five_minutes_after_the_first() -> None:
    given = {"number": 1, "given_at": at(10, 23, 10), "lot": "L1", "outcome": "given", "mg": "28"}
    view = build_running_view(dose={"ordered_mg": "56", "devices": [given], "planned_devices": 2})
    protocol = SimpleNamespace(pattern="devices", drug="esketamine", route="intranasal", setting=lambda name: 5)
    card = build_dose(view, protocol, {})
    assert (card["next_device"], card["wait_s"], card["given_devices"]) == (2, 180, 1)


def test_a_failed_device_does_not_count_in_the_dose() -> None:
    failed = {"number": 1, "given_at": at(10, 0), "outcome": "failed"}
    view = build_running_view(dose={"devices": [failed], "planned_devices": 2})
    card = build_dose(view, SimpleNamespace(pattern="devices", setting=lambda name: 5), {})
    assert (card["given_devices"], card["next_device"]) == (0, 1)


def test_past_values_stand_in_words_and_unasked_scales_are_not_recorded() -> None:
    words = write_past(build_running_view())
    assert words["systolic"] == "163 at 10:24"
    assert words["nausea"] == "not recorded yet"


@pytest.mark.parametrize(("second", "can_undo"), [(40, True), (41, False)])
def test_an_entry_can_be_undone_for_ten_seconds(second: int, can_undo: bool) -> None:
    undo = read_undo(build_running_view(), "nurse-1", datetime.fromisoformat(at(10, 24, second)))
    assert undo == {"seq": 1, "at": "10:24:31", "can_undo": can_undo}


def test_another_persons_entry_is_not_mine_to_undo() -> None:
    assert read_undo(build_running_view(), "nurse-2", datetime.fromisoformat(at(10, 24, 32))) is None


@pytest.mark.parametrize(
    ("moment", "words"), [(at(0, 0, 1), "00:00:01"), ("2026-11-16T23:59:59+00:00", "16 Nov, 23:59:59")]
)
def test_an_entry_of_another_day_carries_its_day(moment: str, words: str) -> None:
    assert write_moment(moment, at(10, 25)) == words
