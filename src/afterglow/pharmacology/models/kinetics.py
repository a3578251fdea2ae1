"""Turns a model, its people and their doses into a linear system with inputs, which the engine solves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from afterglow.pharmacology._types import FloatArray, Number
from afterglow.pharmacology.linear.system import Flow, Input, LinearSystem, Output
from afterglow.pharmacology.models.inhalation import build_uptake_inputs
from afterglow.pharmacology.models.model import Model, Route
from afterglow.pharmacology.population import Subjects, evaluate_parameters
from afterglow.pharmacology.regimen import Dose
from afterglow.terms import InvalidInput, build_error

# Henthorn 2018, Geisslinger 1993: S is cleared faster than R; half the racemate's dose each, shared volumes (grade D)
ENANTIOMERS = (("esketamine", 1.075), ("arketamine", 0.925))
VENOUS_DELAY_PER_H = 60.0 * np.log(2.0) / 3.0  # first-order delay, half-life 3 min (2 to 4 min, grade C)

Symbols = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kinetics:
    """A model made ready for its people and doses.

    Attributes
    ----------
    model : Model
    route : str
    system : LinearSystem
        Outputs are concentrations in mg/L.
    inputs : tuple of Input
    analytes : mapping of reported name to output name
        `ketamine` (both enantiomers of a racemate; the S form where only it was given), metabolites, and for a
        racemate `esketamine` and `arketamine` by the enantiomer rule.
    esketamine : str
        Output that is S-ketamine at the model's own sampling site; what effects are driven by.
    arketamine : str or None
        Output that is R-ketamine; None where none was given.
    sampling_site : str
        Of the analytes.
    parameters : mapping of name to ndarray, shape (n,)
        Individual values in the model's own units.
    subjects : Subjects
    doses : tuple of Dose
    """

    model: Model
    route: str
    system: LinearSystem
    inputs: tuple[Input, ...]
    analytes: Mapping[str, str]
    esketamine: str
    arketamine: str | None
    sampling_site: str
    parameters: Mapping[str, FloatArray]
    subjects: Subjects
    doses: tuple[Dose, ...]


@dataclass(slots=True)
class _Parts:
    """The compartments, flows, outputs and inputs gathered so far."""

    compartments: list[str]
    flows: list[Flow]
    outputs: list[Output]
    inputs: list[Input]


def build_kinetics(
    model: Model,
    subjects: Subjects,
    doses: Sequence[Dose],
    *,
    drug: str,
    route: str,
    with_enantiomers: bool = True,
    is_venous: bool = False,
) -> Kinetics:
    """Return the linear system and the inputs of a model for given people and doses.

    Parameters
    ----------
    model : Model
        Must cover the route.
    subjects : Subjects
        n people.
    doses : sequence of Dose
        From `regimen.build_regimen`.
    drug : str
        `racemic` or `esketamine`.
    route : str
    with_enantiomers : bool
        For a racemate: add the S and the R part as systems of their own beside the racemate's.
    is_venous : bool
        Report an arterial model's analytes behind a first-order venous delay; `esketamine` stays arterial.

    Returns
    -------
    kinetics : Kinetics

    Raises
    ------
    InvalidInput
        The model has no such route or gives no levels, or a parameter has no usable value for a person.
    """
    how = _get_route(model, route)
    parts = _Parts([], [], [], [])
    symbols = [evaluate_parameters(model, subjects, occasion=k) for k in range(_count_occasions(doses))]
    _add_copy(parts, model, how, subjects, doses, symbols, name=None, share=1.0)
    is_split = drug == "racemic" and with_enantiomers
    for name, factor in ENANTIOMERS if is_split else ():
        copies = [evaluate_parameters(model, subjects, occasion=k, enantiomer_cl=factor) for k in range(len(symbols))]
        _add_copy(parts, model, how, subjects, doses, copies, name=name, share=0.5)
    analytes = {output.name: output.name for output in parts.outputs}
    site = model.sampling_site
    if is_venous and site == "arterial":
        analytes = _add_veins(parts)
        site = "venous (delayed from arterial)"
    system = LinearSystem(tuple(parts.compartments), tuple(parts.flows), tuple(parts.outputs), subjects.n)
    return Kinetics(
        model=model,
        route=route,
        system=system,
        inputs=tuple(parts.inputs),
        analytes=analytes,
        esketamine="esketamine" if is_split else "ketamine",
        arketamine="arketamine" if is_split else None,
        sampling_site=site,
        parameters={name: _spread(symbols[0][name], subjects.n) for name in model.parameters},
        subjects=subjects,
        doses=tuple(doses),
    )


def build_inputs(
    model: Model, how: Route, doses: Sequence[Dose], symbols: Sequence[Symbols], places: Mapping[str, int], share: float
) -> list[Input]:
    """Return the inputs of all doses by a route; formulas see the dose, its device number and its session's total."""
    inputs = []
    for dose in doses:
        known = {
            **symbols[min(dose.occasion, len(symbols) - 1)],
            "dose_mg": dose.amount_mg,
            "device": float(dose.device),
            "session_mg": dose.session_mg,
        }
        for rule in how.rules:
            fraction = rule.fraction.evaluate(known)
            start = dose.start_h + rule.lag.evaluate(known) * model.hours_per_unit
            if rule.duration is not None:
                duration = rule.duration.evaluate(known) * model.hours_per_unit
            else:
                duration = 0.0 if dose.duration_h is None else dose.duration_h
            if np.ndim(start) or np.ndim(duration):
                start, duration = np.broadcast_arrays(start, duration)
            amount = dose.amount_mg * fraction * share
            inputs.append(Input(places[rule.into], _tidy(start), _tidy(duration), _tidy(amount)))
    return inputs


