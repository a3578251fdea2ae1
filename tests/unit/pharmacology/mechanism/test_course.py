"""Courses on virtual people: sub-additivity, what does not drive the response, windows, and refusals."""

import inspect
from dataclasses import fields

import numpy as np
import pytest

from afterglow.pharmacology.mechanism import (
    CourseSession,
    CourseSetting,
    combine_shares,
    find_plastic_window,
    load_population,
    load_population_parameters,
    simulate_course,
)
from afterglow.pharmacology.mechanism import response as response_room
from afterglow.pharmacology.mechanism.parameters import Population
from afterglow.terms import Grade, InvalidInput

SIX = tuple(CourseSession(day, "iv_ketamine_0.5") for day in (0.0, 3.0, 7.0, 10.0, 14.0, 18.0))


def run(sessions=SIX, days=(0.0, 1.0, 20.0), seed: int = 7, n: int = 2000, **setting):
    return simulate_course(sessions, days, n=n, generator=np.random.default_rng(seed), setting=CourseSetting(**setting))


def test_shares_combine_below_their_sum_and_below_one() -> None:
    assert combine_shares(0.3, 0.4) == pytest.approx(0.58)  # 1 - 0.7 x 0.6
    assert combine_shares(0.9, 0.9) < 1
    assert combine_shares(-0.2, 0.0) == pytest.approx(-0.2)


def test_drug_and_antidepressant_together_do_less_than_their_sum() -> None:
    sizes = {
        (drug, pill): run(has_drug=drug, has_new_antidepressant=pill, setting="inert").mean_change[-1]
        for drug in (False, True)
        for pill in (False, True)
    }
    drug, pill = sizes[True, False] - sizes[False, False], sizes[False, True] - sizes[False, False]
    both = sizes[True, True] - sizes[False, False]
    assert drug < -2
    assert pill < -2
    assert both < min(drug, pill)
    assert both > drug + pill


def test_the_same_course_without_the_drug_is_the_placebo_arm() -> None:
    switched_off, nothing = run(has_drug=False), run(sessions=())
    assert np.array_equal(switched_off.mean_change, nothing.mean_change)
    assert np.all(switched_off.pool_quantiles == 0)


def test_dissociation_is_not_among_the_inputs_of_the_response() -> None:
    names = {field.name for field in fields(Population)}
    assert not [name for name in names if "dissoc" in name or "cadss" in name or "vas" in name]
    assert "cadss" not in inspect.getsource(response_room).lower()


def test_bands_widen_in_order_and_repeat_with_the_seed() -> None:
    first, again = run(), run()
    assert np.array_equal(first.score_quantiles, again.score_quantiles)
    assert np.all(np.diff(first.score_quantiles, axis=1) >= 0)
    assert first.score_quantiles.shape == (3, 5)


def test_day_zero_is_added_before_anything_is_given() -> None:
    course = run(days=(1.0, 20.0))
    assert course.days.tolist() == [0.0, 1.0, 20.0]
    assert course.mean_change[0] == 0


def test_a_course_says_that_it_is_no_forecast_for_one_person() -> None:
    assert [problem.code for problem in run().problems] == ["not-individual"]
    assert "weakly-grounded" in [problem.code for problem in run(scale="PHQ-9").problems]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"scale": "HAM-D6"}, "scale"),
        ({"setting": "blind"}, "setting"),
        ({"days": (2.0, 1.0)}, "days"),
        ({"days": (0.0, float("nan"))}, "days"),
        ({"days": (0.0, 5000.0)}, "days"),
        ({"n": 3}, "n"),
        ({"sessions": (CourseSession(-1.0, "iv_ketamine_0.5"),)}, "sessions[0].at_day"),
        ({"sessions": (CourseSession(0.0, "iv_ketamine_7"),)}, "regimen"),
    ],
)
def test_a_course_that_cannot_be_is_refused(change: dict, path: str) -> None:
    assert run().n == 2000
    with pytest.raises(InvalidInput) as refusal:
        run(**change)
    assert refusal.value.problems[0].path == path


def test_the_window_opens_within_a_day_and_closes_within_two_weeks() -> None:
    window = find_plastic_window(SIX[:1])
    assert window is not None
    assert 0.1 < window.opens_day < 1.0
    assert window.opens_day < window.peak_day < window.ends_early_day < window.ends_day < window.ends_late_day < 14
    assert window.grade is Grade.D
    assert window.problems[0].code == "weakly-grounded"


def test_the_window_of_an_earlier_session_ends_when_the_next_begins() -> None:
    window = find_plastic_window(SIX, session=0)
    assert window is not None
    assert window.ends_day <= SIX[1].at_day


def test_a_wider_share_gives_a_longer_window() -> None:
    wide, narrow = find_plastic_window(SIX, held_share=0.3), find_plastic_window(SIX, held_share=0.8)
    assert wide is not None
    assert narrow is not None
    assert wide.length_days > narrow.length_days


def test_no_window_where_nothing_is_set_off() -> None:
    deaf = load_population({"formed_per_h": 1e-30})
    assert find_plastic_window(SIX, population=deaf) is None


@pytest.mark.parametrize(("change", "path"), [({"session": 6}, "session"), ({"held_share": 1.0}, "held_share")])
def test_a_window_that_cannot_be_asked_for_is_refused(change: dict, path: str) -> None:
    assert find_plastic_window(SIX) is not None
    with pytest.raises(InvalidInput) as refusal:
        find_plastic_window(SIX, **change)
    assert refusal.value.problems[0].path == path


def test_every_population_parameter_is_cited_and_graded() -> None:
    parameters = load_population_parameters().parameters
    assert {field.name for field in fields(Population)} == set(parameters)
    for parameter in parameters.values():
        assert parameter.citation.grade in (Grade.C, Grade.D)
        assert parameter.note


@pytest.mark.parametrize("overrides", [{"nothing": 1.0}, {"drug_ceiling": float("inf")}])
def test_an_override_of_the_population_must_name_a_parameter_and_be_finite(overrides: dict[str, float]) -> None:
    assert load_population({"drug_ceiling": 0.5}).drug_ceiling == 0.5
    with pytest.raises(InvalidInput):
        load_population(overrides)
