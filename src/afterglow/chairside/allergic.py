"""Drugs of the day that meet a recorded allergy: each stands among the alarms until somebody has acknowledged it.

Nothing is stored for it but the drug and the acknowledgement, so that a corrected name takes it away.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from afterglow.chairside.dosing import find_phase
from afterglow.chairside.state import SessionState
from afterglow.protocols.allergies import find_allergies
from afterglow.protocols.model import Protocol

ROW, PRIORITY = "allergy", "medium"
LIMIT = "no known allergy"
FIRST_ACT, COMMAND = "Watch for a reaction; tell the prescriber.", "record-symptom"
OVER = ("left", "ended", "cancelled")


@dataclass(frozen=True, slots=True)
class Met:
    """A drug that was given or taken against an allergy, not acknowledged yet."""

    id: str
    title: str
    seen: str
    at: datetime


def list_met(state: SessionState, protocol: Protocol) -> tuple[Met, ...]:
    """Return the drugs that met an allergy and that nobody has acknowledged, oldest first; none after leaving."""
    if state.is_closed or find_phase(state, protocol) in OVER:
        return ()
    known = state.header.get("allergies") or ()
    answered = {str(event.data.get("alarm")) for event in state.list("alarm-acknowledged")}
    found = []
    for event in state.list("drug-given"):
        name = f"{ROW}:{event.seq}"
        met = find_allergies(known, str(event.data["drug"]))
        if met and name not in answered:
            title = f"{event.data['drug']} given against an allergy"
            words = ", ".join(dict.fromkeys(each.words for each in met))
            found.append(Met(name, title, words, event.occurred_at))
    return tuple(found)


def describe_met(state: SessionState, protocol: Protocol, now: datetime) -> list[dict[str, Any]]:
    """Return them as the alarms of a view."""
    return [
        {
            "id": met.id,
            "row": ROW,
            "priority": PRIORITY,
            "title": met.title,
            "seen": met.seen,
            "limit_text": LIMIT,
            "source": "the allergies of the chart",
            "grade": "P",
            "grade_label": "",
            "first_act": FIRST_ACT,
            "first_act_command": COMMAND,
            "raised_at": met.at.isoformat(),
            "unanswered_s": max(0, int((now - met.at).total_seconds())),
            "acknowledged_by": None,
            "acknowledged_at": None,
            "is_escalated": False,
            "silenced_until": None,
            "is_over": False,
            "state": "active",
        }
        for met in list_met(state, protocol)
    ]


def describe_met_briefly(state: SessionState, protocol: Protocol) -> list[dict[str, Any]]:
    """Return them as the alarms of a card of the board."""
    return [
        {
            "id": met.id,
            "row": ROW,
            "priority": PRIORITY,
            "title": met.title,
            "limit": LIMIT,
            "act": FIRST_ACT,
            "command": COMMAND,
            "is_over": False,
            "raised_at": met.at.isoformat(),
            "answered_at": None,
        }
        for met in list_met(state, protocol)
    ]
