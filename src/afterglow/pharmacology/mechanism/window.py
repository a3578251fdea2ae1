"""The plastic window: days after a session in which new synapses are there to use, and integration is booked."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.mechanism.chain import HOURS_PER_DAY
from afterglow.pharmacology.mechanism.course import CourseSession
from afterglow.pharmacology.mechanism.exposures import get_regimen
from afterglow.pharmacology.mechanism.parameters import Population, load_population
from afterglow.pharmacology.mechanism.pool import calculate_pools
from afterglow.pharmacology.mechanism.response import People
from afterglow.terms import Citation, Grade, InvalidInput, Problem, build_error, build_warning

HELD_SHARE = 0.5
LONGEST_D = 60.0
SHORT, LONG = -0.6745, 0.6745  # quartiles of a standard normal


@dataclass(frozen=True, slots=True)
class PlasticWindow:
    """When after a session new synapses stand at or above a share of their peak.

    Days count from the start of the course. `ends_day` is the median person's; a quarter of people have lost
    theirs by `ends_early_day`, and a quarter keep it beyond `ends_late_day`.
    """

    session: int
    opens_day: float
    peak_day: float
    ends_day: float
    ends_early_day: float
    ends_late_day: float
    held_share: float
    basis: str
    citations: tuple[Citation, ...]
    grade: Grade
    problems: tuple[Problem, ...] = ()

    @property
    def length_days(self) -> float:
        """How long the median person's window is."""
        return self.ends_day - self.opens_day


def find_plastic_window(
    sessions: Sequence[CourseSession],
    *,
    session: int = -1,
    held_share: float = HELD_SHARE,
    population: Population | None = None,
) -> PlasticWindow | None:
    """Return the window after one session of a course, or None where the session sets off nothing.

    Parameters
    ----------
    sessions : sequence of CourseSession
        In order of time.
    session : int
        Which of them, from 0; the last by default.
    held_share : float
        The share of the pool's peak after this session that still counts as open, above 0 and below 1.
    population : Population, optional
        The fitted one by default.

    Returns
    -------
    window : PlasticWindow or None
        It ends at the latest where the next session begins a new one.

    Raises
    ------
    InvalidInput
        There is no such session, or the share lies outside 0 to 1.

    Notes
    -----
    New synapses N of the mechanism's chain, median constants, quartiles of the loss rate for the early and the late
    end. Chain and loss rate are fits (grade D); the order of events and the loss within about a week are from
    rodent cortex. No trial has timed psychotherapy by such a window.
    """
    given = list(sessions)
    _check(given, session, held_share)
    population = population or load_population()
    place = session % len(given)
    start = given[place].at_day
    following = [one.at_day for one in given[place + 1 :]]
    until = min([start + LONGEST_D, *following])
    days = start + np.arange(0.0, until - start + 1e-9, 1.0 / HOURS_PER_DAY)
    pool = _run_quartiles(given[: place + 1], days, population)
    peak = pool[:, 1].argmax()
    if pool[peak, 1] <= pool[0, 1] + 1e-12:
        return None
    ends = [_find_end(pool[:, k], held_share) for k in range(3)]
    opens = int(np.flatnonzero(pool[:, 1] >= pool[0, 1] + held_share * (pool[peak, 1] - pool[0, 1]))[0])
    return PlasticWindow(
        session=place,
        opens_day=float(days[opens]),
        peak_day=float(days[peak]),
        ends_day=float(days[ends[1]]),
        ends_early_day=float(days[ends[0]]),
        ends_late_day=float(days[ends[2]]),
        held_share=held_share,
        basis="New synapses of the fitted chain stand at or above the held share of their peak after this session.",
        citations=(
            Citation("LI-10", "spines within a day of a dose, fewer after a week, rat", Grade.C),
            Citation("EFFECTS-OWN", "loss rate fitted on the course of symptom scores", Grade.D),
        ),
        grade=Grade.D,
        problems=(_warn(),),
    )


def _run_quartiles(given: Sequence[CourseSession], days: FloatArray, population: Population) -> FloatArray:
    """Return new synapses of the person who loses them fast, of the median one and of the slow one, (n_days, 3)."""
    spread = population.pool_half_life_omega
    rates = population.pool_rate_per_h * np.exp(-spread * np.asarray([SHORT, 0.0, LONG]))
    ones = np.ones(3)
    people = People(ones, rates, 0.0 * ones, 0.0 * ones, 0.0 * ones, ones)
    exposures = [get_regimen(one.exposure).exposure if isinstance(one.exposure, str) else one.exposure for one in given]
    return calculate_pools(days, [one.at_day for one in given], exposures, people, population).new


def _find_end(pool: FloatArray, held_share: float) -> int:
    """Return the last row at or above the held share of the peak."""
    return int(np.flatnonzero(pool >= held_share * pool.max())[-1])


def _warn() -> Problem:
    text = "The window is a fit and animal data: book integration early in it, and never hold a patient to its end."
    return build_warning("window", "weakly-grounded", None, "days, rounded", text)


def _check(given: Sequence[CourseSession], session: int, held_share: float) -> None:
    problems = []
    if not -len(given) <= session < len(given):
        text = "There is no such session."
        problems.append(build_error("session", "out-of-range", session, f"0 to {len(given) - 1}", text))
    if not 0.0 < held_share < 1.0:
        text = "The held share lies between 0 and 1."
        problems.append(build_error("held_share", "out-of-range", held_share, "above 0, below 1", text))
    if any(later.at_day <= earlier.at_day for earlier, later in pairwise(given)):
        text = "The sessions must follow one another."
        problems.append(build_error("sessions", "not-rising", None, "rising days", text))
    if problems:
        raise InvalidInput(problems)
