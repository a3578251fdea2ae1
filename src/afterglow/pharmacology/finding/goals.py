"""What is to be reached: a quantity, how it is read from a course, a level, and in what share of similar people."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from afterglow.pharmacology._types import MINUTES_PER_HOUR, FloatArray
from afterglow.pharmacology._values import build_refusal, is_between, judge_words
from afterglow.pharmacology.finding.fields import read_numbers, read_words, refuse_unknown
from afterglow.pharmacology.finding.options import Option
from afterglow.pharmacology.finding.outlook import Outlook, calculate_auc
from afterglow.pharmacology.finding.words import describe_share
from afterglow.pharmacology.models.catalogue import DRUGS, ROUTES
from afterglow.terms import InvalidInput, Problem, build_error

# quantity -> unit and words
QUANTITIES: Mapping[str, tuple[str, str]] = {
    "ketamine_ng_per_ml": ("ng/mL", "ketamine"),
    "s_ketamine_ng_per_ml": ("ng/mL", "S-ketamine"),
    "cadss": ("points", "CADSS of 92"),
    "cadss6": ("points", "CADSS-6 of 24"),
    "systolic_rise_mmhg": ("mm[Hg]", "systolic rise"),
    "diastolic_rise_mmhg": ("mm[Hg]", "diastolic rise"),
    "heart_rate_rise_per_min": ("/min", "heart rate rise"),
    "occupancy_index": ("1", "channel occupancy index"),
}
STATISTICS = ("peak", "time_above", "auc")
DIRECTIONS = ("at_least", "at_most")


@dataclass(frozen=True, slots=True)
class Goal:
    """A chosen concentration or effect and the chosen probability.

    Attributes
    ----------
    of : str
        A key of `QUANTITIES`.
    statistic : str
        `peak`; `time_above` (minutes above `level`, to be compared with `minutes`); `auc` (unit times h).
    level : float
        Peak, threshold or area.
    direction : str
        `at_least` or `at_most`.
    probability : float
        Share of people like this patient, above 0 and below 1.
    drug, route : str or None
        What the goal was set for; a search never leaves them, and refuses an option of another.
    until_min : float or None
        End of the course that is judged.
    """

    of: str
    level: float
    probability: float
    statistic: str = "peak"
    direction: str = "at_least"
    minutes: float | None = None
    drug: str | None = None
    route: str | None = None
    until_min: float | None = None

    def __post_init__(self) -> None:
        """Refuse a goal that cannot be judged."""
        problems = _judge(self)
        if problems:
            raise InvalidInput(problems)

    def describe(self) -> str:
        """Return the goal as a sentence without its verb: `peak ketamine at least 100 ng/mL in 9 in 10 ...`."""
        unit, words = QUANTITIES[self.of]
        side = self.direction.replace("_", " ")
        if self.statistic == "time_above":
            text = f"{words} above {self.level:g} {unit} for {side} {self.minutes:g} min"
        elif self.statistic == "auc":
            text = f"area under {words} {side} {self.level:g} {unit}\u00b7h"
        else:
            text = f"peak {words} {side} {self.level:g} {unit}"
        return f"{text} in {describe_share(self.probability)} of similar people"


def calculate_statistic(goal: Goal, outlook: Outlook) -> FloatArray:
    """Return what each person's course comes to, shape (n,): peak, minutes above the level, or area."""
    values: FloatArray = getattr(outlook, goal.of)
    if goal.statistic == "peak":
        return np.asarray(outlook.get_courses(goal.of).max(axis=0), dtype=np.float64)
    if goal.statistic == "time_above":
        return calculate_time_above(outlook.times_h, values, goal.level) * MINUTES_PER_HOUR
    if goal.of == "ketamine_ng_per_ml":
        return calculate_auc(outlook)
    middles = 0.5 * (values[1:] + values[:-1])
    return np.asarray(np.diff(outlook.times_h) @ middles, dtype=np.float64)


def calculate_share(goal: Goal, outlook: Outlook) -> float:
    """Return the weighted share of people whose course meets the goal; the level itself counts as met."""
    found = calculate_statistic(goal, outlook)
    target = goal.level if goal.statistic != "time_above" or goal.minutes is None else goal.minutes
    is_met = found >= target if goal.direction == "at_least" else found <= target
    return float(np.sum(outlook.weights[is_met]) / np.sum(outlook.weights))


def calculate_time_above(times_h: FloatArray, values: FloatArray, level: float) -> FloatArray:
    """Return the hours each column lies above a level, linear between the times, shape (n,)."""
    left, right = values[:-1] - level, values[1:] - level
    step = np.diff(times_h)[:, None]
    top, bottom = np.maximum(left, right), np.minimum(left, right)
    crossing = np.divide(top, top - bottom, out=np.zeros_like(top), where=top > bottom)
    share = np.where(bottom >= 0, np.where(top > 0, 1.0, 0.0), np.where(top > 0, crossing, 0.0))
    return np.asarray((share * step).sum(axis=0), dtype=np.float64)


def judge_route(goal: Goal, option: Option) -> list[Problem]:
    """Return an error for each of drug and route in which the option is not what the goal was set for."""
    problems = []
    for name in ("drug", "route"):
        asked, given = getattr(goal, name), getattr(option, name)
        if asked is not None and asked != given:
            text = (
                f"The goal was set for the {name} {asked} and the option is by {given}: an order is never turned "
                f"into one of another {name}. Write an option of its own and compare the two."
            )
            problems.append(build_error(f"goal.{name}", f"other-{name}", asked, given, text))
    return problems


def parse_goal(content: Mapping[str, Any]) -> Goal:
    """Return a goal from plain data with the field names of `Goal`; unknown names are refused."""
    refuse_unknown("goal", content, {item.name for item in fields(Goal)})
    numbers = read_numbers("goal", content, ("level", "probability", "minutes", "until_min"))
    missing = [name for name in ("of", "level", "probability") if content.get(name) is None]
    if missing:
        raise InvalidInput([build_refusal(f"goal.{name}", "missing", None, "a value") for name in missing])
    numbers |= read_words("goal", content, ("of", "statistic", "direction", "drug", "route"))
    return Goal(**numbers)


def _judge(goal: Goal) -> list[Problem]:
    known = {"of": tuple(QUANTITIES), "statistic": STATISTICS, "direction": DIRECTIONS}
    problems = judge_words("goal.", {name: (getattr(goal, name), words) for name, words in known.items()})
    if not is_between(goal.level, 0.0, math.inf, is_open=True):
        problems.append(build_refusal("goal.level", "out-of-range", goal.level, "above 0"))
    if not (is_between(goal.probability, 0.0, 1.0, is_open=True) and goal.probability < 1):
        problems.append(build_refusal("goal.probability", "out-of-range", goal.probability, "above 0 and below 1"))
    is_timed = isinstance(goal.statistic, str) and goal.statistic == "time_above"
    if (is_timed or goal.minutes is not None) and not is_between(goal.minutes, 0.0, math.inf, is_open=True):
        code = "missing" if goal.minutes is None else "out-of-range"
        problems.append(build_refusal("goal.minutes", code, goal.minutes, "minutes above 0"))
    if goal.until_min is not None and not is_between(goal.until_min, 0.0, math.inf, is_open=True):
        problems.append(build_refusal("goal.until_min", "out-of-range", goal.until_min, "above 0 min"))
    for name, words in (("drug", DRUGS), ("route", ROUTES)):
        if getattr(goal, name) is not None:
            problems += judge_words("goal.", {name: (getattr(goal, name), words)})
    return problems
