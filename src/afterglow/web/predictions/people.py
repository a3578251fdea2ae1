"""What a prediction may know of a person: weight, age, sex, height, liver, and what else is taken; no name."""

from datetime import date, datetime
from typing import Any

from django.utils import timezone

from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.people.lookups import find_weight
from afterglow.clinic.people.models import HistoryFact, Measurement, MedicationStatement
from afterglow.clinic.prepared import Prepared
from afterglow.pharmacology.interactions import load_perpetrators
from afterglow.pharmacology.practice import is_attenuating
from afterglow.protocols.derive import calculate_age
from afterglow.protocols.medicines import normalise_name

SEXES = {"female": "F", "male": "M"}
LIVERS = {"A": "mild", "B": "moderate", "C": "severe"}
LIVER_FACT = "history.child_pugh"
# how charts also write what was studied
OTHER_NAMES = {
    "rifampicin": ("rifampin",),
    "st-johns-wort": ("st john s wort", "hypericum"),
    "grapefruit-juice": ("grapefruit",),
}
# what stays on the skin changes no level
ON_THE_SKIN = ("cream", "shampoo", "ointment", "gel", "topical")
DOSED = ("dosing", "paused", "observing", "released", "left", "ended")
MOST_SESSIONS = 60
_HEIGHT = Prepared(
    lambda patient: Measurement.objects.filter(patient__pk=patient, kind="height", ended_at__isnull=True).order_by(
        "-observed_at", "-recorded_at", "-pk"
    )[:1]
)
_MEDICINES = Prepared(
    lambda patient: MedicationStatement.objects.filter(patient__pk=patient, ended_at__isnull=True).values_list(
        "name", flat=True
    )
)
_ALL_DOSED = Prepared(
    lambda patient: Session.objects.filter(patient__pk=patient, phase__in=DOSED).values_list("pk", flat=True)
)
_DOSED = Prepared(
    lambda patient, before: Session.objects.filter(
        patient__pk=patient, phase__in=DOSED, opened_at__lt=before
    ).values_list("pk", flat=True)
)
_LIVER = Prepared(
    lambda patient: HistoryFact.objects.filter(patient__pk=patient, name=LIVER_FACT, ended_at__isnull=True).order_by(
        "-recorded_at", "-pk"
    )[:1]
)


def describe_patient(patient: Any, now: datetime, *, weight_kg: Any = None, before: datetime | None = None) -> Any:
    """Return the person as the worker takes it; `weight_kg` is left out where nobody knows it.

    Parameters
    ----------
    patient : Patient
    now : datetime
    weight_kg : number, optional
        Of today; else the last one on the chart.
    before : datetime, optional
        Sessions opened before this instant count; else all that were dosed.
    """
    weight = weight_kg if weight_kg is not None else getattr(find_weight(patient), "value", None)
    height = _HEIGHT.find(patient=patient.pk)
    names = [name.strip().lower() for name in _MEDICINES.ask(patient=patient.pk)]
    found: dict[str, Any] = {
        "age_years": _count_age(patient.birth_on, now),
        "session_number": count_sessions(patient, before) + 1,
        "interactions": list_interactions(names),
        "has_attenuation": any(is_attenuating(name) for name in names),
    }
    if weight is not None:
        found["weight_kg"] = round(float(weight), 1)
    if height is not None:
        found["height_cm"] = round(float(height.value), 0)
    if patient.sex in SEXES:
        found["sex"] = SEXES[patient.sex]
    if liver := _find_liver(patient):
        found["hepatic"] = liver
    return found


def count_sessions(patient: Any, before: datetime | None = None) -> int:
    """Return the sessions with a dose so far, for dissociation that wears off over the first ones."""
    rows = _ALL_DOSED.ask(patient=patient.pk) if before is None else _DOSED.ask(patient=patient.pk, before=before)
    return min(len(rows), MOST_SESSIONS - 1)


def list_interactions(names: list[str]) -> list[str]:
    """Return the studied interactions among the medicines named; what was not studied is not guessed."""
    words = [f" {normalise_name(name)} " for name in names]
    swallowed = [text for text in words if not any(f" {word} " in text for word in ON_THE_SKIN)]
    called = {key: (key.replace("-", " "), *OTHER_NAMES.get(key, ())) for key in load_perpetrators()}
    return sorted(
        key for key, also in called.items() if any(f" {each} " in text for each in also for text in swallowed)
    )


def _count_age(birth_on: date, now: datetime) -> int:
    return calculate_age(birth_on, timezone.localdate(now))


def _find_liver(patient: Any) -> str:
    row = _LIVER.find(patient=patient.pk)
    return LIVERS.get(str(row.value).upper()[:1], "") if row is not None and row.value else ""
