"""What pages and plans read beside the models: levels that trials saw, and medicines that blunt the circulation."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.pharmacology._values import is_between
from afterglow.terms import Citation, Grade, InvalidInput, UnknownSource, build_error

HIGHEST_NG_PER_ML = 20_000.0


@dataclass(frozen=True, slots=True)
class SeenLevels:
    """Peaks that trials saw with one drug by one route, ng/mL; `name` is what a page calls the source."""

    drug: str
    route: str
    low_ng_per_ml: float
    high_ng_per_ml: float
    name: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Attenuating:
    """A medicine that takes part of the rise of pressure and heart rate away; names on a chart begin with `name`."""

    name: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Practice:
    """Everything of the file."""

    levels: tuple[SeenLevels, ...]
    attenuating: tuple[Attenuating, ...]


@cache
def load_practice() -> Practice:
    """Return the packaged data."""
    text = files("afterglow.pharmacology").joinpath("data", "practice.toml").read_text(encoding="utf-8")
    return read_practice(tomllib.loads(text))


def read_practice(content: Mapping[str, Sequence[Mapping[str, Any]]]) -> Practice:
    """Return the data of a file.

    Raises
    ------
    InvalidInput
        An entry without a name, a source of the bibliography, a place or a grade, or a range that is none.
    """
    levels = []
    for i, row in enumerate(content["level"]):
        path = f"level[{i}]"
        low, high = (row.get(f"{end}_ng_per_ml") for end in ("low", "high"))
        is_range = is_between(low, 0.0, HIGHEST_NG_PER_ML, is_open=True) and is_between(high, 0.0, HIGHEST_NG_PER_ML)
        if low is None or high is None or not is_range or low > high:
            message = f"{path} is no range of levels"
            accepted = f"low <= high, above 0 to {HIGHEST_NG_PER_ML:g} ng/mL"
            raise InvalidInput([build_error(path, "data-not-accepted", [low, high], accepted, message)])
        drug, route, name = (_read_word(path, row, key) for key in ("drug", "route", "name"))
        levels.append(SeenLevels(drug, route, float(low), float(high), name, _cite(path, row)))
    attenuating = [
        Attenuating(_read_word(f"attenuating[{i}]", row, "name").lower(), _cite(f"attenuating[{i}]", row))
        for i, row in enumerate(content["attenuating"])
    ]
    return Practice(tuple(levels), tuple(attenuating))


def find_seen_levels(drug: str, route: str) -> SeenLevels | None:
    """Return the peaks that trials saw with a drug by a route; None where none are known."""
    return next((one for one in load_practice().levels if (one.drug, one.route) == (drug, route)), None)


def is_attenuating(name: str) -> bool:
    """Whether a medicine, as a chart names it, blunts the rise of pressure and heart rate."""
    return name.strip().lower().startswith(tuple(one.name for one in load_practice().attenuating))


def _read_word(path: str, row: Mapping[str, Any], name: str) -> str:
    word = row.get(name)
    if not isinstance(word, str) or not word.strip():
        message = f"{path} lacks its {name}"
        raise InvalidInput([build_error(f"{path}.{name}", "data-not-accepted", word, "a word", message)])
    return word


def _cite(path: str, row: Mapping[str, Any]) -> Citation:
    source, locator, grade = (_read_word(path, row, name) for name in ("source", "locator", "grade"))
    try:
        return Citation(source, locator, Grade(grade))
    except (UnknownSource, ValueError) as error:
        accepted = "a bibliography key and a grade"
        raise InvalidInput([build_error(path, "data-not-accepted", source, accepted, f"{path}: {error}")]) from None
