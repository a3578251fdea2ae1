"""What one session brings to the effect site, and the pool of synapses it leaves, kept for every dose once computed.

Levels are those of a typical adult of 70 kg who is given the same mg/kg (a spray: the same mg): how much more one
person gets out of a level is the mechanism's sensitivity, which a score cannot tell from a difference in clearance.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from afterglow.outcomes.forecast._types import FloatArray
from afterglow.pharmacology.covariates import Person, build_covariates
from afterglow.pharmacology.mechanism import Exposure, Population, build_exposure
from afterglow.pharmacology.mechanism.chain import HOURS_PER_DAY, NODES_H, PoolRates, calculate_signal, run_pools
from afterglow.pharmacology.models.catalogue import choose_model
from afterglow.pharmacology.models.kinetics import build_kinetics
from afterglow.pharmacology.population import build_typical
from afterglow.pharmacology.regimen import Dose
from afterglow.terms import InvalidInput, build_error

TYPICAL_KG = 70.0
DEVICE_MG, DEVICE_GAP_H = 28.0, 5.0 / 60.0  # one device, five minutes apart: label of the spray
STEP_MG_PER_KG, STEP_MIN = 0.05, 5.0
N_RATES, WIDEST = 64, 4.5


@dataclass(frozen=True, slots=True)
class GivenDose:
    """What was given in one session, rounded to 0.05 mg/kg (a spray: whole devices) and 5 min to be known again."""

    drug: str
    route: str
    mg_per_kg: float
    duration_min: float = 0.0


@dataclass(frozen=True, slots=True)
class Kernel:
    """The pool one session leaves: (n_days, n_rates) at `days` after it, one column for each rate of loss."""

    days: FloatArray
    pool: FloatArray


def build_dose(
    drug: str, route: str, *, dose_mg: float, weight_kg: float = TYPICAL_KG, duration_min: float = 0.0
) -> GivenDose:
    """Return the dose of a session from its milligrams.

    Raises
    ------
    InvalidInput
        An amount, weight or duration that no session has.
    """
    limits = (
        ("dose_mg", dose_mg, 1.0, 1000.0),
        ("weight_kg", weight_kg, 20.0, 350.0),
        ("duration_min", duration_min, 0.0, 600.0),
    )
    problems = [
        build_error(name, "out-of-range", float(value), f"{low:g} to {high:g}", f"{name} cannot be {value:g}.")
        for name, value, low, high in limits
        if not (np.isfinite(value) and low <= value <= high)
    ]
    if problems:
        raise InvalidInput(problems)
    if is_spray(drug, route):
        return GivenDose(drug, route, DEVICE_MG * max(1.0, round(dose_mg / DEVICE_MG)) / TYPICAL_KG)
    rounded = max(1.0, round(dose_mg / weight_kg / STEP_MG_PER_KG)) * STEP_MG_PER_KG
    return GivenDose(drug, route, round(rounded, 3), STEP_MIN * round(duration_min / STEP_MIN))


def is_spray(drug: str, route: str) -> bool:
    """Tell whether the dose comes in devices."""
    return drug == "esketamine" and route == "intranasal"


@lru_cache(maxsize=256)
def find_exposure(dose: GivenDose) -> Exposure:
    """Return the level at the effect site over one session of a typical adult.

    Raises
    ------
    InvalidInput
        No published model describes that drug by that route.
    """
    model = choose_model(dose.drug, dose.route)
    covariates, _ = build_covariates(Person(weight_kg=TYPICAL_KG, age_years=45.0), 1)
    total = dose.mg_per_kg * TYPICAL_KG
    doses: tuple[Dose, ...] = (Dose(total, 0.0, dose.duration_min / 60.0 or None, session_mg=total),)
    if is_spray(dose.drug, dose.route):
        many = round(total / DEVICE_MG)
        doses = tuple(Dose(DEVICE_MG, i * DEVICE_GAP_H, device=i, session_mg=total) for i in range(many))
    kinetics = build_kinetics(model, build_typical(covariates), doses, drug=dose.drug, route=dose.route)
    return build_exposure(kinetics.system, kinetics.inputs, driver=kinetics.esketamine)


def list_rates(population: Population) -> FloatArray:
    """Return the rates of loss the kernels are computed at, per hour, even on a log scale."""
    return np.asarray(population.pool_rate_per_h * np.exp(population.pool_half_life_omega * _NODES), dtype=np.float64)


_NODES = np.linspace(-WIDEST, WIDEST, N_RATES)
_DAYS = np.concatenate([np.asarray(NODES_H) / HOURS_PER_DAY, np.arange(3.0, 60.0), np.arange(60.0, 1600.0, 4.0)])


@lru_cache(maxsize=256)
def find_kernel(dose: GivenDose, population: Population) -> Kernel:
    """Return the pool that one session of that dose leaves: new, lasting and weighted trophic part."""
    signal = calculate_signal(
        find_exposure(dose),
        ec50_ng_per_ml=population.ec50_ng_per_ml,
        glutamate_half_life_h=population.glutamate_half_life_h,
        trophic_half_life_h=population.trophic_half_life_h,
    )
    rates = PoolRates(
        formed_per_h=population.formed_per_h,
        lost_per_h=list_rates(population),
        consolidated_per_h=population.consolidated_per_d / HOURS_PER_DAY,
        forgotten_per_h=float(np.log(2)) / (HOURS_PER_DAY * population.consolidated_half_life_d),
    )
    pools = run_pools([0.0], [signal], rates, _DAYS * HOURS_PER_DAY)
    return Kernel(_DAYS, pools.new + pools.consolidated + population.trophic_weight * pools.trophic)


def add_pools(
    at_days: FloatArray, session_days: FloatArray, doses: list[GivenDose], population: Population
) -> FloatArray:
    """Return the pool left by all sessions at the asked days, (n_days, n_rates); sessions to come leave nothing yet.

    Notes
    -----
    The chain is linear in its sessions, so that their pools add; within a kernel values are linear between its days.
    """
    found = np.zeros((at_days.size, N_RATES))
    for dose in dict.fromkeys(doses):
        kernel = find_kernel(dose, population)
        mine = session_days[[each == dose for each in doses]]
        since = at_days[:, None] - mine[None, :]
        place = np.clip(np.searchsorted(kernel.days, since, side="right") - 1, 0, kernel.days.size - 2)
        share = (since - kernel.days[place]) / (kernel.days[place + 1] - kernel.days[place])
        share = np.clip(share, 0.0, 1.0)
        is_past = (since > 0).astype(np.float64)
        low, high = is_past * (1.0 - share), is_past * share
        found += np.einsum("ts,tsr->tr", low, kernel.pool[place])
        found += np.einsum("ts,tsr->tr", high, kernel.pool[place + 1])
    return found


def spread_over_people(pool: FloatArray, pool_normals: FloatArray) -> FloatArray:
    """Return the pool of people, (n_days, n), from the pool at the rates and each one's normal, (n,).

    Notes
    -----
    A person's rate is the median's times exp(-omega z): more z, slower loss.
    """
    place = (np.clip(-pool_normals, -WIDEST, WIDEST) + WIDEST) * (N_RATES - 1) / (2 * WIDEST)
    left = np.minimum(place.astype(np.intp), N_RATES - 2)
    share = place - left
    return np.asarray(pool[:, left] * (1.0 - share) + pool[:, left + 1] * share, dtype=np.float64)
