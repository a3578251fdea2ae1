"""Individual update: what this patient showed, put upon a virtual population of people like this patient."""

from afterglow.pharmacology.updating.course import Course, SessionRecord
from afterglow.pharmacology.updating.observations import KINDS, Kind, Observation
from afterglow.pharmacology.updating.residuals import Residual
from afterglow.pharmacology.updating.sampling import Sample, sample_posterior
from afterglow.pharmacology.updating.update import Check, Moved, Outcome, Update, update
from afterglow.pharmacology.updating.weights import calculate_ess, calculate_weights

__all__ = [
    "KINDS",
    "Check",
    "Course",
    "Kind",
    "Moved",
    "Observation",
    "Outcome",
    "Residual",
    "Sample",
    "SessionRecord",
    "Update",
    "calculate_ess",
    "calculate_weights",
    "sample_posterior",
    "update",
]
