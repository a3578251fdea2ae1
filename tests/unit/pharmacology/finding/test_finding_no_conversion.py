"""No function takes an order and returns one of another drug or route; routes are only set side by side."""

import inspect
from dataclasses import replace

import pytest

from afterglow.pharmacology import finding, jobs
from afterglow.pharmacology.covariates import Person
from afterglow.pharmacology.finding import Goal, Ladder, Limits, Option, Patient, compare, draw_people, find_dose

PATIENT = Patient(Person(weight_kg=70.0, age_years=45.0))
INFUSION = Option("racemic", "iv", dose_mg=35.0, duration_min=40.0)
SPRAY = Option("esketamine", "intranasal", devices=3)
LIMITS = Limits(dose_mg=Ladder(hard=100.0), shortest_min=40.0, most_devices=3, step_mg=5.0, shortest_interval_h=48.0)
PEOPLE = draw_people(40, 3)
COURSE = replace(SPRAY, sessions=2, interval_h=72.0)


@pytest.mark.parametrize(
    ("option", "vary"),
    [(INFUSION, "dose"), (INFUSION, "duration"), (SPRAY, "devices"), (SPRAY, "gap"), (COURSE, "interval")],
)
def test_every_search_answers_by_the_drug_and_route_it_was_given(option: Option, vary: str) -> None:
    answer = find_dose(Goal("ketamine_ng_per_ml", 40.0, 0.5), option, PATIENT, LIMITS, vary=vary, people=PEOPLE)
    assert answer.option is not None
    assert (answer.option.drug, answer.option.route) == (option.drug, option.route)


@pytest.mark.parametrize(
    ("named", "code"), [({"route": "intranasal"}, "other-route"), ({"drug": "esketamine"}, "other-drug")]
)
def test_goal_of_another_route_or_drug_is_refused_without_an_order(named: dict[str, str], code: str) -> None:
    goal = replace(Goal("cadss6", 12.0, 0.5, direction="at_most"), **named)  # type: ignore[arg-type]
    answer = find_dose(goal, INFUSION, PATIENT, LIMITS, people=PEOPLE)
    assert (answer.status, answer.option, answer.value) == ("refused", None, None)
    assert [problem.code for problem in answer.problems] == [code]


def test_goal_of_the_same_route_is_searched() -> None:
    goal = Goal("cadss6", 12.0, 0.5, direction="at_most", drug="racemic", route="iv")
    assert find_dose(goal, INFUSION, PATIENT, LIMITS, people=PEOPLE).status == "found"


def test_comparison_returns_both_orders_as_they_came_and_says_that_neither_is_the_others_equivalent() -> None:
    found = compare(INFUSION, SPRAY, PATIENT, people=PEOPLE, step_min=10.0)
    assert [side.option for side in found.sides] == [INFUSION, SPRAY]
    assert any("equivalent" in note for note in found.notes)
    assert not any("equivalent" in note for note in compare(INFUSION, INFUSION, PATIENT, people=PEOPLE).notes)


def test_no_public_function_takes_an_order_and_a_route_to_turn_it_into() -> None:
    for room in (finding, jobs):
        for name, function in inspect.getmembers(room, inspect.isfunction):
            taken = inspect.signature(function).parameters
            takes_order = any("Option" in str(one.annotation) for one in taken.values())
            assert not (takes_order and {"route", "drug", "to_route", "to_drug"} & set(taken)), name
