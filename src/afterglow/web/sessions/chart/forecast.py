"""The folded lane of predictions: two bands without a scale, the past and what may come drawn apart."""

from bisect import bisect_right
from collections.abc import Sequence

from django.utils.translation import gettext as _

from afterglow.web.sessions.chart.lanes import Markup, box, text, write
from afterglow.web.sessions.chart.model import Forecast
from afterglow.web.sessions.chart.scales import LEFT, RIGHT, Layout, TimeAxis

SCORE_MOST = 24.0
# heights inside the lane: levels above, scores below
LEVEL_PART, SCORE_PART = (0.06, 0.54), (0.58, 0.98)
LEAST_LEVEL = 100.0

Band = tuple[Sequence[float], Sequence[float]]
Rows = list[tuple[float, float, float]]


def draw_forecast(forecast: Forecast, now_minute: float, axis: TimeAxis, layout: Layout) -> Markup:
    """Return the lane; what lies after now is a path of its own, so that a page without a link can leave it away."""
    top, bottom = layout.band or (layout.bottom, float(layout.height))
    markup = [box("c-lane", LEFT, top, RIGHT - LEFT, bottom - top, 3)]
    if forecast.reason:
        return [*markup, text("c-pred-none", LEFT + 10, (top + bottom) / 2 + 4, forecast.reason)]
    most = max(LEAST_LEVEL, *forecast.level[1])
    for kind, band, highest, part in (
        ("level", forecast.level, most, LEVEL_PART),
        ("score", forecast.score, SCORE_MOST, SCORE_PART),
    ):
        zero = top + part[1] * (bottom - top)
        scale = (part[1] - part[0]) * (bottom - top) / highest
        shown = [row for row in zip(forecast.minutes, *band, strict=True) if row[0] <= axis.last]
        for name, piece in _split(shown, now_minute):
            upper = [f"{axis.x(minute):.1f} {zero - scale * min(high, highest):.1f}" for minute, _low, high in piece]
            lower = [f"{axis.x(minute):.1f} {zero - scale * min(low, highest):.1f}" for minute, low, _high in piece]
            path = "L".join([*upper, *reversed(lower)])
            markup.append(write('<path class="c-pred c-pred-{} c-pred-{}" d="M{}Z"/>', kind, name, path))
    return [
        *markup,
        text("c-unit", RIGHT + 6, top + 10, _("ng/mL, about")),
        text("c-unit", RIGHT + 6, top + 23, forecast.level_words),
        text("c-unit", RIGHT + 6, top + 38, _("CADSS-6 %(ends)s") % {"ends": forecast.score_words}),
    ]


def describe_forecast(forecast: Forecast) -> str:
    """Return the lane in a sentence; it names bands of the whole course, never a value for now."""
    if forecast.reason:
        return forecast.reason.rstrip(".") + "."
    said = _("Predicted, not measured: ng/mL about %(level)s, CADSS-6 %(score)s at its highest.")
    return said % {"level": forecast.level_words, "score": forecast.score_words}


def _split(rows: Rows, now: float) -> list[tuple[str, Rows]]:
    """Return the band until now and the band after it, both with the edge at now; an empty side is left out."""
    place = bisect_right([row[0] for row in rows], now)
    if place <= 0 or place >= len(rows):
        return [("next" if place <= 0 else "past", rows)]
    (before, low_1, high_1), (after, low_2, high_2) = rows[place - 1], rows[place]
    share = (now - before) / (after - before)
    edge = (now, low_1 + share * (low_2 - low_1), high_1 + share * (high_2 - high_1))
    return [("past", [*rows[:place], edge]), ("next", [edge, *rows[place:]])]
