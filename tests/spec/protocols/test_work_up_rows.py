"""Work-up rows W-1 to W-10: absent is a gap, abnormal a caution, and who is asked depends on the profile."""

import pytest

from afterglow.protocols.model import Stage
from tests.spec.protocols.asking import ESKETAMINE_US, RACEMIC, ask

CAUTION = "caution/prescriber"
ASSESSED = {
    "workup.has_diagnosis": True,
    "workup.has_mental_state_exam": True,
    "workup.has_suicide_risk_assessment": True,
    "trials.count": 0,
}
EXAMINED = {"hr.per_min": 70, "spo2.percent": 98, "weight.kg": 80, "workup.has_physical_exam": True}
SCALED = {"scales.phq9.total": 20, "scales.gad7.total": 10, "suicide.ideation": 0, "suicide.behaviour": "none"}
PAIN = {"indication": "chronic-pain"}


@pytest.mark.parametrize(
    ("row", "words", "facts", "context", "expected"),
    [
        ("W-1", "assessed", ASSESSED, {}, "cleared"),
        ("W-1", "no mental state examination", ASSESSED | {"workup.has_mental_state_exam": False}, {}, "missing"),
        ("W-1", "trials not recorded", ASSESSED | {"trials.count": None}, {}, "missing"),
        ("W-1", "nothing known", {}, {}, "missing"),
        ("W-2", "examined", EXAMINED, {}, "cleared"),
        ("W-2", "not weighed", EXAMINED | {"weight.kg": None}, {}, "missing"),
        ("W-2", "not examined", EXAMINED | {"workup.has_physical_exam": False}, {}, "missing"),
        ("W-3", "no risk, no ECG", {"history.cardiovascular_risk": False}, {}, "silent"),
        ("W-3", "risk, no ECG", {"history.cardiovascular_risk": True}, {}, "missing"),
        ("W-3", "risk, ECG normal", {"history.cardiovascular_risk": True, "labs.ecg.result": "normal"}, {}, "cleared"),
        (
            "W-3",
            "risk, ECG abnormal",
            {"history.cardiovascular_risk": True, "labs.ecg.result": "abnormal"},
            {},
            CAUTION,
        ),
        ("W-3", "risk not asked", {}, {}, "missing"),
        ("W-3", "all: no ECG", {"history.cardiovascular_risk": False}, {"profile.ecg": "all"}, "missing"),
        (
            "W-3",
            "no risk, but an abnormal ECG",
            {"history.cardiovascular_risk": False, "labs.ecg.result": "abnormal"},
            {},
            CAUTION,
        ),
        ("W-4", "no risk, no tests", {"history.liver_risk": False}, {}, "silent"),
        ("W-4", "risk, no tests", {"history.liver_risk": True}, {}, "missing"),
        ("W-4", "risk, tests", {"history.liver_risk": True, "labs.liver.worst_multiple": 1}, {}, "cleared"),
        ("W-4", "risk not asked", {}, {}, "missing"),
        ("W-4", "all: liver but no kidney", {"labs.liver.worst_multiple": 1}, {"profile.liver": "all"}, "missing"),
        (
            "W-4",
            "all: liver and kidney",
            {"labs.liver.worst_multiple": 1, "labs.renal.result": "normal"},
            {"profile.liver": "all"},
            "cleared",
        ),
        ("W-5", "pregnancy possible, no test", {"person.can_become_pregnant": True}, {}, "missing"),
        (
            "W-5",
            "test 28 days old",
            {
                "person.can_become_pregnant": True,
                "labs.hcg.result": "negative",
                "pregnancy.status": "test-negative",
                "labs.hcg.age_d": 28,
            },
            {},
            "cleared",
        ),
        (
            "W-5",
            "test 29 days old",
            {
                "person.can_become_pregnant": True,
                "labs.hcg.result": "negative",
                "pregnancy.status": "test-negative",
                "labs.hcg.age_d": 29,
            },
            {},
            "missing",
        ),
        ("W-5", "pregnancy not possible", {"person.can_become_pregnant": False}, {}, "silent"),
        ("W-5", "not asked", {}, {}, "missing"),
        (
            "W-6",
            "both as expected",
            {"labs.urine_drug_screen.result": "expected", "labs.pdmp.result": "expected"},
            {},
            "cleared",
        ),
        (
            "W-6",
            "urine unexpected",
            {"labs.urine_drug_screen.result": "unexpected", "labs.pdmp.result": "expected"},
            {},
            CAUTION,
        ),
        (
            "W-6",
            "monitoring raises a concern",
            {"labs.urine_drug_screen.result": "expected", "labs.pdmp.result": "concern"},
            {},
            CAUTION,
        ),
        ("W-6", "not done", {}, {}, "missing"),
        ("W-7", "both", {"scales.luts.total": 3, "labs.urinalysis.result": "normal"}, {}, "cleared"),
        ("W-7", "no score", {"labs.urinalysis.result": "normal"}, {}, "missing"),
        ("W-7", "urinalysis abnormal", {"scales.luts.total": 3, "labs.urinalysis.result": "abnormal"}, {}, CAUTION),
        ("W-8", "scaled", SCALED, {}, "cleared"),
        ("W-8", "MADRS instead", SCALED | {"scales.phq9.total": None, "scales.madrs.total": 30}, {}, "cleared"),
        ("W-8", "no mood scale", SCALED | {"scales.phq9.total": None}, {}, "missing"),
        ("W-8", "no C-SSRS", SCALED | {"suicide.ideation": None}, {}, "missing"),
        ("W-8", "PTSD without PCL-5", SCALED, {"indication": "ptsd"}, "missing"),
        ("W-8", "PTSD with PCL-5", SCALED | {"scales.pcl5.total": 40}, {"indication": "ptsd"}, "cleared"),
        ("W-8", "OCD without Y-BOCS", SCALED, {"indication": "ocd"}, "missing"),
        ("W-8", "pain without rating", SCALED, PAIN, "missing"),
        ("W-8", "pain with rating", SCALED | {"scales.pain.nrs": 6}, PAIN, "cleared"),
        ("W-9", "healthy", {"history.cardiovascular_risk": False, "history.liver_risk": False}, PAIN, "info"),
        ("W-9", "at risk", {"history.cardiovascular_risk": True, "history.liver_risk": False}, PAIN, "silent"),
        ("W-9", "not asked", {}, PAIN, "silent"),
    ],
)
def test_work_up_row(row: str, words: str, facts: dict, context: dict, expected: str) -> None:
    assert ask(row, facts, RACEMIC | context) == expected, words


