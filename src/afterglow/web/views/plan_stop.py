"""Stopping the plan in force: what follows is shown, the reason is asked, and it is asked again before it is done."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from afterglow.clinic.plans import actions
from afterglow.clinic.scheduling.models import DOSING
from afterglow.clinic.scheduling.voiding import list_standing
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.carrying import prove, store
from afterglow.web.forms.account import SecretField
from afterglow.web.forms.fields import NoteField
from afterglow.web.present.head import build_head
from afterglow.web.present.plans import describe_dose
from afterglow.web.views.chart import open_chart
from afterglow.web.views.plans import find_signed

SIGN = "plan.sign"


class StopForm(forms.Form):
    """Why the plan is stopped."""

    reason = NoteField(label=_("Why it is stopped"), rows=3, max_length=500)


class ProveStopForm(StopForm):
    """The reason once more, and who stops it."""

    secret = SecretField(label=_("Your password or PIN"), passkey="own")


@staff_page(SIGN)
def stop_plan(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the reason's form, ask once more with what will follow, or stop the plan."""
    patient, now = open_chart(request, patient_id, "stopping the plan", SIGN)
    plan = find_signed(patient)
    if plan is None:
        raise Http404
    if request.method != "POST":
        return _show(request, patient, plan, now, StopForm())
    act = request.POST.get("act", "")
    if act == "ask":
        form = StopForm(request.POST)
        if not form.is_valid():
            return _show(request, patient, plan, now, form)
        return _show(request, patient, plan, now, ProveStopForm(initial=form.cleaned_data))
    if act != "stop":
        raise Http404
    return _stop(request, patient, plan, now)


def _stop(request: HttpRequest, patient: Any, plan: Any, now: datetime) -> HttpResponse:
    form = ProveStopForm(request.POST)
    if form.is_valid() and prove(request, form, now):
        reason = form.cleaned_data["reason"]
        if store(form, actions.stop_plan, plan=plan, reason=reason, by=request.user, now=now):
            messages.success(request, _("The plan is stopped. Only a new version takes that back."))
            return redirect("web:patient-plan", patient.pk)
    return _show(request, patient, plan, now, form)


def _show(request: HttpRequest, patient: Any, plan: Any, now: datetime, form: StopForm) -> HttpResponse:
    visits = list_standing(patient.site, now).filter(patient=patient, kind=DOSING).count()
    context = {
        "chart": build_head(patient, request.user, "plan", now),
        "plan": plan,
        "dose": describe_dose(plan),
        "form": form,
        "is_asked_again": isinstance(form, ProveStopForm),
        "today": timezone.localdate(now),
        "visits": visits and ngettext("%(n)d visit is booked", "%(n)d visits are booked", visits) % {"n": visits},
    }
    return render(request, "web/plans/stop.html", context, status=STATUS_UNUSABLE if form.errors else 200)
