"""What is asked of the simulator, and the judgement of it that needs no computing."""

import math
from dataclasses import dataclass, field

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology._values import is_between, is_whole, judge_flags, show_value
from afterglow.pharmacology.covariates import Demography, Person
from afterglow.pharmacology.linear.solver import ENGINES, Engine
from afterglow.pharmacology.population import Subjects
from afterglow.pharmacology.regimen import LONGEST_H, Dose
from afterglow.terms import InvalidInput, build_error

MOST_PEOPLE = 200_000  # in one piece; `streaming` takes any number
MOST_TIMES = 200_000
MOST_SESSIONS = 1000


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be simulated.

    `doses` are SPEC texts or doses as really given. `n` asks for a population: people like `person` (or sampled from
    `demography` where no weight is told) with random effects of their own. `subjects` is an ensemble made elsewhere,
    such as the particles of an individual update; it replaces `person` and `n`.
    """

    drug: str
    route: str
    doses: tuple[str | Dose, ...]
    person: Person = field(default_factory=Person)
    until_h: float = 24.0
    step_h: float = 1.0 / 60.0
    model: str | None = None
    interactions: tuple[str, ...] = ()
    n: int | None = None
    seed: int | None = None
    demography: Demography | None = None
    subjects: Subjects | None = None
    is_venous: bool = False
    with_effects: bool = True
    session_number: int = 1
    engine: Engine = "auto"
    threads: int = 1

    @property
    def is_population(self) -> bool:
        """Whether the result is a distribution over people."""
        return self.n is not None or self.subjects is not None


def check_kinds(request: Request) -> None:
    """Refuse fields of a kind that nothing later could judge."""
    words = {"drug": request.drug, "route": request.route, "model": request.model}
    problems = [
        build_error(name, "wrong-kind", show_value(value), "a word", f"{name} is a word")
        for name, value in words.items()
        if not (isinstance(value, str) or (name == "model" and value is None))
    ]
    kinds: dict[str, tuple[object, type | tuple[type, ...], str]] = {
        "person": (request.person, Person, "a Person"),
        "demography": (request.demography, Demography | None, "a Demography"),  # type: ignore[dict-item]
        "subjects": (request.subjects, Subjects | None, "Subjects"),  # type: ignore[dict-item]
        "dose": (request.doses, (tuple, list), "a tuple of doses"),
        "interaction": (request.interactions, (tuple, list), "a tuple of names"),
    }
    problems += [
        build_error(name, "wrong-kind", show_value(value), accepted, f"{name} must be {accepted}")
        for name, (value, kind, accepted) in kinds.items()
        if not isinstance(value, kind)
    ]
    problems += judge_flags("", {"is_venous": request.is_venous, "with_effects": request.with_effects})
    if not is_whole(request.threads, 1, 1024):
        shown = show_value(request.threads)
        problems.append(build_error("threads", "out-of-range", shown, "1 to 1024", "no thread is left to work"))
    if not isinstance(request.engine, str) or request.engine not in ENGINES:
        shown = show_value(request.engine)
        problems.append(build_error("engine", "unknown", shown, ", ".join(ENGINES), "there is no such engine"))
    if problems:
        raise InvalidInput(problems)


def build_times(request: Request) -> FloatArray:
    """Return the asked times in hours; refuse an end or a step that cannot be used."""
    problems = []
    until, step = request.until_h, request.step_h
    if not is_between(until, 0.0, LONGEST_H, is_open=True):
        accepted = f"above 0 to {LONGEST_H:g} h"
        shown = show_value(until)
        problems.append(
            build_error("until", "time-out-of-range", shown, accepted, f"an end at {shown} h cannot be used")
        )
    elif not is_between(step, 0.0, until, is_open=True) or until / step > MOST_TIMES:
        accepted = f"{max(until / MOST_TIMES * 3600, 0.001):.3g} s to {until:g} h"
        shown = show_value(step)
        problems.append(
            build_error("step", "step-out-of-range", shown, accepted, f"a step of {shown} h cannot be used")
        )
    if problems:
        raise InvalidInput(problems)
    return np.asarray(np.arange(math.floor(until / step + 1e-9) + 1) * step, dtype=np.float64)


def check_population(request: Request) -> None:
    """Refuse a number of people, a seed or a session that cannot be."""
    problems = []
    if request.n is not None and not is_whole(request.n, 1, MOST_PEOPLE):
        accepted, message = f"a whole number from 1 to {MOST_PEOPLE}", "so many people cannot be"
        problems.append(build_error("n", "n-out-of-range", show_value(request.n), accepted, message))
    if request.seed is not None and not is_whole(request.seed, 0, 2**63 - 1):
        accepted, message = "a whole number, 0 or more", "a seed is a whole number"
        problems.append(build_error("seed", "seed-out-of-range", show_value(request.seed), accepted, message))
    if not is_whole(request.session_number, 1, MOST_SESSIONS):
        accepted, message = f"a whole number from 1 to {MOST_SESSIONS}", "sessions are counted from 1"
        problems.append(
            build_error("session", "session-out-of-range", show_value(request.session_number), accepted, message)
        )
    if problems:
        raise InvalidInput(problems)
