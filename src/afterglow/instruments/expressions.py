"""FHIRPath of a definition: variables for items and scores, so that another system totals as our scorer does.

Each item is a variable, empty where it is not answered; FHIRPath carries emptiness through `+` and its
`and` and `or` are three-valued, so a missing answer stays missing. Answers and results stand in two groups,
hence `%resource.item.item`; a variable for that list would lose the types of answers in some evaluators. For the
same reason `aggregate` stands where `max` would do.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from afterglow.instruments.model import Instrument, Item, Operation, ScoreDefinition


def name_variable(fact: str) -> str:
    """Return the variable of an item or score; names may hold no hyphen."""
    return "v_" + re.sub(r"[^A-Za-z0-9]", "_", fact)


def list_variables(instrument: Instrument, choices: frozenset[str]) -> list[tuple[str, str]]:
    """Return name and expression of every variable, each after those it reads; `choices` are the items with options."""
    settings = {f"setting.{name}": each.value for name, each in instrument.settings.items()}
    found: list[tuple[str, str]] = []
    for item in instrument.items:
        found += _express_item(item, item.id in choices)
    for score in instrument.scores:
        found.append((name_variable(score.id), _express_score(instrument, score, settings)))
    return found


def _express_item(item: Item, is_choice: bool) -> list[tuple[str, str]]:
    """Return the variable of an item; one that may be skipped needs its bare answer before it."""
    name, given = name_variable(item.id), f"%resource.item.item.where(linkId = '{item.id}').answer.value"
    if is_choice:
        given += ".weight()"
    elif item.is_reversed or item.weight != 1:
        given = _turn_number(item, given)
    if item.skipped_as is None:
        return [(name, given)]
    bare, may_be_blank = f"given_{name}", " or ".join(_list_skip_conditions(item))
    filled = f"iif(%{bare}.exists(), %{bare}, iif({may_be_blank}, {_number(item.skipped_as)}, {{}}))"
    return [(bare, given), (name, filled)]


def _turn_number(item: Item, given: str) -> str:
    turned = f"({_number(item.minimum + item.maximum)} - {given})" if item.is_reversed else given
    return f"({turned} * {_number(item.weight)})"


def _list_skip_conditions(item: Item) -> list[str]:
    found = []
    if item.asked_when is not None:
        found.append(f"(({express_condition(item.asked_when, {})}) = false)")
    if item.may_skip_when is not None:
        found.append(f"({express_condition(item.may_skip_when, {})})")
    return found


def _express_score(instrument: Instrument, score: ScoreDefinition, settings: Mapping[str, Decimal]) -> str:
    if score.operation is Operation.RULES:
        return _express_rules(score, settings)
    if score.operation is Operation.SUM_OF_MAXIMA:
        return _scale(" + ".join(_express_maximum(instrument, group) for group in score.groups), score.factor)
    worths = {item_id: _express_worth(score, item_id) for item_id in score.items}
    if score.min_answered == len(score.items):
        amount = f"({' + '.join(worths.values())})"
        if score.operation is Operation.MEAN:
            return _round_hundredths(f"{_scale(amount, score.factor)} / {len(score.items)}")
        return _scale(amount, score.factor)
    return _express_incomplete(score, worths)


def _express_incomplete(score: ScoreDefinition, worths: Mapping[str, str]) -> str:
    """A score that stands with some items missing: a mean, a prorated sum, or the sum of what there is."""
    variables = {item_id: f"%{name_variable(item_id)}" for item_id in score.items}
    count = " + ".join(f"iif({variable}.exists(), 1, 0)" for variable in variables.values())
    amount = " + ".join(f"iif({variables[key]}.exists(), {worth}, 0)" for key, worth in worths.items())
    enough = f"(({count}) >= {max(score.min_answered, 1)})"
    enough = " and ".join([enough, *(f"{variables[key]}.exists()" for key in sorted(score.never_impute))])
    if score.operation is Operation.MEAN:
        value = _round_hundredths(f"{_scale(f'({amount})', score.factor)} / ({count})")
    elif score.imputes:
        value = f"(({amount}) * {len(score.items)} / ({count}) * {_number(score.factor)} + 0.5).floor()"
    else:
        value = _scale(f"({amount})", score.factor)
    return f"iif({enough}, {value}, {{}})"


def _express_worth(score: ScoreDefinition, item_id: str) -> str:
    variable = f"%{name_variable(item_id)}"
    if score.operation is Operation.COUNT:
        counts = f"iif({variable} >= {_number(score.counts_from[item_id])}, 1, 0)"
        return f"iif({variable}.exists(), {counts}, {{}})"
    return variable


def _express_maximum(instrument: Instrument, group: tuple[str, ...]) -> str:
    present = []
    for item_id in group:
        pair = next((pair for pair in instrument.alternatives if item_id in pair), frozenset({item_id}))
        known = " or ".join(f"%{name_variable(each)}.exists()" for each in sorted(pair))
        present.append(f"({known})")
    union = " | ".join(f"%{name_variable(item_id)}" for item_id in group)
    highest = f"({union}).aggregate(iif($this > $total, $this, $total), 0)"
    return f"iif({' and '.join(dict.fromkeys(present))}, {highest}, {{}})"


def _express_rules(score: ScoreDefinition, settings: Mapping[str, Decimal]) -> str:
    """First match wins; a condition that is empty leaves the outcome empty."""
    expression = "{}"
    for outcome in reversed(score.outcomes):
        if outcome.when is None:
            expression = f"'{outcome.value}'"
            continue
        when = express_condition(outcome.when, settings)
        expression = f"iif({when}, '{outcome.value}', iif(({when}) = false, {expression}, {{}}))"
    return expression


def express_condition(condition: Mapping[str, Any], settings: Mapping[str, Decimal]) -> str:
    """Return a condition over items, scores and settings as FHIRPath.

    Raises
    ------
    ValueError
        The condition has a form that definitions do not use.
    """
    for key, word in (("all", " and "), ("any", " or ")):
        if key in condition:
            return word.join(f"({express_condition(part, settings)})" for part in condition[key])
    if "not" in condition:
        return f"({express_condition(condition['not'], settings)}).not()"
    if "op" not in condition:
        raise ValueError(f"no FHIRPath for {condition!r}")
    limit = settings[condition["than"]] if "than" in condition else Decimal(condition["value"])
    operator = {"==": "="}.get(condition["op"], condition["op"])
    return f"%{name_variable(condition['fact'])} {operator} {_number(limit)}"


def _scale(expression: str, factor: Decimal) -> str:
    return f"({expression}) * {_number(factor)}" if factor != 1 else f"({expression})"


def _round_hundredths(expression: str) -> str:
    return f"({expression} * 100 + 0.5).floor() / 100"


def _number(value: Decimal) -> str:
    return f"{value:f}"
