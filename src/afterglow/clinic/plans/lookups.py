"""The plans of one person, asked in one way so that a page asks them once."""

from typing import Any

from afterglow.clinic.plans.models import Plan
from afterglow.clinic.prepared import Prepared

_PLANS = Prepared(lambda patient: Plan.objects.filter(patient=patient).order_by("-number"))


def list_plans(patient: Any) -> list[Plan]:
    """Return every plan of a person, newest first."""
    return _PLANS.ask(patient=patient)
