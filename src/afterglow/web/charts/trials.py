"""The treatment-resistance chart: past antidepressant trials over years, by drug, duration and adequacy."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from afterglow.web.charts import svg

WIDTH = 404
LEFT, RIGHT = 4.0, 392.0
ROW = 34.0


@dataclass(frozen=True, slots=True)
class TrialBar:
    """One trial: words, when, how long, and whether it counts (adequate, earlier, short)."""

    words: str
    start: date
    weeks: float
    kind: str


def draw_trials(bars: list[TrialBar], episode_since: date | None, today: date) -> SafeString:
    """Return the chart, or nothing without dated trials."""
    if not bars:
        return SafeString("")
    first = min([bar.start for bar in bars] + ([episode_since] if episode_since else []))
    begin, end = first - timedelta(days=60), today + timedelta(days=30)
    span = max((end - begin).days, 1)

    def x(on: date) -> float:
        return LEFT + (RIGHT - LEFT) * min(max((on - begin).days / span, 0), 1)

    bottom = 16 + ROW * len(bars) + 8
    parts = _draw_years(begin, end, x, bottom)
    if episode_since:
        at = x(episode_since)
        anchor = "start" if at < WIDTH / 2 else "end"
        words = _("current episode, since %(when)s") % {"when": episode_since.strftime("%b %Y")}
        parts.append(svg.line("trials__episode", at, 2, at, bottom))
        parts.append(svg.text("trials__episode-label", at + (5 if anchor == "start" else -5), 11, words, anchor))
    for row, bar in enumerate(bars):
        parts += _draw_bar(bar, row, x)
    label = "; ".join(f"{bar.words}, {bar.weeks:g} wk, {describe_kind(bar.kind)}" for bar in bars)
    return svg.drawing(parts, width=WIDTH, height=int(bottom + 18), label=label)


def describe_kind(kind: str) -> str:
    """Return the kind of a trial in words."""
    words = {"adequate": _("adequate"), "earlier": _("earlier episode"), "short": _("too short or too low")}
    return words.get(kind, kind)


def _draw_years(begin: date, end: date, x: object, bottom: float) -> list[str]:
    parts = []
    for year in range(begin.year + 1, end.year + 1):
        at = x(date(year, 1, 1))  # type: ignore[operator]
        parts.append(svg.line("chart__grid", at, 16, at, bottom))
        parts.append(svg.text("chart__tick", at + 3, bottom + 13, year))
    return parts


def _draw_bar(bar: TrialBar, row: int, x: object) -> list[str]:
    top = 20 + ROW * row
    left = x(bar.start)  # type: ignore[operator]
    right = x(bar.start + timedelta(weeks=float(bar.weeks)))  # type: ignore[operator]
    width = max(right - left, 8)
    anchor, at = ("start", left) if left < WIDTH * 0.55 else ("end", RIGHT)
    return [
        svg.text("trials__words", at, top + 12, bar.words, anchor),
        svg.rect(f"trials__bar trials__bar--{bar.kind}", left, top + 16, width, 13, 3),
        svg.text("chart__title", left + width + 6, top + 26, f"{bar.weeks:g} wk"),
    ]
