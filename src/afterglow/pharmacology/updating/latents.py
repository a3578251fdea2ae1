"""What may differ between people like this patient, as independent standard normals: the prior of an update."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.effects.parameters import (
    EffectValues,
    build_typical_values,
    list_parameters,
    load_endpoints,
)
from afterglow.pharmacology.models.model import Model
from afterglow.pharmacology.population import build_omega, factor_omega

MOOD = ("sensitivity", "pool_loss", "placebo", "antidepressant", "self_rating", "baseline", "shared_response")


@dataclass(frozen=True, slots=True)
class Latents:
    """Names and places of the standard normals, and the factor that correlates those of the kinetics.

    `kinetic` are the model's parameters with variability, `effect` names `endpoint.parameter`, `mood` the mechanism's
    people, `nuisance` the error of each session's reading before the dose.
    """

    kinetic: tuple[str, ...]
    effect: tuple[str, ...]
    mood: tuple[str, ...]
    nuisance: tuple[str, ...]
    factor: FloatArray

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order of the rows of z."""
        kinetic = tuple(f"kinetics.{name}" for name in self.kinetic)
        mood = tuple(f"mood.{name}" for name in self.mood)
        return (*kinetic, *self.effect, *mood, *(f"reading.{name}" for name in self.nuisance))

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.kinetic) + len(self.effect) + len(self.mood) + len(self.nuisance)


def build_latents(model: Model, nuisance: Sequence[str]) -> Latents:
    """Return the standard normals of people for a model."""
    names, omega = build_omega(model)
    factor = factor_omega(model, omega) if names else np.zeros((0, 0))
    effect = tuple(name for name, parameter in list_parameters() if parameter.omega > 0)
    return Latents(names, effect, MOOD, tuple(nuisance), factor)


def find_rows(latents: Latents, quantities: Sequence[str], nuisance: Sequence[str], *, has_mood: bool) -> list[int]:
    """Return the rows of z that the predicted quantities depend on."""
    names = latents.names
    kept = [i for i, name in enumerate(names) if name.startswith("kinetics.")]
    prefixes = {
        "systolic": ("circulation.systolic", "circulation.ec50", "effect_site."),
        "diastolic": ("circulation.diastolic", "circulation.ec50", "effect_site."),
        "cadss": ("dissociation.", "effect_site."),
        "cadss6": ("dissociation.", "effect_site."),
    }
    wanted = tuple(prefix for quantity in quantities for prefix in prefixes.get(quantity, ()))
    if not quantities:
        kept = []
    if wanted:
        kept += [i for i, name in enumerate(names) if name.startswith(wanted)]
    if has_mood:
        kept += [i for i, name in enumerate(names) if name.startswith("mood.")]
    read = {f"reading.{name}" for name in nuisance}
    kept += [i for i, name in enumerate(names) if name in read]
    return sorted(set(kept))


def read_etas(latents: Latents, z: FloatArray) -> dict[str, FloatArray]:
    """Return the kinetics' random effects, name to (n,)."""
    values = latents.factor @ z[: len(latents.kinetic)]
    return {name: np.ascontiguousarray(values[i]) for i, name in enumerate(latents.kinetic)}


def read_effects(latents: Latents, z: FloatArray) -> EffectValues:
    """Return people's effect parameters: the median times exp(omega z)."""
    n, first = z.shape[1], len(latents.kinetic)
    omegas = {name: parameter.omega for name, parameter in list_parameters()}
    values: dict[str, float | FloatArray] = dict(build_typical_values(n).values)
    for i, name in enumerate(latents.effect):
        values[name] = values[name] * np.exp(omegas[name] * z[first + i])
    return EffectValues(n, values)


def read_mood(latents: Latents, z: FloatArray) -> FloatArray:
    """Return the normals that make the mechanism's people, shape (7, n)."""
    first = len(latents.kinetic) + len(latents.effect)
    return z[first : first + len(latents.mood)]


def read_nuisance(latents: Latents, z: FloatArray) -> Mapping[str, FloatArray]:
    """Return the errors of the readings before the doses in mmHg, `systolic:SESSION` to (n,)."""
    first = latents.size - len(latents.nuisance)
    spreads = load_endpoints()["circulation"].parameters
    return {
        name: spreads[f"{name.partition(':')[0]}_reading_sd"].value * z[first + i]
        for i, name in enumerate(latents.nuisance)
    }
