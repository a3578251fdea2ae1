"""From channel block to mood over weeks: synapses, placebo, a new antidepressant, and the window for integration."""

from afterglow.pharmacology.mechanism.chain import Exposure, calculate_signal, run_pools
from afterglow.pharmacology.mechanism.course import Course, CourseSession, CourseSetting, simulate_course
from afterglow.pharmacology.mechanism.exposures import Regimen, build_exposure, get_regimen, load_regimens
from afterglow.pharmacology.mechanism.parameters import (
    MechanismParameter,
    ParameterSet,
    Population,
    load_chain,
    load_population,
    load_population_parameters,
)
from afterglow.pharmacology.mechanism.response import SETTINGS, combine_shares
from afterglow.pharmacology.mechanism.scales import SCALES, Scale, get_scale
from afterglow.pharmacology.mechanism.targets import LeftOut, Target, list_left_out, list_targets
from afterglow.pharmacology.mechanism.window import PlasticWindow, find_plastic_window

__all__ = [
    "SCALES",
    "SETTINGS",
    "Course",
    "CourseSession",
    "CourseSetting",
    "Exposure",
    "LeftOut",
    "MechanismParameter",
    "ParameterSet",
    "PlasticWindow",
    "Population",
    "Regimen",
    "Scale",
    "Target",
    "build_exposure",
    "calculate_signal",
    "combine_shares",
    "find_plastic_window",
    "get_regimen",
    "get_scale",
    "list_left_out",
    "list_targets",
    "load_chain",
    "load_population",
    "load_population_parameters",
    "load_regimens",
    "run_pools",
    "simulate_course",
]
