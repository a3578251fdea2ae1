"""Recording measured values: each with unit, origin and the instant it was observed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.people.checks import Checks
from afterglow.clinic.people.models import Measurement
from afterglow.protocols.facts import load_facts

BY_HAND = "entered by hand"


@dataclass(frozen=True, slots=True)
class MeasurementKind:
    """One kind of measurement: its unit on the wire, the fact it answers, and the fact of a second value."""

    unit: str
    fact: str
    second_fact: str = ""
    decimals: int = 1


KINDS: Mapping[str, MeasurementKind] = {
    "weight": MeasurementKind("kg", "weight.kg", decimals=2),
    "height": MeasurementKind("cm", "height.cm"),
    "blood-pressure": MeasurementKind("mm[Hg]", "bp.systolic_mmhg", "bp.diastolic_mmhg", decimals=0),
    "heart-rate": MeasurementKind("/min", "hr.per_min", decimals=0),
    "spo2": MeasurementKind("%", "spo2.percent"),
    "respiratory-rate": MeasurementKind("/min", "rr.per_min", decimals=0),
    "temperature": MeasurementKind("Cel", "temperature.cel"),
}


@action
def record_measurement(
    *,
    patient: Any,
    kind: str,
    value: Any,
    observed_at: datetime,
    by: Any,
    now: datetime,
    second_value: Any = None,
    unit: str = "",
    origin: str = BY_HAND,
    detail: Mapping[str, Any] | None = None,
) -> Measurement:
    """Record one measurement; a time in the future, an impossible value or a pressure upside down is refused."""
    policy.require(by, "chart.edit", patient)
    checks = Checks()
    word = checks.word(kind, "kind", KINDS, is_required=True)
    checks.raise_problems()
    declared = KINDS[word]
    first: Any = _read_value(checks, value, "value", declared.fact, declared)
    second = _read_second(checks, second_value, declared)
    if first is not None and second is not None and first <= second:
        message = f"systolic {first} is not above diastolic {second}"
        checks.refuse("second_value", "pressure-inverted", str(second), f"less than {first}", message)
    if unit and unit not in (declared.unit, "mmHg"):
        checks.refuse("unit", "unit-not-accepted", unit, declared.unit, f"this is recorded in {declared.unit}")
    observed: Any = checks.past_instant(observed_at, "observed_at", now)
    if observed is None and not checks.problems:
        checks.refuse("observed_at", "instant-missing", "", "when it was observed", "a time is needed")
    words = checks.text(origin, "origin", longest=40, is_required=True)
    checks.raise_problems()
    row = Measurement.objects.create(
        patient=patient,
        kind=kind,
        value=first,
        second_value=second,
        unit=declared.unit,
        origin=words,
        observed_at=observed,
        detail=dict(detail or {}),
        recorded_at=now,
        recorded_by=by,
    )
    audit.record(by=by, action="measurement.recorded", subject=row, now=now, patient=patient, detail={"kind": kind})
    return row


def _read_value(checks: Checks, value: Any, path: str, fact: str, declared: MeasurementKind) -> Decimal | None:
    spec = load_facts()[fact]
    if value is None or value == "":
        checks.refuse(path, "number-missing", "", spec.accepted, "a value is needed")
        return None
    low, high = spec.min if spec.min is not None else Decimal(0), spec.max if spec.max is not None else Decimal(1000)
    return checks.number(value, path, low, high, spec.unit, places=declared.decimals)


def _read_second(checks: Checks, value: Any, declared: MeasurementKind) -> Decimal | None:
    if declared.second_fact:
        return _read_value(checks, value, "second_value", declared.second_fact, declared)
    if value not in (None, ""):
        checks.refuse("second_value", "value-not-used", str(value), "nothing", "this has one value only")
    return None
