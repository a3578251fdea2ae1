"""Doses that are not worked out from a vial: devices of a spray, and fixed or by-weight amounts for planning."""

from decimal import Decimal

from afterglow.protocols.dose_inputs import Inputs, Number
from afterglow.protocols.dose_limits import build_caution, build_stop, check_limits
from afterglow.protocols.dose_racemic import Amount
from afterglow.protocols.dose_sheet import DeviceTime, DoseSheet, DoseStep, show
from afterglow.protocols.model import Protocol, Value
from afterglow.terms import Finding, Override, Quantity, Severity


def calculate_devices(
    protocol: Protocol,
    *,
    dose: Quantity | str,
    age_years: int | None = None,
    is_first: bool | None = None,
    weight_kg: Number | None = None,
) -> DoseSheet:
    """Return the devices of a spray dose with the minutes at which each is given.

    A labelled dose does not depend on weight; `age_years` and `is_first` matter where a label asks for them.
    """
    inputs = Inputs()
    mg = inputs.read_dose(dose, ("mg",)).value
    weight = None if weight_kg is None else inputs.read_weight(weight_kg)
    inputs.raise_problems()
    each = Decimal(protocol.doses["device_mg"].value)
    gap = int(protocol.doses["device_gap_min"].value)
    count = mg / each
    is_whole = count == count.to_integral_value()
    findings = [
        *check_limits(protocol, {"dose.mg": mg, **({"devices": int(count)} if is_whole else {})}),
        *_check_label(protocol, mg, is_whole=is_whole),
        *_check_age(protocol, mg, age_years, is_first=is_first),
        *_check_first_dose(protocol, mg, is_first=is_first),
    ]
    steps = [DoseStep("Devices", f"{show(mg)} mg / {show(each)} mg a device", show(count))]
    devices: tuple[DeviceTime, ...] = ()
    if is_whole:
        devices = tuple(DeviceTime(n + 1, n * gap, each, each * (n + 1)) for n in range(int(count)))
        times = ", ".join(f"{device.at_min} min" for device in devices)
        steps.append(DoseStep("Times", f"{gap} min between devices, counted from the first", times))
        steps.append(DoseStep("Last device", f"{len(devices) - 1} × {gap} min", f"{devices[-1].at_min} min"))
    return DoseSheet(
        protocol=protocol.id,
        pattern=str(protocol.pattern),
        steps=tuple(steps),
        findings=tuple(findings),
        mg=mg,
        ordered_mg=mg,
        weight_kg=weight,
        devices=devices,
    )


def calculate_fixed(
    protocol: Protocol,
    *,
    dose: Quantity | str,
    weight_kg: Number | None,
    cap_mg: Quantity | Number | None = None,
) -> DoseSheet:
    """Return the arithmetic of a swallowed, held or sprayed dose for a plan: milligrams, by weight, cap."""
    inputs = Inputs()
    weight = inputs.read_weight(weight_kg)
    ordered = inputs.read_dose(dose, ("mg/kg", "mg"))
    cap = inputs.read_cap(cap_mg)
    inputs.raise_problems()
    amount = Amount(ordered, weight, cap)
    return DoseSheet(
        protocol=protocol.id,
        pattern=str(protocol.pattern),
        steps=tuple(amount.steps),
        findings=check_limits(protocol, amount.measure()),
        **amount.fields(),
    )


def _check_label(protocol: Protocol, mg: Decimal, *, is_whole: bool) -> list[Finding]:
    """Return a stop for a dose that no whole number of devices gives, a caution for one this label lacks."""
    device, allowed = protocol.doses["device_mg"], protocol.doses["allowed_mg"]
    if not is_whole:
        seen, threshold = f"{show(mg)} mg", f"whole devices of {show(device.value)} mg"
        return [build_stop("E-01", "Not a whole number of devices", seen, threshold, "Change the order.", device)]
    if mg in {Decimal(word) for word in allowed.value} or mg > protocol.doses["highest_mg"].value:
        return []
    threshold = f"{', '.join(allowed.value)} mg"
    asks = "Confirm that this is meant, with the reason."
    return [build_caution("E-02", "Not a dose of this label", f"{show(mg)} mg", threshold, asks, allowed)]


def _check_age(protocol: Protocol, mg: Decimal, age_years: int | None, *, is_first: bool | None) -> list[Finding]:
    """E-11: from 65 years the EU label starts at 28 mg. An unknown age, or not knowing if it is the first, asks."""
    limit, start = protocol.doses.get("start_low_from_age_a"), protocol.doses.get("start_mg_from_age")
    if limit is None or start is None or mg <= start.value or is_first is False:
        return []
    threshold = f"from {limit.value} years start at {show(start.value)} mg"
    if age_years is None:
        return [_build_gap("E-11", "Age not known", "Not recorded: age", threshold, "Enter the birth date.", limit)]
    if age_years < limit.value:
        return []
    seen = f"{age_years} years, {show(mg)} mg"
    if is_first is None:
        asks = "Say whether this is the first dose."
        return [_build_gap("E-11", "First dose or not is not known", seen, threshold, asks, limit)]
    return [build_caution("E-11", "First dose above the start for this age", seen, threshold, "Start lower.", start)]


def _check_first_dose(protocol: Protocol, mg: Decimal, *, is_first: bool | None) -> list[Finding]:
    """E-04: the first dose for treatment-resistant depression is 56 mg; E-07 starts at 84 mg."""
    start = protocol.doses["start_mg"]
    if not is_first or protocol.indication == "mdd-si" or mg <= start.value:
        return []
    asks = "Check the label's present edition, or start lower."
    threshold = f"first dose {show(start.value)} mg"
    return [build_caution("E-04", "First dose above the label's start", f"{show(mg)} mg", threshold, asks, start)]


def _build_gap(rule: str, title: str, seen: str, threshold: str, asks: str, value: Value) -> Finding:
    citation = value.citation
    return Finding(rule, Severity.MISSING, seen, threshold, asks, Override.NONE, citation.text, citation.grade, title)
