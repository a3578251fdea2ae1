"""A small fixed cast at one clinic, and a patient's way to a signed plan, made only through the clinic's actions."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from afterglow.clinic.consents import actions as consents
from afterglow.clinic.consents.models import Consent, ConsentText
from afterglow.clinic.consents.texts import install_texts
from afterglow.clinic.people import accounts
from afterglow.clinic.people import actions as people
from afterglow.clinic.people.models import Patient, User
from afterglow.clinic.plans import actions as plans
from afterglow.clinic.plans.models import Plan
from afterglow.clinic.screening import actions as screening
from afterglow.clinic.screening.models import ScreeningDecision, ScreeningRun
from afterglow.clinic.sites.actions import create_site
from afterglow.clinic.sites.models import Site

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PASSWORD = "a long enough word"
TOPICS = ("goals", "benefits", "risks", "alternatives", "off-label", "expectations")

# text key by protocol
TEXTS = {
    "iv-racemic": "ketamine-infusion",
    "im-racemic": "ketamine-injection",
    "nasal-esketamine-us": "esketamine-spray-us",
    "nasal-esketamine-eu": "esketamine-spray-eu",
}

# answers of a person in whom no rule finds anything that stops or asks
CLEAN_FACTS: dict[str, Any] = {
    **dict.fromkeys(
        (
            "person.pregnant",
            "person.breastfeeding",
            "bp.is_symptomatic",
            "history.aneurysm",
            "history.arteriovenous_malformation",
            "history.intracerebral_haemorrhage",
            "history.pressure_hazard",
            "history.cardiovascular_event",
            "history.cardiovascular_risk",
            "history.unstable_cardiovascular",
            "history.significant_respiratory",
            "history.psychosis",
            "history.mania",
            "history.ketamine_misuse",
            "history.liver_risk",
            "history.raised_intracranial_pressure",
            "history.raised_intraocular_pressure",
            "history.uncontrolled_seizures",
            "history.untreated_hyperthyroidism",
            "history.urinary_symptoms",
            "history.ketamine_bladder_injury",
            "history.dementia_or_delirium",
            "history.porphyria",
            "history.recurrent_dissociation",
        ),
        False,
    ),
    **dict.fromkeys(
        (
            "person.has_escort",
            "person.has_capacity",
            "workup.has_diagnosis",
            "workup.has_mental_state_exam",
            "workup.has_suicide_risk_assessment",
            "workup.has_physical_exam",
        ),
        True,
    ),
    "history.bipolar": "none",
    "history.substance_use_disorder": "none",
    "history.child_pugh": "none",
    "airway.mallampati": 1,
    "labs.urine_drug_screen.result": "expected",
    "labs.pdmp.result": "expected",
    "labs.urinalysis.result": "normal",
    "labs.alt.value": 24,
    "labs.alt.upper_limit": 40,
    "labs.ast.value": 21,
    "labs.ast.upper_limit": 40,
    "scales.phq9.total": 18,
    "scales.phq9.item9": 0,
    "scales.gad7.total": 9,
    "scales.stop_bang.total": 1,
    "scales.audit_c.total": 1,
    "scales.dast10.total": 0,
    "scales.luts.total": 2,
    "suicide.ideation": 0,
    "suicide.behaviour": "none",
}


@dataclass(slots=True)
class Cast:
    """Owner and colleagues of one site, and a stranger who works elsewhere."""

    site: Site
    elsewhere: Site
    owner: User
    colleague: User
    director: User
    nurse: User
    desk: User
    manager: User
    therapist: User
    stranger: User


def make_cast() -> Cast:
    """Return the cast: two prescribers, a director, a nurse, desk, manager and therapist here, a prescriber there."""
    here = create_site(name="Hall Street", timezone="Europe/Vienna", can_resuscitate=True, by=None, now=NOW)
    there = create_site(name="Mill Lane", timezone="America/New_York", by=None, now=NOW)
    roles = {
        "owner": ("petra", "prescriber", here),
        "colleague": ("paul", "prescriber", here),
        "director": ("dora", "medical-director", here),
        "nurse": ("nora", "nurse", here),
        "desk": ("fred", "frontdesk", here),
        "manager": ("mona", "manager", here),
        "therapist": ("theo", "therapist", here),
        "stranger": ("stan", "prescriber", there),
    }
    people_of = {key: make_user(name, site, role) for key, (name, role, site) in roles.items()}
    return Cast(site=here, elsewhere=there, **people_of)


def make_user(username: str, site: Site, role: str, *, password: str | None = None) -> User:
    """Return an account with one role; most tests need no password, and hashing one takes time."""
    return accounts.create_user(
        username=username, display_name=username.title(), site=site, roles=[role], password=password, by=None, now=NOW
    )


def make_patient(cast: Cast, **changes: Any) -> Patient:
    """Return a registered person of whom nothing else is known."""
    fields = {
        "family_name": "Demo",
        "given_name": "Alder",
        "birth_on": date(1983, 4, 12),
        "sex": "female",
        "can_become_pregnant": False,
    }
    return people.register_patient(site=cast.site, by=cast.owner, now=NOW, **{**fields, **changes})


def fill_chart(
    cast: Cast,
    patient: Patient,
    *,
    now: datetime = NOW,
    weight_kg: str = "72.4",
    pressure: tuple[int, int] = (122, 78),
    **facts: Any,
) -> Patient:
    """Record a chart in which no rule finds anything, changed by `facts` (a double underscore stands for a point)."""
    by = cast.owner
    answers = {**CLEAN_FACTS, **{name.replace("__", "."): value for name, value in facts.items()}}
    people.record_history(patient=patient, facts=answers, by=by, now=now)
    people.record_no_known_allergies(patient=patient, by=by, now=now)
    people.record_medication(patient=patient, name="Venlafaxine", dose_text="225 mg", by=by, now=now)
    for drug, dose in (("Sertraline", 150), ("Venlafaxine", 225)):
        people.record_trial(
            patient=patient, drug=drug, dose_mg=dose, weeks=10, outcome="none", is_current_episode=True, by=by, now=now
        )
    weigh(cast, patient, weight_kg, now=now)
    systolic, diastolic = pressure
    measured = {"height": 170, "heart-rate": 72, "spo2": 98, "respiratory-rate": 14, "temperature": "36.7"}
    for kind, value in measured.items():
        people.record_measurement(patient=patient, kind=kind, value=value, observed_at=now, by=by, now=now)
    people.record_measurement(
        patient=patient,
        kind="blood-pressure",
        value=systolic,
        second_value=diastolic,
        observed_at=now,
        by=by,
        now=now,
    )
    return patient


def weigh(cast: Cast, patient: Patient, weight_kg: str, *, now: datetime = NOW) -> None:
    """Record a weight."""
    people.record_measurement(patient=patient, kind="weight", value=weight_kg, observed_at=now, by=cast.nurse, now=now)


def run(
    cast: Cast,
    patient: Patient,
    protocol_id: str = "iv-racemic",
    indication: str = "trd",
    *,
    by: User | None = None,
    now: datetime = NOW,
) -> ScreeningRun:
    """Return a screening of the chart as it stands."""
    return screening.run_screening(
        patient=patient, protocol_id=protocol_id, indication=indication, by=by or cast.nurse, now=now
    )


def decide(
    cast: Cast, patient: Patient, protocol_id: str = "iv-racemic", indication: str = "trd", *, now: datetime = NOW
) -> ScreeningDecision:
    """Return the decision that a screened person is eligible."""
    made = run(cast, patient, protocol_id, indication, now=now)
    return screening.decide_screening(run=made, decision="eligible", by=cast.owner, now=now)


def talk(cast: Cast, patient: Patient, *, now: datetime = NOW, **changes: Any) -> Any:
    """Return a recorded talk that covers everything."""
    fields = {"topics": TOPICS, "has_capacity": True, "held_at": now, "goals": "sleep and work again"}
    return consents.record_talk(patient=patient, by=cast.owner, now=now, **{**fields, **changes})


def get_text(key: str) -> ConsentText:
    """Return the packaged text of a key, storing the texts first."""
    install_texts(now=NOW)
    return ConsentText.objects.get(key=key)


def sign(cast: Cast, patient: Patient, protocol_id: str = "iv-racemic", *, now: datetime = NOW) -> Consent:
    """Return a consent to a protocol, signed after the talk."""
    return consents.sign_consent(
        patient=patient,
        text=get_text(TEXTS[protocol_id]),
        talk=talk(cast, patient, now=now),
        typed_name=f"{patient.given_name} {patient.family_name}",
        by=cast.nurse,
        now=now,
    )


def draft(
    cast: Cast, patient: Patient, protocol_id: str = "iv-racemic", indication: str = "trd", **values: Any
) -> Plan:
    """Return a draft with the protocol's values, changed by `values`."""
    plan = plans.draft_plan(patient=patient, protocol_id=protocol_id, indication=indication, by=cast.owner, now=NOW)
    return plans.update_draft(plan=plan, values=values, by=cast.owner, now=NOW) if values else plan


def make_ready(cast: Cast, protocol_id: str = "iv-racemic", indication: str = "trd") -> Patient:
    """Return a person who is decided eligible and has consented: only the plan is missing."""
    patient = fill_chart(cast, make_patient(cast))
    decide(cast, patient, protocol_id, indication)
    sign(cast, patient, protocol_id)
    return patient


def make_plan(cast: Cast, protocol_id: str = "iv-racemic", indication: str = "trd", **values: Any) -> Plan:
    """Return a signed plan of a person for whom everything before it is done."""
    patient = make_ready(cast, protocol_id, indication)
    return plans.sign_plan(plan=draft(cast, patient, protocol_id, indication, **values), by=cast.owner, now=NOW)
