"""The lane of arrivals in words: when, who, what for, a tag, and one line below."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic.scheduling.voiding import DIED, STOPPED, WITHDRAWN
from afterglow.web.sessions.present.words import mend_words, write_hour


def present_arrivals(board: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lane; a line says what is open before the person sits down."""
    return {"rows": [_present(visit) for visit in board["arrivals"]]}


def _present(visit: Mapping[str, Any]) -> dict[str, Any]:
    from afterglow.web.floor.present import find_visit_url, write_visit

    tag, line = _choose(visit)
    return {
        "hour": write_hour(visit["at"]) if visit["state"] != "ordered" else "",
        "initials": visit["initials"],
        "what": write_visit(visit),
        "tag": tag,
        "line": line,
        "url": find_visit_url(visit),
        "escort_patient": visit["patient"] if visit["escort"] is not None and not visit["void"] else "",
    }


def write_void(reason: str) -> str:
    """Return why there is no dose, and whom to ask; nothing for no reason."""
    words = {
        STOPPED: _("Plan stopped: no dose, ask the prescriber"),
        WITHDRAWN: _("Consent withdrawn: no dose, ask the prescriber"),
        DIED: _("Recorded as having died: no dose, ask the prescriber"),
    }
    return words.get(reason, "")


def _choose(visit: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the tag and the line below: here, late, open, clear, or booked."""
    asked, escort = visit["checkin"], visit["escort"]
    if visit["crisis"] is None and visit["void"]:
        return _describe_void(visit)
    if visit["state"] == "ordered":
        return _tag("", _("Ordered")), _line(
            _("Order signed %(when)s, no session yet") % {"when": write_hour(visit["at"])}
        )
    if visit["crisis"] is not None:
        return _describe_crisis(visit)
    stop = asked["stop"] if asked is not None else ""
    if stop:
        line = _line(mend_words(stop), "high")
    elif escort is not None:
        values = {"n": escort["step"], "of": escort["of"]}
        words = _("No escort named: call ladder, step %(n)s of %(of)s")
        if asked is not None and asked.get("has_told_escort"):
            words = _("Escort told on the phone: confirm it; else call ladder, step %(n)s of %(of)s")
        line = _line(words % values, "amber")
    else:
        line = _describe_checkin(asked)
    opened = (asked["open"] if asked is not None else 0) + (escort is not None)
    if visit["state"] == "arrived":
        since = _("In waiting area since %(when)s") % {"when": write_hour(visit["arrived_at"])}
        # what is open is to be looked at now, before the person sits down
        tone = line["tone"] if stop else "amber"
        return _tag("plum", _("Arrived")), _line(f"{since}. {line['text']}", tone) if opened else _line(since)
    if visit["is_late"]:
        return {**_tag("amber", _("late"), "clock"), "since": visit["late_since"]}, line
    if visit["expected_at"]:
        return _tag("amber", _("Expected %(when)s") % {"when": write_hour(visit["expected_at"])}), line
    if opened:
        return _tag("amber", ngettext("%(n)d open", "%(n)d open", opened) % {"n": opened}), line
    if asked is not None and asked["state"] == "submitted":
        return _tag("ok", _("Clear"), "tick"), line
    return _tag("", _("Booked")), line


def _describe_crisis(visit: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return who must not be left alone, whether here or still to come, and who has taken it."""
    is_here = visit["state"] == "arrived"
    words = _("Not to be left alone, nurse now") if is_here else _("Once here: not to be left alone, nurse at once")
    if taken := visit["crisis"]["taken_by"]:
        words += ". " + _("%(name)s has taken it") % {"name": taken}
    if visit["void"]:
        words += ". " + write_void(visit["void"])
    return _tag("high", _("Arrived") if is_here else _("Nurse"), "alarm"), _line(words, "high")


def _describe_void(visit: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return why there is no dose first, then what was told that also stops it, and since when the person waits."""
    asked, is_here = visit["checkin"], visit["state"] == "arrived"
    words = [write_void(visit["void"])]
    if asked is not None and asked["stop"]:
        words.append(mend_words(asked["stop"]))
    if is_here:
        words.append(_("In waiting area since %(when)s") % {"when": write_hour(visit["arrived_at"])})
    return _tag("high", _("Arrived") if is_here else _("No dose"), "alarm"), _line(". ".join(words), "high")


def _describe_checkin(asked: Mapping[str, Any] | None) -> dict[str, Any]:
    if asked is None:
        return _line(_("No check-in sent"))
    if asked["open"]:
        return _line(_("Check-in answered, findings to look at"), "amber")
    if asked["state"] != "submitted":
        return _line(_("Checklist begun, not finished") if asked["is_begun"] else _("Checklist sent, not answered"))
    return _line(_("Check-in answered, nothing found"), "ok")


def _tag(kind: str, text: str, icon: str = "") -> dict[str, Any]:
    return {"kind": kind, "text": text, "icon": icon, "since": None}


def _line(text: str, tone: str = "") -> dict[str, Any]:
    return {"text": text, "tone": tone}
