"""Kaplan-Meier curves with log-log bands, and what of a curve others may see.

Times are whole days. A curve that is shown has whole weeks, four at a time where it leaves the clinic, and is worked
out from the bands of how many were at risk and of how many had had the event; it ends where few are left.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, log, sqrt

from afterglow.outcomes.cohort.bands import Band, find_band, is_few
from afterglow.outcomes.suppression import RELEASE, SuppressionRule
from afterglow.terms import InvalidInput, build_error
from afterglow.terms.shares import CONFIDENCE, find_quantile

DAYS_PER_WEEK = 7
RISK_EVERY_WK = 4


@dataclass(frozen=True, slots=True)
class Watched:
    """So many courses that were watched for the same number of days, and whether the event ended them."""

    days: int
    has_event: bool
    count: int = 1


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The curve from one day on; `low` and `high` are None where the band is not defined."""

    days: int
    at_risk: int
    events: int
    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """A Kaplan-Meier curve; `median_days` is None while it stays above one half."""

    points: tuple[CurvePoint, ...]
    total: int
    events: int
    median_days: int | None
    last_days: int
    confidence: float


class CurveStanding(StrEnum):
    """Whether a curve is shown, or why it is not."""

    SHOWN = "shown"
    NOBODY = "none due"
    FEW_PEOPLE = "few due"
    FEW_EVENTS = "few"


@dataclass(frozen=True, slots=True)
class ShownPoint:
    """The shown curve from one day on."""

    days: int
    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ShownCurve:
    """What is shown of a curve: its steps, those at risk every four weeks, the day it ends, the median if reached."""

    people: Band
    events: Band
    standing: CurveStanding
    points: tuple[ShownPoint, ...] = ()
    at_risk: tuple[Band, ...] = ()
    ends_days: int = 0
    median_days: int | None = None

    def find_point(self, days: int) -> ShownPoint:
        """Return the curve as it stands on a day: all without the event before the first step."""
        before = [point for point in self.points if point.days <= days]
        return before[-1] if before else ShownPoint(0, 1.0, None, None)


def estimate_curve(watched: Iterable[Watched], *, confidence: float = CONFIDENCE) -> Curve:
    """Return the Kaplan-Meier curve of courses; of nobody it is refused.

    Notes
    -----
    S = prod(1 - d/n); Greenwood's variance sum(d / (n (n - d))) on the log(-log) scale, so that the band stays within
    0 and 1. The band is not defined before the first event and where nobody is left.
    """
    rows = _gather(watched)
    z = find_quantile(confidence)
    at_risk = total = sum(events + lost for events, lost in rows.values())
    share, spread, seen, median = 1.0, 0.0, 0, None
    points = []
    for days in sorted(rows):
        events, lost = rows[days]
        if events:
            share *= 1 - events / at_risk
            spread += events / (at_risk * (at_risk - events)) if at_risk > events else 0.0
        seen += events
        if median is None and share <= 0.5:
            median = days
        points.append(CurvePoint(days, at_risk, events, share, *_find_band(share, spread, z)))
        at_risk -= events + lost
    return Curve(tuple(points), total, seen, median, max(rows), confidence)


def list_at_risk(watched: Iterable[Watched], days: Sequence[int]) -> list[int]:
    """Return how many were still watched just before each day."""
    listed = list(watched)
    return [sum(each.count for each in listed if each.days >= day) for day in days]


def show_curve(watched: Iterable[Watched], rule: SuppressionRule) -> ShownCurve:
    """Return what may be shown of a curve: worked out from bands alone, so that it tells no more than they do.

    Events are added up over whole weeks (on release four at a time), and each step is the way from the middle of one
    band of that sum to the next, so that it says that the sum has left its band, and not by how many. The curve ends
    where those at risk are in the lowest band, or where the bands leave nobody.

    Notes
    -----
    As in rounded Kaplan-Meier estimates of trusted research environments [1]_, but at the middles of the bands instead
    of delayed to their ends, which would raise the curve.

    References
    ----------
    .. [1] OpenSAFELY, `round_km` of the R package osutils: events are delayed until the threshold is reached.
    """
    listed = list(watched)
    people = find_band(sum(each.count for each in listed), rule)
    events = find_band(sum(each.count for each in listed if each.has_event), rule)
    if people.is_nobody:
        return ShownCurve(people, events, CurveStanding.NOBODY)
    if is_few(people, rule):
        return ShownCurve(people, events, CurveStanding.FEW_PEOPLE)
    if events.is_nobody or is_few(events, rule):
        return ShownCurve(people, events, CurveStanding.FEW_EVENTS)
    step_d = DAYS_PER_WEEK * (RISK_EVERY_WK if rule.id == RELEASE.id else 1)
    points, ends_d = _walk(listed, step_d, rule)
    if ends_d is None:
        return ShownCurve(people, events, CurveStanding.FEW_PEOPLE)
    marks = range(0, ends_d + 1, RISK_EVERY_WK * DAYS_PER_WEEK)
    at_risk = tuple(find_band(number, rule) for number in list_at_risk(listed, marks))
    median = next((point.days for point in points if point.share <= 0.5), None)
    return ShownCurve(people, events, CurveStanding.SHOWN, points, at_risk, ends_d, median)


def _walk(listed: Sequence[Watched], step_d: int, rule: SuppressionRule) -> tuple[tuple[ShownPoint, ...], int | None]:
    """Return the steps of a banded curve, and the last day up to which it goes; None where it cannot begin."""
    seen: dict[int, int] = {}
    for each in listed:
        if each.has_event:
            number = -(-each.days // step_d)
            seen[number] = seen.get(number, 0) + each.count
    last = max(each.days for each in listed) // step_d
    z = find_quantile(CONFIDENCE)
    points: list[ShownPoint] = []
    share, spread, total = 1.0, 0.0, 0
    ends_d: int | None = None
    for number in range(last + 1):
        begins = 0 if number == 0 else (number - 1) * step_d + 1
        left = find_band(sum(each.count for each in listed if each.days >= begins), rule)
        stay = find_band(sum(each.count for each in listed if each.days >= number * step_d), rule)
        before = find_band(total, rule).middle
        total += seen.get(number, 0)
        fell = find_band(total, rule).middle - before
        if stay.is_nobody or is_few(stay, rule) or fell >= left.middle:
            break
        ends_d = number * step_d
        if fell:
            share *= 1 - fell / left.middle
            spread += fell / (left.middle * (left.middle - fell))
            points.append(ShownPoint(ends_d, share, *_find_band(share, spread, z)))
    return tuple(points), ends_d


def _gather(watched: Iterable[Watched]) -> dict[int, tuple[int, int]]:
    rows: dict[int, tuple[int, int]] = {}
    for each in watched:
        if each.days < 0 or each.count < 1:
            message = f"{each.count} courses watched for {each.days} days"
            raise InvalidInput([build_error("watched", "watched-out-of-range", each.days, "0 days or more", message)])
        events, lost = rows.get(each.days, (0, 0))
        rows[each.days] = (events + each.count, lost) if each.has_event else (events, lost + each.count)
    if not rows:
        message = "no course to draw a curve of"
        raise InvalidInput([build_error("watched", "watched-empty", 0, "1 or more", message)])
    return rows


def _find_band(share: float, spread: float, z: float) -> tuple[float | None, float | None]:
    if share in (0.0, 1.0):
        return None, None
    centre = log(-log(share))
    half = z * sqrt(spread) / abs(log(share))
    return exp(-exp(centre + half)), exp(-exp(centre - half))
