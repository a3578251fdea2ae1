"""The day as a picture: places with their visits, load per nurse against the limit, prescribers, running series.

Server-drawn SVG; colours come from classes, every visit is a link that the keyboard reaches.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from afterglow.clinicday.booking import Spans, Window
from afterglow.clinicday.staffing import Step
from afterglow.web.charts.svg import line, rect, text

WIDTH = 908
LEFT = 86
TOP = 40
ROW = 40
BOX = 32
LETTER = 6.1
# px for a letter of 11 px: more than this in a wide font is set closer, down to what is still read
WIDEST = 6.3
NARROWEST = 5.1
LOAD_ROW = 38
LOAD_UNIT = 9.5
# hours that have room for their names
MOST_HOURS = 13


@dataclass(frozen=True, slots=True)
class Scale:
    """Where an instant lies on the picture."""

    begins_at: datetime
    ends_at: datetime

    def x(self, instant: datetime) -> float:
        """Return the place of an instant, kept within the picture."""
        whole = (self.ends_at - self.begins_at).total_seconds()
        part = (min(max(instant, self.begins_at), self.ends_at) - self.begins_at).total_seconds()
        return LEFT + (WIDTH - LEFT) * part / whole

    @property
    def minutes(self) -> int:
        """Return how many minutes the picture covers."""
        return int((self.ends_at - self.begins_at).total_seconds() // 60)

    def list_hours(self) -> list[datetime]:
        """Return the full hours; of a long day every second or third, so that their names have room."""
        count = int((self.ends_at - self.begins_at).total_seconds() // 3600)
        apart = 1 + count // MOST_HOURS
        return [self.begins_at + timedelta(hours=step) for step in range(0, count + 1, apart)]


@dataclass(frozen=True, slots=True)
class Box:
    """One visit as it is drawn; `kind` is plain, clash, offered or asked."""

    spans: Spans
    row: int
    initials: str
    words: str
    nurse: str
    label: str
    url: str = ""
    kind: str = "plain"
    visit: str = ""
    is_movable: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across the places with its words above: the latest first dose, the prescriber's leaving."""

    at: datetime
    words: str
    is_end: bool = False


def draw_places(
    names: Sequence[tuple[str, str]],
    boxes: Iterable[Box],
    *,
    scale: Scale,
    blocks: Iterable[tuple[int, Window]],
    gaps: Iterable[tuple[datetime, datetime]],
    marks: Sequence[Mark],
    no_prescriber: str,
    label: str,
    clock: Any,
    on: date,
) -> SafeString:
    """Return the day by place; `names` are (identifier, words) in order."""
    bottom = TOP + ROW * len(names)
    parts = [_HATCH, *_draw_hours(scale, bottom, clock)]
    for index, (_key, name) in enumerate(names):
        parts += [line("g", 0, TOP + ROW * index, WIDTH, TOP + ROW * index), _draw_name(name, index)]
    parts.append(line("g", 0, bottom, WIDTH, bottom))
    for begins_at, ends_at in gaps:
        left, right = scale.x(begins_at), scale.x(ends_at)
        parts.append(rect("away-band", left, TOP, right - left, bottom - TOP))
        parts.append(text("am", (left + right) / 2, bottom + 13, no_prescriber, "middle"))
    for index, block in blocks:
        parts += _draw_block(scale, index, block)
    parts += _draw_marks(scale, marks, bottom)
    parts += [_draw_box(scale, box) for box in boxes]
    hours, minutes = clock(scale.begins_at).split(":")
    begins_min = int(hours) * 60 + int(minutes)
    attributes = (
        f'data-grid data-left="{LEFT}" data-top="{TOP}" data-row="{ROW}" data-width="{WIDTH}" '
        f'data-on="{on.isoformat()}" data-begins-min="{begins_min}" data-minutes="{scale.minutes}" '
        f'data-places="{escape(" ".join(key for key, _ in names))}"'
    )
    return _wrap(parts, WIDTH, bottom + 16, label, attributes)


def draw_load(
    rows: Sequence[tuple[str, str, list[Step], list[Step], str]],
    presence: Sequence[tuple[str, Sequence[Window], Sequence[tuple[datetime, datetime]], Sequence[str]]],
    *,
    scale: Scale,
    limit: Decimal,
    label: str,
) -> SafeString:
    """Return each nurse's load as a curve under its limit, and the prescribers' bars.

    `rows` are (name, most, load as booked, load with what is asked for, words where that passes the limit).
    """
    parts: list[str] = []
    for index, (name, most, booked, asked, words) in enumerate(rows):
        parts += _draw_curve(scale, index, name, most, booked, asked, words, limit)
    top = LOAD_ROW * len(rows)
    for index, (name, windows, away, notes) in enumerate(presence):
        parts += _draw_presence(scale, top + 6 + index * 34, name, windows, away, notes)
    return _wrap(parts, WIDTH, top + 6 + 34 * len(presence), label)


