"""The list of patients, with search, and registering a new one."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.audit.reads import record_read
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES
from afterglow.clinic.people import actions
from afterglow.clinic.people.models import Patient
from afterglow.web.access import STATUS_UNUSABLE, find_or_404, staff_page
from afterglow.web.carrying import store
from afterglow.web.forms.patients import EscortForm, IdentityForm, PatientForm
from afterglow.web.sites import get_site
from afterglow.web.views.home import PHASE_TAGS, describe_phase

PAGE_SIZE = 50
LONGEST_QUERY = 80
TYPED_ROWS = 20


@staff_page("patient.find")
def list_patients(request: HttpRequest) -> HttpResponse:
    """Return one page of the patients at the user's sites, narrowed by a search.

    What is searched for is posted: a name must not stand in an address, where histories and proxies keep it.
    While somebody types, the script asks for the rows alone and gets the first few; the form brings the whole page.
    """
    query = request.POST.get("q", "").replace("\x00", "")[:LONGEST_QUERY].strip()
    found = policy.scope(request.user, Patient.objects.all())
    if query:
        found = found.search(query)
    found = found.order_by("search_key", "pk")
    may_read = policy.allow(request.user, "patient.read")
    if request.method == "POST" and request.headers.get("HX-Request"):
        return _show_typed(request, found, query, may_read=may_read)
    paging = Paginator(found, PAGE_SIZE).get_page(request.POST.get("page"))
    may_register = policy.allow(request.user, "patient.create")
    context = {
        "rows": _build_rows(list(paging.object_list), may_read=may_read),
        "may_read": may_read,
        "paging": paging,
        "total": paging.paginator.count,
        "query": query,
        "has_focus": request.GET.get("focus") == "search",
        "may_register": may_register,
        "register_url": reverse("web:patient-register") if may_register else "",
    }
    return render(request, "web/patients/list.html", context)


def _show_typed(request: HttpRequest, found: Any, query: str, *, may_read: bool) -> HttpResponse:
    """Return the first rows that answer what is typed so far, and whether there are more; nothing is counted."""
    first = list(found[: TYPED_ROWS + 1])
    context = {
        "rows": _build_rows(first[:TYPED_ROWS], may_read=may_read),
        "may_read": may_read,
        "has_more": len(first) > TYPED_ROWS,
        "query": query,
        "is_typed": True,
    }
    return render(request, "web/patients/rows.html", context)


@staff_page("patient.create")
def register(request: HttpRequest) -> HttpResponse:
    """Register a patient, or return the form with what is wrong."""
    now = timezone.now()
    form = PatientForm(request.POST or None, today=timezone.localdate(now))
    if request.method == "POST" and form.is_valid():
        given = {"site": get_site(request), "by": request.user, "now": now}
        patient = store(form, actions.register_patient, **given, **form.cleaned_data)
        if patient is not None:
            messages.success(request, _("Stored. Number %(number)s was given.") % {"number": patient.number})
            may_read = policy.allow(request.user, "patient.read", patient)
            return redirect("web:patient" if may_read else "web:patient-identity", patient.pk)
    status = STATUS_UNUSABLE if form.errors else 200
    return render(request, "web/patients/register.html", {"form": form}, status=status)


@staff_page("patient.edit")
def edit_identity(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Change who a patient is and who takes them home, without the chart."""
    patient = find_or_404(request, Patient.objects.select_related("site"), "patient.edit", pk=patient_id)
    now = timezone.now()
    record_read(by=request.user, what="identity", subject=patient, now=now, patient=patient)
    acts = {"identity": _change_identity, "escort": _add_escort}
    if request.method == "POST":
        act = request.POST.get("act", "")
        if act not in acts:
            raise Http404
        return acts[act](request, patient, now)
    return _show_identity(request, patient, now, {})


def _change_identity(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    form = IdentityForm(request.POST, today=timezone.localdate(now))
    if form.is_valid() and store(
        form, actions.edit_patient, patient=patient, by=request.user, now=now, **form.cleaned_data
    ):
        messages.success(request, _("Stored."))
        return redirect("web:patient-identity", patient.pk)
    return _show_identity(request, patient, now, {"form": form})


def _add_escort(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    form = EscortForm(request.POST, prefix="escort")
    if form.is_valid() and store(
        form, actions.add_escort, patient=patient, by=request.user, now=now, **form.cleaned_data
    ):
        messages.success(request, _("Stored: the escort."))
        return redirect("web:patient-identity", patient.pk)
    return _show_identity(request, patient, now, {"escort": form})


def _show_identity(request: HttpRequest, patient: Any, now: datetime, bound: dict[str, Any]) -> HttpResponse:
    answers = {True: "yes", False: "no", None: ""}
    names = ("family_name", "given_name", "preferred_name", "pronouns", "birth_on", "sex", "phone", "version")
    initial = {name: getattr(patient, name) for name in names}
    initial["can_become_pregnant"] = answers[patient.can_become_pregnant]
    may_read = policy.allow(request.user, "patient.read", patient)
    context = {
        "patient": patient,
        "form": bound.get("form") or IdentityForm(initial=initial, today=timezone.localdate(now)),
        "escort_form": bound.get("escort") or EscortForm(prefix="escort"),
        "escorts": patient.escorts.filter(ended_at__isnull=True).order_by("-recorded_at", "-pk"),
        "chart_url": reverse("web:patient", args=[patient.pk]) if may_read else "",
    }
    is_bad = any(form.errors for form in bound.values())
    return render(request, "web/patients/identity.html", context, status=STATUS_UNUSABLE if is_bad else 200)


def _build_rows(patients: list[Any], *, may_read: bool) -> list[dict[str, Any]]:
    keys = [patient.pk for patient in patients]
    decisions, plans, sessions = _read_states(keys) if may_read else ({}, {}, {})
    name = "web:patient" if may_read else "web:patient-identity"
    return [
        {
            "url": reverse(name, args=[patient.pk]),
            "name": patient.display_name,
            "number": patient.number,
            "born_on": patient.birth_on,
            "screening": decisions.get(patient.pk, ""),
            "plan": plans.get(patient.pk, ""),
            "session": sessions.get(patient.pk),
        }
        for patient in patients
    ]


def _read_states(keys: list[str]) -> tuple[dict[str, str], dict[str, str], dict[str, dict[str, str]]]:
    """Return decision, plan and running session by patient, in three queries for the whole page."""
    from afterglow.clinic.dosing_sessions.models import Session
    from afterglow.clinic.plans.models import Plan
    from afterglow.clinic.screening.models import ScreeningDecision

    words = {"eligible": _("eligible"), "defer": _("deferred"), "decline": _("declined")}
    decided = ScreeningDecision.objects.filter(patient__in=keys).order_by("recorded_at", "pk")
    decisions = {key: words.get(decision, decision) for key, decision in decided.values_list("patient", "decision")}
    states = {"signed": _("signed"), "draft": _("draft")}
    drawn = Plan.objects.filter(patient__in=keys, state__in=states).order_by("state")
    plans = {key: states[state] for key, state in drawn.values_list("patient", "state")}
    live = Session.objects.filter(patient__in=keys, phase__in=LIVE_PHASES).order_by("opened_at", "pk")
    sessions = {
        row.patient_id: {
            "url": reverse("web:session", args=[row.pk]),
            "words": describe_phase(row.phase),
            "kind": PHASE_TAGS.get(row.phase, ""),
        }
        for row in live
    }
    return decisions, plans, sessions
