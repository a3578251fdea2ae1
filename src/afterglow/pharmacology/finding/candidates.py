"""Several doses of one way side by side: how many similar people reach a goal with each, and how many pass a limit.

A search gives one answer; this gives the answer's neighbours, so that somebody can choose. Every candidate is judged in
the same virtual people. Pressure is judged by the highest cuff reading, whose excess over the curve is part of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.effects.parameters import load_endpoints
from afterglow.pharmacology.finding.basis import describe_basis
from afterglow.pharmacology.finding.fields import read_numbers, read_words, refuse_unknown
from afterglow.pharmacology.finding.goals import QUANTITIES
from afterglow.pharmacology.finding.options import Option, calculate_amount_mg
from afterglow.pharmacology.finding.outlook import Outlook, Patient, People, draw_people, predict
from afterglow.pharmacology.finding.search import (
    AFTER_INFUSION_MIN,
    COURSE_MIN,
    SLOW_ROUTES_MIN,
    calculate_effective_n,
)
from afterglow.pharmacology.finding.words import round_two
from afterglow.terms import InvalidInput, Problem, build_error
from afterglow.terms.shares import calculate_wilson

MOST_CANDIDATES = 40
_CUFF = {"systolic_rise_mmhg": "systolic", "diastolic_rise_mmhg": "diastolic"}
_UPPER_TAIL = np.vectorize(lambda z: 1.0 - NormalDist().cdf(float(z)), otypes=[np.float64])


@dataclass(frozen=True, slots=True)
class Mark:
    """A level of one quantity's peak that is to be reached, or not to be passed."""

    of: str
    level: float

    def __post_init__(self) -> None:
        """Refuse what cannot be judged."""
        problems = []
        if self.of not in QUANTITIES:
            problems.append(_build("of", "unknown-name", self.of, ", ".join(QUANTITIES)))
        if not (np.isfinite(self.level) and self.level > 0):
            problems.append(_build("level", "out-of-range", self.level, "above 0"))
        if problems:
            raise InvalidInput(problems)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One dose: the share of similar people who reach the goal, and of those who pass the limit, each with its 95 %
    interval from the number of virtual people alone."""  # noqa: D209

    option: Option
    amount_mg: float
    reach: float
    reach_interval: tuple[float, float]
    over: float
    over_interval: tuple[float, float]
    problems: tuple[Problem, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data; shares with two figures."""
        return {
            "amount_mg": float(f"{self.amount_mg:.6g}"),
            "reach": round_two(self.reach),
            "reach_interval": [round_two(end) for end in self.reach_interval],
            "over": round_two(self.over),
            "over_interval": [round_two(end) for end in self.over_interval],
            "problems": [problem.to_json() for problem in self.problems],
        }


def weigh_candidates(
    options: Sequence[Option], goal: Mark, limit: Mark, patient: Patient, *, people: People | None = None
) -> tuple[tuple[Candidate, ...], Mapping[str, Any]]:
    """Return every option's shares, in the order of the options, and what they rest on.

    Parameters
    ----------
    options : sequence of Option
        Up to 40, all of one drug and route: shares of two routes are no table of doses.
    goal, limit : Mark
        The peak that is to be reached, and the one that is not to be passed.
    patient : Patient
    people : People, optional
        From `draw_people`, or from an individual update.

    Raises
    ------
    InvalidInput
        No option or too many, two routes, or an option that cannot be computed for this patient.
    """
    _require_one_way(options)
    people = people or draw_people()
    found: list[Candidate] = []
    basis: Mapping[str, Any] = {}
    for option in options:
        outlook = predict(option, patient, people, until_min=_find_end(option))
        n = calculate_effective_n(outlook)
        reach, over = (calculate_share_above(mark, outlook) for mark in (goal, limit))
        basis = basis or describe_basis(outlook)
        amount = calculate_amount_mg(option, patient.weight_kg)
        found.append(
            Candidate(
                option, amount, reach, calculate_wilson(reach, n), over, calculate_wilson(over, n), outlook.problems
            )
        )
    return tuple(found), basis


def calculate_share_above(mark: Mark, outlook: Outlook) -> float:
    """Return the weighted share of people whose peak is at the level or above it.

    Notes
    -----
    A pressure's peak is that of the cuff: the person's own curve, plus the excess and spread of circulation.toml (grade
    D), which stand for reading error, occasions and the trials' higher peaks; the chance of each person is summed.
    """
    peaks = outlook.get_courses(mark.of).max(axis=0)
    weights = outlook.weights / np.sum(outlook.weights)
    if mark.of not in _CUFF:
        return float(np.sum(weights[peaks >= mark.level]))
    own = load_endpoints()["circulation"].parameters
    excess, spread = (own[f"{_CUFF[mark.of]}_peak_{name}"].value for name in ("excess", "sd"))
    chance: FloatArray = _UPPER_TAIL((mark.level - peaks - excess) / spread)
    return float(np.sum(weights * chance))


def parse_mark(content: Mapping[str, Any], path: str) -> Mark:
    """Return a mark from plain data; unknown names are refused."""
    refuse_unknown(path, content, {"of", "level"})
    found = read_numbers(path, content, ("level",)) | read_words(path, content, ("of",))
    missing = [name for name in ("of", "level") if name not in found]
    if missing:
        raise InvalidInput(
            [
                build_error(f"{path}.{name}", "missing", None, "a value", f"{path}.{name} is missing.")
                for name in missing
            ]
        )
    return Mark(**found)


def _find_end(option: Option) -> float:
    return max(SLOW_ROUTES_MIN.get(option.route, COURSE_MIN), (option.duration_min or 0.0) + AFTER_INFUSION_MIN)


def _require_one_way(options: Sequence[Option]) -> None:
    if not 1 <= len(options) <= MOST_CANDIDATES:
        text = "There is no dose to weigh, or there are too many."
        raise InvalidInput([build_error("options", "too-many", len(options), f"1 to {MOST_CANDIDATES}", text)])
    ways = sorted({f"{option.drug} {option.route}" for option in options})
    if len(ways) > 1:
        text = "Doses of one drug and route are weighed together; compare two options for two routes."
        raise InvalidInput([build_error("options", "other-route", ", ".join(ways), "one drug and route", text)])


def _build(name: str, code: str, value: object, accepted: str) -> Problem:
    return build_error(name, code, value, accepted, f"{name} cannot be {value!r}.")
