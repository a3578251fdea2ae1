"""The drawn lanes: each function returns SVG markup for one kind of measurement, classes only, no inline style."""

from collections.abc import Iterable, Sequence
from html import escape

from django.utils.safestring import SafeString, mark_safe

from afterglow.web.sessions.chart.model import Limit, Mark, Point, Pressure, Word
from afterglow.web.sessions.chart.scales import LEFT, RIGHT, TOP, Lane, Layout, TimeAxis

Markup = list[SafeString]


def write(markup: str, *values: object) -> SafeString:
    """Return markup with its values in their places, as `format_html`, which takes four times as long.

    Numbers of floating point are written with one decimal; what is not safe already is escaped.
    """
    return mark_safe(markup.format(*map(_write_value, values)))  # noqa: S308 - each value is escaped


def _write_value(value: object) -> str:
    if type(value) is float:
        return f"{value:.1f}"
    return value if isinstance(value, SafeString) else escape(str(value))


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> SafeString:
    """Return one line of a class."""
    return write('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>', kind, float(x1), float(y1), float(x2), float(y2))


def text(kind: str, x: float, y: float, content: object, anchor: str = "start") -> SafeString:
    """Return one text of a class; the content is escaped."""
    said = content if isinstance(content, SafeString) else str(content)
    return write('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>', kind, float(x), float(y), anchor, said)


def box(kind: str, x: float, y: float, width: float, height: float, radius: int = 0) -> SafeString:
    """Return one rectangle of a class."""
    numbers = (float(number) for number in (x, y, max(width, 0), max(height, 0)))
    return write('<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="{}"/>', kind, *numbers, radius)


def path(kind: str, points: Iterable[tuple[float, float]]) -> SafeString:
    """Return an open line through points."""
    drawn = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return write('<path class="{}" d="M{}"/>', kind, drawn)


def dot(kind: str, x: float, y: float) -> SafeString:
    """Return the mark of a measured value."""
    return write('<circle class="{}" cx="{}" cy="{}" r="3.5"/>', kind, float(x), float(y))


def draw_pressures(readings: Sequence[Pressure], axis: TimeAxis, lane: Lane) -> Markup:
    """Return bars between two arrowheads; the reading in alarm is bold and labelled."""
    markup: Markup = []
    for reading in readings:
        x, top, low = axis.x(reading.minute), lane.y(reading.systolic), lane.y(reading.diastolic)
        markup.append(line("c-bp c-bp-hot" if reading.is_hot else "c-bp", x, top, x, low))
        arrows = (
            f"M{x - 5:.1f} {top - 4:.1f}L{x:.1f} {top + 3:.1f}L{x + 5:.1f} {top - 4:.1f}"
            f"M{x - 5:.1f} {low + 4:.1f}L{x:.1f} {low - 3:.1f}L{x + 5:.1f} {low + 4:.1f}"
        )
        markup.append(write('<path class="c-arrow" d="{}"/>', arrows))
    hot = [reading for reading in readings if reading.is_hot]
    if hot:
        x, y = axis.x(hot[-1].minute), lane.y(hot[-1].systolic)
        left = x - 58 if x > 110 else x + 10
        level = f" c-hot-{hot[-1].priority}" if hot[-1].priority else ""
        markup.append(box(f"c-hot-box{level}", left, y - 13, 50, 17, 4))
        markup.append(
            text(f"c-hot-text{level}", left + 25, y - 1, f"{hot[-1].systolic:g}/{hot[-1].diastolic:g}", "middle")
        )
    return markup


def draw_series(
    kind: str, points: Sequence[Point], axis: TimeAxis, lane: Lane, label: str, is_dotted: bool = False
) -> Markup:
    """Return a line of measured values with its direct label at the last one."""
    if not points:
        return []
    placed = [(axis.x(point.minute), lane.y(point.value)) for point in points]
    markup = [path(f"c-{kind}", placed)] if len(placed) > 1 else []
    for x, y in placed if is_dotted else placed[-1:]:
        markup.append(dot(f"c-{kind}-dot", x, y))
    x, y = placed[-1]
    if is_dotted:
        markup.append(text(f"c-{kind}-text", x, y - 8, label, "middle"))
    else:
        markup.append(text(f"c-{kind}-text", min(x + 9, RIGHT - 60), y + 4, label))
    return markup


