"""The effects of a simulation: whose parameters are drawn, which sessions count, what must be said."""

from collections.abc import Mapping, Sequence

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.curves import EFFECTS, Follow
from afterglow.pharmacology.effects.calculate import Setting, list_warnings
from afterglow.pharmacology.effects.parameters import build_typical_values, draw_values, load_endpoints
from afterglow.pharmacology.models.kinetics import Kinetics
from afterglow.pharmacology.regimen import Dose
from afterglow.pharmacology.results import Part
from afterglow.terms import Grade, Problem, build_warning

LONGEST_GAP_H = 28 * 24.0  # sessions further apart were not followed: whether tolerance fades by then is not known


def prepare_effects(
    parts: Sequence[Part], seed: np.random.SeedSequence, *, is_population: bool, session_number: int = 1
) -> list[Follow]:
    """Return how each part's effects are followed.

    Parameters
    ----------
    parts : sequence of Part
    seed : numpy.random.SeedSequence
        Of the people's effect parameters; apart from that of the kinetics, so that levels do not move with it.
    is_population : bool
        Whether effect parameters are drawn; a typical person has the median ones.
    session_number : int
        Which session of a course the first one is, from 1: dissociation wears off over the first sessions.
    """
    found = []
    for part, stream in zip(parts, seed.spawn(len(parts)), strict=True):
        kinetics = part.kinetics
        n = kinetics.system.n
        values = draw_values(n, np.random.default_rng(stream)) if is_population else build_typical_values(n)
        setting = Setting(
            session_number=session_number,
            later_starts_h=list_later_starts(kinetics.doses),
            sampling_site=kinetics.model.sampling_site,
            arketamine=kinetics.arketamine,
            norketamine="norketamine" if _has_s_norketamine(kinetics) else None,
        )
        found.append(Follow(values, setting))
    return found


def list_later_starts(doses: Sequence[Dose]) -> tuple[float, ...]:
    """Return when each session after the first starts, in h."""
    starts: dict[int, float] = {}
    for dose in doses:
        starts[dose.occasion] = min(dose.start_h, starts.get(dose.occasion, np.inf))
    return tuple(sorted(starts.values())[1:])


def describe_effects(parts: Sequence[Part], follows: Sequence[Follow]) -> tuple[dict[str, Grade], tuple[Problem, ...]]:
    """Return the grade of each effect, and what must be said of them."""
    grades = {name: load_endpoints()[endpoint].worst_grade for name, endpoint in EFFECTS.items()}
    problems = [
        problem
        for part, follow in zip(parts, follows, strict=True)
        for problem in list_warnings(part.kinetics.esketamine, follow.setting)
    ]
    return grades, (*dict.fromkeys(problems), *judge_gaps(parts[0].kinetics.doses))


def judge_gaps(doses: Sequence[Dose]) -> tuple[Problem, ...]:
    """Return a warning where sessions lie so far apart that tolerance may have faded."""
    starts = [min((dose.start_h for dose in doses), default=0.0), *list_later_starts(doses)]
    longest = max(np.diff(starts), default=0.0)
    if longest <= LONGEST_GAP_H:
        return ()
    days = round(float(longest) / 24.0, 1)
    message = (
        f"sessions lie {days:g} days apart; tolerance to dissociation is counted by session, and whether it fades in "
        "between is not known: dissociation may come back stronger than shown"
    )
    accepted = f"up to {LONGEST_GAP_H / 24:g} days apart"
    return (build_warning("dose", "tolerance-recovery-unknown", days, accepted, message),)


def join_parts(
    found: Sequence[Mapping[str, FloatArray]], shares: Sequence[float], *, is_population: bool, axis: int = 1
) -> dict[str, FloatArray]:
    """Return the parts' arrays as one: people side by side along an axis, or the weighted mean of typical people."""
    return {name: _join([one[name] for one in found], shares, is_population, axis) for name in found[0]}


def _has_s_norketamine(kinetics: Kinetics) -> bool:
    """Whether the model's norketamine is the S form, as after esketamine alone."""
    return kinetics.arketamine is None and "norketamine" in kinetics.analytes


def _join(values: Sequence[FloatArray], shares: Sequence[float], is_population: bool, axis: int) -> FloatArray:
    if len(values) == 1:
        return values[0]
    if is_population:
        return np.concatenate(values, axis=axis)
    total = np.zeros_like(values[0])
    for value, share in zip(values, shares, strict=True):
        total = total + value * share
    return total / sum(shares)
