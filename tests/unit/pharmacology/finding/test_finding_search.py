"""Doses, durations and schedules that reach a goal, and what is said when none does."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from afterglow.pharmacology.covariates import Person
from afterglow.pharmacology.finding import Answer, Goal, Ladder, Limits, Option, Passed, Patient, draw_people, find_dose
from afterglow.pharmacology.finding.goals import QUANTITIES, calculate_share, calculate_statistic
from afterglow.pharmacology.finding.outlook import predict
from afterglow.pharmacology.finding.search import get_end
from afterglow.terms import InvalidInput
from afterglow.terms.shares import calculate_wilson

PATIENT = Patient(Person(weight_kg=70.0, age_years=45.0))
LIMITS = Limits(
    dose_mg=Ladder(50.0, 60.0, 80.0), step_mg=1.0, shortest_min=40.0, longest_min=120.0, most_devices=3, lowest_mg=5.0
)
INFUSION = Option("racemic", "iv", dose_mg=35.0, duration_min=40.0)
SPRAY = Option("esketamine", "intranasal", devices=2)
PEOPLE = draw_people(120, 7)


def search(goal: Goal, option: Option = INFUSION, vary: str = "dose", limits: Limits = LIMITS) -> Answer:
    return find_dose(goal, option, PATIENT, limits, vary=vary, people=PEOPLE)


def share_with(goal: Goal, option: Option) -> float:
    return calculate_share(goal, predict(option, PATIENT, PEOPLE, until_min=get_end(goal, option)))


def test_smallest_dose_that_reaches_the_level_is_found_to_the_step() -> None:
    goal = Goal("ketamine_ng_per_ml", 150.0, 0.9)
    answer = search(goal)
    assert answer.status == "found"
    assert answer.value is not None
    assert share_with(goal, replace(INFUSION, dose_mg=answer.value)) >= 0.9
    assert share_with(goal, replace(INFUSION, dose_mg=answer.value - 1.0)) < 0.9


def test_largest_dose_that_stays_under_the_effect_is_found_to_the_step() -> None:
    goal = Goal("cadss6", 10.0, 0.8, direction="at_most")
    answer = search(goal)
    assert answer.status == "found"
    assert answer.value is not None
    assert share_with(goal, replace(INFUSION, dose_mg=answer.value)) >= 0.8
    assert share_with(goal, replace(INFUSION, dose_mg=answer.value + 1.0)) < 0.8


def test_shortest_infusion_that_keeps_the_peak_down_is_found_to_the_step() -> None:
    goal = Goal("ketamine_ng_per_ml", 250.0, 0.9, direction="at_most")
    answer = search(goal, vary="duration")
    assert answer.status == "found"
    assert answer.value is not None
    assert answer.value > 40.0
    assert share_with(goal, replace(INFUSION, duration_min=answer.value)) >= 0.9
    assert share_with(goal, replace(INFUSION, duration_min=answer.value - 5.0)) < 0.9


def test_time_above_a_level_is_looked_for_one_by_one() -> None:
    goal = Goal("ketamine_ng_per_ml", 120.0, 0.5, statistic="time_above", minutes=45.0)
    answer = search(goal, vary="duration")
    assert answer.status == "found"
    assert [value for value, share in answer.tried if share >= 0.5][-1] == answer.value
    assert len(answer.tried) == 17


def test_area_is_a_goal_and_scales_with_the_dose() -> None:
    goal = Goal("ketamine_ng_per_ml", 300.0, 0.5, statistic="auc")
    answer = search(goal)
    double = search(replace(goal, level=600.0))
    assert answer.value is not None
    assert double.value is not None
    assert abs(double.value - 2 * answer.value) <= 2.0


def test_devices_stay_whole_and_their_number_within_the_limit() -> None:
    answer = search(Goal("ketamine_ng_per_ml", 60.0, 0.5), SPRAY, "devices")
    assert (answer.status, answer.value) == ("found", 2.0)
    assert answer.option is not None
    assert answer.option.devices == 2
    with pytest.raises(InvalidInput) as refusal:
        search(Goal("ketamine_ng_per_ml", 60.0, 0.5), SPRAY, "dose")
    assert refusal.value.problems[0].code == "whole-devices-only"


def test_hard_limit_counts_devices_in_milligrams_too() -> None:
    limits = replace(LIMITS, dose_mg=Ladder(hard=60.0))
    answer = search(Goal("ketamine_ng_per_ml", 90.0, 0.5), SPRAY, "devices", limits)
    assert (answer.status, answer.value) == ("not-within-limits", 2.0)


@pytest.mark.parametrize(
    ("option", "vary"),
    [
        (replace(INFUSION, dose_mg=900.0), "duration"),
        (SPRAY, "devices"),
        (SPRAY, "gap"),
        (replace(INFUSION, sessions=2, interval_h=24.0), "interval"),
    ],
)
def test_no_search_starts_without_a_hard_limit_in_milligrams(option: Option, vary: str) -> None:
    goal = Goal("ketamine_ng_per_ml", 10.0, 0.5)
    with pytest.raises(InvalidInput) as refusal:
        search(goal, option, vary, replace(LIMITS, dose_mg=Ladder(soft=50.0), most_devices=6))
    assert (refusal.value.problems[0].path, refusal.value.problems[0].code) == ("limits.dose_mg.hard", "missing")
    per_kg = replace(LIMITS, dose_mg=Ladder(), dose_mg_per_kg=Ladder(hard=1.0))
    assert search(goal, option, vary, per_kg).status == ("not-within-limits" if option.dose_mg == 900.0 else "found")


def test_dissociation_wears_off_over_the_sessions_of_a_course() -> None:
    course = replace(INFUSION, sessions=3, interval_h=72.0)
    found = predict(course, PATIENT, PEOPLE, until_min=150 * 60.0)
    peaks = [
        found.cadss[(found.times_h >= start) & (found.times_h < start + 6.0)].max(axis=0)
        for start in (0.0, 72.0, 144.0)
    ]
    uncut = peaks[0] < 90.0
    assert np.median(peaks[1][uncut] / peaks[0][uncut]) == pytest.approx(0.85, rel=0.01)
    assert np.median(peaks[2][uncut] / peaks[0][uncut]) == pytest.approx(0.85**2, rel=0.01)
    assert "tolerance-recovery-unknown" not in [problem.code for problem in found.problems]
    far = predict(replace(course, sessions=2, interval_h=700.0), PATIENT, PEOPLE, until_min=60.0)
    assert "tolerance-recovery-unknown" in [problem.code for problem in far.problems]


def test_gap_between_devices_keeps_to_its_steps() -> None:
    goal = Goal("ketamine_ng_per_ml", 100.0, 0.85, direction="at_most")
    answer = search(goal, replace(SPRAY, devices=2), "gap")
    assert answer.status == "found"
    assert answer.value is not None
    assert answer.value % 5.0 == 0.0


def test_interval_of_a_course_is_searched() -> None:
    course = replace(INFUSION, sessions=2, interval_h=24.0)
    limits = replace(LIMITS, shortest_interval_h=2.0, longest_interval_h=26.0, interval_step_h=2.0)
    goal = Goal("ketamine_ng_per_ml", 270.0, 0.5, direction="at_most")
    answer = search(goal, course, "interval", limits)
    assert answer.status == "found"
    assert answer.value is not None
    assert share_with(goal, replace(course, interval_h=answer.value)) >= 0.5


@pytest.mark.parametrize(
    ("level", "passed", "status"),
    [
        (150.0, Passed.NONE, "found"),
        (380.0, Passed.SOFT, "found"),
        (450.0, Passed.SECOND_CLINICIAN, "found"),
        (2000.0, Passed.SECOND_CLINICIAN, "not-within-limits"),
    ],
)
def test_answer_says_which_line_it_passes_and_never_passes_the_hard_one(
    level: float, passed: Passed, status: str
) -> None:
    answer = search(Goal("ketamine_ng_per_ml", level, 0.8))
    assert (answer.passed, answer.status) == (passed, status)
    assert answer.value is not None
    assert answer.value <= 80.0
    assert max(value for value, _ in answer.tried) <= 80.0


def test_goal_out_of_reach_gets_the_best_that_can_be_had_and_why() -> None:
    answer = search(Goal("ketamine_ng_per_ml", 2000.0, 0.9))
    assert (answer.status, answer.value, answer.share) == ("not-within-limits", 80.0, 0.0)
    assert "80 mg" in answer.reason
    assert "0 of 100" in answer.reason


def test_dose_beyond_the_hard_limit_is_not_mended_by_a_longer_infusion() -> None:
    answer = search(Goal("cadss6", 12.0, 0.5, direction="at_most"), replace(INFUSION, dose_mg=81.0), "duration")
    assert (answer.status, answer.value, answer.option) == ("not-within-limits", None, None)


def test_bolus_and_short_infusion_do_not_pass_a_minimum_duration() -> None:
    goal = Goal("ketamine_ng_per_ml", 150.0, 0.9)
    for duration in (None, 20.0):
        answer = search(goal, replace(INFUSION, duration_min=duration))
        assert answer.status == "not-within-limits"
        assert answer.value is None


def test_no_whole_step_below_the_hard_limit_is_told() -> None:
    answer = search(Goal("cadss6", 12.0, 0.5), limits=Limits(dose_mg=Ladder(hard=4.0), step_mg=5.0))
    assert answer.status == "not-within-limits"
    assert "no whole step" in answer.reason


@pytest.mark.parametrize(
    ("limits", "vary", "code"),
    [
        (Limits(), "dose", "missing"),
        (Limits(shortest_min=40.0), "duration", "missing"),
        (replace(LIMITS, shortest_min=None), "duration", "missing"),
        (LIMITS, "devices", "no-devices"),
        (LIMITS, "gap", "no-devices"),
        (LIMITS, "interval", "one-session"),
        (LIMITS, "route", "unknown-name"),
    ],
)
def test_search_without_an_end_or_of_nothing_is_refused(limits: Limits, vary: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        search(Goal("cadss6", 12.0, 0.5), vary=vary, limits=limits)
    assert refusal.value.problems[0].code == code


def test_same_seed_gives_the_same_answer_and_another_seed_may_not() -> None:
    goal = Goal("cadss6", 10.0, 0.8, direction="at_most")
    first, again = search(goal), search(goal)
    other = find_dose(goal, INFUSION, PATIENT, LIMITS, people=draw_people(120, 8))
    assert first.to_json() == again.to_json()
    assert first.tried != other.tried


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"of": "mood"}, "goal.of"),
        ({"probability": 1.0}, "goal.probability"),
        ({"level": float("nan")}, "goal.level"),
        ({"statistic": "time_above"}, "goal.minutes"),
        ({"direction": "about"}, "goal.direction"),
        ({"until_min": -1.0}, "goal.until_min"),
    ],
)
def test_goal_that_cannot_be_judged_is_refused(changed: dict[str, object], path: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        replace(Goal("cadss6", 12.0, 0.5), **changed)  # type: ignore[arg-type]
    assert refusal.value.problems[0].path == path


def test_interval_of_weighted_people_counts_the_people_they_are_worth() -> None:
    weights = np.full(PEOPLE.n, 0.1 / (PEOPLE.n - 10))
    weights[:10] = 0.09
    goal = Goal("ketamine_ng_per_ml", 150.0, 0.5)
    answer = find_dose(goal, INFUSION, PATIENT, LIMITS, people=replace(PEOPLE, weights=weights))
    assert answer.share is not None
    worth = 1.0 / float(np.sum(weights**2))
    assert 12.0 < worth < 12.5
    assert answer.interval == pytest.approx(calculate_wilson(answer.share, worth))


@pytest.mark.parametrize(
    "option",
    [
        Option("esketamine", "sublingual", dose_mg=50.0),
        Option("esketamine", "inhaled", dose_mg=50.0, duration_min=20.0),
    ],
)
def test_routes_with_a_time_or_share_of_each_persons_own_are_computed_for_fewer_and_said(option: Option) -> None:
    found = predict(option, PATIENT, draw_people(61, 2), until_min=60.0, step_min=10.0)
    assert found.n == 60
    assert found.cadss.shape[1] == 60
    assert "people-reduced" in [problem.code for problem in found.problems]


@pytest.mark.parametrize("of", sorted(QUANTITIES))
@pytest.mark.parametrize("option", [INFUSION, Option("esketamine", "intranasal", devices=1)])
def test_more_drug_never_meets_a_goal_in_fewer_people(of: str, option: Option) -> None:
    """What bisection rests on: each person's peak rises with the dose, pressure and its damping included."""
    if option.devices is None:
        row = [replace(option, dose_mg=amount) for amount in (5.0, 20.0, 35.0, 50.0, 80.0)]
    else:
        row = [replace(option, devices=count) for count in (1, 2, 3, 4)]
    peaks = [calculate_statistic(Goal(of, 1.0, 0.5), predict(one, PATIENT, PEOPLE)) for one in row]
    for less, more in pairwise(peaks):
        assert (more >= less - 1e-9).all()


