"""What the drug does: published models as cited data, exact simulation, effects, mechanism, Bayesian updating.

Usable alone: `from afterglow.pharmacology import Person, Request, simulate`. numpy is all it needs; the compiled engine
is imported only where a large population asks for it. `models` says what the parts of the engine build on.
"""

from afterglow.pharmacology.covariates import Demography, Person, build_covariates, sample_covariates
from afterglow.pharmacology.interactions import Perpetrator, load_perpetrators
from afterglow.pharmacology.models.catalogue import (
    Mixture,
    choose_model,
    find_mixture,
    get_model,
    load_mixtures,
    load_model_ids,
)
from afterglow.pharmacology.models.exposure import calculate_derived, calculate_exposure, calculate_half_life
from afterglow.pharmacology.models.kinetics import Kinetics, build_kinetics
from afterglow.pharmacology.models.model import Model, Status
from afterglow.pharmacology.population import Subjects, build_typical, draw_subjects, select_subjects
from afterglow.pharmacology.regimen import Dose, DoseSpec, RateChange, build_regimen, change_rate, parse_dose
from afterglow.pharmacology.results import Part, Simulation
from afterglow.pharmacology.simulate import Request, check_request, simulate
from afterglow.pharmacology.streaming import summarise_population

__all__ = [
    "Demography",
    "Dose",
    "DoseSpec",
    "Kinetics",
    "Mixture",
    "Model",
    "Part",
    "Perpetrator",
    "Person",
    "RateChange",
    "Request",
    "Simulation",
    "Status",
    "Subjects",
    "build_covariates",
    "build_kinetics",
    "build_regimen",
    "build_typical",
    "calculate_derived",
    "calculate_exposure",
    "calculate_half_life",
    "change_rate",
    "check_request",
    "choose_model",
    "draw_subjects",
    "find_mixture",
    "get_model",
    "load_mixtures",
    "load_model_ids",
    "load_perpetrators",
    "parse_dose",
    "sample_covariates",
    "select_subjects",
    "simulate",
    "summarise_population",
]
