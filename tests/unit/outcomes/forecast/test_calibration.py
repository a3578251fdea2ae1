"""Conformal calibration: factors by hand, one vote a patient, groups that fall back, coverage it must reach."""

import numpy as np
import pytest

from afterglow.outcomes.forecast.ahead import Bands
from afterglow.outcomes.forecast.calibration import NOT_CALIBRATED, Calibration, Judged, calibrate, judge, name_group
from afterglow.outcomes.forecast.retrospect import calibrate_on_courses, look_back
from tests.support.personal import build_personal


def test_factors_by_hand() -> None:
    """Nineteen patients with distances 0.1 to 1.9: rank 0.5 x 20 = 10th is 1.0, 0.9 x 20 = 18th is 1.8."""
    rows = [Judged(str(k), "PHQ-9/14", (0.1 * k, 0.1 * k)) for k in range(1, 20)]
    assert calibrate(rows, fewest=9).factors["PHQ-9/14"] == pytest.approx((1.0, 1.8))


def test_a_patient_with_many_scores_has_one_vote() -> None:
    rows = [Judged(str(k), "PHQ-9/14", (0.1 * k, 0.1 * k)) for k in range(1, 20)]
    rows += [Judged("19", "PHQ-9/14", (9.0, 9.0))] * 500
    assert calibrate(rows, fewest=9).factors["PHQ-9/14"] == pytest.approx((1.0, 1.8))


def test_too_few_patients_leave_the_bands_alone() -> None:
    rows = [Judged(str(k), "PHQ-9/14", (5.0, 5.0)) for k in range(19)]
    assert calibrate(rows).factors == {}
    assert calibrate([*rows, Judged("19", "PHQ-9/14", (5.0, 5.0))]).factors["all"] == (5.0, 5.0)
    assert calibrate(rows[:8], fewest=1).factors == {}  # 90 % of nine votes are never reached by eight
    assert NOT_CALIBRATED.choose("PHQ-9", 7.0) == ("", (1.0, 1.0))


def test_a_group_without_past_patients_falls_back() -> None:
    found = Calibration({"PHQ-9/14": (1.1, 1.2), "PHQ-9": (1.3, 1.4), "all": (1.5, 1.6)}, {})
    assert found.choose("PHQ-9", 14.0)[0] == "PHQ-9/14"
    assert found.choose("PHQ-9", 14.5)[0] == "PHQ-9"
    assert found.choose("MADRS", 3.0)[0] == "all"


@pytest.mark.parametrize(("days", "group"), [(14, "14"), (14.1, "42"), (42, "42"), (42.1, "84")])
def test_groups_by_reach(days: float, group: str) -> None:
    assert name_group("MADRS", days) == f"MADRS/{group}"


def test_distance_is_counted_in_half_widths_of_its_own_side() -> None:
    quantiles = np.array([2.0, 6.0, 8.0, 9.0, 14.0])
    assert judge("a", "PHQ-9", 7.0, quantiles, 10.0).distance == pytest.approx((2.0, 1 / 3))
    assert judge("a", "PHQ-9", 7.0, quantiles, 5.0).distance == pytest.approx((1.5, 0.5))


def test_applied_bands_keep_the_median_and_stay_nested() -> None:
    bands = Bands(np.array([10.0]), np.array([[2.0, 6.0, 8.0, 9.0, 14.0]]))
    found = Calibration({"all": (3.0, 0.1)}, {"all": 40}).apply(bands, "PHQ-9", 3.0, 27.0)
    assert found.quantiles[0].tolist() == pytest.approx([2.0, 2.0, 8.0, 11.0, 11.0])


def test_new_patients_are_covered_as_often_as_promised() -> None:
    """Distances of any one law: 40 past patients each time, 4000 times; binomial error of the mean is 0.5 %."""
    generator = np.random.default_rng(20261122)
    inside = np.zeros(2)
    for _ in range(4000):
        drawn = generator.exponential(size=41)
        factors = calibrate([Judged(str(k), "x/14", (each, each)) for k, each in enumerate(drawn[:40])]).factors["all"]
        inside += drawn[40] <= np.array(factors)
    assert inside[0] / 4000 == pytest.approx(21 / 41, abs=0.03)
    assert inside[1] / 4000 == pytest.approx(37 / 41, abs=0.02)


def test_past_courses_are_forecast_without_a_look_ahead() -> None:
    """What is forecast from day 10 is the same whatever the later score was."""
    scores = [(-2, 20), (2, 15), (9, 11), (16, 8)]
    samples = [next(look_back("p", build_personal([*scores[:-1], (16, last)]), [10.0])).sample for last in (8.0, 19.0)]
    assert np.array_equal(*samples)


def test_past_courses_become_a_calibration() -> None:
    courses = {str(k): build_personal([(-2, 20), (2, 15), (9, 11), (16, 8 + k % 5)]) for k in range(20)}
    found = calibrate_on_courses(courses)
    assert found.patients["PHQ-9/14"] == 20
    assert all(factor > 0 for factor in found.factors["PHQ-9/14"])
