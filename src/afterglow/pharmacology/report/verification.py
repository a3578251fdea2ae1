"""Checks of code and calculation, done anew for each report: balances, closed forms, orders of convergence, repeats."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.effects.follow import follow
from afterglow.pharmacology.integrate import integrate
from afterglow.pharmacology.linear import (
    Chain,
    Flow,
    Input,
    LinearSystem,
    Output,
    area_under,
    drive,
    has_compiled,
    linear,
    solve,
)
from afterglow.pharmacology.linear.quadrature import get_rule
from afterglow.pharmacology.linear.solver import Engine
from afterglow.pharmacology.models.catalogue import get_model, load_model_ids
from afterglow.pharmacology.models.exposure import calculate_exposure
from afterglow.pharmacology.models.kinetics import Kinetics
from afterglow.pharmacology.report.answers import (
    measure_coverage,
    measure_error_left,
    measure_found_in_others,
    measure_nothing_read,
    measure_smaller_that_reach,
)
from afterglow.pharmacology.report.published import load_content
from afterglow.pharmacology.report.rows import Verdict
from afterglow.pharmacology.report.runs import Run, prepare
from afterglow.pharmacology.simulate import Request, simulate

HOURS = np.array([0.1, 0.25, 0.5, 40 / 60, 1.0, 2.0, 4.0, 8.0, 24.0, 72.0])


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was measured, between which figures it passes, how it was done; `reason` when it was not."""

    id: str
    title: str
    how: str
    figure: float | None
    low: float
    high: float
    reason: str = ""

    @property
    def verdict(self) -> Verdict:
        """What became of the check."""
        if self.figure is None:
            return Verdict.NOT_RUN
        return Verdict.MET if self.low <= self.figure <= self.high else Verdict.MISSED


def run_checks() -> tuple[Check, ...]:
    """Return the checks that numpy alone can do, in the order of the data."""
    return tuple(_build_check(key, measure()) for key, measure in _MEASURES.items())


def run_compiled_checks() -> tuple[Check, ...]:
    """Return the checks of the compiled engine, or that it is not installed."""
    if not has_compiled():
        reason = "numba is not installed (extra `compiled`)"
        return tuple(_build_check(key, None, reason) for key in ("compiled", "threads"))
    plain, one, two = (_solve_people(*how) for how in (("plain", 1), ("compiled", 1), ("compiled", 2)))
    figures = {
        "compiled": float(np.abs(one - plain).max() / plain.max()),
        "threads": float(np.abs(one - two).max()),
    }
    return tuple(_build_check(key, figure) for key, figure in figures.items())


@dataclass(frozen=True, slots=True)
class PeerCase:
    """A system for another program to solve: outputs at the times are compared, relative to the largest value."""

    id: str
    title: str
    system: LinearSystem
    inputs: tuple[Input, ...]
    times_h: FloatArray

    def solve(self) -> dict[str, FloatArray]:
        """Return the engine's answer, shape (n_times,) by output."""
        values = solve(self.system, self.inputs, self.times_h, engine="plain").values
        return {name: found[:, 0] for name, found in values.items()}


def list_peer_cases() -> tuple[PeerCase, ...]:
    """Return the cases that are handed to other programs."""
    runs = {
        "perez-nasal": ("Perez-Ruixo, nasal 84 mg", Run("perez-ruixo-2021", "esketamine", "intranasal", ("84mg",))),
        "simons-iv": ("Simons, 20 mg over 20 min", Run("simons-2022", "esketamine", "iv", ("20mg/20min",))),
        "simons-film": ("Simons, film 50 mg", Run("simons-2022", "esketamine", "sublingual", ("50mg",))),
        "kamp-pause": (
            "Kamp, infusion with a pause and another rate",
            Run("kamp-2020", "racemic", "iv", ("15mg/15min", "10mg@25min/20min")),
        ),
        "twice-weekly": (
            "Perez-Ruixo, 56 mg four times in two weeks",
            Run("perez-ruixo-2021", "esketamine", "intranasal", ("56mg", "56mg@3d", "56mg@7d", "56mg@10d"), 336.0),
        ),
    }
    cases = []
    for key, (title, run) in runs.items():
        kinetics = prepare(run)
        times = np.unique(np.concatenate([np.arange(0.0, 4.0, 0.05), np.linspace(0.0, run.until_h, 97)]))
        cases.append(PeerCase(key, title, kinetics.system, kinetics.inputs, np.asarray(times, dtype=np.float64)))
    return tuple(cases)


def _build_check(key: str, figure: float | None, reason: str = "") -> Check:
    content = load_content("checks")[key]
    return Check(key, content["title"], content["how"], figure, content["low"], content["high"], reason)


