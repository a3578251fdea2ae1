"""The calendar of long-term screens on a chart: last, due, rule and source; recording a result."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic import policy
from afterglow.clinic.tasks import actions
from afterglow.clinic.tasks.models import SurveillanceRecord
from afterglow.clinicday.surveillance import MEMORY, Due, Standing, load_screens
from afterglow.protocols.facts import load_facts
from afterglow.terms import Grade
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.carrying import store
from afterglow.web.present.head import build_head
from afterglow.web.presenting import describe_source, describe_value
from afterglow.web.tasks.forms import ScreenForm
from afterglow.web.views.chart import open_chart

LAST_RECORDS = 20


@staff_page("patient.read")
def show_surveillance(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the calendar of a patient, or record the result of one screen."""
    patient, now = open_chart(request, patient_id, "surveillance")
    if request.method != "POST":
        return _show(request, patient, now, {})
    screen = load_screens().get(request.POST.get("screen", ""))
    if screen is None:
        raise Http404
    policy.require(request.user, "chart.edit", patient)
    form = ScreenForm(request.POST, screen=screen, prefix=screen.id)
    if form.is_valid():
        given = {"screen": screen.id, "result": form.list_answers(), "note": form.cleaned_data["note"]}
        day = form.cleaned_data["done_on"]
        if store(form, actions.record_surveillance, patient=patient, by=request.user, now=now, done_on=day, **given):
            messages.success(request, _("Stored: %(what)s.") % {"what": _(screen.title)})
            return redirect("web:patient-surveillance", patient.pk)
    return _show(request, patient, now, {screen.id: form})


def _show(request: HttpRequest, patient: Any, now: datetime, bound: dict[str, ScreenForm]) -> HttpResponse:
    may_record = policy.allow(request.user, "chart.edit", patient)
    screens = [
        {
            "id": screen.id,
            "title": _(screen.title),
            "form": bound.get(screen.id) or ScreenForm(screen=screen, prefix=screen.id),
            "is_open": screen.id in bound,
        }
        for screen in load_screens().values()
    ]
    dues = actions.list_surveillance(patient=patient, now=now)
    context = {
        "chart": build_head(patient, request.user, "surveillance", now),
        "rows": [_describe(due) for due in dues],
        "findings": [finding for due in dues for finding in due.findings if str(finding.severity) != "missing"],
        "screens": screens if may_record else [],
        "records": _list_records(patient),
    }
    return render(request, "web/tasks/surveillance.html", context, status=STATUS_UNUSABLE if bound else 200)


def _describe(due: Due) -> dict[str, Any]:
    """Return one line of the calendar in words."""
    words = {
        Standing.FOUND: (_("Finding"), "caution"),
        Standing.NEVER: (_("Not done yet"), "low"),
        Standing.OVERDUE: (_("Due"), "amber"),
        Standing.SOON: (_("Due soon"), "amber"),
        Standing.OK: (_("In time"), "ok"),
    }
    tag, kind = words[due.standing]
    grade = Grade(due.grade)
    return {
        "title": _(due.title),
        "screen": due.screen,
        "tag": tag,
        "tag_kind": kind,
        "last_on": due.last_on,
        "last_value": due.last_value,
        "due_on": due.due_on,
        "sessions": describe_sessions(due.sessions_left),
        "threshold": due.threshold,
        "rule": due.rule,
        "source": describe_source(due.source),
        "grade": "" if grade is Grade.P else grade.label,
    }


def describe_sessions(left: int | None) -> str:
    """Return after how many more sessions something is due."""
    if left is None:
        return ""
    if left == 0:
        return _("now, by the number of sessions")
    return ngettext("or after %(n)d more session", "or after %(n)d more sessions", left) % {"n": left}


def _list_records(patient: Any) -> list[dict[str, Any]]:
    rows = (
        SurveillanceRecord.objects.filter(patient=patient)
        .select_related("by")
        .order_by("-done_at", "-recorded_at", "-pk")[:LAST_RECORDS]
    )
    screens = load_screens()
    return [
        {
            "on": row.done_at,
            "title": _(screens[row.screen].title),
            "answers": [(describe_answer_name(name), describe_value(value)) for name, value in row.result.items()],
            "note": row.note,
            "by": str(row.by),
        }
        for row in rows
    ]


def describe_answer_name(name: str) -> str:
    """Return what an answer is an answer to."""
    if name == MEMORY:
        return _("memory and concentration")
    spec = load_facts().get(name)
    return spec.label if spec is not None else name
