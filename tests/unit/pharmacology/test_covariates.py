"""People: what is accepted of one, and how a virtual population is spread."""

import numpy as np
import pytest

from afterglow.pharmacology.covariates import (
    Demography,
    Person,
    build_covariates,
    calculate_adjusted_weight,
    check_person,
    sample_covariates,
)
from afterglow.terms import InvalidInput


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("weight_kg", 20.0, 19.9),
        ("weight_kg", 350.0, 350.1),
        ("weight_kg", 70.0, float("nan")),
        ("age_years", 110.0, 111.0),
        ("age_years", 0.0, -1.0),
        ("height_cm", 100.0, 99.0),
        ("bmi", 90.0, 91.0),
        ("sex", "F", "female"),
        ("ancestry", "japanese", "martian"),
        ("hepatic", "severe", "dreadful"),
    ],
)
def test_value_is_accepted_to_its_end_and_refused_beyond(field, good, bad):
    check_person(Person(**{field: good}))
    with pytest.raises(InvalidInput) as caught:
        check_person(Person(**{field: bad}))
    problem = caught.value.problems[0]
    assert problem.path == field.split("_")[0]
    assert problem.accepted


def test_japanese_counts_as_asian_and_not_the_other_way():
    japanese, _ = build_covariates(Person(70.0, 40.0, ancestry="japanese"))
    asian, _ = build_covariates(Person(70.0, 40.0, ancestry="asian"))
    assert (japanese["asian"][0], japanese["japanese"][0]) == (1, 1)
    assert (asian["asian"][0], asian["japanese"][0]) == (1, 0)


def test_unknown_weight_and_age_are_assumed_with_a_warning():
    covariates, problems = build_covariates(Person())
    assert (covariates["weight"][0], covariates["age"][0]) == (70, 45)
    assert {problem.code for problem in problems} == {"weight-assumed", "age-assumed"}


def test_size_is_adjusted_above_bmi_35_only():
    # Devine: woman of 160 cm 45.5 + 0.91 x 7.6 = 52.4 kg; 40 % of what lies above it counts
    heavy, problems = build_covariates(Person(120.0, 40.0, sex="F", height_cm=160.0))
    assert heavy["size"][0] == pytest.approx(52.416 + 0.4 * (120 - 52.416))
    assert [problem.code for problem in problems] == ["size-adjusted"]
    lighter, problems = build_covariates(Person(89.0, 40.0, sex="F", height_cm=160.0))
    assert (lighter["size"][0], problems) == (89.0, ())
    assert calculate_adjusted_weight(50.0, 160.0, is_female=True) == 50.0


def test_population_has_the_spread_asked_for():
    people = sample_covariates(40_000, np.random.default_rng(7))
    assert people["female"].mean() == pytest.approx(0.58, abs=0.01)
    assert np.median(people["weight"]) == pytest.approx(74, abs=1.5)  # median of the esketamine trials
    assert (people["asian"].mean(), people["japanese"].mean()) == pytest.approx((0.137, 0.017), abs=0.006)
    assert (people["age"].min() >= 18, people["age"].max() <= 86) == (True, True)
    assert np.corrcoef(people["weight"], people["height"])[0, 1] > 0.3
    assert (people["japanese"] <= people["asian"]).all()


def test_same_seed_gives_the_same_people():
    def draw(seed):
        return sample_covariates(50, np.random.default_rng(seed), Demography(share_female=0.5))

    assert all(np.array_equal(draw(3)[name], draw(3)[name]) for name in draw(3))
    assert not np.array_equal(draw(3)["weight"], draw(4)["weight"])


@pytest.mark.parametrize(
    ("person", "code"),
    [
        (Person(weight_kg=70, height_cm=170, bmi=35), "build-contradicts"),
        (Person(weight_kg=70, height_cm=170, bmi=22), "build-contradicts"),
        (Person(weight_kg=300, height_cm=120), "build-impossible"),
        (Person(weight_kg=200, bmi=12), "build-impossible"),
    ],
)
def test_weight_height_and_bmi_that_contradict_one_another_are_refused(person, code):
    with pytest.raises(InvalidInput) as refused:
        build_covariates(person)
    (problem,) = refused.value.problems
    assert problem.code == code
    for told in (person.weight_kg, person.height_cm, person.bmi):
        assert told is None or f"{told:g}" in problem.message


@pytest.mark.parametrize("bmi", [24.2, 24.0, 25.0, None])
def test_weight_height_and_a_rounded_bmi_are_taken(bmi):
    found, _ = build_covariates(Person(weight_kg=70, height_cm=170, bmi=bmi))
    assert found["bmi"][0] == pytest.approx(bmi or 24.22, rel=0.05)