def _add_copy(
    parts: _Parts,
    model: Model,
    how: Route,
    subjects: Subjects,
    doses: Sequence[Dose],
    symbols: Sequence[Symbols],
    *,
    name: str | None,
    share: float,
) -> None:
    """Add the model's reachable compartments once; under `name` only its parent output is kept."""
    kept = _find_reached(model, how)
    places = {place: len(parts.compartments) + i for i, place in enumerate(kept)}
    parts.compartments += [place if name is None else f"{place}:{name}" for place in kept]
    per_hour = 1.0 / model.hours_per_unit
    for flow in model.flows:
        if flow.source not in places:
            continue
        lost = _tidy(flow.rate.evaluate(symbols[0]) * per_hour)
        gained = _tidy(flow.gain.evaluate(symbols[0]) * per_hour)
        target = None if flow.target is None else places[flow.target]
        parts.flows.append(Flow(places[flow.source], target, lost, 0.0 if target is None else gained))
    for output, weights in model.outputs.items():
        if name is not None and output != "ketamine":
            continue
        found = {
            places[place]: _tidy(weight.evaluate(symbols[0])) for place, weight in weights.items() if place in places
        }
        if found:
            parts.outputs.append(Output(output if name is None else name, found))
    if how.uptake is None:
        parts.inputs += build_inputs(model, how, doses, symbols, places, share)
        return
    if share != 1.0:
        message = f"{model.id} describes no racemate by the route {how.name}"
        raise InvalidInput([build_error("drug", "model-does-not-cover", "racemic", "esketamine", message)])
    local = LinearSystem(kept, tuple(parts.flows), tuple(parts.outputs), subjects.n)
    parts.inputs += build_uptake_inputs(model, how, doses, symbols, local, places)


def _find_reached(model: Model, how: Route) -> tuple[str, ...]:
    """Return the compartments that a dose by this route can reach, in the model's order."""
    reached = {rule.into for rule in how.rules}
    while True:
        further = {flow.target for flow in model.flows if flow.source in reached and flow.target is not None}
        if further <= reached:
            return tuple(place for place in model.compartments if place in reached)
        reached |= further


def _add_veins(parts: _Parts) -> dict[str, str]:
    """Add a delay behind each output; return the reported names with their venous outputs."""
    analytes = {}
    for output in tuple(parts.outputs):
        vein = len(parts.compartments)
        parts.compartments.append(f"vein:{output.name}")
        for place, weight in output.weights.items():
            parts.flows.append(Flow(place, vein, 0.0, VENOUS_DELAY_PER_H * weight))
        parts.flows.append(Flow(vein, None, VENOUS_DELAY_PER_H, 0.0))
        analytes[output.name] = f"{output.name}_venous"
        parts.outputs.append(Output(f"{output.name}_venous", {vein: 1.0}))
    return analytes


def _get_route(model: Model, route: str) -> Route:
    if not model.can_compute or route not in model.routes:
        accepted = ", ".join(model.routes) or "no route: nothing can be computed from it"
        message = f"{model.id} does not describe the route {route}"
        raise InvalidInput([build_error("route", "model-does-not-cover", route, accepted, message)])
    return model.routes[route]


def _count_occasions(doses: Sequence[Dose]) -> int:
    return 1 + max((dose.occasion for dose in doses), default=0)


def _spread(value: Any, n: int) -> FloatArray:
    return np.ascontiguousarray(np.broadcast_to(np.asarray(value, dtype=np.float64), (n,)))


def _tidy(value: Any) -> Number:
    """Return a plain number as float and an array as a contiguous one."""
    array = np.asarray(value, dtype=np.float64)
    return float(array) if array.ndim == 0 else np.ascontiguousarray(array)
