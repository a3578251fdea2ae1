"""How fast a session is decided and folded: commands per second, and the replay of a 500-event session.

The reference is reading the same events from JSON: what any program would pay that only looked at them.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from afterglow.chairside.commands import parse_command
from afterglow.chairside.decide import decide
from afterglow.chairside.events import Event, parse_event, render_event
from afterglow.chairside.state import SessionState, evolve, fold
from afterglow.chairside.view import derive_view
from bench._report import measure, print_ratios
from tests.support.rooms import NURSE, Room

LONG = 500


def build_long_session() -> Room:
    """Return a running infusion with about 500 events: a reading every few seconds, ticks in between."""
    room = Room().start()
    room.do("record-pause")
    while len(room.events) < LONG:
        room.wait(seconds=20).vitals(systolic=120 + len(room.events) % 30)
        if len(room.events) % 7 == 0:
            room.do("record-score", scale="cadss6", total=str(len(room.events) % 10))
        room.tick()
    return room


def build_decider(room: Room) -> Callable[[], object]:
    """Return work that decides one entry of vitals and folds its events."""
    command = parse_command("record-vitals", {"systolic": 128, "diastolic": 80, "heart_rate": 70})

    def work() -> SessionState:
        state = room.state
        answer = decide(state, command, protocol=room.protocol, by=NURSE, occurred_at=room.now, now=room.now)
        for event in answer.events:  # type: ignore[union-attr]
            state = evolve(state, event)
        return state

    return work


def main() -> None:
    """Print both tables."""
    short, long = Room().start(), build_long_session()
    lines = [json.dumps(render_event(event)) for event in long.events]
    events: list[Event] = [parse_event(json.loads(line)) for line in lines]
    print_ratios(
        f"one entry of vitals, decided and folded ({len(short.events)} or {len(long.events)} events before it)",
        {
            "json.loads of one event": measure(lambda: json.loads(lines[-1])),
            "decide + evolve, early": measure(build_decider(short)),
            "decide + evolve, late": measure(build_decider(long)),
        },
        reference="json.loads of one event",
        unit="entries",
    )
    print()
    print_ratios(
        f"replay of a session of {len(events)} events",
        {
            "json.loads of its lines": measure(lambda: [json.loads(line) for line in lines]),
            "parse_event of its lines": measure(lambda: [parse_event(json.loads(line)) for line in lines]),
            "fold": measure(lambda: fold(events)),
            "view": measure(lambda: derive_view(long.state, protocol=long.protocol, now=long.now)),
        },
        reference="json.loads of its lines",
        unit="sessions",
    )


if __name__ == "__main__":
    main()
