"""Reading two scores of one instrument against its own outcome rules: response, remission, real change."""

from dataclasses import dataclass
from decimal import Decimal

from afterglow.instruments.model import Direction, Instrument, Threshold
from afterglow.instruments.settings import Settings, read_settings
from afterglow.terms import InvalidInput, Problem, build_error


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a score since its baseline; None where the definition has no such rule or it is undefined.

    `improvement` counts points towards the better end. `percent` is undefined for a baseline of 0, and on a scale that
    does not begin at 0: half of CGI-S 4 is not 2.
    """

    improvement: Decimal
    percent: Decimal | None
    is_response: bool | None
    is_remission: bool | None
    is_real: bool | None
    is_meaningful: bool | None


def judge_change(
    instrument: Instrument, baseline: Decimal, current: Decimal, settings: Settings | None = None
) -> Change:
    """Return the change from the named baseline, the last total before the first dose, to a later total."""
    _refuse_outside(instrument, baseline, current)
    lower_is_better = instrument.direction is Direction.LOWER_IS_BETTER
    improvement = baseline - current if lower_is_better else current - baseline
    percent = None if baseline == 0 or instrument.total_minimum != 0 else improvement / baseline * 100
    chosen = read_settings(instrument, settings)
    judged = {}
    for name in ("response", "remission", "change", "meaningful_change"):
        rule = instrument.thresholds.get(name)
        judged[name] = None if rule is None else _meets(rule, _choose(rule, chosen), improvement, percent, current)
    return Change(
        improvement, percent, judged["response"], judged["remission"], judged["change"], judged["meaningful_change"]
    )


def _choose(rule: Threshold, chosen: dict[str, Decimal]) -> Decimal:
    return chosen[f"setting.{rule.setting}"] if rule.setting else rule.value


def _meets(
    rule: Threshold, limit: Decimal, improvement: Decimal, percent: Decimal | None, current: Decimal
) -> bool | None:
    if rule.kind == "percent-drop-at-least":
        return None if percent is None else percent >= limit
    if rule.kind == "points":
        return abs(improvement) >= limit
    return {"below": current < limit, "at-most": current <= limit, "at-least": current >= limit}[rule.kind]


def _refuse_outside(instrument: Instrument, baseline: Decimal, current: Decimal) -> None:
    low, high = instrument.total_minimum, instrument.total_maximum
    problems: list[Problem] = []
    for path, value in (("baseline", baseline), ("current", current)):
        if not low <= value <= high:
            message = f"{value} lies outside {low} to {high} of {instrument.id}"
            problems.append(build_error(path, "total-out-of-range", value, f"{low} to {high}", message))
    if problems:
        raise InvalidInput(problems)
