"""The drawn line: without the stairs of rounding, never further from a number than its rounding, corners kept."""

import pytest

from afterglow.web.predictions.comparing import smooth

MINUTES = [float(minute) for minute in range(121)]


def build_course(minute: float) -> float:
    """Return a level that rises slowly for an hour and then falls."""
    return 100 + minute / 1.5 if minute <= 60 else 140 * 0.98 ** (minute - 60)


def test_stairs_become_a_line_that_keeps_to_the_numbers() -> None:
    rounded = [float(f"{build_course(minute):.2g}") for minute in MINUTES]
    drawn = smooth(rounded, MINUTES, [60.0])
    assert len({round(value, 3) for value in rounded[:60]}) < 8
    assert len({round(value, 3) for value in drawn[:60]}) > 50
    for value, seen in zip(rounded, drawn, strict=True):
        assert abs(value - seen) <= 5 if value >= 100 else abs(value - seen) <= 0.5


def test_a_corner_stays_where_giving_ends() -> None:
    rounded = [float(f"{build_course(minute):.2g}") for minute in MINUTES]
    assert smooth(rounded, MINUTES, [60.0])[60] == rounded[60] == 140


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0], [5.0, 5.0, 5.0], [1.0, 3.0, 1.0]])
def test_flat_and_pointed_courses_are_left_alone(values: list[float]) -> None:
    drawn = smooth(values, [0.0, 1.0, 2.0], [])
    assert drawn[0] == values[0]
    assert drawn[-1] == values[-1]
    assert max(drawn) == pytest.approx(max(values), abs=0.1)
