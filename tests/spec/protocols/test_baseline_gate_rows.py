"""Rows B-1 to B-7: the gates before a dose, both sides and unknown, under each blood pressure profile."""

from typing import Any

import pytest

from afterglow.protocols.evaluate import evaluate_rules
from afterglow.protocols.model import Stage
from afterglow.protocols.rules import load_rules
from tests.spec.protocols.asking import PROFILES, RACEMIC, ask

CAUTION = "caution/prescriber"
BLOCK = "stop/second-clinician"


def gate(row: str, profile: str = "us-label", **readings: Any) -> str:
    """Return the answer of a gate; readings are systolic, diastolic, age, symptoms and so on."""
    names = {
        "systolic": "bp.systolic_mmhg",
        "diastolic": "bp.diastolic_mmhg",
        "symptoms": "bp.is_symptomatic",
        "age": "person.age_years",
        "heart_rate": "hr.per_min",
        "spo2": "spo2.percent",
        "respiration": "rr.per_min",
        "temperature": "temperature.cel",
    }
    facts = {names[key]: value for key, value in readings.items()}
    return ask(row, facts, RACEMIC | {"profile.blood_pressure": profile}, Stage.PRE_SESSION)


@pytest.mark.parametrize(
    ("systolic", "diastolic", "expected"),
    [(140, 90, "cleared"), (141, 90, CAUTION), (140, 91, CAUTION), (None, 80, "missing"), (150, None, CAUTION)],
)
def test_us_label_weighs_a_delay_row_b1(systolic: int | None, diastolic: int | None, expected: str) -> None:
    assert gate("B-1", systolic=systolic, diastolic=diastolic) == expected


@pytest.mark.parametrize(
    ("systolic", "diastolic", "expected"),
    [(140, 90, "cleared"), (141, 90, "stop/prescriber"), (140, 91, "stop/prescriber"), (None, None, "missing")],
)
def test_canmat_does_not_start_row_b2(systolic: int | None, diastolic: int | None, expected: str) -> None:
    assert gate("B-2", "canmat", systolic=systolic, diastolic=diastolic) == expected


@pytest.mark.parametrize(
    ("age", "systolic", "diastolic", "expected"),
    [
        (64, 140, 90, "cleared"),
        (64, 141, 90, CAUTION),
        (65, 150, 90, "cleared"),
        (65, 151, 90, CAUTION),
        (65, 150, 91, CAUTION),
        (None, 145, 80, "missing"),
        (64, None, None, "missing"),
    ],
)
def test_eu_label_goes_by_age_row_b3(
    age: int | None, systolic: int | None, diastolic: int | None, expected: str
) -> None:
    assert gate("B-3", "eu", age=age, systolic=systolic, diastolic=diastolic) == expected


@pytest.mark.parametrize(
    ("systolic", "diastolic", "expected"), [(159, 99, "cleared"), (160, 99, CAUTION), (None, None, "missing")]
)
def test_symptom_led_profile_row_b4(systolic: int | None, diastolic: int | None, expected: str) -> None:
    assert gate("B-4", "symptom-led", systolic=systolic, diastolic=diastolic) == expected


@pytest.mark.parametrize(
    ("systolic", "diastolic", "expected"),
    [
        (140, 90, "cleared"),
        (141, 90, CAUTION),
        (140, 91, CAUTION),
        (159, 99, CAUTION),
        (160, 99, BLOCK),
        (159, 100, BLOCK),
        (179, 109, BLOCK),
        (180, 109, "stop/none"),
        (179, 110, "stop/none"),
    ],
)
@pytest.mark.parametrize("profile", ["us-label", "canmat", "eu"])
def test_site_policy_without_symptoms_row_b5(profile: str, systolic: int, diastolic: int, expected: str) -> None:
    assert gate("B-5", profile, systolic=systolic, diastolic=diastolic, symptoms=False) == expected


def test_pressure_not_taken_is_missing_row_b5() -> None:
    assert gate("B-5", symptoms=False) == "missing"
    assert gate("B-5", systolic=130, symptoms=False) == "missing"


def test_symptoms_with_raised_pressure_are_an_emergency_row_b5() -> None:
    assert gate("B-5", systolic=150, diastolic=80, symptoms=True) == "stop/none + caution/prescriber"
    assert gate("B-5", "symptom-led", systolic=150, diastolic=80, symptoms=True) == "stop/none"
    assert gate("B-5", systolic=130, diastolic=80, symptoms=True) == "cleared"


def test_symptoms_are_asked_about_when_pressure_is_raised_row_b5() -> None:
    assert gate("B-5", systolic=150, diastolic=80) == "caution/prescriber + missing"


def test_symptom_led_profile_is_never_looser_than_180_over_110_row_b5() -> None:
    assert gate("B-5", "symptom-led", systolic=179, diastolic=109, symptoms=False) == "cleared"
    assert gate("B-5", "symptom-led", systolic=180, diastolic=90, symptoms=False) == "stop/none"


def test_a_start_at_150_shows_its_headroom_and_asks_for_a_plan() -> None:
    facts = {"bp.systolic_mmhg": 150, "bp.diastolic_mmhg": 88, "bp.is_symptomatic": False}
    rules = [rule for rule in load_rules() if rule.id == "B-5"]
    (finding,) = evaluate_rules(rules, facts, Stage.PRE_SESSION, PROFILES | RACEMIC).findings
    assert "Headroom 10 systolic, 12 diastolic" in finding.threshold
    assert "written plan" in finding.asks
    assert finding.source == "SITE, row B-5"


def test_180_without_symptoms_calls_the_prescriber() -> None:
    facts = {"bp.systolic_mmhg": 180, "bp.diastolic_mmhg": 88, "bp.is_symptomatic": False}
    rules = [rule for rule in load_rules() if rule.id == "B-5"]
    (finding,) = evaluate_rules(rules, facts, Stage.PRE_SESSION, PROFILES | RACEMIC).findings
    assert finding.asks.startswith("Do not dose. Call the prescriber now")


NORMAL = {"heart_rate": 72, "spo2": 98, "respiration": 14, "temperature": 36.7}


@pytest.mark.parametrize(
    ("words", "reading", "expected"),
    [
        ("heart rate", {"heart_rate": 49}, "stop/prescriber"),
        ("heart rate", {"heart_rate": 50}, "cleared"),
        ("heart rate", {"heart_rate": 110}, "cleared"),
        ("heart rate", {"heart_rate": 111}, "stop/prescriber"),
        ("oxygen", {"spo2": 93}, "stop/prescriber"),
        ("oxygen", {"spo2": 94}, "cleared"),
        ("breathing", {"respiration": 9}, "stop/prescriber"),
        ("breathing", {"respiration": 10}, "cleared"),
        ("breathing", {"respiration": 20}, "cleared"),
        ("breathing", {"respiration": 21}, CAUTION),
        ("breathing", {"respiration": 24}, CAUTION),
        ("breathing", {"respiration": 25}, "stop/prescriber"),
        ("temperature", {"temperature": 37.9}, "cleared"),
        ("temperature", {"temperature": 38.0}, "stop/prescriber"),
        *[(f"{key} unknown", {key: None}, "missing") for key in NORMAL],
    ],
)
def test_other_vitals_row_b6(words: str, reading: dict, expected: str) -> None:
    assert gate("B-6", **(NORMAL | reading)) == expected, words


@pytest.mark.parametrize(("systolic", "expected"), [(89, "stop/prescriber"), (90, "cleared"), (None, "missing")])
def test_low_pressure_row_b7(systolic: int | None, expected: str) -> None:
    assert gate("B-7", systolic=systolic) == expected
