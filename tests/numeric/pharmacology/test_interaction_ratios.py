"""Interactions: the engine's AUC with over without, beside the ratio each study measured."""

import pytest

from afterglow.pharmacology.covariates import Person
from afterglow.pharmacology.interactions import combine_factors, grade_interactions, load_perpetrators, solve_factors
from afterglow.pharmacology.models.catalogue import get_model
from afterglow.pharmacology.models.exposure import calculate_derived
from afterglow.pharmacology.simulate import Request, simulate
from afterglow.terms import Grade, InvalidInput

LONG_H = 120.0


def auc(route, dose, *interactions, model="perez-ruixo-2021", drug="esketamine", **person):
    request = Request(
        drug=drug,
        route=route,
        doses=(dose,),
        person=Person(70.0, 45.0, **person),
        until_h=LONG_H,
        step_h=1.0,
        model=model,
        interactions=interactions,
        with_effects=False,
    )
    return simulate(request).summary["ketamine"]["auc_ng_h_per_ml"][0]


# perpetrator, route, dose of the study, ratio of AUC: typed in from the studies
MEASURED = [
    ("ticlopidine", "oral", "14mg", 2.4),
    ("ticlopidine", "intranasal", "56mg", 1.29),
    ("itraconazole", "oral", "14mg", 1.0),
    ("clarithromycin", "oral", "14mg", 2.6),
    ("clarithromycin", "intranasal", "84mg", 1.04),
    ("grapefruit-juice", "oral", "14mg", 3.0),
    ("st-johns-wort", "oral", "21mg", 0.42),
    ("rifampicin", "oral", "21mg", 0.14),
    ("rifampicin", "iv", "7mg", 0.86),
    ("rifampicin", "intranasal", "56mg", 0.72),
    ("oxymetazoline", "intranasal", "56mg", 1.0),
    ("mometasone", "intranasal", "56mg", 1.0),
    ("hepatic-moderate", "intranasal", "28mg", 2.03),
]


@pytest.mark.parametrize(("name", "route", "dose", "ratio"), MEASURED)
def test_measured_ratio_is_reproduced(name, route, dose, ratio):
    assert auc(route, dose, name) / auc(route, dose) == pytest.approx(ratio, rel=0.005)


@pytest.mark.parametrize(
    ("model", "name", "ratio"),
    [
        ("fanta-otto-2021", "rifampicin", 0.14),
        ("fanta-otto-2021", "ticlopidine", 2.4),
        ("racemic-oral", "rifampicin", 0.14),
    ],
)
def test_models_with_a_plasma_clearance_meet_the_oral_ratio_too(model, name, ratio):
    drug = "racemic" if model.startswith("racemic") else "esketamine"
    with_it, alone = (auc("oral", "21mg", *names, model=model, drug=drug) for names in ((name,), ()))
    assert with_it / alone == pytest.approx(ratio, rel=0.005)


def test_vein_and_mouth_together_foretell_the_nasal_effect_of_rifampicin():
    # hepatic factor from the IV ratio, gut factor from the oral one; the label's nasal 0.72 is not used here
    liver = solve_factors("perez-ruixo-2021", "esketamine", "iv", "rifampicin").liver
    gut = solve_factors("perez-ruixo-2021", "esketamine", "oral", "rifampicin").gut
    nasal = solve_factors("perez-ruixo-2021", "esketamine", "intranasal", "rifampicin")
    assert nasal.gut == gut
    assert nasal.liver == pytest.approx(liver, rel=0.06)


def test_oral_effect_is_large_and_the_others_small():
    oral, nasal, iv = (auc(r, "28mg", "st-johns-wort") / auc(r, "28mg") for r in ("oral", "intranasal", "iv"))
    assert oral < nasal < iv < 1
    assert iv > 0.8


