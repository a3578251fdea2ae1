"""The chart of response and remission: a square with its interval for each row, a triangle for what was published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from afterglow.outcomes.cohort import Cell
from afterglow.web.charts import svg
from afterglow.web.outcomes.words import describe_missing

WIDTH, TOP, ROW = 800, 40.0, 45.0
PEOPLE, COMPARED = 264.0, 686.0
PLOTS = {"response": (282.0, 462.0), "remission": (490.0, 670.0)}
TICKS = (0, 25, 50, 75, 100)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the chart; `published` holds percents by outcome."""

    name: str
    way: str
    people: str
    is_hidden: bool
    cells: Mapping[str, Cell]
    published: Mapping[str, float]
    compared: str


def draw_forest(rows: Sequence[Row], heads: Mapping[str, tuple[str, str]], label: str) -> SafeString:
    """Return the chart; `heads` are title and rule of each outcome."""
    bottom = TOP + ROW * len(rows)
    parts = [
        svg.text("chart__title", 0, 20, _("Condition, way")),
        svg.text("chart__title", PEOPLE, 20, _("People"), "end"),
        svg.text("chart__title", COMPARED, 20, _("Compared with")),
    ]
    for outcome, (left, right) in PLOTS.items():
        middle = (left + right) / 2
        parts.append(svg.text("forest__head", middle, 14, heads[outcome][0], "middle"))
        parts.append(svg.text("chart__tick", middle, 30, heads[outcome][1], "middle"))
        for tick in TICKS:
            x = left + (right - left) * tick / 100
            parts.append(svg.line("chart__grid", x, TOP, x, bottom))
            parts.append(svg.text("chart__tick", x, bottom + 16, tick, "middle"))
    for number, row in enumerate(rows):
        parts += _draw_row(row, TOP + ROW * number)
        if number:
            parts.append(svg.line("chart__grid", 0, TOP + ROW * number, WIDTH, TOP + ROW * number))
    parts += [
        svg.rect("forest__point", 0, bottom + 28, 8, 8, 1.5),
        svg.text("chart__tick", 14, bottom + 36, _("this clinic, 95 % interval")),
        _draw_triangle(186, bottom + 28),
        svg.text("chart__tick", 198, bottom + 36, _("published result")),
    ]
    return svg.drawing(parts, width=WIDTH, height=int(bottom + 44), label=label)


def _draw_row(row: Row, top: float) -> list[str]:
    middle = top + 24
    parts = [
        svg.text("forest__name", 0, top + 20, row.name),
        svg.text("chart__tick", 0, top + 34, row.way),
        svg.text("chart__title", PEOPLE, middle + 1, row.people, "end"),
        svg.text("chart__tick", COMPARED, middle + 4, row.compared),
    ]
    if row.is_hidden:
        left, right = PLOTS["response"][0], PLOTS["remission"][1]
        words = _("%(people)s people: no figures, so that nobody can be recognised") % {"people": row.people}
        return [*parts, *_draw_hidden(left, right, middle, words)]
    for outcome, (left, right) in PLOTS.items():
        parts += _draw_cell(row.cells[outcome], left, right, middle)
        if outcome in row.published and row.cells[outcome].share is not None:
            parts.append(_draw_triangle(left + (right - left) * row.published[outcome] / 100, middle + 3))
    return parts


def _draw_cell(cell: Cell, left: float, right: float, middle: float) -> list[str]:
    share = cell.share
    if share is None:
        return _draw_hidden(left, right, middle, describe_missing(cell))

    def place(value: float) -> float:
        return left + (right - left) * value

    low, high, at = place(share.low), place(share.high), place(share.share)
    return [
        svg.line("forest__interval", low, middle, high, middle),
        svg.line("forest__interval", low, middle - 4, low, middle + 4),
        svg.line("forest__interval", high, middle - 4, high, middle + 4),
        svg.rect("forest__point", at - 4.5, middle - 4.5, 9, 9, 1.5),
        svg.text("forest__value", at, middle - 9, f"{100 * share.share:.0f}", "middle"),
    ]


def _draw_hidden(left: float, right: float, middle: float, words: str) -> list[str]:
    return [
        svg.rect("forest__hidden", left, middle - 12, right - left, 24, 3),
        svg.text("chart__tick", (left + right) / 2, middle + 4, words, "middle"),
    ]


def _draw_triangle(x: float, y: float) -> str:
    return svg.polyline("forest__published", [(x, y), (x + 6, y + 8), (x - 6, y + 8), (x, y)])
