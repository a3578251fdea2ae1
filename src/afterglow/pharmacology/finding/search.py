"""Dose finding: the weakest, or for a ceiling the strongest, order that meets a goal within the caller's limits.

Every candidate is judged in the same virtual people, so that the share of them who meet a goal is monotone where the
kinetics are, and the answer is exact to the step and the same each time.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np

from afterglow.pharmacology._values import show_value
from afterglow.pharmacology.finding.basis import describe_basis
from afterglow.pharmacology.finding.goals import Goal, calculate_share, judge_route
from afterglow.pharmacology.finding.limits import Limits, Passed, calculate_ceiling, judge_amount
from afterglow.pharmacology.finding.options import MOST_DEVICES, Option, calculate_amount_mg
from afterglow.pharmacology.finding.outlook import Outlook, Patient, People, draw_people, predict
from afterglow.pharmacology.finding.words import describe_share, round_two
from afterglow.terms import InvalidInput, Problem, build_error, build_warning
from afterglow.terms.shares import calculate_wilson

# what is varied -> unit
VARIED: Mapping[str, str] = {"dose": "mg", "devices": "devices", "duration": "min", "gap": "min", "interval": "h"}
MOST_SCANNED = 80
COURSE_MIN, AFTER_INFUSION_MIN = 180.0, 120.0
SLOW_ROUTES_MIN = {"oral": 480.0, "sublingual": 360.0}
_NEEDS = {
    Passed.NONE: "",
    Passed.SOFT: "above the soft limit: needs a stated reason",
    Passed.SECOND_CLINICIAN: "above the second-clinician limit: needs another clinician",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found.

    Attributes
    ----------
    status : str
        `found`, `not-within-limits`, or `refused` (the goal names another route or drug).
    vary, unit, value : str, str, float or None
        What was searched for; with `not-within-limits` the best that can be had.
    option : Option
        The order that the value makes; never beyond a hard limit. None where nothing can be had.
    share : float or None
        Of the virtual people who meet the goal with it.
    interval : tuple of float or None
        95 % interval of the share from the number of virtual people alone; of weighted people the effective one.
    passed : Passed
        The furthest of the caller's lines that the dose lies beyond.
    tried : tuple of (float, float)
        Every candidate looked at and its share, in the order of the candidates.
    """

    status: str
    vary: str
    unit: str
    value: float | None
    option: Option | None
    share: float | None
    interval: tuple[float, float] | None
    passed: Passed
    reason: str
    tried: tuple[tuple[float, float], ...]
    basis: Mapping[str, Any]
    problems: tuple[Problem, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data; shares with two figures and in words."""
        return {
            "status": self.status,
            "vary": self.vary,
            "unit": self.unit,
            "value": self.value,
            "share": None if self.share is None else round_two(self.share),
            "share_words": None if self.share is None else f"{describe_share(self.share)} of similar people",
            "share_interval": None if self.interval is None else [round_two(end) for end in self.interval],
            "passed": self.passed.value,
            "needs": _NEEDS.get(self.passed, ""),
            "reason": self.reason,
            "tried": [[value, round_two(share)] for value, share in self.tried],
            "basis": dict(self.basis),
            "problems": [problem.to_json() for problem in self.problems],
        }


@dataclass(slots=True)
class _Search:
    """Candidates from the weakest to the strongest, and what was computed for them."""

    goal: Goal
    patient: Patient
    people: People
    values: Sequence[float]
    options: Sequence[Option]
    shares: dict[int, float]
    last: Outlook | None = None

    def look(self, place: int) -> float:
        """Return the share of people who meet the goal with a candidate."""
        if place not in self.shares:
            option = self.options[place]
            self.last = predict(option, self.patient, self.people, until_min=get_end(self.goal, option))
            self.shares[place] = calculate_share(self.goal, self.last)
        return self.shares[place]

    def is_met(self, place: int) -> bool:
        """Whether the share is at least the chosen one."""
        return self.look(place) >= self.goal.probability - 1e-12


def find_dose(
    goal: Goal, option: Option, patient: Patient, limits: Limits, *, vary: str = "dose", people: People | None = None
) -> Answer:
    """Return the dose, duration or schedule that reaches a goal within limits, by the option's own route.

    Parameters
    ----------
    goal : Goal
    option : Option
        What is kept: drug, route, model and all that is not varied.
    patient : Patient
    limits : Limits
        Hard lines are never crossed; a found value says which other line it lies beyond.
    vary : {"dose", "devices", "duration", "gap", "interval"}
    people : People, optional
        From `draw_people`; 250 with seed 1 otherwise.

    Returns
    -------
    answer : Answer
        For `at_least` the smallest dose or number of devices (the longest duration, gap or interval) that does; for
        `at_most` the largest (the shortest). A goal out of reach is answered with the best within the limits.

    Raises
    ------
    InvalidInput
        The limits leave the search open, the option cannot be varied so, or the patient cannot be computed.

    Notes
    -----
    Bisection over whole steps with common random numbers; time above a level and area are scanned instead where
    duration, gap or interval vary, since they are not monotone in them, and the shortest that does is taken.
    """
    wrong = judge_route(goal, option)
    if wrong:
        return Answer("refused", vary, VARIED.get(vary, ""), None, None, None, None, Passed.NONE,
                      " ".join(problem.message for problem in wrong), (), {}, tuple(wrong))  # fmt: skip
    values, options = _list_candidates(option, patient, limits, vary)
    refusal = _judge_kept(option, patient, limits, vary)
    if refusal or not values:
        reason = refusal or _say_empty(patient, limits, vary)
        return Answer("not-within-limits", vary, VARIED[vary], None, None, None, None, Passed.NONE, reason, (), {}, ())
    search = _Search(goal, patient, people or draw_people(), values, options, {})
    top, noted = _find_last_usable(search)
    if top < 0:
        reason = "Nothing within the limits can be computed: " + " ".join(problem.message for problem in noted)
        return Answer("not-within-limits", vary, VARIED[vary], None, None, None, None, Passed.NONE, reason, (), {},
                      tuple(noted))  # fmt: skip
    is_scanned = goal.statistic != "peak" and vary in ("duration", "gap", "interval")
    place = _scan(search, top) if is_scanned else _bisect(search, top)
    return _build_answer(search, limits, vary, place, noted)


def get_end(goal: Goal, option: Option) -> float:
    """Return the end of the course that is judged, in minutes."""
    if goal.until_min is not None:
        return goal.until_min
    one = max(SLOW_ROUTES_MIN.get(option.route, COURSE_MIN), (option.duration_min or 0.0) + AFTER_INFUSION_MIN)
    return one + (option.sessions - 1) * (option.interval_h or 0.0) * 60.0


def _list_candidates(option: Option, patient: Patient, limits: Limits, vary: str) -> tuple[list[float], list[Option]]:
    """Return the candidates from the weakest to the strongest, all within the hard limits."""
    _require_varied(option, vary)
    ceiling = _require_ceiling(limits, patient)
    match vary:
        case "dose":
            first = max(1, math.ceil(limits.lowest_mg / limits.step_mg - 1e-9))
            steps = range(first, math.floor(ceiling / limits.step_mg + 1e-9) + 1)
            values = [round(step * limits.step_mg, 9) for step in steps]
            return values, [replace(option, dose_mg=value, dose_mg_per_kg=None, cap_mg=None) for value in values]
        case "devices":
            if limits.most_devices is None:
                _refuse("limits.most_devices", "missing", None, "a number", "The search needs an end.")
            counts = range(1, min(limits.most_devices, MOST_DEVICES) + 1)
            bare = replace(option, devices=1, dose_mg=None, dose_mg_per_kg=None, cap_mg=None)
            options = [replace(bare, devices=count) for count in counts]
            kept = [one for one in options if _is_allowed(one, patient, limits)]
            return [float(one.devices or 0) for one in kept], kept
        case "duration":
            if limits.shortest_min is None:
                _refuse("limits.shortest_min", "missing", None, "minutes", "The minimum duration must be known.")
            values = _count_down(limits.shortest_min, limits.longest_min, limits.duration_step_min)
            return values, [replace(option, duration_min=value) for value in values]
        case "gap":
            values = _count_down(limits.shortest_gap_min, limits.longest_gap_min, limits.gap_step_min)
            return values, [replace(option, gap_min=value) for value in values]
        case _:
            values = _count_down(limits.shortest_interval_h, limits.longest_interval_h, limits.interval_step_h)
            return values, [replace(option, interval_h=value) for value in values]


def _bisect(search: _Search, top: int) -> int | None:
    """Return the weakest candidate that reaches the goal, the strongest that stays under it, or None."""
    rises = search.goal.direction == "at_least"
    if not search.is_met(top if rises else 0):
        return None
    low, high = (-1, top) if rises else (0, top + 1)
    while high - low > 1:
        middle = (low + high) // 2
        if search.is_met(middle) == rises:
            high = middle
        else:
            low = middle
    return high if rises else low


def _scan(search: _Search, top: int) -> int | None:
    """Return the strongest (shortest) candidate that meets the goal, looking at every one of them."""
    if top + 1 > MOST_SCANNED:
        accepted = f"a step that leaves at most {MOST_SCANNED}"
        _refuse("limits", "too-many-candidates", top + 1, accepted, "This goal is searched one by one: too many steps.")
    found = [place for place in range(top + 1) if search.is_met(place)]
    return max(found) if found else None


def _find_last_usable(search: _Search) -> tuple[int, list[Problem]]:
    """Return the strongest candidate that the model accepts, and why a stronger one was not; -1 for none."""
    low, high, noted = -1, len(search.values), []
    middle = high - 1
    while high - low > 1:
        try:
            search.look(middle)
        except InvalidInput as refused:
            high, noted = middle, list(refused.problems)
        else:
            low = middle
        middle = (low + high) // 2
    return low, noted


def _build_answer(search: _Search, limits: Limits, vary: str, place: int | None, noted: Sequence[Problem]) -> Answer:
    goal, weight = search.goal, search.patient.weight_kg
    best = max(search.shares, key=lambda one: (search.shares[one], -one)) if place is None else place
    option, share = search.options[best], search.shares[best]
    outlook = predict(option, search.patient, search.people, until_min=get_end(goal, option))
    value, unit = search.values[best], VARIED[vary]
    if place is None:
        passed_over = "; stronger ones the model does not accept" if noted else ""
        reason = (
            f"Not within limits: {goal.describe()} was asked for; the best that can be had, {value:g} {unit}, "
            f"reaches it in about {round_two(100 * share):g} of 100{passed_over}."
        )
    else:
        reason = f"{value:g} {unit} meets it: {goal.describe()}."
    problems = [build_warning(one.path, one.code, one.value, one.accepted, one.message) for one in noted]
    return Answer(
        status="not-within-limits" if place is None else "found",
        vary=vary,
        unit=unit,
        value=value,
        option=option,
        share=share,
        interval=calculate_wilson(share, calculate_effective_n(outlook)),
        passed=judge_amount(limits, calculate_amount_mg(option, weight), weight),
        reason=reason,
        tried=tuple((search.values[one], search.shares[one]) for one in sorted(search.shares)),
        basis=describe_basis(outlook),
        problems=tuple(dict.fromkeys([*outlook.problems, *problems])),
    )


def calculate_effective_n(outlook: Outlook) -> float:
    """Return how many equal people the weighted ones are worth, (sum w)^2 / sum w^2 (Kong 1994)."""
    return float(np.sum(outlook.weights) ** 2 / np.sum(outlook.weights**2))


def _judge_kept(option: Option, patient: Patient, limits: Limits, vary: str) -> str:
    """Return why the part of the order that is not varied lies outside the limits; empty when it does not."""
    if vary not in ("dose", "devices") and not _is_allowed(option, patient, limits):
        amount = calculate_amount_mg(option, patient.weight_kg)
        return f"The dose of {amount:g} mg lies beyond a hard limit; changing the {vary} does not mend that."
    shortest = limits.shortest_min
    if vary != "duration" and shortest is not None and option.route in ("iv", "sc"):
        given = option.duration_min
        if given is not None and given < shortest:
            return f"An infusion over {given:g} min is shorter than the {shortest:g} min that the limits ask for."
        if given is None and option.route == "iv":
            return f"A bolus is not within the limits, which ask for {shortest:g} min or more."
    interval = option.interval_h
    if vary != "interval" and option.sessions > 1 and interval is not None and interval < limits.shortest_interval_h:
        return f"Sessions {interval:g} h apart are closer than the {limits.shortest_interval_h:g} h of the limits."
    if vary != "gap" and option.devices is not None and option.gap_min < limits.shortest_gap_min:
        return (
            f"Devices {option.gap_min:g} min apart are closer than the {limits.shortest_gap_min:g} min of the limits."
        )
    return ""


def _is_allowed(option: Option, patient: Patient, limits: Limits) -> bool:
    is_under = judge_amount(limits, calculate_amount_mg(option, patient.weight_kg), patient.weight_kg) != Passed.HARD
    too_many = limits.most_devices is not None and (option.devices or 0) > limits.most_devices
    return is_under and not too_many


def _require_varied(option: Option, vary: str) -> None:
    """Refuse to vary what the option does not have."""
    if not isinstance(vary, str) or vary not in VARIED:
        _refuse("vary", "unknown-name", show_value(vary), ", ".join(VARIED), "That cannot be searched for.")
    is_spray = (option.drug, option.route) == ("esketamine", "intranasal")
    if vary == "dose" and is_spray:
        _refuse("vary", "whole-devices-only", vary, "devices, gap", "A spray comes in whole devices: vary devices.")
    if (vary == "gap" and option.devices is None) or (vary == "devices" and not is_spray):
        _refuse("vary", "no-devices", vary, "dose, duration", "The option gives no devices.")
    if vary == "gap" and (option.devices or 0) < 2:
        _refuse("vary", "one-device", option.devices, "2 or more devices", "One device has no gap.")
    if vary == "duration" and option.duration_min is None:
        _refuse("vary", "no-duration", vary, "an option with a duration", "The option is no infusion.")
    if vary == "interval" and option.sessions < 2:
        _refuse("vary", "one-session", option.sessions, "2 or more sessions", "One session has no interval.")


def _require_ceiling(limits: Limits, patient: Patient) -> float:
    ceiling = calculate_ceiling(limits, patient.weight_kg)
    if ceiling is None:
        text = "Nothing is searched for without a hard limit of a session's dose, whatever is varied."
        _refuse("limits.dose_mg.hard", "missing", None, "mg, or mg per kg in dose_mg_per_kg.hard", text)
    return ceiling


def _say_empty(patient: Patient, limits: Limits, vary: str) -> str:
    ceiling = calculate_ceiling(limits, patient.weight_kg)
    line = "" if ceiling is None else f" up to the hard limit of {ceiling:g} mg"
    return f"There is no {vary} to choose from{line}: no whole step lies within the limits."


def _count_down(shortest: float, longest: float, step: float) -> list[float]:
    """Return shortest, shortest + step, ... up to the longest, the longest first (weakest)."""
    count = math.floor((longest - shortest) / step + 1e-9)
    return [round(shortest + place * step, 9) for place in range(count, -1, -1)]


def _refuse(path: str, code: str, value: object, accepted: str, message: str) -> NoReturn:
    raise InvalidInput([build_error(path, code, value, accepted, message)])
