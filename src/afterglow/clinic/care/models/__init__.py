"""Integration and shared care: goals, therapist notes, outside clinicians, letters, stepping down."""

from afterglow.clinic.care.models.calibrating import ForecastCalibration
from afterglow.clinic.care.models.deciding import NextTreatmentDecision
from afterglow.clinic.care.models.goals import Goal, GoalReview
from afterglow.clinic.care.models.letters import Letter, LetterDelivery
from afterglow.clinic.care.models.notes import NamedTherapist, TherapyNote, TherapyNoteVersion
from afterglow.clinic.care.models.shared import (
    MedicationChange,
    MedicationChangeEvent,
    OutsideClinician,
)
from afterglow.clinic.care.models.stepping_down import StepDownPlan, StepDownStep
from afterglow.clinic.care.models.weighing import AdviceWeights

__all__ = [
    "AdviceWeights",
    "ForecastCalibration",
    "Goal",
    "GoalReview",
    "Letter",
    "LetterDelivery",
    "MedicationChange",
    "MedicationChangeEvent",
    "NamedTherapist",
    "NextTreatmentDecision",
    "OutsideClinician",
    "StepDownPlan",
    "StepDownStep",
    "TherapyNote",
    "TherapyNoteVersion",
]
