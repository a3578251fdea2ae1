"""Doses as written and as really run: every refusal beside its success."""

import numpy as np
import pytest

from afterglow.pharmacology.regimen import (
    Dose,
    RateChange,
    build_regimen,
    change_rate,
    list_event_times,
    number_sessions,
    parse_dose,
    parse_time,
)
from afterglow.terms import InvalidInput


def refusal(call, *arguments, **named):
    with pytest.raises(InvalidInput) as caught:
        call(*arguments, **named)
    problem = caught.value.problems[0]
    assert problem.accepted
    return problem.path, problem.code


@pytest.mark.parametrize(
    ("text", "amount", "is_per_kg", "start_h", "duration_h"),
    [
        ("0.5mg/kg@0min/40min", 0.5, True, 0, 2 / 3),
        ("0.5mg/kg/40min", 0.5, True, 0, 2 / 3),
        ("28mg@5min", 28, False, 5 / 60, None),
        ("35mg", 35, False, 0, None),
        ("250ug/kg@1h", 0.25, True, 1, None),
        ("250µg/kg", 0.25, True, 0, None),
        (" 35 mg @ 2 d / 1 h ", 35, False, 48, 1),
        ("1000mg", 1000, False, 0, None),
        ("15mg/kg", 15, True, 0, None),
    ],
)
def test_dose_is_read(text, amount, is_per_kg, start_h, duration_h):
    spec = parse_dose(text)
    assert (spec.amount, spec.is_per_kg, spec.start_h) == (pytest.approx(amount), is_per_kg, pytest.approx(start_h))
    assert spec.duration_h == (None if duration_h is None else pytest.approx(duration_h))


@pytest.mark.parametrize(
    ("text", "path", "code"),
    [
        ("", "dose", "dose-malformed"),
        ("mg", "dose", "dose-malformed"),
        ("35", "dose", "unit-not-accepted"),
        ("35ml", "dose", "unit-not-accepted"),
        ("35mg/min", "dose", "unit-not-accepted"),
        ("0mg", "dose", "dose-out-of-range"),
        ("-5mg", "dose", "dose-out-of-range"),
        ("1000.1mg", "dose", "dose-out-of-range"),
        ("15.1mg/kg", "dose", "dose-out-of-range"),
        ("1e400mg", "dose", "dose-malformed"),
        ("35mg/0min", "dose.duration", "duration-out-of-range"),
        ("35mg/-5min", "dose.duration", "time-out-of-range"),
        ("35mg/40", "dose.duration", "time-malformed"),
        ("35mg@-1min", "dose.start", "time-out-of-range"),
        ("35mg@9999wk", "dose.start", "time-out-of-range"),
        ("35mg@1min@2min", "dose", "dose-malformed"),
    ],
)
def test_dose_that_cannot_be_is_refused_with_its_field(text, path, code):
    assert refusal(parse_dose, text) == (path, code)


def test_time_needs_a_unit():
    assert parse_time("90s", "until") == pytest.approx(0.025)
    assert refusal(parse_time, "90", "until") == ("until", "time-malformed")


def test_amount_per_kilogram_follows_each_weight():
    (dose,), _ = build_regimen(["0.5mg/kg/40min"], drug="racemic", route="iv", weight_kg=np.array([60.0, 80.0]))
    np.testing.assert_allclose(dose.amount_mg, [30.0, 40.0])


def test_nasal_esketamine_is_devices_five_minutes_apart():
    doses, problems = build_regimen(["84mg"], drug="esketamine", route="intranasal", weight_kg=70.0)
    assert [(dose.amount_mg, dose.device) for dose in doses] == [(28, 0), (28, 1), (28, 2)]
    assert [dose.start_h * 60 for dose in doses] == pytest.approx([0, 5, 10])
    assert [problem.code for problem in problems] == ["split-into-devices"]
    single, problems = build_regimen(["28mg", "28mg@5min"], drug="esketamine", route="intranasal", weight_kg=70.0)
    assert (len(single), problems) == (2, ())


def test_part_of_a_device_is_refused_but_for_the_racemic_spray():
    named = {"route": "intranasal", "weight_kg": 70.0}
    assert refusal(build_regimen, ["30mg"], drug="esketamine", **named) == ("dose[0]", "not-whole-devices")
    assert refusal(build_regimen, ["0.4mg/kg"], drug="esketamine", **named) == ("dose[0]", "not-whole-devices")
    assert build_regimen(["30mg"], drug="racemic", **named)[0][0].amount_mg == 30


def test_infusions_may_touch_but_not_overlap():
    named = {"drug": "racemic", "route": "iv", "weight_kg": 70.0}
    assert len(build_regimen(["35mg/40min", "35mg@40min/40min"], **named)[0]) == 2
    assert refusal(build_regimen, ["35mg/40min", "35mg@39min/40min"], **named) == ("dose", "doses-overlap")
    assert len(build_regimen(["35mg/40min", "5mg@20min"], **named)[0]) == 2


def test_duration_by_a_route_that_has_none_is_refused():
    named = {"drug": "racemic", "weight_kg": 70.0}
    assert build_regimen(["35mg/40min"], route="sc", **named)[0][0].duration_h == pytest.approx(2 / 3)
    assert refusal(build_regimen, ["35mg/40min"], route="oral", **named) == ("dose[0].duration", "duration-not-used")


