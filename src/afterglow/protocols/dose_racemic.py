"""Doses by body weight: an infusion from vial to pump, an injection from vial to syringe.

Limits are judged twice: on the dose as ordered (after the cap) and on the milligrams that the syringe really draws.
Rounding to the syringe goes to the nearest mark; where that would pass a limit that the ordered dose does not, the mark
below is drawn if it stays within the rounding a protocol allows, and if it does not, the limit speaks of the drawn
amount. What the pump rounds is bounded by L-ROUND and is not judged again.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from afterglow.protocols.dose_inputs import Inputs, Number
from afterglow.protocols.dose_limits import build_caution, build_stop, check_limits, raises_level
from afterglow.protocols.dose_sheet import DoseSheet, DoseStep, show
from afterglow.protocols.dose_volumes import Draw, calculate_draw, check_moved, round_to_pump, show_volume
from afterglow.protocols.model import Protocol, Value
from afterglow.terms import Finding, Override, Quantity, Severity

_DOSE_UNITS = ("mg/kg", "mg")
_RATE_UNITS = ("mg/kg/h", "mg/h")


class Amount:
    """A dose on its way from the order to milligrams: mg/kg times weight, then the cap."""

    def __init__(
        self, dose: Quantity, weight_kg: Decimal, cap_mg: Decimal | None, minutes: Decimal | None = None
    ) -> None:
        """Work out the milligrams and keep the steps; a dose given as a rate needs the minutes."""
        self.steps: list[DoseStep] = []
        self.weight_kg, self.cap_mg = weight_kg, cap_mg
        is_by_weight = dose.unit.startswith("mg/kg")
        self.ordered_mg = dose.value * (weight_kg if is_by_weight else 1)
        parts = [f"{show(dose.value)} {dose.unit}", *([f"{show(weight_kg)} kg"] if is_by_weight else [])]
        if dose.unit.endswith("/h") and minutes is not None:
            self.ordered_mg = self.ordered_mg * minutes / 60
            parts.append(f"{show(minutes)} min / 60")
        formula = " × ".join(parts) if len(parts) > 1 else "as ordered"
        self.steps.append(DoseStep("Dose", formula, f"{show(self.ordered_mg)} mg"))
        self.is_capped = cap_mg is not None and self.ordered_mg > cap_mg
        self.mg = cap_mg if cap_mg is not None and self.is_capped else self.ordered_mg
        if self.is_capped:
            self.steps.append(
                DoseStep("Cap", f"{show(self.ordered_mg)} mg, never more than the cap", f"{show(self.mg)} mg")
            )
        self.mg_per_kg = self.mg / weight_kg
        if self.is_capped or dose.unit != "mg/kg":
            self.steps.append(
                DoseStep("By weight", f"{show(self.mg)} mg / {show(weight_kg)} kg", f"{show(self.mg_per_kg)} mg/kg")
            )

    def fields(self) -> dict[str, Any]:
        """Return the sheet's fields that the amount settles."""
        names = ("mg", "mg_per_kg", "ordered_mg", "is_capped", "cap_mg", "weight_kg")
        return {name: getattr(self, name) for name in names}

    def measure(self) -> dict[str, Decimal | int | None]:
        """Return the measures that a protocol limits."""
        return {"weight.kg": self.weight_kg, "dose.mg_per_kg": self.mg_per_kg, "dose.mg": self.mg}

    def measure_drawn(self, mg: Decimal, minutes: Decimal | None = None) -> dict[str, Decimal]:
        """Return the limited measures of some milligrams for this person; the rate where they run over a time."""
        measured = {"dose.mg_per_kg": mg / self.weight_kg, "dose.mg": mg}
        return measured if minutes is None else measured | {"rate.mg_per_kg_h": mg * 60 / (self.weight_kg * minutes)}


