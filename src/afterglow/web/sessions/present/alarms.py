"""The alarm strips: order, mark, words and the first act of each; answered ones shrink and stay."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from afterglow.web.sessions.present.words import mend_words, write_hour, write_span

View = dict[str, Any]

MARKS = {"high": gettext_lazy("!!! HIGH"), "medium": gettext_lazy("!! MEDIUM"), "low": gettext_lazy("! LOW")}
LEVELS = {"high": gettext_lazy("High"), "medium": gettext_lazy("Medium"), "low": gettext_lazy("Low")}
ORDER = {"high": 0, "medium": 1, "low": 2}
OPEN_STRIPS = 3
# how the rules end the title of an alarm about readings that are late
LATE = " late"

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
    _choose_main(waiting)
    return {
        "strips": waiting[:OPEN_STRIPS] + seen[:OPEN_STRIPS],
        "more": len(waiting[OPEN_STRIPS:]) + len(seen[OPEN_STRIPS:]),
        "hidden": waiting[OPEN_STRIPS:] + seen[OPEN_STRIPS:],
        "count": len(strips),
        "is_calm": not strips,
        "marks": list_marks(view),
        "spoken_high": [strip["spoken"] for strip in waiting if strip["priority"] == "high"],
        "spoken_other": [strip["spoken"] for strip in waiting if strip["priority"] != "high"],
    }


def list_marks(view: View) -> list[str]:
    """Return what must not be forgotten where no alarm stands: rescue drugs given and emergencies, with their times."""
    rows = [row for row in view.get("log") or [] if row.get("corrected_by") is None]
    found = []
    for row in rows:
        hour = write_hour(row["occurred_at"])
        if row["type"] == "drug-given" and row["text"].endswith(", rescue"):
            drug = row["text"].removesuffix(", rescue")
            found.append(_("Rescue drug %(drug)s, %(hour)s") % {"drug": drug, "hour": hour})
        elif row["type"] == "emergency-recorded":
            found.append(_("Emergency, ended %(hour)s") % {"hour": hour})
    return found


def write_alarm_title(alarm: View) -> str:
    """Return an alarm's title; of readings that are late it says so before it names them."""
    title = mend_words(alarm.get("title") or alarm.get("row"))
    late = _find_late(title)
    return _("Readings late: %(what)s") % {"what": late} if late else title


def write_over() -> str:
    """Return what the session and the board alike say of an alarm whose condition has ended."""
    return _("Over now; kept until somebody acknowledges it.")


def _find_late(title: str) -> str:
    """Return the readings that an alarm calls late, or nothing."""
    return title.removesuffix(LATE) if title.endswith(LATE) and title != f"Reading{LATE}" else ""


def write_counted(priority: str, title: str) -> str:
    """Return an alarm in one line: its level in words first, so that no word of it reads as a finding."""
    level, title = LEVELS.get(priority, LEVELS["medium"]), mend_words(title)
    late = _find_late(title)
    if late:
        return _("%(level)s alarm: readings late: %(what)s") % {"level": level, "what": late}
    return _("%(level)s alarm: %(title)s") % {"level": level, "title": title}


def _choose_main(waiting: list[View]) -> None:
    """Mark the main buttons: an act that several strips ask for is main on the most urgent of them only."""
    asked: set[str] = set()
    for strip in waiting:
        strip["is_main"] = bool(strip["act_label"]) and strip["command"] not in asked
        asked |= {strip["command"]} if strip["is_main"] else set()


def _build_strip(alarm: View) -> View:
    """Return one strip in words."""
    priority = str(alarm.get("priority") or "medium")
    command = str(alarm.get("first_act_command") or "")
    label, icon = FIRST_ACTS.get(command, (None, "pen"))
    is_seen = bool(alarm.get("acknowledged_at")) or alarm.get("state") == "acknowledged"
    title = write_alarm_title(alarm)
    # what is over asks for nothing but to be seen
    is_over = bool(alarm.get("is_over")) and not is_seen
    act = write_over() if is_over else mend_words(alarm.get("first_act"))
    return {
        "id": str(alarm.get("id") or alarm.get("row") or ""),
        "row": alarm.get("row") or "",
        "priority": priority,
        "mark": MARKS.get(priority, MARKS["medium"]),
        "counted": write_counted(priority, str(alarm.get("title") or alarm.get("row") or "")),
        "is_main": False,
        "rank": (ORDER.get(priority, 1), str(alarm.get("raised_at") or "")),
        "icon": "info" if priority == "low" else "alarm",
        "title": title,
        "seen": mend_words(alarm.get("seen")),
        "limit": mend_words(alarm.get("limit_text")),
        # a title with its figures says the limit already
        "shown_limit": "" if any(letter.isdigit() for letter in title) else mend_words(alarm.get("limit_text")),
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
