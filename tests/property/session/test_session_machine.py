"""A session as a state machine: a directed generator acts, and after each step the promises of the chairside hold."""

import random
from contextlib import suppress
from decimal import Decimal

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from afterglow.chairside import COMMANDS, Decision, Refusal, decide, fold, parse_command, parse_event, render_event
from afterglow.chairside.dosing import STARTS, calculate_dose_mg
from afterglow.chairside.history import check_history
from afterglow.terms import InvalidInput, Severity
from tests.support.acting import PROTOCOLS, act, build_any
from tests.support.rooms import CAST, Room

STAGES = ("arrive", "ready", "ready", "start", "observe", "recover")
TOLERANCE = Decimal("1.02")


class SessionMachine(RuleBasedStateMachine):
    """One room in which people act, well or badly, and time passes."""

    @initialize(protocol=st.sampled_from(PROTOCOLS), stage=st.sampled_from(STAGES))
    def open(self, protocol, stage):
        """Begin somewhere on the usual way."""
        self.room = getattr(Room(protocol), stage)()

    @rule(seed=st.integers(0, 2**32))
    def someone_acts(self, seed):
        """Do what a clinic might do next."""
        with suppress(InvalidInput):
            assert isinstance(act(self.room, random.Random(seed)), Decision | Refusal)

    @rule(minutes=st.integers(1, 90))
    def time_passes(self, minutes):
        """Let time pass, and the ticker come by twice: the second time there is nothing left to say."""
        self.room.wait(minutes).tick()
        assert self.room.tick().events == ()

    @invariant()
    def the_record_is_in_order(self):
        """Numbers without gaps, recorded times that never run back, nothing ahead of its record."""
        events = self.room.events
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert all(event.occurred_at <= event.recorded_at for event in events)

    @invariant()
    def no_dose_without_the_three(self):
        """Identity, consent and time-out stand before every first drug."""
        if self.room.state.has(*STARTS):
            assert {"identity-confirmed", "consent-confirmed", "time-out-signed"} <= set(self.room.types)

    @invariant()
    def the_dose_stays_within_the_order(self):
        """Calculated never passes ordered, but for two per cent of drawing, verbal devices and corrected bags."""
        room = self.room
        given = calculate_dose_mg(room.state, room.protocol, room.now)
        if given is None:
            return
        ordered = [Decimal(event.data["ordered_mg"]) for event in room.state.list("order-signed")]
        extra = sum(28 * int(event.data.get("devices") or 0) for event in room.state.list("verbal-order-recorded"))
        corrected = [
            Decimal(event.data["data"][name])
            for event in room.state.list("entry-corrected")
            for name in ("prepared_mg", "dose_mg")
            if name in (event.data.get("data") or {})
        ]
        assert given <= (max(ordered) + extra + sum(corrected)) * TOLERANCE

    def teardown(self):
        """Replay the whole history: the same state, and nothing impossible in it."""
        room = getattr(self, "room", None)
        if room is None:
            return
        assert fold(parse_event(render_event(event)) for event in room.events) == room.state
        found = check_history(room.events, room.protocol)
        assert [finding.seen for finding in found if finding.severity is Severity.STOP] == []
        assert room.view == room.view


TestSessionMachine = SessionMachine.TestCase
TestSessionMachine.settings = settings(
    settings.get_profile(settings.get_current_profile_name()),
    stateful_step_count=12,
    suppress_health_check=list(HealthCheck),
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats()
    | st.decimals()
    | st.text(max_size=12)
    | st.sampled_from(["none", "given", "2026-11-17", "0.5", "A-01", "NaN", "1e400", "\x00", "phq9", "cadss6"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_garbage_is_refused_and_nothing_else_happens(data):
    """Whatever a form or a file sends, the answer is InvalidInput, a Refusal or a Decision, and a view can be shown."""
    room = getattr(Room(data.draw(st.sampled_from(PROTOCOLS))), data.draw(st.sampled_from(STAGES)))()
    name = data.draw(st.sampled_from(sorted(COMMANDS)))
    names = [spec.name for spec in COMMANDS[name].fields]
    fields = st.dictionaries(st.sampled_from([*names, "surprise"]), VALUES, max_size=5)
    given_data = data.draw(fields)
    by, second = data.draw(st.sampled_from(CAST)), data.draw(st.sampled_from([None, *CAST]))
    try:
        answer = decide(
            room.state, parse_command(name, given_data), protocol=room.protocol, by=by, second=second, now=room.now
        )
    except InvalidInput:
        return
    assert isinstance(answer, Decision | Refusal)
    if isinstance(answer, Decision):
        for event in answer.events:
            room.state = fold([event], room.state)
        assert room.view["last_seq"] == len(room.events)


@given(st.data())
def test_well_formed_values_of_any_command_meet_any_stage_without_an_error(data):
    """Values that the fields take, in any combination, at any stage, under any protocol."""
    room = getattr(Room(data.draw(st.sampled_from(PROTOCOLS))), data.draw(st.sampled_from(STAGES)))()
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    for _ in range(3):
        name = rng.choice(sorted(COMMANDS))
        try:
            room.ask(name, rng.choice(CAST), second=rng.choice([None, *CAST]), **build_any(name, rng))
        except InvalidInput:
            continue
    assert room.view["last_seq"] == len(room.events)