def calculate_infusion(
    protocol: Protocol,
    *,
    weight_kg: Number | None,
    dose: Quantity | str,
    over: Quantity | str | None = None,
    cap_mg: Quantity | Number | None = None,
    vial_mg_per_ml: Number | None = None,
    diluent_ml: Number | None = None,
    line_ml: Number = 0,
    flush_ml: Number | None = None,
    replaces_volume: bool = False,
) -> DoseSheet:
    """Return the arithmetic of an infusion: mg, mL to draw, bag, pump rate, line and what is left.

    Without a vial the sheet ends at the milligrams and asks for the vial. `replaces_volume` says that the
    drawn volume is first taken out of the bag. `flush_ml` is the line volume unless told otherwise.
    """
    inputs = Inputs()
    weight = inputs.read_weight(weight_kg)
    ordered = inputs.read_dose(dose, (*_DOSE_UNITS, *_RATE_UNITS))
    minutes = inputs.read_minutes(over if over is not None else Quantity(Decimal(_dose(protocol, "over_min")), "min"))
    strength = inputs.read_strength(vial_mg_per_ml)
    diluent = inputs.read_diluent(diluent_ml if diluent_ml is not None else _dose(protocol, "diluent_ml"))
    line = inputs.read_line(line_ml)
    flush = line if flush_ml is None else inputs.read_line(flush_ml, "flush")
    cap = inputs.read_cap(cap_mg)
    inputs.raise_problems()

    amount = Amount(ordered, weight, cap, minutes)
    exact = amount.measure_drawn(amount.mg, minutes)
    rate = exact["rate.mg_per_kg_h"]
    speed = DoseStep(
        "Rate by weight",
        f"{show(amount.mg)} mg / {show(weight)} kg / {show(minutes)} min × 60",
        f"{show(rate, 2)} mg/kg/h",
    )
    known: dict[str, Any] = {**amount.fields(), "over_min": minutes, "rate_mg_per_kg_h": rate}
    measured = {**amount.measure(), **exact, "infusion.min": minutes}
    if strength is None:
        findings = [*_note_cap(protocol, amount), *check_limits(protocol, measured), ask_for_vial(protocol)]
        return _build(protocol, [*amount.steps, speed], findings, known)
    draw = _draw(protocol, amount, strength, minutes)
    drawn = amount.measure_drawn(draw.mg, minutes)
    findings = [*_note_cap(protocol, amount), *check_limits(protocol, measured, drawn)]
    bag = _fill_bag(protocol, draw, strength, diluent, replaces=replaces_volume)
    pump = _set_pump(protocol, bag.total_ml, minutes)
    tail = _empty_line(protocol, draw, bag.mg_per_ml, line, flush)
    steps = [*amount.steps, *draw.steps, *bag.steps, *pump.steps, speed, *tail.steps, *draw.rest_steps]
    known |= {**_draw_fields(draw, strength), **bag.fields, **pump.fields, **tail.fields}
    return _build(protocol, steps, [*findings, *draw.findings, *bag.findings, *pump.findings, *tail.findings], known)


def calculate_injection(
    protocol: Protocol,
    *,
    weight_kg: Number | None,
    dose: Quantity | str,
    cap_mg: Quantity | Number | None = None,
    vial_mg_per_ml: Number | None = None,
    parts: int = 1,
) -> DoseSheet:
    """Return the arithmetic of an injection, in one part or several: mg, mL to draw, mL per part, what is left."""
    inputs = Inputs()
    weight = inputs.read_weight(weight_kg)
    ordered = inputs.read_dose(dose, _DOSE_UNITS)
    strength = inputs.read_strength(vial_mg_per_ml)
    cap = inputs.read_cap(cap_mg)
    count = inputs.read_count("parts", parts, int(_dose(protocol, "parts_highest")))
    inputs.raise_problems()

    amount = Amount(ordered, weight, cap)
    measured = amount.measure()
    if strength is None:
        findings = [*_note_cap(protocol, amount), *check_limits(protocol, measured), ask_for_vial(protocol)]
        return _build(protocol, amount.steps, findings, amount.fields())
    draw = _draw(protocol, amount, strength)
    drawn = amount.measure_drawn(draw.mg)
    findings = [*_note_cap(protocol, amount), *check_limits(protocol, measured, drawn)]
    share = _share(protocol, draw, count)
    steps = [*amount.steps, *draw.steps, *share.steps, *draw.rest_steps]
    known = {**amount.fields(), **_draw_fields(draw, strength), **share.fields}
    return _build(protocol, steps, [*findings, *draw.findings, *share.findings], known)


