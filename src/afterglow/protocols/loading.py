"""Reads the packaged protocol files: routes, indications, profiles, and what all sessions share.

Only the shape of the outer files is checked here; everything inside passes through the strict reader when the
pieces become one protocol, so that no number reaches a session without unit, source, locator and grade.
"""

import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.protocols.reading import Reader

Table = Mapping[str, Any]

SELECTORS = ("drugs", "routes", "patterns", "protocols")
# file of data/session -> the name of the list it holds
SESSION_FILES: Mapping[str, tuple[str, ...]] = {
    "alarms": ("alarm",),
    "checks": ("check",),
    "due": ("due",),
    "gates": ("gate",),
    "instructions": ("instruction",),
    "ladders": ("ladder",),
    "rems": ("field",),
    "schedule": ("review", "limit"),
    "settings": ("setting",),
}
_ROUTE = ("id", "version", "title", "drug", "route", "pattern", "is_runnable", "indications", "profiles", "doses")
_INDICATION = ("id", "title", "outcome", "consent")
_PROFILE = ("id", "title", "disagreement", "options", "source", "locator", "grade")


def read_data(folder: str, name: str) -> dict[str, Any]:
    """Return one packaged TOML file; its numbers stay exact."""
    text = (
        files("afterglow.protocols")
        .joinpath("data", *filter(None, (folder, f"{name}.toml")))
        .read_text(encoding="utf-8")
    )
    return tomllib.loads(text, parse_float=Decimal)


@cache
def list_names(folder: str) -> tuple[str, ...]:
    """Return the names of the files of one data folder, sorted."""
    entries = files("afterglow.protocols").joinpath("data", folder).iterdir()
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in entries if entry.name.endswith(".toml")))


@cache
def load_route(protocol_id: str) -> Table:
    """Return the data of one protocol id as its file holds it."""
    optional = ("limits", "schedule", "route_facts", "disagreements", "replace")
    return _read_checked("routes", protocol_id, _ROUTE, optional)


@cache
def load_indication(indication: str) -> Table:
    """Return the data of one indication."""
    return _read_checked("indications", indication, _INDICATION, ("rules", "schedule", "settings", "disagreements"))


@cache
def load_profile(name: str) -> Table:
    """Return one profile with all its options."""
    profile = _read_checked("profiles", name, _PROFILE, ("common",))
    reader = Reader()
    for option, table in profile["options"].items():
        required = ("title", "source", "locator", "grade")
        reader.read_table(table, f"{name}.{option}", required, ("only", "rules", "due", "checks", "settings"))
    reader.raise_problems()
    return profile


@cache
def load_session_data(name: str, kind: str) -> tuple[Table, ...]:
    """Return the shared entries of one kind, for instance the alarm rows."""
    content = read_data("session", name)
    reader = Reader()
    reader.read_table(content, name, SESSION_FILES[name])
    reader.raise_problems()
    return tuple(content[kind])


def select(entries: Iterable[Table], route: Table) -> list[dict[str, Any]]:
    """Return the entries that belong to a route, without their selectors."""
    chosen = []
    for entry in entries:
        if is_meant_for(entry, route):
            chosen.append({key: value for key, value in entry.items() if key != "only"})
    return chosen


def is_meant_for(entry: Table, route: Table) -> bool:
    """Return whether an entry's `only` names this route in each selector it has."""
    only = entry.get("only", {})
    unknown = set(only) - set(SELECTORS)
    if unknown:
        reader = Reader()
        reader.refuse("only", "selector-unknown", sorted(unknown), ", ".join(SELECTORS), "unknown selector")
        reader.raise_problems()
    seen = {"drugs": route["drug"], "routes": route["route"], "patterns": route["pattern"], "protocols": route["id"]}
    return all(seen[name] in wanted for name, wanted in only.items())


def _read_checked(folder: str, name: str, required: Iterable[str], optional: Iterable[str]) -> Table:
    content = read_data(folder, name)
    reader = Reader()
    table = reader.read_table(content, f"{folder}/{name}", required, optional)
    if table is not None and content["id"] != name:
        reader.refuse("id", "id-mismatch", content["id"], name, "the id differs from the file's name")
    reader.raise_problems()
    return content
