"""Figures of the report and of the documentation as SVG text: lines and points with axes, no script, no font file."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720.0, 360.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 190.0, 16.0, 48.0
# dark enough for 4.5:1 on white, told apart by dash as well as by colour
STYLES = (
    ("#1f4e79", ""),
    ("#a23b00", "7 3"),
    ("#2b6b2b", "2 3"),
    ("#6a2c91", "9 3 2 3"),
    ("#444444", "12 4"),
    ("#8a5a00", "1 3"),
    ("#00606b", "5 5"),
    ("#7a1f3d", "10 2 2 2 2 2"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: label and points; `band` is an area of (x, low, high) drawn under it."""

    label: str
    points: tuple[tuple[float, float], ...]
    band: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Axes:
    """What is written on the axes, and where they end."""

    x_label: str
    y_label: str
    x_max: float
    y_max: float
    x_min: float = 0.0
    y_min: float = 0.0


@dataclass(frozen=True, slots=True)
class Figure:
    """An SVG with its caption and the text that stands for it."""

    id: str
    caption: str
    alt: str
    svg: str


def draw_lines(key: str, title: str, alt: str, axes: Axes, lines: Sequence[Line]) -> Figure:
    """Return a figure of curves, each labelled at the right with its dash and colour."""
    body = [_draw_axes(axes)]
    for number, line in enumerate(lines):
        colour, dash = STYLES[number % len(STYLES)]
        if line.band:
            upper = [_place(axes, x, high) for x, _, high in line.band]
            lower = [_place(axes, x, low) for x, low, _ in reversed(line.band)]
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in upper + lower)
            body.append(f'<polygon points="{corners}" fill="{colour}" fill-opacity="0.12"/>')
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (_place(axes, x, y) for x, y in line.points))
        stroke = f'stroke="{colour}" stroke-width="1.8"' + (f' stroke-dasharray="{dash}"' if dash else "")
        body.append(f'<polyline points="{path}" fill="none" {stroke}/>')
        y = TOP + 14.0 + 18.0 * number
        x = WIDTH - RIGHT + 12.0
        body.append(f'<line x1="{x:.1f}" y1="{y - 4:.1f}" x2="{x + 26:.1f}" y2="{y - 4:.1f}" {stroke}/>')
        body.append(f'<text x="{x + 32:.1f}" y="{y:.1f}">{escape(line.label)}</text>')
    return Figure(key, title, alt, _wrap(key, title, alt, body))


def draw_errors(key: str, title: str, alt: str, rows: Sequence[tuple[str, float, bool]], limit: float) -> Figure:
    """Return a figure of relative errors in percent: a point per row, hollow where missed, with lines at the limits."""
    top = max(limit * 1.3, *(abs(error) * 1.1 for _, error, _ in rows))
    axes = Axes("", "engine over printed, %", float(len(rows) + 1), top, 0.0, -top)
    body = [_draw_axes(axes, with_x=False)]
    for level in (-limit, 0.0, limit):
        x1, y = _place(axes, 0.0, level)
        dash = "" if level == 0.0 else ' stroke-dasharray="4 3"'
        body.append(f'<line x1="{x1:.1f}" y1="{y:.1f}" x2="{WIDTH - RIGHT:.1f}" y2="{y:.1f}" stroke="#444444"{dash}/>')
    for number, (label, error, is_met) in enumerate(rows, 1):
        x, y = _place(axes, float(number), error)
        fill = STYLES[0][0] if is_met else "#ffffff"
        name = f"<title>{escape(label)}: {error:+.2f} %</title>"
        body.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" fill="{fill}" stroke="{STYLES[0][0]}">{name}</circle>')
    return Figure(key, title, alt, _wrap(key, title, alt, body))


def list_ticks(low: float, high: float) -> list[float]:
    """Return four to eight round numbers from `low` to `high`."""
    span = high - low
    raw = span / 6.0
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1.0, 2.0, 5.0, 10.0) if size * factor >= raw)
    first = math.ceil(low / step - 1e-9)
    return [step * number for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _place(axes: Axes, x: float, y: float) -> tuple[float, float]:
    across = (x - axes.x_min) / (axes.x_max - axes.x_min) * (WIDTH - LEFT - RIGHT)
    up = (y - axes.y_min) / (axes.y_max - axes.y_min) * (HEIGHT - TOP - BOTTOM)
    return LEFT + across, HEIGHT - BOTTOM - up


def _draw_axes(axes: Axes, *, with_x: bool = True) -> str:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#444444"/>']
    for tick in list_ticks(axes.y_min, axes.y_max):
        _, y = _place(axes, axes.x_min, tick)
        parts.append(f'<line x1="{LEFT - 4:.1f}" y1="{y:.1f}" x2="{LEFT:.1f}" y2="{y:.1f}" stroke="#444444"/>')
        parts.append(f'<text x="{LEFT - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in list_ticks(axes.x_min, axes.x_max) if with_x else ():
        x, _ = _place(axes, tick, axes.y_min)
        parts.append(f'<line x1="{x:.1f}" y1="{bottom:.1f}" x2="{x:.1f}" y2="{bottom + 4:.1f}" stroke="#444444"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18:.1f}" text-anchor="middle">{tick:g}</text>')
    middle = (LEFT + right) / 2
    parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 8:.1f}" text-anchor="middle">{escape(axes.x_label)}</text>')
    turned = f'transform="rotate(-90)" x="{-(TOP + bottom) / 2:.1f}" y="16"'
    parts.append(f'<text {turned} text-anchor="middle">{escape(axes.y_label)}</text>')
    return "".join(parts)


def _wrap(key: str, title: str, alt: str, body: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-labelledby="{key}-title {key}-desc" font-family="Inter, system-ui, sans-serif" font-size="12" '
        f'fill="#222222"><title id="{key}-title">{escape(title)}</title><desc id="{key}-desc">{escape(alt)}</desc>'
        f"{''.join(body)}</svg>"
    )
