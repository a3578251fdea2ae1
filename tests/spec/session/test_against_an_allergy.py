"""A drug given against a recorded allergy: never refused, and among the alarms until acknowledged."""

import pytest

from afterglow.chairside.card import derive_card
from tests.support.rooms import NURSE, PRESCRIBER, Room

AMOXICILLIN = {"drug": "Amoxicillin", "dose": "500 mg", "route": "oral", "purpose": "rescue"}


def list_standing(room: Room) -> list[str]:
    return [alarm["title"] for alarm in room.view["alarms"] if alarm["row"] == "allergy"]


def watch(*allergies: str) -> Room:
    return Room(allergies=list(allergies)).observe()


@pytest.mark.parametrize(
    ("allergies", "standing"),
    [
        (("Penicillin",), ["Amoxicillin given against an allergy"]),
        (("amoxicillin",), ["Amoxicillin given against an allergy"]),
        (("Latex",), []),
        ((), []),
    ],
)
def test_it_is_stored_and_stands_where_the_drug_meets_an_allergy(allergies: tuple[str, ...], standing: list[str]):
    room = watch(*allergies)
    room.do("record-drug-given", **AMOXICILLIN)
    assert list_standing(room) == standing
    card = derive_card(room.state, protocol=room.protocol, now=room.now)
    assert [alarm["title"] for alarm in card["alarms"] if alarm["row"] == "allergy"] == standing


def test_it_names_the_allergy_and_says_what_to_do():
    room = watch("Penicillin")
    room.do("record-drug-given", despite_allergy=True, **AMOXICILLIN)
    alarm = next(each for each in room.view["alarms"] if each["row"] == "allergy")
    assert "allergy to Penicillin" in alarm["seen"]
    assert (alarm["priority"], alarm["first_act"]) == ("medium", "Watch for a reaction; tell the prescriber.")


def test_acknowledging_ends_it_and_the_next_one_stands_anew():
    room = watch("Penicillin")
    room.do("record-drug-given", **AMOXICILLIN)
    alarm = next(each["id"] for each in room.view["alarms"] if each["row"] == "allergy")
    room.wait(1).do("acknowledge-alarm", PRESCRIBER, alarm=alarm)
    assert list_standing(room) == []
    assert room.refuse("acknowledge-alarm", NURSE, alarm=alarm).code == "alarm-not-active"
    room.wait(5).do("record-drug-given", **AMOXICILLIN)
    assert len(list_standing(room)) == 1


def test_a_corrected_name_takes_it_away():
    room = watch("Penicillin")
    room.do("record-drug-given", **AMOXICILLIN)
    seq = room.state.list("drug-given")[-1].seq
    room.do("correct-entry", PRESCRIBER, seq=seq, data={"drug": "Ondansetron"}, reason="wrong line")
    assert list_standing(room) == []


def test_it_waits_for_nobody_once_the_person_has_left():
    room = watch("Penicillin")
    room.do("record-drug-given", **AMOXICILLIN)
    room.wait(2).do("record-ending", kind="transferred", to="the hospital", told="the lead", last_vitals="128/76",
                    drug_reconciled=True)  # fmt: skip
    assert list_standing(room) == []
