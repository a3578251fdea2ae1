"""The course card as a piece of the chart, asked for while the forecast is worked out; and the decision on it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.care.deciding import DECIDE, decide_next_treatment
from afterglow.clinic.errors import Denied
from afterglow.clinic.plans.lookups import list_plans
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.carrying import store
from afterglow.web.outlook.asking import ask
from afterglow.web.outlook.card import build_course_card
from afterglow.web.outlook.deciding import DecisionForm, render_seen
from afterglow.web.predictions.asking import PATIENT_S
from afterglow.web.present.due import list_next_visits
from afterglow.web.views.chart import build_glance, open_chart


@staff_page("patient.read", methods=("GET", "HEAD"))
def show_forecast(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the card of the course once its forecast is ready, or with the reason why there is none."""
    patient, now = open_chart(request, patient_id, "chart")
    card = build_course_card(
        request, patient, now, plans=list_plans(patient), visits=list_next_visits(patient, now, request.user),
        timeout_s=PATIENT_S,
    )  # fmt: skip
    return render(request, "web/outlook/course.html", {"chart": {"patient": patient}, **card})


@staff_page(DECIDE, methods=("POST",))
def decide(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Record what was decided on the next treatment; what is wrong with it goes back under its fields."""
    patient, now = open_chart(request, patient_id, "chart", DECIDE)
    policy.require(request.user, DECIDE, patient)
    asked = ask(request.user, patient, now, timeout_s=PATIENT_S)
    if asked is None:
        raise Denied(DECIDE)
    form = DecisionForm(request.POST, prefix="next")
    if form.is_valid():
        values = dict(form.cleaned_data)
        given = {"seen": render_seen(asked), "seen_before": values.pop("seen")}
        if store(form, decide_next_treatment, patient=patient, by=request.user, now=now, **given, **values):
            messages.success(request, _("Decision stored. The plan stays as it was signed."))
            return redirect("web:patient", patient.pk)
    context = build_glance(request, patient, now, form=form)
    return render(request, "web/chart/glance.html", context, status=STATUS_UNUSABLE)
