"""The measures by hand, the truths as their words say, and what the recommender is judged by."""

import numpy as np
import pytest

from afterglow.outcomes.judging.measures import (
    Scored,
    calculate_crps,
    measure_central,
    score_forecast,
    summarise,
)
from afterglow.outcomes.judging.open_trial import judge_open_trial, list_people
from afterglow.outcomes.judging.recommender import POLICIES, judge_policies, run
from afterglow.outcomes.judging.relapses import judge_relapses
from afterglow.outcomes.judging.truths import INDUCTION, TRUTHS, draw_helped, draw_patients
from afterglow.outcomes.next_treatment import load_loss
from tests.unit.outcomes.test_open_trial import read_real


def test_crps_by_hand() -> None:
    """Sample 1, 3 and seen 2: mean |x - y| = 1, half of mean |x - x'| = 0.5; a single value is the absolute error."""
    assert calculate_crps(np.array([1.0, 3.0]), 2.0) == pytest.approx(0.5)
    assert calculate_crps(np.array([4.0]), 9.0) == pytest.approx(5.0)


def test_crps_of_the_normal_is_that_of_its_formula() -> None:
    """Gneiting and Raftery 2007, equation 5: at the mean of N(0, 1) it is (sqrt 2 - 1) / sqrt pi = 0.2337."""
    sample = np.random.default_rng(5).standard_normal(200_000)
    assert calculate_crps(sample, 0.0) == pytest.approx((np.sqrt(2) - 1) / np.sqrt(np.pi), abs=0.003)


def test_bands_hold_their_own_ends() -> None:
    quantiles = np.array([2.0, 4.0, 5.0, 6.0, 8.0])
    seen = {2.0: (False, True), 1.9: (False, False), 4.0: (True, True), 6.1: (False, True), 8.1: (False, False)}
    for value, expected in seen.items():
        found = score_forecast("a", np.array([5.0]), quantiles, value)
        assert (found.is_in_50, found.is_in_90) == expected


def test_patients_count_and_not_their_forecasts() -> None:
    rows = [Scored("a", 1.0, 1.0, True, True, 0.5)] * 3 + [Scored("b", 3.0, 3.0, False, False, 0.01)]
    found = summarise("x", rows)
    assert (found.n, found.patients, found.crps, found.coverage_90) == (4, 2, 2.0, 0.5)
    assert measure_central(rows, (0.5, 0.99)) == (0.5, 1.0)


@pytest.mark.parametrize("truth", TRUTHS)
def test_a_truth_is_the_same_for_every_size_and_without_sessions_nothing_happens(truth: str) -> None:
    few, many = draw_patients(truth, 2, 9), draw_patients(truth, 5, 9)
    for one, other in zip(few, many, strict=False):
        days = [-3, 4, 40]
        sessions = INDUCTION[one.route]
        assert np.array_equal(one.calculate_true(days, sessions), other.calculate_true(days, sessions))
    untreated = few[0].calculate_true([-10, -1], [])
    assert untreated == pytest.approx(np.clip(few[0].baseline + few[0].drift[[20, 29]], 0, 27))


def test_the_empty_truth_ignores_the_drug_and_the_others_do_not() -> None:
    for truth in TRUTHS:
        gains = []
        for patient in draw_patients(truth, 12, 4, route="iv"):
            with_drug = patient.calculate_true([20], INDUCTION["iv"])[0]
            gains.append(patient.calculate_true([20], (0,))[0] - with_drug)
        assert bool(max(gains) > 1.0) is (truth != "nothing")


def test_a_rule_never_sees_what_comes_later() -> None:
    """Each decision is made on score days up to today's session."""
    asked = []

    def watch(_patient, days, sessions, today):
        asked.append((max(days), sessions[-1], today))
        return 21

    patient = draw_patients("model", 1, 3, route="iv")[0]
    outcome = run(patient, watch, load_loss())
    assert [each[2] for each in asked] == [17, 38, 59, 80, 101, 122, 143, 164]
    assert all(latest <= today == last for latest, last, today in asked)
    assert outcome.visits == pytest.approx(7 * 28 / 168)


def test_nothing_beats_the_best_of_all_constant_intervals_among_constant_ones() -> None:
    patients = draw_helped("two-kinds", 3, 6, route="spray")
    rows = {one.name.split(" (")[0]: one for one in judge_policies(patients, seed=2)}
    assert rows["oracle"].excess == 0.0
    assert rows["oracle"].loss <= rows["best fixed"].loss <= rows["schedule"].loss
    assert set(rows) >= {"titration", "advice, leaning", "advice, separated only"}
    assert POLICIES["spray"].choices_d == (7, 14)


def test_helped_means_a_quarter_better() -> None:
    for patient in draw_helped("nothing", 3, 6, route="iv"):
        before, after = patient.score([-1, 17], INDUCTION["iv"])
        assert after <= 0.75 * before


def test_relapse_bins_hold_everybody_who_was_asked_about() -> None:
    found = judge_relapses("model", 12, 3)
    assert sum(row[2] for row in found.bins) == found.n
    assert 0 <= found.brier <= 1
    assert found.brier_base == pytest.approx(found.base_rate * (1 - found.base_rate))


def test_on_the_open_trial_the_forecast_is_no_worse_than_its_baselines() -> None:
    """The claim of docs/forecast.md: smaller CRPS and MAE than last value, population mean and linear; 13 people."""
    rows = {one.name: one for one in judge_open_trial(read_real())}
    plain = rows.pop("forecast, not calibrated")
    calibrated = rows.pop("forecast, calibrated on the others")
    assert plain.n == len(list_people(read_real())) == 13
    assert set(rows) == {"last value", "population mean", "linear"}
    for one in rows.values():
        assert plain.crps < one.crps
        assert plain.mae < one.mae
    assert calibrated.interval_90[0] <= 0.9 <= calibrated.interval_90[1]
