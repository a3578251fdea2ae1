"""The named nurse of a session: who has the chair now, what handover is offered, and deciding about both.

Every occupied chair has one named nurse, who offers it; the receiver alone accepts. An offer may be taken back or
declined, and ends when the chair is taken: it never hands on the chair of somebody else.
"""

from decimal import Decimal
from typing import Any

from afterglow.chairside.context import Deciding
from afterglow.chairside.errors import Refused
from afterglow.chairside.events import Event
from afterglow.chairside.state import SessionState
from afterglow.terms import Citation, Finding, Grade, Override, Severity

TAKEN = ("nurse-assigned", "handover-accepted")
SETTLED = ("handover-withdrawn", "handover-declined")
AWAY, NO_HOURS = "away", "no-hours"
RATIO = Citation("SITE", "row N-2, people per nurse; source row ST-6", Grade.P)
OFF_DUTY = Citation("SITE", "the hours of staff in the schedule", Grade.P)
HANDOVER = Citation("SITE", "one named nurse per chair; a handover is theirs to offer", Grade.P)
_OFF_DUTY = {
    AWAY: "The receiver is marked as away now",
    NO_HOURS: "The receiver has no hours in the schedule now",
}


def find_nurse(state: SessionState) -> str:
    """Return the identifier of the nurse who has the chair, or nothing."""
    taken = _find_taken(state)
    return "" if taken is None else str(taken.data["nurse"])


def find_offer(state: SessionState) -> Event | None:
    """Return the handover that waits for its receiver, or None; who takes the chair, by whatever way, ends it."""
    last = _find_newest(state, "handover-offered", *TAKEN, *SETTLED)
    return last if last is not None and last.type == "handover-offered" else None


def find_declined(state: SessionState) -> Event | None:
    """Return the handover that was declined and of which the nurse of the chair may not know yet, or None.

    It is known once that nurse has entered something, or once the chair was offered or taken again.
    """
    last = _find_newest(state, "handover-offered", *TAKEN, *SETTLED)
    if last is None or last.type != "handover-declined":
        return None
    holder = find_nurse(state)
    return None if any(event.by == holder for event in state.events[last.seq :]) else last


def assign_nurse(deciding: Deciding) -> dict[str, Any]:
    """A chair without a nurse is given one; a chair that has one is handed over, or taken over by who stands there."""
    nurse, present = str(deciding.data["nurse"]), find_nurse(deciding.state)
    _check_holder(deciding, present)
    if nurse == present:
        raise Refused("nurse-same", "This nurse has the chair already.")
    if present and nurse != deciding.by.id:
        raise Refused("handover-needed", "The chair has a nurse: offer a handover, which the receiver accepts.")
    if present:
        deciding.note(
            "handover",
            "The chair was taken over without an offered handover",
            "a handover that was offered and accepted",
            "Say at the chair what was handed over.",
        )
    _judge_load(deciding)
    _judge_duty(deciding)
    return {"from": present} if present else {}


def offer_handover(deciding: Deciding) -> dict[str, Any]:
    """The nurse of the chair offers it to one named receiver; a later offer takes the place of an earlier one.

    A prescriber may offer it for a nurse who cannot, and the record says so.
    """
    present, to = find_nurse(deciding.state), str(deciding.data["to"])
    if not present:
        raise Refused("nurse-missing", "The chair has no nurse yet: name one.")
    _check_holder(deciding, present)
    if to == present:
        raise Refused("nurse-same", "This nurse has the chair already.")
    if deciding.by.id != present:
        if not deciding.by.is_prescriber:
            message = "Only the nurse who has the chair, or a prescriber, offers it."
            raise Refused("chair-not-yours", message, [_find_holder(present)])
        if to == deciding.by.id:
            message = "Nobody offers a colleague's chair to themselves: take it over, and the record says so."
            raise Refused("handover-to-oneself", message, [_find_holder(present)])
        deciding.note(
            "handover",
            "Offered by a prescriber, not by the nurse who has the chair",
            "offered by the nurse who has it",
            "Tell the nurse who has the chair.",
            HANDOVER,
        )
    _judge_load(deciding)
    _judge_duty(deciding)
    return {"from": present}


