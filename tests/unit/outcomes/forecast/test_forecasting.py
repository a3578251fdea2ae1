"""The forecast: what it says, when it says "not enough data", and the numbers of one kept course."""

import subprocess
import sys

import numpy as np
import pytest

from afterglow.outcomes.forecast import (
    ForecastOutcome,
    GivenSession,
    PersonalCourse,
    Reading,
    RelapseQuestion,
    build_dose,
    find_similar,
    load_forecast_parameters,
    make_forecast,
)
from afterglow.outcomes.forecast.ahead import calculate_bands, calculate_relapse
from afterglow.outcomes.forecast.proposing import find_power
from afterglow.outcomes.forecast.update import calculate_chi_square_tail
from afterglow.terms import InvalidInput
from tests.support.personal import INDUCTION, INFUSION, SPRAY, build_personal

ASK = RelapseQuestion(10.0)
# by day 1, 42 and 84: the five quantiles; by week 2, 6 and 12: the share with a relapse
GOLDEN_BANDS = [[3.06, 5.58, 7.27, 8.78, 11.37], [3.40, 6.96, 9.36, 11.41, 14.88], [4.08, 8.05, 10.63, 13.03, 16.85]]
GOLDEN_RELAPSE = [0.09, 0.391, 0.676]
GOOD = [(-2, 20), (2, 15), (9, 11), (16, 8), (23, 6), (30, 5)]


def test_a_kept_course_keeps_its_numbers() -> None:
    """Golden, written from a run and looked at: a good answer to six infusions drifts back up when nothing follows."""
    found = make_forecast(build_personal(GOOD), today=31.0, relapse=ASK)
    assert found.outcome is ForecastOutcome.FORECAST
    assert found.bands is not None
    assert found.relapse is not None
    assert found.comparable == 739
    assert found.bands.quantiles[[0, 41, 83]] == pytest.approx(np.array(GOLDEN_BANDS), abs=0.01)
    assert found.relapse.probability[[1, 5, 11]] == pytest.approx(np.array(GOLDEN_RELAPSE), abs=0.001)


@pytest.mark.parametrize(
    ("scores", "sessions", "today", "code"),
    [
        ([(-2, 20), (-1, 19)], (), 0.0, "no-session"),
        ([(-2, 20)], INDUCTION, 20.0, "no-score"),
        ([(-2, 20), (9, 11)], INDUCTION, 69.5, "score-too-old"),
    ],
)
def test_too_little_data_is_an_answer(scores, sessions, today: float, code: str) -> None:
    found = make_forecast(build_personal(scores, sessions), today=today, relapse=ASK)
    assert (found.outcome, found.code) == (ForecastOutcome.NOT_ENOUGH_DATA, code)
    assert found.bands is None
    assert found.reason


def test_a_score_of_sixty_days_still_counts() -> None:
    assert make_forecast(build_personal([(-2, 20), (9, 11)]), today=69.0, relapse=ASK).code == "forecast"


def test_scores_that_jump_about_contradict_the_model() -> None:
    jumping = [(-2, 20), *((3 + k, 25.0 if k % 2 else 2.0) for k in range(8))]
    found = make_forecast(build_personal(jumping), today=12.0, relapse=ASK)
    assert (found.outcome, found.code) == (ForecastOutcome.NOT_ENOUGH_DATA, "contradicted")
    assert "model" in found.reason


def test_a_relapse_that_is_not_defined_has_its_reason() -> None:
    found = make_forecast(build_personal(GOOD), today=31.0, relapse=RelapseQuestion(None, "no remission yet"))
    assert found.relapse is None
    assert found.relapse_reason == "no remission yet"
    assert found.bands is not None


def test_a_session_to_come_lowers_what_follows() -> None:
    similar = find_similar(build_personal(GOOD))
    days = np.array([40.0, 50.0])
    without = calculate_bands(similar, days)
    with_one = calculate_bands(similar, days, (GivenSession(38.0, INFUSION),))
    assert np.all(with_one.quantiles[:, 2] < without.quantiles[:, 2] - 0.3)


def test_a_last_score_past_the_threshold_counts_as_the_first_of_two() -> None:
    """Last score 10 or 9 a week before the first assessment: only the first can be confirmed by it."""
    shares = []
    for last in (10.0, 9.0):
        similar = find_similar(build_personal([(-2, 20), (9, 8), (16, 9), (23, last)]))
        shares.append(float(calculate_relapse(similar, 23.0, 10.0).probability[0]))
    assert shares[0] > 0.2
    assert shares[1] == 0.0


@pytest.mark.parametrize(
    ("today", "longest", "is_first"),
    [(23.0, None, True), (32.0, None, False), (32.0, 42.0, True), (58.0, 42.0, True), (59.0, 42.0, False)],
)
def test_how_old_the_first_of_two_may_be_is_as_the_rule_of_the_scale_says(
    today: float, longest: float | None, is_first: bool
) -> None:
    """Last score 12 on day 23, the first assessment a week from today: within 15 days, or within the scale's own 42."""
    similar = find_similar(build_personal([(-2, 20), (9, 8), (16, 9), (23, 12)]))
    outlook = calculate_relapse(similar, today, 10.0, longest_days=longest)
    assert bool(outlook.probability[0] > 0) is is_first


