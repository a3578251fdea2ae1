"""Judging single values that callers give: whether they are numbers, and how a problem may show them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from afterglow.terms import InvalidInput, Problem, build_error

LONGEST_SHOWN = 80


def is_number(value: object) -> bool:
    """Whether a value is one finite number; a truth value and a text are none."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def is_whole(value: object, low: int, high: int) -> bool:
    """Whether a value is a whole number between two ends; 3.0 is not one."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(low <= value <= high)


def is_between(value: object, low: float, high: float, *, is_open: bool = False) -> bool:
    """Whether a value is a finite number from `low` to `high`; `is_open` leaves the lower end out."""
    return is_number(value) and bool((low < value if is_open else low <= value) and value <= high)  # type: ignore[operator]


def show_value(value: object) -> object:
    """Return a value as a problem may carry it: a finite number as it is, anything else as short text or None."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, np.integer | np.floating):
        value = value.item()
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    try:
        return str(value)[:LONGEST_SHOWN]
    except ValueError:  # a whole number of thousands of digits
        return "a number of very many digits"


def build_refusal(path: str, code: str, value: object, accepted: str) -> Problem:
    """Return an error that says what a field cannot be and what would be accepted."""
    shown = show_value(value)
    return build_error(path, code, shown, accepted, f"{path} cannot be {shown!r}; accepted: {accepted}.")


def judge_words(path: str, given: Mapping[str, tuple[object, Sequence[str]]]) -> list[Problem]:
    """Return a problem for each name whose value is not among its known words."""
    return [
        build_error(f"{path}{name}", "unknown-name", show_value(value), ", ".join(known), f"There is no such {name}.")
        for name, (value, known) in given.items()
        if not (isinstance(value, str) and value in known)
    ]


def judge_flags(path: str, given: Mapping[str, object]) -> list[Problem]:
    """Return a problem for each name whose value is neither true nor false."""
    return [
        build_error(f"{path}{name}", "not-a-bool", show_value(value), "true, false", f"{name} is true or false.")
        for name, value in given.items()
        if not isinstance(value, bool | np.bool_)
    ]


def check_overrides(overrides: Mapping[str, Any], known: Iterable[str], what: str) -> dict[str, float]:
    """Return numbers that replace parameters by name; refuse unknown names and what is no finite number.

    Parameters
    ----------
    overrides : mapping of str to float
    known : iterable of str
        The parameters there are.
    what : str
        What they are called in a message: `effect parameter`.
    """
    names = sorted(known)
    problems = []
    for name, value in overrides.items():
        path = f"overrides.{name}"
        if name not in names:
            text = f"There is no {what} {name!r}."
            problems.append(build_error(path, "unknown-name", show_value(name), ", ".join(names), text))
        elif not is_number(value):
            text = f"{name} must be a finite number."
            problems.append(build_error(path, "not-finite", show_value(value), "a finite number", text))
    if problems:
        raise InvalidInput(problems)
    return {name: float(value) for name, value in overrides.items()}
