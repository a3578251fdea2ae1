"""Actions on people: registering, editing, and recording what a chart states."""

from afterglow.clinic.people.actions.chart import (
    end_entry,
    record_allergy,
    record_history,
    record_medication,
    record_no_known_allergies,
    record_no_medicines,
    record_no_trials,
    record_preference,
    record_problem,
    record_trial,
)
from afterglow.clinic.people.actions.measurements import record_measurement
from afterglow.clinic.people.actions.patients import add_escort, edit_patient, end_escort, register_patient

__all__ = [
    "add_escort",
    "edit_patient",
    "end_entry",
    "end_escort",
    "record_allergy",
    "record_history",
    "record_measurement",
    "record_medication",
    "record_no_known_allergies",
    "record_no_medicines",
    "record_no_trials",
    "record_preference",
    "record_problem",
    "record_trial",
    "register_patient",
]
