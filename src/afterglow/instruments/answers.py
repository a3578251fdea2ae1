"""Reading answers: what an item takes, what was rightly not asked, what is missing."""

from collections.abc import Mapping
from decimal import Decimal

from afterglow.instruments.model import Instrument, Item
from afterglow.terms import InvalidInput, Problem, build_error, parse_decimal
from afterglow.terms.conditions import check_condition

NOT_APPLICABLE = "na"
MISSING = "-"

Answers = Mapping[str, object]


def read_answers(instrument: Instrument, answers: Answers) -> dict[str, Decimal]:
    """Return the given answers as numbers; None, an empty text and `-` mean not answered.

    Raises
    ------
    InvalidInput
        An answer names no item or is not one of the item's values; every such answer is named.
    """
    problems: list[Problem] = []
    values: dict[str, Decimal] = {}
    for item_id, raw in answers.items():
        item = instrument.find_item(item_id)
        if item is None:
            known = ", ".join(each.id for each in instrument.items)
            message = f"{instrument.id} has no item {item_id}"
            problems.append(build_error(f"answers.{item_id}", "item-unknown", item_id, known, message))
        elif raw is not None and raw != MISSING and raw != "":
            try:
                values[item_id] = _read_answer(item, raw)
            except InvalidInput as error:
                problems.extend(error.problems)
    if problems:
        raise InvalidInput(problems)
    return values


def _read_answer(item: Item, raw: object) -> Decimal:
    path = f"answers.{item.id}"
    if raw == NOT_APPLICABLE and item.not_applicable_as is not None:
        return item.not_applicable_as
    number = parse_decimal(raw, path)
    if not takes(item, number):
        message = f"item {item.id} ({item.label}) does not take {raw}"
        raise InvalidInput([build_error(path, "answer-not-accepted", raw, describe_answers(item), message)])
    return number


def takes(item: Item, number: Decimal) -> bool:
    """Return whether a number is one of an item's answers."""
    if item.answers:
        return any(answer.value == number for answer in item.answers)
    return item.minimum <= number <= item.maximum and (number - item.minimum) % item.step == 0


def describe_answers(item: Item) -> str:
    """Return in words which answers an item takes."""
    words = ", ".join(f"{answer.value}" for answer in item.answers)
    if not words:
        words = f"{item.minimum} to {item.maximum} in steps of {item.step}"
    return words if item.not_applicable_as is None else f"{words}, or {NOT_APPLICABLE}"


def apply_skips(instrument: Instrument, values: Mapping[str, Decimal]) -> tuple[dict[str, Decimal], tuple[str, ...]]:
    """Return the answers with those that were rightly not asked, and the items that are missing.

    Raises
    ------
    InvalidInput
        An item is answered that the answers before it rule out.
    """
    filled = dict(values)
    missing: list[str] = []
    problems: list[Problem] = []
    for item in instrument.items:
        asked = True if item.asked_when is None else check_condition(item.asked_when, filled)
        if item.id in values:
            if asked is False and values[item.id] != item.skipped_as:
                problems.append(_build_contradiction(item, values[item.id]))
        elif item.skipped_as is not None and (asked is False or _may_skip(item, filled)):
            filled[item.id] = item.skipped_as
        elif not item.is_optional and not _has_alternative(instrument, item, values):
            missing.append(item.id)
    if problems:
        raise InvalidInput(problems)
    return filled, tuple(missing)


def _may_skip(item: Item, filled: Mapping[str, Decimal]) -> bool:
    return item.may_skip_when is not None and check_condition(item.may_skip_when, filled) is True


def _has_alternative(instrument: Instrument, item: Item, values: Mapping[str, Decimal]) -> bool:
    return any(item.id in group and not group.isdisjoint(values) for group in instrument.alternatives)


def _build_contradiction(item: Item, value: Decimal) -> Problem:
    message = f"item {item.id} ({item.label}) is not asked after the answers before it"
    accepted = "no answer here, or a corrected answer before it"
    return build_error(f"answers.{item.id}", "answer-contradicts", value, accepted, message)
