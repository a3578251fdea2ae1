"""The curve of time to relapse: steps with their bands, numbers at risk under them, published points beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from afterglow.outcomes.cohort import ShownCurve, ShownPoint
from afterglow.outcomes.cohort.curves import DAYS_PER_WEEK, RISK_EVERY_WK
from afterglow.web.charts import svg
from afterglow.web.outcomes.words import describe_band

WIDTH = 490
LEFT, RIGHT, TOP, BOTTOM = 32.0, 366.0, 22.0, 226.0
LONGEST_WK = 52


@dataclass(frozen=True, slots=True)
class Drawn:
    """One curve: its name, its kind of line, and what may be shown of it."""

    name: str
    kind: str
    curve: ShownCurve


def count_weeks(days: int) -> int:
    """Return how many weeks the axis has: to the last point, in steps of four, a year at most."""
    weeks = -(-days // DAYS_PER_WEEK)
    return min(max(RISK_EVERY_WK * -(-weeks // RISK_EVERY_WK), 2 * RISK_EVERY_WK), LONGEST_WK)


def draw_curves(
    curves: Sequence[Drawn], weeks: int, title: str, published: Sequence[tuple[int, float]], label: str
) -> SafeString:
    """Return the chart over so many weeks; `published` are weeks and percents."""

    def x(days: float) -> float:
        return LEFT + (RIGHT - LEFT) * min(days / DAYS_PER_WEEK, weeks) / weeks

    def y(share: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * share

    parts = [svg.text("chart__title", 0, 10, title)]
    for percent in (0, 25, 50, 75, 100):
        parts.append(svg.line("chart__grid", LEFT, y(percent / 100), RIGHT, y(percent / 100)))
        parts.append(svg.text("chart__tick", LEFT - 6, y(percent / 100) + 4, percent, "end"))
    marks = range(0, weeks + 1, RISK_EVERY_WK)
    longest = max((len(describe_band(band)) for one in curves for band in one.curve.at_risk), default=1)
    # numbers at risk stand side by side without touching: about six units for each sign
    step = next(each for each in (1, 2, 3, 4, 13) if each * (RIGHT - LEFT) / max(len(marks) - 1, 1) > 6.5 * longest)
    for mark in list(marks)[::step]:
        parts.append(svg.line("chart__grid", x(mark * DAYS_PER_WEEK), TOP, x(mark * DAYS_PER_WEEK), BOTTOM))
        parts.append(svg.text("chart__tick", x(mark * DAYS_PER_WEEK), BOTTOM + 16, mark, "middle"))
    parts.append(svg.text("chart__tick", RIGHT + 14, BOTTOM + 16, _("weeks")))
    for curve in curves:
        parts += _draw_band(curve, x, y)
    for curve in curves:
        parts += _draw_curve(curve, x, y)
    for week, still in published:
        if week <= weeks:
            at, up = x(week * DAYS_PER_WEEK), y(still / 100)
            corners = [(at, up - 5), (at + 6, up + 4), (at - 6, up + 4), (at, up - 5)]
            parts.append(svg.polyline("forest__published", corners))
    parts.append(svg.text("chart__title", 0, BOTTOM + 40, _("People at risk")))
    for row, curve in enumerate(curves):
        height = BOTTOM + 58 + 16 * row
        for mark, band in list(zip(marks, curve.curve.at_risk, strict=False))[::step]:
            parts.append(svg.text("chart__tick", x(mark * DAYS_PER_WEEK), height, describe_band(band), "middle"))
        parts.append(svg.text(f"survival__name survival__name--{curve.kind}", RIGHT + 14, height, curve.name))
    return svg.drawing(parts, width=WIDTH, height=int(BOTTOM + 64 + 16 * len(curves)), label=label)


def _list_steps(points: Sequence[ShownPoint]) -> list[tuple[float, float, float]]:
    """Return the curve's corners as days, share before and share after, from all on day 0."""
    steps, before = [(0.0, 1.0, 1.0)], 1.0
    for point in points:
        steps.append((point.days, before, point.share))
        before = point.share
    return steps


def _draw_curve(curve: Drawn, x: object, y: object) -> list[str]:
    corners = []
    for days, before, after in _list_steps(curve.curve.points):
        corners += [(x(days), y(before)), (x(days), y(after))]  # type: ignore[operator]
    last, height = x(curve.curve.ends_days), corners[-1][1]  # type: ignore[operator]
    corners.append((last, height))
    return [
        svg.polyline(f"survival__line survival__line--{curve.kind}", corners),
        svg.text(f"survival__name survival__name--{curve.kind}", min(last, RIGHT) + 6, height + 4, curve.name),
    ]


def _draw_band(curve: Drawn, x: object, y: object) -> list[str]:
    known = [point for point in curve.curve.points if point.low is not None and point.high is not None]
    if not known:
        return []
    there, back = [], []
    ends = [*(point.days for point in known[1:]), curve.curve.ends_days]
    for point, end in zip(known, ends, strict=True):
        there += [(x(point.days), y(point.high)), (x(end), y(point.high))]  # type: ignore[operator]
        back += [(x(point.days), y(point.low)), (x(end), y(point.low))]  # type: ignore[operator]
    return [svg.polyline(f"survival__band survival__band--{curve.kind}", [*there, *reversed(back)])]
