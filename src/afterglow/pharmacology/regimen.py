"""Doses as the simulator takes them: the SPEC `AMOUNT[@START][/DURATION]`, devices, pauses and changes of rate.

Every refusal names the field, the value and what would be accepted.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NoReturn

import numpy as np

from afterglow.pharmacology._types import FloatArray, Number
from afterglow.pharmacology._values import is_between, show_value
from afterglow.terms import InvalidInput, Problem, build_error, build_warning

BASE_PER_HCL = 0.867  # by mass: 237.73 over 274.2 g/mol (grade D)
DOSE_BASIS = f"doses are base, not salt: 1 mg of the hydrochloride holds {BASE_PER_HCL:g} mg"
DEVICE_MG = 28.0
DEVICE_GAP_H = 5.0 / 60.0
FILM_H = 0.5  # a film is held for 10 min and its drug leaves the mucosa over about half an hour (Simons 2022; grade D)
SESSION_GAP_H = 6.0  # doses further apart belong to different sessions
HIGHEST_DOSE_MG = 1000.0
HIGHEST_DOSE_MG_PER_KG = 15.0
LONGEST_H = 52 * 7 * 24.0
LONGEST_INFUSION_H = 7 * 24.0
MOST_DOSES = 400
NEBULISER_H = 20.0 / 60.0
LONGEST_SPEC = 200
INFUSED_ROUTES = frozenset({"iv", "im", "sc", "inhaled"})

_SPEC = re.compile(
    r"\s*(?P<amount>[+-]?[0-9.eE+-]+?)\s*(?P<unit>[a-zA-Zµμ]+(?:/[a-zA-Z]+(?=$|[\s@/]))?)?"
    r"\s*(?:@\s*(?P<start>[^/@]*))?(?:/\s*(?P<duration>[^/@]*))?\s*\Z"
)
_TIME = re.compile(r"\s*([+-]?[0-9]+(?:\.[0-9]+)?)\s*([a-zA-Z]+)\s*\Z")
_TIME_UNITS = {"s": 1 / 3600, "min": 1 / 60, "h": 1.0, "d": 24.0, "wk": 168.0}
_AMOUNT_UNITS = {"mg": (1.0, False), "ug": (0.001, False), "mg/kg": (1.0, True), "ug/kg": (0.001, True)}
_SPELLINGS = {"mcg": "ug", "µg": "ug", "μg": "ug", "mcg/kg": "ug/kg", "µg/kg": "ug/kg", "μg/kg": "ug/kg"}


@dataclass(frozen=True, slots=True)
class DoseSpec:
    """A dose as written: amount in mg or mg/kg, start, and duration when it is given over time."""

    amount: float
    is_per_kg: bool
    start_h: float
    duration_h: float | None
    text: str
    path: str


@dataclass(frozen=True, slots=True)
class Dose:
    """A dose as given: mg (one number or one per patient), start, duration (None: at once).

    `device` counts devices within one session from 0, `occasion` counts sessions, `session_mg` is the session's sum.
    """

    amount_mg: Number
    start_h: float
    duration_h: float | None = None
    device: int = 0
    occasion: int = 0
    session_mg: Number = 0.0

    def select(self, rows: slice) -> "Dose":
        """Return the dose of a block of people."""
        amount, total = (
            value[rows] if isinstance(value, np.ndarray) and value.ndim else value
            for value in (self.amount_mg, self.session_mg)
        )
        return replace(self, amount_mg=amount, session_mg=total)


@dataclass(frozen=True, slots=True)
class RateChange:
    """What happened to an infusion at an instant: a new rate in mg/h; 0 is a pause, `is_stop` ends it."""

    at_h: float
    rate_mg_per_h: float | None = None
    is_stop: bool = False


def parse_dose(text: str, path: str = "dose") -> DoseSpec:
    """Return the dose written as `AMOUNT[@START][/DURATION]`, such as `0.5mg/kg@0min/40min`.

    Raises
    ------
    InvalidInput
        Malformed text, an unknown unit, an amount of 0 or below or absurdly high, a start before 0, a duration of 0.
    """
    match = _SPEC.match(text) if isinstance(text, str) and len(text) <= LONGEST_SPEC else None
    number = _read_number(match["amount"]) if match else math.nan
    if match is None or not math.isfinite(number):
        shown = show_value(text)
        _refuse(path, "dose-malformed", shown, "AMOUNT[@START][/DURATION]", f"{shown!r} is not a dose")
    start_text, duration_text, unit_text = match["start"], match["duration"], match["unit"]
    unit = _SPELLINGS.get(unit_text or "", unit_text or "")
    if unit not in _AMOUNT_UNITS:
        accepted = "mg, mg/kg, ug/kg"
        _refuse(path, "unit-not-accepted", text, accepted, f"the dose {text!r} has no unit that is known")
    factor, is_per_kg = _AMOUNT_UNITS[unit]
    amount = number * factor
    highest = HIGHEST_DOSE_MG_PER_KG if is_per_kg else HIGHEST_DOSE_MG
    if not 0 < amount <= highest:
        words = f"above 0 to {highest:g} {'mg/kg' if is_per_kg else 'mg'}"
        _refuse(path, "dose-out-of-range", text, words, f"a dose of {number:g} {unit} is out of range")
    start_h = 0.0 if start_text is None else parse_time(start_text, f"{path}.start", lowest_h=0.0)
    duration_h = None
    if duration_text is not None:
        duration_h = parse_time(duration_text, f"{path}.duration", longest_h=LONGEST_INFUSION_H)
        if duration_h <= 0:
            accepted = f"above 0 to {LONGEST_INFUSION_H:g} h; leave it out for a bolus"
            _refuse(f"{path}.duration", "duration-out-of-range", text, accepted, "an infusion needs a duration above 0")
    return DoseSpec(amount, is_per_kg, start_h, duration_h, text, path)


def parse_time(text: str, path: str, *, lowest_h: float | None = None, longest_h: float = LONGEST_H) -> float:
    """Return hours from text such as `40min`, `1.5h`, `3d`; refuse other units, negatives and absurd lengths."""
    match = _TIME.match(text) if isinstance(text, str) and len(text) <= LONGEST_SPEC else None
    accepted = f"0 to {longest_h:g} h, written as s, min, h, d or wk"
    if match is None or match[2] not in _TIME_UNITS:
        shown = show_value(text)
        _refuse(path, "time-malformed", shown, accepted, f"{shown!r} is not a time with a unit")
    hours = float(match[1]) * _TIME_UNITS[match[2]]
    if hours < (0.0 if lowest_h is None else lowest_h) or hours > longest_h:
        _refuse(path, "time-out-of-range", text, accepted, f"the time {text!r} is out of range")
    return hours


def build_regimen(
    specs: Sequence[str | DoseSpec | Dose], *, drug: str, route: str, weight_kg: Number
) -> tuple[tuple[Dose, ...], tuple[Problem, ...]]:
    """Return the doses in order of time, and warnings about how they were read.

    Parameters
    ----------
    specs : sequence of str, DoseSpec or Dose
        One per dose; a dose as given is judged like a written one.
    drug, route : str
        A nasal esketamine dose is split into 28 mg devices 5 min apart; any other amount is refused.
    weight_kg : float or ndarray, shape (n,), kg
        For doses per kg.

    Raises
    ------
    InvalidInput
        No dose, too many, a dose that is none, infusions that overlap in one line, a duration by a route that has none,
        part of a device. Doses given together by another route are allowed with a warning.
    """
    if isinstance(specs, str) or not isinstance(specs, Sequence) or not 1 <= len(specs) <= MOST_DOSES:
        count = len(specs) if isinstance(specs, list | tuple) else show_value(specs)
        _refuse("dose", "dose-count", count, f"1 to {MOST_DOSES} doses", "there must be a dose, and not too many")
    problems: list[Problem] = []
    doses: list[Dose] = []
    for i, item in enumerate(specs):
        path = f"dose[{i}]"
        try:
            if isinstance(item, Dose):
                doses += _judge_given(item, path, drug, route, problems)
                continue
            spec = item if isinstance(item, DoseSpec) else parse_dose(item, path)
        except InvalidInput as refused:
            problems += refused.problems
            continue
        doses += _build_doses(spec, drug, route, weight_kg, problems)
    doses.sort(key=lambda dose: dose.start_h)
    problems += _judge_overlaps(doses, drug, route)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise InvalidInput(errors)
    return number_sessions(doses), tuple(problems)


def _build_doses(spec: DoseSpec, drug: str, route: str, weight_kg: Number, problems: list[Problem]) -> Iterable[Dose]:
    amount: Number = spec.amount * weight_kg if spec.is_per_kg else spec.amount
    if float(np.max(amount)) > HIGHEST_DOSE_MG:
        accepted = f"at most {HIGHEST_DOSE_MG:g} mg"
        problems.append(build_error(spec.path, "dose-out-of-range", spec.text, accepted, "the dose is absurdly high"))
    if spec.duration_h is not None and route not in INFUSED_ROUTES:
        message = f"a dose by the route {route} has no duration"
        problems.append(build_error(f"{spec.path}.duration", "duration-not-used", spec.text, "AMOUNT[@START]", message))
    if route == "intranasal" and drug == "esketamine":
        return _split_devices(spec, amount, problems)
    duration = spec.duration_h
    if route == "inhaled" and duration is None:
        duration = NEBULISER_H
        message = f"no time of inhalation was given; {NEBULISER_H * 60:g} min is assumed"
        problems.append(build_warning(f"{spec.path}.duration", "duration-assumed", spec.text, "/20min", message))
    return [Dose(amount, spec.start_h, duration)]


def _split_devices(spec: DoseSpec, amount: Number, problems: list[Problem]) -> Iterable[Dose]:
    """Return one dose per device."""
    total = float(amount) if not spec.is_per_kg else math.nan
    return _list_devices(total, spec.start_h, spec.path, spec.text, problems)


def _list_devices(total: float, start_h: float, path: str, text: str, problems: list[Problem]) -> list[Dose]:
    """Return one dose per device; a single 14 mg spray was studied too and stays whole."""
    count = round(total / DEVICE_MG) if math.isfinite(total) else 0
    if total == DEVICE_MG / 2:
        return [Dose(total, start_h)]
    if not count or abs(total - count * DEVICE_MG) > 1e-9:
        accepted = f"{DEVICE_MG:g} mg or a multiple of it"
        message = f"{text} is not a whole number of {DEVICE_MG:g} mg devices"
        problems.append(build_error(path, "not-whole-devices", text, accepted, message))
        return []
    if count > 1:
        message = f"{text} is taken as {count} devices of {DEVICE_MG:g} mg, 5 min apart"
        problems.append(build_warning(path, "split-into-devices", text, f"{DEVICE_MG:g} mg each", message))
    return [Dose(DEVICE_MG, start_h + i * DEVICE_GAP_H) for i in range(count)]


def _judge_given(dose: Dose, path: str, drug: str, route: str, problems: list[Problem]) -> Iterable[Dose]:
    """Return a dose as given after the judgement that a written one gets, nasal amounts as devices."""
    found = [*_judge_amount(dose, path), *_judge_span(dose, path, route)]
    problems += found
    if found:
        return []
    if route == "intranasal" and drug == "esketamine":
        amounts = np.atleast_1d(dose.amount_mg)
        total = float(amounts[0]) if np.ptp(amounts) == 0 else math.nan
        return _list_devices(total, dose.start_h, f"{path}.amount_mg", f"{total:g} mg", problems)
    if route == "inhaled" and dose.duration_h is None:
        message = f"no time of inhalation was given; {NEBULISER_H * 60:g} min is assumed"
        problems.append(build_warning(f"{path}.duration_h", "duration-assumed", None, f"{NEBULISER_H:.3g} h", message))
        return [replace(dose, duration_h=NEBULISER_H)]
    return [dose]


def _judge_amount(dose: Dose, path: str) -> list[Problem]:
    """Return an error for an amount that nobody can be given."""
    accepted = f"above 0 to {HIGHEST_DOSE_MG:g} mg, one number or one per person"
    try:
        given = np.asarray(dose.amount_mg)
        if given.dtype.kind not in "fiu" or not isinstance(dose.amount_mg, int | float | np.number | np.ndarray):
            raise TypeError
        amounts = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return [
            build_error(f"{path}.amount_mg", "dose-malformed", show_value(dose.amount_mg), accepted, "not an amount")
        ]
    wrong = np.atleast_1d(amounts)[~((np.atleast_1d(amounts) > 0) & (np.atleast_1d(amounts) <= HIGHEST_DOSE_MG))]
    if not wrong.size:
        return []
    shown = show_value(float(wrong[0]))
    message = f"a dose of {shown} mg is out of range"
    return [build_error(f"{path}.amount_mg", "dose-out-of-range", shown, accepted, message)]


def _judge_span(dose: Dose, path: str, route: str) -> list[Problem]:
    """Return an error for a start or a duration that cannot be, or that the route has not."""
    problems = []
    if not is_between(dose.start_h, 0.0, LONGEST_H):
        message = f"a start at {show_value(dose.start_h)} h is out of range"
        shown, accepted = show_value(dose.start_h), f"0 to {LONGEST_H:g} h"
        problems.append(build_error(f"{path}.start_h", "time-out-of-range", shown, accepted, message))
    if dose.duration_h is None:
        return problems
    field, shown = f"{path}.duration_h", show_value(dose.duration_h)
    if route not in INFUSED_ROUTES:
        message = f"a dose by the route {route} has no duration"
        problems.append(build_error(field, "duration-not-used", shown, "None", message))
    elif not (is_between(dose.duration_h, 0.0, LONGEST_INFUSION_H) and dose.duration_h > 0):
        accepted = f"above 0 to {LONGEST_INFUSION_H:g} h; None for a bolus"
        message = "an infusion needs a duration above 0"
        problems.append(build_error(field, "duration-out-of-range", shown, accepted, message))
    return problems


def _judge_overlaps(doses: Sequence[Dose], drug: str, route: str) -> list[Problem]:
    """Return an error for what cannot run at once (one line, one nebuliser), a warning for what was not studied."""
    if route in ("iv", "inhaled"):
        return [*_judge_infusions(doses), *_judge_close(doses, 0.0, "doses given at the same time")]
    if route == "intranasal" and drug == "esketamine":
        return _judge_close(doses, DEVICE_GAP_H, f"devices less than {DEVICE_GAP_H * 60:g} min apart")
    if route == "sublingual":
        return _judge_close(doses, FILM_H, f"films less than {FILM_H * 60:g} min apart lie in the mouth together")
    close = _judge_close(doses, 0.0, "doses given at the same time")
    infused = [dose for dose in doses if dose.duration_h is not None]
    return [*close, *_judge_infusions(infused, is_refused=False)]


def _judge_close(doses: Sequence[Dose], gap_h: float, words: str) -> list[Problem]:
    """Return one warning where two doses start together or less than a gap apart; each is counted in full."""
    ordered = [dose.start_h for dose in doses if not dose.duration_h]
    close = [later for first, later in pairwise(ordered) if later - first < gap_h - 1e-9 or later == first]
    if not close:
        return []
    shown = round(close[0] * 60, 6)
    message = f"{words} ({len(close) + 1} of them, at {shown:g} min): each is counted in full; their uptake together "
    accepted = f"{gap_h * 60:g} min apart or more" if gap_h else "starts that differ, or one dose of the whole amount"
    return [build_warning("dose", "doses-together", shown, accepted, f"{message}was not studied")]


def _judge_infusions(doses: Sequence[Dose], *, is_refused: bool = True) -> list[Problem]:
    """Return a problem for each infusion that starts before the last one has ended: refused where one line is used."""
    problems: list[Problem] = []
    build = build_error if is_refused else build_warning
    busy_until = -math.inf
    for dose in doses:
        if dose.duration_h is None:
            continue
        if dose.start_h < busy_until - 1e-9:
            accepted = f"a start at or after {busy_until * 60:g} min"
            message = f"an infusion that starts at {dose.start_h * 60:g} min overlaps the one before it"
            if not is_refused:
                message += "; two sites are taken for granted"
            problems.append(build("dose", "doses-overlap", dose.start_h * 60, accepted, message))
        busy_until = max(busy_until, dose.start_h + dose.duration_h)
    return problems


def judge_late(doses: Sequence[Dose], until_h: float) -> tuple[Problem, ...]:
    """Warn of doses after the end; refuse when every dose is."""
    late = [dose for dose in doses if dose.start_h >= until_h]
    if not late:
        return ()
    accepted, message = f"a start before {until_h:g} h", f"{len(late)} of {len(doses)} doses come after the end"
    if len(late) == len(doses):
        raise InvalidInput([build_error("dose", "dose-after-end", late[0].start_h, accepted, message)])
    return (build_warning("dose", "dose-after-end", late[0].start_h, accepted, message),)


def number_sessions(doses: Iterable[Dose]) -> tuple[Dose, ...]:
    """Return the doses with device, occasion and the session's total filled in; order of time is expected."""
    ordered = sorted(doses, key=lambda dose: dose.start_h)
    sessions: list[list[Dose]] = []
    for dose in ordered:
        if sessions and dose.start_h - sessions[-1][-1].start_h <= SESSION_GAP_H:
            sessions[-1].append(dose)
        else:
            sessions.append([dose])
    return tuple(
        replace(dose, device=place, occasion=occasion, session_mg=sum_amounts(session))
        for occasion, session in enumerate(sessions)
        for place, dose in enumerate(session)
    )


