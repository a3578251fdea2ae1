"""The forecast's own numbers: value, unit, source and grade, as packaged data."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.terms import Citation, Grade


@dataclass(frozen=True, slots=True)
class ForecastParameter:
    """One number of the forecast or of the loss with its unit and where it comes from."""

    name: str
    value: float
    unit: str
    citation: Citation
    note: str = ""


@cache
def load_forecast_parameters() -> Mapping[str, ForecastParameter]:
    """Return every number of the forecast by name."""
    return read_parameters(files("afterglow.outcomes.forecast").joinpath("data", "forecast.toml").read_text("utf-8"))


def get_number(name: str) -> float:
    """Return the value of one of the forecast's numbers."""
    return load_forecast_parameters()[name].value


def read_parameters(text: str) -> dict[str, ForecastParameter]:
    """Return the parameters of a file: one table each."""
    return {name: read_parameter(name, row) for name, row in tomllib.loads(text).items()}


def read_parameter(name: str, row: Mapping[str, Any]) -> ForecastParameter:
    """Return one parameter from its table."""
    citation = Citation(row["source"], row["locator"], Grade(row["grade"]))
    return ForecastParameter(name, float(row["value"]), row["unit"], citation, row.get("note", ""))
