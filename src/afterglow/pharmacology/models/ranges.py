"""What happens outside the studied range of a model: marked or refused, as its file says."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.models.model import Model, Range
from afterglow.pharmacology.regimen import Dose
from afterglow.terms import InvalidInput, Problem, build_error, build_warning

BoolArray = NDArray[np.bool_]

MINUTES = 60.0
# where a model states no lower end: a bolus has mixed after about 5 min, and reaches a forearm vein later (grade D)
SOONEST_H = {"arterial": 5.0 / MINUTES, "venous": 20.0 / MINUTES}

# where a model of adults states no weights: people of ordinary build, beyond them size alone is scaled (grade D)
ORDINARY_KG = (45.0, 120.0)

# what a range is about -> the field as the sender knows it
_FIELDS = {"age": "age", "weight": "weight", "session_mg": "dose", "dose_mg_per_kg": "dose", "time_after_dose": "until"}


def judge_ranges(
    model: Model,
    covariates: Mapping[str, FloatArray],
    doses: Sequence[Dose],
    until_h: float,
    *,
    assumed: frozenset[str] = frozenset(),
    route: str | None = None,
) -> tuple[Problem, ...]:
    """Return a warning for each value outside what was studied.

    Parameters
    ----------
    model : Model
    covariates : mapping of name to ndarray, shape (n,)
    doses : sequence of Dose
    until_h : float, h
        End of the simulation.
    assumed : frozenset of str
        Covariates nobody gave; they are not judged.
    route : str, optional
        With it, a bolus by vein is marked: nobody studied its first minutes.

    Raises
    ------
    InvalidInput
        A value lies where the model is refused.
    """
    seen = {
        "age": covariates["age"],
        "weight": covariates["weight"],
        "session_mg": np.concatenate([np.atleast_1d(dose.session_mg) for dose in doses]),
        "dose_mg_per_kg": np.concatenate([np.atleast_1d(dose.session_mg / covariates["weight"]) for dose in doses]),
        "time_after_dose": np.array([_longest_tail(doses, until_h)]),
    }
    found = [
        problem
        for limits in model.ranges
        if limits.of not in assumed
        for problem in _judge(model, limits, np.asarray(seen[limits.of], dtype=np.float64))
    ]
    found += _judge_weight(model, np.asarray(covariates["weight"], dtype=np.float64), assumed)
    found += _judge_soonest(model, find_boluses(doses, route), until_h)
    errors = [problem for problem in found if problem.severity == "error"]
    if errors:
        raise InvalidInput(errors)
    return tuple(found)


def find_boluses(doses: Sequence[Dose], route: str | None) -> tuple[Dose, ...]:
    """Return the doses that are in the blood at once: by vein, without a duration."""
    return tuple(dose for dose in doses if route == "iv" and not dose.duration_h)


def find_soonest(model: Model) -> float:
    """Return the hours after a bolus from which a model was studied: its own lower end, or its blood's."""
    stated = [limits.low for limits in model.ranges if limits.of == "time_after_dose" and limits.low > 0]
    return (
        round(max(stated) * MINUTES) / MINUTES if stated else SOONEST_H.get(model.sampling_site, SOONEST_H["arterial"])
    )


def list_early(model: Model, doses: Sequence[Dose], route: str | None, until_h: float) -> list[tuple[float, float]]:
    """Return start and end, in hours, of each stretch after a bolus that nobody studied."""
    soonest = find_soonest(model)
    starts = [dose.start_h for dose in find_boluses(doses, route)]
    return [(start, start + soonest) for start in starts if start < until_h]


def find_studied(grid: FloatArray, early: Sequence[tuple[float, float]]) -> BoolArray:
    """Return which times a peak may be read from; all of them where none would be left."""
    is_early = np.zeros(len(grid), dtype=bool)
    for start, end in early:
        is_early |= (grid > start - 1e-9) & (grid < end - 1e-9)
    return np.ones(len(grid), dtype=bool) if is_early.all() else ~is_early


def _judge_soonest(model: Model, boluses: Sequence[Dose], until_h: float) -> list[Problem]:
    """Return a warning where levels are asked for sooner after a bolus than the model was studied."""
    starts = [dose.start_h for dose in boluses if dose.start_h < until_h]
    if not starts:
        return []
    soonest = find_soonest(model) * MINUTES
    is_short = (until_h - min(starts)) * MINUTES < soonest
    peak = "and so is the peak" if is_short else f"and the peak is read from {soonest:.0f} min on"
    message = f"levels sooner than {soonest:.0f} min after a bolus, not studied in {model.id}, are no guide, {peak}"
    accepted = f"{soonest:.0f} min or later after a bolus"
    return [build_warning("dose", "before-studied-time", min(starts) * MINUTES, accepted, message)]


def _judge(model: Model, limits: Range, values: FloatArray) -> list[Problem]:
    slack = 1e-9 * max(abs(limits.high), 1.0)
    outside = (values < limits.low - slack) | (values > limits.high + slack)
    if not outside.any():
        return []
    worst = float(values[outside][np.argmax(np.abs(values[outside] - (limits.low + limits.high) / 2))])
    accepted = f"{limits.low:g} to {limits.high:g} {limits.unit}"
    if limits.outside == "refuse":
        message = f"{model.id} is not used at {limits.of.replace('_', ' ')} {worst:g} {limits.unit}"
        return [build_error(_FIELDS[limits.of], "outside-accepted-range", worst, accepted, message)]
    share = "" if len(values) == 1 or outside.all() else f" (for {100 * outside.mean():.0f} % of the people)"
    what = limits.of.replace("_", " ")
    message = f"{what} {worst:g} {limits.unit} lies outside what {model.id} was studied in{share}"
    return [build_warning(_FIELDS[limits.of], "outside-studied-range", worst, accepted, message)]


def _judge_weight(model: Model, weights_kg: FloatArray, assumed: frozenset[str]) -> list[Problem]:
    """Return a warning beyond ordinary weights where the model's own file says nothing of weight."""
    if "weight" in assumed or any(limits.of == "weight" for limits in model.ranges):
        return []
    low, high = ORDINARY_KG
    outside = (weights_kg < low) | (weights_kg > high)
    if not outside.any():
        return []
    worst = float(weights_kg[outside][np.argmax(np.abs(weights_kg[outside] - (low + high) / 2))])
    share = "" if len(weights_kg) == 1 or outside.all() else f" (for {100 * outside.mean():.0f} % of the people)"
    message = f"{model.id} states no weights; {worst:g} kg lies outside those of ordinary adults{share}"
    return [build_warning("weight", "outside-studied-range", worst, f"{low:g} to {high:g} kg", message)]


def _longest_tail(doses: Sequence[Dose], until_h: float) -> float:
    """Return the longest time after a session's last dose that is asked for, in hours."""
    last = {dose.occasion: dose.start_h for dose in doses if dose.start_h < until_h}
    starts = sorted(last.values())
    ends = [*starts[1:], until_h] if starts else []
    return max((end - start for start, end in zip(starts, ends, strict=True)), default=0.0)
