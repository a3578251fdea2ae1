"""After a rescue drug or an emergency the whole person is looked at again, at once."""

import pytest

from afterglow.terms import render_instant
from tests.support.rooms import Room

NALOXONE = {"drug": "naloxone", "dose": "0.4 mg", "purpose": "rescue"}
ONDANSETRON = {"drug": "ondansetron", "dose": "4 mg", "purpose": "rescue", "class": "antiemetic"}
ALL = ["bp", "heart_rate", "spo2", "resp_rate", "sedation"]


def running() -> Room:
    room = Room().ready().start()
    room.wait(12)
    return room


def ask(room: Room) -> list:
    return [row for row in room.view["due"] if row["id"].startswith("rescue:")]


def test_vitals_and_sedation_are_asked_at_once_and_until_each_was_taken() -> None:
    room = running()
    assert ask(room) == []
    room.do("record-drug-given", **NALOXONE)
    (row,) = ask(room)
    assert (row["items"], row["state"], row["command"]) == (ALL, "now", "record-vitals")
    assert row["text"].endswith("after naloxone")
    assert room.view["due"][0] == row
    room.wait(1)
    room.do("record-vitals", systolic=128, diastolic=76, heart_rate=80, spo2=97)
    assert ask(room)[0]["items"] == ["resp_rate", "sedation"]
    room.do("record-vitals", resp_rate=14, moaas=5)
    assert ask(room) == []


@pytest.mark.parametrize("drug", [ONDANSETRON, {**NALOXONE, "purpose": "premedication"}])
def test_what_is_no_rescue_asks_for_nothing(drug: dict) -> None:
    room = running()
    room.do("record-drug-given", **drug)
    assert ask(room) == []


def test_a_drug_taken_back_asks_for_nothing_any_more() -> None:
    room = running()
    given = room.do("record-drug-given", **NALOXONE)
    room.do("withdraw-entry", seq=given.events[0].seq)
    assert ask(room) == []


def test_an_emergency_that_ended_asks_too_and_is_late_after_the_time_of_a_recheck() -> None:
    room = running()
    at = render_instant(room.now)
    room.do("record-emergency", call="c1", began_at=at, ended_at=at)
    (row,) = ask(room)
    assert row["text"].endswith("after the emergency")
    room.wait(30)
    assert ask(room)[0]["state"] == "overdue"
