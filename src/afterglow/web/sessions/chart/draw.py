"""The whole timeline: lanes on one time axis, the text alternative, the rows of its table."""

from collections import defaultdict

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from afterglow.web.sessions.chart import lanes
from afterglow.web.sessions.chart.forecast import describe_forecast, draw_forecast
from afterglow.web.sessions.chart.model import Timeline
from afterglow.web.sessions.chart.scales import (
    FOLDED,
    LEFT,
    MEASURED,
    RIGHT,
    WIDTH,
    Lane,
    Layout,
    TimeAxis,
    build_cadss_lane,
    build_pressure_lane,
    build_spo2_lane,
    build_time_axis,
    choose_tick_step,
)


def draw_timeline(timeline: Timeline) -> SafeString:
    """Return the timeline as one SVG with a text alternative; colours come from the style sheet."""
    axis = build_time_axis(timeline.now_minute, timeline.horizon_min, _find_earliest(timeline))
    layout = MEASURED if timeline.forecast is None else FOLDED
    places = {
        "bp": build_pressure_lane(_pressure_values(timeline), layout),
        "spo2": build_spo2_lane((point.value for point in timeline.spo2), layout),
        "cadss6": build_cadss_lane(layout),
    }
    now_x = axis.x(timeline.now_minute)
    parts = [lanes.box("c-future", now_x, 20, RIGHT - now_x, layout.bottom - 20)]
    parts += lanes.draw_grid(axis, choose_tick_step(axis), timeline.anchor_label, layout)
    parts += lanes.draw_limits(timeline.limits, places)
    parts += lanes.draw_marks(timeline.marks, axis, layout, timeline.now_minute)
    if timeline.note:
        parts.append(lanes.text("c-unit", RIGHT, 34, timeline.note, "end"))
    parts += _draw_titles(places, layout)
    parts += _draw_values(timeline, axis, places, layout)
    if timeline.forecast is not None:
        parts += draw_forecast(timeline.forecast, timeline.now_minute, axis, layout)
    parts += lanes.draw_now(timeline.now_label, timeline.now_minute, axis, layout)
    return lanes.write(
        '<svg class="s-svg" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        WIDTH,
        layout.height,
        describe_timeline(timeline),
        lanes.join(parts),
    )


def describe_timeline(timeline: Timeline) -> str:
    """Return the text alternative: what is drawn and the latest of each."""
    said = [_("Session timeline in minutes from the start; now is minute %(now)d.") % {"now": timeline.now_minute}]
    if timeline.pressures:
        last = timeline.pressures[-1]
        said.append(
            _("%(count)d blood pressures, last %(systolic)g over %(diastolic)g at %(at)s.")
            % {
                "count": len(timeline.pressures),
                "systolic": last.systolic,
                "diastolic": last.diastolic,
                "at": last.at,
            }
        )
    for name, points in (
        (_("Heart rate"), timeline.heart),
        (_("Oxygen saturation"), timeline.spo2),
        (_("CADSS-6"), timeline.cadss),
    ):
        if points:
            said.append(
                _("%(name)s last %(value)g at %(at)s.") % {"name": name, "value": points[-1].value, "at": points[-1].at}
            )
    missed = sum(word.is_missed for word in (*timeline.resp, *timeline.sedation))
    if missed:
        said.append(_("%(count)d readings missed.") % {"count": missed})
    if timeline.forecast is not None:
        said.append(describe_forecast(timeline.forecast))
    return " ".join(said)


# a name that a template does not find costs it more than one that says nothing
_NOT_MEASURED = dict.fromkeys(("bp", "heart", "spo2", "cadss", "resp", "sedation"))


def list_table_rows(timeline: Timeline) -> list[dict[str, object]]:
    """Return one row per minute with a measurement, in time order; absent values are None."""
    rows: dict[float, dict[str, object]] = defaultdict(dict)
    for reading in timeline.pressures:
        rows[reading.minute].update(at=reading.at, bp=f"{reading.systolic:g}/{reading.diastolic:g}")
    for key, points in (("heart", timeline.heart), ("spo2", timeline.spo2), ("cadss", timeline.cadss)):
        for point in points:
            rows[point.minute].update({"at": point.at, key: f"{point.value:g}"})
    for key, words in (("resp", timeline.resp), ("sedation", timeline.sedation)):
        for word in words:
            rows[word.minute].update({"at": word.at, key: word.text})
    return [{"minute": round(minute), **_NOT_MEASURED, **rows[minute]} for minute in sorted(rows)]


def _find_earliest(timeline: Timeline) -> float:
    """Return the first measured minute, or 0."""
    groups = (timeline.pressures, timeline.heart, timeline.spo2, timeline.cadss, timeline.resp, timeline.sedation)
    return min((item.minute for group in groups for item in group), default=0.0)


def _pressure_values(timeline: Timeline) -> list[float]:
    """Return everything that shares the pressure lane."""
    values = [value for reading in timeline.pressures for value in (reading.systolic, reading.diastolic)]
    return values + [point.value for point in timeline.heart]


def _draw_titles(places: dict[str, Lane], layout: Layout) -> lanes.Markup:
    """Return lane titles with units, and the axis figures at the left."""
    parts = [
        lanes.text("c-title", 8, layout.titles[0], _("BP mmHg, HR /min")),
        lanes.text("c-title", 8, layout.titles[1], _("SpO₂ %")),
        lanes.text("c-title", 8, layout.titles[2], _("Dissociation, CADSS-6 of 24")),
        lanes.line("c-grid", LEFT, places["cadss6"].bottom, RIGHT, places["cadss6"].bottom),
    ]
    for name, values in (("bp", (60, 100, 140, 180)), ("spo2", (90, 94, 98)), ("cadss6", (0, 12))):
        for value in values:
            parts.append(lanes.text("c-unit", 32, places[name].y(value) + 4, value, "end"))
    return parts


def _draw_values(timeline: Timeline, axis: TimeAxis, places: dict[str, Lane], layout: Layout) -> lanes.Markup:
    """Return everything measured."""
    heart = f"HR {timeline.heart[-1].value:g}" if timeline.heart else ""
    spo2 = f"SpO₂ {timeline.spo2[-1].value:g} %" if timeline.spo2 else ""
    cadss = f"{timeline.cadss[-1].value:g}" if timeline.cadss else ""
    parts = lanes.draw_pressures(timeline.pressures, axis, places["bp"])
    parts += lanes.draw_series("heart", timeline.heart, axis, places["bp"], heart)
    parts += lanes.draw_series("spo2", timeline.spo2, axis, places["spo2"], spo2)
    parts += lanes.draw_series("cadss", timeline.cadss, axis, places["cadss6"], cadss, is_dotted=True)
    parts += lanes.draw_words(_("RR"), _("/min, counted"), timeline.resp, axis, layout.rows[0])
    parts += lanes.draw_words(_("Sed."), "MOAA/S", timeline.sedation, axis, layout.rows[1])
    return parts