def draw_series(
    rows: Sequence[dict[str, Any]], *, first: Any, weeks: int, on: Any, label: str, short: Any
) -> SafeString:
    """Return running series as rows of dots over some weeks: done, this day, booked, not booked."""
    width, left, step = 452, 118, (452 - 118 - 14) / (weeks * 7 - 1)
    height = 16 + 23 * len(rows)
    parts = []
    for week in range(weeks):
        x = left + step * 7 * week
        parts += [line("g", x - 4, 0, x - 4, height), text("t", x, 10, short(first + timedelta(days=7 * week)))]
    if first <= on < first + timedelta(days=7 * weeks):
        parts.append(rect("this-day", left + step * (on - first).days - 8, 2, 16, height - 2, 5))
    for index, row in enumerate(rows):
        y = 27.5 + 23 * index
        parts += [text("bi", 0, y + 4, row["initials"]), text("t", 40, y + 4, row["words"])]
        dots = [(left + step * (dot["on"] - first).days, dot["kind"]) for dot in row["dots"] if dot["on"] >= first]
        dots = [dot for dot in dots if dot[0] <= width]
        if len(dots) > 1:
            parts.append(line("g", dots[0][0], y, dots[-1][0], y))
        parts += [f'<circle class="dot dot--{kind}" cx="{x:.1f}" cy="{y:.1f}" r="5"/>' for x, kind in dots]
    return _wrap(parts, width, height, label)


def _draw_hours(scale: Scale, bottom: float, clock: Any) -> list[str]:
    parts = []
    for index, hour in enumerate(scale.list_hours()):
        x = scale.x(hour)
        parts.append(line("g", x, TOP - 4, x, bottom))
        parts.append(text("t", x, TOP - 10, clock(hour), "middle" if index else "start"))
    return parts


def _draw_name(name: str, index: int) -> str:
    return _fit("pl", 0, TOP + ROW * index + 24, name, LEFT - 6, 7.6)


def _draw_block(scale: Scale, index: int, block: Window) -> list[str]:
    left, right = scale.x(block.begins_at), scale.x(block.ends_at)
    y = TOP + ROW * index + 4
    room = int((right - left - 16) / LETTER)
    words = block.reason if len(block.reason) <= room else block.reason[: max(room - 1, 0)] + "…" if room > 4 else ""
    return [rect("off", left, y, right - left, BOX, 6), text("t", left + 10, y + 20, words)]


def _draw_marks(scale: Scale, marks: Sequence[Mark], bottom: float) -> list[str]:
    """Draw the lines; one label, left of the first, says what the latest doses are and when each is."""
    parts = []
    latest = [mark for mark in marks if not mark.is_end]
    for mark in marks:
        x = scale.x(mark.at)
        parts.append(line("end" if mark.is_end else "lat", x, 16, x, bottom))
        if mark.is_end:
            parts.append(text("et", WIDTH, 9, mark.words, "end"))
        elif mark is latest[0]:
            words = "; ".join(each.words for each in latest)
            has_room = x - 5 > len(words) * LETTER
            parts.append(text("lt", x - 5, 9, words, "end") if has_room else text("lt", x + 5, 9, words))
    return parts


def _draw_box(scale: Scale, box: Box) -> str:
    spans = box.spans
    left, right = scale.x(spans.starts_at) + 0.5, scale.x(spans.ends_at) - 0.5
    y = TOP + ROW * box.row + 4
    inner = [rect(f"visit__box visit__box--{box.kind}", left, y, right - left, BOX, 6)]
    inner += _draw_words(box, left, right, y) + _draw_parts(scale, spans, left, right, y)
    movable = " data-movable" if box.is_movable else ""
    attributes = f'class="visit" data-visit="{escape(box.visit)}" data-row="{box.row}"{movable}'
    attributes += f' data-start-min="{int((spans.starts_at - scale.begins_at).total_seconds() // 60)}"'
    if not box.url:
        return f'<g class="visit" role="img" aria-label="{escape(box.label)}">{"".join(inner)}</g>'
    return f'<a {attributes} href="{escape(box.url)}" aria-label="{escape(box.label)}">{"".join(inner)}</a>'


def _draw_words(box: Box, left: float, right: float, y: float) -> list[str]:
    """Write who, what and which nurse; what has no bar of phases and no room beside the initials stands below them."""
    width = right - left
    first = len(box.initials) * 7.4 + 14
    if width < first + len(box.words) * 6.3 + 4 and box.spans.dose_at is None:
        return [text("bi", left + 7, y + 13, box.initials), _fit("bd", left + 6, y + 26, box.words, width - 11)]
    parts = [text("bi", left + 7, y + 14, box.initials), _fit("bd", left + first, y + 14, box.words, width - first - 4)]
    if width > first + (len(box.words) + len(box.nurse)) * 6.3 + 12:
        parts.append(text("bd", right - 7, y + 14, box.nurse, "end"))
    return parts


