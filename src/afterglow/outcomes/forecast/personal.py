"""What the forecast takes: one person's readings on one scale and sessions, in days from the first session."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from afterglow.outcomes.forecast.exposure import GivenDose
from afterglow.pharmacology.mechanism import SCALES, SETTINGS
from afterglow.pharmacology.mechanism.response import Setting
from afterglow.terms import InvalidInput, Problem, build_error

LONGEST_D = 1500.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One score and its day; before the first session the day is negative."""

    day: float
    value: float


@dataclass(frozen=True, slots=True)
class GivenSession:
    """One session: its day, and what was given."""

    day: float
    dose: GivenDose


@dataclass(frozen=True, slots=True)
class PersonalCourse:
    """One person's course as the forecast sees it: scale (`MADRS PHQ-9 QIDS-SR16`), readings, sessions.

    `setting` is `open` in routine care. Day 0 is the first session's.
    """

    scale: str
    readings: tuple[Reading, ...]
    sessions: tuple[GivenSession, ...]
    has_new_antidepressant: bool = False
    setting: Setting = "open"

    def __post_init__(self) -> None:
        """Refuse an unknown scale or setting, times that are none, and scores off the scale."""
        problems: list[Problem] = []
        if self.scale not in SCALES:
            text = f"No measurement model reads {self.scale!r}."
            problems.append(build_error("scale", "unknown-name", self.scale, ", ".join(SCALES), text))
        if self.setting not in SETTINGS:
            text = f"There is no setting {self.setting!r}."
            problems.append(build_error("setting", "unknown-name", self.setting, ", ".join(SETTINGS), text))
        top = SCALES[self.scale].top if self.scale in SCALES else np.inf
        problems += _judge_order("readings", [one.day for one in self.readings])
        problems += _judge_order("sessions", [one.day for one in self.sessions])
        for i, one in enumerate(self.readings):
            if not (np.isfinite(one.value) and 0 <= one.value <= top):
                text = f"A score of {one.value:g} is off the scale."
                problems.append(
                    build_error(f"readings[{i}].value", "out-of-range", float(one.value), f"0 to {top:g}", text)
                )
        if self.sessions and self.sessions[0].day != 0:
            text = "Days are counted from the first session."
            problems.append(build_error("sessions[0].day", "not-zero", float(self.sessions[0].day), "0", text))
        if problems:
            raise InvalidInput(problems)

    def keep_until(self, day: float) -> "PersonalCourse":
        """Return the course as it was known at the end of a day."""
        return PersonalCourse(
            self.scale,
            tuple(one for one in self.readings if one.day <= day),
            tuple(one for one in self.sessions if one.day <= day),
            self.has_new_antidepressant,
            self.setting,
        )

    def list_after(self) -> tuple[Reading, ...]:
        """Return the readings after the first session."""
        return tuple(one for one in self.readings if one.day > 0) if self.sessions else ()


def _judge_order(path: str, days: Sequence[float]) -> list[Problem]:
    accepted = f"rising days from {-LONGEST_D:g} to {LONGEST_D:g}"
    last = -np.inf
    problems = []
    for i, day in enumerate(days):
        if not np.isfinite(day) or abs(day) > LONGEST_D or day < last:
            text = f"{path} follow each other within {LONGEST_D:g} days of the first session."
            problems.append(build_error(f"{path}[{i}].day", "out-of-order", str(day), accepted, text))
        last = max(last, day)
    return problems
