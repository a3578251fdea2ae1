"""What happens in a session: commands are decided into events, events evolve the state, a view is derived from it.

Pure: no framework, no clock, no storage. `parse_command` reads a command, `decide` judges it, `fold` rebuilds a state
from stored events, `derive_view` gives everything a screen shows at an instant.
"""

from afterglow.chairside.actors import SYSTEM, Actor
from afterglow.chairside.commands import COMMANDS, Command, CommandType, list_text_fields, parse_command
from afterglow.chairside.decide import Decision, Refusal, decide
from afterglow.chairside.events import EVENT_TYPES, Event, get_version, parse_event, render_event
from afterglow.chairside.state import EMPTY, SessionState, evolve, fold
from afterglow.chairside.view import derive_view, list_missed
from afterglow.chairside.vitals_line import parse_vitals_line

__all__ = [
    "COMMANDS",
    "EMPTY",
    "EVENT_TYPES",
    "SYSTEM",
    "Actor",
    "Command",
    "CommandType",
    "Decision",
    "Event",
    "Refusal",
    "SessionState",
    "decide",
    "derive_view",
    "evolve",
    "fold",
    "get_version",
    "list_missed",
    "list_text_fields",
    "parse_command",
    "parse_event",
    "parse_vitals_line",
    "render_event",
]
