"""Recorded events by nose: whole devices one by one, never another amount that would count as one."""

from typing import Any

import pytest

from afterglow.pharmacology.covariates import Person
from afterglow.pharmacology.finding import Patient, draw_people
from afterglow.pharmacology.finding.session import build_given, parse_events, predict_recorded
from afterglow.terms import InvalidInput

PATIENT = Patient(Person(weight_kg=70.0, age_years=45.0))


@pytest.mark.parametrize("kind", ["dose", "device"])
@pytest.mark.parametrize("amount", [14.0, 56.0, 84.0])
def test_amount_by_nose_that_is_not_one_device_is_refused(kind: str, amount: float) -> None:
    events = parse_events([{"kind": kind, "at_min": 0, "amount_mg": amount}])
    with pytest.raises(InvalidInput) as refusal:
        predict_recorded(events, "esketamine", "intranasal", PATIENT, people=draw_people(20, 1))
    problem = refusal.value.problems[0]
    assert (problem.path, problem.code, problem.accepted) == ("events[0].amount_mg", "not-one-device", "28 mg")


@pytest.mark.parametrize(
    "row", [{"kind": "device"}, {"kind": "device", "amount_mg": 28}, {"kind": "dose", "amount_mg": 28}]
)
def test_whole_devices_are_taken_one_by_one(row: dict[str, Any]) -> None:
    events = parse_events([{**row, "at_min": minute} for minute in (0, 5, 10)])
    assert [dose.amount_mg for dose in build_given(events, "esketamine", "intranasal")] == [28.0, 28.0, 28.0]


def test_racemate_by_nose_comes_in_any_amount() -> None:
    events = parse_events([{"kind": "dose", "at_min": 0, "amount_mg": 50}])
    assert build_given(events, "racemic", "intranasal")[0].amount_mg == 50
