"""The one scorer: answers in, score out, for every instrument.

Missing is missing, and alerts never wait for a total.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from afterglow.instruments.answers import Answers, apply_skips, read_answers
from afterglow.instruments.compute import Computed, compute_score
from afterglow.instruments.model import Instrument, Role, ScoreAlert, ScoreDefinition, ScoreResult
from afterglow.instruments.settings import Settings, read_settings
from afterglow.instruments.typed import check_total
from afterglow.terms import InvalidInput, build_error, parse_decimal
from afterglow.terms.conditions import check_condition


def score_answers(instrument: Instrument, answers: Answers, settings: Settings | None = None) -> ScoreResult:
    """Return the score of `answers` (item id to value, None or `-` where not answered).

    `settings` are the clinic's own numbers by name; the others keep their defaults.

    Raises
    ------
    InvalidInput
        An answer names no item, is not one of the item's values, or answers an item that was not to be asked;
        a setting is unknown or outside its limits.
    """
    _refuse_without_items(instrument)
    filled, missing = apply_skips(instrument, read_answers(instrument, answers))
    facts: dict[str, Any] = {**read_settings(instrument, settings), **filled}
    computed: dict[str, Computed] = {}
    for score in instrument.scores:
        computed[score.id] = compute_score(instrument, score, filled, facts)
        facts[score.id] = computed[score.id].fact
    if instrument.total is not None:
        facts["total"] = facts[instrument.total]
    return _build_result(instrument, computed, missing, facts)


def score_sequence(instrument: Instrument, answers: Sequence[object], settings: Settings | None = None) -> ScoreResult:
    """Return the score of answers in item order; optional and follow-up items at the end may be left out."""
    _refuse_without_items(instrument)
    most = len(instrument.items)
    always = [place for place, item in enumerate(instrument.items, 1) if not (item.is_optional or item.asked_when)]
    fewest = max(always, default=most)
    if not fewest <= len(answers) <= most:
        count = f"{most}" if fewest == most else f"{fewest} to {most}"
        accepted = f"{count} answers in item order, - for a missing one"
        message = f"{instrument.id} has {count} items; {len(answers)} answers were given"
        raise InvalidInput([build_error("answers", "answer-count", len(answers), accepted, message)])
    given = {item.id: value for item, value in zip(instrument.items, answers, strict=False)}
    return score_answers(instrument, given, settings)


def score_total(
    instrument: Instrument, total: object, answers: Answers | None = None, settings: Settings | None = None
) -> ScoreResult:
    """Return the result of a total that a clinician typed in, where the definition accepts one.

    `answers` are single items known beside it, such as the suicide item; without it the result says "not screened".

    Raises
    ------
    InvalidInput
        No answers come to such a total, or those that are known rule it out.
    """
    if not instrument.accepts_total:
        message = f"{instrument.id} is scored from its answers; a bare total is not accepted"
        raise InvalidInput([build_error("total", "total-not-accepted", total, "answers in item order", message)])
    number = parse_decimal(total, "total")
    low, high = instrument.total_minimum, instrument.total_maximum
    if not low <= number <= high:
        message = f"{number} lies outside {low} to {high} of {instrument.id}"
        raise InvalidInput([build_error("total", "total-out-of-range", total, f"{low} to {high}", message)])
    known = read_answers(instrument, answers or {})
    check_total(instrument, number, known)
    facts: dict[str, Any] = {**read_settings(instrument, settings), **known, "total": number}
    alerts, covered, not_screened = _judge_alerts(instrument, facts)
    band = instrument.find_band(instrument.total or "total", number)
    return ScoreResult(
        instrument.id,
        instrument.version,
        number,
        complete=True,
        prorated=False,
        band=band,
        subscales={},
        alerts=alerts,
        reason=None,
        not_screened=not_screened,
        covered=covered,
    )


def _refuse_without_items(instrument: Instrument) -> None:
    if not instrument.scores:
        accepted = f"a total from {instrument.total_minimum} to {instrument.total_maximum}"
        message = f"{instrument.id} is carried as a total only; its items stay with the licensed form"
        raise InvalidInput([build_error("answers", "answers-not-carried", instrument.id, accepted, message)])


def _judge_alerts(
    instrument: Instrument, facts: Mapping[str, Any]
) -> tuple[tuple[ScoreAlert, ...], tuple[ScoreAlert, ...], tuple[str, ...]]:
    """Return the alerts, those met that a stricter row covers, and the suicide alerts that cannot be told."""
    truths = [(alert, check_condition(alert.when, facts)) for alert in instrument.alerts]
    met = {alert.code for alert, truth in truths if truth is True}
    alerts: list[ScoreAlert] = []
    covered: list[ScoreAlert] = []
    for alert, truth in truths:
        if truth is True:
            rows = covered if met.intersection(alert.covered_by) else alerts
            rows.append(ScoreAlert(alert.code, alert.level, alert.title))
    unknown = tuple(alert.code for alert, truth in truths if alert.must_screen and truth is None)
    return tuple(alerts), tuple(covered), unknown


def _build_result(
    instrument: Instrument, computed: Mapping[str, Computed], missing: tuple[str, ...], facts: Mapping[str, Any]
) -> ScoreResult:
    shown = [score for score in instrument.scores if score.id != instrument.total and score.role is not Role.WORKING]
    subscales = _pick(shown, computed, Role.SUBSCALE)
    bands = {
        score.id: label
        for score in shown
        if isinstance(value := computed[score.id].value, Decimal)
        and (label := instrument.find_band(score.id, value)) is not None
    }
    alerts, covered, not_screened = _judge_alerts(instrument, facts)
    total, band, reason, is_prorated = _read_main(instrument, computed, subscales)
    return ScoreResult(
        instrument=instrument.id,
        version=instrument.version,
        total=total,
        complete=not missing,
        prorated=is_prorated,
        band=band,
        subscales=subscales,
        alerts=alerts,
        reason=reason,
        missing=missing,
        subscale_bands=bands,
        screens=_pick(shown, computed, Role.SCREEN),
        covered=covered,
        not_screened=not_screened,
    )


def _pick(
    shown: Sequence[ScoreDefinition], computed: Mapping[str, Computed], role: Role
) -> dict[str, Decimal | str | None]:
    return {score.id: computed[score.id].value for score in shown if score.role is role}


def _read_main(
    instrument: Instrument, computed: Mapping[str, Computed], subscales: Mapping[str, Decimal | str | None]
) -> tuple[Decimal | None, str | None, str | None, bool]:
    """Return total, band, reason and whether anything was estimated; without a total the first level is the band."""
    if instrument.total is None:
        reason = next((computed[key].reason for key in subscales if computed[key].reason), None)
        level = next(iter(subscales.values()), None)
        is_prorated = any(each.is_prorated for each in computed.values())
        band = level if isinstance(level, str) else None
        return None, band, reason or "this instrument has no total", is_prorated
    main = computed[instrument.total]
    total = main.value if isinstance(main.value, Decimal) else None
    band = None if total is None else instrument.find_band(instrument.total, total)
    return total, band, main.reason, main.is_prorated
