"""One way of giving the drug, as a plan writes it: what, how, how much, over how long, how often."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from afterglow.pharmacology._values import build_refusal, is_between, is_whole
from afterglow.pharmacology.finding.fields import read_numbers, read_words, refuse_unknown
from afterglow.pharmacology.models.catalogue import DRUGS, ROUTES
from afterglow.pharmacology.regimen import DEVICE_MG, INFUSED_ROUTES, Dose, DoseSpec, build_regimen
from afterglow.terms import InvalidInput, Problem

MOST_DEVICES, MOST_SESSIONS = 12, 60
_WORDS = ("drug", "route", "model", "label")


@dataclass(frozen=True, slots=True)
class Option:
    """A dose by one route; nothing in this room turns it into a dose by another.

    Attributes
    ----------
    drug, route : str
    model : str or None
        Another model than the default of drug and route.
    dose_mg, dose_mg_per_kg : float, mg or mg/kg
        Exactly one of them, or `devices`.
    cap_mg : float, mg
        Most that a dose per kg comes to.
    duration_min : float, min
        Of an infusion; None is a bolus.
    devices : int
        28 mg nasal devices of one session, `gap_min` apart.
    sessions : int
        How many, `interval_h` apart from start to start.
    """

    drug: str
    route: str
    model: str | None = None
    dose_mg: float | None = None
    dose_mg_per_kg: float | None = None
    cap_mg: float | None = None
    duration_min: float | None = None
    devices: int | None = None
    gap_min: float = 5.0
    sessions: int = 1
    interval_h: float | None = None
    label: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be given: no dose or two, part of a device, a length or an interval that is none."""
        problems = _judge(self)
        if problems:
            raise InvalidInput(problems)


def calculate_amount_mg(option: Option, weight_kg: float) -> float:
    """Return what one session gives, in mg; a cap is kept."""
    if option.devices is not None:
        return option.devices * DEVICE_MG
    if option.dose_mg is not None:
        return option.dose_mg
    amount = (option.dose_mg_per_kg or 0.0) * weight_kg
    return amount if option.cap_mg is None else min(amount, option.cap_mg)


def build_doses(option: Option, weight_kg: float) -> tuple[tuple[Dose, ...], tuple[Problem, ...]]:
    """Return every dose of an option in order of time, and warnings about them.

    Raises
    ------
    InvalidInput
        As `regimen.build_regimen`.
    """
    specs = []
    for session in range(option.sessions):
        start = session * (option.interval_h or 0.0)
        if option.devices is not None:
            starts = [start + place * option.gap_min / 60.0 for place in range(option.devices)]
            specs += [DoseSpec(DEVICE_MG, False, at, None, f"{DEVICE_MG:g}mg", "devices") for at in starts]
        else:
            amount = calculate_amount_mg(option, weight_kg)
            duration = None if option.duration_min is None else option.duration_min / 60.0
            specs.append(DoseSpec(amount, False, start, duration, f"{amount:g}mg", "dose"))
    return build_regimen(specs, drug=option.drug, route=option.route, weight_kg=weight_kg)


def parse_option(content: Mapping[str, Any], path: str = "option") -> Option:
    """Return an option from plain data with the field names of `Option`; unknown names are refused."""
    known = {item.name for item in fields(Option)}
    refuse_unknown(path, content, known)
    kept: dict[str, Any] = read_numbers(path, content, known - set(_WORDS))
    for name in ("devices", "sessions"):
        if name in kept and float(kept[name]).is_integer():
            kept[name] = int(kept[name])
    words = read_words(path, content, _WORDS)
    missing = [name for name in ("drug", "route") if name not in words]
    if missing:
        raise InvalidInput([build_refusal(f"{path}.{name}", "missing", None, "a word") for name in missing])
    return Option(**kept, **words)


def _judge(option: Option) -> list[Problem]:
    problems = _judge_words(option)
    ways = [name for name in ("dose_mg", "dose_mg_per_kg", "devices") if getattr(option, name) is not None]
    if len(ways) != 1:
        accepted = "dose_mg, dose_mg_per_kg or devices"
        problems.append(build_refusal("dose", "dose-count", ", ".join(ways) or None, accepted))
    for name in ("dose_mg", "dose_mg_per_kg", "cap_mg", "duration_min", "gap_min", "interval_h"):
        value = getattr(option, name)
        if (value is not None or name == "gap_min") and not is_between(value, 0.0, math.inf, is_open=True):
            problems.append(build_refusal(name, "out-of-range", value, "above 0"))
    for name, most in (("devices", MOST_DEVICES), ("sessions", MOST_SESSIONS)):
        value = getattr(option, name)
        if (value is not None or name == "sessions") and not is_whole(value, 1, most):
            problems.append(build_refusal(name, "not-whole", value, f"a whole number from 1 to {most}"))
    if option.devices is not None and (option.drug, option.route) != ("esketamine", "intranasal"):
        accepted = "esketamine by the route intranasal"
        problems.append(build_refusal("devices", "devices-not-used", option.route, accepted))
    if option.duration_min is not None and option.route not in tuple(INFUSED_ROUTES):
        accepted = "no duration by this route"
        problems.append(build_refusal("duration_min", "duration-not-used", option.duration_min, accepted))
    if is_whole(option.sessions, 2, MOST_SESSIONS) and option.interval_h is None:
        problems.append(build_refusal("interval_h", "missing", None, "hours from start to start"))
    return problems


def _judge_words(option: Option) -> list[Problem]:
    problems = []
    for name, known in (("drug", DRUGS), ("route", ROUTES)):
        word = getattr(option, name)
        if not (isinstance(word, str) and word in known):
            problems.append(build_refusal(name, f"{name}-unknown", word, ", ".join(known)))
    for name in ("model", "label"):
        word = getattr(option, name)
        if not (isinstance(word, str) or (name == "model" and word is None)):
            problems.append(build_refusal(name, "not-a-word", word, "a word"))
    return problems
