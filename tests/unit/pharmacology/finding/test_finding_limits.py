"""Limits and options as plain data: what is accepted, what is refused, which line a dose has passed."""

import pytest

from afterglow.pharmacology.finding.limits import Ladder, Limits, Passed, calculate_ceiling, judge_amount, parse_limits
from afterglow.pharmacology.finding.options import Option, build_doses, calculate_amount_mg, parse_option
from afterglow.terms import InvalidInput

LIMITS = Limits(dose_mg=Ladder(60.0, 80.0, 100.0), dose_mg_per_kg=Ladder(0.75, 1.0, 1.5))


def test_lower_of_both_lines_counts() -> None:
    assert calculate_ceiling(LIMITS, 94.0) == 100.0
    assert calculate_ceiling(LIMITS, 50.0) == 75.0
    assert calculate_ceiling(Limits(), 70.0) is None


@pytest.mark.parametrize(
    ("amount", "passed"),
    [
        (52.5, Passed.NONE),
        (52.6, Passed.SOFT),
        (70.0, Passed.SOFT),
        (70.1, Passed.SECOND_CLINICIAN),
        (101, Passed.HARD),
    ],
)
def test_dose_on_a_line_has_not_passed_it(amount: float, passed: Passed) -> None:
    assert judge_amount(LIMITS, amount, 70.0) == passed


def test_limits_are_read_from_plain_data() -> None:
    limits = parse_limits({"dose_mg": {"soft": 60, "hard": 100}, "step_mg": 1, "most_devices": 3})
    assert limits == Limits(dose_mg=Ladder(60, None, 100), step_mg=1, most_devices=3)


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"dose_mg": {"soft": 100, "hard": 60}}, "limits.dose_mg.hard"),
        ({"dose_mg": {"hard": -1}}, "limits.dose_mg.hard"),
        ({"dose_mg": 60}, "limits.dose_mg"),
        ({"highest": 60}, "limits.highest"),
        ({"step_mg": float("nan")}, "limits.step_mg"),
        ({"step_mg": 0}, "limits.step_mg"),
        ({"step_mg": "1"}, "limits.step_mg"),
    ],
)
def test_limits_that_cannot_be_are_refused_by_name(content: dict[str, object], path: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_limits(content)
    assert refusal.value.problems[0].path == path


def test_cap_holds_a_dose_per_kg() -> None:
    option = Option("racemic", "iv", dose_mg_per_kg=0.5, cap_mg=50.0, duration_min=40.0)
    assert calculate_amount_mg(option, 94.0) == 47.0
    assert calculate_amount_mg(option, 120.0) == 50.0


def test_devices_are_given_with_their_gap_and_sessions_with_their_interval() -> None:
    option = Option("esketamine", "intranasal", devices=2, gap_min=5.0, sessions=2, interval_h=72.0)
    doses, problems = build_doses(option, 70.0)
    assert [round(dose.start_h, 4) for dose in doses] == [0.0, 0.0833, 72.0, 72.0833]
    assert [dose.device for dose in doses] == [0, 1, 0, 1]
    assert not problems


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"drug": "racemic", "route": "iv"}, "dose"),
        ({"drug": "racemic", "route": "iv", "dose_mg": 35, "dose_mg_per_kg": 0.5}, "dose"),
        ({"drug": "racemic", "route": "iv", "dose_mg": -1}, "dose_mg"),
        ({"drug": "racemic", "route": "iv", "dose_mg": float("nan")}, "option.dose_mg"),
        ({"drug": "racemic", "route": "nose", "dose_mg": 1}, "route"),
        ({"drug": "esketamine", "route": "intranasal", "devices": 1.5}, "devices"),
        ({"drug": "racemic", "route": "intranasal", "devices": 2}, "devices"),
        ({"drug": "esketamine", "route": "intranasal", "devices": 2, "duration_min": 40}, "duration_min"),
        ({"drug": "racemic", "route": "iv", "dose_mg": 35, "sessions": 2}, "interval_h"),
        ({"route": "iv", "dose_mg": 35}, "option.drug"),
        ({"drug": "racemic", "route": "iv", "dose_mg": 35, "rate": 1}, "option.rate"),
    ],
)
def test_option_that_cannot_be_given_is_refused_by_name(content: dict[str, object], path: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_option(content)
    assert path in [problem.path for problem in refusal.value.problems]