def _draw(protocol: Protocol, amount: Amount, strength: Decimal, minutes: Decimal | None = None) -> Draw:
    """Return what is drawn for an amount, rounded down where rounding up alone would pass a limit."""
    exact = amount.measure_drawn(amount.mg, minutes)

    def is_too_much(mg: Decimal) -> bool:
        return raises_level(protocol, exact, amount.measure_drawn(mg, minutes))

    return calculate_draw(protocol, amount.mg, strength, cap_mg=amount.cap_mg, is_too_much=is_too_much)


class _Stage:
    """One stage of the arithmetic: its steps, its findings, the sheet's fields it settles."""

    def __init__(self, **fields: Any) -> None:
        self.fields: dict[str, Any] = fields
        self.steps: list[DoseStep] = []
        self.findings: list[Finding] = []

    @property
    def total_ml(self) -> Decimal:
        return Decimal(self.fields["total_ml"])

    @property
    def mg_per_ml(self) -> Decimal:
        return Decimal(self.fields["bag_mg_per_ml"])


def _fill_bag(protocol: Protocol, draw: Draw, strength: Decimal, diluent: Decimal, *, replaces: bool) -> _Stage:
    total = diluent if replaces else diluent + draw.ml
    volume = show_volume(protocol, draw.ml)
    stage = _Stage(diluent_ml=diluent, total_ml=total, bag_mg_per_ml=draw.mg / total)
    formula = f"{show(diluent)} mL, {volume} mL taken out and {volume} mL added"
    stage.steps.append(
        DoseStep("Bag", formula if replaces else f"{show(diluent)} mL + {volume} mL", f"{show(total)} mL")
    )
    formula = f"{show(draw.mg)} mg / {show(total)} mL"
    stage.steps.append(DoseStep("Concentration in the bag", formula, f"{show(draw.mg / total)} mg/mL"))
    strong = protocol.settings["vial.dilute_from_mg_per_ml"]
    added = diluent - draw.ml if replaces else diluent
    if strength >= strong.value and added < draw.ml:
        stage.findings.append(
            build_stop(
                "L-DILUTE",
                "Too little diluent for a strong vial",
                f"{show(added)} mL diluent for {volume} mL of {show(strength)} mg/mL",
                f"at least an equal volume from {show(strong.value)} mg/mL",
                "Use a larger bag; never give this strength into a vein undiluted.",
                strong,
            )
        )
    return stage


def _set_pump(protocol: Protocol, total_ml: Decimal, minutes: Decimal) -> _Stage:
    exact = total_ml * 60 / minutes
    rate = round_to_pump(protocol, exact)
    highest = protocol.settings["pump.maximum_ml_per_h"]
    stage = _Stage(rate_ml_per_h=rate, runs_min=total_ml / rate * 60 if rate else None)
    stage.steps.append(
        DoseStep("Pump rate", f"{show(total_ml)} mL × 60 / {show(minutes)} min", f"{show(rate, 1)} mL/h")
    )
    stage.findings += check_moved(protocol, "L-ROUND", "The pump rate", exact, rate)
    if rate > highest.value:
        stage.findings.append(
            build_stop(
                "L-PUMP",
                "Faster than the pump can run",
                f"{show(rate, 1)} mL/h",
                f"more than {show(highest.value)} mL/h",
                "Use a smaller bag or a longer time.",
                highest,
            )
        )
    return stage


