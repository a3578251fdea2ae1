"""One occupied place in words: band, identity, phase with its bar, vitals, what is next."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from afterglow.clinic.floor.needs import find_top_alarm
from afterglow.web.floor.arrivals import write_void
from afterglow.web.sessions.present.words import mend_words, write_hour

Part = dict[str, Any]


def present_card(card: Mapping[str, Any], board: Mapping[str, Any], *, is_full: bool) -> Part:
    """Return the card of a session; without the right to see it, who sits there, how far, with whom and until when."""
    if not is_full:
        return _present_seated(card)
    alarm = find_top_alarm(dict(card))
    band, state, since = _find_call(card, board) or _choose_band(card, alarm)
    return {
        "is_full": True,
        "is_free": False,
        "name": card["place"] or _("No place"),
        "url": reverse("web:session", args=[card["session"]]),
        "nurse_url": reverse("web:floor-nurse", args=[card["session"]]),
        "band": band,
        "state": state,
        "state_since": since,
        "initials": card["initials"],
        "void": write_void(card["void"]),
        "twin": _find_twin(card, board),
        "what": write_dose(card),
        "nurse": card["nurse_name"],
        "nurse_is_out": card["nurse_is_out"],
        "offered": "" if card["offer"] is None else card["offer"]["to_name"],
        "phase": write_phase(card["phase"], card["bar"]),
        "bar": _present_bar(card),
        "vitals": [_present_vital(key, card["vitals"][key], card) for key in ("bp", "heart_rate", "spo2")],
        "forty": _present_forty(card["forty"]),
        "due": write_due(card),
    }


def _present_seated(card: Mapping[str, Any]) -> Part:
    """Return what a desk may know of an occupied place, in plain words; the time of leaving is never promised."""
    stages = {
        "preparing": _("Getting ready"),
        "treatment": _("Treatment running"),
        "rest": _("Resting, a nurse watches"),
        "leaving": _("May go home"),
    }
    leaves_at, stage = card["leaves_at"], card["stage"]
    if stage == "leaving":
        leaving = {"text": _("Released"), "when": _("may leave")}
    elif leaves_at:
        leaving = {"text": _("Leaves, at the earliest"), "when": write_hour(leaves_at)}
    else:
        leaving = {"text": _("Leaves"), "when": _("when the nurse says")}
    return {
        "is_full": False,
        "is_free": False,
        "name": card["place"] or _("No place"),
        "initials": card["initials"],
        "stage": stages[stage],
        "nurse": card["nurse_name"],
        "leaving": leaving,
    }


def _find_call(card: Mapping[str, Any], board: Mapping[str, Any]) -> tuple[str, str, str | None] | None:
    """Return the band of a chair from which somebody called for help: an emergency stays red until it ends."""
    calls = [call for call in board.get("calls", ()) if call["place"] and call["place"] == card["place"]]
    if not calls:
        return None
    first = min(calls, key=lambda call: (not call["is_code"], call["answered_at"] is not None, call["at"]))
    if first["is_code"]:
        return "high", _("Emergency"), first["at"]
    if first["answered_at"]:
        return "seen-high", _("Help, on the way"), None
    return "high", _("Help"), first["at"]


def write_phase(phase: str, bar: Mapping[str, Any]) -> str:
    """Return a phase as the board says it."""
    from afterglow.web.views.home import describe_phase

    if bar["kind"] == "recovered":
        return _("Recovered")
    return _("Pre-checks") if phase == "pre-checks" else describe_phase(phase)


def write_dose(card: Mapping[str, Any]) -> str:
    """Return route and dose: `IV 0.5 mg/kg`, `Esketamine 84 mg`."""
    drug = _("Esketamine") if card["drug"] == "esketamine" else _name_route(card["route"])
    if card["dose_mg_per_kg"] and card["drug"] != "esketamine":
        return f"{drug} {card['dose_mg_per_kg']} mg/kg"
    return f"{drug} {_trim(card['dose_mg'])} mg" if card["dose_mg"] else drug


@cache
def _find_protocol(protocol_id: str) -> tuple[str, str]:
    from afterglow.protocols.catalogue import get_effective

    try:
        protocol = get_effective(protocol_id)
    except (LookupError, ValueError):
        return "", ""
    return str(protocol.drug), str(protocol.route)


def write_route(protocol_id: str) -> str:
    """Return a protocol as the lane names it: `IV`, `IM`, `Esketamine`."""
    drug, route = _find_protocol(protocol_id) if protocol_id else ("", "")
    if drug == "esketamine":
        return _("Esketamine")
    return _name_route(route) if route else _("Dosing")


def write_due(card: Mapping[str, Any]) -> Part:
    """Return the bottom line: what is next, and until when or how late."""
    if card["is_held"]:
        return {"text": _("Assess, then release"), "at": None, "form": "", "tone": "late"}
    if card["ready_since"] is not None:
        return {"text": _("Release to sign"), "at": card["ready_since"], "form": "min", "tone": "due"}
    if card["decision"] is not None:
        found = card["decision"]
        is_prescribers = found["override"] != "none" or not found["rule"]
        words = _("Prescriber decision") if is_prescribers else _("Finding to decide")
        return {"text": words, "at": found["since"], "form": "min", "tone": "due"}
    due = card["due"]
    if due is None:
        return {"text": _("Nothing due"), "at": None, "form": "", "tone": ""}
    words = mend_words(due["text"]).rstrip(".")
    if due["state"] == "now":
        return {"text": words, "at": due["due_at"], "form": "up", "tone": "due"}
    tone = "late" if due["state"] == "overdue" else "due" if due["state"] == "due" else ""
    return {
        "text": words,
        "at": due["due_at"],
        "form": "in" if due["due_at"] else "",
        "tone": tone,
        "when": due["when"],
    }


def _choose_band(card: Mapping[str, Any], alarm: Mapping[str, Any] | None) -> tuple[str, str, str | None]:
    """Return the tone of a card's band, its words, and since when: an alarm first, then what is asked, else calm."""
    if alarm is not None:
        words = {"high": _("!!! High"), "medium": _("!! Medium"), "low": _("! Low")}[alarm["priority"]]
        if alarm["answered_at"]:
            return f"seen-{alarm['priority']}", _("%(level)s, answered") % {"level": words}, None
        return alarm["priority"], words, alarm["raised_at"]
    if card["void"]:
        return "high", _("No dose"), None
    if not card["nurse"] and card["phase"] != "booked":
        return "amber", _("No named nurse"), None
    if card["decision"] is not None:
        return "amber", card["decision"]["title"] or _("Finding"), None
    due = card["due"]
    if due is not None and due["state"] == "overdue":
        return "amber", _("%(what)s overdue") % {"what": mend_words(due["text"]).split(",")[0]}, None
    if due is not None and due["state"] == "now":
        return "amber", _("%(what)s now") % {"what": mend_words(due["text"]).split(",")[0]}, None
    if card["is_held"]:
        return "high", _("Not to leave yet"), None
    if card["ready_since"] is not None:
        return "ok", _("Ready to leave"), None
    return "", _("On course"), None


