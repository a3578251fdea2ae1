"""The course of a session as a black-on-white SVG: pressure as bars between arrowheads, heart rate, saturation.

Only measured values are drawn. Meaning is carried by shape, weight and dash, never by colour.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 714, 197
LEFT, RIGHT = 34, 640
TOP, PRESSURE_FLOOR = 18, 135
SATURATION_TOP, BOTTOM = 148, 176


@dataclass(frozen=True, slots=True)
class PressurePoint:
    """One cuff reading at a minute from the start."""

    minute: float
    systolic: float
    diastolic: float
    is_emphasised: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """Everything the chart shows; minutes count from the start of giving, or from arrival where nothing was given."""

    pressures: Sequence[PressurePoint]
    heart_rates: Sequence[tuple[float, float]]
    saturations: Sequence[tuple[float, float]]
    pauses: Sequence[tuple[float, float]]
    marks: Sequence[tuple[float, str]]
    pressure_limits: Sequence[tuple[float, str]]
    saturation_limit: float | None


def draw_course(course: Course) -> str:
    """Return the SVG of the course."""
    axis = _TimeAxis(_find_minutes(course))
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="Inter" font-size="9.5">'
    )
    parts = [opening]
    parts += _draw_grid(axis)
    parts += _draw_pauses(axis, course.pauses)
    parts += _draw_limits(course)
    parts += _draw_marks(axis, course.marks)
    parts += _draw_line(axis, course.heart_rates, _pressure_y)
    parts += _draw_line(axis, course.saturations, _saturation_y)
    parts += _draw_pressures(axis, course.pressures)
    parts += _draw_lane_names()
    parts.append("</svg>")
    return "".join(parts)


class _TimeAxis:
    def __init__(self, minutes: Sequence[float]) -> None:
        lowest, highest = min(minutes), max(minutes)
        self.step = 10 if highest - lowest <= 160 else 30
        self.first = int(lowest // self.step) * self.step
        self.last = max(int(-(-highest // self.step)) * self.step, self.first + self.step)

    def x(self, minute: float) -> float:
        return LEFT + (minute - self.first) / (self.last - self.first) * (RIGHT - LEFT)


def _find_minutes(course: Course) -> list[float]:
    minutes = [point.minute for point in course.pressures]
    minutes += [minute for minute, _ in (*course.heart_rates, *course.saturations)]
    minutes += [minute for minute, _ in course.marks]
    return minutes or [0.0, 10.0]


def _pressure_y(value: float) -> float:
    bounded = min(max(value, 40.0), 220.0)
    return PRESSURE_FLOOR - (bounded - 40) / 180 * (PRESSURE_FLOOR - TOP)


def _saturation_y(value: float) -> float:
    bounded = min(max(value, 84.0), 100.0)
    return BOTTOM - (bounded - 84) / 16 * (BOTTOM - SATURATION_TOP)


def _text(x: float, y: float, words: str, *, anchor: str = "middle", weight: int = 400) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}"'
    return f'<text {place} fill="#000">{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def _draw_grid(axis: _TimeAxis) -> Iterable[str]:
    for minute in range(axis.first, axis.last + 1, axis.step):
        x = axis.x(minute)
        yield _line(x, TOP, x, BOTTOM, 'stroke="#ddd" stroke-width="0.7"')
        yield _text(x, HEIGHT - 8, str(minute).replace("-", "\u2212"))
    yield _text(RIGHT + 8, HEIGHT - 8, "min", anchor="start")
    for value in (60, 100, 140, 180):
        yield _text(LEFT - 6, _pressure_y(value) + 3, str(value), anchor="end")
    for value in (90, 98):
        yield _text(LEFT - 6, _saturation_y(value) + 3, str(value), anchor="end")
    yield _line(LEFT, PRESSURE_FLOOR + 7, RIGHT, PRESSURE_FLOOR + 7, 'stroke="#000" stroke-width="0.5"')
    yield _line(LEFT, BOTTOM, RIGHT, BOTTOM, 'stroke="#000" stroke-width="0.7"')


def _draw_pauses(axis: _TimeAxis, pauses: Iterable[tuple[float, float]]) -> Iterable[str]:
    for start, end in pauses:
        width = max(axis.x(end) - axis.x(start), 1.0)
        yield f'<rect x="{axis.x(start):.1f}" y="{TOP}" width="{width:.1f}" height="{BOTTOM - TOP}" fill="#e4e4e4"/>'
        yield _text(axis.x(start) + width / 2, 9, "paused", weight=600)


def _draw_limits(course: Course) -> Iterable[str]:
    dashed = 'stroke="#000" stroke-width="0.8" stroke-dasharray="4 3"'
    for value, words in course.pressure_limits:
        yield _line(LEFT, _pressure_y(value), RIGHT, _pressure_y(value), dashed)
        yield _text(RIGHT + 6, _pressure_y(value) + 3, words, anchor="start")
    if course.saturation_limit is not None:
        y = _saturation_y(course.saturation_limit)
        yield _line(LEFT, y, RIGHT, y, dashed)
        yield _text(RIGHT + 6, y + 3, f"limit {course.saturation_limit:g}", anchor="start")


def _draw_marks(axis: _TimeAxis, marks: Iterable[tuple[float, str]]) -> Iterable[str]:
    for minute, words in marks:
        x = axis.x(minute)
        yield _line(x, TOP - 4, x, BOTTOM, 'stroke="#000" stroke-width="1"')
        yield _text(x, 9, words, weight=600)


def _draw_line(axis: _TimeAxis, points: Sequence[tuple[float, float]], to_y: Callable[[float], float]) -> Iterable[str]:
    if len(points) > 1:
        path = " ".join(f"{axis.x(minute):.1f},{to_y(value):.1f}" for minute, value in points)
        yield f'<polyline points="{path}" fill="none" stroke="#555" stroke-width="1.2"/>'
    for minute, value in points:
        yield f'<circle cx="{axis.x(minute):.1f}" cy="{to_y(value):.1f}" r="1.7" fill="#555"/>'


def _draw_pressures(axis: _TimeAxis, points: Iterable[PressurePoint]) -> Iterable[str]:
    for point in points:
        x, high, low = axis.x(point.minute), _pressure_y(point.systolic), _pressure_y(point.diastolic)
        stroke = f'stroke="#000" stroke-width="{2 if point.is_emphasised else 1.3}" fill="none"'
        yield _line(x, high, x, low, stroke)
        yield f'<path d="M{x - 3:.1f} {high - 4:.1f}L{x:.1f} {high:.1f}L{x + 3:.1f} {high - 4:.1f}" {stroke}/>'
        yield f'<path d="M{x - 3:.1f} {low + 4:.1f}L{x:.1f} {low:.1f}L{x + 3:.1f} {low + 4:.1f}" {stroke}/>'


def _draw_lane_names() -> Iterable[str]:
    yield _text(RIGHT + 6, _pressure_y(128), "BP mmHg", anchor="start", weight=600)
    yield _text(RIGHT + 6, _pressure_y(68), "HR /min", anchor="start", weight=600)
    yield _text(RIGHT + 6, SATURATION_TOP + 4, "SpO\u2082 %", anchor="start", weight=600)
