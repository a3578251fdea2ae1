"""The plan of stopping or stepping down: drafted with steps, signed, printed for the person."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.care import actions
from afterglow.clinic.care.stepping_down import SIGN, describe_kind, find_draft, find_in_force
from afterglow.clinic.documents.actions import read_document
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.care.common import PDF, READ, build_frame, find_act, finish, open_care
from afterglow.web.care.forms import ProveForm, StepDownForm, StepRows
from afterglow.web.carrying import prove, store

PAGE = "web:care-stepping-down"
TEXTS = ("kind", "reason", "relapse_signs", "what_to_do")


@staff_page(READ)
def show_plan(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the plan in force and the draft, or carry out one act."""
    patient, now = open_care(request, patient_id, "stepping down")
    if request.method != "POST":
        return _show(request, patient, now)
    return find_act(request, {"store": _store, "sign": _sign})(request, patient, now)


@staff_page(READ, methods=("GET", "HEAD"))
def print_plan(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the plan in force as it was filed, or the draft, marked as one."""
    patient, _now = open_care(request, patient_id, "stepping down, printed")
    plan, draft = find_in_force(patient), find_draft(patient)
    if request.GET.get("which") == "draft" or plan is None or plan.document is None:
        if draft is None:
            raise Http404
        body = actions.print_step_down(draft)
    else:
        body = read_document(plan.document)
    headers = {**PDF, "Content-Disposition": 'inline; filename="plan.pdf"'}
    return HttpResponse(body, content_type="application/pdf", headers=headers)


def _store(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    form = StepDownForm(request.POST, prefix="plan")
    rows = StepRows(request.POST, prefix="steps")
    is_whole = rows.is_valid()
    if form.is_valid() and is_whole:
        fields = {name: form.cleaned_data[name] for name in TEXTS}
        steps = [row.cleaned_data for row in rows if any(row.cleaned_data.values())]
        given = {"fields": fields, "steps": steps, "version": form.cleaned_data["version"]}
        if store(form, actions.store_step_down, patient=patient, by=request.user, now=now, **given):
            return finish(request, _("Draft stored."), PAGE, patient.pk)
    return _show(request, patient, now, form=form, rows=rows)


def _sign(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    draft = find_draft(patient)
    if draft is None:
        raise Http404
    form = ProveForm(request.POST, prefix="sign")
    if form.is_valid() and prove(request, form, now):
        version = form.cleaned_data["version"]
        if store(form, actions.sign_step_down, plan=draft, by=request.user, now=now, version=version):
            return finish(request, _("Signed, filed, ready to print for the person."), PAGE, patient.pk)
    return _show(request, patient, now, sign=form)


def _show(
    request: HttpRequest, patient: Any, now: datetime, *, form: Any = None, rows: Any = None, sign: Any = None
) -> HttpResponse:
    frame = build_frame(patient, request.user, "stepping-down", now)
    plan, draft = find_in_force(patient), find_draft(patient)
    basis = draft or plan
    initial = {name: getattr(basis, name) for name in TEXTS} if basis is not None else {}
    steps = [{"on": step.on, "what": step.what, "watched_by": step.watched_by} for step in _list_steps(basis)]
    version = {"version": draft.version if draft is not None else None}
    may_sign = draft is not None and policy.allow(request.user, SIGN, patient)
    context = {
        **frame,
        "plan": plan,
        "plan_title": describe_kind(plan.kind) if plan is not None else "",
        "plan_steps": _list_steps(plan),
        "stop_url": _find_stop(request, patient),
        "draft": draft,
        "form": (form or StepDownForm(prefix="plan", initial={**initial, **version})) if frame["may_edit"] else None,
        "rows": rows or StepRows(prefix="steps", initial=steps),
        "sign_form": (sign or ProveForm(prefix="sign", initial=version)) if may_sign else None,
    }
    is_bad = any(each is not None and each.is_bound for each in (form, rows, sign))
    return render(request, "web/care/stepping_down.html", context, status=STATUS_UNUSABLE if is_bad else 200)


def _find_stop(request: HttpRequest, patient: Any) -> str:
    """Return where the treatment plan in force is stopped, for who may."""
    is_in_force = patient.plans.filter(state="signed").exists()
    if not is_in_force or not policy.allow(request.user, SIGN, patient):
        return ""
    return reverse("web:patient-plan-stop", args=[patient.pk])


def _list_steps(plan: Any) -> list[Any]:
    return list(plan.steps.all()) if plan is not None else []
