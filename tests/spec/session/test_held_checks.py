"""A check that was asked and on whose answer a rule stops is no tick: it says what was seen, what is asked, until when.

ASA-FAST: light meal 6 h, fatty or meat 8 h, clear liquids 2 h. The visit begins at 09:00 UTC.
"""

from datetime import timedelta

import pytest

from afterglow.chairside.card import derive_card
from afterglow.web.sessions.present.record import build_checks, describe_blockers
from tests.support.rooms import PRESCRIBER, Room

OVERRIDE = {"cause": "benefit-outweighs", "mitigation": "head raised, suction at hand, nurse beside the person"}


def arrive(solids_h, kind="light", fluids_h="3"):
    room = Room().arrive("fasting")
    room.do("record-check", check="fasting", passed=True, solids_h=solids_h, solids_kind=kind, fluids_h=fluids_h)
    return room


def find_check(room):
    return next(check for check in room.view["checks"] if check["id"] == "fasting")


def count(room):
    bar = derive_card(room.state, protocol=room.protocol, now=room.now)["bar"]
    step = next(step for step in room.view["steps"] if step["phase"] == "pre-checks")
    assert step["text"] == f"{bar['done']} of {bar['of']}"
    return bar["of"] - bar["done"]


@pytest.mark.parametrize(
    ("solids_h", "kind", "fluids_h", "asked", "minutes"),
    [
        ("4.7", "light", "3", "6", 78),
        ("5.9", "light", "3", "6", 6),
        ("6", "fatty", "3", "8", 120),
        ("9", "light", "1.5", "2", 30),
    ],
)
def test_a_fast_too_short_holds_its_check_and_says_from_when_it_is_enough(solids_h, kind, fluids_h, asked, minutes):
    room = arrive(solids_h, kind, fluids_h)
    (held,) = find_check(room)["held"]
    assert held["rule"] == "F-ASA"
    assert held["wait"]["asked_h"] == asked
    assert held["wait"]["not_before"] == (room.now + timedelta(minutes=minutes)).isoformat()
    assert count(room) == 1


def test_food_and_liquid_that_are_both_too_short_are_both_said():
    room = arrive("5", "light", "0.5")
    waits = [held["wait"] for held in find_check(room)["held"]]
    at = [(room.now + timedelta(minutes=minutes)).isoformat() for minutes in (60, 90)]
    assert sorted((wait["what"], wait["not_before"]) for wait in waits) == [("food", at[0]), ("liquid", at[1])]
    assert count(room) == 1


@pytest.mark.parametrize(("solids_h", "kind", "fluids_h"), [("6", "light", "2"), ("8", "fatty", "2")])
def test_a_fast_that_is_long_enough_is_a_tick(solids_h, kind, fluids_h):
    room = arrive(solids_h, kind, fluids_h)
    assert "held" not in find_check(room)
    assert count(room) == 0


def test_an_override_lifts_what_is_held_as_it_lifts_the_stop():
    room = arrive("4.7")
    room.do("override", by=PRESCRIBER, rule="F-ASA", expires_on="2026-11-17", **OVERRIDE)
    assert "held" not in find_check(room)
    assert count(room) == 0


def test_a_pressure_that_stops_the_dose_takes_the_tick_from_the_baseline():
    room = Room().arrive()
    assert count(room) == 0
    room.vitals(systolic=190, diastolic=112)
    held = next(check for check in room.view["checks"] if check["id"] == "baseline-vitals")["held"]
    assert "190" in held[0]["seen"]
    assert held[0]["wait"] is None


def test_the_page_names_food_time_limit_and_hour_where_it_said_wait():
    room = arrive("4.7")
    at = room.now - timedelta(hours=4.7)
    checks = build_checks(room.view)
    row = next(row for row in checks["rows"] if row["id"] == "fasting")
    assert (row["is_met"], row["icon"], checks["done"]) == (False, "stop-sign", checks["count"] - 1)
    end = at + timedelta(hours=6)
    words = f"Food {at:%H:%M}, light, 6 h asked: not before {end:%H:%M}"
    assert [each["words"] for each in row["held"]] == [words]
    assert words in [item["why"] for item in describe_blockers(room.view)]
    # the hours are counted from the answer: once they have passed, it is asked again
    room.wait(79)
    row = next(row for row in build_checks(room.view)["rows"] if row["id"] == "fasting")
    assert row["held"][0]["more"].startswith("That time is over: ask again")


def test_what_holds_the_start_names_food_and_drink_each_with_its_own_hour():
    room = arrive("3", "light", "1")
    food, drink = room.now - timedelta(hours=3), room.now - timedelta(hours=1)
    whys = [item["why"] for item in describe_blockers(room.view) if item["rule"] == "F-ASA"]
    assert sorted(whys) == [
        f"Clear liquid {drink:%H:%M}, 2 h asked: not before {drink + timedelta(hours=2):%H:%M}",
        f"Food {food:%H:%M}, light, 6 h asked: not before {food + timedelta(hours=6):%H:%M}",
    ]
    shown = build_checks(room.view)["rows"]
    assert sorted(each["words"] for row in shown for each in row["held"]) == sorted(whys)


def test_a_score_of_another_day_is_told_by_its_day():
    room = Room().arrive()
    row = next(row for row in build_checks(room.view)["rows"] if row["kind"] == "score-recent")
    assert row["at"] == "15 Nov"
