"""The result of dose arithmetic: every step with its formula, the amounts, and what the limits say."""

from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from afterglow.terms import Finding, Severity, Verdict, calculate_verdict

# decimals of an amount as it is printed on a label; amounts inside are not rounded
_PLACES = {
    "mg": 3,
    "mg_per_kg": 3,
    "drawn_mg": 3,
    "draw_ml": 2,
    "total_ml": 2,
    "bag_mg_per_ml": 3,
    "rate_ml_per_h": 1,
    "rate_mg_per_kg_h": 2,
    "runs_min": 1,
    "line_mg": 2,
    "given_mg": 2,
    "left_in_line_mg": 2,
    "left_in_vial_mg": 2,
    "left_in_vial_ml": 2,
}


@dataclass(frozen=True, slots=True)
class DoseStep:
    """One line of the arithmetic: what is worked out, from what, and the result with its unit."""

    label: str
    formula: str
    result: str


@dataclass(frozen=True, slots=True)
class DeviceTime:
    """One device of a spray dose: its number, when it is given after the first, and the sum so far."""

    number: int
    at_min: int
    mg: Decimal
    sum_mg: Decimal


@dataclass(frozen=True, slots=True)
class DoseSheet:
    """What to give and how; an amount that the input does not settle is None, never zero.

    `mg` is the dose after the cap, `drawn_mg` what the syringe really takes, `given_mg` what reaches the
    person after the line. `findings` hold the limits; a `stop` without override refuses the dose.
    """

    protocol: str
    pattern: str
    steps: tuple[DoseStep, ...]
    findings: tuple[Finding, ...]
    mg: Decimal | None = None
    mg_per_kg: Decimal | None = None
    ordered_mg: Decimal | None = None
    is_capped: bool = False
    cap_mg: Decimal | None = None
    weight_kg: Decimal | None = None
    vial_mg_per_ml: Decimal | None = None
    draw_ml: Decimal | None = None
    drawn_mg: Decimal | None = None
    diluent_ml: Decimal | None = None
    total_ml: Decimal | None = None
    bag_mg_per_ml: Decimal | None = None
    over_min: Decimal | None = None
    runs_min: Decimal | None = None
    rate_ml_per_h: Decimal | None = None
    rate_mg_per_kg_h: Decimal | None = None
    line_ml: Decimal | None = None
    line_mg: Decimal | None = None
    flush_ml: Decimal | None = None
    left_in_line_mg: Decimal | None = None
    given_mg: Decimal | None = None
    opened_mg: Decimal | None = None
    vials: int | None = None
    left_in_vial_mg: Decimal | None = None
    left_in_vial_ml: Decimal | None = None
    parts_ml: tuple[Decimal, ...] = ()
    devices: tuple[DeviceTime, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The reading of the findings as a whole."""
        return calculate_verdict(self.findings)

    @property
    def is_refused(self) -> bool:
        """Whether any finding stops the dose, with or without a possible override."""
        return any(finding.severity is Severity.STOP for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return the sheet as it is printed: amounts rounded as on a label, steps and findings in full."""
        content = {item.name: _render(item.name, getattr(self, item.name)) for item in fields(self)}
        content["steps"] = [{"label": s.label, "formula": s.formula, "result": s.result} for s in self.steps]
        content["findings"] = [finding.to_json() for finding in self.findings]
        content["devices"] = [
            {"number": d.number, "at_min": d.at_min, "mg": d.mg, "sum_mg": d.sum_mg} for d in self.devices
        ]
        return {"verdict": str(self.verdict), **content}


def round_half_up(number: Decimal, places: int) -> Decimal:
    """Return the number with that many decimals, halves away from zero."""
    return number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def show(number: Decimal | int, places: int = 3) -> str:
    """Return a number for a person: at most `places` decimals and no trailing zeros."""
    text = f"{round_half_up(Decimal(number), places):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _render(name: str, value: Any) -> Any:
    if isinstance(value, Decimal) and name in _PLACES:
        return round_half_up(value, _PLACES[name])
    return list(value) if isinstance(value, tuple) else value
