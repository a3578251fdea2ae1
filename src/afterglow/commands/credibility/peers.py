"""Asks other programs to solve the report's systems: scipy at tight tolerance, and libroadrunner through SBML.

Neither is a dependency of the product; where one is not installed its rows say so.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import numpy.typing as npt

from afterglow.pharmacology.linear.system import Input, LinearSystem
from afterglow.pharmacology.models.exposure import build_matrix
from afterglow.pharmacology.report import PeerCase, PeerCheck, list_peer_cases

FloatArray = npt.NDArray[np.float64]
Answer = Mapping[str, FloatArray]

PROGRAMS = {
    "scipy": ("scipy DOP853, relative tolerance 1e-12", "scipy", 1e-9),
    "roadrunner": ("libroadrunner (CVODE), relative tolerance 1e-10", "libroadrunner", 1e-6),
}


def run_peers() -> tuple[PeerCheck, ...]:
    """Return each program's largest difference per case, or why it was not run here."""
    checks = []
    for module, (title, package, goal) in PROGRAMS.items():
        for case in list_peer_cases():
            answer, reason = _ask(module, package, case)
            difference = None if answer is None else find_difference(case.solve(), answer)
            checks.append(PeerCheck(title, case.title, difference, goal, reason))
    return tuple(checks)


def skip_peers(reason: str) -> tuple[PeerCheck, ...]:
    """Return a row per program that says why it was not asked."""
    return tuple(PeerCheck(title, "all cases", None, goal, reason) for title, _, goal in PROGRAMS.values())


def list_versions() -> dict[str, str]:
    """Return the versions of the programs that may take part, as far as they are installed."""
    found = {}
    for package in ("numba", *(package for _, package, _ in PROGRAMS.values())):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def find_difference(ours: Answer, theirs: Answer) -> float:
    """Return the largest difference of any output, over that output's largest value."""
    return max(float(np.max(np.abs(ours[name] - theirs[name])) / np.max(np.abs(ours[name]))) for name in ours)


def solve_by_scipy(case: PeerCase) -> Answer:
    """Return the outputs by an explicit Runge-Kutta method of order 8, restarted at every edge of a dose."""
    from scipy.integrate import solve_ivp

    matrix = build_matrix(case.system)[0]
    state = np.zeros(len(matrix))
    states = np.zeros((case.times_h.size, len(matrix)))
    for start, end, jump, rate in _cut(case):
        state = state + jump
        inside = (case.times_h >= start - 1e-12) & (case.times_h < end - 1e-12)
        found, reached = [], start
        for until in [*np.clip(case.times_h[inside], start, end).tolist(), end]:
            if until > reached:  # to each time of its own: reading between steps is of lower order
                done = solve_ivp(
                    lambda _, a, rate=rate: matrix @ a + rate,
                    (reached, until),
                    state,
                    method="DOP853",
                    rtol=1e-12,
                    atol=1e-14,
                )
                state, reached = done.y[:, -1], until
            found.append(state)
        states[inside] = np.reshape(found[:-1], (-1, len(state)))
    return _read_outputs(case.system, states)


def solve_by_roadrunner(case: PeerCase) -> Answer:
    """Return the outputs by CVODE, the system handed over as SBML and the doses as events between runs."""
    import roadrunner

    runner = roadrunner.RoadRunner(write_sbml(case.system))
    runner.integrator.absolute_tolerance = 1e-14
    runner.integrator.relative_tolerance = 1e-10
    runner.integrator.maximum_num_steps = 1_000_000
    size = len(case.system.compartments)
    names = [f"a{place}" for place in range(size)]
    state = np.zeros(size)
    states = np.zeros((case.times_h.size, size))
    for start, end, jump, rate in _cut(case):
        state = state + jump
        inside = (case.times_h >= start - 1e-12) & (case.times_h < end - 1e-12)
        points = np.unique(np.concatenate([[start], np.clip(case.times_h[inside], start, end), [end]]))
        runner.reset()
        for place, name in enumerate(names):
            runner[name] = float(state[place])
            runner[f"r{place}"] = float(rate[place])
        runner.selections = names
        found = np.array(runner.simulate(times=(points - start).tolist()))
        states[inside] = found[np.searchsorted(points, np.clip(case.times_h[inside], start, end) - 1e-12)]
        state = found[-1]
    return _read_outputs(case.system, states)


def write_sbml(system: LinearSystem) -> str:
    """Return the system as SBML level 3 with a rate rule for each compartment and a constant input rate beside it."""
    matrix = build_matrix(system)[0]
    size = len(matrix)
    parameters = "".join(
        f'<parameter id="a{i}" name={quoteattr(name)} value="0" constant="false"/>'
        f'<parameter id="r{i}" value="0" constant="false"/>'
        for i, name in enumerate(system.compartments)
    )
    rules = []
    for i in range(size):
        terms = "".join(
            f'<apply><times/><cn type="real">{matrix[i, j]:.20f}</cn><ci>a{j}</ci></apply>'
            for j in range(size)
            if matrix[i, j] != 0.0
        )
        math = f'<math xmlns="http://www.w3.org/1998/Math/MathML"><apply><plus/><ci>r{i}</ci>{terms}</apply></math>'
        rules.append(f'<rateRule variable="a{i}">{math}</rateRule>')
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model id="system">'
        f"<listOfParameters>{parameters}</listOfParameters><listOfRules>{''.join(rules)}</listOfRules>"
        "</model></sbml>"
    )


SOLVERS: Mapping[str, Callable[[PeerCase], Answer]] = {"scipy": solve_by_scipy, "roadrunner": solve_by_roadrunner}


def _ask(module: str, package: str, case: PeerCase) -> tuple[Answer | None, str]:
    try:
        return SOLVERS[module](case), ""
    except ImportError:
        return None, f"{package} is not installed"


def _cut(case: PeerCase) -> list[tuple[float, float, FloatArray, FloatArray]]:
    """Return the spans between the edges of doses: start, end, what is put in at the start, and the constant rate."""
    last = float(case.times_h[-1]) + 1e-6
    edges = {0.0, last}
    for one in case.inputs:
        start, duration, _ = _read(one)
        edges |= {start, start + duration}
    cuts = sorted(edge for edge in edges if edge <= last)
    spans = []
    for start, end in pairwise(cuts):
        jump, rate = np.zeros(len(case.system.compartments)), np.zeros(len(case.system.compartments))
        for one in case.inputs:
            begins, duration, amount = _read(one)
            if duration == 0.0 and begins == start:
                jump[one.compartment] += amount
            elif duration > 0.0 and begins <= start < begins + duration:
                rate[one.compartment] += amount / duration
        spans.append((start, end, jump, rate))
    return spans


def _read(one: Input) -> tuple[float, float, float]:
    start, duration, amount = (float(np.max(value)) for value in (one.start_h, one.duration_h, one.amount_mg))
    return start, duration, amount


def _read_outputs(system: LinearSystem, states: FloatArray) -> dict[str, FloatArray]:
    found: dict[str, Any] = {}
    for output in system.outputs:
        found[output.name] = sum(states[:, place] * float(np.max(weight)) for place, weight in output.weights.items())
    return found
