"""From the view to words: ages, alarms by urgency, due items, steps, gates. No request needed."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from afterglow.chairside.events import Event
from afterglow.terms import Problem, build_error
from afterglow.web.sessions.present.alarms import build_alarms
from afterglow.web.sessions.present.dose import build_dose
from afterglow.web.sessions.present.due import build_due
from afterglow.web.sessions.present.entries import mend_log
from afterglow.web.sessions.present.past import write_past
from afterglow.web.sessions.present.record import build_checks, build_gates, build_rems, read_undo
from afterglow.web.sessions.present.stepper import build_steps
from afterglow.web.sessions.present.tiles import build_tiles, write_origin
from afterglow.web.sessions.present.words import (
    write_age,
    write_day,
    write_fixed,
    write_moment,
    write_signed,
    write_span,
)
from afterglow.web.sessions.submit import mend_problem
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


def test_a_reading_inside_its_window_is_due_now_and_not_late() -> None:
    window = [at(10, 24), at(10, 29)]
    row = {"id": "recheck", "text": "Enter BP recheck", "due_at": at(10, 24), "window": window, "state": "due"}
    due = build_due(build_running_view(due=[row]))
    assert due["open"][0]["when"] == "now"
    late = build_due(build_running_view(due=[{**row, "state": "overdue"}]))
    assert late["open"][0]["when"].endswith("late")


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


def build_over_view() -> dict[str, Any]:
    """Return a saturation that fell to 88 and is normal again, its alarm over and not yet answered."""
    view = build_running_view()
    history = [{"observed_at": at(10, 10), "value": 97}, {"observed_at": at(10, 15), "value": 88}]
    view["vitals"]["spo2"] |= {"state": "alarm", "history": [*history, {"observed_at": at(10, 25, 9), "value": 96}]}
    over = {**view["alarms"][0], "id": "A-06:9", "row": "A-06", "title": "SpO2 88 %, below 94"}
    view["alarms"] = [{**over, "raised_at": at(10, 15), "is_over": True}]
    return view


def test_a_value_back_to_normal_is_not_coloured_and_says_what_it_was() -> None:
    tile = {tile["key"]: tile for tile in build_tiles(build_over_view())}["spo2"]
    assert (tile["state"], tile["alarm"], tile["was"]) == ("fresh", "", "was 88 at 10:15")


def test_an_alarm_that_holds_still_colours_its_value() -> None:
    view = build_over_view()
    view["alarms"][0]["is_over"] = False
    tile = {tile["key"]: tile for tile in build_tiles(view)}["spo2"]
    assert (tile["state"], tile["alarm"], tile["was"]) == ("alarm", "medium", "")


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        ("cuff", ["cuff", "cuff", "oximeter", "counted", "observed"]),
        ("monitor", ["monitor", "monitor", "monitor", "monitor", "observed"]),
        ("manual", ["by hand", "by hand", "by hand", "counted", "observed"]),
        ("counted", ["by hand", "counted", "by hand", "counted", "observed"]),
        (None, [""] * 5),
    ],
)
def test_each_value_of_a_set_has_an_origin_of_its_own(origin: str | None, words: list[str]) -> None:
    keys = ("bp", "heart_rate", "spo2", "resp_rate", "sedation")
    assert [write_origin(key, origin) for key in keys] == words


def test_readings_that_are_late_never_read_as_low_values() -> None:
    low = {**build_running_view()["alarms"][1], "title": "BP, heart rate, SpO2 late"}
    strips = build_alarms({"alarms": [{**low, "id": str(number)} for number in range(4)]})
    assert strips["strips"][0]["title"] == "Readings late: BP, heart rate, SpO₂"
    assert strips["hidden"][0]["counted"] == "Low alarm: readings late: BP, heart rate, SpO₂"


def test_an_act_that_several_alarms_ask_for_is_a_main_button_once() -> None:
    row = {**build_running_view()["alarms"][0], "first_act_command": "record-stop"}
    late = build_running_view()["alarms"][1]
    rows = [{**row, "id": "a", "priority": "high"}, {**row, "id": "b"}, {**late, "id": "c"}]
    assert [strip["is_main"] for strip in build_alarms({"alarms": rows})["strips"]] == [True, False, True]


@pytest.mark.parametrize("phase", ["left", "ended"])
def test_who_left_without_release_was_not_released(phase: str) -> None:
    given = build_running_view()["steps"]
    steps = [{**step, "at": at(11, 0)} if step["phase"] == "left" else step for step in given]
    shown = {step["key"]: step for step in build_steps(build_running_view(phase=phase, steps=steps))}
    assert (shown["released"]["name"], shown["released"]["state"]) == ("Not released", "skipped")


def test_who_was_released_and_left_has_every_step_done() -> None:
    steps = [{**step, "at": at(11, 0)} for step in build_running_view()["steps"]]
    shown = build_steps(build_running_view(phase="left", steps=steps))
    assert {step["state"] for step in shown} == {"done"}


def test_open_gates_come_first_and_met_ones_are_counted() -> None:
    states = ["met", "missing", "open", "met"]
    gates = [{"id": str(n), "title": f"Gate {n}", "state": state} for n, state in enumerate(states)]
    shown = build_gates(build_running_view(discharge={"gates": gates, "is_open": False}))
    assert [gate["id"] for gate in shown["open"]] == ["2", "1"]
    assert (shown["met_count"], len(shown["gates"])) == (2, 4)


@pytest.mark.parametrize(
    ("origin", "way"),
    [
        ({"event": "score-recorded", "key": "cadss6.total"}, {"sheet": "record-score", "way": "Record"}),
        ({"event": "vitals-recorded", "key": "due.spo2"}, {"goes": "vitals-systolic", "way": "Enter vitals"}),
    ],
)
def test_a_missing_field_of_the_form_leads_to_its_entry(origin: dict[str, str], way: dict[str, str]) -> None:
    view = {"rems": {"missing": [{"id": "x", "title": "SpO2 before"}]}}
    rems = build_rems(view, SimpleNamespace(rems_fields=[{"id": "x", "from": origin}]))
    assert rems is not None
    assert rems["missing"] == [{"id": "x", "title": "SpO₂ before", **way}]


def make_event(seq: int, kind: str, second: int, **data: Any) -> Event:
    """Return an event of the program."""
    when = datetime.fromisoformat(at(10, 0, 0)) + timedelta(seconds=second)
    return Event(kind, 1, when, when, "system", data, seq=seq)


def test_the_log_says_how_long_nobody_answered_and_names_checks_as_people_do() -> None:
    events = [
        make_event(1, "alarm-raised", 0, alarm="A-01:1", row="A-01", priority="medium", title="SpO2 88 %, below 94"),
        make_event(2, "alarm-escalated", 80, alarm="A-01:1", row="A-01"),
        make_event(3, "alarm-cleared", 90, alarm="A-01:1", row="A-01", reason="condition-ended"),
        make_event(4, "check-recorded", 95, check="oxygen-suction", passed=True),
        make_event(5, "access-recorded", 96, site="left-forearm", gauge=22, state="good"),
    ]
    log = [{"seq": event.seq, "text": "as it was", "note": event.data.get("reason")} for event in events]
    check = SimpleNamespace(id="oxygen-suction", title="Oxygen and suction ready")
    lines = mend_log(log, events, SimpleNamespace(gates=(), checks=(check,)))
    assert [line["text"] for line in lines] == [
        "Medium alarm: SpO₂ 88 %, below 94",
        "Alarm unanswered for 1:20 (A-01)",
        "as it was",
        "Oxygen and suction ready: yes",
        "IV site left forearm, 22 G: good",
    ]
    assert lines[2]["note"] is None


def test_dates_are_written_as_people_write_them() -> None:
    assert (write_day("2031-08-31"), write_day("soon"), write_day(None)) == ("31 Aug 2031", "soon", "")


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (build_error("heart_rate", "number-out-of-range", 10, "20 to 260 /min", "heart_rate 10 cannot be right"), 1),
        (build_error("line", "vitals-empty", "", "128/76", "no reading was given."), 0),
    ],
)
def test_a_refusal_names_fields_as_people_do_and_ends_once(problem: Problem, words: int) -> None:
    said = ("No reading was given.", "Heart rate 10 cannot be right: 20 to 260 /min.")
    assert mend_problem(problem).message == said[words]


@pytest.mark.parametrize(
    ("weighed", "words"),
    [
        ("2026-11-17T09:40:00+00:00", "weighed 09:40"),
        ("2026-11-14T16:05:00+00:00", "weighed 14 Nov, 16:05, 3 days ago"),
        ("2026-11-16T23:59:00+00:00", "weighed 16 Nov, 23:59, 1 day ago"),
    ],
)
def test_the_arithmetic_of_the_dose_always_says_of_which_day_its_weight_is(weighed: str, words: str) -> None:
    order = {"mg_per_kg": "0.50", "weight_kg": "58.0", "weighed_at": weighed}
    with timezone.override("UTC"):
        card = build_dose({"now": "2026-11-17T10:00:00+00:00"}, None, order)
    assert card["lines"] == [f"0.50 mg/kg × 58.0 kg, {words}"]


def test_a_weight_of_another_day_is_no_tick() -> None:
    check = {"id": "weight", "kind": "weight", "title": "Weight", "state": "met", "at": "2026-11-14T16:05:00+00:00"}
    view = {"now": "2026-11-17T10:00:00+00:00", "checks": [check], "dose": {"weight_kg": "58.0"}}
    row = build_checks(view)["rows"][0]
    assert (row["seen"], row["icon"]) == ("58 kg, 3 days ago; not weighed today", "clock")
    view["checks"] = [{**check, "at": "2026-11-17T09:40:00+00:00"}]
    assert build_checks(view)["rows"][0]["icon"] == "tick"
