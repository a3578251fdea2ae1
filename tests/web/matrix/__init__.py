"""The rows of each room: `ROOM.toml` holds the reviewed answers, `ROOM.py` the requests behind them.

A room's module may define `OBJECTS` (parts of addresses that name a row), `OWN` (routes that concern only one's own
browser or store nothing: pairs of route and row), `DEFAULTS`, `ASKS`, `build_parts(house)` for the parts its addresses
need, and `furnish(house)`, which adds the rows that its pages show.
"""

import importlib
import pkgutil
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any


def list_rooms() -> list[ModuleType]:
    """Return the module of every room."""
    return [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]


def read_routes() -> dict[str, dict[str, str]]:
    """Return the answers of every room."""
    routes: dict[str, dict[str, str]] = {}
    for file in sorted(Path(__file__).parent.glob("*.toml")):
        for name, rows in tomllib.loads(file.read_text(encoding="utf-8"))["route"].items():
            if name in routes:
                raise ValueError(f"{name} stands in two files")
            routes[name] = rows
    return routes


def gather(name: str, empty: Any) -> Any:
    """Return what every room says under a name, put together."""
    found = empty
    for room in list_rooms():
        found = found | getattr(room, name, type(empty)())
    return found
