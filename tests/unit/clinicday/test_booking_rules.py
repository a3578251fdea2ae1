"""Booking by pure rules: load of a nurse, gaps of presence, latest dose, windows; the values are those of the mock."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from afterglow.clinicday.booking import (
    Asked,
    Day,
    Held,
    Lengths,
    Names,
    Window,
    find_gaps,
    find_latest_dose,
    judge_place_and_people,
    judge_prescriber,
    load_rules,
    measure_dosing,
    subtract,
)
from afterglow.clinicday.spacing import Rhythm, find_window, judge_integration, judge_spacing
from afterglow.clinicday.staffing import calculate_load, find_most, find_overload, get_limit, judge_nurse
from afterglow.protocols.catalogue import get_effective
from afterglow.terms import Grade, Severity

IV_60 = Lengths(20, 60, 60)
IV_40 = Lengths(20, 40, 60)
NASAL = Lengths(20, 10, 120)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, 10, hour, minute, tzinfo=UTC)


NAMES = Names({"n": "P. Nadkarni", "c": "T. Lee"}, {"r2": "Room 2"}, lambda instant: f"{instant:%H:%M}")


def test_every_rule_has_a_source_and_site_values_are_site_policy() -> None:
    rules = load_rules()
    assert {"ST-1", "ST-4", "N-2", "LS-1", "BK-1", "ES-1"} <= set(rules)
    for rule in rules.values():
        assert rule.asks
        assert rule.citation.grade is Grade.P if rule.citation.source == "SITE" else rule.citation.grade is not Grade.P


def test_the_mock_s_nurse_passes_the_limit_where_the_mock_says() -> None:
    # mock 09, P. Nadkarni: E.T. 12:35 (esketamine), R.I. 13:05 (esketamine), and A.D. 12:05 (60 min) asked for
    booked = [NASAL.place(at(12, 35)), NASAL.place(at(13, 5))]
    assert find_overload(calculate_load(booked), get_limit()) is None
    steps = calculate_load([*booked, IV_60.place(at(12, 5))])
    begins_at, _ends_at, load = find_overload(steps, get_limit()) or pytest.fail("nothing above the limit")
    assert (begins_at, load) == (at(13, 5), Decimal("2.5"))


def test_pre_checks_count_as_a_whole_patient() -> None:
    steps = calculate_load([IV_40.place(at(9))])
    assert [(step.begins_at, step.load) for step in steps] == [(at(9), 1), (at(10), Decimal("0.5"))]
    assert find_most(steps, at(10, 30), at(11)) == Decimal("0.5")


def test_load_at_the_limit_passes_and_above_it_asks() -> None:
    held = tuple(Held(str(n), str(n), IV_40.place(at(9)), nurse="n") for n in range(2))
    asked = Asked("p", IV_40.place(at(9)), nurse="n", is_dosing=True)
    one = judge_nurse(Day(held=held[:1]), asked, NAMES)[0]
    two = judge_nurse(Day(held=held), asked, NAMES)[0]
    assert (one.severity, two.severity) == (Severity.INFO, Severity.CAUTION)
    assert two.seen == "P. Nadkarni would have 3, 09:00 to 10:00"


def test_without_a_nurse_the_name_is_missing() -> None:
    found = judge_nurse(Day(), Asked("p", IV_40.place(at(9)), is_dosing=True), NAMES)
    assert [(each.rule, each.severity) for each in found] == [("N-1", Severity.MISSING)]


@pytest.mark.parametrize(("lengths", "latest"), [(IV_60, at(14, 15)), (IV_40, at(14, 35))])
def test_latest_first_dose_of_the_mock(lengths: Lengths, latest: datetime) -> None:
    day = Day(open=(Window(at(8), at(17)),), prescribers=(Window(at(8), at(16, 45)),))
    assert find_latest_dose(day, lengths) == latest


def test_latest_first_dose_takes_closing_where_it_comes_first() -> None:
    day = Day(open=(Window(at(8), at(16)),), prescribers=(Window(at(8), at(16, 45)),))
    assert find_latest_dose(day, IV_60) == at(13, 30)
    assert find_latest_dose(Day(), IV_60) is None


def test_the_mock_s_gap_without_prescriber_is_named_whole() -> None:
    day = Day(prescribers=(Window(at(8), at(12)), Window(at(12, 40), at(16, 45))))
    found = judge_prescriber(day, Asked("p", IV_60.place(at(12, 5)), is_dosing=True), NAMES)
    assert found[0].seen == "No prescriber from 12:00 to 12:40; dosing would start 12:25"
    assert found[0].severity is Severity.STOP
    assert (
        judge_prescriber(day, Asked("p", IV_60.place(at(12, 20)), is_dosing=True), NAMES)[0].severity is Severity.INFO
    )


def test_two_prescribers_cover_for_one_another() -> None:
    day = Day(prescribers=(Window(at(8), at(12), "a"), Window(at(11), at(17), "b")))
    assert find_gaps(day.prescribers or (), at(8), at(17)) == []
    assert subtract((Window(at(8), at(17), "a"),), [Window(at(9), at(10), "b")])[0].ends_at == at(17)


def test_a_clinician_has_one_visit_at_a_time_and_ends_meet() -> None:
    held = Held("v", "q", Lengths(0, 0, 60, has_dose=False).place(at(9)), place="r1", clinician="c")
    day = Day(held=(held,), open=(Window(at(8), at(17)),))
    late = Asked("p", Lengths(0, 0, 60, has_dose=False).place(at(9, 55)), place="r2", clinician="c")
    after = Asked("p", Lengths(0, 0, 60, has_dose=False).place(at(10)), place="r2", clinician="c")
    assert "BK-3" in {each.rule for each in judge_place_and_people(day, late, NAMES)}
    assert "BK-3" not in {each.rule for each in judge_place_and_people(day, after, NAMES)}


def test_spans_come_from_protocol_and_plan() -> None:
    infusion, nasal = get_effective("iv-racemic"), get_effective("nasal-esketamine-us")
    assert measure_dosing(infusion, over_min=Decimal("60.0")) == Lengths(20, 60, 60)
    assert measure_dosing(infusion) == Lengths(20, 40, 60)
    # 84 mg are three devices, five minutes apart, and 120 min from the last
    assert measure_dosing(nasal, dose_mg=84) == Lengths(20, 10, 120)
    assert measure_dosing(nasal, dose_mg=56) == Lengths(20, 5, 120)


@pytest.mark.parametrize(
    ("rhythm", "begins", "ends"),
    [
        (Rhythm("maintenance", every_wk=3), date(2026, 12, 8), date(2026, 12, 18)),
        (Rhythm("induction", per_week=2), date(2026, 11, 19), date(2026, 11, 22)),
        (Rhythm("induction", per_week=3), date(2026, 11, 19), date(2026, 11, 21)),
    ],
)
def test_the_window_after_17_november(rhythm: Rhythm, begins: date, ends: date) -> None:
    window = find_window(rhythm, date(2026, 11, 17))
    assert window is not None
    assert (window.begins_on, window.ends_on) == (begins, ends)
    assert find_window(rhythm, None) is None


def test_spacing_counts_visits_already_booked_after_the_day() -> None:
    protocol = get_effective("iv-racemic")
    first = date(2026, 12, 7)
    booked = [first + timedelta(days=step) for step in (2, 4, 6)]
    found = judge_spacing(protocol, Rhythm("induction", per_week=2), given=[], booked=booked, on=first)
    assert "L-FREQ" in {each.rule for each in found if each.severity is Severity.CAUTION}
    free = judge_spacing(protocol, Rhythm("induction", per_week=2), given=[], booked=booked[:2], on=first)
    assert {each.severity for each in free} == {Severity.INFO}


def test_a_second_esketamine_dose_of_a_day_is_stopped() -> None:
    protocol = get_effective("nasal-esketamine-us")
    day = date(2026, 12, 7)
    found = judge_spacing(protocol, Rhythm("induction", per_week=2), given=[day], booked=[], on=day)
    assert any(each.severity is Severity.STOP for each in found)


@pytest.mark.parametrize(("hours", "severity"), [(23, "caution"), (24, "info"), (72, "info"), (73, "caution")])
def test_integration_lies_24_to_72_hours_after(hours: int, severity: str) -> None:
    found = judge_integration(at(9), at(9) + timedelta(hours=hours))
    assert str(found[0].severity) == severity
    assert judge_integration(None, at(9))[0].severity is Severity.MISSING


def test_no_load_and_no_gap_where_nothing_is() -> None:
    assert calculate_load([]) == []
    assert find_most([]) == 0
    assert find_gaps([], at(9), at(10)) == [(at(9), at(10))]


def test_clock_change_days_have_their_own_length() -> None:
    from afterglow.clinic.scheduling.days import get_bounds, localise

    zone = ZoneInfo("Europe/Vienna")
    for day, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 10, 26), 24)):
        begins, ends = get_bounds(zone, day)
        assert ends - begins == timedelta(hours=hours)
    assert localise(zone, date(2026, 3, 29), datetime(2026, 3, 29, 9).time()).hour == 7
    assert localise(zone, date(2026, 3, 28), datetime(2026, 3, 28, 9).time()).hour == 8
