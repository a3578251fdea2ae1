"""Dose arithmetic, exact in decimals, every step shown: the door to the calculations of each way of giving.

Impossible input raises `InvalidInput` with problems; what a limit says comes back as findings on the sheet.
"""

from typing import Any

from afterglow.protocols.dose_fixed import calculate_devices, calculate_fixed
from afterglow.protocols.dose_limits import check_limits, check_step, check_weight
from afterglow.protocols.dose_racemic import calculate_infusion, calculate_injection
from afterglow.protocols.dose_sheet import DeviceTime, DoseSheet, DoseStep
from afterglow.protocols.model import Pattern, Protocol
from afterglow.terms import InvalidInput, build_error

__all__ = [
    "DeviceTime",
    "DoseSheet",
    "DoseStep",
    "calculate_devices",
    "calculate_dose",
    "calculate_fixed",
    "calculate_infusion",
    "calculate_injection",
    "check_limits",
    "check_step",
    "check_weight",
]

_ACCEPTED: dict[Pattern, tuple[Any, tuple[str, ...]]] = {
    Pattern.INFUSION: (
        calculate_infusion,
        ("weight_kg", "cap_mg", "over", "vial_mg_per_ml", "diluent_ml", "line_ml", "flush_ml", "replaces_volume"),
    ),
    Pattern.INJECTION: (calculate_injection, ("weight_kg", "cap_mg", "vial_mg_per_ml", "parts")),
    Pattern.DEVICES: (calculate_devices, ("weight_kg", "age_years", "is_first")),
    Pattern.SPRAYS: (calculate_fixed, ("weight_kg", "cap_mg")),
    Pattern.SWALLOWED: (calculate_fixed, ("weight_kg", "cap_mg")),
}
_NEEDS_WEIGHT = frozenset({Pattern.INFUSION, Pattern.INJECTION, Pattern.SPRAYS, Pattern.SWALLOWED})


def calculate_dose(protocol: Protocol, *, dose: Any, **given: Any) -> DoseSheet:
    """Return the sheet of a protocol's own way of giving; refuse what that way does not know."""
    calculate, names = _ACCEPTED[protocol.pattern]
    present = {name: value for name, value in given.items() if value is not None}
    foreign = sorted(set(present) - set(names))
    if foreign:
        accepted = ", ".join(names)
        message = f"{protocol.id} is given as {protocol.pattern} and knows no {{}}"
        raise InvalidInput(
            [
                build_error(name, "input-not-used", str(present[name]), accepted, message.format(name))
                for name in foreign
            ]
        )
    if protocol.pattern in _NEEDS_WEIGHT:
        present.setdefault("weight_kg", None)
    sheet: DoseSheet = calculate(protocol, dose=dose, **present)
    return sheet