def test_a_calibration_stretches_the_chance_of_relapse_as_it_does_the_bands() -> None:
    """With half of the courses below the threshold more spread is more relapse; a factor of 1 changes nothing."""
    similar = find_similar(build_personal(GOOD))
    plain, same, wide = (
        calculate_relapse(similar, 31.0, 12.0, stretch=stretch).probability
        for stretch in (None, lambda _days: 1.0, lambda _days: 1.8)
    )
    assert np.allclose(plain, same)
    assert np.all(wide[1:6] > plain[1:6] + 0.03)


def test_more_people_do_not_move_the_bands() -> None:
    """Half a point of the PHQ-9 between 4000 and 16,000 virtual patients, as the number's note says."""
    course = build_personal(GOOD)
    days = np.array([38.0, 59.0, 100.0])
    few, many = (calculate_bands(find_similar(course, n=n), days) for n in (4000, 16000))
    assert np.max(np.abs(few.quantiles - many.quantiles)) < 0.5


def test_moved_and_reweighted_people_agree() -> None:
    """The same course by weights over very many and by new draws, which are weighted for the same posterior."""
    course = build_personal([*GOOD, (37, 6), (44, 5), (51, 7), (58, 6)])
    drawn = find_similar(course, n=500)
    plain = find_similar(course, n=60000)
    assert drawn.comparable < 100 <= plain.comparable
    days = np.array([65.0, 100.0])
    left, right = (calculate_bands(one, days).quantiles for one in (drawn, plain))
    assert np.max(np.abs(left - right)) < 0.8


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda: build_personal([], scale="GAD-7"), "scale"),
        (lambda: build_personal([(1, 28)]), "readings[0].value"),
        (lambda: build_personal([(1, float("nan"))]), "readings[0].value"),
        (lambda: build_personal([(4, 9), (2, 9)]), "readings[1].day"),
        (lambda: build_personal([], (1, 4)), "sessions[0].day"),
        (lambda: PersonalCourse("PHQ-9", (), (), setting="hope"), "setting"),  # type: ignore[arg-type]
        (lambda: build_dose("racemic", "iv", dose_mg=0.0), "dose_mg"),
        (lambda: build_dose("racemic", "iv", dose_mg=35.0, weight_kg=float("inf")), "weight_kg"),
        (lambda: build_dose("racemic", "iv", dose_mg=35.0, duration_min=-1.0), "duration_min"),
    ],
)
def test_impossible_courses_are_refused_with_field_value_and_what_would_do(make, path: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make()
    assert path in [problem.path for problem in refused.value.problems]
    assert all(problem.accepted for problem in refused.value.problems)


def test_what_was_known_on_a_day() -> None:
    known = build_personal(GOOD).keep_until(10.0)
    assert known.readings == (Reading(-2, 20), Reading(2, 15), Reading(9, 11))
    assert [one.day for one in known.sessions] == [0, 3, 7, 10]


def test_every_number_names_source_and_grade() -> None:
    numbers = load_forecast_parameters().values()
    assert len(numbers) >= 10
    assert all(one.citation.locator and one.unit for one in numbers)
    assert all(
        one.note for one in numbers if one.citation.grade == "D" and "chosen for time" not in one.citation.locator
    )


def test_chi_square_tail_is_that_of_tables() -> None:
    """Upper 5 and 0.1 % points of chi-square with 10 degrees of freedom: 18.307 and 29.588."""
    assert calculate_chi_square_tail(18.307, 10) == pytest.approx(0.05, abs=0.001)
    assert calculate_chi_square_tail(29.588, 10) == pytest.approx(0.001, abs=0.0001)


def test_the_power_that_keeps_enough() -> None:
    weights = -0.5 * np.linspace(-8, 8, 400) ** 2
    assert find_power(weights, 5.0) == 1.0
    power = find_power(weights, 200.0)
    kept = np.exp(power * weights)
    assert kept.sum() ** 2 / np.sum(kept**2) == pytest.approx(200.0, rel=0.02)


def test_a_spray_and_an_infusion_both_forecast() -> None:
    for dose in (INFUSION, SPRAY):
        assert make_forecast(build_personal(GOOD, dose=dose), today=31.0, relapse=ASK).code == "forecast"


def test_a_forecast_never_loads_the_compiler() -> None:
    code = (
        "import sys\n"
        "from tests.support.personal import build_personal, RACEMIC\n"
        "from afterglow.outcomes.forecast import make_forecast, RelapseQuestion\n"
        "from afterglow.outcomes.next_treatment import advise\n"
        "course = build_personal([(-2, 20), (2, 15), (9, 11)])\n"
        "found = make_forecast(course, today=10.0, relapse=RelapseQuestion(10.0))\n"
        "advise(found.similar, RACEMIC, today=10.0, threshold=10.0, remission=4.0)\n"
        "print(sorted({'numba', 'scipy', 'django', 'statsmodels'} & set(sys.modules)))\n"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"
