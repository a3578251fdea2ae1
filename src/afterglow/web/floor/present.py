"""The board in words: each part as data that holds instants, never ages, so that a part changes only when it must."""

import re
from collections.abc import Mapping
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from afterglow.clinicday.floor import load_data
from afterglow.web.floor.arrivals import present_arrivals, write_void
from afterglow.web.floor.cards import present_card, write_due, write_route
from afterglow.web.floor.crises import write_crisis, write_where
from afterglow.web.sessions.present.alarms import write_over
from afterglow.web.sessions.present.words import mend_words, write_hour

Part = dict[str, Any]

_TINTS = {"help": "high", "crisis": "high", "unassigned": "amber", "high": "high", "medium": "medium", "low": "low"}
_TAGS = {
    "help": ("high", "bell"),
    "crisis": ("high", "phone"),
    "unassigned": ("amber", "person"),
    "high": ("high", "alarm"),
    "medium": ("medium", "alarm"),
    "low": ("low", "alarm"),
    "overdue": ("amber", "clock"),
    "decision": ("amber", "alarm"),
    "handover": ("plum", "people"),
    "ready": ("ok", "tick"),
}

_LONGEST_LIMIT = 40
# a number of its own, not that of a name such as SpO2
_VALUE = re.compile(r"(?<!\w)\d")


def present_board(board: Mapping[str, Any]) -> dict[str, Part]:
    """Return the parts of a board by name, in the order in which they stand."""
    parts: dict[str, Part] = {"calls": {"rows": [_present_call(call) for call in board["calls"]]}}
    is_full = board["kind"] == "full"
    if is_full:
        parts["needs"] = _present_needs(board)
        parts["staff"] = _present_staff(board)
    for row in board["places"]:
        parts[f"place-{row['place']}"] = present_place(row, board, is_full=is_full)
    if board["unplaced"]:
        parts["unplaced"] = {"cards": [present_card(card, board, is_full=is_full) for card in board["unplaced"]]}
    parts["arrivals"] = present_arrivals(board)
    parts["due"] = _present_due(board)
    if is_full:
        parts["today"] = _present_today(board)
        parts["ended"] = {
            "rows": [{**row, "url": reverse("web:session", args=[row["session"]])} for row in board["ended"]]
        }
    return parts


def get_not_live_after() -> int:
    """Return after how many seconds without a message a board says that it is not live."""
    return int(load_data()["values"]["not_live_after_s"]["value"])


def present_place(row: Mapping[str, Any], board: Mapping[str, Any], *, is_full: bool) -> Part:
    """Return one place: who sits there, or that it is free, when it was cleaned and who comes next."""
    if row["card"] is not None:
        return {**present_card(row["card"], board, is_full=is_full), "name": row["name"], "is_free": False}
    coming = row["next"]
    following = None
    if coming is not None:
        following = {
            "initials": coming["initials"],
            "hour": write_hour(coming["at"]),
            "at": coming["at"],
            "nurse": coming["nurse"],
            "what": write_visit(coming),
            "url": find_visit_url(coming),
            "void": write_void(coming["void"]),
            # without a dose there is no session to open: who has come sits here
            "here_since": coming["arrived_at"] if coming["kind"] != "dosing" and coming["state"] == "arrived" else "",
        }
    return {
        "name": row["name"],
        "place": row["place"],
        "is_free": True,
        "is_full": is_full,
        "cleaned": write_hour(row["cleaned_at"]),
        "cleaned_by": row["cleaned_by"],
        "next": following,
        "seat_url": reverse("web:floor-seat", args=[row["place"]]),
    }


def write_visit(visit: Mapping[str, Any]) -> str:
    """Return what a visit is: `IV session 3 of 6`, `First assessment`, `Integration visit`."""
    kinds = {
        "assessment": _("First assessment"),
        "preparation": _("Preparation visit"),
        "integration": _("Integration visit"),
        "follow-up": _("Follow-up"),
        "call": _("Call"),
    }
    if visit["kind"] != "dosing":
        return kinds.get(visit["kind"], visit["kind"])
    route = write_route(visit["protocol"])
    values = {"route": route, "n": visit["number"], "total": visit["total"]}
    if visit["number"] and visit["total"]:
        return _("%(route)s session %(n)s of %(total)s") % values
    return _("%(route)s session %(n)s") % values if visit["number"] else _("%(route)s session") % values


