"""A fixed, seeded run over everything a session can do: it reaches every phase, event type and refusal code.

Each room begins with a scenario of refusal or with a golden play and is then acted on by the directed generator. At
every step the invariants of a session are checked.
"""

import random
from decimal import Decimal

import pytest

from afterglow.chairside import EVENT_TYPES, Refusal, fold, parse_event, render_event
from afterglow.chairside.dosing import calculate_dose_mg
from afterglow.chairside.history import check_history
from afterglow.terms import InvalidInput, Severity
from tests.support.acting import PROTOCOLS, act
from tests.support.golden import PLAYS
from tests.support.refusals import REFUSALS
from tests.support.rooms import NURSE, OTHER_NURSE, PRESCRIBER, Room

SEED = 20261117
STEPS = 8
PHASES = {
    "booked", "arrived", "pre-checks", "ready", "dosing", "paused", "observing", "released", "left", "ended",
    "cancelled",
}  # fmt: skip
# two per cent may be drawn above the order, and a device is 28 mg whole
TOLERANCE = Decimal("1.02")


def check_invariants(room):
    """What holds after every step, whatever was tried."""
    recorded = [event.recorded_at for event in room.events]
    assert recorded == sorted(recorded)
    assert [event.seq for event in room.events] == list(range(1, len(room.events) + 1))
    given = calculate_dose_mg(room.state, room.protocol, room.now)
    assert given is None or given <= find_most(room) * TOLERANCE


def find_most(room):
    """Return the most that was ever ordered, with each device a verbal order added, and what was recorded otherwise."""
    ordered = [Decimal(event.data["ordered_mg"]) for event in room.state.list("order-signed")]
    extra = sum(28 * int(event.data.get("devices") or 0) for event in room.state.list("verbal-order-recorded"))
    bags = [
        Decimal(event.data["data"]["prepared_mg"])
        for event in room.state.list("entry-corrected")
        if "prepared_mg" in event.data.get("data", {})
    ]
    return max([*ordered, *bags], default=Decimal(0)) + extra


def play(begin, rng):
    """Return the rooms of one scenario after some more steps, with the codes of what was refused on the way."""
    rooms = []

    def make(*arguments, **given):
        rooms.append(Room(*arguments, **given))
        return rooms[-1]

    begin(make)
    codes, phases = set(), set()
    for room in rooms:
        for _ in range(STEPS if room.events else 0):
            phases.add(room.phase)
            try:
                answer = act(room, rng)
            except InvalidInput:
                continue
            if isinstance(answer, Refusal):
                codes.add(answer.code)
            check_invariants(room)
    return rooms, codes, phases


def release(room):
    """Recover and be released; what follows is drawn."""
    room.recover().do("sign-release", PRESCRIBER)


def hand_over(room):
    """Name a nurse and hand the chair over; what follows is drawn."""
    room.do("assign-nurse", nurse=NURSE.id)
    room.do("offer-handover", to=OTHER_NURSE.id)
    room.do("decline-handover", OTHER_NURSE, reason="two at dosing already")
    room.do("offer-handover", to=PRESCRIBER.id)
    room.do("withdraw-handover")
    room.do("offer-handover", to=OTHER_NURSE.id)
    room.do("accept-handover", OTHER_NURSE)


@pytest.fixture(scope="module")
def run():
    rng = random.Random(SEED)
    rooms, codes, phases = [], set(), set()
    for code, scenarios in REFUSALS.items():
        for scenario in scenarios:
            reached = []
            played, more, seen = play(lambda make, s=scenario, r=reached: r.append(s(make)), rng)
            assert reached[0].code == code
            rooms += played
            codes |= {code, *more}
            phases |= seen
    for name in PLAYS:
        room = PLAYS[name]()
        rooms.append(room)
        phases.add(room.phase)
    for protocol in PROTOCOLS:
        for stage in ("arrive", "ready", "start", "observe", "recover", "finish"):
            played, more, seen = play(lambda make, p=protocol, s=stage: getattr(make(p), s)(), rng)
            rooms += played
            codes |= more
            phases |= seen
        played, more, seen = play(lambda make, p=protocol: release(make(p)), rng)
        rooms, codes, phases = [*rooms, *played], codes | more, phases | seen
        rooms += play(lambda make, p=protocol: hand_over(make(p).arrive()), rng)[0]
    return rooms, codes, phases


def test_every_phase_is_reached(run):
    assert run[2] >= PHASES


def test_every_type_of_event_is_reached(run):
    assert {event.type for room in run[0] for event in room.events} == EVENT_TYPES


def test_every_refusal_is_reached(run):
    assert run[1] >= set(REFUSALS)


def test_replaying_every_history_gives_the_same_state(run):
    for room in run[0]:
        assert fold(parse_event(render_event(event)) for event in room.events) == room.state


def test_every_history_is_possible(run):
    for room in run[0]:
        stops = [found.seen for found in check_history(room.events, room.protocol) if found.severity is Severity.STOP]
        assert stops == []


def test_no_correction_removes_an_original(run):
    for room in run[0]:
        for event in room.events:
            if event.type in ("entry-corrected", "entry-withdrawn"):
                original = room.events[event.data["seq"] - 1]
                assert original.seq == event.data["seq"]
                assert room.state.find_seq(original.seq) is original
