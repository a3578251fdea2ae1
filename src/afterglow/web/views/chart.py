"""A patient's chart: at a glance, sessions, history, documents, and who read it."""

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from afterglow.clinic import policy
from afterglow.clinic.audit.reads import record_read
from afterglow.clinic.documents.actions import read_document
from afterglow.clinic.documents.models import Document
from afterglow.clinic.people.lookups import find_weight
from afterglow.clinic.people.models import Patient
from afterglow.clinic.plans.lookups import list_plans
from afterglow.clinic.prepared import Prepared, read_once
from afterglow.web.access import find_or_404, staff_page
from afterglow.web.outlook.card import build_course_card
from afterglow.web.present import glance
from afterglow.web.present.due import describe_told, list_next_visits
from afterglow.web.present.head import build_head
from afterglow.web.present.history import build_history
from afterglow.web.present.log import list_reads_and_acts, present_rows
from afterglow.web.views.home import describe_phase

PAGE_SIZE = 50
_PATIENT = Prepared(lambda pk: Patient.objects.filter(pk=pk).select_related("site"))


def open_chart(
    request: HttpRequest, patient_id: str, what: str, permission: str = "patient.read"
) -> tuple[Any, datetime]:
    """Return the patient and the instant, after the reading was written down; 404 without telling otherwise."""
    patient = _PATIENT.find(pk=patient_id)
    if patient is None or not policy.allow(request.user, permission, patient):
        raise Http404
    now = timezone.now()
    record_read(by=request.user, what=what, subject=patient, now=now, patient=patient)
    return patient, now


@staff_page("patient.read", methods=("GET", "HEAD"))
def show_glance(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the chart at a glance."""
    patient, now = open_chart(request, patient_id, "chart")
    with read_once():
        context = build_glance(request, patient, now)
    return render(request, "web/chart/glance.html", context)


def build_glance(request: HttpRequest, patient: Any, now: datetime, *, form: Any = None) -> dict[str, Any]:
    """Return what the chart at a glance shows; `form` is a decision on the next treatment that could not be stored."""
    user = request.user
    visits = list_next_visits(patient, now, user)
    plans, found = list_plans(patient), glance.build_found(patient, now, user)
    dues = found["due"]["dues"]
    return {
        "chart": build_head(patient, user, "glance", now),
        **build_course_card(request, patient, now, plans=plans, visits=visits, form=form, dues=dues),
        "found": found,
        "plan": glance.build_plan_card(patient, user, plans, visits),
        "consents": glance.build_consent_card(patient, now),
        "medication": glance.build_medication_card(patient, now, user, found["run"]),
        "documents": glance.build_document_card(patient, user),
        "notes": glance.build_note_line(patient, user),
        "told": describe_told(patient),
    }


@staff_page("session.read", methods=("GET", "HEAD"))
def show_sessions(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the sessions of a patient, newest first."""
    patient, now = open_chart(request, patient_id, "sessions", "session.read")
    rows = [
        {
            "url": reverse("web:session", args=[session.pk]),
            "at": session.opened_at,
            "place": session.place,
            "protocol": session.protocol.protocol,
            "phase": describe_phase(session.phase),
            "is_closed": session.is_closed,
        }
        for session in patient.sessions.select_related("protocol").order_by("-opened_at", "-pk")
    ]
    order_url = reverse("web:patient-order", args=[patient.pk])
    context = {"chart": build_head(patient, request.user, "sessions", now), "rows": rows, "order_url": order_url}
    return render(request, "web/chart/sessions.html", context)


@staff_page("patient.read", methods=("GET", "HEAD"))
def show_history(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return what the chart states: facts, allergies, problems, medicines, trials, measurements, escorts."""
    patient, now = open_chart(request, patient_id, "history")
    context = {
        "chart": build_head(patient, request.user, "history", now),
        "history": build_history(patient, now),
        "told": describe_told(patient),
        "may_edit": policy.allow(request.user, "chart.edit", patient),
        "weight": find_weight(patient),
    }
    return render(request, "web/chart/history.html", context)


@staff_page("document.read", methods=("GET", "HEAD"))
def show_documents(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the filed documents of a patient."""
    patient, now = open_chart(request, patient_id, "documents", "document.read")
    rows = patient.documents.select_related("recorded_by").order_by("-recorded_at", "-pk")
    return render(
        request,
        "web/chart/documents.html",
        {"chart": build_head(patient, request.user, "documents", now), "rows": rows},
    )


@staff_page("document.read", methods=("GET", "HEAD"))
def show_document(request: HttpRequest, document_id: str) -> HttpResponse:
    """Return the bytes of one document, as an attachment so that nothing in it runs here."""
    document = find_or_404(
        request, Document.objects.select_related("content", "patient"), "document.read", pk=document_id
    )
    record_read(by=request.user, what="document", subject=document, now=timezone.now(), patient=document.patient)
    response = HttpResponse(read_document(document), content_type=document.content.media_type)
    is_pdf = document.content.media_type == "application/pdf"
    name = "document.pdf" if is_pdf else "document"
    response["Content-Disposition"] = f'{"inline" if is_pdf else "attachment"}; filename="{name}"'
    return response


@staff_page("chart.print", methods=("GET", "HEAD"))
def print_summary(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the summary of the chart as PDF; that it was printed stands in the log of reads."""
    from afterglow.web.record.render import render_pdf
    from afterglow.web.record.summary import build_summary

    patient, now = open_chart(request, patient_id, "printed summary", "chart.print")
    body = render_pdf("summary", build_summary(patient, now=now, by=request.user), now=now)
    headers = {"Content-Disposition": 'inline; filename="summary.pdf"', "Cache-Control": "no-store"}
    return HttpResponse(body, content_type="application/pdf", headers=headers)


@staff_page("audit.read", methods=("GET", "HEAD"))
def show_access(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return who read or changed this chart."""
    patient, now = open_chart(request, patient_id, "access log", "audit.read")
    kind = "acts" if request.GET.get("kind") == "acts" else "reads"
    paging = Paginator(list_reads_and_acts(kind, patient=patient.pk), PAGE_SIZE).get_page(request.GET.get("page"))
    may_read = policy.allow(request.user, "patient.read", patient)
    context = {
        "layout": "web/chart/base.html" if may_read else "web/base.html",
        "chart": build_head(patient, request.user, "access", now) if may_read else {"name": patient.number},
        "rows": present_rows(kind, list(paging.object_list)),
        "paging": paging,
        "kind": kind,
    }
    return render(request, "web/chart/access.html", context)
