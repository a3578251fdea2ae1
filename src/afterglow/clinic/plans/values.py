"""A plan's values and its protocol: what a new draft begins with, what may be set, and what it runs under."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from afterglow.clinic.people.checks import Checks, get_local_date
from afterglow.clinic.plans.models import Plan
from afterglow.protocols.catalogue import get_effective, parse_protocol
from afterglow.protocols.model import Pattern, Protocol
from afterglow.protocols.overlay import list_places
from afterglow.terms import InvalidInput

# name -> lowest, highest, unit, decimals
NUMBERS: Mapping[str, tuple[Decimal, int, str, int]] = {
    "dose_mg_per_kg": (Decimal("0.01"), 20, "mg/kg", 3),
    "dose_mg": (Decimal("0.1"), 2000, "mg", 2),
    "cap_mg": (Decimal(1), 2000, "mg", 2),
    "over_min": (Decimal(1), 1440, "min", 1),
}
WHOLES: Mapping[str, tuple[int, int, str]] = {
    "induction_sessions": (1, 60, "sessions"),
    "sessions_per_week": (1, 7, "sessions"),
    "maintenance_every_wk": (1, 52, "weeks"),
    "vitals_every_min": (1, 120, "min"),
    "observe_min": (1, 720, "min"),
}
TEXTS: Mapping[str, int] = {"maintenance_then": 40, "notes": 1000}
WEIGHT_BASES = ("actual",)
EDITABLE = (*NUMBERS, *WHOLES, *TEXTS, "weight_basis", "starts_on")
# where a plan's own interval and stay go in the protocol; the first place that the protocol has
_PLACES: Mapping[str, tuple[str, ...]] = {
    "vitals_every_min": ("due.vitals-infusion.every_min", "due.vitals-first-hour.every_min"),
    "observe_min": ("gates.G-1.minutes", "gates.G-2.minutes", "gates.G-3.minutes"),
}
BY_WEIGHT = frozenset({Pattern.INFUSION, Pattern.INJECTION})
_MOST_SIGNED = 128
_signed: dict[str, Protocol] = {}
_ESKETAMINE_AGE = "start_low_from_age_a"


def find_protocol(plan: Plan) -> Protocol:
    """Return the effective protocol of a plan: its profiles, the site's values, the plan's own interval and stay."""
    base = _get(plan, dict(plan.overlay or {}))
    own = read_own_places(plan, base)
    if not own:
        return base
    try:
        return _get(plan, {**(plan.overlay or {}), **own})
    except InvalidInput as error:
        fields = {place: field for field, places in _PLACES.items() for place in places}
        raise InvalidInput([_rename(problem, fields) for problem in error.problems]) from None


def load_signed_protocol(plan: Plan) -> Protocol:
    """Return the protocol that a signed plan froze, read and checked against its hash once by a process."""
    kept = _signed.get(plan.protocol_hash)
    if kept is None:
        kept = parse_protocol(plan.protocol_content or {})
        if kept.content_hash == plan.protocol_hash:
            while len(_signed) >= _MOST_SIGNED:
                _signed.pop(next(iter(_signed)), None)
            _signed[plan.protocol_hash] = kept
    return kept


def read_own_places(plan: Plan, base: Protocol) -> dict[str, str]:
    """Return the places of the protocol that the plan fills differently from what stands there."""
    places = list_places(base)
    own = {}
    for field, names in _PLACES.items():
        wanted = getattr(plan, field)
        place = next((name for name in names if name in places), None)
        if wanted is not None and place is not None and Decimal(str(places[place].value)) != wanted:
            own[place] = str(wanted)
    return own


def build_defaults(protocol: Protocol, *, patient: Any, now: datetime) -> dict[str, Any]:
    """Return the values a new draft begins with: the protocol's start dose, its schedule, interval and stay."""
    return {**_build_dose(protocol, patient, now), **_build_schedule(protocol), **_build_watch(protocol)}


