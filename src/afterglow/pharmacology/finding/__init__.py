"""Dose finding: what reaches a chosen level or effect within the caller's limits, and two options side by side.

Nothing here turns an order into one of another drug or route.
"""

from afterglow.pharmacology.finding.compare import Comparison, compare
from afterglow.pharmacology.finding.goals import Goal, parse_goal
from afterglow.pharmacology.finding.limits import Ladder, Limits, Passed, parse_limits
from afterglow.pharmacology.finding.options import Option, calculate_amount_mg, parse_option
from afterglow.pharmacology.finding.outlook import Outlook, Patient, People, draw_people, parse_patient, predict
from afterglow.pharmacology.finding.search import Answer, find_dose
from afterglow.pharmacology.finding.session import Event, predict_recorded

__all__ = [
    "Answer",
    "Comparison",
    "Event",
    "Goal",
    "Ladder",
    "Limits",
    "Option",
    "Outlook",
    "Passed",
    "Patient",
    "People",
    "calculate_amount_mg",
    "compare",
    "draw_people",
    "find_dose",
    "parse_goal",
    "parse_limits",
    "parse_option",
    "parse_patient",
    "predict",
    "predict_recorded",
]
