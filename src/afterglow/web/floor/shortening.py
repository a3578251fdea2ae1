"""The strip where it has one place of one height: the top alarm of one's chairs and that somebody calls; rest folded.

Two tiles at most. What is one's own comes first, since nobody else is told of it; a call that any nurse can take is
always said too, in few words where there are several.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

Row = Mapping[str, Any]


def shorten(calls: Sequence[Row], crises: Sequence[Row], alarms: Sequence[Row], choice: Any) -> dict[str, Any]:
    """Return the tile that stands alone, a second one, and what is folded behind it where there is more than one."""
    # an emergency and what nobody has answered first; who waits longest is first already
    ordered = sorted(calls, key=lambda call: (not call["is_code"], bool(call["answered_at"])))
    rows = [describe_row("alarm", row) for row in alarms[:1]]
    rows += [describe_row("call", row) for row in ordered] + [describe_row("crisis", row) for row in crises]
    rows += [describe_row("alarm", row) for row in alarms[1:]]
    rows += [describe_row("choice", choice)] if choice is not None else []
    first, others = rows[:1], rows[1:]
    return {
        "first": first[0] if first else None,
        "second": others[0] if len(others) == 1 else None,
        "rest": others if len(others) > 1 else [],
        "words": _summarise(others),
        # red as long as one of them is a call that nobody has answered
        "is_high": any(row["tone"] == "high" for row in others),
    }


def describe_row(kind: str, row: Any) -> dict[str, Any]:
    """Return one line of the strip with its colour."""
    return {"kind": kind, "row": row, "tone": _find_tone(kind, row)}


def _find_tone(kind: str, row: Any) -> str:
    if kind == "alarm":
        return "seen" if row["is_seen"] else str(row["priority"])
    if kind == "call":
        return "answered" if row["answered_at"] and not row["is_code"] else "high"
    return "high" if kind == "crisis" else "choice"


def _summarise(rows: Sequence[Row]) -> list[str]:
    """Return in few words what is folded: each kind with its count, a single call with its room."""
    calls = [each["row"] for each in rows if each["kind"] == "call"]
    words = []
    if len(calls) == 1:
        name = _("Emergency") if calls[0]["is_code"] else _("Help")
        words.append(f"{name}: {calls[0]['place'] or _('room not said yet')}")
    elif calls:
        words.append(ngettext("%(n)d call for help", "%(n)d calls for help", len(calls)) % {"n": len(calls)})
    count = {kind: sum(each["kind"] == kind for each in rows) for kind in ("crisis", "alarm", "choice")}
    if n := count["crisis"]:
        words.append(ngettext("%(n)d acute-risk call", "%(n)d acute-risk calls", n) % {"n": n})
    if n := count["alarm"]:
        words.append(ngettext("%(n)d more of your chairs", "%(n)d more of your chairs", n) % {"n": n})
    return [*words, _("1 choice to make")] if count["choice"] else words
