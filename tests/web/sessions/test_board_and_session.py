"""The board and the session's page are read side by side: of one chair they say the same."""

from typing import Any

import pytest

from afterglow.chairside.card import derive_card
from afterglow.clinic.floor.needs import list_needs
from afterglow.web.floor.cards import present_card
from afterglow.web.floor.present import present_need
from afterglow.web.sessions.present.alarms import build_alarms
from afterglow.web.sessions.present.tiles import build_tiles
from afterglow.web.sessions.present.words import write_hour
from tests.support.rooms import Room

OVER = "Over now; kept until somebody acknowledges it."


def derive(room: Room) -> dict[str, Any]:
    """Return the card of a room as the board has it."""
    card = derive_card(room.state, protocol=room.protocol, now=room.now)
    more = {"session": "s" * 20, "place": "Room 2", "initials": ("A", "B"), "opened_at": room.now.isoformat()}
    named = {
        "nurse": "nurse-1",
        "nurse_name": "N. One",
        "void": "",
        "drug": "racemic",
        "route": "iv",
        "is_held": False,
        "nurse_is_out": False,
    }
    return {**card, **more, **named}


def present(room: Room) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the rows of "Who needs me now?" and the card of a room."""
    card = derive(room)
    shown = present_card(card, {"places": [], "unplaced": [], "calls": []}, is_full=True)
    return [present_need(need) for need in list_needs([card], [], [])], shown


def test_an_alarm_whose_condition_has_ended_asks_for_the_same_on_both() -> None:
    room = Room().start().wait(5)
    room.vitals(systolic=186, diastolic=113)
    seen = f"BP 186/113, 180/110 or more at {write_hour(room.now.isoformat())}."
    row, strip = present(room)[0][0], build_alarms(room.view)["strips"][0]
    assert strip["act_text"] in row["rest"]
    room.do("record-pause")
    room.wait(4).vitals(systolic=140, diastolic=88)
    row, strip = present(room)[0][0], build_alarms(room.view)["strips"][0]
    assert (row["tag"]["text"], row["bold"], row["rest"]) == ("!!! High", seen, OVER)
    assert strip["act_text"] == OVER
    room.wait(1).vitals(systolic=190, diastolic=112)
    row, strip = present(room)[0][0], build_alarms(room.view)["strips"][0]
    assert OVER not in row["rest"]
    assert strip["act_text"] != OVER


def test_after_a_rescue_drug_the_chair_stands_among_those_who_need_somebody() -> None:
    room = Room().start().wait(9)
    room.vitals()
    room.wait(1).do("record-stop")
    assert present(room)[1]["state"] == "On course"
    room.do("record-drug-given", drug="labetalol", dose="5 mg", route="iv", purpose="rescue")
    rows, card = present(room)
    assert [(row["tag"]["text"], row["bold"]) for row in rows] == [("Now", "Vitals, RR, MOAA/S after labetalol")]
    assert (card["band"], card["state"]) == ("amber", "Vitals now")
    room.wait(6)
    rows, card = present(room)
    assert [(row["tag"]["text"], row["waited"]) for row in rows] == [("Overdue", "late")]
    assert card["state"] == "Vitals overdue"
    room.vitals()
    rows, card = present(room)
    assert (rows, card["state"]) == ([], "On course")


@pytest.mark.parametrize("minutes", [0, 2])
def test_a_lost_signal_is_two_dashes_on_both(minutes: float) -> None:
    room = Room().start().wait(5)
    room.vitals(spo2=98)
    room.wait(3).do("record-vitals", spo2_lost=True)
    room.wait(minutes).tick()
    tile = next(tile for tile in build_tiles(room.view) if tile["key"] == "spo2")
    vital = next(vital for vital in present(room)[1]["vitals"] if vital["key"] == "spo2")
    assert (tile["figure"], vital["value"]) == ("––", "––")
    assert tile["note"].endswith("last 98, 09:30")
    room.do("record-vitals", spo2=97)
    tile = next(tile for tile in build_tiles(room.view) if tile["key"] == "spo2")
    assert tile["figure"] == "97"


@pytest.mark.parametrize("protocol_id", ["iv-racemic", "im-racemic"])
def test_a_reading_is_too_old_on_both_from_the_same_minute(protocol_id: str) -> None:
    room = Room(protocol_id).start().wait(10)
    room.vitals()
    # every 10 min: too old from the 15th minute on
    for minutes, state in ((15, "fresh"), (1, "old")):
        room.wait(minutes)
        assert room.view["vitals"]["spo2"]["state"] == state
        old_at = derive(room)["vitals"]["spo2"]["old_at"]
        assert (room.now.isoformat() > old_at) is (state == "old")


def test_the_value_that_raised_an_alarm_stands_with_its_time_beside_a_later_reading() -> None:
    room = Room().start().wait(5)
    room.vitals(systolic=168, diastolic=99)
    raised_at = write_hour(room.now.isoformat())
    room.wait(4)
    room.vitals(systolic=164, diastolic=97)
    need = present(room)[0][0]
    assert derive(room)["vitals"]["bp"]["value"] == "164/97"
    assert need["bold"] == f"BP 168/99, above 160/100 at {raised_at}."
