"""What may come, drawn right of today: ribbons of 50 and 90 %, the median dashed, the window, half relapsed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.web.charts import svg
from afterglow.web.templatetags.words import near_day

LABEL_WIDTH, WORDS_WIDTH = 150.0, 215.0
Place = Callable[[date], float]
Height = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Window:
    """The days on which a next session is suggested, as seen on `today`; one that is over has `overdue_since`."""

    first: date
    last: date
    today: date
    due_on: date | None = None
    overdue_since: date | None = None

    @property
    def is_overdue(self) -> bool:
        """Whether its last day has passed."""
        return self.overdue_since is not None


@dataclass(frozen=True, slots=True)
class Ahead:
    """A forecast as the chart draws it; `window` and `half_by` are None where there is none to draw."""

    dates: tuple[date, ...]
    low_90: tuple[float, ...]
    low_50: tuple[float, ...]
    median: tuple[float, ...]
    high_50: tuple[float, ...]
    high_90: tuple[float, ...]
    window: Window | None = None
    half_by: date | None = None
    range_80: tuple[date | None, date | None] = (None, None)


def draw_ahead(ahead: Ahead, x: Place, y: Height, *, right: float, bottom: float) -> list[str]:
    """Return the ribbons with their words; the measured line is drawn over them."""
    across = [x(on) for on in ahead.dates]
    parts = [
        _ribbon("course__ribbon course__ribbon--90", across, ahead.low_90, ahead.high_90, y),
        _ribbon("course__ribbon course__ribbon--50", across, ahead.low_50, ahead.high_50, y),
        svg.polyline("course__median", [(place, y(value)) for place, value in zip(across, ahead.median, strict=True)]),
    ]
    is_narrow = right - across[0] < WORDS_WIDTH
    left, anchor = (right - 4, "end") if is_narrow else (across[0] + 6, "start")
    parts.append(svg.text("course__ahead-words", left, bottom - 22, _("Predicted, not measured:"), anchor))
    parts.append(svg.text("course__ahead-words", left, bottom - 8, _("50 % and 90 %, no further session"), anchor))
    return parts + _draw_half(ahead, x, y, right=right, bottom=bottom, today=ahead.dates[0] - timedelta(days=1))


def draw_window(ahead: Ahead, x: Place, *, top: float, bottom: float, today: date, right: float) -> list[str]:
    """Return the window of the suggested session over all lanes, with its words above."""
    if ahead.window is None:
        return []
    begin, end = x(ahead.window.first), x(ahead.window.last)
    # the words may reach over the edge, beside the bands of severity below them
    left = min(max(begin, x(today) + 6), right - 8)
    return [
        svg.rect("course__window", begin, top, max(end - begin, 3.0), bottom - top),
        svg.text("course__window-words", left, 15, _("Suggested session")),
        svg.text("course__window-words", left, 28, _write_briefly(ahead.window)),
    ]


def write_window(window: Window) -> str:
    """Return the window as `8 Dec to 18 Dec`, `today only`, or since when it is overdue."""
    if window.is_overdue:
        due = window.due_on or window.overdue_since or window.first
        n = (window.today - due).days
        told = ngettext("was due %(day)s, %(n)d day ago: overdue", "was due %(day)s, %(n)d days ago: overdue", n)
        return told % {"day": near_day(due, window.today), "n": n}
    if window.first == window.last == window.today:
        return _("today only")
    if window.first == window.last:
        return near_day(window.first, window.today)
    return _("%(a)s to %(b)s") % {
        "a": near_day(window.first, window.today),
        "b": near_day(window.last, window.today),
    }


def _write_briefly(window: Window) -> str:
    if window.is_overdue:
        return _("overdue, was due %(day)s") % {"day": near_day(window.due_on or window.first, window.today)}
    return write_window(window)


def _draw_half(ahead: Ahead, x: Place, y: Height, *, right: float, bottom: float, today: date) -> list[str]:
    if ahead.half_by is None or ahead.half_by not in ahead.dates:
        return []
    place = x(ahead.half_by)
    median = ahead.median[ahead.dates.index(ahead.half_by)]
    is_far = place > right - LABEL_WIDTH
    left, anchor = (place - 5, "end") if is_far else (place + 5, "start")
    return [
        svg.line("course__half", place, 36, place, bottom),
        svg.circle("course__half-mark", place, y(median), 4),
        svg.text("course__half-words", left, 47, _("Half of similar courses"), anchor),
        svg.text(
            "course__half-words", left, 60, _("relapsed by %(day)s") % {"day": near_day(ahead.half_by, today)}, anchor
        ),
    ]


def _ribbon(kind: str, across: Sequence[float], low: Sequence[float], high: Sequence[float], y: Height) -> str:
    there = list(zip(across, (y(value) for value in high), strict=True))
    back = list(zip(reversed(across), (y(value) for value in reversed(low)), strict=True))
    return svg.polyline(kind, [*there, *back, there[0]])