def test_absurd_milligrams_from_a_dose_per_kilogram_are_refused():
    named = {"drug": "racemic", "route": "iv"}
    assert build_regimen(["10mg/kg"], weight_kg=99.0, **named)[0][0].amount_mg == pytest.approx(990)
    assert refusal(build_regimen, ["10mg/kg"], weight_kg=101.0, **named) == ("dose[0]", "dose-out-of-range")


def test_no_dose_at_all_is_refused():
    assert refusal(build_regimen, [], drug="racemic", route="iv", weight_kg=70.0) == ("dose", "dose-count")


def test_all_bad_doses_are_named():
    with pytest.raises(InvalidInput) as caught:
        build_regimen(["0mg", "35mg", "x"], drug="racemic", route="iv", weight_kg=70.0)
    assert [problem.path for problem in caught.value.problems] == ["dose[0]", "dose[2]"]


def test_devices_count_anew_in_the_next_session():
    doses = number_sessions([Dose(28, 0.0), Dose(28, 0.1), Dose(28, 84.0)])
    assert [(dose.occasion, dose.device, dose.session_mg) for dose in doses] == [(0, 0, 56), (0, 1, 56), (1, 0, 28)]


def test_pause_shifts_the_rest_and_keeps_the_amount():
    pieces = change_rate(Dose(40.0, 0.0, 1.0), [RateChange(0.25, 0.0), RateChange(0.5)])
    found = [(piece.start_h, piece.duration_h, piece.amount_mg) for piece in pieces]
    assert found == [(0.0, 0.25, 10.0), (0.5, pytest.approx(0.75), pytest.approx(30.0))]


def test_change_of_rate_keeps_the_amount():
    pieces = change_rate(Dose(40.0, 1.0, 1.0), [RateChange(1.5, 20.0)])
    assert [(p.start_h, p.duration_h, p.amount_mg) for p in pieces] == [(1.0, 0.5, 20.0), (1.5, 1.0, 20.0)]


def test_stop_and_an_open_pause_forfeit_the_rest():
    stopped = change_rate(Dose(40.0, 0.0, 1.0), [RateChange(0.25, is_stop=True)])
    paused = change_rate(Dose(40.0, 0.0, 1.0), [RateChange(0.25, 0.0)])
    assert [piece.amount_mg for piece in stopped] == [piece.amount_mg for piece in paused] == [10.0]


def test_change_after_the_end_changes_nothing():
    assert [p.amount_mg for p in change_rate(Dose(40.0, 0.0, 1.0), [RateChange(2.0, 0.0)])] == [40.0]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ([RateChange(-0.1, 0.0)], "changes[0].at_h"),
        ([RateChange(0.5, 0.0), RateChange(0.4)], "changes[1].at_h"),
        ([RateChange(float("nan"), 0.0)], "changes[0].at_h"),
        ([RateChange(0.5, -1.0)], "changes[0].rate_mg_per_h"),
        ([RateChange(0.5, float("inf"))], "changes[0].rate_mg_per_h"),
    ],
)
def test_impossible_change_is_refused(changes, field):
    assert change_rate(Dose(40.0, 0.0, 1.0), [RateChange(0.5, 0.0)])
    assert refusal(change_rate, Dose(40.0, 0.0, 1.0), changes)[0] == field


def test_bolus_has_no_rate_to_change():
    assert refusal(change_rate, Dose(40.0, 0.0), []) == ("dose", "not-an-infusion")


def test_event_times_are_starts_and_ends():
    np.testing.assert_allclose(list_event_times([Dose(1, 1.0, 0.5), Dose(1, 3.0)]), [0.0, 1.0, 1.5, 3.0])


@pytest.mark.parametrize(
    ("drug", "route", "close", "apart"),
    [
        ("racemic", "im", ["30mg", "30mg"], ["30mg", "30mg@1min"]),
        ("racemic", "oral", ["30mg", "30mg"], ["30mg", "30mg@1min"]),
        ("racemic", "iv", ["5mg", "5mg"], ["5mg", "5mg@1min"]),
        ("esketamine", "sublingual", ["50mg", "50mg@20min"], ["50mg", "50mg@30min"]),
        ("esketamine", "intranasal", ["28mg", "28mg@2min"], ["28mg", "28mg@5min"]),
        ("racemic", "intranasal", ["25mg", "25mg"], ["25mg", "25mg@5min"]),
    ],
)
def test_doses_together_are_allowed_and_warned_about(drug, route, close, apart):
    doses, problems = build_regimen(close, drug=drug, route=route, weight_kg=70.0)
    assert len(doses) == 2
    assert [(problem.code, problem.severity) for problem in problems] == [("doses-together", "warning")]
    assert build_regimen(apart, drug=drug, route=route, weight_kg=70.0)[1] == ()


def test_infusions_under_the_skin_may_overlap_with_a_warning_and_one_line_may_not():
    written = ["20mg/60min", "20mg@30min/60min"]
    problems = build_regimen(written, drug="racemic", route="sc", weight_kg=70.0)[1]
    assert [(problem.code, problem.severity) for problem in problems] == [("doses-overlap", "warning")]
    assert refusal(build_regimen, written, drug="racemic", route="iv", weight_kg=70.0) == ("dose", "doses-overlap")
    assert refusal(build_regimen, written, drug="esketamine", route="inhaled", weight_kg=70.0)[1] == "doses-overlap"
