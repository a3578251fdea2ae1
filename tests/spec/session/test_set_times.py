"""Readings asked once, at a set time: late once the window has closed, and until one of their kind is taken."""

import pytest

from tests.support.rooms import Room


def list_rows(room):
    return [alarm["row"] for alarm in room.view["alarms"]]


def test_a_pressure_of_a_set_time_is_late_once_its_window_has_closed_and_until_it_is_taken():
    # the label asks for it 40 min after the device, give or take ten; breathing and sedation every 15 min are taken
    room = Room("nasal-esketamine-us").start()
    seen = []
    for minute in range(5, 100, 5):
        room.wait(5).do("record-vitals", spo2=98, resp_rate=14, moaas=5)
        room.tick()
        if minute == 75:
            room.vitals()
        seen.append((minute, list_rows(room)))
    late = [minute for minute, rows in seen if rows]
    assert late == [55, 60, 65, 70], seen
    assert {row for _, rows in seen for row in rows} == {"A-12"}
    assert [row["state"] for row in room.view["due"] if row["text"].startswith("Blood pressure, 40")] == ["missed"]


@pytest.mark.parametrize(("minutes", "is_late"), [(-11, True), (-10, False), (0, False), (10, False)])
def test_a_reading_within_the_window_of_its_time_or_later_is_not_late(minutes, is_late):
    room = Room("nasal-esketamine-us").start().wait(40 + minutes)
    room.vitals()
    room.wait(11 - minutes).do("record-vitals", spo2=98, resp_rate=14, moaas=5)
    room.tick()
    assert list_rows(room) == (["A-12"] if is_late else [])
