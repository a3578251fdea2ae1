"""Quantities: exact decimals with a unit, converted within a kind and refused across kinds."""

from decimal import Decimal

import pytest

from afterglow.terms import InvalidInput, Quantity, UnitMismatch, parse_decimal, parse_quantity


@pytest.mark.parametrize(
    ("value", "unit", "into", "expected"),
    [("1", "g", "mg", "1000"), ("90", "min", "h", "1.5"), ("0.35", "mg", "ug", "350"), ("2", "wk", "d", "14")],
)
def test_conversion_is_exact(value: str, unit: str, into: str, expected: str) -> None:
    assert Quantity(Decimal(value), unit).to(into).value == Decimal(expected)


@pytest.mark.parametrize(("unit", "into"), [("mg", "mL"), ("mg/kg", "mg"), ("mg", "kg"), ("mg", "stone")])
def test_conversion_across_kinds_is_refused(unit: str, into: str) -> None:
    with pytest.raises(UnitMismatch):
        Quantity(Decimal(1), unit).to(into)


@pytest.mark.parametrize("value", [1.5, 3, Decimal("NaN"), Decimal("Infinity")])
def test_only_finite_decimals_are_quantities(value: object) -> None:
    with pytest.raises(TypeError):
        Quantity(value, "mg")  # type: ignore[arg-type]


def test_a_quantity_is_read_and_written() -> None:
    quantity = parse_quantity("0.50 mg/kg", "dose", ("mg/kg", "mg"))
    assert (quantity.value, quantity.unit, str(quantity)) == (Decimal("0.50"), "mg/kg", "0.5 mg/kg")


@pytest.mark.parametrize(
    "text", ["", "0.5", "mg", "0.5 mg/kg extra", "0.5 stone", "0.5kg", "1e3 mg", "-", "40", "4_0mg", "٤٠mg"]
)
def test_a_malformed_or_unwanted_quantity_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_quantity(text, "dose", ("mg/kg", "mg"))


NO_NUMBERS = [
    "x",
    "NaN",
    "Infinity",
    True,
    "",
    "1,5",
    "7_0",
    "0_5",
    "7e1",
    "1e999999",
    "٧٠",
    "７０",
    ".",
    "+",
    "- 5",
    "0x1",
]


@pytest.mark.parametrize("value", [*NO_NUMBERS, "9" * 41, float("nan"), float("inf"), Decimal("1e999999")])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput):
        parse_decimal(value, "weight")


def test_a_number_is_read_exactly() -> None:
    assert parse_decimal(" 0.1 ", "weight") + parse_decimal("0.2", "weight") == Decimal("0.3")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("70", "70"),
        ("+0.5", "0.5"),
        ("-5", "-5"),
        ("70.", "70"),
        (".5", "0.5"),
        (70, "70"),
        (0.5, "0.5"),
        (1e-7, "1E-7"),
    ],
)
def test_plain_decimals_and_numbers_are_read(value: object, number: str) -> None:
    assert parse_decimal(value, "weight") == Decimal(number)
