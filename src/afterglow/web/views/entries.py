"""Recording what a chart states: facts by group, and single entries that are added and ended, never overwritten."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from afterglow.clinic.people import actions
from afterglow.web.access import STATUS_UNUSABLE, find_or_404, staff_page
from afterglow.web.carrying import store
from afterglow.web.forms import patients as patient_forms
from afterglow.web.forms.facts import GROUPS, FactForm, list_specs, render_initial
from afterglow.web.forms.fields import DayOrder
from afterglow.web.forms.measurements import MeasurementForm
from afterglow.web.present.head import build_head
from afterglow.web.views.chart import open_chart


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of entry: its words, its form, the action that stores it, and where its rows lie."""

    title: Any
    form: type[forms.Form]
    record: Callable[..., Any]
    rows: str
    wide: tuple[str, ...] = ()


ENTRIES: dict[str, Entry] = {
    "allergy": Entry(gettext_lazy("Allergy"), patient_forms.AllergyForm, actions.record_allergy, "allergy_set"),
    "problem": Entry(gettext_lazy("Diagnosis"), patient_forms.ProblemForm, actions.record_problem, "problementry_set"),
    "medication": Entry(
        gettext_lazy("Medicine"), patient_forms.MedicationForm, actions.record_medication, "medicationstatement_set"
    ),
    "trial": Entry(gettext_lazy("Past trial"), patient_forms.TrialForm, actions.record_trial, "medicationtrial_set"),
    "measurement": Entry(gettext_lazy("Measurement"), MeasurementForm, actions.record_measurement, "measurement_set"),
    "preference": Entry(
        gettext_lazy("What helps"), patient_forms.PreferenceForm, actions.record_preference, "preference_set", ("text",)
    ),
}


NONE_ACTIONS: dict[str, Callable[..., Any]] = {
    "allergy": actions.record_no_known_allergies,
    "medication": actions.record_no_medicines,
    "trial": actions.record_no_trials,
}


@staff_page("chart.edit")
def edit_facts(request: HttpRequest, patient_id: str, group: str) -> HttpResponse:
    """Record the facts of one group; each changed answer becomes a new row."""
    if group not in GROUPS:
        raise Http404
    patient, now = open_chart(request, patient_id, "history", "chart.edit")
    specs = list_specs(group)
    form = FactForm(request.POST or None, specs=specs, initial=render_initial(read_facts(patient), specs))
    if request.method == "POST" and form.is_valid():
        changes = form.list_changes()
        if store(form, actions.record_history, patient=patient, facts=changes, by=request.user, now=now):
            messages.success(request, _("Stored: %(n)d answers changed.") % {"n": len(changes)})
            return redirect("web:patient-history", patient.pk)
    intro = _("Nothing is chosen beforehand. Leave out what was not asked; choose “not known” when it was asked.")
    return _show_form(request, patient, form, GROUPS[group][1], intro=intro)


@staff_page("chart.edit")
def add_entry(request: HttpRequest, patient_id: str, kind: str) -> HttpResponse:
    """Add one entry of a kind."""
    entry = _find_entry(kind)
    patient, now = open_chart(request, patient_id, "history", "chart.edit")
    more: dict[str, Any] = {"today": timezone.localdate(now)} if issubclass(entry.form, DayOrder) else {}
    form = entry.form(request.POST or None, **more)
    given = {"patient": patient, "by": request.user, "now": now}
    if request.method == "POST" and form.is_valid() and store(form, entry.record, **given, **form.cleaned_data):
        messages.success(request, _("Stored: %(what)s.") % {"what": entry.title})
        return redirect("web:patient-history", patient.pk)
    return _show_form(request, patient, form, entry.title, wide=entry.wide)


@staff_page("chart.edit", methods=("POST",))
def end_entry(request: HttpRequest, patient_id: str, kind: str, entry_id: str) -> HttpResponse:
    """End one entry; it stays in the record with who ended it and when."""
    entry = _find_entry(kind)
    patient, now = open_chart(request, patient_id, "history", "chart.edit")
    row = find_or_404(request, getattr(patient, entry.rows).filter(ended_at__isnull=True), "chart.edit", pk=entry_id)
    actions.end_entry(entry=row, by=request.user, now=now)
    messages.success(request, _("Ended. It stays in the record."))
    return redirect(reverse("web:patient-history", args=[patient.pk]))


@staff_page("chart.edit", methods=("POST",))
def record_none(request: HttpRequest, patient_id: str, kind: str) -> HttpResponse:
    """Record that something was asked today and there is none."""
    if kind not in NONE_ACTIONS:
        raise Http404
    patient, now = open_chart(request, patient_id, "history", "chart.edit")
    NONE_ACTIONS[kind](patient=patient, by=request.user, now=now)
    messages.success(request, _("Stored: none known, asked today."))
    return redirect(reverse("web:patient-history", args=[patient.pk]))


def read_facts(patient: Any) -> dict[str, Any]:
    """Return the latest answer of each fact."""
    rows = patient.historyfact_set.filter(ended_at__isnull=True).order_by("recorded_at", "pk")
    return dict(rows.values_list("name", "value"))


def _find_entry(kind: str) -> Entry:
    if kind not in ENTRIES:
        raise Http404
    return ENTRIES[kind]


def _show_form(
    request: HttpRequest, patient: Any, form: Any, title: Any, *, intro: str = "", wide: tuple[str, ...] = ()
) -> HttpResponse:
    context = {
        "chart": build_head(patient, request.user, "history", timezone.now()),
        "form": form,
        "form_title": title,
        "intro": intro,
        "wide_fields": wide,
        "submit_words": _("Store"),
        "back_url": reverse("web:patient-history", args=[patient.pk]),
        "back_name": _("History"),
    }
    return render(request, "web/chart/form.html", context, status=STATUS_UNUSABLE if form.errors else 200)
