"""Reads one score against its baseline: change, reliable change, response, remission, worsening.

Thresholds come from the instrument's own definition; comparisons are exact decimals without rounding, so a score that
meets a threshold exactly counts.
"""

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite

from afterglow.instruments import get_instrument
from afterglow.instruments.model import Direction, Threshold
from afterglow.outcomes.catalogue import Estimand, get_estimand, load_anchors
from afterglow.outcomes.model import Assessment, DatedScore, Result, Series
from afterglow.terms import Citation, InvalidInput, build_error

BASELINE_ZERO = "undefined: the baseline is 0"
OFFSET_SCALE = "undefined: the scale does not start at 0"
NO_RULE = "the instrument's definition names no threshold for this"
Thresholds = Mapping[tuple[str, str], Threshold]
"""A clinic's own thresholds by instrument and `response` or `remission`."""
_LEVELS = ("below", "at-most", "above", "at-least")
_HUNDRED = Decimal(100)


def read_assessment(series: Series, score: DatedScore, thresholds: Thresholds | None = None) -> Assessment:
    """Return every single-visit reading of one score of a series; `thresholds` replaces those of the definition."""
    baseline = series.baseline_score
    own = thresholds or {}
    results = [
        read_percent_change(baseline, score),
        read_reliable_change(baseline, score),
        read_response(baseline, score, own.get((score.instrument, "response"))),
        read_remission(baseline, score, own.get((score.instrument, "remission"))),
        read_worsening(baseline, score),
        read_reliable_worsening(baseline, score),
    ]
    return Assessment(score, {result.estimand: result for result in results})


def refuse_uncomparable(left: DatedScore, right: DatedScore) -> None:
    """Refuse two scores of different instruments or kinds of rater: their difference means nothing."""
    problems = []
    if left.instrument != right.instrument:
        message = f"{left.instrument} and {right.instrument} are different instruments and are not compared"
        problems.append(build_error("instrument", "instruments-mixed", right.instrument, left.instrument, message))
    if left.rater != right.rater:
        message = f"a {left.rater} rating and a {right.rater} rating are not compared"
        problems.append(build_error("rater", "raters-mixed", str(right.rater), str(left.rater), message))
    if problems:
        raise InvalidInput(problems)


def calculate_improvement(baseline: DatedScore, score: DatedScore) -> Decimal:
    """Return by how many points the score is better than the baseline; below 0 it is worse."""
    refuse_uncomparable(baseline, score)
    if baseline.value is None or score.value is None:
        raise ValueError("a missing score has no improvement")
    change = baseline.value - score.value
    return change if get_instrument(score.instrument).direction is Direction.LOWER_IS_BETTER else -change


def explain_no_percent(baseline: DatedScore | None) -> str | None:
    """Return why a per cent of this baseline has no meaning, or None when it has one."""
    if baseline is None or baseline.value is None:
        return "no baseline"
    if get_instrument(baseline.instrument).total_minimum != 0:
        return OFFSET_SCALE
    return BASELINE_ZERO if baseline.value == 0 else None


def read_percent_change(baseline: DatedScore | None, score: DatedScore) -> Result:
    """Return the change of the score as per cent of the baseline; negative when it fell."""
    estimand = get_estimand("percent-change")
    reason = explain_no_percent(baseline) or _explain_missing(score)
    if reason or baseline is None or baseline.value is None or score.value is None:
        return _unknown(estimand, score, reason)
    refuse_uncomparable(baseline, score)
    change = (score.value - baseline.value) / baseline.value * _HUNDRED
    return _known(estimand, change, baseline, score, estimand.citation, "", "%")


def read_reliable_change(baseline: DatedScore | None, score: DatedScore) -> Result:
    """Return whether the score is better by the instrument's smallest real change."""
    return _read_points(get_estimand("reliable-change"), baseline, score, sign=1)


def read_reliable_worsening(baseline: DatedScore | None, score: DatedScore) -> Result:
    """Return whether the score is worse by the instrument's smallest real change."""
    return _read_points(get_estimand("reliable-worsening"), baseline, score, sign=-1)


def read_response(baseline: DatedScore | None, score: DatedScore, threshold: Threshold | None = None) -> Result:
    """Return whether the score meets the response threshold, the instrument's own or a named other, at this visit."""
    estimand = get_estimand("response")
    threshold = threshold or find_threshold(score.instrument, "response")
    if threshold is None:
        return _unknown(estimand, score, NO_RULE)
    no_percent = None if threshold.kind in _LEVELS else explain_no_percent(baseline)
    if reason := no_percent or _explain_missing(score):
        return _unknown(estimand, score, reason)
    if baseline is not None:
        refuse_uncomparable(baseline, score)
    value = _meets_change(threshold, baseline, score)
    if value is None:
        return _unknown(estimand, score, f"threshold of kind {threshold.kind} is not known")
    return _known(estimand, value, baseline, score, threshold.citation, describe_threshold(threshold))


def read_remission(baseline: DatedScore | None, score: DatedScore, threshold: Threshold | None = None) -> Result:
    """Return whether the score is in remission, by the instrument's threshold or a named other.

    Unknown when the baseline already was.
    """
    estimand = get_estimand("remission")
    threshold = threshold or find_threshold(score.instrument, "remission")
    if threshold is None:
        return _unknown(estimand, score, NO_RULE)
    if baseline is None or baseline.value is None:
        return _unknown(estimand, score, "no baseline")
    if score.value is None:
        return _unknown(estimand, score, _explain_missing(score))
    refuse_uncomparable(baseline, score)
    value = _meets_level(threshold, score.value)
    if value is None:
        return _unknown(estimand, score, f"threshold of kind {threshold.kind} is not known")
    if _meets_level(threshold, baseline.value):
        return _unknown(estimand, score, "the baseline was already in remission")
    return _known(estimand, value, baseline, score, threshold.citation, describe_threshold(threshold))


