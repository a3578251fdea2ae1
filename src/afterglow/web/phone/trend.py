"""Draws how a score went: a plain line over time with its text alternative, for a phone and without script."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from afterglow.instruments import Instrument
from afterglow.instruments.model import Direction
from afterglow.web.charts import svg
from afterglow.web.charts.course import Point
from afterglow.web.phone.words import Words

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 326, 236, 34.0, 312.0, 22.0, 206.0
STEPS = (1, 2, 5, 10, 20, 25, 50, 100)
MOST_LINES = 3
# words inside the shaded part need that much height
ROOM_FOR_WORDS = 20


@dataclass(frozen=True, slots=True)
class Scale:
    """What a drawing has to know of an instrument; `few` is the score below which it speaks of few symptoms."""

    lowest: float
    highest: float
    few: float | None
    is_lower_better: bool


def read_scale(definition: Instrument) -> Scale:
    """Return the scale of an instrument; the shaded part is its own published remission, where it has one."""
    is_lower_better = definition.direction is Direction.LOWER_IS_BETTER
    found = definition.thresholds.get("remission")
    few = float(found.value) if found is not None and found.kind == "below" and is_lower_better else None
    return Scale(float(definition.total_minimum), float(definition.total_maximum), few, is_lower_better)


def draw_trend(
    points: Sequence[Point], words: Words, *, scale: Scale, label: str, sessions: Sequence[date] = ()
) -> str:
    """Return the drawing, with a mark for each session; nothing for fewer than two scores."""
    if len(points) < 2:
        return ""
    first, last = points[0].on, max(points[-1].on, points[0].on + timedelta(days=1))

    def x(on: date) -> float:
        return LEFT + (RIGHT - LEFT) * (on - first).days / (last - first).days

    def y(value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (value - scale.lowest) / (scale.highest - scale.lowest)

    parts = []
    if scale.few is not None:
        top = y(scale.few)
        parts.append(svg.rect("few", LEFT, top, RIGHT - LEFT, BOTTOM - top))
        if BOTTOM - top >= ROOM_FOR_WORDS:
            parts.append(svg.text("few-words", LEFT + 6, BOTTOM - 8, words.say("mine.few")))
    for value in list_lines(scale):
        parts += [
            svg.line("grid", LEFT, y(value), RIGHT, y(value)),
            svg.text("axis", LEFT - 8, y(value) + 5, f"{value:g}", "end"),
        ]
    places = [(x(each.on), y(each.value)) for each in points]
    parts.append(svg.polyline("measured", places))
    parts += [svg.circle("mark", *place, 3.6) for place in places]
    parts += [svg.line("session", x(day), BOTTOM, x(day), BOTTOM - 7) for day in sessions if first <= day <= last]
    for each, anchor in ((points[0], "start"), (points[-1], "end")):
        parts.append(svg.text("figure", x(each.on), max(y(each.value) - 10, 14), f"{each.value:g}", anchor))
        parts.append(svg.text("axis", x(each.on), BOTTOM + 20, words.say_date(each.on), anchor))
    return svg.drawing(parts, width=WIDTH, height=HEIGHT, label=label)


def list_lines(scale: Scale) -> list[float]:
    """Return the values at which a line is drawn: a few round ones from the lowest up."""
    span = scale.highest - scale.lowest
    step = next((each for each in STEPS if span / each <= MOST_LINES), STEPS[-1])
    return [scale.lowest + step * count for count in range(int(span // step) + 1)]
