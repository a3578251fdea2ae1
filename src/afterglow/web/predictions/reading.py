"""An answer of the worker as the pages use it: bands over time, rounded values, basis, problems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Band:
    """The middle and both ends of 90 of 100 people, one number a minute of the axis."""

    low: tuple[float, ...]
    mid: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """One option as it was worked out."""

    key: str
    concentration: Band
    cadss6: Band
    pressure: Band
    values: Mapping[str, Any]
    basis: Mapping[str, Any]
    problems: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two options over the same minutes."""

    minutes: tuple[float, ...]
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """The band of a session by what was recorded."""

    minutes: tuple[float, ...]
    concentration: Band
    cadss6: Band
    given: tuple[Mapping[str, float], ...]
    basis: Mapping[str, Any]
    problems: tuple[Mapping[str, Any], ...]

    @property
    def end_min(self) -> float:
        """When the last of the drug went in, or will by the rate recorded last."""
        return max((row["start_min"] + row["duration_min"] for row in self.given), default=0.0)


def read_comparison(answer: Mapping[str, Any]) -> Comparison:
    """Return two options from the worker's answer; its status is ok."""
    sides = tuple(read_side(content) for content in answer["options"])
    return Comparison(tuple(answer["time_min"]), sides)


def read_course(answer: Mapping[str, Any]) -> Course:
    """Return a session's band from the worker's answer; its status is ok."""
    curves = answer["curves"]
    return Course(
        tuple(answer["time_min"]),
        _read_band(curves["concentration_ng_per_ml"]),
        _read_band(curves["cadss6"]),
        tuple(answer["given"]),
        answer["basis"],
        tuple(answer.get("problems", ())),
    )


def find_place(minutes: Sequence[float], at: float) -> int:
    """Return the place of the last minute that is not after `at`; the first one where all are."""
    return max((index for index, minute in enumerate(minutes) if minute <= at + 1e-9), default=0)


def read_side(content: Mapping[str, Any]) -> Side:
    """Return one option of an answer."""
    curves = content["curves"]
    return Side(
        content["key"],
        _read_band(curves["concentration_ng_per_ml"]),
        _read_band(curves["cadss6"]),
        _read_band(curves["systolic_rise_mmhg"]),
        content["values"],
        content["basis"],
        tuple(content.get("problems", ())),
    )


def _read_band(content: Mapping[str, Any]) -> Band:
    return Band(tuple(content["p5"]), tuple(content["p50"]), tuple(content["p95"]))