def _draw_parts(scale: Scale, spans: Spans, left: float, right: float, y: float) -> list[str]:
    if spans.dose_at is None or spans.dose_ends_at is None:
        return []
    edges = (left + 4, scale.x(spans.dose_at), scale.x(spans.dose_ends_at), right - 4)
    kinds = ("p0", "p1", "p2")
    return [
        rect(kind, begin + 1, y + 23, max(end - begin - 2, 3), 4, 2)
        for kind, begin, end in zip(kinds, edges[:3], edges[1:], strict=True)
    ]


def _fit(kind: str, x: float, y: float, words: str, room: float, widest: float = WIDEST) -> str:
    """Write words that never leave their room: set closer where a wide font would, cut where no font has the room."""
    most = int(room / NARROWEST)
    words = words if len(words) <= most else words[: max(most - 1, 1)] + "…"
    if len(words) * widest <= room:
        return text(kind, x, y, words)
    held = f'textLength="{room:.1f}" lengthAdjust="spacingAndGlyphs"'
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" {held}>{escape(words)}</text>'


def _draw_curve(
    scale: Scale, index: int, name: str, most: str, booked: list[Step], asked: list[Step], words: str, limit: Decimal
) -> list[str]:
    base = LOAD_ROW * (index + 1)
    top = base - float(limit) * LOAD_UNIT
    parts = [line("g", scale.x(hour), base - 32, scale.x(hour), base) for hour in scale.list_hours()]
    parts += [_fit("pl", 0, base - 17, name, LEFT - 6, 7.6), text("t", 0, base - 3, most)]
    points = _list_points(scale, booked, base)
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    parts.append(f'<path class="ld" d="M{path}L{WIDTH:.1f} {base:.1f}L{LEFT:.1f} {base:.1f}Z"/>')
    parts.append(f'<path class="ldl" d="M{path}"/>')
    if asked:
        dashed = "L".join(f"{x:.1f} {y:.1f}" for x, y in _list_points(scale, asked, base)[1:-1])
        parts.append(f'<path class="ldxl" d="M{dashed}"/>')
        for step in asked:
            if step.load > limit:
                left, right = scale.x(step.begins_at), scale.x(step.ends_at)
                high = base - float(step.load) * LOAD_UNIT
                parts.append(rect("ldx", left, high, right - left, top - high))
    if words:
        over = next(step for step in asked if step.load > limit)
        parts.append(text("hx", min(scale.x(over.ends_at) + 6, WIDTH - len(words) * 6.4), base - 25, words))
    parts += [line("lim", LEFT, top, WIDTH, top), line("ax", LEFT, base, WIDTH, base)]
    return parts


def _list_points(scale: Scale, steps: Sequence[Step], base: float) -> list[tuple[float, float]]:
    points = [(float(LEFT), base)]
    at = base
    for step in steps:
        left, right = scale.x(step.begins_at), scale.x(step.ends_at)
        high = base - float(step.load) * LOAD_UNIT
        points += [(left, at), (left, high), (right, high)]
        at = high
    if steps:
        points.append((points[-1][0], base))
    points.append((float(WIDTH), base))
    return points


def _draw_presence(
    scale: Scale,
    top: float,
    name: str,
    windows: Sequence[Window],
    away: Sequence[tuple[datetime, datetime]],
    notes: Sequence[str],
) -> list[str]:
    parts = [_fit("pl", 0, top + 15, name, LEFT - 6, 7.6)]
    for window in windows:
        left, right = scale.x(window.begins_at), scale.x(window.ends_at)
        parts.append(rect("pr", left, top + 6, right - left, 12, 4))
    if windows:
        parts.append(text("t", scale.x(windows[0].begins_at), top + 31, notes[0]))
        parts.append(text("t", scale.x(windows[-1].ends_at), top + 31, notes[1], "end"))
    for (begins_at, ends_at), words in zip(away, notes[2:], strict=False):
        left, right = scale.x(begins_at), scale.x(ends_at)
        parts.append(rect("awa", left, top + 6, right - left, 12, 4))
        parts.append(text("am", (left + right) / 2, top + 31, words, "middle"))
    return parts


def _wrap(parts: Iterable[str], width: int, height: float, label: str, attributes: str = "") -> SafeString:
    return mark_safe(  # noqa: S308 - every text part was escaped above
        f'<svg class="day-chart" viewBox="0 0 {width} {height:.0f}" role="group" aria-label="{escape(label)}" '
        f"{attributes}>{''.join(parts)}</svg>"
    )


_HATCH = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="hatch-ground" width="6" height="6"/><line class="hatch-line" x1="0" y1="0" x2="0" y2="6"/>'
    "</pattern></defs>"
)
