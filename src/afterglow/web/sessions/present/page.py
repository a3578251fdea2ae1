"""The whole page as named parts: each part is one template that can be replaced while the rest stays."""

import secrets
from typing import Any

from django.template.loader import render_to_string

from afterglow.web.predictions.session import Predicted, build_forecast, write_sheet
from afterglow.web.sessions.chart import draw_timeline
from afterglow.web.sessions.chart.draw import list_table_rows
from afterglow.web.sessions.present.alarms import build_alarms
from afterglow.web.sessions.present.dose import build_dose
from afterglow.web.sessions.present.drug import build_drug
from afterglow.web.sessions.present.due import build_due
from afterglow.web.sessions.present.past import write_past
from afterglow.web.sessions.present.record import (
    build_allowed,
    build_checks,
    build_deviations,
    build_gates,
    build_log,
    build_orders,
    build_rems,
    describe_blockers,
    name_phase_task,
    write_signed,
)
from afterglow.web.sessions.present.stepper import build_steps
from afterglow.web.sessions.present.tiles import build_tiles
from afterglow.web.sessions.present.timeline import build_timeline

View = dict[str, Any]

PARTS = ("context", "stepper", "alarms", "tiles", "middle", "dose", "due", "past", "record", "drug", "log")
# stands between two parts, and in no text
_MARK = f"mark-{secrets.token_hex(12)}"
BEFORE = frozenset({"booked", "arrived", "pre-checks", "ready"})
AFTER = frozenset({"observing", "released", "left", "ended"})


def build_page(
    view: View,
    *,
    protocol: Any = None,
    order: View | None = None,
    about: View | None = None,
    predicted: Predicted | None = None,
) -> View:
    """Return everything the parts show, from the view, the effective protocol, the order and the people."""
    phase = str(view.get("phase") or "booked")
    timeline = build_timeline(view, protocol, build_forecast(predicted))
    return {
        "view": view,
        "phase": phase,
        "is_before": phase in BEFORE,
        "is_after": phase in AFTER,
        "is_running": phase in {"dosing", "paused"},
        "is_closed": bool(view.get("is_closed")),
        "middle_title": name_phase_task(phase),
        "about": about or {},
        "order": order or {},
        "orders": build_orders(view),
        "cautions": view.get("cautions") or [],
        "steps": build_steps(view),
        "alarms": build_alarms(view),
        "tiles": build_tiles(view),
        "timeline": draw_timeline(timeline) if timeline else "",
        "predicted": write_sheet(predicted) if timeline and timeline.forecast else None,
        "is_prediction_late": bool(predicted and predicted.is_late),
        "timeline_rows": list_table_rows(timeline) if timeline else [],
        "dose": build_dose(view, protocol, order),
        "due": build_due(view),
        "drug": build_drug(view),
        "checks": build_checks(view),
        "gates": build_gates(view, protocol),
        "blockers": describe_blockers(view),
        "rems": build_rems(view, protocol),
        "deviations": build_deviations(view),
        "signed": write_signed(view),
        "log": build_log(view),
        "allowed": build_allowed(view),
        "past_words": write_past(view),
        "protocol": protocol,
    }


def build_parts(context: View, request: Any = None) -> dict[str, str]:
    """Return the HTML of every part by name, for replacing figures in an open page."""
    # one template draws them all, so that what every template knows is worked out once
    drawn = render_to_string("web/sessions/parts.html", {**context, "mark": _MARK}, request=request).split(_MARK)
    return {name: html.strip() for name, html in zip(PARTS, drawn, strict=True)}
