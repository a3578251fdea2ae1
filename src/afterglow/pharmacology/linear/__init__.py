"""The exact linear engine: systems as data, solved without step error in numpy or, for many patients, compiled."""

from afterglow.pharmacology.linear.solver import area_under, has_compiled, solve
from afterglow.pharmacology.linear.system import Flow, Input, LinearSystem, Output, Solution

__all__ = ["Flow", "Input", "LinearSystem", "Output", "Solution", "area_under", "has_compiled", "solve"]
