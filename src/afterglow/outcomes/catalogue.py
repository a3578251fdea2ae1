"""Reads the packaged estimands and rules, and refuses any that is incomplete or without a source."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.terms import Citation, Grade, InvalidInput, TermsError, build_error

_WORDS = ("title", "sentence", "population", "endpoint", "time", "intercurrent", "summary")
_LIMITS = ("at_least", "above", "below", "rise")


class MalformedEstimand(TermsError):
    """A packaged definition that breaks the format; found by the tests and at load."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number of an estimand with its unit and source."""

    value: Decimal
    unit: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Estimand:
    """What a result means: one sentence and the parts that make it checkable."""

    id: str
    title: str
    sentence: str
    population: str
    endpoint: str
    time: str
    intercurrent: str
    summary: str
    citation: Citation
    parameters: Mapping[str, Parameter]

    def get_number(self, name: str) -> Decimal:
        """Return the value of a parameter."""
        return self.parameters[name].value


@dataclass(frozen=True, slots=True)
class RelapseRule:
    """Which total counts as relapse, and after which state: `response` or `remission`.

    `longest_days` is how long after the first score the confirming one may come; None is as the estimand says.
    """

    id: str
    instrument: str
    threshold: Decimal
    after: str
    sentence: str
    citation: Citation
    longest_days: int | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """How many points patients who moved by one (meaningful) or two (substantial) anchor steps moved on a scale."""

    instrument: str
    meaningful: Decimal
    substantial: Decimal
    citation: Citation


@dataclass(frozen=True, slots=True)
class Watch:
    """One long-term safety value: the limit (`kind` and `limit`) past which somebody must look, and what is asked."""

    id: str
    topic: str
    title: str
    unit: str
    kind: str
    limit: Decimal
    asks: str
    citation: Citation

    @property
    def threshold(self) -> str:
        """The limit in words."""
        words = {
            "at_least": "{} or more",
            "above": "above {}",
            "below": "below {}",
            "rise": "{} or more over the first",
        }
        return words[self.kind].format(self.limit)


@cache
def load_estimands() -> Mapping[str, Estimand]:
    """Return every packaged estimand by id."""
    return {row["id"]: parse_estimand(row) for row in _read_file()["estimand"]}


def get_estimand(estimand_id: str) -> Estimand:
    """Return the estimand of that id; refuse an unknown one by naming those there are."""
    known = load_estimands()
    if estimand_id not in known:
        message = f"no estimand {estimand_id!r}"
        raise InvalidInput([build_error("estimand", "estimand-unknown", estimand_id, ", ".join(known), message)])
    return known[estimand_id]


@cache
def load_relapse_rules() -> tuple[RelapseRule, ...]:
    """Return the packaged relapse rules; a clinic may hand its own to the reading instead."""
    return tuple(
        RelapseRule(
            row["id"],
            row["instrument"],
            Decimal(row["threshold"]),
            row["after"],
            row["sentence"],
            _read_citation(row),
            row.get("longest_days"),
        )
        for row in _read_file()["relapse"]
    )


@cache
def load_anchors() -> Mapping[str, Anchor]:
    """Return the anchored changes by instrument."""
    return {
        row["instrument"]: Anchor(
            row["instrument"], Decimal(row["meaningful"]), Decimal(row["substantial"]), _read_citation(row)
        )
        for row in _read_file()["anchor"]
    }


@cache
def load_watches() -> Mapping[str, Watch]:
    """Return the long-term safety values by id."""
    return {row["id"]: _read_watch(row) for row in _read_file()["watch"]}


def parse_estimand(row: Mapping[str, Any]) -> Estimand:
    """Return the estimand written in `row`."""
    try:
        words = {name: _read_words(row, name) for name in _WORDS}
        parameters = {
            name: Parameter(Decimal(entry["value"]), entry["unit"], _read_citation(entry))
            for name, entry in row.get("parameters", {}).items()
        }
        return Estimand(id=row["id"], citation=_read_citation(row), parameters=parameters, **words)
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedEstimand(f"estimand {row.get('id', '?')}: {error!r}") from error


def _read_words(row: Mapping[str, Any], name: str) -> str:
    text = str(row[name]).strip()
    if not text:
        raise ValueError(f"{name} is empty")
    return text


def _read_watch(row: Mapping[str, Any]) -> Watch:
    kinds = [kind for kind in _LIMITS if kind in row]
    if len(kinds) != 1:
        raise MalformedEstimand(f"watch {row['id']} needs exactly one of {', '.join(_LIMITS)}")
    return Watch(
        id=row["id"],
        topic=row["topic"],
        title=row["title"],
        unit=row["unit"],
        kind=kinds[0],
        limit=Decimal(row[kinds[0]]),
        asks=row["asks"],
        citation=_read_citation(row),
    )


def _read_citation(row: Mapping[str, Any]) -> Citation:
    return Citation(row["source"], row["locator"], Grade(row["grade"]))


@cache
def _read_file() -> Mapping[str, Any]:
    text = files("afterglow.outcomes").joinpath("data", "estimands.toml").read_text(encoding="utf-8")
    return tomllib.loads(text, parse_float=Decimal)
