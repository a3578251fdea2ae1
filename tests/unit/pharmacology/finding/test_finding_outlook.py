"""What a prediction reads from its courses: boluses, few people of many, doses after the end."""

from dataclasses import replace

import numpy as np
import pytest

from afterglow.pharmacology.covariates import Person
from afterglow.pharmacology.finding import Goal, Option, Patient, compare, draw_people, predict
from afterglow.pharmacology.finding.goals import calculate_statistic
from afterglow.pharmacology.finding.outlook import MOST_APART, choose_few
from afterglow.pharmacology.regimen import Dose
from afterglow.pharmacology.simulate import Request, simulate
from afterglow.terms import InvalidInput

PATIENT = Patient(Person(weight_kg=70.0, age_years=45.0))
PEOPLE = draw_people(80, 3)
BOLUS = Option("racemic", "iv", dose_mg=35.0)
GOAL = Goal("ketamine_ng_per_ml", 100.0, 0.5)


def codes(found):
    return [problem.code for problem in found.problems]


@pytest.mark.parametrize(("model", "minute"), [("kamp-2020", 5.0), ("clements-1981", 20.0)])
def test_peak_of_a_bolus_is_read_from_the_studied_minute_as_simulate_does(model, minute):
    outlook = predict(replace(BOLUS, model=model), PATIENT, PEOPLE)
    peaks = calculate_statistic(GOAL, outlook)
    row = np.abs(outlook.times_h - minute / 60.0).argmin()
    np.testing.assert_allclose(peaks, outlook.ketamine_ng_per_ml[row], rtol=1e-12)
    assert (outlook.ketamine_ng_per_ml[0] > 1.3 * peaks).mean() > 0.9
    assert "before-studied-time" in codes(outlook)
    known = simulate(Request("racemic", "iv", ("35mg",), PATIENT.person, 3.0, model=model, with_effects=False))
    assert np.median(peaks) == pytest.approx(known.summary["ketamine"]["cmax_ng_per_ml"][0], rel=0.15)
    upper = compare(replace(BOLUS, model=model), BOLUS, PATIENT, people=PEOPLE).sides[0].row.values["peak_ng_per_ml"][1]
    assert upper <= 1.2 * np.quantile(peaks, 0.95)


def test_infusion_is_read_as_a_whole_and_not_marked():
    outlook = predict(replace(BOLUS, duration_min=40.0), PATIENT, PEOPLE)
    np.testing.assert_array_equal(calculate_statistic(GOAL, outlook), outlook.ketamine_ng_per_ml.max(axis=0))
    assert "before-studied-time" not in codes(outlook)


def test_few_people_stand_for_the_weighted_many():
    weights = np.zeros(200)
    weights[150:] = 1.0 / 50
    rows = choose_few(weights, MOST_APART)
    assert len(rows) == MOST_APART
    assert rows.min() >= 150
    assert set(np.diff(rows)) <= {0, 1}
    np.testing.assert_array_equal(choose_few(np.full(200, 1 / 200), 3), [0, 99, 199])


def test_route_of_own_times_is_predicted_with_people_without_weight():
    weights = np.zeros(80)
    weights[-5:] = 0.2
    film = Option("esketamine", "sublingual", dose_mg=50.0)
    outlook = predict(film, PATIENT, replace(PEOPLE, weights=weights), until_min=120.0)
    assert "people-reduced" in codes(outlook)
    assert np.isfinite(outlook.weights).all()
    assert outlook.weights.sum() == pytest.approx(1.0)
    assert np.isfinite(outlook.ketamine_ng_per_ml).all()


def test_dose_after_the_end_is_marked_and_refused_when_it_is_the_only_one():
    given = (Dose(20.0, 0.0, 0.5), Dose(20.0, 4.0, 0.5))
    kept = replace(BOLUS, duration_min=30.0)
    assert "dose-after-end" in codes(predict(kept, PATIENT, PEOPLE, until_min=60.0, doses=given))
    assert "dose-after-end" not in codes(predict(kept, PATIENT, PEOPLE, until_min=300.0, doses=given))
    with pytest.raises(InvalidInput) as refused:
        predict(kept, PATIENT, PEOPLE, until_min=60.0, doses=given[1:])
    assert refused.value.problems[0].code == "dose-after-end"