def test_doubt_between_models_of_oral_esketamine_is_told_unless_a_model_was_chosen() -> None:
    option = Option("esketamine", "oral", dose_mg=84.0)
    codes = [problem.code for problem in predict(option, PATIENT, PEOPLE).problems]
    chosen = [problem.code for problem in predict(replace(option, model="fanta-otto-2021"), PATIENT, PEOPLE).problems]
    assert "models-disagree" in codes
    assert "models-disagree" not in chosen


def test_dose_of_the_spray_is_searched_by_whole_devices_however_it_is_written() -> None:
    written = Option("esketamine", "intranasal", dose_mg=56.0)
    goal = Goal("ketamine_ng_per_ml", 60.0, 0.5)
    with pytest.raises(InvalidInput) as refusal:
        search(goal, written, "dose")
    (problem,) = refusal.value.problems
    assert (problem.path, problem.code) == ("vary", "whole-devices-only")
    assert "devices" in problem.accepted
    answer = search(goal, written, "devices")
    assert (answer.status, answer.value) == ("found", 2.0)
    assert answer.option is not None
    assert (answer.option.devices, answer.option.dose_mg) == (2, None)
    with pytest.raises(InvalidInput, match="no devices"):
        search(goal, INFUSION, "devices")


def test_shortest_interval_is_judged_whatever_is_varied() -> None:
    goal = Goal("ketamine_ng_per_ml", 100.0, 0.5)
    course = replace(INFUSION, sessions=2, interval_h=72.0)
    limits = replace(LIMITS, shortest_interval_h=48.0, dose_mg=Ladder(hard=30.0))
    assert search(goal, course, "dose", limits).status == "found"
    close = search(goal, replace(course, interval_h=24.0), "dose", limits)
    assert (close.status, close.option) == ("not-within-limits", None)
    assert "24 h apart" in close.reason
    assert "48 h" in close.reason
