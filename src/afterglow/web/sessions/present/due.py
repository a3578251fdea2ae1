"""What the protocol asks next, with what was done; each row leads to the entry that answers it."""

from functools import lru_cache
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from afterglow.web.sessions.present.words import mend_words, read_instant, write_hour, write_span

View = dict[str, Any]

ASKS = {"now", "due", "overdue"}
SHOWN_LATER = 6
LARGEST = 8192


def build_due(view: View) -> View:
    """Return open items by urgency and the latest done ones; the rest are counted."""
    rows = [_build_row(item, view) for item in view.get("due") or []]
    opened = [row for row in rows if row["state"] in ASKS]
    later = [row for row in rows if row["state"] == "later"]
    closed = [row for row in rows if row["state"] in {"done", "missed"}]
    closed.sort(key=lambda row: str(row["sort"]))
    return {
        # in the order in which the session asks: acts of alarms first
        "open": opened,
        "later": later[:SHOWN_LATER],
        "done": closed[-2:][::-1],
        "earlier": closed[:-2][::-1],
        "earlier_count": len(closed[:-2]),
        "is_empty": not rows,
    }


def _build_row(item: View, view: View) -> View:
    """Return one row: what, why or when, and the time left or late."""
    state = str(item.get("state") or "later")
    due_at = item.get("due_at")
    return {
        "id": str(item.get("id") or ""),
        "text": mend_words(item.get("text")),
        "detail": mend_words(item.get("detail")) or _write_window(item.get("window")),
        "state": state,
        "asks": state in ASKS,
        "due_at": due_at or "",
        "due_until": _find_end(item.get("window")),
        "when": _write_when(state, item, view),
        "sort": due_at or item.get("done_at") or "",
        "command": item.get("command") or "",
    }


def _write_when(state: str, item: View, view: View) -> str:
    """Return the right-hand words: now, in 1:20, 8:10 late, or the time it was done."""
    due_at, now = read_instant(item.get("due_at")), read_instant(view.get("now"))
    if state == "done":
        return write_hour(item.get("done_at") or item.get("due_at"))
    if state == "missed":
        return _("missed")
    if due_at is None:
        return _("now") if state in ASKS else str(item.get("when") or "")
    if now is None:
        return write_hour(due_at)
    left = (due_at - now).total_seconds()
    # inside its window a reading is due, not late
    if state == "now" or -1 < left < 1 or (state == "due" and left < 0):
        return _("now")
    if left > 0:
        return _("in %(time)s") % {"time": write_span(left, hours=True)}
    return _("%(time)s late") % {"time": write_span(left, hours=True)}


def _find_end(window: Any) -> str:
    """Return when a window closes; what is asked inside it is not late."""
    if isinstance(window, dict):
        return str(window.get("until") or window.get("until_at") or "")
    return str(window[1] or "") if isinstance(window, list | tuple) and len(window) == 2 else ""


def _write_window(window: Any) -> str:
    """Return a window as `10:26:30 to 10:29:30`."""
    if isinstance(window, str):
        return window
    if isinstance(window, dict):
        window = (window.get("from") or window.get("from_at"), window.get("until") or window.get("until_at"))
    if isinstance(window, list | tuple) and len(window) == 2 and all(window):
        return _write_ends(*window, timezone.get_current_timezone_name(), get_language() or "")
    return ""


@lru_cache(LARGEST)
def _write_ends(start: Any, end: Any, _zone: str, _language: str) -> str:
    """Return both ends of a window in words; a long session has hundreds of windows that passed."""
    ends = {"start": write_hour(start, seconds=True), "end": write_hour(end, seconds=True)}
    return _("%(start)s to %(end)s") % ends
