"""Rows E-01 to E-14: esketamine's labelled doses and schedule, on both sides of each day and at unknown.

Days are typed from the fact sheet, section 1.2: twice weekly to week 4, weekly to week 8, then every 2 weeks or weekly.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from afterglow.protocols.catalogue import get_effective
from afterglow.protocols.dose import calculate_devices
from afterglow.protocols.schedule import (
    advise_esketamine_schedule,
    check_frequency,
    collect_local_dates,
    count_sessions,
)
from afterglow.terms import InvalidInput, Severity

START = date(2026, 3, 2)  # a Monday


def day(number):
    return START + timedelta(days=number)


def advise(history, on, *, indication="trd", **more):
    protocol = get_effective("nasal-esketamine-us", indication=indication)
    return advise_esketamine_schedule(protocol, [day(n) for n in history], on=day(on), **more)


def find(advice, rule):
    return [(str(finding.severity), str(finding.override)) for finding in advice.findings if finding.rule == rule]


def test_e01_a_device_is_28_milligrams_in_two_sprays():
    protocol = get_effective("nasal-esketamine-us")
    assert (protocol.setting("device.mg"), protocol.setting("device.sprays")) == (28, 2)


def test_e02_the_us_label_knows_56_and_84_and_the_eu_label_28_as_well():
    us, eu = get_effective("nasal-esketamine-us"), get_effective("nasal-esketamine-eu")
    assert [f.rule for f in calculate_devices(us, dose="28mg").findings] == ["E-02"]
    assert calculate_devices(eu, dose="28mg", age_years=70).findings == ()
    assert calculate_devices(us, dose="56mg").findings == ()


def test_e03_five_minutes_lie_between_devices():
    assert get_effective("nasal-esketamine-us").setting("device.gap_min") == 5


def test_e04_the_first_dose_is_56_and_84_is_a_caution_only_then():
    protocol = get_effective("nasal-esketamine-us", indication="trd")
    assert [f.rule for f in calculate_devices(protocol, dose="84mg", is_first=True).findings] == ["E-04"]
    assert calculate_devices(protocol, dose="56mg", is_first=True).findings == ()
    assert calculate_devices(protocol, dose="84mg", is_first=False).findings == ()


@pytest.mark.parametrize(
    ("on", "phase", "week"),
    [(0, "induction", 1), (27, "induction", 4), (28, "weekly", 5), (55, "weekly", 8), (56, "maintenance", 9)],
)
def test_e04_to_e06_phase_follows_the_week_of_the_course(on, phase, week):
    advice = advise([0], on, is_benefit_judged=True, is_worse=False)
    assert (advice.phase, advice.week) == (phase, week)


def test_e04_induction_is_due_three_days_on_and_never_a_third_time_in_a_week():
    assert advise([0], 3).due_on == day(3)
    assert advise([0, 3], 7).due_on == day(7)
    assert advise([0, 3], 6).earliest_on == day(7)


def test_e05_weekly_phase_asks_about_a_session_before_six_days():
    history = [0, 3, 7, 10, 14, 17, 21, 24, 28]
    assert find(advise(history, 33, is_benefit_judged=True), "E-05") == [("caution", "prescriber")]
    assert find(advise(history, 34, is_benefit_judged=True), "E-05") == []
    assert advise(history, 35, is_benefit_judged=True).due_on == day(35)


def test_e06_upkeep_is_due_after_two_weeks_and_may_be_weekly():
    history = [0, 3, 28, 56]
    advice = advise(history, 63, is_benefit_judged=True)
    assert advice.due_on == day(70)
    assert find(advice, "E-06") == []
    assert find(advise(history, 61, is_benefit_judged=True), "E-06") == [("caution", "prescriber")]


def test_e07_suicidality_starts_at_84_and_beyond_four_weeks_is_a_caution():
    protocol = get_effective("nasal-esketamine-us", indication="mdd-si")
    assert calculate_devices(protocol, dose="84mg", is_first=True).findings == ()
    course = protocol.schedule["suicidality_course"]
    assert (course["dose"].value, course["tolerability_dose"].value) == (84, 56)
    assert (course["per_week"].value, course["weeks"].value) == (2, 4)
    assert find(advise([0, 24], 27, indication="mdd-si"), "E-07") == []
    assert find(advise([0, 25], 28, indication="mdd-si", is_benefit_judged=True), "E-07") == [("caution", "prescriber")]
    assert find(advise([0, 25], 28, indication="trd", is_benefit_judged=True), "E-07") == []


def test_e08_from_week_five_the_benefit_must_be_judged():
    assert find(advise([0, 24], 27), "E-08") == []
    assert find(advise([0, 25], 28, is_benefit_judged=True), "E-08") == []
    assert find(advise([0, 25], 28, is_benefit_judged=False), "E-08") == [("stop", "prescriber")]
    assert find(advise([0, 25], 28), "E-08") == [("missing", "none")]


def test_e09_missed_sessions_and_worse_symptoms_suggest_the_more_frequent_schedule():
    history = [0, 3, 28, 35]
    judged = {"is_benefit_judged": True}
    assert find(advise(history, 44, **judged), "E-09") == []
    assert find(advise(history, 45, **judged, is_worse=True), "E-09") == [("caution", "prescriber")]
    assert find(advise(history, 45, **judged, is_worse=False), "E-09") == [("info", "none")]
    assert find(advise(history, 45, **judged), "E-09") == [("missing", "none")]
    worse = [f for f in advise(history, 45, **judged, is_worse=True).findings if f.rule == "E-09"]
    assert "twice weekly" in worse[0].asks


def test_e09_counts_the_sessions_that_were_left_out():
    judged = {"is_benefit_judged": True, "is_worse": False}
    assert advise([0, 3, 28, 35], 44, **judged).missed == 0
    assert advise([0, 3, 28, 35], 45, **judged).missed == 1
    assert advise([0, 3, 28, 35], 52, **judged).missed == 2


def test_e11_from_65_years_the_eu_label_starts_at_28():
    eu = get_effective("nasal-esketamine-eu", indication="trd")
    assert calculate_devices(eu, dose="56mg", age_years=64, is_first=True).findings == ()
    assert [f.rule for f in calculate_devices(eu, dose="56mg", age_years=65, is_first=True).findings] == ["E-11"]
    assert calculate_devices(eu, dose="28mg", age_years=65, is_first=True).findings == ()
    assert calculate_devices(eu, dose="56mg", age_years=65, is_first=False).findings == ()
    unknown = calculate_devices(eu, dose="56mg").findings
    assert [(f.rule, f.severity) for f in unknown] == [("E-11", Severity.MISSING)]


def test_e12_a_payers_weekly_cap_is_only_information():
    assert find(advise([0], 3, ordered_mg=[84, 84]), "E-12") == []
    assert find(advise([0], 3, ordered_mg=[84, Decimal(84), 28]), "E-12") == [("info", "none")]


def test_e13_severe_liver_impairment_is_named_on_the_route():
    assert "severe impairment: not recommended" in get_effective("nasal-esketamine-us").route_facts["hepatic"].value


def test_e14_two_doses_on_one_day_stop_and_induction_days_lie_two_apart():
    assert find(advise([0], 0), "E-14") == [("stop", "none")]
    assert find(advise([0], 1), "E-14") == [("caution", "prescriber")]
    assert find(advise([0], 2), "E-14") == []


def test_more_than_two_sessions_in_seven_days_stop():
    assert find(advise([0, 3], 6), "L-ESK") == [("stop", "none")]
    assert find(advise([0, 3], 7), "L-ESK") == []


def test_unknown_history_is_missing_not_fine():
    found = check_frequency(get_effective("iv-racemic"), None, START)
    assert {(f.rule, f.severity) for f in found} == {("L-FREQ", Severity.MISSING)}


def test_frequency_counts_calendar_days_and_the_planned_session():
    assert count_sessions([day(0), day(1), day(7)], day(7), 7) == 3
    assert count_sessions([], day(0), 7) == 1


def test_frequency_counts_the_clinics_own_dates():
    late = datetime(2026, 3, 3, 3, 30, tzinfo=UTC)  # 2 March, 22:30 in New York
    assert collect_local_dates([late], "America/New_York") == (date(2026, 3, 2),)
    assert collect_local_dates([late], "Europe/Vienna") == (date(2026, 3, 3),)


def test_a_session_in_the_future_is_refused():
    with pytest.raises(InvalidInput) as raised:
        advise([0, 9], 3)
    assert [problem.code for problem in raised.value.problems] == ["session-in-future"]
