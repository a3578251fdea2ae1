"""The fixed pharmacokinetic workload: its population, doses, grids, and how it is asked of the engine."""

from dataclasses import dataclass

import numpy as np

from afterglow.pharmacology.linear import Chain, Flow, Input, LinearSystem, Output, inhibition
from afterglow.pharmacology.linear.system import FloatArray, Value

DAYS = (0, 2, 4, 7, 9, 11)
LENGTH_H = 40 / 60
FM = 0.7 * 223.7 / 237.7
IMAX, IC50, R0 = 0.9, 0.05, 100.0
FEW_TIMES = np.array([15, 40, 60, 120, 240, 1440, 2920, 3000, 10120, 10200, 15880, 16200]) / 60
SECONDS = np.arange(14_401) / 3600
DRAWN = 50_000


@dataclass(frozen=True)
class People:
    """Parameters of n patients, each of shape (n,), or of one as plain numbers.

    Weight in kg, clearances in L/h, volumes in L, kout in 1/h.
    """

    wt: Value
    cl: Value
    v1: Value
    q2: Value
    v2: Value
    kout: Value

    @property
    def n(self) -> int:
        """Number of patients."""
        return int(np.size(self.wt))

    def scaled(self, typical: float, exponent: float) -> Value:
        """Return a parameter that scales with weight alone."""
        return typical * (self.wt / 70) ** exponent

    def row(self, j: int) -> dict[str, float]:
        """Return all parameters of one patient by the workload's names."""
        one = {name: float(np.atleast_1d(getattr(self, name))[j]) for name in ("wt", "cl", "v1", "q2", "v2", "kout")}
        for name, typical, exponent in SCALED:
            one[name] = float(np.atleast_1d(self.scaled(typical, exponent))[j])
        return one


SCALED = (
    ("q3", 40.0, 0.75),
    ("clm", 50.0, 0.75),
    ("qm", 60.0, 0.75),
    ("v3", 160.0, 1.0),
    ("vm1", 70.0, 1.0),
    ("vm2", 100.0, 1.0),
)


def draw_people(n: int, seed: int = 20240611) -> People:
    """Return the first n of the 50,000 patients that are always drawn."""
    rng = np.random.default_rng(seed)
    wt = 75 * np.exp(0.2 * rng.standard_normal(DRAWN))
    eta = rng.standard_normal((DRAWN, 5))
    wt, eta = wt[:n], eta[:n]
    s = wt / 70
    return People(
        wt,
        90 * s**0.75 * np.exp(0.30 * eta[:, 0]),
        30 * s * np.exp(0.40 * eta[:, 1]),
        100 * s**0.75 * np.exp(0.30 * eta[:, 2]),
        60 * s * np.exp(0.35 * eta[:, 3]),
        0.05 * np.exp(0.25 * eta[:, 4]),
    )


def get_typical() -> People:
    """Return the typical patient of 70 kg."""
    return People(70.0, 90.0, 30.0, 100.0, 60.0, 0.05)


def build_system(people: People) -> LinearSystem:
    """Return the five kinetic compartments with both concentrations."""
    q3, clm, qm, v3, vm1, vm2 = (people.scaled(typical, exponent) for _, typical, exponent in SCALED)
    cl, v1, q2, v2 = people.cl, people.v1, people.q2, people.v2
    flows = (
        Flow(0, 3, cl / v1, FM * cl / v1),
        Flow(0, 1, q2 / v1, q2 / v1),
        Flow(1, 0, q2 / v2, q2 / v2),
        Flow(0, 2, q3 / v1, q3 / v1),
        Flow(2, 0, q3 / v3, q3 / v3),
        Flow(3, None, clm / vm1),
        Flow(3, 4, qm / vm1, qm / vm1),
        Flow(4, 3, qm / vm2, qm / vm2),
    )
    return LinearSystem(
        ("A1", "A2", "A3", "M1", "M2"), flows, (Output("Cp", {0: 1 / v1}), Output("Cm", {3: 1 / vm1})), people.n
    )


def build_doses(people: People, days: tuple[int, ...] = DAYS) -> list[Input]:
    """Return 0.5 mg/kg over 40 minutes on each day."""
    return [Input(0, 24.0 * day, LENGTH_H, 0.5 * people.wt) for day in days]


def build_response(people: People) -> dict[str, object]:
    """Return what `drive` is asked for the response R."""
    kout = np.atleast_1d(people.kout)
    chain = Chain(("R",), -kout.reshape(-1, 1, 1), (kout * R0).reshape(-1, 1), [R0])
    return {"driver": "Cp", "f": inhibition(IMAX, IC50), "chain": chain}


def build_grid() -> FloatArray:
    """Return the 1,399 times of W1 in hours."""
    minutes = [60 * np.arange(337), *(1440 * day + np.arange(181) for day in DAYS)]
    return np.asarray(np.unique(np.concatenate(minutes)) / 60)


def calculate_error(found: FloatArray, reference: FloatArray) -> float:
    """Return the workload's error measure of one curve, times along the first axis."""
    scale = np.abs(reference) + 1e-6 * np.abs(reference).max(axis=0)
    return float((np.abs(found - reference) / scale).max())
