"""How far the typical curve of an effect may be off: its parameters moved one by one to the ends of their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.effects.calculate import EffectSeries, Setting, calculate_effects
from afterglow.pharmacology.effects.parameters import build_typical_values, load_endpoints
from afterglow.pharmacology.linear import Input, LinearSystem
from afterglow.terms import Grade, InvalidInput, build_error

ENDPOINT_OF = {
    "drug_high_vas": "drug_high",
    "dissociation_cadss": "dissociation",
    "sedation_probability": "sedation",
    "systolic_rise_mmhg": "circulation",
    "diastolic_rise_mmhg": "circulation",
    "heart_rate_rise_per_min": "circulation",
    "pain_relief": "analgesia",
}


@dataclass(frozen=True, slots=True)
class EffectRange:
    """The typical person's curve of one effect with the range its parameters leave open; arrays are (n_times,)."""

    effect: str
    times_h: FloatArray
    typical: FloatArray
    low: FloatArray
    high: FloatArray
    moved: tuple[str, ...]
    grade: Grade


def calculate_effect_range(
    system: LinearSystem,
    inputs: Sequence[Input],
    times_h: ArrayLike,
    *,
    driver: str,
    effect: str,
    setting: Setting | None = None,
) -> EffectRange:
    """Return the typical curve of one effect and how far its uncertain parameters may move it.

    Parameters
    ----------
    system, inputs, times_h, driver, setting
        As for `calculate_effects`; one patient.
    effect : str
        A name among the effects of `EffectSeries` that have intervals.

    Raises
    ------
    InvalidInput
        An effect without intervals, or a system of several patients.

    Notes
    -----
    Each parameter of the endpoint and of the effect site is set to its low and to its high end, the others kept;
    deviations to one side are added in squares, as if independent. Covers the numbers, not the shape of the model
    and not the difference between people.
    """
    _check(system, effect)
    endpoint = load_endpoints()[ENDPOINT_OF[effect]]
    typical = _run(system, inputs, times_h, driver, effect, setting, {})
    above, below = np.zeros_like(typical), np.zeros_like(typical)
    moved = []
    for key in (endpoint.key, "effect_site"):
        for parameter in load_endpoints()[key].parameters.values():
            if parameter.low is None or parameter.high is None:
                continue
            name = f"{key}.{parameter.name}"
            shift = parameter.median / parameter.value if parameter.value else 1.0
            ends = [
                _run(system, inputs, times_h, driver, effect, setting, {name: end * shift})
                for end in (parameter.low, parameter.high)
            ]
            if not np.array_equal(ends[0], ends[1]):
                moved.append(name)
            above += np.maximum(np.maximum(ends[0], ends[1]) - typical, 0.0) ** 2
            below += np.maximum(typical - np.minimum(ends[0], ends[1]), 0.0) ** 2
    low = np.maximum(typical - np.sqrt(below), 0.0)
    times = np.atleast_1d(np.asarray(times_h, dtype=np.float64))
    return EffectRange(effect, times, typical, low, typical + np.sqrt(above), tuple(moved), endpoint.worst_grade)


def _run(
    system: LinearSystem, inputs: Sequence[Input], times_h: ArrayLike, driver: str, effect: str,
    setting: Setting | None, overrides: dict[str, float],
) -> FloatArray:  # fmt: skip
    values = build_typical_values(1, overrides)
    series: EffectSeries = calculate_effects(system, inputs, times_h, driver=driver, values=values, setting=setting)
    return np.asarray(getattr(series, effect)[:, 0], dtype=np.float64)


def _check(system: LinearSystem, effect: str) -> None:
    problems = []
    if effect not in ENDPOINT_OF:
        text = f"There is no range for {effect!r}."
        problems.append(build_error("effect", "unknown-name", effect, ", ".join(ENDPOINT_OF), text))
    if system.n != 1:
        text = "The range is that of one typical patient."
        problems.append(build_error("system", "shape", system.n, "1 patient", text))
    if problems:
        raise InvalidInput(problems)