@pytest.mark.parametrize(
    ("words", "facts", "context", "expected"),
    [
        ("consented", {"consent.is_signed": True, "consent.covers_off_label": True}, RACEMIC, "cleared"),
        (
            "off-label use not covered",
            {"consent.is_signed": True, "consent.covers_off_label": False},
            RACEMIC,
            "missing",
        ),
        ("not signed", {"consent.is_signed": False, "consent.covers_off_label": True}, RACEMIC, "missing"),
        ("nothing known", {}, RACEMIC, "missing"),
        ("on label and enrolled", {"consent.is_signed": True, "rems.is_enrolled": True}, ESKETAMINE_US, "cleared"),
        ("not enrolled", {"consent.is_signed": True, "rems.is_enrolled": False}, ESKETAMINE_US, "missing"),
        ("enrolment not known", {"consent.is_signed": True}, ESKETAMINE_US, "missing"),
        (
            "esketamine off label",
            {"consent.is_signed": True, "rems.is_enrolled": True, "consent.covers_off_label": False},
            ESKETAMINE_US | {"indication": "ptsd"},
            "missing",
        ),
    ],
)
def test_enrolment_and_consent_before_the_first_dose_row_w10(
    words: str, facts: dict, context: dict, expected: str
) -> None:
    assert ask("W-10", facts, context, Stage.DOSE) == expected, words
