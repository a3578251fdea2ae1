"""Opening hours and quiet hours on a local clock, over the days on which the clock changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterglow.clinicday.quiet import Hours, find_loud_time, parse_week
from afterglow.terms import InvalidInput

VIENNA = ZoneInfo("Europe/Vienna")
WEEK = parse_week({day: [["08:00", "12:00"], ["13:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")})
HOURS = Hours(VIENNA, WEEK)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIENNA).astimezone(UTC)


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2026-03-02T07:59:59", False),
        ("2026-03-02T08:00", True),
        ("2026-03-02T11:59:59", True),
        ("2026-03-02T12:00", False),
        ("2026-03-02T18:00", False),
        ("2026-03-07T10:00", False),
    ],
)
def test_the_opening_minute_is_open_and_the_closing_minute_closed(when: str, is_open: bool) -> None:
    assert HOURS.is_open(at(when)) is is_open


@pytest.mark.parametrize(
    ("since", "hours", "until"),
    [
        ("2026-03-02T09:00", 2, "2026-03-02T11:00"),
        ("2026-03-02T11:00", 2, "2026-03-02T14:00"),
        ("2026-03-06T17:00", 2, "2026-03-09T09:00"),
        ("2026-03-07T03:00", 9, "2026-03-09T18:00"),
        # the clock goes forward on Sunday 29 March: no open hour is lost
        ("2026-03-27T17:00", 10, "2026-03-30T18:00"),
        ("2026-03-02T08:00", 100, "2026-03-17T09:00"),
    ],
)
def test_open_time_leaves_out_nights_breaks_and_closed_days(since: str, hours: int, until: str) -> None:
    assert HOURS.add_open_time(at(since), timedelta(hours=hours)) == at(until)


def test_a_house_without_hours_counts_every_hour_and_never_opens() -> None:
    never = Hours(VIENNA, {})
    assert never.add_open_time(at("2026-03-02T09:00"), timedelta(hours=30)) == at("2026-03-03T15:00")
    assert never.find_next_opening(at("2026-03-02T09:00")) is None


def test_the_next_opening_and_the_closing_are_found() -> None:
    assert HOURS.find_next_opening(at("2026-03-06T18:00")) == at("2026-03-09T08:00")
    assert HOURS.find_next_opening(at("2026-03-06T09:30")) == at("2026-03-06T09:30")
    assert HOURS.find_closing(at("2026-03-06T09:30")) == at("2026-03-06T12:00")
    assert HOURS.find_closing(at("2026-03-06T12:30")) is None


def test_a_day_with_a_changing_clock_has_its_own_length() -> None:
    whole = Hours(VIENNA, parse_week({"sun": [["00:00", "24:00"]]}))
    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25), ("2026-03-22", 24)):
        begin, end = next(whole.iterate_spans(at(f"{day}T00:00"), 1))
        assert end - begin == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("week", "code"),
    [
        ({"mon": [["8", "12"]]}, "hours-malformed"),
        ({"mon": [["12:00", "08:00"]]}, "hours-order"),
        ({"mon": [["08:00", "12:00"], ["11:00", "18:00"]]}, "hours-order"),
        ({"moonday": [["08:00", "12:00"]]}, "day-unknown"),
        ({"mon": [["24:00", "24:00"]]}, "hours-order"),
        ({"mon": [["08:00"]]}, "hours-malformed"),
    ],
)
def test_hours_that_cannot_be_are_refused(week: dict[str, list[list[str]]], code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_week(week)
    assert refused.value.problems[0].code == code


@pytest.mark.parametrize(
    ("when", "loud"),
    [
        ("2026-03-02T19:59:59", "2026-03-02T19:59:59"),
        ("2026-03-02T20:00", "2026-03-03T08:00"),
        ("2026-03-03T03:00", "2026-03-03T08:00"),
        ("2026-03-03T08:00", "2026-03-03T08:00"),
        # over the nights in which the clock changes, eight in the morning stays eight in the morning
        ("2026-03-28T22:00", "2026-03-29T08:00"),
        ("2026-10-24T22:00", "2026-10-25T08:00"),
    ],
)
def test_quiet_hours_run_over_midnight(when: str, loud: str) -> None:
    assert find_loud_time(at(when), VIENNA, time(20), time(8)) == at(loud)


def test_quiet_hours_may_lie_within_a_day_or_be_none() -> None:
    assert find_loud_time(at("2026-03-02T13:00"), VIENNA, time(12), time(14)) == at("2026-03-02T14:00")
    assert find_loud_time(at("2026-03-02T14:00"), VIENNA, time(12), time(14)) == at("2026-03-02T14:00")
    for begin, end in ((None, None), (time(9), time(9))):
        assert find_loud_time(at("2026-03-02T09:00"), VIENNA, begin, end) == at("2026-03-02T09:00")


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.integers(0, 23),
    st.integers(0, 23),
)
def test_the_first_loud_time_is_loud_and_never_earlier(when: datetime, begin: int, end: int) -> None:
    start = when.replace(tzinfo=UTC)
    loud = find_loud_time(start, VIENNA, time(begin), time(end))
    assert loud >= start
    assert find_loud_time(loud, VIENNA, time(begin), time(end)) == loud


def test_hours_of_one_day_replace_those_of_its_weekday() -> None:
    days = {date(2026, 3, 6): (("10:00", "11:00"),), date(2026, 3, 7): (("08:00", "09:00"),), date(2026, 3, 9): ()}
    house = Hours(VIENNA, WEEK, days)
    assert not house.is_open(at("2026-03-06T09:30"))
    assert house.is_open(at("2026-03-06T10:30"))
    assert house.find_next_opening(at("2026-03-06T11:00")) == at("2026-03-07T08:00")
    assert house.find_next_opening(at("2026-03-07T09:00")) == HOURS.find_next_opening(at("2026-03-09T23:00"))


def test_a_house_open_on_single_days_counts_them_and_then_every_hour() -> None:
    house = Hours(VIENNA, {}, {date(2026, 3, 6): (("10:00", "11:00"),)})
    assert house.add_open_time(at("2026-03-02T09:00"), timedelta(minutes=30)) == at("2026-03-06T10:30")
    assert house.add_open_time(at("2026-03-02T09:00"), timedelta(hours=2)) == at("2026-03-02T11:00")
