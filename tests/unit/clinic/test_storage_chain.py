"""The keyed chain: what a hash covers, and that parts cannot be shifted between one another."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from afterglow.clinic.chain import (
    EMPTY,
    calculate_link,
    calculate_seal,
    parse_canonical,
    render_canonical,
)

KEY = b"k" * 32


def test_same_parts_give_the_same_hash_and_another_key_another() -> None:
    parts = ["event", 1, b"{}"]
    assert calculate_link(KEY, EMPTY, parts) == calculate_link(KEY, EMPTY, parts)
    assert calculate_link(KEY, EMPTY, parts) != calculate_link(b"x" * 32, EMPTY, parts)


@pytest.mark.parametrize(
    "other",
    [["ab", "c"], ["a", "bc", ""], ["a", b"bc"], ["a", None, "bc"], ["bc", "a"], [1, "bc"]],
)
def test_parts_cannot_be_shifted_retyped_or_swapped(other: list[object]) -> None:
    assert calculate_link(KEY, EMPTY, ["a", "bc"]) != calculate_link(KEY, EMPTY, other)  # type: ignore[arg-type]


def test_the_hash_before_is_covered() -> None:
    first = calculate_link(KEY, EMPTY, ["one"])
    assert calculate_link(KEY, first, ["two"]) != calculate_link(KEY, EMPTY, ["two"])


def test_an_instant_is_the_same_in_every_zone() -> None:
    utc = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    vienna = utc.astimezone(timezone(timedelta(hours=1)))
    assert calculate_link(KEY, EMPTY, [utc]) == calculate_link(KEY, EMPTY, [vienna])


def test_a_seal_belongs_to_name_place_and_hash() -> None:
    seal = calculate_seal(KEY, "audit", 5, "a" * 64)
    assert seal != calculate_seal(KEY, "audit", 4, "a" * 64)
    assert seal != calculate_seal(KEY, "reads", 5, "a" * 64)
    assert seal != calculate_seal(KEY, "audit", 5, "b" * 64)


def test_canonical_bytes_do_not_depend_on_order_and_keep_decimals_as_written() -> None:
    assert render_canonical({"b": 1, "a": Decimal("0.50")}) == b'{"a":"0.50","b":1}'
    assert render_canonical({"a": Decimal("0.50"), "b": 1}) == b'{"a":"0.50","b":1}'


def test_canonical_bytes_come_back_as_they_were() -> None:
    value = {"text": "Grüße \u2028 \u0000", "list": [1, None, True], "deep": {"x": "y"}}
    assert parse_canonical(render_canonical(value)) == value


def test_a_number_that_json_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        render_canonical({"a": float("nan")})
