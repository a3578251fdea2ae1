"""Requests and rows of the floor: a call for help with a step, a place; acts of chairs, opening and escorts."""

from typing import Any

from afterglow.clinic.floor import actions
from afterglow.clinic.floor.models import CodeLog, HelpCall
from afterglow.clinic.sites.models import Place
from tests.web.matrix.ask import Ask

STREAMS = {"web:floor-stream"}
ROOM = "Room 1"


def furnish(house: Any) -> None:
    """Add a call for help from the room with one step of an emergency."""
    nurse = house.users["nurse"]
    place = Place.objects.get(site=house.cast.site, name=ROOM)
    call = actions.raise_help(site=house.cast.site, place=place, by=nurse, now=house.now)
    actions.record_code_step(call=call, step="oxygen-on", by=nurse, now=house.now)
    # as before anybody began the log, so that beginning it is an act; nobody who asks here called, so each may answer
    HelpCall.objects.filter(pk=call.pk).update(code_at=None, raised_by=house.cast.owner)


def build_parts(house: Any) -> dict[str, str]:
    """Return the call and the place that the addresses name."""
    call = HelpCall.objects.filter(place__name=ROOM).first()
    place = Place.objects.filter(site=house.cast.site, name=ROOM).first()
    return {"call_id": call.pk if call else "0" * 20, "place_id": place.pk if place else "0" * 20}


def _act(act: str, **fields: str) -> Any:
    return lambda house: Ask({"act": act, **fields})


def _back(house: Any) -> Ask:
    return Ask({"act": "back", "logged": CodeLog.objects.get(step="oxygen-on").pk})


def _place(house: Any) -> Ask:
    return Ask({"act": "place", "place": Place.objects.get(site=house.cast.site, name=ROOM).pk})


def _nurse(act: str) -> Any:
    return lambda house: Ask({"act": act, "nurse": house.users["nurse"].pk})


ASKS: dict[tuple[str, str], Any] = {
    ("web:floor-help", "POST call"): lambda house: Ask({"session": ""}),
    ("web:floor-call", "POST answer"): _act("answer"),
    ("web:floor-call", "POST code"): _act("code"),
    ("web:floor-call", "POST step"): _act("step", step="cpr-began"),
    ("web:floor-call", "POST back"): _back,
    ("web:floor-call", "POST close"): _act("close"),
    ("web:floor-call", "POST place"): _place,
    ("web:floor-nurse", "POST assign-nurse"): _nurse("assign-nurse"),
    ("web:floor-nurse", "POST offer-handover"): _nurse("offer-handover"),
    ("web:floor-nurse", "POST accept-handover"): _nurse("accept-handover"),
    ("web:floor-nurse", "POST withdraw-handover"): _act("withdraw-handover", reason="stays after all"),
    ("web:floor-nurse", "POST decline-handover"): _act("decline-handover", reason="two at dosing already"),
    ("web:floor-seat", "POST cleaned"): _act("cleaned"),
    ("web:floor-escort", "POST tried"): lambda house: Ask({"step": "first-call", "outcome": "no-answer"}),
    ("web:floor-escort", "POST decided"): lambda house: Ask({"step": "prescriber", "outcome": "decided"}),
    ("web:floor-opening", "POST check"): _act("check", item="oxygen", result="ok"),
    ("web:floor-opening", "POST sign-in"): _act("sign-in"),
    ("web:floor-settings", "POST yes"): lambda house: Ask({"asks": "yes"}),
}
