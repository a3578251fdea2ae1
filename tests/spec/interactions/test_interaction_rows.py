"""Rows D-01 to D-14 of the clinical sheet and the additions D-15 to D-20: on the medicine, off it, list unknown.

The expected words are typed from the sheet (flag = caution, inform or none = info, do not co-administer = stop).
"""

from typing import Any

import pytest

from afterglow.protocols.evaluate import evaluate_rules
from afterglow.protocols.medicines import describe_medicines
from afterglow.protocols.model import Stage
from afterglow.protocols.rules import load_rules
from tests.spec.protocols.asking import ESKETAMINE_US, RACEMIC, ask

CAUTION = "caution/prescriber"
ORAL = RACEMIC | {"route": "oral"}


def taking(*names: str, hours_since: float | None = None) -> dict[str, Any]:
    """Return the facts of a list of medicines."""
    return describe_medicines({"name": name, "hours_since": hours_since} for name in names)


SCREENING = [
    ("D-01", "lorazepam", CAUTION, CAUTION, "cleared"),
    ("D-01", "zolpidem", CAUTION, CAUTION, "cleared"),
    ("D-02", "oxycodone", CAUTION, CAUTION, "cleared"),
    ("D-02", "pregabalin", CAUTION, CAUTION, "cleared"),
    ("D-02", "diphenhydramine", CAUTION, CAUTION, "cleared"),
    ("D-03", "methylphenidate", CAUTION, CAUTION, "cleared"),
    ("D-03", "modafinil", CAUTION, CAUTION, "cleared"),
    ("D-04", "tranylcypromine", CAUTION, CAUTION, "cleared"),
    ("D-05", "theophylline", "stop/second-clinician", "stop/second-clinician", "cleared"),
    ("D-05", "aminophylline", "stop/second-clinician", "stop/second-clinician", "cleared"),
    ("D-06", "pseudoephedrine", CAUTION, CAUTION, "cleared"),
    ("D-06", "vasopressin", CAUTION, CAUTION, "cleared"),
    ("D-07", "lamotrigine", "info", "info", "silent"),
    ("D-08", "clarithromycin", CAUTION, CAUTION, "cleared"),
    ("D-08", "ticlopidine", CAUTION, CAUTION, "cleared"),
    ("D-08", "grapefruit juice", CAUTION, CAUTION, "cleared"),
    ("D-09", "rifampicin", "info", "info", "silent"),
    ("D-09", "St John's wort", "info", "info", "silent"),
    ("D-10", "haloperidol", "info", "info", "silent"),
    ("D-11", "naltrexone", "info", "info", "silent"),
    ("D-12", "lithium carbonate", "info", "info", "silent"),
    ("D-13", "fluticasone nasal spray", "silent", "info", "silent"),
    ("D-13", "oxymetazoline", "silent", "info", "silent"),
    ("D-14", "sertraline", "info", "info", "silent"),
    ("D-15", "semaglutide", CAUTION, CAUTION, "cleared"),
    ("D-16", "insulin glargine", CAUTION, CAUTION, "cleared"),
    ("D-17", "gliclazide", CAUTION, CAUTION, "cleared"),
    ("D-18", "memantine", CAUTION, CAUTION, "cleared"),
    ("D-19", "dextromethorphan", CAUTION, CAUTION, "cleared"),
    ("D-20", "sodium oxybate", CAUTION, CAUTION, "cleared"),
]


@pytest.mark.parametrize(("row", "medicine", "racemic", "esketamine", "off"), SCREENING)
def test_interaction_at_screening(row: str, medicine: str, racemic: str, esketamine: str, off: str) -> None:
    assert ask(row, taking(medicine), RACEMIC) == racemic
    assert ask(row, taking(medicine), ESKETAMINE_US) == esketamine
    assert ask(row, taking("metformin"), ESKETAMINE_US) == off
    assert ask(row, taking(), ESKETAMINE_US) == off