def find_visit_url(visit: Mapping[str, Any]) -> str:
    """Return the page on which a visit goes on: its own in the schedule, or the order that waits for a session."""
    if visit["visit"]:
        try:
            return reverse("web:visit", args=[visit["visit"]])
        except NoReverseMatch:
            return ""
    return reverse("web:patient-order", args=[visit["patient"]])


def _present_needs(board: Mapping[str, Any]) -> Part:
    rows = [present_need(need) for need in board["needs"]]
    for number, row in enumerate(rows, start=1):
        row["n"], row["is_first"] = number, number == 1
    return {"rows": rows, "count": len({(row["place"], str(row["initials"])) for row in rows})}


def present_need(need: Mapping[str, Any]) -> Part:
    """Return one row of the ranking: tag, what is asked in words, how long, and the page that answers it."""
    kind = need["kind"]
    tag_kind, icon = _TAGS[kind]
    bold, rest, label = _WRITERS.get(kind, _write_alarm)(need)
    return {
        # of one kind and place there may be several people in a crisis
        "kind": f"crisis-{need['crisis']['task']}" if kind == "crisis" else kind,
        "tint": "" if need["is_answered"] else _TINTS.get(kind, ""),
        "place": write_where(need["crisis"]) if kind == "crisis" else need["place"] or _("Room not said yet"),
        "initials": need.get("initials", []),
        "tag": {"kind": tag_kind, "icon": icon, "text": _("Now") if _is_now(need) else _write_tag(kind)},
        "bold": bold,
        "rest": rest,
        "since": need["since"],
        "form": "up" if kind in ("help", "crisis", "high", "medium", "low", "overdue") else "min",
        "waited": _write_waited(need),
        "url": _find_need_url(need),
        "label": label,
    }


def _find_need_url(need: Mapping[str, Any]) -> str:
    """Return the page that answers a need."""
    if need["kind"] == "crisis":
        return reverse("web:task", args=[need["crisis"]["task"]])
    session = need.get("session")
    if not session:
        return reverse("web:floor-call", args=[need["call"]["id"]])
    page = "web:floor-nurse" if need["kind"] in ("unassigned", "handover") else "web:session"
    return reverse(page, args=[session])


def _write_tag(kind: str) -> str:
    words = {
        "help": _("Help"),
        "crisis": _("Acute risk"),
        "unassigned": _("No nurse"),
        "high": _("!!! High"),
        "medium": _("!! Medium"),
        "low": _("! Low"),
        "overdue": _("Overdue"),
        "decision": _("Decision"),
        "handover": _("Handover"),
        "ready": _("Ready"),
    }
    return words[kind]


def _write_waited(need: Mapping[str, Any]) -> str:
    if need["is_answered"]:
        return _("answered")
    if need["kind"] == "help" and need["call"]["is_code"]:
        return _("since the call")
    if need["kind"] in ("help", "crisis", "high", "medium", "low"):
        return _("unanswered")
    return _("late") if need["kind"] == "overdue" and not _is_now(need) else _("waiting")


def _is_now(need: Mapping[str, Any]) -> bool:
    """Return whether a need is a reading that is asked at once and not late yet."""
    return need["kind"] == "overdue" and need["due"]["state"] == "now"


def _write_alarm(need: Mapping[str, Any]) -> tuple[str, str, str]:
    alarm = need["alarm"]
    if alarm["is_over"]:
        words = [write_over(), *([_("%(n)d more.") % {"n": need["more"]}] if need.get("more") else [])]
        return f"{_write_title(alarm)}.", " ".join(words), _("Open session")
    limit = "" if any(letter.isdigit() for letter in alarm["title"]) else mend_words(alarm["limit"])
    if len(limit) > _LONGEST_LIMIT:  # a sentence of its own: the session page says it
        limit = ""
    more = need.get("more") or 0
    parts = [limit and f"{limit}.", mend_words(alarm["act"])]
    if more:
        parts.append(_("%(n)d more.") % {"n": more})
    title = _write_title(alarm) + ("," if limit else ".")
    return title, " ".join(part for part in parts if part), _("Open session")


def _write_title(alarm: Mapping[str, Any]) -> str:
    """Return what an alarm saw; a value with the time at which it raised it, as the card may show a later one."""
    title: str = mend_words(alarm["title"])
    if _VALUE.search(alarm["title"]):
        return _("%(what)s at %(when)s") % {"what": title, "when": write_hour(alarm["raised_at"])}
    return title


