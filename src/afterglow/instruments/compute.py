"""The operations: how one score comes from answers and from the scores above it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from afterglow.instruments.model import Instrument, Item, Operation, ScoreDefinition
from afterglow.instruments.partly import PartlyKnown
from afterglow.terms.conditions import check_condition

Values = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Computed:
    """A score with the note of how it came about; `limits` hold what is certain while answers are missing."""

    value: Decimal | str | None
    reason: str | None = None
    is_prorated: bool = False
    limits: PartlyKnown | None = None

    @property
    def fact(self) -> object:
        """What conditions may read: the value, else its limits, else nothing."""
        return self.limits if self.value is None else self.value


def compute_score(instrument: Instrument, score: ScoreDefinition, values: Values, facts: Mapping[str, Any]) -> Computed:
    """Return one score; `values` are the answers, `facts` also hold the scores above and the settings."""
    if score.operation is Operation.RULES:
        return _compute_rules(score, facts)
    if score.operation is Operation.SUM_OF_MAXIMA:
        return _compute_maxima(instrument, score, values)
    return _compute_amount(instrument, score, values)


def _compute_amount(instrument: Instrument, score: ScoreDefinition, values: Values) -> Computed:
    """Sum, mean or count over the items of the score."""
    worth = _list_worths(instrument, score)
    answered = [item_id for item_id in score.items if item_id in values]
    absent = [item_id for item_id in score.items if item_id not in values]
    amount = sum((worth[item_id](values[item_id]) for item_id in answered), Decimal(0))
    reason = _find_reason(score, answered, absent)
    if reason:
        is_mean = score.operation is Operation.MEAN
        limits = None if is_mean else _find_limits(instrument, score, worth, amount, absent)
        return Computed(None, reason, limits=limits)
    if score.operation is Operation.MEAN:
        return Computed(_round(amount * score.factor / len(answered), 2), None, bool(absent))
    if absent and score.imputes:
        return Computed(_round(amount * len(score.items) / len(answered) * score.factor, 0), None, True)
    return Computed(amount * score.factor)


def _find_reason(score: ScoreDefinition, answered: list[str], absent: list[str]) -> str | None:
    protected = [item_id for item_id in absent if item_id in score.never_impute]
    too_few = None
    if len(answered) < max(score.min_answered, 1):
        needed = f"{score.min_answered} are needed"
        if score.min_answered == len(score.items) and len(absent) <= 3:
            needed = f"item{'s' if len(absent) > 1 else ''} {', '.join(absent)} missing"
        too_few = f"{len(answered)} of {len(score.items)} items answered; {needed}"
    if not (protected and answered):
        return too_few
    rule = f"item {protected[0]} is not answered and is never estimated"
    # asking that item alone would still give no total
    return f"{rule}; {too_few}" if too_few and set(absent) - set(protected) else rule


def _find_limits(
    instrument: Instrument,
    score: ScoreDefinition,
    worth: Mapping[str, Callable[[Decimal], Decimal]],
    amount: Decimal,
    absent: list[str],
) -> PartlyKnown:
    lowest = highest = amount
    for item_id in absent:
        item = _get_item(instrument, item_id)
        ends = [worth[item_id](end) for end in (item.minimum, item.maximum)]
        lowest, highest = lowest + min(ends), highest + max(ends)
    return PartlyKnown(lowest * score.factor, highest * score.factor)


def _list_worths(instrument: Instrument, score: ScoreDefinition) -> dict[str, Callable[[Decimal], Decimal]]:
    """Return for each item what an answer adds: 0 or 1 in a count, else the turned and weighted value."""

    def count(limit: Decimal) -> Callable[[Decimal], Decimal]:
        return lambda value: Decimal(value >= limit)

    def turn(item: Item) -> Callable[[Decimal], Decimal]:
        return lambda value: weigh(item, value)

    if score.operation is Operation.COUNT:
        return {item_id: count(score.counts_from[item_id]) for item_id in score.items}
    return {item_id: turn(_get_item(instrument, item_id)) for item_id in score.items}


def weigh(item: Item, value: Decimal) -> Decimal:
    """Return what an answer adds to a sum: reversed where the item is, times its weight."""
    turned = item.minimum + item.maximum - value if item.is_reversed else value
    return turned * item.weight


def _get_item(instrument: Instrument, item_id: str) -> Item:
    return next(each for each in instrument.items if each.id == item_id)  # the loader checked that there is one


def _compute_maxima(instrument: Instrument, score: ScoreDefinition, values: Values) -> Computed:
    """Sum over groups of the highest answer; a blank item counts as unknown unless its alternative is answered."""
    lowest = highest = Decimal(0)
    reason = None
    for group in score.groups:
        present = [values[item_id] for item_id in group if item_id in values]
        absent = [
            item_id for item_id in group if item_id not in values and not _is_replaced(instrument, item_id, values)
        ]
        ceiling = max([*present, *(_get_item(instrument, item_id).maximum for item_id in absent)])
        floor = max([*present, *(_get_item(instrument, item_id).minimum for item_id in absent)])
        lowest, highest = lowest + floor, highest + ceiling
        if absent and reason is None:
            reason = f"item {absent[0]} is not answered, so the highest of {', '.join(group)} is not known"
    if reason:
        return Computed(None, reason, limits=PartlyKnown(lowest * score.factor, highest * score.factor))
    return Computed(lowest * score.factor)


def _is_replaced(instrument: Instrument, item_id: str, values: Values) -> bool:
    return any(item_id in group and not group.isdisjoint(values) for group in instrument.alternatives)


def _compute_rules(score: ScoreDefinition, facts: Mapping[str, Any]) -> Computed:
    """First match wins; a rule above the match whose answer is not known leaves the outcome open."""
    for outcome in score.outcomes:
        truth = True if outcome.when is None else check_condition(outcome.when, facts)
        if truth is None:
            return Computed(None, f"{outcome.value} cannot be ruled out: an answer is missing")
        if truth:
            return Computed(outcome.value)
    return Computed(None, "no rule matched")


def _round(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