def read_worsening(baseline: DatedScore | None, score: DatedScore) -> Result:
    """Return whether the score is worse than the baseline by the share that asks for a look."""
    estimand = get_estimand("worsening")
    reason = explain_no_percent(baseline) or _explain_missing(score)
    if reason or baseline is None or baseline.value is None:
        return _unknown(estimand, score, reason)
    share = estimand.get_number("least_percent")
    value = -calculate_improvement(baseline, score) * _HUNDRED >= share * baseline.value
    citation = estimand.parameters["least_percent"].citation
    return _known(estimand, value, baseline, score, citation, f"worse by {share} % or more")


def read_reliable_change_index(baseline: DatedScore, score: DatedScore, *, sd: float, reliability: float) -> Result:
    """Return whether the change, in either direction, exceeds what measurement error alone would make.

    Parameters
    ----------
    sd : float, points
        Standard deviation of the score in a named population; above 0.
    reliability : float
        Test-retest reliability r; from 0 to below 1.

    Notes
    -----
    |d| > z * sd * sqrt(2 * (1 - r)) [1]_.

    References
    ----------
    .. [1] Jacobson and Truax 1991, as restated by the analytics sheet, section 2.
    """
    if not (isfinite(sd) and sd > 0):
        raise InvalidInput([build_error("sd", "sd-out-of-range", sd, "above 0", f"sd {sd} is not above 0")])
    if not 0 <= reliability < 1:
        message = f"reliability {reliability} is not between 0 and 1"
        accepted = "0 to below 1"
        raise InvalidInput([build_error("reliability", "reliability-out-of-range", reliability, accepted, message)])
    estimand = get_estimand("reliable-change-index")
    limit = float(estimand.get_number("z")) * sd * (2 * (1 - reliability)) ** 0.5
    value = abs(float(calculate_improvement(baseline, score))) > limit
    threshold = f"more than {limit:.2f} points, with SD {sd} and r {reliability}"
    return _known(estimand, value, baseline, score, estimand.citation, threshold)


def describe_meaning(baseline: DatedScore, score: DatedScore) -> tuple[str, Citation] | None:
    """Return `substantial`, `meaningful` or `below` for the improvement by CGI-S anchors; None for other scales."""
    anchor = load_anchors().get(score.instrument)
    if anchor is None or baseline.value is None or score.value is None:
        return None
    points = calculate_improvement(baseline, score)
    if points >= anchor.substantial:
        return "substantial", anchor.citation
    return ("meaningful" if points >= anchor.meaningful else "below"), anchor.citation


def find_threshold(instrument_id: str, name: str) -> Threshold | None:
    """Return the instrument's own threshold of that name, or None."""
    return get_instrument(instrument_id).thresholds.get(name)


def describe_threshold(threshold: Threshold) -> str:
    """Return the threshold in words."""
    words = {
        "percent-drop-at-least": "better by {} % or more",
        "below": "below {}",
        "at-most": "{} or less",
        "above": "above {}",
        "at-least": "{} or more",
        "points": "{} points or more",
    }
    return words.get(threshold.kind, threshold.kind + " {}").format(threshold.value)


def _meets_change(threshold: Threshold, baseline: DatedScore | None, score: DatedScore) -> bool | None:
    if score.value is not None and threshold.kind in _LEVELS:
        return _meets_level(threshold, score.value)
    if baseline is None or baseline.value is None or threshold.kind != "percent-drop-at-least":
        return None
    return calculate_improvement(baseline, score) * _HUNDRED >= threshold.value * baseline.value


def _meets_level(threshold: Threshold, value: Decimal) -> bool | None:
    limit = threshold.value
    answers = {"below": value < limit, "at-most": value <= limit, "above": value > limit, "at-least": value >= limit}
    return answers.get(threshold.kind)


def _read_points(estimand: Estimand, baseline: DatedScore | None, score: DatedScore, *, sign: int) -> Result:
    threshold = find_threshold(score.instrument, "change")
    if threshold is None:
        return _unknown(estimand, score, NO_RULE)
    if threshold.kind != "points":
        return _unknown(estimand, score, f"threshold of kind {threshold.kind} is not known")
    if baseline is None or baseline.value is None:
        return _unknown(estimand, score, "no baseline")
    if score.value is None:
        return _unknown(estimand, score, _explain_missing(score))
    value = sign * calculate_improvement(baseline, score) >= threshold.value
    return _known(estimand, value, baseline, score, threshold.citation, describe_threshold(threshold))


def _explain_missing(score: DatedScore) -> str | None:
    return None if score.value is not None else score.reason or "no value and no reason"


def _unknown(estimand: Estimand, score: DatedScore, reason: str | None) -> Result:
    return Result(estimand.id, None, estimand.citation, at=score.observed_at, reason=reason or "unknown")


def _known(
    estimand: Estimand,
    value: bool | Decimal,
    baseline: DatedScore | None,
    score: DatedScore,
    citation: Citation,
    threshold: str,
    unit: str = "",
) -> Result:
    used = (score,) if baseline is None else (baseline, score)
    return Result(estimand.id, value, citation, threshold, unit, score.observed_at, used=used)
