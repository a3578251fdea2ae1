"""Rows C-01 to C-30 of the clinical sheet, both sides of each threshold and unknown, for both drugs.

Each line: the row, the situation in words, the facts, then what is expected for racemic ketamine, for esketamine
under the US label and under the EU label. The expected words are typed from the sheet and from decision 0003.
"""

import pytest

from tests.spec.protocols.asking import ESKETAMINE_EU, ESKETAMINE_US, RACEMIC, ask

MD = "stop/medical-director"
SECOND = "stop/second-clinician"
NONE = "stop/none"
CAUTION = "caution/prescriber"


def flag(row: str, fact: str, racemic: str, us: str, eu: str) -> list[tuple]:
    """Return the three lines of a row that is one yes-or-no question."""
    return [
        (row, f"{fact} yes", {fact: True}, racemic, us, eu),
        (row, f"{fact} no", {fact: False}, "cleared", "cleared", "cleared"),
        (row, f"{fact} not known", {}, "missing", "missing", "missing"),
    ]


ROWS = [
    *flag("C-01", "history.aneurysm", MD, NONE, NONE),
    *flag("C-02", "history.arteriovenous_malformation", MD, NONE, NONE),
    *flag("C-03", "history.intracerebral_haemorrhage", MD, NONE, NONE),
    *flag("C-04", "allergy.to_ketamine", MD, NONE, NONE),
    *flag("C-05", "history.pressure_hazard", MD, MD, MD),
    (
        "C-06",
        "heart attack 41 days ago, under 6 weeks",
        {"history.cardiovascular_event": True, "history.cardiovascular_event_days": 41},
        SECOND,
        CAUTION,
        NONE,
    ),
    (
        "C-06",
        "heart attack exactly 42 days ago",
        {"history.cardiovascular_event": True, "history.cardiovascular_event_days": 42},
        "cleared",
        "cleared",
        "cleared",
    ),
    ("C-06", "no event ever", {"history.cardiovascular_event": False}, "cleared", "cleared", "cleared"),
    ("C-06", "an event of unknown date", {"history.cardiovascular_event": True}, "missing", "missing", "missing"),
    ("C-06", "not asked", {}, "missing", "missing", "missing"),
    ("C-07", "US weighing: 140/90 is not above", {"bp.systolic_mmhg": 140, "bp.diastolic_mmhg": 90}, *["cleared"] * 3),
    ("C-07", "141 systolic", {"bp.systolic_mmhg": 141, "bp.diastolic_mmhg": 90}, CAUTION, CAUTION, CAUTION),
    ("C-07", "91 diastolic", {"bp.systolic_mmhg": 120, "bp.diastolic_mmhg": 91}, CAUTION, CAUTION, CAUTION),
    ("C-07", "no reading", {}, "missing", "missing", "missing"),
    ("C-07", "diastolic not read, systolic normal", {"bp.systolic_mmhg": 120}, "missing", "missing", "missing"),
    (
        "C-08",
        "unstable angina at a site that can resuscitate",
        {"history.unstable_cardiovascular": True, "site.can_resuscitate": True},
        SECOND,
        CAUTION,
        CAUTION,
    ),
    (
        "C-08",
        "unstable angina at a site that cannot",
        {"history.unstable_cardiovascular": True, "site.can_resuscitate": False},
        SECOND,
        SECOND,
        SECOND,
    ),
    (
        "C-08",
        "unstable angina, site not stated",
        {"history.unstable_cardiovascular": True},
        SECOND,
        "missing",
        "missing",
    ),
    (
        "C-08",
        "stable",
        {"history.unstable_cardiovascular": False, "site.can_resuscitate": True},
        "cleared",
        "cleared",
        "cleared",
    ),
    ("C-08", "not asked", {"site.can_resuscitate": True}, "missing", "missing", "missing"),
    (
        "C-09",
        "STOP-Bang 5",
        {"history.significant_respiratory": False, "scales.stop_bang.total": 5},
        CAUTION,
        CAUTION,
        CAUTION,
    ),
    (
        "C-09",
        "STOP-Bang 4",
        {"history.significant_respiratory": False, "scales.stop_bang.total": 4},
        "cleared",
        "cleared",
        "cleared",
    ),
    (
        "C-09",
        "severe sleep apnoea",
        {"history.significant_respiratory": True, "scales.stop_bang.total": 4},
        CAUTION,
        CAUTION,
        CAUTION,
    ),
    ("C-09", "not asked", {}, "missing", "missing", "missing"),
    *flag("C-10", "history.psychosis", SECOND, CAUTION, CAUTION),
    (
        "C-11",
        "mania",
        {"history.mania": True, "history.bipolar": "none"},
        CAUTION,
        CAUTION,
        CAUTION,
    ),
    (
        "C-11",
        "bipolar I without a stabiliser",
        {"history.mania": False, "history.bipolar": "bipolar-1", "medication.classes": ("ssri",)},
        CAUTION,
        CAUTION,
        CAUTION,
    ),
    (
        "C-11",
        "bipolar I with a stabiliser",
        {"history.mania": False, "history.bipolar": "bipolar-1", "medication.classes": ("mood-stabiliser",)},
        "cleared",
        "cleared",
        "cleared",
    ),
    (
        "C-11",
        "bipolar II without a stabiliser",
        {"history.mania": False, "history.bipolar": "bipolar-2", "medication.classes": ()},
        "cleared",
        "cleared",
        "cleared",
    ),
    (
        "C-11",
        "bipolar I, medicines not known",
        {"history.mania": False, "history.bipolar": "bipolar-1"},
        *["missing"] * 3,
    ),
    ("C-11", "not asked", {}, "missing", "missing", "missing"),
    (
        "C-13",
        "pregnant",
        {"pregnancy.status": "pregnant"},
        SECOND,
        SECOND,
        SECOND,
    ),
    ("C-13", "test negative", {"pregnancy.status": "test-negative"}, "cleared", "cleared", "cleared"),
    ("C-13", "pregnancy not possible", {"pregnancy.status": "not-possible"}, "cleared", "cleared", "cleared"),
    ("C-13", "not tested", {}, "missing", "missing", "missing"),
    ("C-14", "breastfeeding", {"person.sex": "female", "person.breastfeeding": True}, SECOND, SECOND, SECOND),
    ("C-14", "not breastfeeding", {"person.sex": "female", "person.breastfeeding": False}, *["cleared"] * 3),
    ("C-14", "a woman, not asked", {"person.sex": "female"}, "missing", "missing", "missing"),
    (
        "C-14",
        "a man who cannot become pregnant",
        {"person.sex": "male", "person.can_become_pregnant": False},
        *["silent"] * 3,
    ),
    ("C-16", "Child-Pugh B", {"history.child_pugh": "B"}, CAUTION, CAUTION, CAUTION),
    ("C-16", "Child-Pugh A", {"history.child_pugh": "A"}, "cleared", "cleared", "cleared"),
    ("C-16", "not asked", {}, "missing", "missing", "missing"),
    *flag("C-17", "history.raised_intracranial_pressure", MD, MD, MD),
    *flag("C-18", "history.raised_intraocular_pressure", CAUTION, CAUTION, CAUTION),
    *flag("C-19", "history.uncontrolled_seizures", CAUTION, CAUTION, CAUTION),
    *flag("C-20", "history.untreated_hyperthyroidism", CAUTION, CAUTION, CAUTION),
    (
        "C-21",
        "earlier ketamine bladder injury, symptoms not asked",
        {"history.ketamine_bladder_injury": True},
        CAUTION,
        CAUTION,
        CAUTION,
    ),
    (
        "C-21",
        "urinary symptoms",
        {"history.ketamine_bladder_injury": False, "history.urinary_symptoms": True},
        CAUTION,
        CAUTION,
        CAUTION,
    ),
    (
        "C-21",
        "neither",
        {"history.ketamine_bladder_injury": False, "history.urinary_symptoms": False},
        "cleared",
        "cleared",
        "cleared",
    ),
    ("C-21", "one no, one not asked", {"history.ketamine_bladder_injury": False}, "missing", "missing", "missing"),
    *flag("C-22", "history.dementia_or_delirium", SECOND, CAUTION, CAUTION),
    ("C-23", "17 years", {"person.age_years": 17}, SECOND, SECOND, SECOND),
    ("C-23", "18 years", {"person.age_years": 18}, "cleared", "cleared", "cleared"),
    ("C-23", "age not known", {}, "missing", "missing", "missing"),
    ("C-24", "64 years", {"person.age_years": 64}, "cleared", "cleared", "cleared"),
    ("C-24", "65 years", {"person.age_years": 65}, CAUTION, "info", CAUTION),
    ("C-24", "age not known", {}, "missing", "missing", "missing"),
    ("C-25", "BMI 35.0", {"bmi.kg_per_m2": 35, "airway.mallampati": 2}, "cleared", "cleared", "cleared"),
    ("C-25", "BMI 35.1", {"bmi.kg_per_m2": "35.1", "airway.mallampati": 2}, CAUTION, CAUTION, CAUTION),
    ("C-25", "Mallampati 3", {"bmi.kg_per_m2": 22, "airway.mallampati": 3}, CAUTION, CAUTION, CAUTION),
    ("C-25", "airway not examined", {"bmi.kg_per_m2": 22}, "missing", "missing", "missing"),
    *flag("C-26", "history.porphyria", CAUTION, CAUTION, CAUTION),
    ("C-27", "no escort", {"person.has_escort": False}, SECOND, SECOND, SECOND),
    ("C-27", "escort", {"person.has_escort": True}, "cleared", "cleared", "cleared"),
    ("C-27", "not asked", {}, "missing", "missing", "missing"),
    ("C-28", "no capacity", {"person.has_capacity": False}, NONE, NONE, NONE),
    ("C-28", "capacity", {"person.has_capacity": True}, "cleared", "cleared", "cleared"),
    ("C-28", "not assessed", {}, "missing", "missing", "missing"),
    *flag("C-29", "history.recurrent_dissociation", CAUTION, CAUTION, CAUTION),
    ("C-30", "ideation 5 is not a bar", {"suicide.ideation": 5, "suicide.behaviour": "none"}, *[CAUTION] * 3),
    ("C-30", "recent behaviour is not a bar", {"suicide.ideation": 0, "suicide.behaviour": "recent"}, *[CAUTION] * 3),
    ("C-30", "ideation 4 is not a bar", {"suicide.ideation": 4, "suicide.behaviour": "none"}, *[CAUTION] * 3),
    ("C-30", "ideation 3", {"suicide.ideation": 3, "suicide.behaviour": "none"}, "info", "info", "info"),
    ("C-30", "no ideation", {"suicide.ideation": 0, "suicide.behaviour": "none"}, "cleared", "cleared", "cleared"),
    ("C-30", "not asked", {}, "missing", "missing", "missing"),
]

