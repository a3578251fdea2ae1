"""What follows from a linear system without a time course: matrix, exposure to infinity, half-life, derived values."""

from collections.abc import Mapping

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.covariates import Person, build_covariates
from afterglow.pharmacology.linear.system import LinearSystem
from afterglow.pharmacology.models.kinetics import Kinetics
from afterglow.pharmacology.models.model import Model
from afterglow.pharmacology.population import build_typical, evaluate_parameters


def build_matrix(system: LinearSystem) -> FloatArray:
    """Return K of A' = K A, shape (n, m, m), 1/h."""
    size = len(system.compartments)
    matrix = np.zeros((system.n, size, size))
    for flow in system.flows:
        matrix[:, flow.source, flow.source] -= flow.out_per_h
        if flow.target is not None:
            matrix[:, flow.target, flow.source] += flow.in_per_h
    return matrix


def calculate_exposure(kinetics: Kinetics) -> dict[str, FloatArray]:
    """Return the area under each output from the first dose to infinity.

    Returns
    -------
    auc : mapping of output name to ndarray, shape (n,), mg h/L

    Notes
    -----
    The integral of A over all time is -K^-1 times the total put into each compartment, whenever it was put there.
    """
    system = kinetics.system
    total = np.zeros((system.n, len(system.compartments)))
    for one in kinetics.inputs:
        total[:, one.compartment] += one.amount_mg
    areas = -np.linalg.solve(build_matrix(system), total[:, :, None])[:, :, 0]
    found = {}
    for output in system.outputs:
        auc: FloatArray = np.zeros(system.n)
        for place, weight in output.weights.items():
            auc = auc + weight * areas[:, place]
        found[output.name] = auc
    return found


def calculate_half_life(kinetics: Kinetics, output: str) -> FloatArray:
    """Return the terminal half-life of an output, shape (n,), h: ln 2 over the slowest rate that feeds it."""
    system = kinetics.system
    weights = next(one.weights for one in system.outputs if one.name == output)
    feeding = set(weights)
    while True:
        further = {flow.source for flow in system.flows if flow.target in feeding}
        if further <= feeding:
            break
        feeding |= further
    places = sorted(feeding)
    matrix = build_matrix(system)[np.ix_(range(system.n), places, places)]
    slowest: FloatArray = np.min(-np.linalg.eigvals(matrix).real, axis=1)
    half_life: FloatArray = np.log(2.0) / slowest
    return half_life


def calculate_derived(model: Model) -> Mapping[str, float]:
    """Return a model's derived quantities for the typical subject (70 kg, 45 years), in the units it states."""
    covariates, _ = build_covariates(Person(weight_kg=70.0, age_years=45.0))
    symbols = dict(evaluate_parameters(model, build_typical(covariates)))
    found: dict[str, float] = {}
    for derived in model.derived:
        value = derived.expression.evaluate(symbols)
        symbols[derived.name] = value
        found[derived.name] = float(np.asarray(value).ravel()[0])
    return found
