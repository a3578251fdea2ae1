"""The eligibility review of a patient: run, weigh, override, decide."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.screening import actions
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.carrying import store
from afterglow.web.forms.screening import AcceptForm, DecisionForm, OverrideForm, RunForm
from afterglow.web.present.head import build_head
from afterglow.web.present.screening import build_decision, build_resistance, build_review, list_severity
from afterglow.web.views.chart import open_chart

DECISIONS = ("eligible", "defer", "decline")


@staff_page("patient.read")
def show_screening(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the review, or carry out one of its acts."""
    patient, now = open_chart(request, patient_id, "screening")
    if request.method == "POST":
        return _act(request, patient, now)
    return _show(request, patient, now, {})


def _act(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    act = request.POST.get("act", "")
    acts = {"run": _run, "accept": _accept, "override": _override, "undo": _undo, **dict.fromkeys(DECISIONS, _decide)}
    if act not in acts:
        raise Http404
    return acts[act](request, patient, now)


def _run(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    form = RunForm(request.POST)
    if form.is_valid():
        chosen = form.cleaned_data
        done = store(
            form,
            actions.run_screening,
            patient=patient,
            protocol_id=chosen["protocol_id"],
            indication=chosen["indication"],
            by=request.user,
            now=now,
        )
        if done:
            messages.success(request, _("Screened. The findings are kept as seen."))
            return _go_back(patient)
    return _show(request, patient, now, {("run", ""): form}, form)


def _accept(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    rule, run = _read_rule(request), find_run(patient)
    form = AcceptForm(request.POST, prefix=f"accept-{rule}")
    if run is None:
        raise Http404
    if form.is_valid():
        given = {"mitigation": form.cleaned_data["mitigation"]}
        if store(form, actions.accept_caution, run=run, rule=rule, by=request.user, now=now, **given):
            messages.success(request, _("Accepted: %(rule)s.") % {"rule": rule})
            return _go_back(patient)
    return _show(request, patient, now, {("accept", rule): form}, form)


def _override(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    rule, run = _read_rule(request), find_run(patient)
    form = OverrideForm(request.POST, prefix=f"override-{rule}")
    if run is None:
        raise Http404
    if form.is_valid() and store(
        form, actions.override_finding, run=run, rule=rule, by=request.user, now=now, **form.cleaned_data
    ):
        messages.success(request, _("Overridden: %(rule)s. It is shown at every session.") % {"rule": rule})
        return _go_back(patient)
    return _show(request, patient, now, {("override", rule): form}, form)


def _undo(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    rule = _read_rule(request)
    rows = patient.finding_overrides.filter(rule=rule, withdrawn_at__isnull=True).order_by("-recorded_at", "-pk")
    row = rows.select_related("patient").first()
    if row is None:
        raise Http404
    actions.withdraw_override(override=row, by=request.user, now=now)
    messages.success(request, _("Taken back: %(rule)s. Both entries stay in the record.") % {"rule": rule})
    return _go_back(patient)


def _decide(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    run = find_run(patient)
    form = DecisionForm(request.POST)
    if run is None:
        raise Http404
    if form.is_valid():
        given = {"decision": request.POST["act"], "reason": form.cleaned_data["reason"]}
        if store(form, actions.decide_screening, run=run, by=request.user, now=now, **given):
            messages.success(request, _("Decided. The findings as they stood are kept with it."))
            return _go_back(patient)
    return _show(request, patient, now, {("decide", ""): form}, form)


def find_run(patient: Any) -> Any:
    """Return the latest run, or None."""
    return patient.screening_runs.select_related("recorded_by").order_by("-recorded_at", "-pk").first()


def _read_rule(request: HttpRequest) -> str:
    rule = request.POST.get("rule", "")
    if not rule or len(rule) > 60 or "\x00" in rule:
        raise Http404
    return rule


def _go_back(patient: Any) -> HttpResponse:
    return redirect(reverse("web:patient-screening", args=[patient.pk]))


def _show(request: HttpRequest, patient: Any, now: datetime, bound: dict[Any, Any], form: Any = None) -> HttpResponse:
    run, user = find_run(patient), request.user
    review = build_review(run, user, now, bound) if run is not None else None
    initial = {"protocol_id": run.protocol, "indication": run.indication} if run is not None else {}
    may_run = policy.allow(user, "screening.run", patient)
    may_edit = policy.allow(user, "chart.edit", patient)
    context = {
        "chart": build_head(patient, user, "screening", now),
        "review": review,
        "run_form": (bound.get(("run", "")) or RunForm(initial=initial)) if may_run else None,
        "resistance": build_resistance(patient, run, now),
        "trials_url": reverse("web:patient-entry", args=[patient.pk, "trial"]) if may_edit else "",
        "severity": list_severity(patient, now),
        "decision": build_decision(run, review, user) if run is not None and review is not None else None,
        "decision_form": bound.get(("decide", "")) or DecisionForm(),
        "form": form if form is not None and not form.prefix else None,
    }
    return render(request, "web/screening/show.html", context, status=STATUS_UNUSABLE if form and form.errors else 200)