CONTEXTS = {"racemic": RACEMIC, "esketamine US": ESKETAMINE_US, "esketamine EU": ESKETAMINE_EU}
LINES = [
    pytest.param(row, facts, context, expected, id=f"{row}, {name}: {words}")
    for row, words, facts, *answers in ROWS
    for (name, context), expected in zip(CONTEXTS.items(), answers, strict=True)
]


@pytest.mark.parametrize(("row", "facts", "context", "expected"), LINES)
def test_eligibility_row(row: str, facts: dict, context: dict, expected: str) -> None:
    assert ask(row, facts, context) == expected


LIVER = {"history.child_pugh": "none"}


@pytest.mark.parametrize(
    ("words", "facts", "context", "expected"),
    [
        ("Child-Pugh C", {"history.child_pugh": "C"}, RACEMIC, SECOND),
        ("Child-Pugh C", {"history.child_pugh": "C"}, ESKETAMINE_US, SECOND),
        ("Child-Pugh B is not severe", {"history.child_pugh": "B"}, RACEMIC, "cleared"),
        ("liver disease not asked", {}, RACEMIC, "missing"),
        ("ALT 3.0 times the limit", LIVER | {"labs.liver.worst_multiple": 3}, RACEMIC, "cleared"),
        ("ALT 3.1 times the limit", LIVER | {"labs.liver.worst_multiple": "3.1"}, RACEMIC, CAUTION),
        ("ALT 5.0 times the limit", LIVER | {"labs.liver.worst_multiple": 5}, RACEMIC, CAUTION),
        ("ALT 5.1 times the limit", LIVER | {"labs.liver.worst_multiple": "5.1"}, RACEMIC, SECOND),
        ("no liver tests: W-4 asks for them where they are needed", LIVER, RACEMIC, "cleared"),
    ],
)
def test_severe_liver_impairment_row_c15(words: str, facts: dict, context: dict, expected: str) -> None:
    assert ask("C-15", facts, context) == expected, words


