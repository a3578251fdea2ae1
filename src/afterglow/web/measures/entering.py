"""Entering a form by staff: rated by a clinician or copied from the clinic's paper; its result, and correcting it."""

import functools
import secrets
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.measures import actions, risk
from afterglow.clinic.measures.late import list_late
from afterglow.clinic.measures.models import MeasureResult
from afterglow.clinic.measures.wordings import describe_item, find_wording, read_wording
from afterglow.instruments import Instrument, load_instruments
from afterglow.web.access import STATUS_UNUSABLE, find_or_404, staff_page
from afterglow.web.care.common import finish
from afterglow.web.carrying import store
from afterglow.web.measures.forms import CorrectForm, EnterForm
from afterglow.web.present.head import build_head
from afterglow.web.views.chart import open_chart


@staff_page(actions.ENTER)
def enter_form(request: HttpRequest, patient_id: str, instrument: str) -> HttpResponse:
    """Return the form of one instrument, or store what was entered."""
    patient, now = open_chart(request, patient_id, "measures", actions.ENTER)
    definition = load_instruments().get(instrument)
    if definition is None:
        raise Http404
    pack = read_wording(find_wording(definition, patient.language))
    items = [describe_item(definition, item.id, pack) for item in definition.items]
    key = request.POST.get("key", "") if request.method == "POST" else secrets.token_urlsafe(12)
    form = EnterForm(request.POST or None, instrument=definition, items=items)
    if request.method == "POST" and form.is_valid():
        given = {
            "instrument": definition.id,
            "answers": form.list_answers(),
            "total": form.cleaned_data.get("total") or None,
            "observed_at": form.cleaned_data["observed_at"],
            "submission_id": key,
        }
        made = store(form, actions.enter_form, patient=patient, by=request.user, now=now, **given)
        if made:
            page = "web:patient-risk" if risk.list_open(patient) else "web:patient-measures"
            return finish(request, _say_stored(definition, made), page, patient.pk)
    context = {
        "chart": build_head(patient, request.user, "measures", now),
        "patient": patient,
        "instrument": definition,
        "form": form,
        "items": [form[name] for name in form.fields_of_items],
        "total": form["total"] if "total" in form.fields else None,
        "key": key,
        "is_official": pack is not None,
        "has_sheet": definition.rater == "self"
        and bool(definition.items)
        and (pack is not None or not definition.needs_pack or patient.site.is_demonstration),
    }
    return render(request, "web/measures/enter.html", context, status=STATUS_UNUSABLE if form.errors else 200)


@staff_page(actions.READ)
def show_result(request: HttpRequest, patient_id: str, result_id: str) -> HttpResponse:
    """Return one result with its answers and where it is from, or correct an answer of it."""
    patient, now = open_chart(request, patient_id, "measures", actions.READ)
    rows = MeasureResult.objects.select_related("form__patient__site", "form__wording", "recorded_by", "rater")
    row = find_or_404(request, rows.filter(form__patient=patient), actions.READ, pk=result_id)
    definition = load_instruments()[row.instrument]
    items = [(item.id, f"{item.id}. {item.label}") for item in definition.items]
    may_correct = policy.allow(request.user, actions.ENTER, patient) and bool(row.answers)
    form = CorrectForm(request.POST or None, items=items)
    if request.method == "POST":
        policy.require(request.user, actions.ENTER, patient)
        if form.is_valid() and _correct(form, row, request, now):
            return finish(request, _("Corrected; what stood before is kept."), "web:patient-measures", patient.pk)
    context = {
        "chart": build_head(patient, request.user, "measures", now),
        "patient": patient,
        "row": row,
        "title": definition.title,
        "answers": [(label, row.answers.get(item, "")) for item, label in items],
        "late": [(dict(items).get(each.item, each.item), each, stood) for each, stood in list_late(row.form)],
        "versions": list(row.form.results.order_by("number")),
        "form": form if may_correct else None,
        "key": secrets.token_urlsafe(12),
    }
    status = STATUS_UNUSABLE if form.errors else 200
    return render(request, "web/measures/result.html", context, status=status)


def _correct(form: CorrectForm, row: MeasureResult, request: HttpRequest, now: datetime) -> Any:
    values = form.cleaned_data
    return store(
        form,
        functools.partial(actions.correct_form, form=row.form),
        answers={values["item"]: values["value"]},
        reason=values["reason"],
        submission_id=request.POST.get("key", ""),
        by=request.user,
        now=now,
    )


def _say_stored(definition: Instrument, row: MeasureResult) -> str:
    if row.total is None:
        return _("%(title)s stored, without a total: %(why)s") % {"title": definition.title, "why": row.reason}
    return _("%(title)s stored, total %(total)s") % {"title": definition.title, "total": f"{row.total:g}"}
