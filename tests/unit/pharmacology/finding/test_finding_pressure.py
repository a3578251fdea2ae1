"""The upper end of the pressure rise in words: not below what trials saw, and no part of the curves."""

import numpy as np
import pytest

from afterglow.pharmacology.covariates import Person
from afterglow.pharmacology.effects.clinical import compare_clinical
from afterglow.pharmacology.finding import Option, Patient, compare, draw_people, predict

PATIENT = Patient(Person(weight_kg=70.0, age_years=45.0))
INFUSION = Option("racemic", "iv", dose_mg_per_kg=0.5, duration_min=40.0)
SPRAY = Option("esketamine", "intranasal", devices=2)


def test_upper_end_after_an_infusion_is_not_below_what_the_trials_mean_and_spread_give() -> None:
    row = compare(INFUSION, SPRAY, PATIENT).sides[0].row
    systolic, diastolic = row.values["bp_rise_p95_mmhg"]
    published = (19 + 1.645 * 13, 13 + 1.645 * 9)  # mean and SD of the peak, sheet, grade C: 40/28
    assert systolic == pytest.approx(published[0], abs=2.0)
    assert diastolic == pytest.approx(published[1], abs=2.0)
    assert row.words["bp_rise"] == "up to about 45/30"  # rounded up from 41/28


def test_curves_are_left_without_what_the_words_add() -> None:
    people = draw_people(60, 4)
    side = compare(INFUSION, SPRAY, PATIENT, people=people).sides[0]
    outlook = predict(INFUSION, PATIENT, people, until_min=150.0)
    top = float(np.quantile(outlook.systolic_rise_mmhg.max(axis=0), 0.95))
    assert max(side.curves["systolic_rise_mmhg"]["p95"]) == pytest.approx(top, rel=0.05)
    assert side.row.values["bp_rise_p95_mmhg"][0] > top + 10.0


def test_more_drug_has_the_higher_upper_end() -> None:
    low, high = compare(Option("racemic", "iv", dose_mg=10.0, duration_min=40.0), INFUSION, PATIENT).sides
    assert low.row.values["bp_rise_p95_mmhg"][0] < high.row.values["bp_rise_p95_mmhg"][0]


def test_what_the_pressure_lacks_is_told_beside_it() -> None:
    failures = " ".join(compare(INFUSION, SPRAY, PATIENT).sides[0].basis["known_failures"])
    assert "+19/+13" in failures
    assert "4 h" in failures
    (row,) = (one for one in compare_clinical(50, np.random.default_rng(1)) if one.row.id == "iv-sbp-still-up")
    assert not row.is_met
    assert row.row.known_miss
