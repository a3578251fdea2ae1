"""What the invented charts state: a person in whom nothing stands against treatment, and how some differ."""

from collections.abc import Mapping
from typing import Any

_NO = (
    "aneurysm",
    "arteriovenous_malformation",
    "intracerebral_haemorrhage",
    "pressure_hazard",
    "cardiovascular_event",
    "cardiovascular_risk",
    "unstable_cardiovascular",
    "significant_respiratory",
    "psychosis",
    "mania",
    "ketamine_misuse",
    "liver_risk",
    "raised_intracranial_pressure",
    "raised_intraocular_pressure",
    "uncontrolled_seizures",
    "untreated_hyperthyroidism",
    "urinary_symptoms",
    "ketamine_bladder_injury",
    "dementia_or_delirium",
    "porphyria",
    "recurrent_dissociation",
)
HISTORY: Mapping[str, Any] = {
    **{f"history.{name}": False for name in _NO},
    "history.bipolar": "none",
    "history.substance_use_disorder": "none",
    "history.child_pugh": "none",
    "person.pregnant": False,
    "person.breastfeeding": False,
    "person.has_escort": True,
    "person.has_capacity": True,
    "airway.mallampati": 1,
    "bp.is_symptomatic": False,
}
WORK_UP: Mapping[str, Any] = {
    "workup.has_diagnosis": True,
    "workup.has_mental_state_exam": True,
    "workup.has_suicide_risk_assessment": True,
    "workup.has_physical_exam": True,
    "labs.ecg.result": "normal",
    "labs.urine_drug_screen.result": "expected",
    "labs.urinalysis.result": "normal",
    "labs.pdmp.result": "expected",
    "labs.alt.value": 24,
    "labs.alt.upper_limit": 40,
    "labs.ast.value": 21,
    "labs.ast.upper_limit": 40,
}
HCG: Mapping[str, Any] = {"labs.hcg.result": "negative"}
SCALES: Mapping[str, Any] = {
    "scales.gad7.total": 14,
    "scales.stop_bang.total": 1,
    "scales.audit_c.total": 2,
    "scales.dast10.total": 0,
    "scales.luts.total": 2,
    "scales.moca.total": 28,
    "suicide.ideation": 0,
    "suicide.behaviour": "none",
}
# drug, class, mg a day, weeks, outcome, improvement in percent, days since start and end
TRIALS: tuple[Mapping[str, Any], ...] = (
    {"drug": "Escitalopram", "drug_class": "SSRI", "dose_mg": 20, "weeks": 11, "outcome": "none", "days": (420, 340)},
    {"drug": "Venlafaxine", "drug_class": "SNRI", "dose_mg": 225, "weeks": 15, "outcome": "none", "days": (330, 225)},
)
