"""What a dose calculation accepts: numbers within what is possible at all, each in a unit that fits.

Outside these bounds an input is a mistake and gives a problem; inside them the protocol's limits speak.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from afterglow.protocols.facts import load_facts
from afterglow.terms import InvalidInput, Problem, Quantity, UnitMismatch, build_error, parse_decimal, parse_quantity

T = TypeVar("T")
Number = Decimal | int | str

# possible, not advisable: beyond these a value was mistyped
_MINUTES = (Decimal("0.1"), Decimal(24 * 60))
_STRENGTH = (Decimal("0.1"), Decimal(200))
_DILUENT_ML = (Decimal(1), Decimal(1000))
_LINE_ML = (Decimal(0), Decimal(50))
_CAP_MG = (Decimal(1), Decimal(1000))
_DOSES = {
    "mg": (Decimal("0.1"), Decimal(5000)),
    "mg/kg": (Decimal("0.001"), Decimal(50)),
    "mg/kg/h": (Decimal("0.001"), Decimal(50)),
    "mg/h": (Decimal("0.1"), Decimal(2000)),
}
_DIGITS = frozenset("0123456789")


class Inputs:
    """Reads the inputs of one calculation and keeps every problem, so that all are told at once."""

    def __init__(self) -> None:
        """Start without problems."""
        self.problems: list[Problem] = []

    def raise_problems(self) -> None:
        """Raise everything found, if anything was."""
        if self.problems:
            raise InvalidInput(self.problems)

    def read_weight(self, value: Number | None) -> Decimal:
        """Return the body weight in kg; a dose without a weight is never worked out."""
        if value is None:
            self._refuse("weight", "weight-missing", None, "today's weight in kg", "a dose needs the body weight")
            return Decimal(1)
        spec = load_facts()["weight.kg"]
        return self._read_number("weight", value, (spec.min or Decimal(1), spec.max or Decimal(500)), "kg")

    def read_dose(self, value: Quantity | str, units: tuple[str, ...]) -> Quantity:
        """Return the dose in one of the accepted units."""
        dose = self._catch(lambda: read_quantity(value, "dose", units), Quantity(Decimal(1), units[0]))
        self._check("dose", dose.value, _DOSES[dose.unit], dose.unit)
        return dose

    def read_minutes(self, value: Quantity | str) -> Decimal:
        """Return a duration in minutes."""
        duration = self._catch(lambda: read_quantity(value, "over", ("min", "h")), Quantity(Decimal(1), "min"))
        minutes = duration.to("min").value
        self._check("over", minutes, _MINUTES, "min")
        return minutes

    def read_strength(self, value: Number | None) -> Decimal | None:
        """Return the vial's strength in mg/mL, None when no vial is in hand yet."""
        return None if value is None else self._read_number("vial", value, _STRENGTH, "mg/mL")

    def read_diluent(self, value: Number) -> Decimal:
        """Return the volume of the bag in mL."""
        return self._read_number("diluent", value, _DILUENT_ML, "mL")

    def read_line(self, value: Number, path: str = "line") -> Decimal:
        """Return a line or flush volume in mL."""
        return self._read_number(path, value, _LINE_ML, "mL")

    def read_cap(self, value: Quantity | Number | None) -> Decimal | None:
        """Return the cap in mg, None for no cap."""
        if value is None:
            return None
        return self._read_number("cap", value.to("mg").value if isinstance(value, Quantity) else value, _CAP_MG, "mg")

    def read_count(self, path: str, value: int, highest: int) -> int:
        """Return a whole number from 1 to `highest`."""
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= highest:
            self._refuse(path, "count-out-of-range", value, f"1 to {highest}", f"{value!r} is not from 1 to {highest}")
            return 1
        return value

    def _read_number(self, path: str, value: Number, bounds: tuple[Decimal, Decimal], unit: str) -> Decimal:
        number = self._catch(lambda: _parse_number(value, path, unit), None)
        if number is None:
            return bounds[0] or Decimal(1)
        self._check(path, number, bounds, unit)
        return number

    def _check(self, path: str, number: Decimal, bounds: tuple[Decimal, Decimal], unit: str) -> None:
        low, high = bounds
        if not low <= number <= high:
            accepted = f"{low:f} to {high:f} {unit}"
            self._refuse(
                path, f"{path}-impossible", str(number), accepted, f"a {path} of {number} {unit} is not possible"
            )

    def _catch(self, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except InvalidInput as error:
            self.problems.extend(error.problems)
            return otherwise

    def _refuse(self, path: str, code: str, value: object, accepted: str, message: str) -> None:
        if not any(problem.path == path for problem in self.problems):
            self.problems.append(build_error(path, code, value, accepted, message))


def _parse_number(value: Number, path: str, unit: str) -> Decimal:
    """Return a number written alone or with its unit; another unit is refused."""
    text = value.strip() if isinstance(value, str) else ""
    if text[:1] in _DIGITS and text[-1:] not in _DIGITS and not text.endswith("."):
        return parse_quantity(text, path, (unit,)).value
    return parse_decimal(value, path)


def read_quantity(value: Quantity | str, path: str, units: tuple[str, ...]) -> Quantity:
    """Return a quantity given as one or as text, when its unit is accepted."""
    if not isinstance(value, Quantity):
        return parse_quantity(str(value), path, units)
    for unit in units:
        try:
            return value.to(unit)
        except UnitMismatch:
            continue
    message = f"{value} is not in {' or '.join(units)}"
    raise InvalidInput([build_error(path, "unit-not-accepted", str(value), ", ".join(units), message)])