def sum_amounts(doses: Iterable[Dose]) -> Number:
    """Return the total of several doses in mg, one number or one per patient."""
    total: Number = 0.0
    for dose in doses:
        total = total + dose.amount_mg
    return total


def change_rate(dose: Dose, changes: Sequence[RateChange]) -> tuple[Dose, ...]:
    """Return an infusion as it was really run: pieces of constant rate after pauses, changes and a stop.

    Parameters
    ----------
    dose : Dose
        An infusion; it starts at the rate `amount_mg / duration_h`.
    changes : sequence of RateChange
        In order of time, each at or after the start. Rate None resumes the first rate. The rest of the amount is
        given after a pause; a stop forfeits it, and so does a pause that has not ended yet.

    Returns
    -------
    pieces : tuple of Dose
        Together at most `amount_mg`; none where the rate was 0.

    Raises
    ------
    InvalidInput
        Not an infusion, changes out of order, a negative or infinite rate.
    """
    if dose.duration_h is None:
        _refuse("dose", "not-an-infusion", dose.amount_mg, "a dose with a duration", "only an infusion has a rate")
    amount = float(np.asarray(dose.amount_mg))
    first = amount / dose.duration_h
    at, rate, left = dose.start_h, first, amount
    pieces: list[Dose] = []
    for i, change in enumerate(changes):
        _require_change(change, i, at)
        at, left = _run_until(dose, pieces, at, change.at_h, rate, left)
        if change.is_stop or left <= 0:
            return tuple(pieces)
        rate = first if change.rate_mg_per_h is None else change.rate_mg_per_h
    _run_until(dose, pieces, at, math.inf, rate, left)
    return tuple(pieces)


