"""The condition language lives in `afterglow.terms.conditions`, since instruments use it too; edit it there."""

from afterglow.terms.conditions import (
    Condition,
    Facts,
    MalformedCondition,
    Truth,
    check_condition,
    find_unknown_facts,
    iterate_fact_names,
    validate_condition,
)

__all__ = [
    "Condition",
    "Facts",
    "MalformedCondition",
    "Truth",
    "check_condition",
    "find_unknown_facts",
    "iterate_fact_names",
    "validate_condition",
]
