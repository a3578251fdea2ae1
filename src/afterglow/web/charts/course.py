"""The course chart: one lane per scale over months, sessions as ticks between them, today as an amber line."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from afterglow.web.charts import svg
from afterglow.web.templatetags.words import day

WIDTH = 888
LEFT, RIGHT = 34.0, 792.0
MAIN_TOP, MAIN_BOTTOM = 34.0, 338.0
SESSION_TOP = 354.0
SECOND_TOP, SECOND_BOTTOM = 392.0, 448.0
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Point:
    """One score on one day."""

    on: date
    value: float


@dataclass(frozen=True, slots=True)
class Lane:
    """One scale: its title, its highest score, its points, its lines with words and its bands on the right."""

    title: str
    maximum: float
    points: tuple[Point, ...]
    lines: tuple[tuple[float, str, str], ...] = ()
    bands: tuple[tuple[float, float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Course:
    """Everything the chart shows."""

    lanes: tuple[Lane, ...]
    sessions: tuple[date, ...]
    route: str
    today: date


def draw_course(course: Course) -> SafeString:
    """Return the chart, or nothing when there is neither a score nor a session."""
    days = [point.on for lane in course.lanes for point in lane.points] + list(course.sessions)
    if not days:
        return SafeString("")
    scale = _Scale(min(*days, course.today), max(*days, course.today))
    has_second = len(course.lanes) > 1
    bottom = SECOND_BOTTOM if has_second else SESSION_TOP + 16
    parts = [_draw_future(scale, course.today, bottom)]
    parts += _draw_months(scale, bottom)
    if course.lanes:
        parts += _draw_main(scale, course.lanes[0])
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
    sentences.append(_("%(n)d sessions.") % {"n": len(course.sessions)})
    return " ".join(sentences)


class _Scale:
    def __init__(self, first: date, last: date) -> None:
        span = max((last - first).days, 28)
        self.begin = first - timedelta(days=max(2, span // 40))
        self.end = first + timedelta(days=span + max(7, span // 8))

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
    for index, first in enumerate(months[::step]):
        x = scale.x(first)
        words = _(MONTHS[first.month - 1])
        if index == 0 or first.month <= step:
            words = f"{words} {first.year}"
        parts.append(svg.line("chart__grid", x, MAIN_TOP, x, bottom))
        parts.append(svg.text("chart__tick", x + 4, bottom + 22, words))
    return parts


def _draw_main(scale: _Scale, lane: Lane) -> list[str]:
    def y(value: float) -> float:
        return MAIN_BOTTOM - (MAIN_BOTTOM - MAIN_TOP) * min(value, lane.maximum) / lane.maximum

    parts = [svg.text("chart__title", 4, 16, lane.title)]
    ticks = [tick for tick in range(0, int(lane.maximum), 5) if lane.maximum - tick >= 5] + [int(lane.maximum)]
    for tick in ticks:
        parts.append(svg.line("chart__grid", LEFT, y(tick), RIGHT, y(tick)))
        parts.append(svg.text("chart__tick", LEFT - 8, y(tick) + 4, tick, "end"))
    for low, high, words in lane.bands:
        parts.append(svg.text("chart__tick", RIGHT + 8, y((low + high) / 2) + 4, words))
    for value, words, kind in lane.lines:
        parts.append(svg.line(f"course__line course__line--{kind}", LEFT, y(value), RIGHT, y(value)))
        parts.append(svg.text(f"course__words course__words--{kind}", LEFT + 6, y(value) - 5, words))
    points = [(scale.x(point.on), y(point.value)) for point in lane.points]
    if points:
        parts.append(svg.polyline("course__main", points))
        parts += [svg.circle("course__mark", x, up, 3.2) for x, up in points]
        parts.append(svg.text("course__value", points[0][0] + 6, points[0][1] - 8, f"{lane.points[0].value:g}"))
    if len(points) > 1:
        parts.append(
            svg.text("course__value", points[-1][0] - 4, points[-1][1] - 9, f"{lane.points[-1].value:g}", "end")
        )
    return parts


def _draw_sessions(scale: _Scale, course: Course) -> list[str]:
    parts = [svg.text("chart__title", 4, SESSION_TOP + 12, course.route)]
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
    if points:
        parts.append(svg.polyline("course__second", points))
        parts += [svg.circle("course__second-mark", x, up, 2.6) for x, up in points]
        parts.append(svg.text("course__second-value", points[0][0] + 6, points[0][1] - 4, f"{lane.points[0].value:g}"))
    if len(points) > 1:
        parts.append(
            svg.text("course__second-value", points[-1][0] - 6, points[-1][1] - 5, f"{lane.points[-1].value:g}", "end")
        )
    return parts
