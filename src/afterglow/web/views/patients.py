"""The list of patients, with search, and registering a new one."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES
from afterglow.clinic.errors import Refused
from afterglow.clinic.people import actions
from afterglow.clinic.people.models import Patient
from afterglow.terms import InvalidInput
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.forms.fields import add_problems
from afterglow.web.forms.patients import PatientForm
from afterglow.web.sites import get_site
from afterglow.web.views.home import PHASE_TAGS, describe_phase

PAGE_SIZE = 50
LONGEST_QUERY = 80


@staff_page("patient.find")
def list_patients(request: HttpRequest) -> HttpResponse:
    """Return one page of the patients at the user's sites, narrowed by a search."""
    query = request.GET.get("q", "").replace("\x00", "")[:LONGEST_QUERY].strip()
    found = policy.scope(request.user, Patient.objects.all())
    if query:
        found = found.search(query)
    paging = Paginator(found.order_by("search_key", "pk"), PAGE_SIZE).get_page(request.GET.get("page"))
    may_read = policy.allow(request.user, "patient.read")
    may_register = policy.allow(request.user, "patient.create")
    context = {
        "rows": _build_rows(list(paging.object_list), may_read=may_read),
        "paging": paging,
        "total": paging.paginator.count,
        "query": query,
        "has_focus": request.GET.get("focus") == "search",
        "may_register": may_register,
        "register_url": reverse("web:patient-register") if may_register else "",
    }
    return render(request, "web/patients/list.html", context)


@staff_page("patient.create")
def register(request: HttpRequest) -> HttpResponse:
    """Register a patient, or return the form with what is wrong."""
    now = timezone.now()
    form = PatientForm(request.POST or None, today=timezone.localdate(now))
    if request.method == "POST" and form.is_valid():
        try:
            patient = actions.register_patient(site=get_site(request), by=request.user, now=now, **form.cleaned_data)
        except InvalidInput as error:
            add_problems(form, error.problems)
        except Refused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Stored. Number %(number)s was given.") % {"number": patient.number})
            may_read = policy.allow(request.user, "patient.read", patient)
            return redirect("web:patient" if may_read else "web:patient-identity", patient.pk)
    status = STATUS_UNUSABLE if form.errors else 200
    return render(request, "web/patients/register.html", {"form": form}, status=status)


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
    decided = ScreeningDecision.objects.filter(patient__in=keys).order_by("recorded_at")
    decisions = {key: words.get(decision, decision) for key, decision in decided.values_list("patient", "decision")}
    states = {"signed": _("signed"), "draft": _("draft")}
    drawn = Plan.objects.filter(patient__in=keys, state__in=states).order_by("state")
    plans = {key: states[state] for key, state in drawn.values_list("patient", "state")}
    live = Session.objects.filter(patient__in=keys, phase__in=LIVE_PHASES).order_by("opened_at")
    sessions = {
        row.patient_id: {
            "url": reverse("web:session", args=[row.pk]),
            "words": describe_phase(row.phase),
            "kind": PHASE_TAGS.get(row.phase, ""),
        }
        for row in live
    }
    return decisions, plans, sessions