SOBER = {
    "history.substance_use_disorder": "none",
    "history.ketamine_misuse": False,
    "scales.dast10.total": 0,
    "scales.audit_c.total": 0,
    "person.sex": "female",
}


@pytest.mark.parametrize(
    ("words", "facts", "racemic", "esketamine"),
    [
        ("sober", {}, "cleared", "cleared"),
        ("mild disorder", {"history.substance_use_disorder": "mild"}, "cleared", "cleared"),
        ("moderate disorder", {"history.substance_use_disorder": "moderate"}, SECOND, CAUTION),
        ("severe disorder in remission", {"history.substance_use_disorder": "in-remission"}, "cleared", "cleared"),
        ("ketamine misuse", {"history.ketamine_misuse": True}, SECOND, CAUTION),
        ("DAST-10 of 5", {"scales.dast10.total": 5}, "cleared", "cleared"),
        ("DAST-10 of 6", {"scales.dast10.total": 6}, CAUTION, CAUTION),
        ("AUDIT-C of 2, woman", {"scales.audit_c.total": 2}, "cleared", "cleared"),
        ("AUDIT-C of 3, woman", {"scales.audit_c.total": 3}, CAUTION, CAUTION),
        ("AUDIT-C of 3, man", {"scales.audit_c.total": 3, "person.sex": "male"}, "cleared", "cleared"),
        ("AUDIT-C of 4, man", {"scales.audit_c.total": 4, "person.sex": "male"}, CAUTION, CAUTION),
        ("not asked", {"history.substance_use_disorder": None}, "missing", "missing"),
    ],
)
def test_substance_use_row_c12(words: str, facts: dict, racemic: str, esketamine: str) -> None:
    assert ask("C-12", SOBER | facts, RACEMIC) == racemic, words
    assert ask("C-12", SOBER | facts, ESKETAMINE_US) == esketamine, words


