"""The curves of a plan as a piece of the page, asked for by the page itself while somebody types."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from afterglow.clinic import policy
from afterglow.web.access import staff_page
from afterglow.web.forms.plans import PlanForm
from afterglow.web.predictions.asking import PATIENT_S
from afterglow.web.predictions.card import Asked, Card, build_card
from afterglow.web.present.plans import find_protocol
from afterglow.web.views.chart import open_chart

SHOWN = ("dose_mg_per_kg", "dose_mg", "cap_mg", "over_min", "observe_min")


@staff_page("patient.read", methods=("POST",))
def show_expected(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the card for what is typed now; nothing is stored, and nothing of it stands in an address."""
    patient, now = open_chart(request, patient_id, "plan prediction")
    plan = patient.plans.filter(state="draft").first() or patient.plans.filter(state="signed").first()
    card = expect(request, patient, plan, now, timeout_s=PATIENT_S)
    return render(request, "web/predictions/parts.html", {"expect": card})


def expect(
    request: HttpRequest, patient: Any, plan: Any, now: datetime, *, form: PlanForm | None = None, timeout_s: float
) -> Card:
    """Return the card of a plan: from what was posted where it is a draft, else from what is stored."""
    may_use = plan is not None and plan.state == "draft" and policy.allow(request.user, "plan.draft", patient)
    data = request.POST if request.method == "POST" else None
    asked = read_asked(plan, form or (PlanForm(data, protocol=_find(plan)) if may_use and _is_typed(data) else None))
    return build_card(patient, asked, now, user=request.user, data=data, timeout_s=timeout_s, may_use=may_use)


def read_asked(plan: Any, form: PlanForm | None) -> Asked:
    """Return what is asked about: typed values where there are any, else the plan's."""
    protocol = _find(plan)
    if plan is None:
        return Asked(None, {})
    if form is None or not form.is_bound:
        return Asked(protocol, {name: getattr(plan, name) for name in SHOWN})
    form.is_valid()
    has_errors = any(name in form.errors for name in SHOWN)
    return Asked(protocol, {name: form.cleaned_data.get(name) for name in SHOWN}, has_errors)


def _find(plan: Any) -> Any:
    return find_protocol(plan) if plan is not None else None


def _is_typed(data: Any) -> bool:
    """Whether the draft's own fields were posted, not only those of B."""
    return data is not None and any(name in data for name in SHOWN)
