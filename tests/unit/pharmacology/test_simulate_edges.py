"""Edges of the one call: weights nobody studied, mixtures of too few people."""

import pytest

from afterglow.pharmacology.covariates import Person
from afterglow.pharmacology.simulate import Request, simulate
from afterglow.terms import InvalidInput

INFUSION = {"drug": "racemic", "route": "iv", "doses": ("0.5mg/kg@0min/40min",), "until_h": 2}


@pytest.mark.parametrize(("weight_kg", "is_marked"), [(44, True), (45, False), (120, False), (121, True), (200, True)])
def test_a_model_without_weights_marks_what_lies_beyond_ordinary_adults(weight_kg: float, is_marked: bool) -> None:
    request = Request(
        drug="racemic", route="iv", doses=("0.5mg/kg@0min/40min",), person=Person(weight_kg=weight_kg), until_h=2
    )
    marked = [each for each in simulate(request).problems if each.path == "weight"]
    assert bool(marked) == is_marked


def test_a_mixture_needs_somebody_for_each_model() -> None:
    given = {
        "drug": "racemic",
        "route": "iv",
        "doses": ("0.5mg/kg@0min/40min",),
        "person": Person(weight_kg=70),
        "until_h": 2,
    }
    with pytest.raises(InvalidInput) as caught:
        simulate(Request(**given, model="mix-iv-racemic", n=1, seed=1))
    assert caught.value.problems[0].path == "n"
    assert simulate(Request(**given, model="mix-iv-racemic", n=2, seed=1)).is_population