@pytest.mark.parametrize(
    ("profile", "age", "systolic", "diastolic", "expected"),
    [
        ("canmat", 40, 140, 90, "cleared"),
        ("canmat", 40, 141, 90, CAUTION),
        ("eu", 64, 150, 90, CAUTION),
        ("eu", 65, 150, 90, "cleared"),
        ("eu", 65, 151, 90, CAUTION),
        ("eu", 65, 150, 91, CAUTION),
        ("eu", None, 145, 80, "missing"),
        ("eu", None, 120, 80, "silent"),
        ("symptom-led", 40, 159, 99, "cleared"),
        ("symptom-led", 40, 160, 99, CAUTION),
    ],
)
def test_pressure_profiles_row_c07(profile: str, age: int | None, systolic: int, diastolic: int, expected: str) -> None:
    facts = {"bp.systolic_mmhg": systolic, "bp.diastolic_mmhg": diastolic, "person.age_years": age}
    assert ask("C-07", facts, RACEMIC | {"profile.blood_pressure": profile}) == expected


@pytest.mark.parametrize(("bipolar", "expected"), [("none", "cleared"), ("bipolar-2", SECOND), (None, "missing")])
def test_a_clinic_may_exclude_bipolar_disorder(bipolar: str | None, expected: str) -> None:
    facts = {"history.mania": False, "history.bipolar": bipolar, "medication.classes": ("mood-stabiliser",)}
    assert ask("C-11", facts, RACEMIC | {"profile.bipolar": "exclude"}) == expected
