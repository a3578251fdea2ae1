"""Conditions: three answers, Kleene's logic, exact numbers, and a strict form."""

from decimal import Decimal
from typing import Any

import pytest

from afterglow.terms.conditions import (
    MalformedCondition,
    check_condition,
    find_unknown_facts,
    iterate_fact_names,
    validate_condition,
)

YES, NO, OPEN = {"fact": "yes", "is": True}, {"fact": "no", "is": True}, {"fact": "open", "is": True}
KNOWN = {"yes": True, "no": False, "number": 5, "word": "B", "list": ("ssri", "opioid"), "tenth": Decimal("0.3")}


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        (YES, True),
        (NO, False),
        (OPEN, None),
        ({"all": [YES, OPEN]}, None),
        ({"all": [NO, OPEN]}, False),
        ({"all": [OPEN, NO]}, False),
        ({"any": [YES, OPEN]}, True),
        ({"any": [OPEN, YES]}, True),
        ({"any": [NO, OPEN]}, None),
        ({"not": OPEN}, None),
        ({"not": NO}, True),
        ({"known": "open"}, False),
        ({"known": "no"}, True),
        ({"fact": "number", "op": ">", "value": 5}, False),
        ({"fact": "number", "op": ">=", "value": 5}, True),
        ({"fact": "number", "op": "<", "value": "5.1"}, True),
        ({"fact": "number", "op": "<=", "value": 4}, False),
        ({"fact": "number", "op": "==", "value": Decimal("5.0")}, True),
        ({"fact": "number", "op": "!=", "value": 5}, False),
        ({"fact": "tenth", "op": "==", "value": 0.3}, True),
        ({"fact": "number", "op": ">", "than": "open"}, None),
        ({"fact": "number", "op": ">", "than": "tenth"}, True),
        ({"fact": "number", "op": ">=", "than": "number", "plus": 1}, False),
        ({"fact": "number", "op": ">", "than": "number", "times": "0.9"}, True),
        ({"fact": "word", "in": ["A", "B"]}, True),
        ({"fact": "word", "in": ["A"]}, False),
        ({"fact": "list", "has": "opioid"}, True),
        ({"fact": "list", "has": "maoi"}, False),
        ({"fact": "list", "has-any": ["maoi", "ssri"]}, True),
        ({"fact": "open", "has": "maoi"}, None),
    ],
)
def test_answer(condition: dict[str, Any], answer: bool | None) -> None:
    assert check_condition(condition, KNOWN) is answer


def test_none_is_not_known_and_zero_is() -> None:
    condition = {"fact": "number", "op": "<", "value": 1}
    assert check_condition(condition, {"number": None}) is None
    assert check_condition(condition, {"number": 0}) is True


def test_facts_are_named_in_reading_order() -> None:
    condition = {"any": [{"fact": "b", "op": ">", "than": "a"}, {"not": {"known": "c"}}]}
    assert list(iterate_fact_names(condition)) == ["b", "a", "c"]
    assert find_unknown_facts(condition, {"a": 1}) == ("b", "c")


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"fact": "x"},
        {"fact": "x", "op": "=>", "value": 3},
        {"fact": "x", "op": ">"},
        {"fact": "x", "op": ">", "value": 3, "plus": 1},
        {"fact": "x", "is": True, "op": ">"},
        {"all": []},
        {"all": [{}]},
        {"any": [YES], "not": NO},
        {"not": {}},
        {"known": "x", "is": True},
        "text",
    ],
)
def test_a_malformed_condition_is_refused(condition: Any) -> None:
    with pytest.raises(MalformedCondition):
        validate_condition(condition)


@pytest.mark.parametrize(
    "condition",
    [
        {"fact": "x", "op": ">", "than": "y", "plus": 1, "times": 2},
        {"fact": "x", "has-any": ["a"]},
        {"all": [YES, {"not": {"known": "z"}}]},
    ],
)
def test_a_good_condition_passes(condition: dict[str, Any]) -> None:
    assert validate_condition(condition) is None
