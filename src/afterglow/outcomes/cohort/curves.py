"""Kaplan-Meier curves with log-log bands, and what of a curve others may see.

Times are whole days. A curve that is shown has whole weeks and ends where few are left; one that leaves the clinic has
a coarser grid, and no step and no fall of the numbers at risk that tells of fewer people than the rule allows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

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


def draw_points(curve: Curve, rule: SuppressionRule) -> list[CurvePoint]:
    """Return the points that may be drawn: whole weeks, none with fewer at risk than the rule allows.

    On release a point stands only where its grid allows, and where since the point before nobody or enough people had
    the event; the rest is not drawn.
    """
    step_d = DAYS_PER_WEEK * (RISK_EVERY_WK if rule.id == RELEASE.id else 1)
    grid: dict[int, CurvePoint] = {}
    for point in curve.points:
        if point.at_risk < rule.smallest:
            break
        day = -(-point.days // step_d) * step_d
        events = (grid[day].events if day in grid else 0) + point.events
        at_risk = min(grid[day].at_risk, point.at_risk) if day in grid else point.at_risk
        grid[day] = CurvePoint(day, at_risk, events, point.share, point.low, point.high)
    listed = list(grid.values())
    return listed if rule.id != RELEASE.id else _merge(listed, rule)


def thin_at_risk(numbers: Sequence[int], rule: SuppressionRule) -> list[int | None]:
    """Return the numbers at risk that may stand in a row, None for those that may not.

    Inside the clinic a number under the limit is not shown; on release neither is one whose distance to the number
    shown before tells of fewer people than the limit.
    """
    found: list[int | None] = []
    last: int | None = None
    for number in numbers:
        is_shown = number >= rule.smallest
        if is_shown and rule.id == RELEASE.id and last is not None:
            is_shown = last == number or last - number >= rule.smallest
        found.append(number if is_shown else None)
        last = number if is_shown else last
    return found


def _merge(points: Sequence[CurvePoint], rule: SuppressionRule) -> list[CurvePoint]:
    """Return the points at which, since the one before, nobody or enough people had the event."""
    merged: list[CurvePoint] = []
    events = 0
    for point in points:
        events += point.events
        if events == 0 or events >= rule.smallest:
            merged.append(CurvePoint(point.days, point.at_risk, events, point.share, point.low, point.high))
            events = 0
    return merged


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
