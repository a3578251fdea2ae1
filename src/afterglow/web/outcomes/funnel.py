"""The funnel of sites: observed over expected against how many people, between the limits of chance. No ranking."""

from collections.abc import Sequence

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from afterglow.outcomes.cohort.funnel import FunnelPoint
from afterglow.web.charts import svg

WIDTH, HEIGHT = 560, 240
LEFT, RIGHT, TOP, BOTTOM = 36.0, 430.0, 18.0, 200.0
HIGHEST = 2.0


def draw_funnel(points: Sequence[FunnelPoint]) -> SafeString:
    """Return the chart: a point for each site with its name, the 95 and 99.8 % limits joined in the order of people."""
    most = max(point.assessed for point in points) * 1.1

    def x(people: float) -> float:
        return LEFT + (RIGHT - LEFT) * people / most

    def y(ratio: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * min(ratio, HIGHEST) / HIGHEST

    parts = [svg.text("chart__title", 0, 10, _("Responses, observed over expected"))]
    for ratio in (0, 0.5, 1, 1.5, 2):
        parts.append(svg.line("chart__grid", LEFT, y(ratio), RIGHT, y(ratio)))
        parts.append(svg.text("chart__tick", LEFT - 6, y(ratio) + 4, f"{ratio:g}", "end"))
    ordered = sorted(points, key=lambda point: point.assessed)
    for kind, side in (("inner", 0), ("inner", 1), ("outer", 0), ("outer", 1)):
        line = [(x(point.assessed), y(getattr(point, kind)[side])) for point in ordered]
        parts.append(svg.polyline(f"funnel__limit funnel__limit--{kind}", line))
    for point in points:
        parts.append(svg.circle("forest__point", x(point.assessed), y(point.ratio), 4))
        parts.append(svg.text("chart__tick", x(point.assessed) + 8, y(point.ratio) + 4, point.site))
    parts.append(svg.text("chart__tick", RIGHT, BOTTOM + 18, _("people due"), "end"))
    label = "; ".join(f"{point.site} {point.ratio:.2f}" for point in points)
    return svg.drawing(parts, width=WIDTH, height=HEIGHT, label=_("Responses, observed over expected") + ": " + label)