def test_route_without_a_measurement_is_marked():
    _, _, measured = combine_factors("perez-ruixo-2021", "esketamine", "oral", ["st-johns-wort"])
    _, _, carried = combine_factors("perez-ruixo-2021", "esketamine", "intranasal", ["st-johns-wort"])
    assert [problem.code for problem in measured] == []
    assert [problem.code for problem in carried] == ["interaction-not-measured"]


def liver_of(route, *names):
    return combine_factors("perez-ruixo-2021", "esketamine", route, names)[0]


def test_two_at_once_are_multiplied_and_marked():
    names = ["ticlopidine", "rifampicin"]
    liver, _, problems = combine_factors("perez-ruixo-2021", "esketamine", "intranasal", names)
    assert liver == pytest.approx(liver_of("intranasal", names[0]) * liver_of("intranasal", names[1]))
    assert [problem.code for problem in problems] == ["interactions-combined"]


def test_product_is_held_at_the_strongest_inhibition_that_was_measured():
    names = ["ticlopidine", "clarithromycin", "ketoconazole"]
    liver, _, problems = combine_factors("perez-ruixo-2021", "esketamine", "oral", names)
    alone = [liver_of("oral", name) for name in names]
    assert alone[0] * alone[1] * alone[2] < liver <= min(alone)
    assert liver == liver_of("oral", "grapefruit-juice")  # ratio 3.0, the largest by mouth
    (bounded,) = (problem for problem in problems if problem.code == "interactions-bounded")
    assert "held there" in bounded.message


def test_product_is_held_at_the_strongest_induction_that_was_measured():
    strongest = max(liver_of("oral", "rifampicin"), liver_of("oral", "st-johns-wort"))
    liver, _, problems = combine_factors(
        "perez-ruixo-2021", "esketamine", "oral", ["rifampicin", "st-johns-wort", "efavirenz"]
    )
    assert liver == strongest
    assert "interactions-bounded" in {problem.code for problem in problems}


@pytest.mark.parametrize(("name", "marked"), [("ketoconazole", True), ("efavirenz", True), ("ticlopidine", False)])
def test_ratio_that_was_assumed_is_marked_by_the_route_it_is_given_for(name, marked):
    _, _, problems = combine_factors("perez-ruixo-2021", "esketamine", "oral", [name])
    assert load_perpetrators()[name].is_assumed is marked
    assert [problem.code for problem in problems] == (["interaction-not-measured"] if marked else [])
    assert all("assumed" in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("route", "name", "grade"),
    [
        ("oral", "ticlopidine", Grade.A),
        ("oral", "ketoconazole", Grade.C),
        ("im", "rifampicin", Grade.A),
        ("iv", "ticlopidine", Grade.D),
        ("intranasal", "hepatic-moderate", Grade.C),
    ],
)
def test_interaction_is_graded_by_the_route(route, name, grade):
    assert grade_interactions(route, [name]) == (grade,)


def test_unknown_interaction_is_refused():
    with pytest.raises(InvalidInput) as caught:
        combine_factors("perez-ruixo-2021", "esketamine", "oral", ["hay"])
    assert "ticlopidine" in caught.value.problems[0].accepted


def test_hepatic_class_acts_like_the_perpetrator_of_that_name():
    by_class = auc("intranasal", "28mg", hepatic="moderate")
    assert by_class == pytest.approx(auc("intranasal", "28mg", "hepatic-moderate"))
    with pytest.raises(InvalidInput):
        auc("intranasal", "28mg", hepatic="severe")


def test_ashraf_gives_the_ratios_it_is_kept_for():
    found = calculate_derived(get_model("ashraf-2018"))
    assert found["oral_ratio_without_2b6"] == pytest.approx(2.5, rel=0.001)
    assert found["iv_ratio_without_2b6"] == pytest.approx(1.45, rel=0.01)


def test_every_ratio_is_cited():
    for who in load_perpetrators().values():
        assert who.measured
        assert all(one.citation.locator and one.citation.grade in "ABCD" for one in who.measured.values())
