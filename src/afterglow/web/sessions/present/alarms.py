"""The alarm strips: order, mark, words and the first act of each; answered ones shrink and stay."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from afterglow.web.sessions.present.words import write_hour, write_span

View = dict[str, Any]

MARKS = {"high": gettext_lazy("!!! HIGH"), "medium": gettext_lazy("!! MEDIUM"), "low": gettext_lazy("! LOW")}
ORDER = {"high": 0, "medium": 1, "low": 2}
OPEN_STRIPS = 3

# what the main button says, by the command that is the first act
FIRST_ACTS = {
    "record-pause": (gettext_lazy("Record: pump paused"), "pause"),
    "record-stop": (gettext_lazy("Record: stopped"), "stop"),
    "record-rate-change": (gettext_lazy("Record: rate changed"), "pen"),
    "record-vitals": (gettext_lazy("Enter recheck"), "pen"),
    "record-score": (gettext_lazy("Enter score"), "pen"),
    "record-symptom": (gettext_lazy("Record symptom"), "pen"),
    "record-comfort": (gettext_lazy("Record comfort given"), "heart"),
    "record-drug-given": (gettext_lazy("Record drug given"), "plus"),
    "record-suicide-assessment": (gettext_lazy("Record assessment"), "pen"),
    "record-adverse-event": (gettext_lazy("Record event"), "pen"),
}
ONE_TAP = frozenset({"record-pause", "record-stop"})


def build_alarms(view: View) -> View:
    """Return the strips to show: open ones by urgency, then answered ones, and how many are counted only."""
    strips = [_build_strip(alarm) for alarm in view.get("alarms") or [] if alarm.get("state") != "cleared"]
    waiting = sorted((strip for strip in strips if not strip["is_seen"]), key=lambda strip: strip["rank"])
    seen = sorted((strip for strip in strips if strip["is_seen"]), key=lambda strip: strip["rank"])
    return {
        "strips": waiting[:OPEN_STRIPS] + seen[:OPEN_STRIPS],
        "more": len(waiting[OPEN_STRIPS:]) + len(seen[OPEN_STRIPS:]),
        "hidden": waiting[OPEN_STRIPS:] + seen[OPEN_STRIPS:],
        "count": len(strips),
        "is_calm": not strips,
        "spoken_high": [strip["spoken"] for strip in waiting if strip["priority"] == "high"],
        "spoken_other": [strip["spoken"] for strip in waiting if strip["priority"] != "high"],
    }


def _build_strip(alarm: View) -> View:
    """Return one strip in words."""
    priority = str(alarm.get("priority") or "medium")
    command = str(alarm.get("first_act_command") or "")
    label, icon = FIRST_ACTS.get(command, (None, "pen"))
    is_seen = bool(alarm.get("acknowledged_at")) or alarm.get("state") == "acknowledged"
    title = str(alarm.get("title") or alarm.get("row") or "")
    # what is over asks for nothing but to be seen
    is_over = bool(alarm.get("is_over")) and not is_seen
    act = _("Over now; kept until somebody acknowledges it.") if is_over else alarm.get("first_act") or ""
    return {
        "id": str(alarm.get("id") or alarm.get("row") or ""),
        "row": alarm.get("row") or "",
        "priority": priority,
        "mark": MARKS.get(priority, MARKS["medium"]),
        "rank": (ORDER.get(priority, 1), str(alarm.get("raised_at") or "")),
        "icon": "info" if priority == "low" else "alarm",
        "title": title,
        "seen": alarm.get("seen") or "",
        "limit": alarm.get("limit_text") or "",
        # a title with its figures says the limit already
        "shown_limit": "" if any(letter.isdigit() for letter in title) else alarm.get("limit_text") or "",
        "act_text": act,
        "command": command,
        "act_label": None if is_over else _("Enter now") if priority == "low" and command == "record-vitals" else label,
        "act_icon": icon,
        "is_one_tap": command in ONE_TAP,
        "raised_at": alarm.get("raised_at") or "",
        "raised_hour": write_hour(alarm.get("raised_at"), seconds=True),
        "waited": write_span(alarm.get("unanswered_s")),
        "is_seen": is_seen,
        "by": alarm.get("acknowledged_by_name") or alarm.get("acknowledged_by") or "",
        "seen_at": write_hour(alarm.get("acknowledged_at"), seconds=True),
        "is_latched": bool(alarm.get("is_over")),
        "spoken": _("%(title)s. %(act)s") % {"title": title, "act": act},
    }
