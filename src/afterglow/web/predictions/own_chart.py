"""The small chart of a patient's own sessions: people like this patient behind, this patient in front, two lanes."""

from collections.abc import Sequence

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from afterglow.web.charts import svg
from afterglow.web.predictions.comparing import SCORE_MOST, draw_band
from afterglow.web.predictions.reading import Side
from afterglow.web.predictions.words import write_ends

WIDTH, HEIGHT = 560, 262
LEFT, RIGHT = 40.0, 482.0
LANES = ((28.0, 104.0), (152.0, 222.0))
STEPS = (5, 10, 20, 50, 100)


def draw_own(similar: Side, own: Side, minutes: Sequence[float], corners: Sequence[float]) -> SafeString:
    """Return the chart; `corners` are the minutes at which giving ends."""
    most = max(*similar.pressure.high, *own.pressure.high, 1.0)
    step = next((step for step in STEPS if most / step <= 3), STEPS[-1])
    top = step * -(-most // step)
    lanes = (
        (_("Predicted dissociation, CADSS-6 of 24"), SCORE_MOST, (0, 12, 24), "cadss6"),
        (_("Predicted systolic rise, mmHg"), top, range(0, int(top) + 1, step), "pressure"),
    )
    parts: list[str] = []
    for (high, zero), (title, most_of, ticks, name) in zip(LANES, lanes, strict=True):
        parts += _draw_frame(title, high, zero, [(float(tick), tick / most_of) for tick in ticks], minutes)

        def y(value: float, high: float = high, zero: float = zero, most_of: float = most_of) -> float:
            return zero - (zero - high) * min(value, most_of) / most_of

        for kind, side in (("similar", similar), ("own", own)):
            parts += draw_band(kind, getattr(side, name), minutes, lambda at: _x(at, minutes), y, corners)
            band = getattr(side, name)
            place = max(range(len(minutes)), key=lambda index: band.high[index])
            if name == "cadss6":
                words = _("similar people") if kind == "similar" else _("this patient")
                at = (_x(minutes[place], minutes) + 6, y(band.high[place]) - 3)
                at = (at[0], max(at[1], high + 10)) if kind == "similar" else (at[0] + 60, y(band.mid[place]) + 4)
                parts.append(svg.text(f"expect__words expect__words--{kind}", *at, words))
    caption = _("minutes from start. Ribbons: 90 of 100 people. Predicted, not measured.")
    parts.append(svg.text("chart__tick", LEFT, HEIGHT - 6, caption))
    return svg.drawing(parts, width=WIDTH, height=HEIGHT, label=describe_own(similar, own))


def describe_own(similar: Side, own: Side) -> str:
    """Return the chart in a sentence each, for people who do not see it."""
    named = ((_("similar people"), similar), (_("this patient"), own))
    parts = [
        _("%(who)s: CADSS-6 %(score)s of 24.") % {"who": who, "score": write_ends(side.values["cadss6_peak"])}
        for who, side in named
    ]
    return " ".join([_("Predicted, not measured."), *parts])


def _x(minute: float, minutes: Sequence[float]) -> float:
    return LEFT + (RIGHT - LEFT) * minute / minutes[-1]


def _draw_frame(
    title: str, high: float, zero: float, ticks: Sequence[tuple[float, float]], minutes: Sequence[float]
) -> list[str]:
    parts = [svg.text("chart__title", 4, high - 12, title)]
    for value, share in ticks:
        y = zero - (zero - high) * share
        parts.append(svg.text("chart__tick", LEFT - 8, y + 4, f"{value:g}", "end"))
        parts.append(svg.line("chart__grid", LEFT, y, RIGHT, y))
    step = next((step for step in (15, 30, 60, 120) if minutes[-1] / step <= 10), 120)
    for minute in range(0, int(minutes[-1]) + 1, step):
        x = _x(minute, minutes)
        parts.append(svg.line("chart__grid", x, high, x, zero))
        parts.append(svg.text("chart__tick", x, zero + 14, minute, "middle"))
    return parts