def _empty_line(protocol: Protocol, draw: Draw, bag_mg_per_ml: Decimal, line: Decimal, flush: Decimal) -> _Stage:
    line_mg = min(line * bag_mg_per_ml, draw.mg)
    left = max(line - flush, Decimal(0)) * bag_mg_per_ml
    stage = _Stage(line_ml=line, line_mg=line_mg, flush_ml=flush, left_in_line_mg=left, given_mg=draw.mg - left)
    if line == 0:
        return stage
    formula = f"{show(line)} mL × {show(bag_mg_per_ml)} mg/mL"
    stage.steps.append(DoseStep("In the line at the end", formula, f"{show(line_mg, 2)} mg"))
    formula = f"flush {show(flush)} mL through {show(line)} mL of line"
    stage.steps.append(DoseStep("Left in the line", formula, f"{show(left, 2)} mg"))
    if left > 0:
        stage.findings.append(
            build_caution(
                "L-LINE",
                "Drug stays in the line",
                f"{show(left, 2)} mg of {show(draw.mg)} mg",
                f"flush with at least the line volume, {show(line)} mL",
                "Flush the line, or count what stays in it as not given.",
                protocol.settings["line.flush_at_least_line"],
            )
        )
    return stage


def _share(protocol: Protocol, draw: Draw, count: int) -> _Stage:
    step = Decimal(protocol.setting("draw.fine_step_ml"))
    each = (draw.ml / count // step) * step
    parts = (*[each] * (count - 1), draw.ml - each * (count - 1))
    stage = _Stage(parts_ml=parts, given_mg=draw.mg)
    if count > 1:
        shown = " + ".join(show(part) for part in parts)
        stage.steps.append(DoseStep("Parts", f"{show(draw.ml)} mL / {count}", f"{shown} mL"))
    largest = protocol.doses.get("site_volume_max_ml")
    if largest is not None and max(parts) > largest.value:
        stage.findings.append(
            build_caution(
                "L-SITE-VOLUME",
                "Large volume for one place",
                f"{show(max(parts))} mL in one place",
                f"more than {show(largest.value)} mL",
                "Use a stronger vial or divide the dose over two places.",
                largest,
            )
        )
    return stage


def _note_cap(protocol: Protocol, amount: Amount) -> list[Finding]:
    if not amount.is_capped or amount.cap_mg is None:
        return []
    cap = protocol.doses["cap_mg"]
    return [
        Finding(
            "L-CAP",
            Severity.INFO,
            f"{show(amount.ordered_mg)} mg by weight",
            f"cap {show(amount.cap_mg)} mg",
            "The cap is given instead.",
            Override.NONE,
            cap.citation.text,
            cap.citation.grade,
            "The cap holds",
        )
    ]


def ask_for_vial(protocol: Protocol) -> Finding:
    """Return the finding of a sheet without a vial: volumes are worked out from the vial in hand."""
    known: Value = protocol.settings["vial.strengths_mg_per_ml"]
    return Finding(
        "L-VIAL",
        Severity.MISSING,
        "Not recorded: strength of the vial",
        f"known strengths {', '.join(known.value)} mg/mL",
        "Choose the strength from the vial in hand.",
        Override.NONE,
        known.citation.text,
        known.citation.grade,
        "Vial strength not known",
    )


def _draw_fields(draw: Draw, strength: Decimal) -> dict[str, Any]:
    return {
        "vial_mg_per_ml": strength,
        "draw_ml": draw.ml,
        "drawn_mg": draw.mg,
        "opened_mg": draw.opened_mg,
        "vials": draw.vials,
        "left_in_vial_mg": draw.left_mg,
        "left_in_vial_ml": draw.left_ml,
    }


def _dose(protocol: Protocol, name: str) -> Any:
    return protocol.doses[name].value


def _build(protocol: Protocol, steps: list[DoseStep], findings: list[Finding], known: Mapping[str, Any]) -> DoseSheet:
    return DoseSheet(
        protocol=protocol.id, pattern=str(protocol.pattern), steps=tuple(steps), findings=tuple(findings), **known
    )
