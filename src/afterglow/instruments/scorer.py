"""The one scorer: answers in, score out, for every instrument.

Missing is missing, and alerts never wait for a total.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from afterglow.instruments.model import (
    Instrument,
    Item,
    Operation,
    ScoreAlert,
    ScoreDefinition,
    ScoreResult,
)
from afterglow.terms import InvalidInput, Problem, build_error, parse_decimal
from afterglow.terms.conditions import check_condition

NOT_APPLICABLE = "na"
MISSING = "-"

Answers = Mapping[str, object]


def score_answers(instrument: Instrument, answers: Answers) -> ScoreResult:
    """Return the score of `answers` (item id to value, None or `-` where not answered).

    Raises
    ------
    InvalidInput
        An answer names no item, is not one of the item's values, or answers an item that was not to be asked.
    """
    values = _read_answers(instrument, answers)
    filled, missing = _apply_skips(instrument, values)
    computed = {score.id: _compute(instrument, score, filled) for score in instrument.scores}
    alerts = tuple(
        ScoreAlert(alert.code, alert.level, alert.title)
        for alert in instrument.alerts
        if check_condition(alert.when, filled) is True
    )
    return _build_result(instrument, computed, missing, alerts)


def score_sequence(instrument: Instrument, answers: Sequence[object]) -> ScoreResult:
    """Return the score of answers given in item order."""
    if len(answers) != len(instrument.items):
        accepted = f"{len(instrument.items)} answers in item order, - for a missing one"
        message = f"{instrument.id} has {len(instrument.items)} items; {len(answers)} answers were given"
        raise InvalidInput([build_error("answers", "answer-count", len(answers), accepted, message)])
    return score_answers(instrument, {item.id: value for item, value in zip(instrument.items, answers, strict=True)})


def score_total(instrument: Instrument, total: object) -> ScoreResult:
    """Return the result of a total that a clinician typed in, where the definition accepts one."""
    if not instrument.accepts_total:
        message = f"{instrument.id} is scored from its answers; a bare total is not accepted"
        raise InvalidInput([build_error("total", "total-not-accepted", total, "answers in item order", message)])
    number = parse_decimal(total, "total")
    low, high = instrument.total_minimum, instrument.total_maximum
    if not low <= number <= high:
        message = f"{number} lies outside {low} to {high} of {instrument.id}"
        raise InvalidInput([build_error("total", "total-out-of-range", total, f"{low} to {high}", message)])
    alerts = tuple(
        ScoreAlert(alert.code, alert.level, alert.title)
        for alert in instrument.alerts
        if check_condition(alert.when, {"total": number}) is True
    )
    band = _find_band(instrument, number)
    return ScoreResult(instrument.id, instrument.version, number, True, False, band, {}, alerts, None)


def _read_answers(instrument: Instrument, answers: Answers) -> dict[str, Decimal]:
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
    if item.answers:
        is_known = any(answer.value == number for answer in item.answers)
    else:
        is_known = item.minimum <= number <= item.maximum and (number - item.minimum) % item.step == 0
    if not is_known:
        accepted = describe_answers(item)
        message = f"item {item.id} ({item.label}) does not take {raw}"
        raise InvalidInput([build_error(path, "answer-not-accepted", raw, accepted, message)])
    return number


def describe_answers(item: Item) -> str:
    """Return in words which answers an item takes."""
    words = ", ".join(f"{answer.value}" for answer in item.answers)
    if not words:
        words = f"{item.minimum} to {item.maximum} in steps of {item.step}"
    return words if item.not_applicable_as is None else f"{words}, or {NOT_APPLICABLE}"


def _apply_skips(instrument: Instrument, values: dict[str, Decimal]) -> tuple[dict[str, Decimal], tuple[str, ...]]:
    """Fill in items that were rightly not asked; name those that are missing; refuse contradictions."""
    filled = dict(values)
    missing: list[str] = []
    problems: list[Problem] = []
    for item in instrument.items:
        asked = True if item.asked_when is None else check_condition(item.asked_when, filled)
        if item.id in values:
            if asked is False and values[item.id] != item.skipped_as:
                message = f"item {item.id} ({item.label}) is not asked after the answers before it"
                accepted = "no answer here, or a corrected answer before it"
                problems.append(
                    build_error(f"answers.{item.id}", "answer-contradicts", values[item.id], accepted, message)
                )
        elif asked is False and item.skipped_as is not None:
            filled[item.id] = item.skipped_as
        else:
            missing.append(item.id)
    if problems:
        raise InvalidInput(problems)
    return filled, tuple(missing)


class _Computed:
    """A score with the note of how it came about."""

    __slots__ = ("is_prorated", "reason", "value")

    def __init__(self, value: Decimal | str | None, reason: str | None = None, is_prorated: bool = False) -> None:
        self.value = value
        self.reason = reason
        self.is_prorated = is_prorated


def _compute(instrument: Instrument, score: ScoreDefinition, values: Mapping[str, Decimal]) -> _Computed:
    if score.operation is Operation.RULES:
        return _compute_rules(score, values)
    if score.operation is Operation.SUM_OF_MAXIMA:
        return _compute_maxima(score, values)
    if score.operation is Operation.COUNT:
        return _compute_count(score, values)
    return _compute_sum(instrument, score, values)


def _compute_sum(instrument: Instrument, score: ScoreDefinition, values: Mapping[str, Decimal]) -> _Computed:
    answered = [item_id for item_id in score.items if item_id in values]
    absent = [item_id for item_id in score.items if item_id not in values]
    protected = [item_id for item_id in absent if item_id in score.never_impute]
    if protected:
        return _Computed(None, f"item {protected[0]} is not answered and is never estimated")
    if len(answered) < score.min_answered:
        return _Computed(None, f"{len(answered)} of {len(score.items)} items answered; {score.min_answered} are needed")
    contributions = [_weigh(instrument, item_id, values[item_id]) for item_id in answered]
    amount = sum(contributions, Decimal(0))
    if score.operation is Operation.MEAN:
        return _Computed(_round(amount / len(answered) * score.factor, 2), None, bool(absent))
    if absent and score.imputes:
        amount += amount / len(answered) * len(absent)
        return _Computed(_round(amount * score.factor, 0), None, True)
    return _Computed(amount * score.factor)


def _weigh(instrument: Instrument, item_id: str, value: Decimal) -> Decimal:
    item = next(each for each in instrument.items if each.id == item_id)  # the loader checked that there is one
    turned = item.minimum + item.maximum - value if item.is_reversed else value
    return turned * item.weight


def _compute_maxima(score: ScoreDefinition, values: Mapping[str, Decimal]) -> _Computed:
    amount = Decimal(0)
    for group in score.groups:
        present = [values[item_id] for item_id in group if item_id in values]
        if not present:
            return _Computed(None, f"no item of the group {', '.join(group)} is answered")
        amount += max(present)
    return _Computed(amount * score.factor)


def _compute_count(score: ScoreDefinition, values: Mapping[str, Decimal]) -> _Computed:
    absent = [item_id for item_id in score.items if item_id not in values]
    if len(score.items) - len(absent) < score.min_answered:
        return _Computed(None, f"items {', '.join(absent)} are not answered")
    threshold = score.counts_from or Decimal(1)
    return _Computed(Decimal(sum(values[i] >= threshold for i in score.items if i in values)) * score.factor)


def _compute_rules(score: ScoreDefinition, values: Mapping[str, Decimal]) -> _Computed:
    """First match wins; a rule above the match whose answer is not known leaves the outcome open."""
    for outcome in score.outcomes:
        truth = True if outcome.when is None else check_condition(outcome.when, values)
        if truth is None:
            return _Computed(None, f"{outcome.value} cannot be ruled out: an answer is missing")
        if truth:
            return _Computed(outcome.value)
    return _Computed(None, "no rule matched")


def _build_result(
    instrument: Instrument,
    computed: Mapping[str, _Computed],
    missing: tuple[str, ...],
    alerts: tuple[ScoreAlert, ...],
) -> ScoreResult:
    subscales = {key: each.value for key, each in computed.items() if key != instrument.total}
    if instrument.total is None:
        reason = next((each.reason for each in computed.values() if each.reason), None)
        level = computed[instrument.scores[0].id].value
        band = level if isinstance(level, str) else None
        return ScoreResult(
            instrument.id, instrument.version, None, not missing, False, band, subscales, alerts,
            reason or "this instrument has no total", missing,
        )  # fmt: skip
    main = computed[instrument.total]
    total = main.value if isinstance(main.value, Decimal) else None
    band = None if total is None else _find_band(instrument, total)
    return ScoreResult(
        instrument.id, instrument.version, total, not missing, main.is_prorated, band, subscales, alerts,
        main.reason, missing,
    )  # fmt: skip


def _find_band(instrument: Instrument, total: Decimal) -> str | None:
    for band in instrument.bands:
        if band.score == instrument.total and band.lowest <= total <= band.highest:
            return band.label
    return None


def _round(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
