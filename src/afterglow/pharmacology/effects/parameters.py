"""The effect parameters as cited data, and the values one population of people draws from them.

A parameter of zero `omega` is the same for everyone. Draws are independent of each other and of the kinetics:
no source gives a correlation.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from afterglow.pharmacology._values import check_overrides, is_whole, show_value
from afterglow.terms import Citation, Grade, InvalidInput, build_error

FloatArray = NDArray[np.float64]

ENDPOINTS = ("effect_site", "drug_high", "dissociation", "sedation", "circulation", "analgesia", "occupancy")


@dataclass(frozen=True, slots=True)
class EffectParameter:
    """One number of one effect: value, interval where known, spread between people, source and grade.

    `omega` is the standard deviation of the logarithm between people. `value_is` says whether the value is the
    median person (as usual) or the mean of a skewed distribution.
    """

    name: str
    value: float
    unit: str
    citation: Citation
    low: float | None = None
    high: float | None = None
    omega: float = 0.0
    value_is: Literal["median", "mean"] = "median"
    note: str = ""

    @property
    def median(self) -> float:
        """The value of the median person."""
        return self.value * float(np.exp(-(self.omega**2) / 2)) if self.value_is == "mean" else self.value


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One effect: its parameters by name, the blood its constants were measured against, where it fails."""

    key: str
    title: str
    sampling_site: str
    parameters: Mapping[str, EffectParameter]
    known_failures: tuple[str, ...] = ()

    @property
    def worst_grade(self) -> Grade:
        """The weakest grade among the parameters: the grade of what the endpoint predicts."""
        return max((parameter.citation.grade for parameter in self.parameters.values()), key=lambda grade: grade.value)


@dataclass(frozen=True, slots=True)
class EffectValues:
    """The values used in one run, `endpoint.parameter` to a number or an array of shape (n,)."""

    n: int
    values: Mapping[str, float | FloatArray] = field(default_factory=dict)

    def get(self, name: str) -> float | FloatArray:
        """Return the value of `endpoint.parameter`; raise KeyError when there is none."""
        return self.values[name]


@cache
def load_endpoints() -> Mapping[str, Endpoint]:
    """Return every endpoint by key, read from the packaged data."""
    return {key: _read_endpoint(key) for key in ENDPOINTS}


def list_parameters() -> list[tuple[str, EffectParameter]]:
    """Return every parameter with its full name `endpoint.parameter`, in the order of the data."""
    return [
        (f"{key}.{name}", parameter)
        for key, endpoint in load_endpoints().items()
        for name, parameter in endpoint.parameters.items()
    ]


def build_typical_values(n: int = 1, overrides: Mapping[str, float] | None = None) -> EffectValues:
    """Return the median person's values, with single numbers replaced by name.

    Raises
    ------
    InvalidInput
        An override names no parameter, or is not a finite number.
    """
    values: dict[str, float | FloatArray] = {name: parameter.median for name, parameter in list_parameters()}
    return EffectValues(n, values | check_overrides(overrides or {}, values, "effect parameter"))


def draw_values(n: int, generator: np.random.Generator, overrides: Mapping[str, float] | None = None) -> EffectValues:
    """Return the values of `n` people, log-normal where a parameter has an omega.

    Parameters
    ----------
    n : int
        Number of people, at least 1.
    generator : numpy.random.Generator
        Consumed in the order of the data, n draws per parameter with an omega.
    overrides : mapping of str to float, optional
        Values that replace the median of a parameter by its full name; the spread is kept.

    Raises
    ------
    InvalidInput
        `n` below 1, an unknown name or a number that is not finite.
    """
    if not is_whole(n, 1, 2**63 - 1):
        text = "A population has at least one person."
        raise InvalidInput([build_error("n", "out-of-range", show_value(n), "1 or more", text)])
    values = dict(build_typical_values(n, overrides).values)
    for name, parameter in list_parameters():
        if parameter.omega > 0:
            values[name] = values[name] * np.exp(parameter.omega * generator.standard_normal(n))
    return EffectValues(n, values)


def _read_endpoint(key: str) -> Endpoint:
    text = files("afterglow.pharmacology.effects").joinpath("data", f"{key}.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    rows = [_read_parameter(row) for row in content["parameter"]]
    return Endpoint(
        key=content["endpoint"],
        title=content["title"],
        sampling_site=content["sampling_site"],
        parameters={row.name: row for row in rows},
        known_failures=tuple(content.get("known_failures", ())),
    )


def _read_parameter(row: dict[str, Any]) -> EffectParameter:
    citation = Citation(row["source"], row["locator"], Grade(row["grade"]))
    kept = {key: row[key] for key in ("low", "high", "omega", "value_is", "note") if key in row}
    return EffectParameter(row["name"], float(row["value"]), row["unit"], citation, **kept)