def accept_handover(deciding: Deciding) -> dict[str, Any]:
    """Only the named receiver accepts; from then on the chair is theirs."""
    offer = _need_offer(deciding)
    if str(offer.data["to"]) != deciding.by.id:
        raise Refused("handover-not-yours", "Only the named receiver accepts a handover.")
    _judge_load(deciding)
    return {"nurse": deciding.by.id, "from": str(offer.data["from"]), "offer": offer.seq}


def withdraw_handover(deciding: Deciding) -> dict[str, Any]:
    """Who offered a handover, who has the chair, or a prescriber takes the offer back; the chair stays where it is."""
    offer, by = _need_offer(deciding), deciding.by
    if by.id not in (offer.by, find_nurse(deciding.state)) and not by.is_prescriber:
        raise Refused("handover-not-yours", "Who offered a handover takes it back.")
    return {"to": str(offer.data["to"]), "offer": offer.seq}


def decline_handover(deciding: Deciding) -> dict[str, Any]:
    """The named receiver alone declines, with a reason; the chair stays where it is."""
    offer = _need_offer(deciding)
    if str(offer.data["to"]) != deciding.by.id:
        raise Refused("handover-not-yours", "Only the named receiver declines a handover.")
    return {"to": deciding.by.id, "offer": offer.seq}


def _need_offer(deciding: Deciding) -> Event:
    """Return the offer that waits; refuse where none does, and say who has the chair now."""
    offer = find_offer(deciding.state)
    if offer is None:
        present = find_nurse(deciding.state)
        found = [_find_holder(present)] if present else []
        raise Refused("handover-not-offered", "No handover is offered.", found)
    return offer


def _check_holder(deciding: Deciding, present: str) -> None:
    """Refuse an act meant for the chair of somebody who no longer has it."""
    meant = deciding.data.get("from")
    if meant and str(meant) != present:
        message = "The chair has another nurse by now; look again."
        raise Refused("chair-changed-hands", message, [_find_holder(present)] if present else [])


def _find_holder(present: str) -> Finding:
    """Return who has the chair as a finding; the clinic puts the name in the place of the identifier."""
    return Finding(
        "handover",
        Severity.STOP,
        f"The chair is with {present}",
        "offered by the nurse who has it",
        "Ask the nurse who has it for a handover, or take the chair over; the record says so.",
        Override.NONE,
        HANDOVER.text,
        HANDOVER.grade,
    )


def _judge_duty(deciding: Deciding) -> None:
    """Say it when the receiver is not on duty by the schedule; nobody is held up, since staff swap."""
    state = deciding.data.get("duty")
    if state:
        deciding.note(
            "off-duty",
            _OFF_DUTY[str(state)],
            "a receiver who is on duty",
            "Ask whether they are here; correct the hours when they swapped.",
            OFF_DUTY,
        )


def _judge_load(deciding: Deciding) -> None:
    """Say it when the receiver would have more than the ratio allows; it is recorded, the clinician decides."""
    load, limit = deciding.data.get("load"), deciding.data.get("limit")
    if load is not None and limit is not None and Decimal(load) > Decimal(limit):
        deciding.note(
            "N-2",
            f"a load of {load} with this chair, pre-checks counted",
            f"{limit} at most",
            "Name a nurse who can take one more, or hold the start.",
            RATIO,
        )


def _find_taken(state: SessionState) -> Event | None:
    return _find_newest(state, *TAKEN)


def _find_newest(state: SessionState, *types: str) -> Event | None:
    # in the order of recording: who accepted last has the chair, whatever time was named
    found = [event for each in types for event in state.effective.get(each, ())]
    return max(found, key=lambda event: event.seq) if found else None
