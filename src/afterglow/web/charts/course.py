"""The course chart: one lane per scale over months, sessions as ticks between them, today as an amber line."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from afterglow.web.charts import svg
from afterglow.web.charts.ahead import Ahead, draw_ahead, draw_window
from afterglow.web.templatetags.words import day

WIDTH = 888
LEFT, RIGHT = 34.0, 780.0
MAIN_TOP, MAIN_BOTTOM = 34.0, 338.0
SESSION_TOP = 354.0
SECOND_TOP, SECOND_BOTTOM = 392.0, 448.0
# a letter of the words on a line is at most this wide, and the words are tried at so many places along the line
LETTER, PLACES = 6.6, 6
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Point:
    """One score on one day."""

    on: date
    value: float


@dataclass(frozen=True, slots=True)
class Lane:
    """One scale: its title, its highest score, its points, its lines with words and its bands on the right.

    `set_aside` are scores that are not used: drawn dashed, beside the curve.
    """

    title: str
    maximum: float
    points: tuple[Point, ...]
    lines: tuple[tuple[float, str, str], ...] = ()
    bands: tuple[tuple[float, float, str], ...] = ()
    set_aside: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Course:
    """Everything the chart shows; `ahead` is the forecast of the first lane, where there is one."""

    lanes: tuple[Lane, ...]
    sessions: tuple[date, ...]
    route: str
    today: date
    ahead: Ahead | None = None


def draw_course(course: Course) -> SafeString:
    """Return the chart, or nothing when there is neither a score nor a session."""
    days = [point.on for lane in course.lanes for point in lane.points] + list(course.sessions)
    if not days:
        return SafeString("")
    ahead = course.ahead
    last = max(*days, course.today)
    first = min(*days, course.today)
    scale = _Scale(first, last) if ahead is None else _Scale(first, max(last, ahead.dates[-1]), margin_d=3)
    has_second = len(course.lanes) > 1
    bottom = SECOND_BOTTOM if has_second else SESSION_TOP + 16
    parts = [_draw_future(scale, course.today, bottom)]
    parts += _draw_months(scale, bottom)
    if ahead is not None:
        parts += draw_window(ahead, scale.x, top=MAIN_TOP, bottom=bottom, today=course.today, right=RIGHT)
    if course.lanes:
        parts += _draw_main(scale, course.lanes[0], ahead)
    parts += _draw_sessions(scale, course)
    if has_second:
        parts += _draw_second(scale, course.lanes[1])
    x = scale.x(course.today)
    parts += [
        svg.line("chart__now", x, 24, x, bottom),
        svg.text("chart__now-label", x - 4, 20, _("today"), "end"),
    ]
    return svg.drawing(parts, width=WIDTH, height=int(bottom + 30), label=describe_course(course))


def describe_course(course: Course) -> str:
    """Return the chart in a sentence or two, for people who do not see it."""
    sentences = []
    for lane in course.lanes:
        if lane.points:
            first, last = lane.points[0], lane.points[-1]
            sentences.append(
                _("%(scale)s from %(first)g on %(begin)s to %(last)g on %(end)s, %(n)d records.")
                % {
                    "scale": lane.title,
                    "first": first.value,
                    "begin": day(first.on),
                    "last": last.value,
                    "end": day(last.on),
                    "n": len(lane.points),
                }
            )
        if lane.set_aside:
            sentences.append(_("%(n)d more not used, drawn dashed.") % {"n": len(lane.set_aside)})
    sentences.append(_("%(n)d sessions.") % {"n": len(course.sessions)})
    if course.ahead is not None:
        sentences.append(
            _("Predicted, not measured, without a further session: 50 %% between %(low)g and %(high)g on %(on)s.")
            % {"low": course.ahead.low_50[-1], "high": course.ahead.high_50[-1], "on": day(course.ahead.dates[-1])}
        )
    return " ".join(sentences)


class _Scale:
    def __init__(self, first: date, last: date, margin_d: int | None = None) -> None:
        span = max((last - first).days, 28)
        self.begin = first - timedelta(days=max(2, span // 40))
        self.end = first + timedelta(days=span + (max(7, span // 8) if margin_d is None else margin_d))

    def x(self, on: date) -> float:
        return LEFT + (RIGHT - LEFT) * (on - self.begin).days / (self.end - self.begin).days


def _draw_future(scale: _Scale, today: date, bottom: float) -> str:
    x = scale.x(today)
    return svg.rect("chart__future", x, MAIN_TOP, RIGHT - x, bottom - MAIN_TOP)


def _draw_months(scale: _Scale, bottom: float) -> list[str]:
    parts = []
    month = scale.begin.replace(day=1)
    months = []
    while month <= scale.end:
        if month >= scale.begin:
            months.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    step = max(1, len(months) // 12)
    free_from = 0.0
    for index, first in enumerate(months[::step]):
        x = scale.x(first)
        words = _(MONTHS[first.month - 1])
        if index == 0 or first.month <= step:
            words = f"{words} {first.year}"
        parts.append(svg.line("chart__grid", x, MAIN_TOP, x, bottom))
        if x + 4 < free_from:
            continue
        free_from = x + 4 + LETTER * (len(words) + 1)
        parts.append(svg.text("chart__tick", x + 4, bottom + 22, words))
    return parts


def _draw_main(scale: _Scale, lane: Lane, ahead: Ahead | None = None) -> list[str]:
    def y(value: float) -> float:
        return MAIN_BOTTOM - (MAIN_BOTTOM - MAIN_TOP) * min(value, lane.maximum) / lane.maximum

    parts = [svg.text("chart__title", 4, 16, lane.title)]
    ticks = [tick for tick in range(0, int(lane.maximum), 5) if lane.maximum - tick >= 5] + [int(lane.maximum)]
    for tick in ticks:
        parts.append(svg.line("chart__grid", LEFT, y(tick), RIGHT, y(tick)))
        parts.append(svg.text("chart__tick", LEFT - 8, y(tick) + 4, tick, "end"))
    for low, high, words in lane.bands:
        parts.append(svg.text("chart__tick", RIGHT + 8, y((low + high) / 2) + 4, words))
    if ahead is not None:
        parts += draw_ahead(ahead, scale.x, y, right=RIGHT, bottom=MAIN_BOTTOM)
    points = [(scale.x(point.on), y(point.value)) for point in lane.points]
    for value, words, kind in lane.lines:
        base = y(value) + (13 if kind == "relapse" else -5)
        parts.append(svg.line(f"course__line course__line--{kind}", LEFT, y(value), RIGHT, y(value)))
        parts.append(svg.text(f"course__words course__words--{kind}", _find_place(points, words, base), base, words))
    parts += [svg.circle("course__aside", scale.x(point.on), y(point.value), 3.2) for point in lane.set_aside]
    if points:
        parts.append(svg.polyline("course__main", points))
        parts += [svg.circle("course__mark", x, up, 3.2) for x, up in points]
        parts.append(svg.text("course__value", points[0][0] + 6, points[0][1] - 8, f"{lane.points[0].value:g}"))
    if len(points) > 1:
        parts.append(
            svg.text("course__value", points[-1][0] - 4, points[-1][1] - 9, f"{lane.points[-1].value:g}", "end")
        )
    return parts


def _find_place(points: list[tuple[float, float]], words: str, base: float) -> float:
    """Return where along a line its words are crossed by no part of the curve; the left end where none is free."""
    width = LETTER * len(words)
    step = (RIGHT - LEFT - width) / PLACES
    places = [LEFT + 6 + step * number for number in range(PLACES)]
    free = (left for left in places if not _is_crossed(points, left, left + width, base - 13, base + 4))
    return next(free, places[0])


def _is_crossed(points: list[tuple[float, float]], left: float, right: float, top: float, bottom: float) -> bool:
    """Tell whether the curve runs through a box; between two points it is straight."""
    for (x0, y0), (x1, y1) in pairwise(points):
        begin, end = max(x0, left), min(x1, right)
        if begin > end or x1 == x0:
            continue
        ends = [y0 + (y1 - y0) * (x - x0) / (x1 - x0) for x in (begin, end)]
        if min(ends) <= bottom and max(ends) >= top:
            return True
    return False


def _draw_sessions(scale: _Scale, course: Course) -> list[str]:
    parts = [svg.text("chart__title", LEFT, SESSION_TOP - 4, course.route)]
    parts += [svg.rect("course__session", scale.x(on) - 1.6, SESSION_TOP, 3.2, 16, 1.5) for on in course.sessions]
    return parts


def _draw_second(scale: _Scale, lane: Lane) -> list[str]:
    def y(value: float) -> float:
        return SECOND_BOTTOM - (SECOND_BOTTOM - SECOND_TOP) * min(value, lane.maximum) / lane.maximum

    parts = [svg.text("chart__title", 4, SECOND_TOP - 6, lane.title)]
    parts += [
        svg.line("chart__grid", LEFT, SECOND_BOTTOM, RIGHT, SECOND_BOTTOM),
        svg.text("chart__tick", LEFT - 8, SECOND_BOTTOM + 4, 0, "end"),
    ]
    for value, words, kind in lane.lines:
        parts.append(svg.line(f"course__line course__line--{kind}", LEFT, y(value), RIGHT, y(value)))
        parts.append(svg.text("chart__tick", LEFT - 8, y(value) + 4, f"{value:g}", "end"))
        parts.append(svg.text("chart__tick", RIGHT + 8, y(value) + 4, words))
    points = [(scale.x(point.on), y(point.value)) for point in lane.points]
    parts += [svg.circle("course__aside", scale.x(point.on), y(point.value), 2.6) for point in lane.set_aside]
    if points:
        parts.append(svg.polyline("course__second", points))
        parts += [svg.circle("course__second-mark", x, up, 2.6) for x, up in points]
        parts.append(svg.text("course__second-value", points[0][0] + 6, points[0][1] - 4, f"{lane.points[0].value:g}"))
    if len(points) > 1:
        parts.append(
            svg.text("course__second-value", points[-1][0] - 6, points[-1][1] - 5, f"{lane.points[-1].value:g}", "end")
        )
    return parts
