"""What a simulation gives back: curves, summaries and what must be said about them, and their published JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from afterglow.pharmacology._types import MINUTES_PER_HOUR, FloatArray
from afterglow.pharmacology.models.kinetics import Kinetics
from afterglow.pharmacology.models.model import Model
from afterglow.terms import Grade, Problem, get_source

QUANTILES = {"p5": 0.05, "p50": 0.50, "p95": 0.95}
SMALLEST = 1e-9  # below it a level or an effect is written as 0

Series = Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True)
class Part:
    """One model's share of a simulation, and the summary of its own people; a mixture has several."""

    model: Model
    kinetics: Kinetics
    weight: float
    summary: Mapping[str, Series] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Simulation:
    """Curves and summaries of one request.

    Attributes
    ----------
    id : str
        Of the model or the mixture.
    parts : tuple of Part
    times_h : ndarray, shape (n_times,), h
    bands : mapping of analyte to mapping of `p5 p50 p95` (or `value` for one typical person) to ndarray (n_times,)
        ng/mL.
    concentrations : mapping of analyte to ndarray, shape (n_times, n), ng/mL
        Empty where only the bands were kept.
    effects : mapping of effect to ndarray, shape (n_times, n_effects)
        Empty where none were asked for, or where only the bands were kept.
    effect_bands : mapping of effect to mapping of `p5 p50 p95` (or `value`) to ndarray (n_times,)
    summary : mapping of analyte to mapping of summary key to ndarray, shape (n,)
    weights : ndarray, shape (n,)
    problems : tuple of Problem
    is_population : bool
    sampling_site, grade, source : str, Grade, str
    seed : int or None
    """

    id: str
    parts: tuple[Part, ...]
    times_h: FloatArray
    bands: Mapping[str, Series]
    concentrations: Series
    effects: Series
    summary: Mapping[str, Series]
    weights: FloatArray
    problems: tuple[Problem, ...]
    is_population: bool
    sampling_site: str
    grade: Grade
    source: str
    seed: int | None = None
    effect_grades: Mapping[str, Grade] = field(default_factory=dict)
    effect_bands: Mapping[str, Series] = field(default_factory=dict)

    @property
    def parameters(self) -> Mapping[str, FloatArray]:
        """Individual parameters of the first model, name to (n,)."""
        return self.parts[0].kinetics.parameters

    @property
    def cautions(self) -> dict[str, str]:
        """How far an analyte's figures may be trusted, by analyte, as the models state."""
        return {name: text for part in self.parts for name, text in part.model.cautions.items() if name in self.bands}

    def to_json(self) -> dict[str, Any]:
        """Return the published shape; numbers carry six digits."""
        content: dict[str, Any] = {
            "model": self.id,
            "sampling_site": self.sampling_site,
            "grade": self.grade.value,
            "source": self.source,
            "time_min": _render(self.times_h * MINUTES_PER_HOUR),
            "concentration_ng_per_ml": {name: self._render_band(band) for name, band in self.bands.items()},
            "effect": {name: self._render_band(band) for name, band in self.effect_bands.items()},
            "effect_grade": {name: grade.value for name, grade in self.effect_grades.items()},
            "summary": {name: self._render_summary(entry) for name, entry in self.summary.items()},
            "caution": self.cautions,
            "problems": [problem.to_json() for problem in self.problems],
        }
        if self.is_population:
            content |= {"n": len(self.weights), "seed": self.seed}
        if len(self.parts) > 1:
            content["components"] = [self._render_part(part) for part in self.parts]
        return content

    def _render_part(self, part: Part) -> dict[str, Any]:
        """Return a model of a mixture; for a typical person with its own summary, which the mean hides."""
        content: dict[str, Any] = {"model": part.model.id, "weight": part.weight}
        if not self.is_population:
            content["sampling_site"] = part.kinetics.sampling_site
            content["summary"] = {name: self._render_summary(entry) for name, entry in part.summary.items()}
        return content

    def _render_band(self, band: Series) -> Any:
        if not self.is_population:
            return _render(band["value"])
        return {name: _render(values) for name, values in band.items()}

    def _render_summary(self, entry: Series) -> dict[str, Any]:
        if not self.is_population:
            return {name: _round(float(values[0])) for name, values in entry.items()}
        return {
            name: {key: _round(float(row[0])) for key, row in calculate_bands(values[None, :], self.weights).items()}
            for name, values in entry.items()
        }


def calculate_bands(values: FloatArray, weights: FloatArray) -> dict[str, FloatArray]:
    """Return the 5th, 50th and 95th percentile of each row.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n)
    weights : ndarray, shape (n,)
        Summing to 1; where they are equal, linear interpolation between order statistics (numpy's default), otherwise
        the inverse of the weighted distribution function, interpolated at the middles of its steps.

    Returns
    -------
    bands : dict of `p5 p50 p95` to ndarray, shape (n_rows,)
    """
    levels = np.array(list(QUANTILES.values()))
    if np.ptp(weights) <= 1e-12 * float(np.max(weights)):
        rows = _calculate_quantiles(values, levels)
    else:
        order = np.argsort(values, axis=1, kind="stable")
        sorted_weights = weights[order]
        middles = np.cumsum(sorted_weights, axis=1) - 0.5 * sorted_weights
        sorted_values = np.take_along_axis(values, order, axis=1)
        found = [np.interp(levels, middles[i], sorted_values[i]) for i in range(len(values))]
        rows = np.array(found).T
    return dict(zip(QUANTILES, rows, strict=True))


def _calculate_quantiles(values: FloatArray, levels: FloatArray) -> FloatArray:
    """Return numpy's default quantiles of each row; one sort of it all is faster than its partitions."""
    ordered = np.sort(values, axis=1)
    places = levels * (values.shape[1] - 1)
    below = np.floor(places).astype(np.intp)
    above = np.minimum(below + 1, values.shape[1] - 1)
    share = places - below
    low, high = ordered[:, below], ordered[:, above]
    step = high - low
    return np.asarray(np.where(share < 0.5, low + step * share, high - step * (1.0 - share)).T, dtype=np.float64)


def render_source(model: Model) -> str:
    """Return the address of a model's paper: its DOI, else what the bibliography holds."""
    source = get_source(model.citation.source)
    if model.doi:
        return f"doi:{model.doi}"
    return f"doi:{source.doi}" if source.doi else source.url


def _render(values: FloatArray) -> list[float]:
    return [_round(value) for value in values.tolist()]


def _round(value: float) -> float:
    return 0.0 if abs(value) < SMALLEST else float(f"{value:.6g}")
