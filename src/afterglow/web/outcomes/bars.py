"""Three charts of bars: sessions by month, what happened in sessions, and how complete the measuring is."""

from collections.abc import Sequence

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from afterglow.outcomes.cohort import Cell
from afterglow.outcomes.cohort.report import Volume
from afterglow.web.charts import svg
from afterglow.web.outcomes.words import MONTHS, describe_few, describe_way

TARGET = 0.8
VOLUME_WIDTH, VOLUME_BOTTOM = 378, 176.0
BAR_WIDTH, BAR_ROW = 460, 31.0


def draw_volume(volume: Volume, smallest: int) -> SafeString:
    """Return the sessions of each month, stacked by way; a hidden month is an empty frame."""
    months = [name for name in volume.months if name]
    totals = {name: volume.counts[row][-1] for row, name in enumerate(volume.months)}
    highest = max([totals[name] or smallest for name in months] or [smallest])
    top = next(step for step in (20, 40, 60, 80, 120, 200, 400, 800, 2000, 8000, 10**9) if step >= highest)
    width = min(26.0, 300.0 / max(len(months), 1))
    parts = []
    for tick in range(0, top + 1, max(top // 4, 1)):
        up = VOLUME_BOTTOM - (VOLUME_BOTTOM - 20) * tick / top
        parts.append(svg.line("chart__grid", 28, up, 330, up))
        parts.append(svg.text("chart__tick", 22, up + 4, tick, "end"))
    for place, name in enumerate(months):
        left = 32 + width * place
        parts += _draw_month(volume, volume.months.index(name), left, width - 5, top, smallest)
        parts.append(
            svg.text("chart__tick", left + width / 2 - 2, VOLUME_BOTTOM + 15, _(MONTHS[int(name[5:]) - 1]), "middle")
        )
    for number, way in enumerate(volume.ways):
        parts.append(
            svg.rect(f"volume__bar volume__bar--{number}", 32 + 118 * (number % 3), 200 + 18 * (number // 3), 9, 9, 1.5)
        )
        parts.append(svg.text("chart__tick", 46 + 118 * (number % 3), 208 + 18 * (number // 3), describe_way(way)))
    label = (
        _("Sessions by month")
        + ": "
        + "; ".join(f"{name} {describe_few(smallest) if totals[name] is None else totals[name]}" for name in months)
    )
    return svg.drawing(parts, width=VOLUME_WIDTH, height=214 + 18 * ((len(volume.ways) - 1) // 3), label=label)


def _draw_month(volume: Volume, row: int, left: float, width: float, top: int, smallest: int) -> list[str]:
    counts = volume.counts[row]
    total, scale = counts[-1], (VOLUME_BOTTOM - 20) / top
    if total is None:
        height = smallest * scale
        return [svg.rect("volume__hidden", left, VOLUME_BOTTOM - height, width, height, 1.5)]
    if any(each is None for each in counts[:-1]):
        parts = [
            svg.rect("volume__bar volume__bar--whole", left, VOLUME_BOTTOM - total * scale, width, total * scale, 1.5)
        ]
    else:
        parts, up = [], VOLUME_BOTTOM
        for number, each in enumerate(counts[:-1]):
            height = (each or 0) * scale
            up -= height
            if height:
                parts.append(svg.rect(f"volume__bar volume__bar--{number}", left, up, width, height, 1.5))
    parts.append(svg.text("chart__tick", left + width / 2, VOLUME_BOTTOM - total * scale - 4, total, "middle"))
    return parts


def draw_events(rows: Sequence[tuple[str, Cell]], total: int, smallest: int) -> SafeString:
    """Return the sessions in which something happened, beside all sessions."""
    parts = [svg.text("forest__name", 0, 16, _("Sessions")), svg.rect("events__all", 168, 6, 160, 14, 2)]
    parts.append(svg.text("chart__title", 336, 17, total))
    said = []
    for number, (name, cell) in enumerate(rows, 1):
        top = 6 + BAR_ROW * number
        parts.append(svg.text("forest__name", 0, top + 10, name))
        if cell.count is None:
            parts.append(svg.rect("forest__hidden", 168, top - 3, 200, 20, 2))
            parts.append(svg.text("chart__tick", 176, top + 11, describe_few(smallest)))
            said.append(f"{name}: {describe_few(smallest)}")
            continue
        share = cell.count / cell.total if cell.total else 0.0
        parts.append(svg.rect("events__bar", 168, top, 160 * share, 14, 2))
        words = _("%(n)d, %(share).1f %%") % {"n": cell.count, "share": 100 * share}
        parts.append(svg.text("chart__title", 176 + 160 * share, top + 11, words))
        said.append(f"{name}: {words}")
    label = _("%(n)d sessions.") % {"n": total} + " " + "; ".join(said)
    return svg.drawing(parts, width=430, height=int(12 + BAR_ROW * (len(rows) + 1)), label=label)


def draw_asked(rows: Sequence[tuple[str, Cell]], smallest: int) -> SafeString:
    """Return how much of what was due was done, beside the target of four in five."""
    left, right = 226.0, 408.0
    target = left + (right - left) * TARGET
    bottom = 6 + BAR_ROW * len(rows)
    parts, said = [svg.line("asked__target", target, 0, target, bottom - 6)], []
    for number, (name, cell) in enumerate(rows):
        top = 6 + BAR_ROW * number
        parts.append(svg.text("forest__name", 0, top + 11, name))
        parts.append(svg.rect("asked__track", left, top + 2, right - left, 10, 5))
        if cell.count is None or not cell.total:
            words = _("none due") if cell.total == 0 else describe_few(smallest)
            parts.append(svg.text("chart__tick", left + 8, top + 11, words))
            said.append(f"{name}: {words}")
            continue
        share = cell.count / cell.total
        kind = "ok" if share >= TARGET else "low"
        parts.append(svg.rect(f"asked__bar asked__bar--{kind}", left, top + 2, (right - left) * share, 10, 5))
        words = _("%(share).0f %% of %(n)d") % {"share": 100 * share, "n": cell.total}
        parts.append(svg.text(f"asked__value asked__value--{kind}", right + 8, top + 11, f"{100 * share:.0f} %"))
        said.append(f"{name}: {words}")
    parts.append(svg.text("chart__tick", target, bottom + 8, _("target 80 %"), "end"))
    return svg.drawing(parts, width=BAR_WIDTH, height=int(bottom + 14), label="; ".join(said))