def draw_words(title: str, unit: str, words: Sequence[Word], axis: TimeAxis, y: float) -> Markup:
    """Return a text row; crowded words give way to the later one, which keeps the row readable."""
    markup = [text("c-title", 8, y, title), text("c-unit", RIGHT + 6, y, unit)]
    edge = RIGHT + 40
    kept: Markup = []
    for word in reversed(words):
        x = axis.x(word.minute)
        half = 25 if word.is_missed else 9
        if x + half > edge:
            continue
        edge = x - half
        kept.append(text("c-missed" if word.is_missed else "c-value", x, y, word.text, "middle"))
    return markup + kept[::-1]


def draw_limits(limits: Sequence[Limit], lanes: dict[str, Lane]) -> Markup:
    """Return dashed limits with the action written on them, and the shaded side."""
    markup: Markup = []
    labels: list[float] = []
    for limit in sorted(limits, key=lambda item: not item.band):
        lane = lanes.get(limit.lane)
        if lane is None or not lane.low <= limit.value <= lane.high:
            continue
        y = lane.y(limit.value)
        if limit.band == "above":
            markup.append(box("c-band", LEFT, lane.top, RIGHT - LEFT, y - lane.top))
        elif limit.band == "below":
            markup.append(box("c-band", LEFT, y, RIGHT - LEFT, lane.bottom - y))
        weight = "" if limit.band else "2"
        markup.append(line(f"c-limit{weight}", LEFT, y, RIGHT, y))
        at = y - 5 if all(abs(y - 5 - label) >= 12 for label in labels) else y + 12
        labels.append(at)
        markup.append(text(f"c-limit{weight}-text", RIGHT - 6, at, limit.text, "end"))
    return markup


def draw_marks(marks: Sequence[Mark], axis: TimeAxis, layout: Layout, now_minute: float) -> Markup:
    """Return the lines of the session's events, the latest labelled first; what collides is left to the table."""
    markup: Markup = []
    # the clock of the present lies over everything else in its row
    taken = [_place_now(axis.x(now_minute))]
    for mark in sorted(marks, key=lambda item: (item.is_planned, -item.minute)):
        x = axis.x(mark.minute)
        kind = "c-event c-event-dash" if mark.is_planned else "c-event"
        label = _place_label(x, mark.text, taken)
        markup.append(line(kind, x, 22 if label is None else 18, x, layout.bottom))
        if label is not None:
            taken.append(label[0])
            markup.append(text("c-event-text", label[1], 13, mark.text, label[2]))
    return markup


def _place_label(
    x: float, words: str, taken: Sequence[tuple[float, float]]
) -> tuple[tuple[float, float], float, str] | None:
    """Return span, place and anchor of a mark's label: right of its line, else left, else past the present."""
    if not words:
        return None
    width = 6.2 * len(words)
    choices = [(x + 5, "start"), (x - 5, "end")]
    choices += [(edge + 5, "start") for start, edge in taken[:1] if start <= x <= edge]
    for at, anchor in choices:
        span = (at, at + width) if anchor == "start" else (at - width, at)
        if span[0] >= 0 and all(span[1] + 4 <= left or span[0] - 4 >= right for left, right in taken):
            return span, at, anchor
    return None


def _place_now(x: float) -> tuple[float, float]:
    """Return the ends of the box with the present's clock."""
    left = min(max(x - 42, 0), RIGHT - 40)
    return left, left + 86


def draw_now(label: str, minute: float, axis: TimeAxis, layout: Layout) -> Markup:
    """Return the present: an amber line with its clock."""
    x = axis.x(minute)
    left, right = _place_now(x)
    low = layout.bottom if layout.band is None else layout.band[1]
    return [
        line("c-now", x, 18, x, low),
        box("c-now-box", left, 2, right - left, 17, 4),
        text("c-now-text", left + 43, 14, label, "middle"),
    ]


def draw_grid(axis: TimeAxis, step: int, anchor_label: str, layout: Layout) -> Markup:
    """Return the minutes: grid lines and their labels, the anchor with its clock time."""
    markup: Markup = []
    tick = step * round(axis.first / step)
    while tick <= axis.last:
        if tick >= axis.first:
            x = axis.x(tick)
            label = f"0, {anchor_label}" if tick == 0 and anchor_label else f"{tick:g}"
            markup.append(line("c-grid", x, TOP, x, layout.bottom))
            markup.append(text("c-unit", x, layout.ticks, label, "middle"))
        tick += step
    markup.append(text("c-unit", RIGHT + 6, layout.ticks, "min"))
    return markup


def join(parts: Iterable[SafeString]) -> SafeString:
    """Return already escaped markup as one string."""
    return mark_safe("\n".join(parts))  # noqa: S308 - every part comes from `write` above