@pytest.mark.parametrize("row", sorted({row for row, *_ in SCREENING}))
def test_an_unknown_list_is_asked_for_once_and_never_cleared(row: str) -> None:
    assert ask(row, {}) == "silent"
    assert ask("D-00", {}) == "missing"


def test_a_medicine_of_unknown_class_is_asked_for() -> None:
    assert ask("D-00", taking("zyxomab", "sertraline")) == "missing"
    assert ask("D-00", taking("sertraline")) == "cleared"
    assert ask("D-00", taking()) == "cleared"


def test_an_inhibitor_lowers_the_start_dose_by_mouth_too() -> None:
    assert ask("D-08", taking("ketoconazole"), ORAL) == CAUTION
    assert ask("D-08", taking("ketoconazole"), ORAL, Stage.DOSE) == CAUTION


TODAY = [
    ("D-01", "lorazepam", 7.9, CAUTION),
    ("D-01", "lorazepam", 8, "silent"),
    ("D-01", "zopiclone", 7.9, CAUTION),
    ("D-03", "lisdexamfetamine", 11.9, CAUTION),
    ("D-03", "lisdexamfetamine", 12, "silent"),
    ("D-13", "mometasone nasal", 0.9, CAUTION),
    ("D-13", "mometasone nasal", 1, "silent"),
    ("D-13", "xylometazoline", 0.9, CAUTION),
    ("D-20", "sodium oxybate", 23.9, "stop/prescriber"),
    ("D-20", "sodium oxybate", 24, "silent"),
]


@pytest.mark.parametrize(("row", "medicine", "hours", "expected"), TODAY)
def test_hold_before_the_dose(row: str, medicine: str, hours: float, expected: str) -> None:
    assert ask(row, taking(medicine, hours_since=hours), ESKETAMINE_US, Stage.PRE_SESSION) == expected
    assert ask(row, taking(medicine), ESKETAMINE_US, Stage.PRE_SESSION) == "missing"
    assert ask(row, taking("metformin"), ESKETAMINE_US, Stage.PRE_SESSION) == "silent"


@pytest.mark.parametrize(("row", "medicine"), [("D-16", "insulin aspart"), ("D-17", "glipizide")])
@pytest.mark.parametrize(("glucose", "expected"), [(3.9, "stop/prescriber"), (4.0, "cleared"), (None, "missing")])
def test_glucose_when_fasting_on_insulin_or_a_sulfonylurea(
    row: str, medicine: str, glucose: float | None, expected: str
) -> None:
    facts = taking(medicine) | {"glucose.mmol_per_l": glucose}
    assert ask(row, facts, RACEMIC, Stage.PRE_SESSION) == expected
    assert ask(row, taking("metformin"), RACEMIC, Stage.PRE_SESSION) == "cleared"


def test_glp1_agonist_is_asked_about_again_on_the_day() -> None:
    assert ask("D-15", taking("tirzepatide"), RACEMIC, Stage.PRE_SESSION) == CAUTION


@pytest.mark.parametrize(("used", "expected"), [(True, "stop/prescriber"), (False, "cleared"), (None, "missing")])
def test_alcohol_cannabis_or_sedatives_in_24_hours(used: bool | None, expected: str) -> None:
    facts = taking() | {"use.alcohol_or_sedatives_24h": used}
    assert ask("D-02", facts, RACEMIC, Stage.PRE_SESSION) == expected


@pytest.mark.parametrize(
    ("medicines", "expected"),
    [
        (taking("metformin"), ["D-02"]),
        (taking("oxycodone"), []),
        ({}, []),
    ],
    ids=["no sedative on the list", "an opioid on the list", "the list is not known"],
)
def test_no_alcohol_today_clears_no_list_of_medicines(medicines: dict[str, Any], expected: list[str]) -> None:
    facts = medicines | {"use.alcohol_or_sedatives_24h": False}
    rules = [rule for rule in load_rules() if rule.id in ("D-00", "D-02")]
    answer = evaluate_rules(rules, facts, Stage.PRE_SESSION, RACEMIC)
    assert [item.rule for item in answer.cleared if item.rule == "D-02"] == expected
