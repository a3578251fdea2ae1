"""The tables of this room."""

from afterglow.clinic.measures.models.forms import (
    ENDED,
    OPEN,
    SUBMITTED,
    Excuse,
    MeasureAnswer,
    MeasureForm,
    MeasureResult,
    Wording,
)
from afterglow.clinic.measures.models.late import FormerLink, LateAnswer
from afterglow.clinic.measures.models.risk import RiskAlert, RiskAssessment, RiskRelease, SafetyPlan

__all__ = [
    "ENDED",
    "OPEN",
    "SUBMITTED",
    "Excuse",
    "FormerLink",
    "LateAnswer",
    "MeasureAnswer",
    "MeasureForm",
    "MeasureResult",
    "RiskAlert",
    "RiskAssessment",
    "RiskRelease",
    "SafetyPlan",
    "Wording",
]
