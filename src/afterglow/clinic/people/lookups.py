"""What many pages and rules look up of one person, asked in one way so that a page asks it once."""

from typing import Any

from afterglow.clinic.people.models import Measurement, MedicationStatement
from afterglow.clinic.prepared import Prepared

_WEIGHT = Prepared(
    lambda patient: Measurement.objects.filter(patient=patient, kind="weight", ended_at__isnull=True).order_by(
        "-observed_at", "-recorded_at", "-pk"
    )[:1]
)
_MEDICINES = Prepared(lambda patient: MedicationStatement.objects.filter(patient=patient, ended_at__isnull=True))


def find_weight(patient: Any) -> Measurement | None:
    """Return the weight observed last that has not been ended, in kg, or None."""
    return _WEIGHT.find(patient=patient)


def list_medicines(patient: Any) -> list[MedicationStatement]:
    """Return the medicines that are not ended."""
    return _MEDICINES.ask(patient=patient)