def _list_balanced() -> list[Kinetics]:
    """Return every model and route whose mass must balance, given 28 mg."""
    found = []
    for name in load_model_ids():
        model = get_model(name)
        if not model.can_compute:
            continue
        age = 5.0 if "children" in model.title.lower() else 40.0
        for route in model.routes:
            if route == "sublingual" and model.mass_balance_exempt:
                continue
            dose = "28mg/20min" if route == "inhaled" else "28mg"
            found.append(prepare(Run(name, model.drugs[0], route, (dose,), age_years=age)))
    return found


def _measure_mass_balance() -> float:
    """Return the worst share of the dose that is neither in a compartment nor in the sink that takes all losses."""
    worst = 0.0
    for kinetics in _list_balanced():
        system = kinetics.system
        sink = len(system.compartments)
        flows = list(system.flows)
        flows += [Flow(f.source, sink, 0.0, np.asarray(f.out_per_h) - np.asarray(f.in_per_h)) for f in system.flows]
        everything = Output("everything", dict.fromkeys(range(sink + 1), 1.0))
        closed = LinearSystem((*system.compartments, "gone"), tuple(flows), (everything,), system.n)
        found = solve(closed, kinetics.inputs, HOURS, engine="plain").values["everything"][:, 0]
        given = [sum(_get_given(one, hour) for one in kinetics.inputs) for hour in HOURS.tolist()]
        worst = max(worst, float(np.max(np.abs(found - given)) / max(given)))
    return worst


def _get_given(one: Input, hour: float) -> float:
    start, duration, amount = (float(np.max(value)) for value in (one.start_h, one.duration_h, one.amount_mg))
    if duration == 0.0:
        return amount if hour >= start - 1e-12 else 0.0
    return amount * min(max((hour - start) / duration, 0.0), 1.0)


def _get_levels(*doses: str) -> FloatArray:
    kinetics = prepare(Run("perez-ruixo-2021", "esketamine", "iv", doses))
    return solve(kinetics.system, kinetics.inputs, HOURS, engine="plain").values["ketamine"][:, 0]


def _measure_linearity() -> float:
    once, twice = _get_levels("20mg/40min"), _get_levels("40mg/40min")
    return float(np.max(np.abs(twice / (2.0 * once) - 1.0)))


def _measure_superposition() -> float:
    doses = ("20mg/40min", "5mg@10min", "30mg@3h/2h")
    together, apart = _get_levels(*doses), sum(_get_levels(dose) for dose in doses)
    return float(np.max(np.abs(together - apart)) / together.max())


def _measure_steps() -> float:
    kinetics = prepare(Run("simons-2022", "esketamine", "iv", ("20mg/20min",)))
    fine = solve(kinetics.system, kinetics.inputs, np.arange(1441) / 60.0, engine="plain").values
    end = solve(kinetics.system, kinetics.inputs, [24.0], engine="plain").values
    return max(abs(float(fine[name][-1, 0] / end[name][-1, 0]) - 1.0) for name in end)


def _measure_infusion() -> float:
    k, volume, dose, length = 0.4, 80.0, 35.0, 2.0 / 3.0
    system = LinearSystem(("central",), (Flow(0, None, k),), (Output("c", {0: 1.0 / volume}),))
    found = solve(system, [Input(0, 0.0, length, dose)], HOURS, engine="plain").values["c"][:, 0]
    during = -np.expm1(-k * np.minimum(HOURS, length)) * np.exp(-k * np.maximum(HOURS - length, 0.0))
    wanted = dose / length / k / volume * during
    return float(np.max(np.abs(found / wanted - 1.0)))


def _measure_equal_rates() -> float:
    k, hours = 1.7, HOURS[:8]
    flows = tuple(Flow(place, place + 1 if place < 3 else None, k, k if place < 3 else 0.0) for place in range(4))
    system = LinearSystem(("a", "b", "c", "d"), flows, (Output("last", {3: 1.0}),))
    found = solve(system, [Input(0, 0.0, 0.0, 1.0)], hours, engine="plain").values["last"][:, 0]
    wanted = (k * hours) ** 3 / 6.0 * np.exp(-k * hours)
    return float(np.max(np.abs(found / wanted - 1.0)))


def _measure_area() -> float:
    worst = 0.0
    for name, clearance, drug in (("kamp-2020", 84.0, "racemic"), ("fanta-otto-2021", 95.2, "esketamine")):
        kinetics = prepare(Run(name, drug, "iv", ("35mg/40min",)))
        total = float(calculate_exposure(kinetics)["ketamine"][0])
        long = float(area_under(kinetics.system, kinetics.inputs, 2000.0, engine="plain")["ketamine"][0])
        worst = max(worst, abs(total * clearance / 35.0 - 1.0), abs(long / total - 1.0))
    return worst