def read_values(given: Mapping[str, Any], protocol: Protocol) -> dict[str, Any]:
    """Return the values of a draft as they were typed, checked one by one; what the pattern lacks becomes empty."""
    checks = Checks()
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name in NUMBERS:
            low, high, unit, places = NUMBERS[name]
            values[name] = checks.number(value, name, low, high, unit, places=places)
        elif name in WHOLES:
            values[name] = checks.whole(value, name, *WHOLES[name])
        elif name in TEXTS:
            values[name] = checks.text(value, name, longest=TEXTS[name])
        elif name == "weight_basis":
            values[name] = checks.word(value or "actual", name, WEIGHT_BASES)
        elif name == "starts_on":
            values[name] = value or None
        else:
            raise TypeError(f"a plan has no {name}")
    checks.raise_problems()
    for name in list_unused(protocol):
        if name in values:
            values[name] = None
    return values


def list_unused(protocol: Protocol) -> tuple[str, ...]:
    """Return the dose values that a protocol's way of giving does not know."""
    if protocol.pattern is Pattern.INFUSION:
        return ("dose_mg",)
    if protocol.pattern is Pattern.INJECTION:
        return ("dose_mg", "over_min")
    if protocol.pattern is Pattern.DEVICES:
        return ("dose_mg_per_kg", "cap_mg", "over_min")
    return ("over_min",)


def write_dose(plan: Any) -> str:
    """Return the dose as the calculator reads it, or nothing when there is none."""
    if plan.dose_mg_per_kg is not None:
        return f"{plan.dose_mg_per_kg.normalize():f} mg/kg"
    return f"{plan.dose_mg.normalize():f} mg" if plan.dose_mg is not None else ""


def _get(plan: Plan, overlay: dict[str, Any]) -> Protocol:
    return get_effective(
        plan.protocol,
        indication=plan.indication or None,
        profiles=plan.profiles or None,
        overlay=overlay or None,
    )


def _rename(problem: Any, fields: Mapping[str, str]) -> Any:
    from dataclasses import replace

    return replace(problem, path=fields.get(problem.path, problem.path))


def _build_dose(protocol: Protocol, patient: Any, now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {
        "dose_mg_per_kg": _read(protocol, "start_mg_per_kg"),
        "cap_mg": _read(protocol, "cap_mg"),
        "over_min": _read(protocol, "over_min"),
        "dose_mg": None,
    }
    if protocol.pattern is Pattern.DEVICES or values["dose_mg_per_kg"] is None:
        values["dose_mg"] = _find_start_mg(protocol, patient, now)
    return values | dict.fromkeys(list_unused(protocol))


def _find_start_mg(protocol: Protocol, patient: Any, now: datetime) -> Decimal | None:
    from afterglow.protocols.derive import calculate_age

    low_from = _read(protocol, _ESKETAMINE_AGE)
    age = calculate_age(patient.birth_on, get_local_date(patient.site, now))
    if low_from is not None and age >= low_from:
        return _read(protocol, "start_mg_from_age")
    if protocol.indication == "mdd-si" and "start_mg_mdd_si" in protocol.doses:
        return _read(protocol, "start_mg_mdd_si")
    return _read(protocol, "start_mg")


def _build_schedule(protocol: Protocol) -> dict[str, Any]:
    schedule = protocol.schedule
    if "phases" in schedule:
        first = schedule["phases"][0]
        weeks = int(first["until_week"].value) - int(first["from_week"].value) + 1
        per_week = int(first["per_week"].value)
        return {"induction_sessions": weeks * per_week, "sessions_per_week": per_week, "maintenance_every_wk": 2}
    induction, upkeep = schedule.get("induction", {}), schedule.get("maintenance", {})
    return {
        "induction_sessions": _whole(induction.get("sessions")),
        "sessions_per_week": _whole(induction.get("per_week")),
        "maintenance_every_wk": _whole(upkeep.get("interval_weeks")),
        "maintenance_then": "longer, or stop" if upkeep else "",
    }


def _build_watch(protocol: Protocol) -> dict[str, Any]:
    places = list_places(protocol)
    found = {}
    for field, names in _PLACES.items():
        place = next((name for name in names if name in places), None)
        found[field] = _whole(places[place]) if place is not None else None
    return found


def _read(protocol: Protocol, name: str) -> Decimal | None:
    value = protocol.doses.get(name)
    return None if value is None else Decimal(str(value.value))


def _whole(value: Any) -> int | None:
    return None if value is None else int(value.value)