def _present_bar(card: Mapping[str, Any]) -> Part:
    bar = card["bar"]
    kind = bar["kind"]
    tone = {"run": "amber", "devices": "amber", "giving": "amber", "recovered": "ok"}.get(kind, "")
    if kind == "checks":
        words = _("%(n)s of %(of)s done") % {"n": bar["done"], "of": bar["of"]}
        return {"tone": tone, "value": bar["done"], "max": bar["of"] or 1, "text": words}
    if kind == "devices":
        words = _("device %(n)s of %(of)s") % {"n": bar["done"], "of": bar["of"]}
        when = write_hour(bar["at"])
        words = _("%(what)s at %(when)s") % {"what": words, "when": when} if when else words
        return {"tone": tone, "value": bar["done"], "max": bar["of"] or 1, "text": words}
    if kind == "recovered":
        return {"tone": tone, "value": 1, "max": 1, "since": bar["since"], "form": "min", "after": _("since end")}
    total = bar.get("of_s")
    part: Part = {"tone": tone, "since": bar.get("since"), "form": "stay", "max": int(total) if total else None}
    if total:
        part["after"] = _("of %(length)s") % {"length": f"{int(total) // 60}:{int(total) % 60:02d}"}
    if bar.get("run_s") is not None:
        part |= {"value": bar["run_s"], "text": f"{bar['run_s'] // 60}:{bar['run_s'] % 60:02d}"}
    return part


_UNITS = {"bp": "BP mmHg", "heart_rate": "HR /min", "spo2": "SpO₂ %"}


def _present_vital(key: str, vital: Mapping[str, Any], card: Mapping[str, Any]) -> Part:
    lost_at = vital["lost_at"]
    return {
        "key": key,
        "value": "––" if lost_at or vital["value"] is None else vital["value"],
        "unit": _UNITS[key],
        "at": vital["at"],
        "old_at": vital["old_at"],
        "alarm": vital["alarm"] or "",
        "lost_at": lost_at,
        "last": "" if vital["value"] is None else vital["value"],
    }


def _present_forty(forty: Mapping[str, Any] | None) -> Part | None:
    if forty is None:
        return None
    if forty["state"] == "done":
        rest = _("%(when)s, %(value)s") % {"when": write_hour(forty["at"]), "value": forty["value"]}
        return {"tone": "ok", "icon": "tick", "bold": _("40-min BP done"), "rest": rest}
    if forty["state"] == "waiting":
        return {"tone": "", "icon": "clock", "bold": _("40-min BP due"), "rest": _("after last device")}
    if forty["state"] == "missed":
        return {"tone": "amber", "icon": "alarm", "bold": _("40-min BP missed"), "rest": write_hour(forty["at"])}
    tone = "amber" if forty["state"] == "overdue" else ""
    return {"tone": tone, "icon": "clock", "bold": _("40-min BP due"), "rest": write_hour(forty["at"])}


def _find_twin(card: Mapping[str, Any], board: Mapping[str, Any]) -> str:
    """Return where the other person with the same initials is, or nothing."""
    first, mark = card["initials"]
    if len(first) + len(mark) < 3:
        return ""
    others = [row["card"] for row in board["places"] if row["card"] is not None] + list(board["unplaced"])
    for other in others:
        if other["session"] == card["session"]:
            continue
        if [part[:1] for part in other["initials"]] == [first[:1], mark[:1]]:
            twin = f"{other['initials'][0]}.{other['initials'][1]}."
            where = other["place"] or _("no place")
            return _("%(who)s is in %(where)s") % {"who": twin, "where": where[:1].lower() + where[1:]}
    return ""


def _name_route(route: str) -> str:
    names = {"iv": "IV", "im": "IM", "sc": "SC", "intranasal": _("Nasal"), "oral": _("Oral")}
    return names.get(route, route.capitalize())


def _trim(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number