def _write_overdue(need: Mapping[str, Any]) -> tuple[str, str, str]:
    words = mend_words(need["due"]["text"]).rstrip(".")
    when = {"when": write_hour(need["due"]["due_at"])}
    rest = _("asked at once, since %(when)s") % when if _is_now(need) else _("due %(when)s") % when
    return words, rest, _("Record vitals")


def _write_decision(need: Mapping[str, Any]) -> tuple[str, str, str]:
    found = need["decision"]
    rest = _("protocol asks %(what)s") % {"what": mend_words(found["threshold"])} if found["threshold"] else ""
    return mend_words(found["seen"]) + ("," if rest else "."), rest, _("Review finding")


def _write_help(need: Mapping[str, Any]) -> tuple[str, str, str]:
    call = need["call"]
    if call["is_code"]:
        words = _name_caller(call)
        if call["answered_by"]:
            words += ", " + _("%(name)s is on the way") % {"name": call["answered_by"]}
        return _("Emergency"), words, _("Open the log")
    said = _("answered by %(name)s") % {"name": call["answered_by"]} if call["answered_by"] else ""
    return _("Help wanted"), said or _name_caller(call), _("Open call")


def _name_caller(call: Mapping[str, Any]) -> str:
    """Return who called; of a locked screen it is only known who is signed in there."""
    words = _("called from the locked screen of %(name)s") if call["is_from_locked_screen"] else _("called by %(name)s")
    return words % {"name": call["by"]}


def _write_crisis(need: Mapping[str, Any]) -> tuple[str, str, str]:
    crisis = need["crisis"]
    said = _("%(name)s has taken it.") % {"name": crisis["answered_by"]} if crisis["answered_by"] else ""
    words = said or " ".join(part for part in (crisis["untold"], crisis["detail"]) if part)
    return write_crisis(crisis), words, _("Open the task")


def _write_handover(need: Mapping[str, Any]) -> tuple[str, str, str]:
    if declined := need.get("declined"):
        words = _("%(name)s cannot take the chair; it stays with its nurse.") % {"name": declined["name"] or "–"}
        return _("Handover declined."), words, _("Open handover")
    name = need["offer"]["to_name"] or "–"
    return _("Handover offered"), _("waits for %(name)s to accept") % {"name": name}, _("Open handover")


_WRITERS = {
    "help": _write_help,
    "crisis": _write_crisis,
    "unassigned": lambda need: (_("No named nurse."), _("Name one for this chair."), _("Name a nurse")),
    "overdue": _write_overdue,
    "decision": _write_decision,
    "handover": _write_handover,
    "ready": lambda need: (_("Criteria met."), _("Needs the release."), _("Sign release")),
}


def _present_staff(board: Mapping[str, Any]) -> Part:
    in_use = sum(row["card"] is not None for row in board["places"])
    shown = [row for row in board["staff"] if row["load"] != "0" or row["can_take"]]
    return {"in_use": in_use, "places": len(board["places"]), "rows": shown[:4], "more": max(0, len(shown) - 4)}


def _present_call(call: Mapping[str, Any]) -> Part:
    return {**call, "url": reverse("web:floor-call", args=[call["id"]])}


def _present_due(board: Mapping[str, Any]) -> Part:
    rows = [{**row, "url": reverse("web:task", args=[row["task_id"]])} for row in board["due"]["rows"]]
    total, standing = board["due"]["total"], board["due"]["standing"]
    return {"rows": rows, "total": total, "more": max(0, total - len(rows)), "standing": standing}


def _present_today(board: Mapping[str, Any]) -> Part:
    """Return the box of who is on site and what was checked at opening."""
    opening, presence = board["opening"], board["presence"]
    groups = []
    for name, title in (("kit", _("Oxygen, suction, AED, crash drugs")), ("count", _("Drug count, two people"))):
        items = [item for item in opening["items"] if item["group"] == name]
        done = [item for item in items if item["result"] == "ok"]
        last = max((item["at"] for item in done), default=None)
        state = "ok" if len(done) == len(items) else "fault" if any(i["result"] == "fault" for i in items) else "open"
        groups.append({"title": title, "state": state, "hour": write_hour(last), "n": len(done), "of": len(items)})
    return {
        "people": [{**row, "until_hour": write_hour(row["until"])} for row in presence["people"]],
        "presence_findings": presence["findings"],
        "is_asked": opening["is_asked"],
        "groups": groups,
        "finding": opening["finding"],
        "url": reverse("web:floor-opening"),
    }


__all__ = ["get_not_live_after", "present_board", "present_need", "present_place", "write_due", "write_visit"]