def _measure_driven() -> float:
    """Return the worst error of x' = -c x + g y, y = y0 exp(-k t), against its formula, relative to the largest x."""
    k, c, gain, volume = 0.5, 0.2, 3.0, 10.0
    system = LinearSystem(("central",), (Flow(0, None, k),), (Output("y", {0: 1.0 / volume}),))
    chain = Chain(("x",), [[-c]], [1.0], [0.0])
    given = [Input(0, 0.0, 0.0, 100.0)]
    found = drive(system, given, HOURS, driver="y", f=linear(gain), chain=chain, engine="plain").values["x"][:, 0]
    wanted = gain * 10.0 * (np.exp(-c * HOURS) - np.exp(-k * HOURS)) / (k - c)
    return float(np.max(np.abs(found - wanted)) / wanted.max())


def _measure_follow_order() -> float:
    """Return the order at which `follow` meets y' = r (sin t - y), y(0) = 0."""
    rate = 3.0

    def measure(count: int) -> float:
        hours = np.linspace(0.0, 2.0, count + 1)
        found = follow(hours, np.sin(hours)[:, None], rate)[-1, 0]
        t = 2.0
        wanted = rate * (rate * math.sin(t) - math.cos(t) + math.exp(-rate * t)) / (rate**2 + 1.0)
        return abs(float(found) - wanted)

    return _find_order(measure, (40, 80, 160, 320))


def _measure_gauss_order() -> float:
    nodes, weights, _ = get_rule(2)

    def measure(count: int) -> float:
        starts = np.arange(count) / count
        points = starts[:, None] + nodes[None, :] / count
        return abs(float(np.sum(np.exp(np.sin(3.0 * points)) * weights) / count) - _INTEGRAL)

    return _find_order(measure, (16, 32, 64, 128))


_FINE = get_rule(32)
_INTEGRAL = float(np.sum(np.exp(np.sin(3.0 * _FINE[0])) * _FINE[1]))


def _find_order(measure: Callable[[int], float], counts: Sequence[int]) -> float:
    errors = np.log([measure(count) for count in counts])
    return float(-np.polyfit(np.log(counts), errors, 1)[0])


def _measure_integrator_order() -> float:
    """Return how fast the error of x' = cos(t) x falls with the number of steps that the tolerance asks for."""
    errors, steps = [], []
    for tolerance in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10):
        done = integrate(lambda t, x: math.cos(t) * x, [[1.0]], [0.0, 20.0], rtol=tolerance, atol=tolerance)
        errors.append(abs(float(done.demand()[-1, 0, 0]) - math.exp(math.sin(20.0))))
        steps.append(done.steps)
    return float(-np.polyfit(np.log(steps), np.log(errors), 1)[0])


def _measure_logistic() -> float:
    hours = np.linspace(0.0, 6.0, 25)
    done = integrate(lambda _, x: 1.3 * x * (1.0 - x), [[0.1]], hours, rtol=1e-10, atol=1e-12)
    wanted = 1.0 / (1.0 + 9.0 * np.exp(-1.3 * hours))
    return float(np.max(np.abs(done.demand()[:, 0, 0] / wanted - 1.0)))


def _measure_repeat() -> float:
    request = Request("esketamine", "intranasal", ("84mg",), until_h=6.0, step_h=0.25, n=200, seed=7, engine="plain")
    first, second = (simulate(request) for _ in range(2))
    return max(
        float(np.max(np.abs(first.bands[name][band] - second.bands[name][band])))
        for name in first.bands
        for band in first.bands[name]
    )


def _solve_people(engine: Engine, threads: int) -> FloatArray:
    request = Request("esketamine", "intranasal", ("84mg",), until_h=6.0, step_h=0.1, n=300, seed=7, with_effects=False)
    kinetics = simulate(request).parts[0].kinetics
    values = solve(kinetics.system, kinetics.inputs, np.arange(0.0, 6.0, 0.1), engine=engine, threads=threads).values
    return values["ketamine"]


_MEASURES: dict[str, Callable[[], float]] = {
    "mass": _measure_mass_balance,
    "linearity": _measure_linearity,
    "superposition": _measure_superposition,
    "steps": _measure_steps,
    "closed-infusion": _measure_infusion,
    "closed-equal": _measure_equal_rates,
    "area": _measure_area,
    "driven": _measure_driven,
    "order-follow": _measure_follow_order,
    "order-gauss": _measure_gauss_order,
    "order-integrator": _measure_integrator_order,
    "logistic": _measure_logistic,
    "repeat": _measure_repeat,
    "found-dose": measure_found_in_others,
    "found-smallest": measure_smaller_that_reach,
    "update-coverage": measure_coverage,
    "update-error": measure_error_left,
    "update-nothing": measure_nothing_read,
}
