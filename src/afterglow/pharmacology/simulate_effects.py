"""The effects of a simulation: each part's S-ketamine drives them; people of a mixture stand side by side."""

from collections.abc import Mapping, Sequence

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.effects.calculate import EffectSeries, Setting, calculate_effects
from afterglow.pharmacology.effects.parameters import build_typical_values, draw_values
from afterglow.pharmacology.models.kinetics import Kinetics, build_kinetics
from afterglow.pharmacology.population import select_subjects
from afterglow.pharmacology.results import Part
from afterglow.terms import Grade, Problem, build_warning

# effect as published in JSON -> endpoint whose grade it carries
EFFECTS = {
    "dissociation_cadss": "dissociation",
    "drug_high_vas": "drug_high",
    "sedation_probability": "sedation",
    "systolic_rise_mmhg": "circulation",
    "diastolic_rise_mmhg": "circulation",
    "heart_rate_rise_per_min": "circulation",
    "pain_relief": "analgesia",
    "occupancy_index": "occupancy",
}
MOST_VALUES = 1_500_000
FEWEST_PEOPLE = 200


def compute_effects(
    parts: Sequence[Part],
    times_h: FloatArray,
    seed: np.random.SeedSequence,
    *,
    is_population: bool,
    session_number: int = 1,
) -> tuple[Mapping[str, FloatArray], Mapping[str, Grade], tuple[Problem, ...]]:
    """Return every effect over time, its grade, and what must be said.

    Parameters
    ----------
    parts : sequence of Part
    times_h : ndarray, shape (n_times,), h
    seed : numpy.random.SeedSequence
        Of the people's effect parameters; apart from that of the kinetics, so that levels do not move with it.
    is_population : bool
        Whether effect parameters are drawn; a typical person has the median ones.
    session_number : int
        Which session of a course this is, from 1: dissociation wears off over the first sessions.

    Returns
    -------
    effects : mapping of effect to ndarray, shape (n_times, n)
        Of a large population only the first people are followed, with a warning.
    grades : mapping of effect to Grade
    problems : tuple of Problem
    """
    found: list[EffectSeries] = []
    problems: list[Problem] = []
    for part, stream in zip(parts, seed.spawn(len(parts)), strict=True):
        kinetics = _limit(part.kinetics, len(times_h), len(parts), problems)
        n = kinetics.system.n
        values = draw_values(n, np.random.default_rng(stream)) if is_population else build_typical_values(n)
        setting = Setting(
            session_number=session_number,
            sampling_site=kinetics.model.sampling_site,
            arketamine=kinetics.arketamine,
            norketamine="norketamine" if _has_s_norketamine(kinetics) else None,
        )
        found.append(
            calculate_effects(
                kinetics.system,
                kinetics.inputs,
                times_h,
                driver=kinetics.esketamine,
                values=values,
                setting=setting,
            )
        )
    shares = [part.weight for part in parts]
    effects = {name: _join([getattr(one, name) for one in found], shares, is_population) for name in EFFECTS}
    grades = {name: found[0].grades[endpoint] for name, endpoint in EFFECTS.items()}
    for one in found:
        problems += one.problems
    return effects, grades, tuple(dict.fromkeys(problems))


def _limit(kinetics: Kinetics, n_times: int, n_parts: int, problems: list[Problem]) -> Kinetics:
    """Return the kinetics of the first people where all of them would not fit."""
    n = kinetics.system.n
    most = max(MOST_VALUES // (n_times * n_parts), FEWEST_PEOPLE)
    if n <= most:
        return kinetics
    message = f"effects follow the first {most} of {n} people"
    problems.append(build_warning("n", "effects-of-some", n, f"up to {most}", message))
    few = select_subjects(kinetics.subjects, slice(0, most))
    doses = tuple(dose.select(slice(0, most)) for dose in kinetics.doses)
    drug = "racemic" if kinetics.arketamine is not None else "esketamine"
    return build_kinetics(kinetics.model, few, doses, drug=drug, route=kinetics.route)


def _has_s_norketamine(kinetics: Kinetics) -> bool:
    """Whether the model's norketamine is the S form, as after esketamine alone."""
    return kinetics.arketamine is None and "norketamine" in kinetics.analytes


def _join(values: Sequence[FloatArray], shares: Sequence[float], is_population: bool) -> FloatArray:
    if is_population:
        return np.concatenate(values, axis=1)
    total = np.zeros_like(values[0])
    for value, share in zip(values, shares, strict=True):
        total = total + value * share
    return total / sum(shares)
