"""Conditions: rules' questions about facts, answered yes, no or not known (three-valued).

A condition is plain data, so that it can live in a protocol file::

    {fact = "bp.systolic_mmhg", op = ">=", value = 160}
    {fact = "bp.systolic_mmhg", op = ">=", than = "baseline.systolic_mmhg", plus = 40}
    {fact = "hr.per_min", op = ">", than = "baseline.heart_rate_per_min", times = "1.3"}
    {fact = "history.aneurysm", is = true}
    {fact = "medication.classes", has = "benzodiazepine"}
    {fact = "drug", in = ["racemic", "esketamine"]}
    {known = "bp.systolic_mmhg"}
    {all = [...]}   {any = [...]}   {not = {...}}

An unknown fact makes a comparison unknown; `all`, `any` and `not` follow Kleene's strong logic,
so that one true member settles an `any` and one false member settles an `all`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

Facts = Mapping[str, Any]
Condition = Mapping[str, Any]
Truth = bool | None

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


class MalformedCondition(ValueError):
    """A condition that does not follow the form; found when a protocol is loaded, never at the bedside."""


def check_condition(condition: Condition, facts: Facts) -> Truth:
    """Return True, False or None (not known) for `condition` over `facts`; a missing or None fact is unknown."""
    if "all" in condition:
        return _conjoin(check_condition(part, facts) for part in condition["all"])
    if "any" in condition:
        return _disjoin(check_condition(part, facts) for part in condition["any"])
    if "not" in condition:
        inner = check_condition(condition["not"], facts)
        return None if inner is None else not inner
    if "known" in condition:
        return facts.get(condition["known"]) is not None
    return _check_fact(condition, facts)


def find_unknown_facts(condition: Condition, facts: Facts) -> tuple[str, ...]:
    """Return the names of the facts the condition reads that are not known, in reading order."""
    names = dict.fromkeys(iterate_fact_names(condition))
    return tuple(name for name in names if facts.get(name) is None)


def iterate_fact_names(condition: Condition) -> Iterator[str]:
    """Yield every fact name a condition reads."""
    for key in ("all", "any"):
        for part in condition.get(key, ()):
            yield from iterate_fact_names(part)
    if "not" in condition:
        yield from iterate_fact_names(condition["not"])
    for key in ("fact", "than", "known"):
        if key in condition:
            yield condition[key]


def validate_condition(condition: Condition) -> None:
    """Raise `MalformedCondition` unless the condition has exactly one of the documented forms."""
    if not isinstance(condition, Mapping):
        raise MalformedCondition(f"not a condition: {condition!r}")
    keys = set(condition)
    for key in ("all", "any"):
        if keys == {key} and condition[key]:
            for part in condition[key]:
                validate_condition(part)
            return
    if keys == {"not"}:
        validate_condition(condition["not"])
        return
    if keys == {"known"} or _is_fact_form(keys, condition):
        return
    raise MalformedCondition(f"not a condition: {condition!r}")


def _is_fact_form(keys: set[str], condition: Condition) -> bool:
    if "fact" not in keys:
        return False
    rest = keys - {"fact"}
    if rest in ({"is"}, {"has"}, {"in"}, {"has-any"}):
        return True
    if condition.get("op") not in _COMPARISONS:
        return False
    return rest == {"op", "value"} or ({"op", "than"} <= rest <= {"op", "than", "plus", "times"})


def _check_fact(condition: Condition, facts: Facts) -> Truth:
    seen = facts.get(condition["fact"])
    if seen is None:
        return None
    if "is" in condition:
        return bool(seen == condition["is"])
    if "has" in condition:
        return condition["has"] in seen
    if "has-any" in condition:
        return any(item in seen for item in condition["has-any"])
    if "in" in condition:
        return seen in condition["in"]
    limit = _read_limit(condition, facts)
    if limit is None:
        return None
    return _COMPARISONS[condition["op"]](_exact(seen), _exact(limit))


def _read_limit(condition: Condition, facts: Facts) -> Any:
    if "value" in condition:
        return condition["value"]
    other = facts.get(condition["than"])
    if other is None:
        return None
    scaled = _exact(other) * _exact(condition.get("times", 1))
    return scaled + _exact(condition.get("plus", 0))


def _exact(value: Any) -> Any:
    """Return numbers as decimals, so that 0.1 + 0.2 is 0.3; leave words and dates alone."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return Decimal(str(value))
    if isinstance(value, str):
        try:
            return Decimal(value)
        except ArithmeticError:
            return value
    return value


def _conjoin(truths: Iterable[Truth]) -> Truth:
    outcome: Truth = True
    for truth in truths:
        if truth is False:
            return False
        if truth is None:
            outcome = None
    return outcome


def _disjoin(truths: Iterable[Truth]) -> Truth:
    outcome: Truth = False
    for truth in truths:
        if truth is True:
            return True
        if truth is None:
            outcome = None
    return outcome
