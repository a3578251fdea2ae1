"""How dates, ages, numbers and conditions are written."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from afterglow.web.presenting import describe_condition, describe_name, describe_value
from afterglow.web.templatetags.words import day, hour, plain, since, years

NOW = datetime(2026, 11, 17, 10, 25, tzinfo=UTC)


def test_days_are_written_without_leading_zero_and_with_a_short_month():
    assert day(date(2026, 9, 7)) == "7 Sep 2026"
    assert day(date(2026, 9, 7), "short") == "7 Sep"


@pytest.mark.parametrize("nothing", [None, "", "no date", 17])
def test_no_date_is_a_dash(nothing):
    assert day(nothing) == "–"
    assert hour(nothing) == "–"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s ago"), (90, "90 s ago"), (91, "1 min ago"), (90 * 60, "90 min ago")],
)
def test_ages_go_from_seconds_to_minutes(seconds, words):
    assert since(NOW - timedelta(seconds=seconds), NOW) == words


def test_an_age_past_ninety_minutes_is_a_clock_time_and_past_the_day_a_date():
    assert since(NOW - timedelta(minutes=91), NOW) == "08:54"
    assert since(NOW - timedelta(days=2), NOW) == "15 Nov 2026"


@pytest.mark.parametrize(
    ("today", "age"), [(date(2026, 4, 11), "42"), (date(2026, 4, 12), "43"), (date(2026, 4, 13), "43")]
)
def test_age_changes_on_the_birthday(today, age):
    assert years(date(1983, 4, 12), today) == age


def test_plain_numbers_lose_needless_zeros_only():
    assert plain(Decimal("72.50")) == "72.5"
    assert plain(Decimal("50")) == "50"
    assert plain(None) == "–"


def test_conditions_are_sentences():
    words = describe_condition(
        {"any": [{"fact": "bp.systolic_mmhg", "op": ">=", "value": 160}, {"fact": "history.mania", "is": True}]}
    )
    assert "at least 160" in words
    assert " or " in words
    assert "yes" in words


def test_names_leave_the_unit_to_its_column():
    assert describe_name("start_mg_per_kg") == "Start"
    assert describe_name("pump.difference_percent") == "Pump: difference"


def test_values_are_plain_words():
    assert describe_value(True) == "yes"
    assert describe_value(Decimal("0.50")) == "0.50"
    assert describe_value(["a", "b"]) == "a, b"
