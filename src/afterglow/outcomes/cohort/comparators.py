"""Published results beside a clinic's own: only of the same condition, way and scale, with source and grade."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.terms import Citation, Grade


@dataclass(frozen=True, slots=True)
class Comparator:
    """One published result; `people` is 0 where the source does not say how many."""

    id: str
    name: str
    conditions: frozenset[str]
    ways: frozenset[str]
    instrument: str
    outcome: str
    percent: float
    people: int
    at_weeks: int
    design: str
    time: str
    note: str
    citation: Citation


@cache
def load_comparators() -> tuple[Comparator, ...]:
    """Return every packaged comparator; one without a word of what it is is refused at load."""
    return tuple(_read(row) for row in _read_file()["comparator"])


def find_comparators(condition: str, way: str, instrument: str, outcome: str) -> tuple[Comparator, ...]:
    """Return the published results of the same condition, way, scale and outcome."""
    return tuple(
        each
        for each in load_comparators()
        if condition in each.conditions
        and way in each.ways
        and (each.instrument, each.outcome) == (instrument, outcome)
    )


def find_remark(condition: str, way: str) -> str:
    """Return in words why nothing published stands beside a row."""
    for row in _read_file()["remark"]:
        if condition in row.get("conditions", (condition,)) and way in row.get("ways", (way,)):
            return str(row["words"])
    return ""


def _read(row: Mapping[str, Any]) -> Comparator:
    return Comparator(
        id=row["id"],
        name=row["name"],
        conditions=frozenset(row["conditions"]),
        ways=frozenset(row["ways"]),
        instrument=row["instrument"],
        outcome=row["outcome"],
        percent=float(row["percent"]),
        people=row["people"],
        at_weeks=row.get("at_weeks", 0),
        design=row["design"],
        time=row["time"],
        note=row["note"],
        citation=Citation(row["source"], row["locator"], Grade(row["grade"])),
    )


@cache
def _read_file() -> Mapping[str, Any]:
    text = files("afterglow.outcomes.cohort").joinpath("data", "comparators.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
