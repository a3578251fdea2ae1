"""Sheets for paper: the hand-off of a transfer, and blank sheets for a time without the system."""

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic.dosing_sessions.fold import load_notes, load_protocol, load_state
from afterglow.web.access import staff_page
from afterglow.web.sessions.about import build_about, build_order
from afterglow.web.sessions.lookup import build_view, find_session, record_page_read
from afterglow.web.sessions.present.ending import build_ending
from afterglow.web.sessions.present.page import build_page
from afterglow.web.sessions.present.words import write_moment

BLANK_ROWS = 16


@staff_page("session.read", methods=("GET", "HEAD"))
def show_handoff(request: HttpRequest, session_id: str) -> HttpResponse:
    """Return the hand-off sheet: who, what was given, last readings, drugs, what is open, who to call."""
    session, now = find_session(request, session_id), timezone.now()
    record_page_read(request, session, "hand-off sheet", now)
    protocol = load_protocol(session)
    notes = load_notes(session)
    view = build_view(session, now, protocol, notes)
    about = build_about(session, protocol, now, notes)
    context = build_page(view, protocol=protocol, order=build_order(session), about=about)
    context["session_id"] = session.pk
    context["log"].reverse()
    context["given"] = [entry for entry in context["log"] if "drug" in str(entry.get("type"))]
    context["ending"] = build_ending(load_state(session), notes, partial(write_moment, now=now))
    context["printed_at"] = now
    return render(request, "web/sessions/handoff.html", context)


@staff_page("session.read", methods=("GET", "HEAD"))
def show_downtime(request: HttpRequest) -> HttpResponse:
    """Return blank sheets with two names and times, entered afterwards as late entries."""
    return render(request, "web/sessions/downtime.html", {"sheets": _list_sheets(), "rows": range(BLANK_ROWS)})


def _list_sheets() -> list[dict[str, Any]]:
    """Return the sheets and the columns of their tables."""
    return [
        {
            "title": _("Readings"),
            "columns": [
                _("Time"),
                _("BP mmHg"),
                _("HR /min"),
                _("SpO₂ %"),
                _("RR /min"),
                _("MOAA/S"),
                _("CADSS-6"),
                _("Nausea"),
                _("Seen by"),
            ],
        },
        {
            "title": _("Dose, pump, drugs"),
            "columns": [
                _("Time"),
                _("What: start, pause, rate, stop, device, drug"),
                _("Amount, rate, lot"),
                _("Pump mL"),
                _("By"),
                _("Checked by"),
            ],
        },
    ]
