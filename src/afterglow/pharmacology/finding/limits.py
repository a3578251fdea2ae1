"""How far a search may go: the caller's own limits and the steps that syringes, pumps and devices can make.

This room knows no protocol; whoever asks brings the numbers. A value that equals a limit is still within it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from afterglow.pharmacology._values import build_refusal, is_between, is_whole
from afterglow.pharmacology.finding.fields import read_numbers, refuse_unknown
from afterglow.terms import InvalidInput, Problem

_OPEN = ("shortest_min", "most_devices")  # fields that may be left open
LEVELS = ("soft", "second_clinician", "hard")


class Passed(StrEnum):
    """The furthest line that an amount lies beyond."""

    NONE = "none"
    SOFT = "soft"
    SECOND_CLINICIAN = "second-clinician"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class Ladder:
    """Three lines of one quantity, from a caution to a stop; None where the caller has none."""

    soft: float | None = None
    second_clinician: float | None = None
    hard: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What an answer must keep to.

    Attributes
    ----------
    dose_mg, dose_mg_per_kg : Ladder
        Of one session; both apply.
    lowest_mg : float, mg
        The smallest dose worth finding; a dose is a whole number of steps.
    step_mg : float, mg
        What a syringe can measure.
    shortest_min, longest_min, duration_step_min : float, min
        Of an infusion; `shortest_min` is the minimum duration.
    most_devices : int or None
        Of one session.
    shortest_gap_min, longest_gap_min, gap_step_min : float, min
        Between two devices.
    shortest_interval_h, longest_interval_h, interval_step_h : float, h
        Between the starts of two sessions.
    """

    dose_mg: Ladder = field(default_factory=Ladder)
    dose_mg_per_kg: Ladder = field(default_factory=Ladder)
    lowest_mg: float = 0.0
    step_mg: float = 0.5
    shortest_min: float | None = None
    longest_min: float = 240.0
    duration_step_min: float = 5.0
    most_devices: int | None = None
    shortest_gap_min: float = 5.0
    longest_gap_min: float = 60.0
    gap_step_min: float = 5.0
    shortest_interval_h: float = 24.0
    longest_interval_h: float = 336.0
    interval_step_h: float = 24.0

    def __post_init__(self) -> None:
        """Refuse limits that contradict each other or are no numbers."""
        problems = [*_judge_ladder("dose_mg", self.dose_mg), *_judge_ladder("dose_mg_per_kg", self.dose_mg_per_kg)]
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in ("dose_mg", "dose_mg_per_kg") or (value is None and item.name in _OPEN):
                continue
            lowest = 0.0 if item.name == "lowest_mg" else 1e-9
            if not is_between(value, lowest, math.inf):
                accepted = "0 or more" if item.name == "lowest_mg" else "above 0"
                problems.append(build_refusal(f"limits.{item.name}", "out-of-range", value, accepted))
            elif item.name == "most_devices" and not is_whole(value, 1, 2**31):
                problems.append(build_refusal("limits.most_devices", "not-whole", value, "a whole number from 1"))
        if problems:
            raise InvalidInput(problems)


def calculate_ceiling(limits: Limits, weight_kg: float, level: str = "hard") -> float | None:
    """Return the lower of a level's two dose lines for this weight, in mg; None where the caller gave neither."""
    lines = [getattr(limits.dose_mg, level)]
    per_kg = getattr(limits.dose_mg_per_kg, level)
    lines.append(None if per_kg is None else per_kg * weight_kg)
    given = [line for line in lines if line is not None]
    return min(given) if given else None


def judge_amount(limits: Limits, amount_mg: float, weight_kg: float) -> Passed:
    """Return the furthest line that a session's dose lies beyond; a dose on the line has not passed it."""
    for level, passed in zip(reversed(LEVELS), (Passed.HARD, Passed.SECOND_CLINICIAN, Passed.SOFT), strict=True):
        line = calculate_ceiling(limits, weight_kg, level)
        if line is not None and amount_mg > line * (1.0 + 1e-9):
            return passed
    return Passed.NONE


def parse_limits(content: Mapping[str, Any]) -> Limits:
    """Return limits from plain data with the field names of `Limits`; a ladder is a mapping of its three levels.

    Raises
    ------
    InvalidInput
        An unknown name, or something that is not a number.
    """
    known = {item.name for item in fields(Limits)}
    refuse_unknown("limits", content, known)
    kept: dict[str, Any] = read_numbers("limits", content, known - {"dose_mg", "dose_mg_per_kg"})
    for name in ("dose_mg", "dose_mg_per_kg"):
        rows = content.get(name) or {}
        if not isinstance(rows, Mapping):
            raise InvalidInput([build_refusal(f"limits.{name}", "not-a-ladder", rows, ", ".join(LEVELS))])
        refuse_unknown(f"limits.{name}", rows, set(LEVELS))
        kept[name] = Ladder(**read_numbers(f"limits.{name}", rows, set(LEVELS)))
    if kept.get("most_devices") is not None:
        number = kept["most_devices"]
        kept["most_devices"] = int(number) if float(number).is_integer() else number
    return Limits(**kept)


def _judge_ladder(name: str, ladder: object) -> list[Problem]:
    if not isinstance(ladder, Ladder):
        return [build_refusal(f"limits.{name}", "not-a-ladder", ladder, ", ".join(LEVELS))]
    problems = []
    last = 0.0
    for level in LEVELS:
        value = getattr(ladder, level)
        if value is None:
            continue
        if not is_between(value, 0.0, math.inf, is_open=True):
            problems.append(build_refusal(f"limits.{name}.{level}", "out-of-range", value, "above 0"))
        elif value < last:
            problems.append(build_refusal(f"limits.{name}.{level}", "out-of-order", value, f"{last:g} or more"))
        else:
            last = value
    return problems
