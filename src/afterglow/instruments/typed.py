"""What a total that is typed in can be, from the definition and the single answers known beside it.

An answer that was not typed in is not a blank one: its item can have had any of its values.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import gcd

from afterglow.instruments.compute import weigh
from afterglow.instruments.model import Instrument, Item, Operation, ScoreDefinition
from afterglow.terms import InvalidInput, build_error
from afterglow.terms.conditions import check_condition

_MEAN_PLACES = 2
Known = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class TotalLimits:
    """The lowest and the highest total there can be and the step between two of them; `step` 0 where there is one."""

    lowest: Decimal
    highest: Decimal
    step: Decimal
    is_mean: bool = False

    def holds(self, number: Decimal) -> bool:
        """Return whether a total can be; a mean may be rounded further than it was worked out."""
        if self.is_mean:
            exponent = number.normalize().as_tuple().exponent
            unit = Decimal(1).scaleb(min(exponent, 0) if isinstance(exponent, int) else 0)
            ends = (self.lowest.quantize(unit, ROUND_HALF_UP), self.highest.quantize(unit, ROUND_HALF_UP))
            return ends[0] <= number <= ends[1] and number % self.step == 0
        if not self.lowest <= number <= self.highest:
            return False
        return self.step == 0 or (number - self.lowest) % self.step == 0

    def describe(self) -> str:
        """Return in words which totals there can be."""
        if self.lowest == self.highest:
            return f"{self.lowest:f}"
        step = "whole numbers" if self.step == 1 and self.lowest % 1 == 0 else f"in steps of {self.step:f}"
        return f"{self.lowest:f} to {self.highest:f}, {step}"


def check_total(instrument: Instrument, number: Decimal, known: Known) -> None:
    """Refuse a total that no answers come to, alone or beside the answers that are known.

    Raises
    ------
    InvalidInput
        A fraction on a scale of whole numbers, or a total that the known answers rule out.
    """
    limits = find_limits(instrument, {})
    if not limits.holds(number):
        message = f"no answers of {instrument.id} come to {number}"
        raise InvalidInput([build_error("total", "total-impossible", str(number), limits.describe(), message)])
    limits = find_limits(instrument, known)
    if not limits.holds(number):
        named = ", ".join(f"item {item_id} = {value}" for item_id, value in known.items())
        message = f"{instrument.id} with {named} cannot have the total {number}"
        raise InvalidInput([build_error("total", "total-contradicts", str(number), limits.describe(), message)])


def find_limits(instrument: Instrument, known: Known) -> TotalLimits:
    """Return what the total can be beside the answers that are known."""
    score = next((each for each in instrument.scores if each.id == instrument.total), None)
    if score is None or score.operation is Operation.RULES:
        return _limit_licensed(instrument, known)
    if score.operation is Operation.SUM_OF_MAXIMA:
        return _limit_maxima(instrument, score, known)
    values = [sorted(_list_worths(instrument, score, item_id, known)) for item_id in score.items]
    lowest = sum((each[0] for each in values), Decimal(0)) * score.factor
    highest = sum((each[-1] for each in values), Decimal(0)) * score.factor
    if score.operation is Operation.MEAN:
        many = len(values)
        return TotalLimits(lowest / many, highest / many, Decimal(1).scaleb(-_MEAN_PLACES), is_mean=True)
    steps = [(value - each[0]) * score.factor for each in values for value in each[1:]]
    # a mean that stands in for a missing answer is rounded to a whole number
    step = _find_step([*steps, Decimal(1)] if score.imputes else steps)
    return TotalLimits(lowest, highest, step)


def _limit_licensed(instrument: Instrument, known: Known) -> TotalLimits:
    """Limits of a form whose items are not carried; one that may be typed beside the total is part of its sum."""
    lowest, highest = instrument.total_minimum, instrument.total_maximum
    for item in instrument.items:
        if item.id in known:
            lowest += weigh(item, known[item.id]) - item.minimum
            highest -= item.maximum - weigh(item, known[item.id])
    return TotalLimits(lowest, highest, instrument.total_step)


def _limit_maxima(instrument: Instrument, score: ScoreDefinition, known: Known) -> TotalLimits:
    lowest = highest = Decimal(0)
    values: set[Decimal] = set()
    for group in score.groups:
        each = [sorted(_list_values(_get_item(instrument, item_id), known)) for item_id in group]
        lowest += max(row[0] for row in each)
        highest += max(row[-1] for row in each)
        values.update(value for row in each for value in row)
    return TotalLimits(lowest * score.factor, highest * score.factor, _find_step(values) * score.factor)


def _list_worths(instrument: Instrument, score: ScoreDefinition, item_id: str, known: Known) -> set[Decimal]:
    """Return what an item can add to a sum; nothing where it may stay empty without being estimated."""
    item = _get_item(instrument, item_id)
    if score.operation is Operation.COUNT:
        worths = {Decimal(value >= score.counts_from[item_id]) for value in _list_values(item, known)}
    else:
        worths = {weigh(item, value) for value in _list_values(item, known)}
    may_lack = score.min_answered < len(score.items) and not score.imputes and item_id not in score.never_impute
    return worths | {Decimal(0)} if may_lack and item_id not in known else worths


def _list_values(item: Item, known: Known) -> set[Decimal]:
    """Return the values that an item can have had."""
    if item.id in known:
        return {known[item.id]}
    if item.asked_when is not None and item.skipped_as is not None and check_condition(item.asked_when, known) is False:
        return {item.skipped_as}
    values = {answer.value for answer in item.answers} or {item.minimum, item.minimum + item.step, item.maximum}
    return values | {value for value in (item.skipped_as, item.not_applicable_as) if value is not None}


def _find_step(differences: Iterable[Decimal]) -> Decimal:
    """Return the greatest number of which every difference is a multiple; 0 for none."""
    step = Fraction(0)
    for each in differences:
        other = abs(Fraction(each))
        below = step.denominator * other.denominator
        step = Fraction(gcd(step.numerator * other.denominator, other.numerator * step.denominator), below)
    return Decimal(step.numerator) / Decimal(step.denominator)


def _get_item(instrument: Instrument, item_id: str) -> Item:
    return next(each for each in instrument.items if each.id == item_id)  # the loader checked that there is one
