"""Effects as functions of a level: published points, limits and refusals."""

import numpy as np
import pytest

from afterglow.pharmacology.effects import (
    build_typical_values,
    calculate_cadss,
    calculate_occupancy,
    calculate_pain_change_cm,
    calculate_pain_relief,
    calculate_sigmoid,
    calculate_tolerance,
    draw_values,
    list_parameters,
    load_endpoints,
)
from afterglow.terms import Grade, InvalidInput


def test_half_of_the_effect_is_reached_at_c50() -> None:
    assert calculate_sigmoid(71.0, 71.0, 1.75) == pytest.approx(0.5)
    assert calculate_sigmoid(0.0, 71.0, 1.75) == 0.0
    assert calculate_sigmoid(-1e-12, 71.0, 1.75) == 0.0


# worked values of the occupancy index: 253 ng/mL of racemate, 40, 73 and 101 ng/mL of esketamine
@pytest.mark.parametrize(("s", "r", "index"), [(126.5, 126.5, 0.55), (40, 0, 0.24), (73, 0, 0.36), (101, 0, 0.44)])
def test_occupancy_index_of_usual_levels(s: float, r: float, index: float) -> None:
    assert calculate_occupancy(s, r) == pytest.approx(index, abs=0.005)


def test_norketamine_adds_to_the_index_and_never_passes_one() -> None:
    assert calculate_occupancy(73, 0, 120) > calculate_occupancy(73)
    assert calculate_occupancy(1e9) < 1


def test_dissociation_fades_over_sessions_to_its_floor() -> None:
    shares = calculate_tolerance(np.arange(1, 9))
    assert shares[0] == 1
    assert shares[1] == pytest.approx(0.85)
    assert np.all(np.diff(shares) <= 0)
    assert shares[-1] == 0.5


def test_sessions_are_counted_from_one() -> None:
    with pytest.raises(InvalidInput) as refusal:
        calculate_tolerance(0)
    assert refusal.value.problems[0].path == "session_number"


def test_cadss_stays_on_its_scale() -> None:
    assert calculate_cadss(1e6, 400, 121, 2) == 92
    assert calculate_cadss(121, 40, 121, 2, 0.5) == pytest.approx(10)


def test_norketamine_opposes_only_when_asked() -> None:
    assert calculate_pain_change_cm(100, 50) == pytest.approx(-3.8)  # Olofsen 2012: -3.8 cm at 100 ng/mL
    assert calculate_pain_change_cm(100, 50, norketamine_weight=1) == pytest.approx(-2.3)  # and +1.5 cm at 50


def test_pain_of_an_unknown_kind_is_refused() -> None:
    assert calculate_pain_relief(121) == pytest.approx(0.5)
    with pytest.raises(InvalidInput):
        calculate_pain_relief(121, "tooth")


def test_every_parameter_is_cited_graded_and_inside_its_interval() -> None:
    for name, parameter in list_parameters():
        assert parameter.citation.grade in (Grade.A, Grade.B, Grade.C, Grade.D), name
        if parameter.low is not None and parameter.high is not None:
            assert parameter.low <= parameter.value <= parameter.high, name
        assert parameter.unit, name


def test_an_endpoint_takes_the_grade_of_its_weakest_number() -> None:
    assert load_endpoints()["circulation"].worst_grade is Grade.D
    assert load_endpoints()["drug_high"].worst_grade is Grade.C


def test_r_ketamine_has_no_part_in_dissociation() -> None:
    assert load_endpoints()["dissociation"].parameters["r_ketamine_weight"].value == 0


def test_draws_repeat_with_the_seed_and_keep_the_mean_where_the_mean_is_published() -> None:
    first = draw_values(40_000, np.random.default_rng(1))
    again = draw_values(40_000, np.random.default_rng(1))
    maxima = np.asarray(first.get("dissociation.maximum"))
    assert np.array_equal(maxima, np.asarray(again.get("dissociation.maximum")))
    assert maxima.mean() == pytest.approx(40, rel=0.03)
    assert np.std(np.log(maxima)) == pytest.approx(0.8, rel=0.02)


def test_draws_are_independent_of_each_other() -> None:
    drawn = draw_values(40_000, np.random.default_rng(2))
    systolic = np.log(np.asarray(drawn.get("circulation.systolic_maximum")))
    diastolic = np.log(np.asarray(drawn.get("circulation.diastolic_maximum")))
    assert abs(np.corrcoef(systolic, diastolic)[0, 1]) < 0.02


@pytest.mark.parametrize("overrides", [{"circulation.nothing": 1.0}, {"circulation.systolic_maximum": float("nan")}])
def test_an_override_must_name_a_parameter_and_be_finite(overrides: dict[str, float]) -> None:
    assert build_typical_values(1, {"circulation.systolic_maximum": 30.0}).get("circulation.systolic_maximum") == 30
    with pytest.raises(InvalidInput):
        build_typical_values(1, overrides)


def test_a_population_has_someone_in_it() -> None:
    with pytest.raises(InvalidInput):
        draw_values(0, np.random.default_rng(1))
