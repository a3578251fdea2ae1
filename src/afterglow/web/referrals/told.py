"""What a referral told a chart and nobody has confirmed yet: each entry is confirmed, or ended as wrong."""

from typing import Any

from django.apps import apps
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.audit.reads import record_read
from afterglow.clinic.people.models import Patient
from afterglow.clinic.referrals import actions
from afterglow.clinic.referrals.models import ToldAnswer, ToldEntry
from afterglow.clinicday.intake import load_intake
from afterglow.protocols.facts import load_facts, render_value
from afterglow.web.access import find_or_404, staff_page
from afterglow.web.forms.patients import describe_outcome
from afterglow.web.present.head import build_head
from afterglow.web.referrals.panel import say_answer

ANSWER = "toldanswer"
# safety first, then what is taken, what was tried, and the rest
_ORDER = {
    kind: place
    for place, kind in enumerate(
        (ANSWER, "allergy", "medicationstatement", "medicationtrial", "problementry", "measurement", "historyfact")
    )
}
KINDS = ("historyfact", "medicationstatement", "medicationtrial", "allergy", "problementry", "measurement")


@staff_page("patient.read")
def show_told(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the told entries of a chart, or confirm one or end one as wrong."""
    patient = find_or_404(request, Patient.objects.select_related("site"), "patient.read", pk=patient_id)
    now = timezone.now()
    if request.method == "POST":
        return _settle(request, patient, now)
    record_read(by=request.user, what="told entries", subject=patient, now=now, patient=patient)
    rows = sorted(patient.told_entries.select_related("confirmed_by", "referral"), key=lambda row: _ORDER[row.kind])
    entries = _load_entries(rows)
    context = {
        "chart": build_head(patient, request.user, "told", now),
        "rows": [_describe(row, entries[row.entry_id]) for row in rows if row.entry_id in entries],
        "may_edit": policy.allow(request.user, "chart.edit", patient),
    }
    return render(request, "web/referrals/told.html", context)


def _settle(request: HttpRequest, patient: Patient, now: Any) -> HttpResponse:
    from afterglow.clinic.people.actions import end_entry

    row = find_or_404(
        request,
        ToldEntry.objects.select_related("patient"),
        "patient.read",
        pk=request.POST.get("told", "")[:20],
        patient=patient,
    )
    act = request.POST.get("act", "")
    if act == "confirm":
        actions.confirm_told(told=row, by=request.user, now=now)
        messages.success(request, _("Confirmed."))
    elif act == "wrong":
        policy.require(request.user, "chart.edit", patient)
        entry = _load_entries([row]).get(row.entry_id)
        if entry is None:
            raise Http404
        if row.kind == ANSWER:
            actions.end_answer(answer=entry, by=request.user, now=now)
        else:
            end_entry(entry=entry, by=request.user, now=now, reason="told by the referral, not so")
        messages.success(request, _("Ended: the entry stays in the history."))
    else:
        raise Http404
    return redirect("web:patient-told", patient.pk)


def _load_entries(rows: list[ToldEntry]) -> dict[str, Any]:
    """Return the chart entries behind the marks, one query for each kind."""
    entries: dict[str, Any] = {}
    for kind in KINDS:
        keys = [row.entry_id for row in rows if row.kind == kind]
        if keys:
            entries |= {entry.pk: entry for entry in apps.get_model("people", kind).objects.filter(pk__in=keys)}
    answers = [row.entry_id for row in rows if row.kind == ANSWER]
    if answers:
        entries |= {entry.pk: entry for entry in ToldAnswer.objects.filter(pk__in=answers)}
    return entries


def _describe(row: ToldEntry, entry: Any) -> dict[str, Any]:
    return {
        "row": row,
        "words": _WORDS[row.kind](entry),
        "is_ended": entry.ended_at is not None,
        "told_by": _("patient") if row.told_by == "patient" else _("referral"),
    }


def _say_fact(entry: Any) -> str:
    spec = load_facts().get(entry.name)
    label = spec.label if spec is not None else entry.name
    if entry.value is None:
        value = _("asked, not known")
    elif isinstance(entry.value, bool):
        value = _("yes") if entry.value else _("no")
    else:
        value = render_value(entry.name, entry.value)
    return f"{label}: {value}"


def _say_trial(entry: Any) -> str:
    parts = [entry.drug]
    if entry.dose_mg is not None:
        parts.append(f"{entry.dose_mg.normalize():f} mg")
    if entry.weeks is not None:
        parts.append(_("%(n)s weeks") % {"n": f"{entry.weeks.normalize():f}"})
    if entry.outcome:
        parts.append(describe_outcome(entry.outcome))
    return _("Tried: %(words)s") % {"words": ", ".join(parts)}


def _say_answer(entry: Any) -> str:
    item = load_intake().find_field(entry.name)
    return str(entry.value) if item is None else f"{item.staff_label}: {say_answer(item, entry.value)}"


_WORDS = {
    ANSWER: _say_answer,
    "historyfact": _say_fact,
    "medicationstatement": lambda entry: _("Takes %(words)s") % {"words": f"{entry.name} {entry.dose_text}".strip()},
    "medicationtrial": _say_trial,
    "allergy": lambda entry: _("Allergy: %(words)s") % {"words": entry.substance},
    "problementry": lambda entry: " ".join(part for part in (entry.code, entry.display) if part),
    "measurement": lambda entry: (
        _("Blood pressure %(upper)s/%(lower)s mmHg")
        % {
            "upper": f"{entry.value.normalize():f}",
            "lower": f"{entry.second_value.normalize():f}",
        }
    ),
}
