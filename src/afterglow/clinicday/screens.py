"""How answers about suicide look at a glance: when a calm C-SSRS loses its colour, and which answer is the worst.

A yes never lapses. What was not asked, not answered whole, or asked too long ago is not known, and looks so.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.clinicday.risk import OLDER, RECENT
from afterglow.protocols.catalogue import get_base, load_protocol_ids
from afterglow.terms import Citation, Grade


class Look(StrEnum):
    """What a glance says of the newest C-SSRS."""

    NEVER = "never"
    PARTLY = "partly"
    TOLD = "told"
    FRESH = "fresh"
    AGED = "aged"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit with its unit and where it comes from."""

    value: int
    unit: str
    citation: Citation


def judge_look(ideation: int | None, behaviour: str | None, *, age_min: float | None, age_d: int) -> Look:
    """Return how the newest C-SSRS looks; `age_min` is None where only the day is known, which is never fresh."""
    if ideation or behaviour in (RECENT, OLDER):
        return Look.TOLD
    if ideation is None or behaviour is None:
        return Look.PARTLY
    if age_min is not None and 0 <= age_min <= get_fresh().value:
        return Look.FRESH
    return Look.AGED if 0 <= age_d <= get_known().value else Look.LAPSED


@cache
def get_fresh() -> Limit:
    """Return for how many minutes a C-SSRS opens a dose, the shortest of the packaged protocols."""
    name = _read()["fresh"]["setting"]
    settings = [get_base(each).settings.get(name) for each in load_protocol_ids()]
    shortest = min((each for each in settings if each is not None), key=lambda each: int(each.value))
    return Limit(int(shortest.value), "min", shortest.citation)


@cache
def get_known() -> Limit:
    """Return for how many days a C-SSRS without a yes is told as known."""
    table = _read()["known"]
    return Limit(int(table["days"]), "d", _cite(table))


@cache
def find_one_is_enough() -> Citation | None:
    """Return where it is said that an assessment of the answers counts in the session of the visit, or None."""
    table = _read()["one"]
    return _cite(table) if table["counts_in_session"] else None


def rank_told(
    level: str, seen: Mapping[str, str], *, highest: Mapping[str, Decimal], is_columbia: bool, is_acting: bool = False
) -> tuple[int, int, Decimal, int]:
    """Return how bad an alert's answers are, the worst sorting last.

    Parameters
    ----------
    highest : mapping of str to Decimal
        The highest answer of each item; an item that is not named counts as answered with its highest.
    is_acting : bool
        Whether the person said that they might act, whatever it was asked with.
    """
    table = _read()["worst"]
    levels = list(reversed(table["levels"]))
    # a level that is not listed is treated as the strictest
    place = levels.index(level) if level in levels else len(levels)
    is_intent = is_acting or (is_columbia and _is_yes(seen, table["intent_items"]))
    heights = [Decimal(value) / highest[item] for item, value in seen.items() if highest.get(item)]
    if is_columbia:
        # each yes is alike on its item; what differs is how far down the list it stands
        known = [int(item) for item, value in seen.items() if item in "12345" and Decimal(value) > 0]
        heights = [Decimal(max(known)) / 5] if known else []
    return place, int(is_intent), max(heights, default=Decimal(1)), int(is_columbia)


def _is_yes(seen: Mapping[str, str], items: Collection[str]) -> bool:
    return any(item in items and Decimal(value) > 0 for item, value in seen.items())


def _cite(table: Mapping[str, Any]) -> Citation:
    return Citation(table["source"], table["locator"], Grade(table["grade"]))


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(files("afterglow.clinicday").joinpath("data/screens.toml").read_text("utf-8"))
