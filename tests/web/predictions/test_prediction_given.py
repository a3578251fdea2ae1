"""What a prediction is told of a session: pieces by the rates that were recorded, the same until the next entry."""

import json
from typing import Any

import pytest

from afterglow.pharmacology import jobs
from afterglow.web.predictions.given import list_given
from afterglow.web.predictions.people import list_interactions
from tests.support.rooms import Room


def read(room: Room) -> list[dict[str, Any]]:
    """Return what would be asked, minutes and milligrams rounded."""
    given = list_given(room.state, room.protocol)
    return [{name: value if name == "kind" else round(value, 1) for name, value in row.items()} for row in given]


def sum_mg(room: Room) -> float:
    """Return the milligrams of all pieces."""
    return float(sum(row["amount_mg"] for row in read(room)))


def test_nothing_is_told_before_the_first_drug() -> None:
    assert read(Room().ready()) == []


def test_a_running_infusion_goes_on_until_its_bag_is_empty_whatever_the_clock_says() -> None:
    room = Room().start()
    first = read(room)
    assert [row["kind"] for row in first] == ["start"]
    assert first[0]["at_min"] == 0
    assert first[0]["amount_mg"] == pytest.approx(36, abs=0.5)
    assert first[0]["duration_min"] == pytest.approx(40, abs=0.5)
    assert read(room.wait(12)) == first


def test_a_pause_lasts_until_its_end_is_recorded() -> None:
    room = Room().start()
    room.wait(10).do("record-pause", reason="bp")
    paused = read(room)
    assert [(row["at_min"], row["duration_min"]) for row in paused] == [(0.0, 10.0)]
    assert paused[0]["amount_mg"] == pytest.approx(9, abs=0.3)
    room.wait(5).vitals()
    room.do("record-resume")
    resumed = read(room)
    assert resumed[0] == paused[0]
    assert resumed[1]["at_min"] == 15
    assert sum_mg(room) == pytest.approx(36, abs=0.5)


def test_a_slower_rate_gives_the_same_dose_later() -> None:
    room = Room().start()
    before = read(room)[0]
    room.wait(10).do("record-rate-change", rate_ml_per_h="75", pump_ml="25")
    first, second = read(room)
    assert (first["at_min"], first["duration_min"]) == (0.0, 10.0)
    assert second["at_min"] == 10
    assert second["at_min"] + second["duration_min"] > before["duration_min"] + 15
    assert sum_mg(room) == pytest.approx(before["amount_mg"], abs=0.3)


def test_a_stop_ends_what_is_predicted_to_run() -> None:
    room = Room().start()
    room.wait(10).do("record-stop", reason="bp", pump_ml="25")
    assert [row["duration_min"] for row in read(room)] == [10.0]


def test_devices_and_injections_are_told_as_they_were_given() -> None:
    spray = Room("nasal-esketamine-us").start()
    spray.wait(5).do("give-device", number=2, lot="SP-77", outcome="given")
    assert read(spray) == [{"kind": "device", "at_min": 0.0}, {"kind": "device", "at_min": 5.0}]
    assert read(Room("im-racemic").start()) == [{"kind": "dose", "at_min": 0.0, "amount_mg": 36.0}]


def test_a_failed_device_is_none() -> None:
    spray = Room("nasal-esketamine-us").start()
    spray.wait(5).do("give-device", number=2, lot="SP-77", outcome="failed")
    assert len(read(spray)) == 1


def test_the_engine_takes_every_piece_and_a_pause_lowers_the_band() -> None:
    room = Room().start()
    whole = predict(room)
    room.wait(10).do("record-pause", reason="bp")
    paused = predict(room)
    place = whole["time_min"].index(30.0)
    high = "concentration_ng_per_ml"
    assert paused["curves"][high]["p95"][place] < whole["curves"][high]["p5"][place]


def predict(room: Room) -> dict[str, Any]:
    """Return what the engine makes of the events."""
    asked = {
        "patient": {"weight_kg": 72.0, "age_years": 43},
        "drug": "racemic",
        "route": "iv",
        "events": list_given(room.state, room.protocol),
        "n": 40,
    }
    answer = jobs.predict_session(json.dumps(asked))
    assert answer["status"] == "ok", answer
    return answer


def test_a_pump_set_to_nothing_gives_nothing_and_the_bag_is_not_hung_twice() -> None:
    room = Room().start()
    room.wait(10).do("record-rate-change", rate_ml_per_h="0")
    assert sum_mg(room) == pytest.approx(9, abs=0.3)
    room.wait(20).do("record-rate-change", rate_ml_per_h="75")
    assert [row["at_min"] for row in read(room)] == [0.0, 30.0]
    assert sum_mg(room) == pytest.approx(36, abs=0.5)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["St. John's wort 300 mg"], ["st-johns-wort"]),
        (["Rifampin"], ["rifampicin"]),
        (["oral ketoconazole"], ["ketoconazole"]),
        (["ketoconazole cream"], []),
        (["sertraline"], []),
    ],
)
def test_a_studied_interaction_is_found_however_the_chart_writes_it(names: list[str], found: list[str]) -> None:
    assert list_interactions(names) == found
