"""Trends over sessions and long-term safety values; slopes by hand."""

from decimal import Decimal

import pytest

from afterglow.outcomes import (
    Course,
    SafetyValue,
    SideEffect,
    list_open_topics,
    load_watches,
    read_long_term,
    read_session_trends,
    read_side_effects,
)
from afterglow.outcomes.trends import calculate_slope, is_past_limit
from tests.support.courses import build_moment, build_score, build_session


def build_pressures(*peaks: int | None) -> Course:
    sessions = [
        build_session(
            3 * number,
            systolic_before_mmhg=Decimal(120),
            systolic_peak_mmhg=None if peak is None else Decimal(peak),
            dose_mg=Decimal(40),
        )
        for number, peak in enumerate(peaks)
    ]
    return Course((), tuple(sessions))


def find_trend(course: Course, name: str):
    return next(each for each in read_session_trends(course) if each.name == name)


SLOPES = {
    "rises by 2": ([10, 12, 14], 2),
    "one outlier does not turn it": ([10, 10, 10, 10, 90], 0),
    "a gap counts as a session": ([10, None, 14], 2),
    "falls by 5": ([20, 15, 10, 5], -5),
}


@pytest.mark.parametrize(("values", "slope"), SLOPES.values(), ids=SLOPES)
def test_slope_is_the_median_of_all_pairs(values, slope) -> None:
    assert calculate_slope([None if value is None else Decimal(value) for value in values]) == slope


def test_rise_of_pressure_over_sessions() -> None:
    trend = find_trend(build_pressures(130, 132, None, 136), "systolic-rise")
    assert trend.values == (10, 12, None, 16)
    assert trend.result.value == 2
    assert trend.note == "not recorded in 1 of 4 sessions"


def test_two_values_give_no_slope() -> None:
    trend = find_trend(build_pressures(130, 132), "systolic-rise")
    assert trend.result.value is None
    assert trend.result.reason == "2 values; a slope needs 3"


def test_dissociation_by_two_scales_is_two_trends() -> None:
    sessions = tuple(
        build_session(day, dissociation_peak=Decimal(peak), dissociation_instrument=scale)
        for day, peak, scale in ((0, 12, "cadss"), (3, 10, "cadss"), (7, 8, "cadss"), (10, 5, "cadss6"))
    )
    names = {each.name: each.result.value for each in read_session_trends(Course((), sessions))}
    assert names["dissociation-peak cadss"] == -2
    assert names["dissociation-peak cadss6"] is None


def test_side_effects_are_counted_out_of_the_sessions_that_asked() -> None:
    nausea, headache = SideEffect("nausea"), SideEffect("headache")
    sessions = (
        build_session(0, side_effects=(nausea, headache)),
        build_session(3, side_effects=(nausea, nausea)),
        build_session(7, side_effects=None),
        build_session(10, side_effects=()),
    )
    first, second = read_side_effects(Course((), sessions))
    assert (first.code, first.reported, first.asked, first.not_asked, first.was_in_last) == ("nausea", 2, 3, 1, False)
    assert (second.code, second.reported) == ("headache", 1)
    assert first.result.reason == "nobody asked in 1 sessions"


LIMITS = {
    # watch: first, latest, past the limit
    "IPSS up by 2": ("ipss", 4, 6, False),
    "IPSS up by 3": ("ipss", 4, 7, True),
    "ICSI of 5": ("icsi", 0, 5, False),
    "ICSI of 6": ("icsi", 0, 6, True),
    "BPIC-SS of 18": ("bpic-ss", 0, 18, False),
    "BPIC-SS of 19": ("bpic-ss", 0, 19, True),
    "liver at 3 times": ("liver-multiple", 1, 3, False),
    "liver above 3 times": ("liver-multiple", 1, "3.1", True),
    "MoCA of 26": ("moca", 29, 26, False),
    "MoCA of 25": ("moca", 29, 25, True),
    "no early request": ("early-requests", 0, 0, False),
    "one early request": ("early-requests", 0, 1, True),
    "one dose increase": ("dose-increases", 0, 1, False),
    "two dose increases": ("dose-increases", 0, 2, True),
}


@pytest.mark.parametrize(("watch", "first", "latest", "is_past"), LIMITS.values(), ids=LIMITS)
def test_limit_of_each_long_term_value(watch, first, latest, is_past) -> None:
    assert is_past_limit(load_watches()[watch], Decimal(first), Decimal(latest)) is is_past


def test_every_watch_has_a_case_on_both_sides() -> None:
    for name in load_watches():
        assert {is_past for watch, _, _, is_past in LIMITS.values() if watch == name} == {True, False}, name


def test_long_term_values_come_from_scores_readings_and_doses() -> None:
    sessions = tuple(build_session(7 * number, dose_mg=Decimal(dose)) for number, dose in enumerate((40, 45, 45, 50)))
    safety = tuple(
        SafetyValue("liver-multiple", None if value is None else Decimal(value), build_moment(day))
        for day, value in ((0, "0.8"), (30, "1.6"), (60, None), (90, "3.2"))
    )
    course = Course((build_score(0, 2, "ipss"), build_score(30, 3, "ipss")), sessions, safety=safety)
    found = {each.watch: each for each in read_long_term(course)}
    assert (found["ipss"].result.value, found["ipss"].is_flagged, found["ipss"].is_rising) == (1, False, None)
    liver = found["liver-multiple"]
    assert (liver.first, liver.latest, liver.worst, liver.missing) == (
        Decimal("0.8"),
        Decimal("3.2"),
        Decimal("3.2"),
        1,
    )
    assert (liver.is_rising, liver.is_flagged) == (True, True)
    assert liver.finding is not None
    assert liver.finding.threshold == "above 3"
    assert (found["dose-increases"].latest, found["dose-increases"].is_flagged) == (2, True)
    assert list_open_topics(tuple(found.values())) == ("liver", "tolerance")


def test_value_that_was_asked_but_not_recorded_is_unknown() -> None:
    course = Course((), (), safety=(SafetyValue("liver-multiple", None, build_moment(0), "sample lost"),))
    (trend,) = read_long_term(course)
    assert trend.is_flagged is None
    assert trend.result.value is None