def _run_until(
    dose: Dose, pieces: list[Dose], at_h: float, until_h: float, rate: float, left_mg: float
) -> tuple[float, float]:
    """Add the piece from `at_h` to `until_h` or to the end of the amount; return the time and what is left."""
    if rate <= 0 or left_mg <= 0:
        return until_h, left_mg
    duration = min(until_h - at_h, left_mg / rate)
    if duration > 0:
        pieces.append(replace(dose, amount_mg=min(rate * duration, left_mg), start_h=at_h, duration_h=duration))
    return until_h, max(left_mg - rate * duration, 0.0)


def _require_change(change: RateChange, i: int, at_h: float) -> None:
    path = f"changes[{i}]"
    if not math.isfinite(change.at_h) or change.at_h < at_h:
        _refuse(f"{path}.at_h", "time-out-of-range", change.at_h, f"{at_h:g} h or later", "changes go on in time")
    rate = change.rate_mg_per_h
    if rate is not None and not (math.isfinite(rate) and 0 <= rate <= 60 * HIGHEST_DOSE_MG):
        _refuse(
            f"{path}.rate_mg_per_h", "rate-out-of-range", rate, "0 or more mg/h", f"a rate of {rate} is out of range"
        )


def list_event_times(doses: Iterable[Dose]) -> FloatArray:
    """Return every start and end of a dose, sorted, in hours."""
    times = {0.0}
    for dose in doses:
        times |= {dose.start_h, dose.start_h + (dose.duration_h or 0.0)}
    return np.array(sorted(times))


def _read_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _refuse(path: str, code: str, value: object, accepted: str, message: str) -> NoReturn:
    raise InvalidInput([build_error(path, code, value, accepted, message)])
