"""Three charts of bars: sessions by month, what happened in sessions, and how complete the measuring is."""

from collections.abc import Sequence

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from afterglow.outcomes.cohort import Band, Cell, CellStanding
from afterglow.outcomes.cohort.report import Volume
from afterglow.web.charts import svg
from afterglow.web.outcomes.words import (
    MONTHS,
    describe_band,
    describe_bound,
    describe_cell,
    describe_missing,
    describe_way,
)

TARGET = 0.8
VOLUME_WIDTH, VOLUME_BOTTOM = 378, 176.0
BAR_WIDTH, BAR_ROW = 460, 31.0


def draw_volume(volume: Volume, width: int) -> SafeString:
    """Return the sessions of each month, stacked by way, at the middles of their bands; a hidden month is a frame."""
    months = [name for name in volume.months if name]
    totals = {name: volume.counts[row][-1] for row, name in enumerate(volume.months)}
    highest = max([band.high if (band := totals[name]) else width for name in months] or [width])
    top = next(step for step in (20, 40, 60, 80, 120, 200, 400, 800, 2000, 8000, 10**9) if step >= highest)
    wide = min(26.0, 300.0 / max(len(months), 1))
    parts = []
    for tick in range(0, top + 1, max(top // 4, 1)):
        up = VOLUME_BOTTOM - (VOLUME_BOTTOM - 20) * tick / top
        parts.append(svg.line("chart__grid", 28, up, 330, up))
        parts.append(svg.text("chart__tick", 22, up + 4, tick, "end"))
    for place, name in enumerate(months):
        left = 32 + wide * place
        parts += _draw_month(volume, volume.months.index(name), left, wide - 5, top, width)
        parts.append(
            svg.text("chart__tick", left + wide / 2 - 2, VOLUME_BOTTOM + 15, _(MONTHS[int(name[5:]) - 1]), "middle")
        )
    for number, way in enumerate(volume.ways):
        parts.append(
            svg.rect(f"volume__bar volume__bar--{number}", 32 + 118 * (number % 3), 200 + 18 * (number // 3), 9, 9, 1.5)
        )
        parts.append(svg.text("chart__tick", 46 + 118 * (number % 3), 208 + 18 * (number // 3), describe_way(way)))
    said = "; ".join(f"{name} {describe_band(totals[name])}" for name in months)
    label = _("Sessions by month") + ": " + said
    return svg.drawing(parts, width=VOLUME_WIDTH, height=214 + 18 * ((len(volume.ways) - 1) // 3), label=label)


def _draw_month(volume: Volume, row: int, left: float, wide: float, top: int, width: int) -> list[str]:
    total, scale = volume.counts[row][-1], (VOLUME_BOTTOM - 20) / top
    if total is None:
        height = width * scale
        return [svg.rect("volume__hidden", left, VOLUME_BOTTOM - height, wide, height, 1.5)]
    told = [band for band in volume.counts[row][:-1] if band is not None]
    high = total.middle * scale
    if len(told) < len(volume.ways):
        return [svg.rect("volume__bar volume__bar--whole", left, VOLUME_BOTTOM - high, wide, high, 1.5)]
    parts, up = [], VOLUME_BOTTOM
    # the ways share the height of the month, so that the stack ends where the month's own band has its middle
    stretch = high / max(sum(band.middle for band in told), 1)
    for number, band in enumerate(told):
        height = band.middle * stretch
        up -= height
        if height:
            parts.append(svg.rect(f"volume__bar volume__bar--{number}", left, up, wide, height, 1.5))
    return parts


def draw_events(rows: Sequence[tuple[str, Cell]], total: Band) -> SafeString:
    """Return the sessions in which something happened, beside all sessions."""
    parts = [svg.text("forest__name", 0, 16, _("Sessions")), svg.rect("events__all", 168, 6, 160, 14, 2)]
    parts.append(svg.text("chart__title", 336, 17, describe_band(total)))
    said = []
    for number, (name, cell) in enumerate(rows, 1):
        top = 6 + BAR_ROW * number
        parts.append(svg.text("forest__name", 0, top + 10, name))
        said.append(f"{name}: {describe_cell(cell)}")
        if cell.share is None:
            parts.append(svg.rect("forest__hidden", 168, top - 3, 200, 20, 2))
            words = describe_band(cell.count) if cell.standing is CellStanding.FEW else ""
            parts.append(
                svg.text(
                    "chart__tick",
                    176,
                    top + 11,
                    f"{words}, {describe_missing(cell)}" if words else describe_missing(cell),
                )
            )
            continue
        wide = 160 * cell.share.share
        parts.append(svg.rect("events__bar", 168, top, wide, 14, 2))
        words = "0" if cell.share.count == 0 else f"{describe_band(cell.count)}, {100 * cell.share.share:.0f} %"
        parts.append(svg.text("chart__title", 176 + wide, top + 11, words))
    label = _("%(n)s sessions.") % {"n": describe_band(total)} + " " + "; ".join(said)
    return svg.drawing(parts, width=430, height=int(12 + BAR_ROW * (len(rows) + 1)), label=label)


def draw_asked(rows: Sequence[tuple[str, Cell]]) -> SafeString:
    """Return how much of what was due was done, beside the target of four in five."""
    left, right = 226.0, 408.0
    target = left + (right - left) * TARGET
    bottom = 6 + BAR_ROW * len(rows)
    parts, said = [svg.line("asked__target", target, 0, target, bottom - 6)], []
    for number, (name, cell) in enumerate(rows):
        top = 6 + BAR_ROW * number
        parts.append(svg.text("forest__name", 0, top + 11, name))
        parts.append(svg.rect("asked__track", left, top + 2, right - left, 10, 5))
        share = _find_bar(cell)
        if share is None:
            words = _("none due") if cell.standing is CellStanding.NONE_DUE else describe_missing(cell)
            parts.append(svg.text("chart__tick", left + 8, top + 11, words))
            said.append(f"{name}: {words}")
            continue
        said.append(f"{name}: {describe_cell(cell)}")
        kind = "ok" if share >= TARGET else "low"
        percent = describe_bound(cell) or f"{100 * share:.0f} %"
        parts.append(svg.rect(f"asked__bar asked__bar--{kind}", left, top + 2, (right - left) * share, 10, 5))
        parts.append(svg.text(f"asked__value asked__value--{kind}", right + 8, top + 11, percent))
    parts.append(svg.text("chart__tick", target, bottom + 8, _("target 80 %"), "end"))
    return svg.drawing(parts, width=BAR_WIDTH, height=int(bottom + 14), label="; ".join(said))


def _find_bar(cell: Cell) -> float | None:
    """Return how far a bar goes; where only a bound is known, none unless the bound says on which side it lies."""
    if cell.share is not None or cell.bound is None:
        return cell.share.share if cell.share is not None else None
    is_sure = cell.bound >= TARGET if cell.standing is CellStanding.NEARLY_ALL else cell.bound < TARGET
    return cell.bound if is_sure else None
