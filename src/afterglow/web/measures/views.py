"""The measures of a chart: due, overdue, answered and missing; asking by link, ending, saying why one is missing."""

import os
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.measures import actions, risk
from afterglow.clinic.measures.courses import load_calendar
from afterglow.clinic.measures.messages import queue_link
from afterglow.clinic.measures.models import OPEN, MeasureForm, MeasureResult
from afterglow.clinicday.measures import Due, Standing, load_reasons
from afterglow.instruments import get_instrument, load_instruments
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.care.common import find_act, find_row, finish, has_errors
from afterglow.web.carrying import store
from afterglow.web.measures.forms import AskForm, ExcuseForm, PickForm
from afterglow.web.measures.sending import describe_open_forms, say_queued
from afterglow.web.phone.listener import PORT_VARIABLE
from afterglow.web.present.head import build_head
from afterglow.web.views.chart import open_chart

PAGE = "web:patient-measures"
LAST_RESULTS = 30


@staff_page(actions.READ)
def show_measures(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the measures of a chart, or carry out one act."""
    patient, now = open_chart(request, patient_id, "measures", actions.READ)
    if request.method != "POST":
        return _show(request, patient, now, {})
    acts = {"ask": _ask, "again": _send_again, "end": _end, "excuse": _excuse, "enter": _enter}
    return find_act(request, acts)(request, patient, now)


def build_link(request: HttpRequest, token: str) -> str:
    """Return the address a patient opens: by the patients' own port where the server has one."""
    path, port = reverse("phone:form", args=[token]), os.environ.get(PORT_VARIABLE, "")
    if not port:
        return request.build_absolute_uri(path)
    host = request.get_host()
    name = host if host.endswith("]") or ":" not in host else host.rpartition(":")[0]
    return f"{'https' if settings.HAS_TLS else 'http'}://{name}:{port}{path}"


def _ask(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    """Make the link, queue its message, and show it this once: it cannot be read from what is stored."""
    policy.require(request.user, actions.ASK, patient)
    form = AskForm(request.POST, prefix="ask")
    if form.is_valid():
        given = {"instrument": form.cleaned_data["instrument"], "by": request.user, "now": now}
        made = store(form, actions.ask_form, patient=patient, **given)
        if made:
            return _send(request, patient, now, *made)
    return _show(request, patient, now, {"ask": form})


def _send_again(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    """Give an open form a new link and queue its message; what was answered stays."""
    row = find_row(MeasureForm.objects.filter(patient=patient), request.POST.get("form", ""))
    return _send(request, patient, now, *actions.renew_link(form=row, by=request.user, now=now))


def _send(request: HttpRequest, patient: Any, now: datetime, form: MeasureForm, token: str) -> HttpResponse:
    link = build_link(request, token)
    notice = queue_link(form=form, link=link, by=request.user, now=now)
    return _show(request, patient, now, {}, link=link, told=say_queued(notice))


def _end(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    row = find_row(MeasureForm.objects.filter(patient=patient), request.POST.get("form", ""))
    actions.end_form(form=row, by=request.user, now=now)
    return finish(request, _("The link was ended."), PAGE, patient.pk)


def _excuse(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    policy.require(request.user, actions.ENTER, patient)
    form = ExcuseForm(request.POST, prefix="excuse")
    if form.is_valid() and store(
        form, actions.excuse_measure, patient=patient, by=request.user, now=now, **form.cleaned_data
    ):
        return finish(request, _("Stored why it is missing."), PAGE, patient.pk)
    return _show(request, patient, now, {"excuse": form})


def _enter(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    """Lead to the form that was chosen."""
    chosen = request.POST.get("instrument", "")
    if chosen not in load_instruments():
        raise Http404
    return redirect("web:measure-enter", patient.pk, chosen)


def _show(request: HttpRequest, patient: Any, now: datetime, bound: dict[str, Any], **more: Any) -> HttpResponse:
    user, calendar = request.user, load_calendar(patient, now=now)
    may_enter = policy.allow(user, actions.ENTER, patient)
    results = MeasureResult.objects.filter(form__patient=patient).select_related("form", "recorded_by")
    forms = MeasureForm.objects.filter(patient=patient, state=OPEN).select_related("asked_by", "wording")
    done = calendar.completeness
    context = {
        "chart": build_head(patient, user, "measures", now),
        "patient": patient,
        "rows": [_describe_due(due, patient, may_enter=may_enter) for due in calendar.dues],
        "completeness": done,
        "missing": [_describe_missing(each) for each in done.missing],
        "alerts": risk.list_open(patient),
        "results": [_describe_result(row) for row in results.order_by("-observed_at", "-number")[:LAST_RESULTS]],
        "open_forms": describe_open_forms([row for row in forms if row.way == "link"], now),
        "ask_form": (bound.get("ask") or AskForm(prefix="ask")) if policy.allow(user, actions.ASK, patient) else None,
        "excuse_form": (bound.get("excuse") or ExcuseForm(prefix="excuse")) if may_enter else None,
        "pick_form": PickForm() if may_enter else None,
        **more,
    }
    status = STATUS_UNUSABLE if has_errors(bound.values()) else 200
    return render(request, "web/measures/measures.html", context, status=status)


def _describe_due(due: Due, patient: Any, *, may_enter: bool) -> dict[str, Any]:
    words = {
        Standing.OVERDUE: (_("Overdue"), "caution"),
        Standing.DUE: (_("Due"), "amber"),
        Standing.MISSING: (_("Missing"), "low"),
        Standing.ANSWERED: (_("Answered"), "ok"),
        Standing.NOT_DUE: (_("Not due"), ""),
    }
    tag, kind = words[due.standing]
    first = due.instruments[0]
    return {
        "due": due,
        "title": " / ".join(get_instrument(name).title for name in due.instruments),
        "tag": tag,
        "tag_kind": kind,
        "reason": describe_reason(due.reason),
        "source": due.citation.text,
        "grade": due.citation.grade.label,
        "url": reverse("web:measure-enter", args=[patient.pk, first]) if may_enter else "",
    }


def describe_reason(reason: str) -> str:
    """Return why an answer is missing, in words."""
    if not reason:
        return ""
    return _(load_reasons()[reason]) if reason in load_reasons() else _("nobody said why")


def _describe_missing(missing: Any) -> dict[str, Any]:
    titles = " / ".join(get_instrument(name).title for name in missing.instruments)
    return {"title": titles, "due_on": missing.due_on, "reason": describe_reason(missing.reason)}


def _describe_result(row: MeasureResult) -> dict[str, Any]:
    ways = {"link": _("on the phone"), "staff": _("with staff"), "clinician": _("rated"), "paper": _("from paper")}
    return {
        "row": row,
        "title": get_instrument(row.instrument).title,
        "total": f"{row.total.normalize():f}" if row.total is not None else "",
        "way": ways[row.form.way],
        "who": row.recorded_by.display_name if row.recorded_by else _("the person"),
        "is_not_screened": bool(row.result.get("not_screened")),
        "is_official": row.form.wording_id is not None,
        "url": reverse("web:measure-result", args=[row.form.patient_id, row.pk]),
    }
