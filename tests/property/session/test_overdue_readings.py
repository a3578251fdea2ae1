"""Overdue readings over random schedules: what was not taken is said until somebody takes it, or the stay is over."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from afterglow.chairside.due import measure_overdue_ratios
from afterglow.protocols.catalogue import get_effective
from tests.support.rooms import Room

LATE, LONG_LATE = {"A-12", "A-12M"}, {"A-12M"}
MINUTES = st.integers(3, 30)
# one stretch of a schedule: how long it lasts, and the interval in it
SCHEDULES = st.lists(st.tuples(st.integers(4, 60), MINUTES), min_size=1, max_size=3)
# what somebody does next: wait some minutes, then take a whole set, a pressure alone, tap a pause, or nothing
STEPS = st.lists(
    st.tuples(st.integers(1, 25), st.sampled_from(["set", "pressure", "nothing", "nothing", "pause"])),
    min_size=3,
    max_size=12,
)


def lay_out(protocol, schedule):
    """Return the protocol with a schedule of vitals in the place of its own: stretches that follow one another."""
    plain = next(item for item in protocol.due if item.every_min and "resp_rate" in item.items)
    whole = replace(plain, phases=("dosing", "observing"), anchor="start", from_min=None, until_min=None)
    minutes, items = 0, []
    for number, (length, every) in enumerate(schedule):

        def value(n):
            return replace(plain.every_min, value=Decimal(n))

        is_last = number == len(schedule) - 1
        items.append(
            replace(
                whole,
                id=f"vitals-{number}",
                every_min=value(every),
                from_min=value(minutes) if minutes else None,
                until_min=None if is_last else value(minutes + length),
            )
        )
        minutes += length
    return replace(protocol, due=tuple(items), content_hash=repr(schedule))


def list_late(room):
    return {alarm["row"] for alarm in room.view["alarms"]} & LATE


def find_longest(schedule, since_min, until_min):
    """Return the longest interval that a schedule asked in some minutes after the start."""
    begin, found = 0, []
    for number, (length, every) in enumerate(schedule):
        end = begin + length if number < len(schedule) - 1 else 10**6
        if begin <= until_min and end >= since_min:
            found.append(every)
        begin = end
    return max(found)


@pytest.mark.parametrize("protocol_id", ["im-racemic", "nasal-esketamine-us"])
@given(schedule=SCHEDULES, steps=STEPS)
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_a_reading_not_taken_in_time_is_an_alarm_until_it_is_taken(protocol_id, schedule, steps):
    ready = Room(protocol_id).ready()
    room = Room(protocol=lay_out(get_effective(protocol_id, indication="trd"), schedule), unopened=True)
    room.state, room.now = ready.state, ready.now
    if protocol_id == "im-racemic":
        room.do("give-injection", dose_mg="36", site="deltoid-left", lot="0417-22")
    else:
        room.do("give-device", number=1, lot="SP-77", outcome="given")
    started = taken = room.now
    for minutes, act in steps:
        was_late = False
        for _ in range(minutes):
            room.wait(1).tick()
            since = (room.now - taken) / timedelta(minutes=1)
            longest = find_longest(
                schedule, (taken - started) / timedelta(minutes=1), (room.now - started).seconds / 60
            )
            if since >= 2 * longest:
                assert list_late(room) & LONG_LATE, f"{since} min without a reading, {longest} min asked"
            if since > 1.5 * longest:
                assert list_late(room)
            assert list_late(room) or not was_late, "an alarm of a late reading ended without one"
            was_late = bool(list_late(room))
        if act == "set":
            room.vitals()
            taken = room.now
            assert not list_late(room)
        elif act == "pressure":
            room.do("record-vitals", systolic=124, diastolic=78)
        elif act == "pause":
            room.do("record-pause")


@given(before=MINUTES, after=MINUTES, stopped=st.integers(1, 90), waited=st.integers(1, 90))
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_a_stop_of_the_pump_ends_no_overdue_reading(before, after, stopped, waited):
    room = Room().start()
    due = tuple(
        replace(
            item, every_min=replace(item.every_min, value=Decimal(before if item.id == "vitals-infusion" else after))
        )
        if item.id in ("vitals-infusion", "vitals-recovery")
        else item
        for item in room.protocol.due
    )
    room.protocol = replace(room.protocol, due=due, content_hash=f"{before} {after}")
    room.wait(stopped).tick()
    rows, ratio = list_late(room), measure_overdue_ratios(room.state, room.protocol, room.now)["resp_rate"]
    room.do("record-stop")
    assert list_late(room) >= rows
    room.wait(waited).tick()
    assert list_late(room) or not rows
    again = measure_overdue_ratios(room.state, room.protocol, room.now)["resp_rate"]
    assert again > ratio or ratio <= 1
    assert again >= (stopped + waited) / max(before, after) - 1e-9
    room.vitals()
    assert list_late(room) == set()
