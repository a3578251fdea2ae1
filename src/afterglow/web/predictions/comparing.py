"""The chart of A against B: two lanes on one axis of minutes, ribbons of 90 of 100 people, words instead of figures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from afterglow.pharmacology.practice import load_practice
from afterglow.web.charts import svg
from afterglow.web.predictions.reading import Band, Comparison
from afterglow.web.predictions.words import write_ends

WIDTH, HEIGHT = 560, 424
LEFT, RIGHT = 40.0, 482.0
TOP, BOTTOM = 28.0, 388.0
LEVEL_TOP, LEVEL_ZERO = 28.0, 214.0
SCORE_TOP, SCORE_ZERO, SCORE_MOST = 262.0, 388.0, 24.0
STEPS = (10, 20, 50, 100, 200, 500, 1000)
LETTER_WIDTH = 6.2
EVENINGS = 6  # passes that even out what is left between the steps

Scale = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Trials:
    """Levels that trials saw with a way of giving, and where that is printed."""

    low: float
    high: float
    source: str


# by drug and route, as the drug model's data cites them
SEEN = {
    f"{one.drug}.{one.route}": Trials(one.low_ng_per_ml, one.high_ng_per_ml, f"{one.name}, {one.citation.grade.value}")
    for one in load_practice().levels
}


class _Axes:
    """Where a minute, a level and a score lie."""

    def __init__(self, comparison: Comparison) -> None:
        self.end = comparison.minutes[-1]
        top = max(max(side.concentration.high) for side in comparison.sides)
        self.step = next((step for step in STEPS if top / step <= 4), STEPS[-1])
        self.most = max(top * 1.06, self.step)

    def x(self, minute: float) -> float:
        return LEFT + (RIGHT - LEFT) * minute / self.end

    def level(self, value: float) -> float:
        return LEVEL_ZERO - (LEVEL_ZERO - LEVEL_TOP) * min(value, self.most) / self.most

    def score(self, value: float) -> float:
        return SCORE_ZERO - (SCORE_ZERO - SCORE_TOP) * min(value, SCORE_MOST) / SCORE_MOST


def draw_comparison(
    comparison: Comparison, *, edges: Mapping[str, Sequence[float]], trials: Trials | None
) -> SafeString:
    """Return the chart; `edges` are by option the minutes at which giving ends, where its curve has a corner."""
    axes = _Axes(comparison)
    parts = _draw_frame(axes, comparison)
    if trials is not None:
        parts += _draw_trials(axes, trials)
    parts += _draw_ticks(axes, comparison)
    for side in comparison.sides:
        corners = edges.get(side.key, ())
        kind = side.key.lower()
        parts += draw_band(kind, side.concentration, comparison.minutes, axes.x, axes.level, corners)
        parts += draw_band(kind, side.cadss6, comparison.minutes, axes.x, axes.score, corners)
    parts += _label(comparison, axes)
    caption = _("minutes from start. Ribbon: 90 of 100 people of this weight. Predicted, not measured.")
    parts.append(svg.text("chart__tick", LEFT, 420, caption))
    return svg.drawing(parts, width=WIDTH, height=HEIGHT, label=describe_comparison(comparison))


def describe_comparison(comparison: Comparison) -> str:
    """Return the chart in sentences, for people who do not see it."""
    said = [_("Predicted, not measured, over %(n)d minutes.") % {"n": comparison.minutes[-1]}]
    for side in comparison.sides:
        words = {
            "key": side.key,
            "level": write_ends(side.values["peak_ng_per_ml"]),
            "score": write_ends(side.values["cadss6_peak"]),
        }
        said.append(_("%(key)s: peak %(level)s ng/mL, CADSS-6 %(score)s of 24.") % words)
    return " ".join(said)


def smooth(values: Sequence[float], minutes: Sequence[float], edges: Iterable[float]) -> list[float]:
    """Return a course without the steps of its rounding; the same course is worked out once."""
    return list(_smooth(tuple(values), tuple(minutes), tuple(edges)))


@lru_cache(maxsize=512)
def _smooth(values: tuple[float, ...], minutes: tuple[float, ...], edges: tuple[float, ...]) -> tuple[float, ...]:
    """Return a course without the steps of its rounding; corners, where giving begins or ends, stay as they are.

    Numbers come with two figures: what rises slowly is a stair. The line is drawn through the middles of its steps, and
    nowhere moves by more than half of the second figure, so that it says no more than the rounded numbers do.
    """
    fixed = {index for index, minute in enumerate(minutes) for edge in edges if abs(minute - edge) < 1e-6}
    knots = _list_knots(values, fixed | {0, len(values) - 1})
    drawn, place = [], 0
    for index, value in enumerate(values):
        while place + 2 < len(knots) and knots[place + 1][0] < index:
            place += 1
        (left, low), (right, high) = knots[place], knots[min(place + 1, len(knots) - 1)]
        share = (index - left) / (right - left) if right > left else 0.0
        drawn.append(_hold(low + share * (high - low), value))
    for _round in range(EVENINGS):
        before = drawn[:]
        for index in set(range(1, len(values) - 1)) - fixed:
            wanted = (before[index - 1] + 2 * before[index] + before[index + 1]) / 4
            drawn[index] = _hold(wanted, values[index])
    return tuple(drawn)


def _hold(wanted: float, value: float) -> float:
    """Return a wanted value, held within half of the second figure of the rounded one."""
    room = _find_half_step(value)
    return min(max(wanted, value - room), value + room)


def _list_knots(values: Sequence[float], fixed: set[int]) -> list[tuple[float, float]]:
    """Return places and values that the line goes through: fixed points, middles of steps, tops and bottoms."""
    knots = {float(index): values[index] for index in fixed}
    begin = 0
    for index in range(1, len(values) + 1):
        if index < len(values) and values[index] == values[begin]:
            continue
        if index < len(values):
            knots.setdefault(index - 0.5, (values[index - 1] + values[index]) / 2)
            is_turn = begin > 0 and (values[begin - 1] < values[begin]) == (values[index] < values[begin])
            if is_turn and not fixed.intersection(range(begin, index)):
                knots.setdefault((begin + index - 1) / 2, values[begin])
        begin = index
    return sorted(knots.items())


def _find_half_step(value: float) -> float:
    step = 0.0 if value <= 0 else 10.0 ** (len(str(int(value))) - 2)
    return step / 2


def _draw_frame(axes: _Axes, comparison: Comparison) -> list[str]:
    step = next((step for step in (15, 30, 60, 120) if axes.end / step <= 10), 120)
    parts = [
        svg.text("chart__title", 4, 15, _("Predicted concentration, ng/mL")),
        svg.text("chart__title", 4, 249, _("Predicted dissociation, CADSS-6 of 24")),
    ]
    for minute in range(0, int(comparison.minutes[-1]) + 1, step):
        x = axes.x(minute)
        parts.append(svg.line("chart__grid", x, TOP, x, BOTTOM))
        parts.append(svg.text("chart__tick", x, 404, minute, "middle"))
    parts.append(svg.text("chart__tick", RIGHT + 20, 404, "min"))
    return parts


def _draw_trials(axes: _Axes, trials: Trials) -> list[str]:
    high = min(trials.high, axes.most)
    top, low = axes.level(high), axes.level(trials.low)
    if high <= trials.low:
        return []
    ends = {"low": f"{trials.low:g}", "high": f"{trials.high:g}"}
    return [
        svg.rect("expect__seen", LEFT, top, RIGHT - LEFT, low - top),
        svg.text(
            "expect__seen-words", RIGHT - 4, top + 13, _("range seen in trials, %(low)s to %(high)s") % ends, "end"
        ),
    ]


def _draw_ticks(axes: _Axes, comparison: Comparison) -> list[str]:
    parts = []
    for place in range(int(axes.most / axes.step) + 1):
        y = axes.level(place * axes.step)
        parts.append(svg.text("chart__tick", LEFT - 8, y + 4, place * axes.step, "end"))
        parts.append(svg.line("chart__grid", LEFT, y, RIGHT, y))
    support = float(comparison.sides[0].values["support_at"])
    for score in sorted({0.0, support, SCORE_MOST}):
        y = axes.score(score)
        parts.append(svg.text("chart__tick", LEFT - 8, y + 4, f"{score:g}", "end"))
        parts.append(svg.line("chart__grid", LEFT, y, RIGHT, y))
    y = axes.score(support)
    parts.append(svg.line("expect__limit", LEFT, y, RIGHT, y))
    parts.append(svg.text("chart__tick", RIGHT + 8, y + 4, _("%(n)s: support") % {"n": f"{support:g}"}))
    return parts


def draw_band(
    kind: str, band: Band, minutes: Sequence[float], x: Scale, y: Scale, corners: Sequence[float]
) -> list[str]:
    """Return a ribbon and its middle line; `kind` ends the names of their classes."""
    low, mid, high = (
        [(x(minute), y(value)) for minute, value in zip(minutes, smooth(values, minutes, corners), strict=True)]
        for values in (band.low, band.mid, band.high)
    )
    return [
        svg.polyline(f"expect__ribbon expect__ribbon--{kind}", [*high, *reversed(low)]),
        svg.polyline(f"expect__line expect__line--{kind}", mid),
    ]


def _find_peak(values: Sequence[float]) -> int:
    """Return the place of the highest value, the last one where rounding makes several alike."""
    top = max(values)
    return max(place for place, value in enumerate(values) if value == top)


def _label(comparison: Comparison, axes: _Axes) -> list[str]:
    """Return the direct labels: the words of the peak at each curve, the letter at each score; none on another."""
    parts: list[str] = []
    taken: list[tuple[float, float, float]] = []
    for side in sorted(comparison.sides, key=lambda one: -max(one.concentration.mid)):
        kind = f"expect__words expect__words--{side.key.lower()}"
        place = _find_peak(side.concentration.mid)
        x = axes.x(comparison.minutes[place])
        words = f"{side.key}: {write_ends(side.values['peak_ng_per_ml'])}"
        width = LETTER_WIDTH * len(words)
        is_left = x - LEFT > width + 12 and not taken
        at, anchor = (x - 8, "end") if is_left else (min(x + 8, RIGHT - width), "start")
        y = axes.level(side.concentration.high[place]) - 5 if is_left else axes.level(side.concentration.mid[place]) + 4
        y = max(y, LEVEL_TOP + 12)
        left = at - width if is_left else at
        while any(abs(y - other) < 14 and left < end and left + width > begin for begin, end, other in taken):
            y += 14
        taken.append((left, left + width, y))
        parts.append(svg.text(kind, at, y, words, anchor))
    return parts + _label_scores(comparison, axes)


def _label_scores(comparison: Comparison, axes: _Axes) -> list[str]:
    parts = []
    for index, side in enumerate(comparison.sides):
        place = _find_peak(side.cadss6.mid)
        x, y = axes.x(comparison.minutes[place]), axes.score(side.cadss6.mid[place]) - 6
        at, anchor = (x - 4, "end") if index == 0 else (x + 4, "start")
        parts.append(svg.text(f"expect__words expect__words--{side.key.lower()}", at, y, side.key, anchor))
    return parts
