"""What a handover hands over: the words of who offers it, and the state of the chair in a few lines."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from afterglow.chairside.events import Event
from afterglow.chairside.state import SessionState
from afterglow.clinic.dosing_sessions.fold import load_notes, load_protocol
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.dosing_sessions.texts import put_texts
from afterglow.web.sessions.about import build_about, name_people
from afterglow.web.sessions.lookup import build_view
from afterglow.web.sessions.present.alarms import build_alarms
from afterglow.web.sessions.present.dose import build_dose
from afterglow.web.sessions.present.due import build_due
from afterglow.web.sessions.present.stepper import build_steps
from afterglow.web.sessions.present.tiles import build_tiles
from afterglow.web.sessions.present.words import write_hour

Lines = list[dict[str, Any]]

SHOWN_DUE = 3
STALE = frozenset({"old", "none"})


def describe_handover(session: Session, state: SessionState, offer: Event, now: datetime) -> dict[str, Any]:
    """Return an offered handover: who offers it since when, their words, and how the chair stands now."""
    notes, protocol = load_notes(session), load_protocol(session)
    view = build_view(session, now, protocol, notes)
    about = build_about(session, protocol, now, notes)
    return {
        "by": name_people({offer.by}).get(offer.by, ""),
        "hour": write_hour(offer.occurred_at, seconds=True),
        "note": str(put_texts(dict(offer.data), notes).get("note") or ""),
        "lines": [
            _line(_("Now"), [_write_phase(view), *_write_dose(view, protocol)]),
            *_write_readings(view),
            *_write_alarms(view),
            _write_allergies(about),
            _line(_("Drugs given here"), _write_drugs(state) or [_("none recorded")]),
            _line(_("Asked next"), _write_due(view) or [_("Nothing is due.")]),
        ],
    }


def _line(name: str, parts: list[str], tone: str = "") -> dict[str, Any]:
    return {"name": name, "parts": [part for part in parts if part], "tone": tone}


def _write_phase(view: Mapping[str, Any]) -> str:
    for step in build_steps(dict(view)):
        if step["state"] == "now":
            timer = " ".join(str(part) for part in (step.get("timer"), step.get("of")) if part)
            return f"{step['name']} {timer or step.get('from') or step['note']}".strip()
    return ""


def _write_dose(view: Mapping[str, Any], protocol: Any) -> list[str]:
    """Return what is ordered and what has run, as the session's own card has it."""
    dose = build_dose(dict(view), protocol, {})
    if not dose.get("ordered_mg"):
        return [_("no order signed yet")]
    words = [f"{dose['drug']} {dose['ordered_mg']} mg {dose['route']}".strip()]
    if dose.get("has_run") and dose.get("calculated_mg"):
        words.append(_("%(mg)s mg calculated by the clock") % {"mg": dose["calculated_mg"]})
    return words


def _write_readings(view: Mapping[str, Any]) -> Lines:
    """Return every vital with its age; those too old to rely on in a line of their own."""
    fresh: list[str] = []
    stale: list[str] = []
    for tile in build_tiles(dict(view)):
        value = f"{tile['systolic']}/{tile['diastolic']}" if tile.get("systolic") else tile["figure"]
        said = f"{tile['name']} {value} {tile['unit']}, {tile['age']}"
        (stale if tile["state"] in STALE else fresh).append(said)
    lines = [_line(_("Readings"), fresh)] if fresh else []
    return [*lines, *([_line(_("Too old or missing"), stale, "amber")] if stale else [])]


def _write_alarms(view: Mapping[str, Any]) -> Lines:
    alarms = build_alarms(dict(view))
    said = [
        f"{strip['counted']}, " + (_("answered") if strip["is_seen"] else _("unanswered"))
        for strip in (*alarms["strips"], *alarms["hidden"])
    ]
    return [_line(_("Alarms"), said or [_("none")], "high" if said else "")]


def _write_allergies(about: Mapping[str, Any]) -> dict[str, Any]:
    allergies = about["allergies"]
    return _line(_("Allergies"), allergies or [about["no_allergies"]], "high" if allergies else "")


def _write_drugs(state: SessionState) -> list[str]:
    return [
        f"{event.data['drug']} {event.data['dose']} {write_hour(event.occurred_at)}"
        for event in state.list("drug-given")
        if event.data.get("purpose") != "own"
    ]


def _write_due(view: Mapping[str, Any]) -> list[str]:
    rows = build_due(dict(view))["open"]
    shown = [f"{row['text'].rstrip('.')}, {row['when']}" for row in rows[:SHOWN_DUE]]
    more = len(rows) - len(shown)
    return [*shown, *([_("and %(n)d more") % {"n": more}] if more else [])]
