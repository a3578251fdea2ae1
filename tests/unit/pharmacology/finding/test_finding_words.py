"""Bands, shares and rises in the words of the plan's table."""

import pytest

from afterglow.pharmacology.finding import words


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (215.0, 315.0, "about 200\u2013300"),
        (155.0, 250.0, "about 150\u2013250"),
        (38.0, 61.0, "about 40\u201360"),
        (3.4, 49.6, "up to about 50"),
        (0.0, 0.0, "about 0"),
    ],
)
def test_band_is_told_in_round_numbers(low: float, high: float, text: str) -> None:
    assert words.describe_band(low, high) == text


@pytest.mark.parametrize(("low", "high"), [(254.2, 256.9), (101.3, 101.9), (1234.0, 1300.0), (0.512, 0.523)])
def test_narrow_band_keeps_at_most_two_figures_and_stays_a_band(low: float, high: float) -> None:
    bottom, top = words.round_band(low, high)
    assert bottom < top
    assert all(words.round_two(end) == end for end in (bottom, top))


def test_upper_end_is_never_told_more_than_a_tenth_away() -> None:
    for low in (0.0, 3.0, 40.0, 90.0):
        for high in range(100, 999, 7):
            assert words.round_band(low, high)[1] == pytest.approx(high, rel=0.1)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "hardly anyone"), (0.49, "half"), (0.26, "a quarter"), (0.7, "two thirds"), (0.99, "nearly everyone")],
)
def test_share_is_told_in_words(share: float, text: str) -> None:
    assert words.describe_share(share) == text


def test_rise_is_rounded_up_and_never_down() -> None:
    assert words.describe_rise(36.0, 21.0) == "up to about 40/25"
    assert words.describe_rise(40.0, 25.0) == "up to about 40/25"
    assert words.describe_rise(-2.0, 0.0) == "up to about 0/0"
