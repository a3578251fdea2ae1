"""The named nurse of a session: who has the chair now, what handover is offered, and deciding about both.

Every occupied chair has one named nurse. A handover is offered by somebody and accepted by the receiver alone.
"""

from decimal import Decimal
from typing import Any

from afterglow.chairside.context import Deciding
from afterglow.chairside.errors import Refused
from afterglow.chairside.events import Event
from afterglow.chairside.state import SessionState
from afterglow.terms import Citation, Grade

TAKEN = ("nurse-assigned", "handover-accepted")
RATIO = Citation("SITE", "row N-2, people per nurse; source row ST-6", Grade.P)


def find_nurse(state: SessionState) -> str:
    """Return the identifier of the nurse who has the chair, or nothing."""
    taken = _find_taken(state)
    return "" if taken is None else str(taken.data["nurse"])


def find_offer(state: SessionState) -> Event | None:
    """Return the handover that waits for its receiver, or None."""
    offer, taken = _find_newest(state, "handover-offered"), _find_taken(state)
    if offer is None or taken is None or taken.seq > offer.seq:
        return None
    return offer


def assign_nurse(deciding: Deciding) -> dict[str, Any]:
    """A chair without a nurse is given one; a chair that has one is handed over, or taken over by who stands there."""
    nurse, present = str(deciding.data["nurse"]), find_nurse(deciding.state)
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
    return {"from": present} if present else {}


def offer_handover(deciding: Deciding) -> dict[str, Any]:
    """The chair is offered to one named receiver; a later offer takes the place of an earlier one."""
    present, to = find_nurse(deciding.state), str(deciding.data["to"])
    if not present:
        raise Refused("nurse-missing", "The chair has no nurse yet: name one.")
    if to == present:
        raise Refused("nurse-same", "This nurse has the chair already.")
    _judge_load(deciding)
    return {"from": present}


def accept_handover(deciding: Deciding) -> dict[str, Any]:
    """Only the named receiver accepts; from then on the chair is theirs."""
    offer = find_offer(deciding.state)
    if offer is None:
        raise Refused("handover-not-offered", "No handover is offered.")
    if str(offer.data["to"]) != deciding.by.id:
        raise Refused("handover-not-yours", "Only the named receiver accepts a handover.")
    _judge_load(deciding)
    return {"nurse": deciding.by.id, "from": str(offer.data["from"]), "offer": offer.seq}


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
