"""Rules of the indication: treatment resistance TR-1 to TR-7, oral antidepressant E-10 and E-11, bipolar depression."""

import pytest

from tests.spec.protocols.asking import ESKETAMINE_EU, ESKETAMINE_US, RACEMIC, ask

STOP, CAUTION, SECOND = "stop/prescriber", "caution/prescriber", "stop/second-clinician"
FOUR = {"profile.resistance": "four-trials"}
BIPOLAR = RACEMIC | {"indication": "bipolar-depression"}
SUICIDAL = ESKETAMINE_US | {"indication": "mdd-si"}


@pytest.mark.parametrize(
    ("row", "words", "facts", "context", "expected"),
    [
        ("TR-1", "resistance shown", {"resistance.is_met": True}, ESKETAMINE_US, "cleared"),
        ("TR-1", "not shown, esketamine", {"resistance.is_met": False}, ESKETAMINE_US, STOP),
        ("TR-1", "not shown, racemic", {"resistance.is_met": False}, RACEMIC, CAUTION),
        ("TR-1", "not known", {}, RACEMIC, "missing"),
        ("TR-1", "another indication", {}, RACEMIC | {"indication": "ptsd"}, "silent"),
        (
            "TR-5",
            "four trials, PHQ-9 15, unipolar",
            {"resistance.is_met": True, "scales.phq9.total": 15, "history.bipolar": "none"},
            RACEMIC | FOUR,
            "cleared",
        ),
        (
            "TR-5",
            "PHQ-9 of 14",
            {"resistance.is_met": True, "scales.phq9.total": 14, "history.bipolar": "none"},
            RACEMIC | FOUR,
            STOP,
        ),
        (
            "TR-5",
            "bipolar",
            {"resistance.is_met": True, "scales.phq9.total": 20, "history.bipolar": "bipolar-2"},
            RACEMIC | FOUR,
            STOP,
        ),
        ("TR-5", "PHQ-9 unknown", {"resistance.is_met": True, "history.bipolar": "none"}, RACEMIC | FOUR, "missing"),
        ("TR-5", "a clinic with two trials", {}, RACEMIC, "silent"),
        ("TR-6", "IV racemic", {}, RACEMIC, "info"),
        ("TR-6", "IM racemic", {}, RACEMIC | {"route": "im"}, "silent"),
        ("TR-7", "psychosis", {"history.psychosis": True}, RACEMIC, "info"),
        ("TR-7", "bipolar", {"history.psychosis": False, "history.bipolar": "bipolar-1"}, RACEMIC, "info"),
        ("TR-7", "neither", {"history.psychosis": False, "history.bipolar": "none"}, RACEMIC, "silent"),
        ("E-10", "mdd-si with an SSRI", {"medication.classes": ("ssri",)}, SUICIDAL, "cleared"),
        ("E-10", "mdd-si alone", {"medication.classes": ()}, SUICIDAL, STOP),
        ("E-10", "trd alone is allowed", {"medication.classes": ()}, ESKETAMINE_US, "silent"),
        ("E-11", "EU with an SNRI", {"medication.classes": ("snri",)}, ESKETAMINE_EU, "cleared"),
        ("E-11", "EU with bupropion only", {"medication.classes": ("antidepressant",)}, ESKETAMINE_EU, STOP),
        ("E-11", "US", {"medication.classes": ()}, ESKETAMINE_US, "silent"),
        ("IND-1", "stabiliser", {"medication.classes": ("mood-stabiliser",)}, BIPOLAR, "cleared"),
        ("IND-1", "no stabiliser", {"medication.classes": ("ssri",)}, BIPOLAR, SECOND),
        ("IND-2", "YMRS 12", {"scales.ymrs.total": 12}, BIPOLAR, "cleared"),
        ("IND-2", "YMRS 13", {"scales.ymrs.total": 13}, BIPOLAR, SECOND),
        ("IND-2", "ASRM 5", {"scales.asrm.total": 5}, BIPOLAR, "cleared"),
        ("IND-2", "ASRM 6", {"scales.asrm.total": 6}, BIPOLAR, CAUTION),
        ("IND-2", "no mania scale", {}, BIPOLAR, "missing"),
        ("IND-3", "no bipolar disorder", {"history.bipolar": "none"}, BIPOLAR, CAUTION),
        ("IND-3", "bipolar II", {"history.bipolar": "bipolar-2"}, BIPOLAR, "cleared"),
        ("IND-3", "not asked", {}, BIPOLAR, "missing"),
        ("IND-4", "suicidality there", {"suicide.ideation": 1, "suicide.behaviour": "none"}, SUICIDAL, "cleared"),
        ("IND-4", "no suicidality", {"suicide.ideation": 0, "suicide.behaviour": "none"}, SUICIDAL, CAUTION),
        ("IND-4", "not asked", {}, SUICIDAL, "missing"),
    ],
)
def test_indication_row(row: str, words: str, facts: dict, context: dict, expected: str) -> None:
    assert ask(row, facts, context) == expected, words
