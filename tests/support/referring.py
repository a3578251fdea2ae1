"""Referrals for tests: what a person or a letter tells, received through the clinic's own actions."""

from typing import Any

from afterglow.clinic.referrals import actions as referrals
from afterglow.clinic.referrals.models import Referral
from tests.factories import NOW, Cast

PUBLIC: dict[str, Any] = {
    "given_name": "Rowan",
    "family_name": "Demo",
    "birth_on": "1988-03-03",
    "phone": "555 0142",
    "may_call": "yes",
    "asks": "Resistant depression",
}
LETTER: dict[str, Any] = {
    **PUBLIC,
    "sex": "female",
    "address": "12 Sample Row",
    "history": "Depression since 2019.",
    "indication": "trd",
    "diagnoses": "F33.2 Recurrent depressive disorder, severe\nMigraine",
    "phq9_total": "21",
    "phq9_item9": "1",
    "phq9_on": "2026-02-25",
    "trial_1_drug": "Sertraline",
    "trial_1_dose_mg": "150",
    "trial_1_weeks": "10",
    "trial_1_outcome": "none",
    "trial_2_drug": "Venlafaxine",
    "medicine_1_name": "Venlafaxine",
    "medicine_1_dose": "225 mg in the morning",
    "allergies": "Penicillin",
    "aneurysm": "no",
    "heart_risk": "unknown",
    "bp_systolic": "138",
    "bp_diastolic": "86",
    "bp_on": "2026-02-20",
    "doctor": "Dr. B. Specimen",
    "insurance_last4": "4471",
}


def send_public(cast: Cast, key: str = "form-1", now: Any = NOW, **changes: Any) -> Referral:
    """Return a referral that came by the public form."""
    answers = {**PUBLIC, **changes}
    return referrals.receive_public_intake(site=cast.site, answers=answers, now=now, source_key=key)


def send_letter(cast: Cast, by: Any = None, now: Any = NOW, **changes: Any) -> Referral:
    """Return a referral that staff entered from a letter."""
    answers = {name: value for name, value in {**LETTER, **changes}.items() if value is not None}
    return referrals.receive_referral(
        site=cast.site,
        answers=answers,
        source="fax",
        sent_by="family-doctor",
        referrer="Dr. B. Specimen",
        by=by or cast.nurse,
        now=now,
    )
