"""The exact linear engine: systems as data, solved without step error in numpy or, for many patients, compiled."""

from afterglow.pharmacology.linear.driving import (
    Chain,
    NotConverged,
    StaticFunction,
    drive,
    emax,
    inhibition,
    linear,
    sigmoid,
)
from afterglow.pharmacology.linear.solver import area_under, has_compiled, solve
from afterglow.pharmacology.linear.system import Flow, Input, LinearSystem, Output, Solution

__all__ = [
    "Chain",
    "Flow",
    "Input",
    "LinearSystem",
    "NotConverged",
    "Output",
    "Solution",
    "StaticFunction",
    "area_under",
    "drive",
    "emax",
    "has_compiled",
    "inhibition",
    "linear",
    "sigmoid",
    "solve",
]
