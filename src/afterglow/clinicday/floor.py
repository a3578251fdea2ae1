"""The floor's data: the order of the board, opening checks, steps of an emergency, the escort's ladder."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.terms import Citation, Grade


@dataclass(frozen=True, slots=True)
class OpeningItem:
    """One thing that is checked before the first dose of a day, and by how many people."""

    id: str
    title: str
    asks: str
    group: str
    citation: Citation
    needs: str = ""
    people: int = 1


@dataclass(frozen=True, slots=True)
class CodeStep:
    """One tap of an emergency; `drug` is what was given, where it is a dose, `command` another entry of the session."""

    id: str
    title: str
    group: str
    drug: Mapping[str, str] = field(default_factory=dict)
    command: str = ""


@dataclass(frozen=True, slots=True)
class EscortStep:
    """One step of the ladder when an escort has not come."""

    id: str
    title: str
    asks: str


@cache
def load_data() -> Mapping[str, Any]:
    """Return the packaged rows."""
    text = files("afterglow.clinicday").joinpath("data", "floor.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def load_opening() -> Mapping[str, OpeningItem]:
    """Return the opening checks by id, in the order in which they are done."""
    return {
        row["id"]: OpeningItem(
            id=row["id"],
            title=row["title"],
            asks=row["asks"],
            group=row["group"],
            citation=_cite(row),
            needs=row.get("needs", ""),
            people=row.get("people", 1),
        )
        for row in load_data()["opening"]
    }


@cache
def load_code_steps() -> Mapping[str, CodeStep]:
    """Return the taps of an emergency by id."""
    return {row["id"]: CodeStep(**row) for row in load_data()["code"]}


@cache
def load_escort_ladder() -> tuple[EscortStep, ...]:
    """Return the ladder when an escort has not come, first step first."""
    return tuple(EscortStep(**row) for row in load_data()["escort"])


@cache
def list_kinds() -> tuple[str, ...]:
    """Return the kinds of need, from what is looked at first."""
    return tuple(load_data()["order"]["kinds"])


@cache
def list_crisis_kinds() -> tuple[str, ...]:
    """Return the kinds of tasks that stand on every staff page until somebody takes them."""
    return tuple(load_data()["crisis"]["kinds"])


def get_near_due() -> timedelta:
    """Return how far ahead the lane of what is due looks."""
    return timedelta(hours=load_data()["values"]["near_due_h"]["value"])


def _cite(row: Mapping[str, Any]) -> Citation:
    return Citation(row["source"], row["locator"], Grade(row["grade"]))
