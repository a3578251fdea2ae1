"""Doses of one way side by side: shares that rise with the dose, the cuff's excess, one route only."""

import json
from typing import Any

import numpy as np
import pytest

from afterglow.pharmacology.covariates import Person
from afterglow.pharmacology.effects.parameters import load_endpoints
from afterglow.pharmacology.finding import Goal, Option, Patient, draw_people, predict
from afterglow.pharmacology.finding.candidates import Mark, calculate_share_above, weigh_candidates
from afterglow.pharmacology.finding.goals import calculate_share
from afterglow.pharmacology.jobs import weigh_doses
from afterglow.terms import InvalidInput

PATIENT = Patient(Person(weight_kg=70.0, age_years=45.0))
IV = Option("racemic", "iv", dose_mg=35.0, duration_min=40.0)
PEOPLE = draw_people(60, 3)
ASKED: dict[str, Any] = {
    "patient": {"weight_kg": 70, "age_years": 45},
    "options": [
        {"drug": "racemic", "route": "iv", "dose_mg_per_kg": dose, "duration_min": 40} for dose in (0.3, 0.5, 0.7)
    ],
    "goal": {"of": "ketamine_ng_per_ml", "level": 150},
    "limit": {"of": "cadss6", "level": 12},
    "n": 60,
    "seed": 3,
}


def weigh(*amounts_mg: float, goal: Mark, limit: Mark) -> list[tuple[float, float]]:
    options = [Option("racemic", "iv", dose_mg=amount, duration_min=40.0) for amount in amounts_mg]
    found, _ = weigh_candidates(options, goal, limit, PATIENT, people=PEOPLE)
    return [(one.reach, one.over) for one in found]


def test_more_drug_reaches_more_and_passes_more() -> None:
    rows = weigh(10, 25, 40, 80, goal=Mark("ketamine_ng_per_ml", 150), limit=Mark("cadss6", 12))
    for column in zip(*rows, strict=True):
        assert list(column) == sorted(column)
        assert column[0] < column[-1]


def test_a_share_is_that_of_a_search_for_the_same_goal() -> None:
    outlook = predict(IV, PATIENT, PEOPLE, until_min=180.0)
    found = calculate_share_above(Mark("ketamine_ng_per_ml", 200.0), outlook)
    assert found == pytest.approx(calculate_share(Goal("ketamine_ng_per_ml", 200.0, 0.5), outlook))


def test_pressure_is_judged_with_what_the_cuff_reads_above_the_curve() -> None:
    """By a draw of readings: each person's own peak, the excess and its spread; 400 000 draws, error below 0.003."""
    outlook = predict(IV, PATIENT, PEOPLE, until_min=180.0)
    own = load_endpoints()["circulation"].parameters
    excess, spread = own["systolic_peak_excess"].value, own["systolic_peak_sd"].value
    noise = np.random.default_rng(5).standard_normal((10_000, PEOPLE.n))
    readings = outlook.systolic_rise_mmhg.max(axis=0) + excess + spread * noise
    for level in (10.0, 25.0, 45.0):
        found = calculate_share_above(Mark("systolic_rise_mmhg", level), outlook)
        assert found == pytest.approx(float(np.mean(readings >= level)), abs=0.005)
        assert found > calculate_share(Goal("systolic_rise_mmhg", level, 0.5), outlook)


def test_the_answer_is_plain_data_with_basis_and_intervals() -> None:
    found = weigh_doses(json.dumps(ASKED))
    assert found["status"] == "ok"
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert [row["amount_mg"] for row in found["candidates"]] == [21, 35, 49]
    for row in found["candidates"]:
        assert row["reach_interval"][0] <= row["reach"] <= row["reach_interval"][1]
        assert row["over_interval"][0] <= row["over"] <= row["over_interval"][1]
    assert found["basis"]["model"] == "kamp-2020"


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"options": []}, "options", "too-many"),
        ({"options": ["35mg"]}, "options[0]", "not-an-object"),
        ({"options": ASKED["options"] * 20}, "options", "too-many"),
        ({"goal": {"of": "joy", "level": 1}}, "of", "unknown-name"),
        ({"goal": {"of": "cadss6"}}, "goal.level", "missing"),
        ({"limit": {"of": "cadss6", "level": -1}}, "level", "out-of-range"),
        ({"limit": {"of": "cadss6", "level": 1, "share": 0.5}}, "limit.share", "unknown-field"),
        ({"limit": "cadss6"}, "limit", "wrong-kind"),
    ],
)
def test_what_cannot_be_weighed_is_refused_as_data(changes: dict[str, Any], path: str, code: str) -> None:
    found = weigh_doses(json.dumps({**ASKED, **changes}))
    assert (found["status"], found["problems"][0]["path"], found["problems"][0]["code"]) == ("refused", path, code)


def test_two_routes_are_never_weighed_as_one_table() -> None:
    spray = Option("esketamine", "intranasal", devices=2)
    with pytest.raises(InvalidInput, match="one drug and route"):
        weigh_candidates([IV, spray], Mark("cadss6", 6), Mark("cadss6", 12), PATIENT, people=PEOPLE)
