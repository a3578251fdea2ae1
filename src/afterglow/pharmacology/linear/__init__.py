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
from afterglow.pharmacology.linear.summaries import OutputSummary, Summary, summarise
from afterglow.pharmacology.linear.system import Flow, Input, LinearSystem, Output, Solution

__all__ = [
    "Chain",
    "Flow",
    "Input",
    "LinearSystem",
    "NotConverged",
    "Output",
    "OutputSummary",
    "Solution",
    "StaticFunction",
    "Summary",
    "area_under",
    "drive",
    "emax",
    "has_compiled",
    "inhibition",
    "linear",
    "sigmoid",
    "solve",
    "summarise",
]
