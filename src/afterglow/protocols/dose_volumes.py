"""Vial, syringe and pump: what can really be drawn and set, and how far that moves the dose."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_UP, Decimal

from afterglow.protocols.dose_limits import build_caution, build_stop
from afterglow.protocols.dose_sheet import DoseStep, show
from afterglow.protocols.model import Protocol
from afterglow.terms import Finding


@dataclass(frozen=True, slots=True)
class Draw:
    """What is drawn from the vial for a dose, and what stays in it."""

    ml: Decimal
    mg: Decimal
    vials: int | None
    opened_mg: Decimal | None
    left_mg: Decimal | None
    left_ml: Decimal | None
    steps: tuple[DoseStep, ...]
    rest_steps: tuple[DoseStep, ...]
    findings: tuple[Finding, ...]


def calculate_draw(
    protocol: Protocol,
    mg: Decimal,
    strength: Decimal,
    *,
    cap_mg: Decimal | None = None,
    is_too_much: Callable[[Decimal], bool] = lambda _mg: False,
) -> Draw:
    """Return the volume a syringe can draw for a dose, and what is left of the vial.

    The nearest volume is drawn, but never one above the cap. Where the nearest volume is `is_too_much` (it passes a
    limit that the dose does not), the one below is drawn if it is still exact enough; otherwise the nearest stays, and
    the caller judges the limits on it.
    """
    exact = mg / strength
    ml = choose_volume(protocol, exact, strength, cap_mg=cap_mg, is_too_much=is_too_much)
    drawn_mg = ml * strength
    steps = [
        DoseStep("Draw from the vial", f"{show(mg)} mg / {show(strength)} mg/mL", f"{show_volume(protocol, ml)} mL")
    ]
    if ml != exact:
        formula = f"{show_volume(protocol, ml)} mL × {show(strength)} mg/mL, exact volume {show(exact, 4)} mL"
        steps.append(DoseStep("Drawn as the syringe can", formula, f"{show(drawn_mg)} mg"))
    findings = [*_check_draw(protocol, mg, exact, drawn_mg), *_check_strength(protocol, strength)]
    vials, opened = count_vials(protocol, drawn_mg, strength)
    left_mg = None if opened is None else opened - drawn_mg
    left_ml = None if left_mg is None else left_mg / strength
    rest = _show_rest(opened, drawn_mg, left_mg, left_ml)
    return Draw(ml, drawn_mg, vials, opened, left_mg, left_ml, tuple(steps), rest, tuple(findings))


def _show_rest(
    opened: Decimal | None, drawn_mg: Decimal, left_mg: Decimal | None, left_ml: Decimal | None
) -> tuple[DoseStep, ...]:
    """Return the step that says what stays in the vial; none for a vial whose content is not known."""
    if opened is None or left_mg is None or left_ml is None:
        return ()
    formula = f"{show(opened)} mg opened - {show(drawn_mg)} mg drawn"
    result = f"{show(left_mg)} mg, {show(left_ml)} mL to return (multi-dose vial) or waste (single-dose vial)"
    return (DoseStep("Left in the vial", formula, result),)


def get_syringe_step(protocol: Protocol, ml: Decimal) -> Decimal:
    """Return the graduation of the syringe that draws this volume."""
    is_fine = ml < protocol.setting("draw.fine_below_ml")
    return Decimal(protocol.setting("draw.fine_step_ml" if is_fine else "draw.coarse_step_ml"))


def choose_volume(
    protocol: Protocol,
    exact: Decimal,
    strength: Decimal,
    *,
    cap_mg: Decimal | None,
    is_too_much: Callable[[Decimal], bool],
) -> Decimal:
    """Return the volume to draw: the nearest on the syringe, or the one below it (see `calculate_draw`)."""
    step = get_syringe_step(protocol, exact)
    nearest, below = _round_to(exact, step, ROUND_HALF_UP), _round_to(exact, step, ROUND_DOWN)
    if nearest == below or (cap_mg is not None and nearest * strength > cap_mg):
        return below
    is_below_exact = not check_moved(protocol, "L-ROUND", "The dose", exact, below)
    return below if is_below_exact and is_too_much(nearest * strength) else nearest


def round_to_pump(protocol: Protocol, ml_per_h: Decimal) -> Decimal:
    """Return the nearest rate that the pump can be set to."""
    is_coarse = ml_per_h >= protocol.setting("pump.coarse_from_ml_per_h")
    step = protocol.setting("pump.coarse_step_ml_per_h" if is_coarse else "pump.step_ml_per_h")
    return _round_to(ml_per_h, Decimal(step), ROUND_HALF_UP)


def show_volume(protocol: Protocol, ml: Decimal) -> str:
    """Return a volume with the decimals of its syringe."""
    step = get_syringe_step(protocol, ml)
    return f"{ml.quantize(step) if ml == _round_to(ml, step, ROUND_DOWN) else ml:f}"


def check_moved(protocol: Protocol, rule: str, what: str, exact: Decimal, rounded: Decimal) -> list[Finding]:
    """Return a stop when rounding moves an amount by more than the protocol lets it."""
    limit = protocol.settings["draw.rounding_max_percent"]
    moved = abs(rounded - exact) / exact * 100
    if moved <= limit.value:
        return []
    return [
        build_stop(
            rule,
            f"{what} cannot be set exactly enough",
            f"Rounding moves it by {show(moved, 2)} %",
            f"more than {show(limit.value)} %",
            "Choose a weaker vial, another volume or another dose.",
            limit,
        )
    ]


def _check_draw(protocol: Protocol, mg: Decimal, exact: Decimal, drawn_mg: Decimal) -> list[Finding]:
    smallest = protocol.settings["draw.minimum_ml"]
    if exact < smallest.value:
        return [
            build_stop(
                "L-DRAW",
                "Volume too small to draw",
                f"{show(exact, 4)} mL to draw",
                f"less than {show(smallest.value)} mL",
                "Choose a weaker vial or dilute first.",
                smallest,
            )
        ]
    return check_moved(protocol, "L-ROUND", "The dose", mg, drawn_mg)


def _check_strength(protocol: Protocol, strength: Decimal) -> list[Finding]:
    known = protocol.settings["vial.strengths_mg_per_ml"]
    if strength in {Decimal(word) for word in known.value}:
        return []
    return [
        build_caution(
            "L-VIAL",
            "Strength not among the known products",
            f"Vial of {show(strength)} mg/mL",
            f"known strengths {', '.join(known.value)} mg/mL",
            "Read the vial's label again; strength is stated as base.",
            known,
        )
    ]


def count_vials(protocol: Protocol, drawn_mg: Decimal, strength: Decimal) -> tuple[int | None, Decimal | None]:
    """Return the fewest vials of a strength that hold an amount, and what they hold; None for an unknown strength."""
    content = protocol.settings.get(f"vial.content_mg_at_{show(strength)}_mg_per_ml")
    if content is None:
        return None, None
    vials = int((drawn_mg / content.value).to_integral_value(rounding=ROUND_CEILING)) or 1
    return vials, Decimal(content.value) * vials


def _round_to(number: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (number / step).to_integral_value(rounding=rounding) * step
