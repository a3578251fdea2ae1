"""What a result rests on: its grade falls to the weakest part, and the result says what it hides."""

from dataclasses import replace

import numpy as np
import pytest

from afterglow.pharmacology.covariates import Person
from afterglow.pharmacology.models.catalogue import get_model
from afterglow.pharmacology.simulate import Request, simulate
from afterglow.pharmacology.standing import find_held, find_weakest
from afterglow.terms import Grade

NASAL = Request(
    drug="esketamine",
    route="intranasal",
    doses=("56mg",),
    person=Person(70.0, 40.0),
    until_h=8.0,
    step_h=0.25,
    with_effects=False,
    engine="plain",
)
INFUSION = replace(NASAL, drug="racemic", route="iv", doses=("0.5mg/kg/40min",))
FILM = replace(NASAL, route="sublingual", doses=("50mg",))


def codes(simulation):
    return [problem.code for problem in simulation.problems]


def find(simulation, code):
    return next(problem for problem in simulation.problems if problem.code == code)


def test_weakest_grade_is_the_last_letter():
    assert find_weakest([Grade.B, Grade.D, Grade.A]) is Grade.D
    assert find_weakest([Grade.A]) is Grade.A


@pytest.mark.parametrize(
    ("base", "changes", "grade"),
    [
        (NASAL, {}, Grade.B),
        (INFUSION, {}, Grade.B),
        (NASAL, {"n": 5}, Grade.D),  # one variance is a round figure
        (INFUSION, {"n": 5}, Grade.D),  # variances are borrowed
        (FILM, {"n": 5}, Grade.B),  # variances are of the paper's own table
        (INFUSION, {"is_venous": True}, Grade.C),
        (replace(INFUSION, model="clements-1981"), {"is_venous": True}, Grade.B),  # no delay is added
        (NASAL, {"interactions": ("ketoconazole",)}, Grade.C),
        (NASAL, {"interactions": ("ticlopidine",)}, Grade.B),
        (NASAL, {"interactions": ("st-johns-wort",)}, Grade.D),  # carried over from another route
        (NASAL, {"person": Person(70.0, 40.0, hepatic="moderate")}, Grade.C),
        (replace(INFUSION, route="im", doses=("35mg",)), {}, Grade.C),
        (INFUSION, {"model": "mix-iv-racemic"}, Grade.D),
    ],
)
def test_grade_falls_to_the_weakest_of_what_the_result_rests_on(base, changes, grade):
    assert simulate(replace(base, **changes)).grade is grade


def test_assumed_interaction_is_told_in_the_result():
    assert (
        "assumed" in find(simulate(replace(NASAL, interactions=("ketoconazole",))), "interaction-not-measured").message
    )
    assert "interaction-not-measured" not in codes(simulate(replace(NASAL, interactions=("ticlopidine",))))


def test_mixture_for_a_typical_person_says_that_it_is_a_mean_and_gives_each_model():
    found = simulate(replace(INFUSION, model="mix-iv-racemic"))
    assert find(found, "mixture-averaged").value == "mix-iv-racemic"
    parts = {part["model"]: part for part in found.to_json()["components"]}
    assert {name: part["sampling_site"] for name, part in parts.items()} == {
        "kamp-2020": "arterial",
        "clements-1981": "venous",
    }
    peaks = []
    for name, part in parts.items():
        alone = simulate(replace(INFUSION, model=name)).to_json()
        assert part["summary"]["ketamine"] == alone["summary"]["ketamine"]
        peaks.append(part["summary"]["ketamine"]["cmax_ng_per_ml"])
    assert min(peaks) < found.summary["ketamine"]["cmax_ng_per_ml"][0] < max(peaks)


def test_mixture_of_a_population_is_no_mean():
    found = simulate(replace(INFUSION, model="mix-iv-racemic", n=20))
    assert "mixture-averaged" not in codes(found)
    assert "mixture-averaged" not in codes(simulate(INFUSION))
    assert all(set(part) == {"model", "weight"} for part in found.to_json()["components"])


@pytest.mark.parametrize(("age", "marked"), [(64.0, False), (65.0, True), (75.0, True)])
def test_older_person_by_nose_gets_a_caution(age, marked):
    found = simulate(replace(NASAL, person=Person(70.0, age)))
    assert ("older-peak-too-low" in codes(found)) is marked
    assert "older-peak-too-low" not in codes(simulate(replace(INFUSION, person=Person(70.0, age))))


def test_caution_of_the_older_tells_a_change_that_the_model_has():
    young, old = (
        simulate(replace(NASAL, doses=("84mg",), person=Person(70.0, age), step_h=1 / 60)) for age in (45.0, 70.0)
    )
    rise = old.summary["ketamine"]["cmax_ng_per_ml"][0] / young.summary["ketamine"]["cmax_ng_per_ml"][0]
    assert 1.0 < rise < 1.03
    assert "about 2 %" in find(old, "older-peak-too-low").message


def test_sampled_people_of_whom_some_are_older_are_told_with_their_share():
    found = simulate(replace(NASAL, person=Person(), n=100, seed=2))
    age = found.parts[0].kinetics.subjects.covariates["age"]
    assert f"({100 * np.mean(age >= 65):.0f} % of the people)" in find(found, "older-peak-too-low").message


def test_rates_held_over_sessions_are_told_of_a_population_on_film():
    course = replace(FILM, doses=("50mg", "50mg@3d"), until_h=80.0, step_h=1.0, n=5)
    problem = find(simulate(course), "occasion-held")
    assert "ka1" in problem.message
    assert problem.value == 2
    for quiet in (
        replace(course, n=None),
        replace(course, doses=("50mg",)),
        replace(NASAL, doses=("56mg", "56mg@3d"), until_h=80.0, step_h=1.0, n=5),
    ):
        assert "occasion-held" not in codes(simulate(quiet))


def test_amount_and_duration_of_a_dose_are_drawn_anew_and_not_named_as_held():
    held = find_held(get_model("simons-2022"), "sublingual")
    assert {"ka1", "mtt_kn", "vh2"} <= set(held)
    assert not {"f1", "d1", "f2", "d2"} & set(held)
    assert "ka1" not in find_held(get_model("simons-2022"), "iv")


def test_borrowed_absorption_of_fanta_carries_the_spread_of_where_it_is_from():
    borrowed, own = get_model("fanta-otto-2021").parameters["ka"], get_model("perez-ruixo-2021").parameters["ka_po"]
    assert borrowed.between.omega2 == own.between.omega2
    assert borrowed.between.citation.source == own.between.citation.source == "PEREZ-RUIXO-21"
    assert borrowed.between.citation.grade is Grade.D
