"""Models of people: accounts and roles, patients, and what a chart states."""

from afterglow.clinic.people.models.accounts import PractitionerRole, SetupLink, User
from afterglow.clinic.people.models.chart import (
    Allergy,
    HistoryFact,
    Measurement,
    MedicationStatement,
    MedicationTrial,
    Preference,
    ProblemEntry,
)
from afterglow.clinic.people.models.patients import Escort, Patient, normalise_name

__all__ = [
    "Allergy",
    "Escort",
    "HistoryFact",
    "Measurement",
    "MedicationStatement",
    "MedicationTrial",
    "Patient",
    "PractitionerRole",
    "Preference",
    "ProblemEntry",
    "SetupLink",
    "User",
    "normalise_name",
]
