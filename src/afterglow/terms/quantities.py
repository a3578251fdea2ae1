"""Quantities: a decimal and its unit, exact under the conversions the clinic needs."""

import re
from dataclasses import dataclass
from decimal import Decimal

from afterglow.terms.problems import InvalidInput, TermsError, build_error


class UnitMismatch(TermsError):
    """A quantity of one kind where another is needed, such as mL for mg."""


# unit -> (kind, factor to the kind's base unit, UCUM spelling)
_UNITS: dict[str, tuple[str, Decimal, str]] = {
    "mg": ("mass", Decimal(1), "mg"),
    "g": ("mass", Decimal(1000), "g"),
    "ug": ("mass", Decimal("0.001"), "ug"),
    "ng": ("mass", Decimal("0.000001"), "ng"),
    "kg": ("body-mass", Decimal(1), "kg"),
    "mL": ("volume", Decimal(1), "mL"),
    "L": ("volume", Decimal(1000), "L"),
    "mg/kg": ("dose-per-weight", Decimal(1), "mg/kg"),
    "mg/mL": ("concentration", Decimal(1), "mg/mL"),
    "ng/mL": ("concentration", Decimal("0.000001"), "ng/mL"),
    "mL/h": ("flow", Decimal(1), "mL/h"),
    "mg/h": ("mass-rate", Decimal(1), "mg/h"),
    "mg/kg/h": ("mass-rate-per-weight", Decimal(1), "mg/kg/h"),
    "s": ("time", Decimal(1), "s"),
    "min": ("time", Decimal(60), "min"),
    "h": ("time", Decimal(3600), "h"),
    "d": ("time", Decimal(86400), "d"),
    "wk": ("time", Decimal(604800), "wk"),
    "mm[Hg]": ("pressure", Decimal(1), "mm[Hg]"),
    "kPa": ("pressure", Decimal("7.50061683"), "kPa"),
    "/min": ("frequency", Decimal(1), "/min"),
    "%": ("fraction", Decimal(1), "%"),
    "cm": ("length", Decimal(1), "cm"),
    "kg/m2": ("body-mass-index", Decimal(1), "kg/m2"),
    "Cel": ("temperature", Decimal(1), "Cel"),
    "a": ("age", Decimal(1), "a"),
    "{device}": ("devices", Decimal(1), "{device}"),
    "{score}": ("score", Decimal(1), "{score}"),
    "1": ("number", Decimal(1), "1"),
}

# a number, then a unit that does not begin with a digit: in `40` nothing is a unit
_TEXT = re.compile(r"\s*([+-]?[0-9]+(?:\.[0-9]+)?)\s*([A-Za-z%/{\[][A-Za-z%/{}\[\]0-9]*)\s*\Z")
# what people write: no exponent, no separators, no digits of another script
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)\Z")
LONGEST_NUMBER = 40


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact amount with its unit; refuses binary floats so that nothing is rounded unseen."""

    value: Decimal
    unit: str

    def __post_init__(self) -> None:
        """Check that the value is a finite decimal and the unit is known."""
        if not isinstance(self.value, Decimal) or not self.value.is_finite():
            raise TypeError("a quantity needs a finite Decimal")
        if self.unit not in _UNITS:
            raise UnitMismatch(f"unknown unit {self.unit!r}")

    @property
    def kind(self) -> str:
        """The kind of quantity the unit measures."""
        return _UNITS[self.unit][0]

    def to(self, unit: str) -> "Quantity":
        """Return the same amount in another unit of the same kind; raise `UnitMismatch` otherwise."""
        if unit not in _UNITS or _UNITS[unit][0] != self.kind:
            raise UnitMismatch(f"{self.unit} cannot be expressed in {unit}")
        return Quantity(self.value * _UNITS[self.unit][1] / _UNITS[unit][1], unit)

    def __str__(self) -> str:
        """Return the amount as people write it."""
        return f"{self.value.normalize():f} {self.unit}"


def known_units() -> frozenset[str]:
    """Return every unit the program can read."""
    return frozenset(_UNITS)


def is_plain_number(text: str) -> bool:
    """Return whether a text is a decimal in ASCII digits: `70`, `-0.5`, but not `7_0`, `7e1` or `٧٠`."""
    return len(text) <= LONGEST_NUMBER and _PLAIN.match(text) is not None


def parse_decimal(value: object, path: str) -> Decimal:
    """Return a finite decimal from plain text (`is_plain_number`) or from a number; refuse anything else.

    A number that a JSON reader made may have had an exponent; one too long to write out in full is refused.
    """
    if isinstance(value, bool):
        number = None
    elif isinstance(value, int | float | Decimal):
        number = _read_made_number(value)
    else:
        text = str(value).strip()
        number = Decimal(text) if is_plain_number(text) else None
    if number is None:
        message = f"{_shorten(value)} is not a number"
        raise InvalidInput([build_error(path, "number-malformed", value, "a number such as 0.5", message)])
    return number


def _read_made_number(value: float | Decimal) -> Decimal | None:
    number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or abs(number.adjusted()) > LONGEST_NUMBER:
        return None
    return number


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 2 * LONGEST_NUMBER else text[: 2 * LONGEST_NUMBER] + "..."


def parse_quantity(text: str, path: str, accepted: tuple[str, ...]) -> Quantity:
    """Return the quantity written in `text` when its unit is one of `accepted`."""
    allowed = ", ".join(accepted)
    match = _TEXT.match(text or "")
    if not match:
        message = f"{text!r} is not a number with a unit; write for example 0.5{accepted[0]}"
        raise InvalidInput([build_error(path, "quantity-malformed", text, allowed, message)])
    number, unit = Decimal(match[1]), match[2]
    if unit not in accepted or unit not in _UNITS:
        message = f"{text!r} has the unit {unit}; accepted here: {allowed}"
        raise InvalidInput([build_error(path, "unit-not-accepted", text, allowed, message)])
    return Quantity(number, unit)
