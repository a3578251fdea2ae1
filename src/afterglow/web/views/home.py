"""The first address: the floor board, or the place a role works at; and the words of phases and alarms."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from afterglow.web.access import staff_page
from afterglow.web.floor.board import show_board

MARKS = {"high": "!!! HIGH", "medium": "!! MEDIUM", "low": "! LOW"}
_ORDER = {"high": 0, "medium": 1, "low": 2}
PHASE_TAGS = {"dosing": "amber", "paused": "amber", "observing": "plum", "released": "ok", "ready": "plum"}


@staff_page(methods=("GET", "HEAD"))
def show_today(request: HttpRequest) -> HttpResponse:
    """Return the floor board of the user's site."""
    return show_board(request)


def find_top_alarm(view: dict[str, Any]) -> dict[str, Any] | None:
    """Return the highest active alarm, oldest first among equals."""
    active = [alarm for alarm in view.get("alarms", []) if alarm.get("state") not in ("cleared", "ended")]
    if not active:
        return None
    top = min(active, key=lambda alarm: (_ORDER.get(str(alarm.get("priority")), 3), str(alarm.get("raised_at", ""))))
    priority = str(top.get("priority"))
    raised_at = datetime.fromisoformat(top["raised_at"]) if top.get("raised_at") else None
    return {"priority": priority, "mark": MARKS.get(priority, priority), "raised_at": raised_at}


def describe_phase(phase: object) -> str:
    """Return a phase as people say it."""
    words = {
        "booked": _("Booked"),
        "arrived": _("Arrived"),
        "pre-checks": _("Checks"),
        "ready": _("Ready"),
        "dosing": _("Dosing"),
        "paused": _("Paused"),
        "observing": _("Observing"),
        "released": _("Released"),
        "left": _("Left"),
        "ended": _("Ended"),
        "cancelled": _("Cancelled"),
    }
    return words.get(str(phase), str(phase).capitalize())
