"""Tasks: the list with what is late first, one task with its history, and opening one by hand."""

from collections import Counter
from collections.abc import Callable
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
from afterglow.clinic.people.models import Patient, User
from afterglow.clinic.tasks import actions
from afterglow.clinic.tasks.about import find_referred
from afterglow.clinic.tasks.lists import (
    describe_role,
    find_end_of_day,
    list_mine,
    list_of_roles,
    list_visible,
    may_see_patient,
    order_by_need,
)
from afterglow.clinic.tasks.models import Task
from afterglow.clinicday.dues import UNDO, get_kind
from afterglow.web.access import STATUS_UNUSABLE, find_or_404, staff_page
from afterglow.web.carrying import store
from afterglow.web.forms.fields import set_choices
from afterglow.web.presenting import describe_citation
from afterglow.web.sites import get_site
from afterglow.web.tasks import present
from afterglow.web.tasks.forms import OPENED_BY_HAND, AttemptForm, CancelForm, CompleteForm, HandOnForm, OpenForm

PAGE_SIZE = 50
SHOWN = ("mine", "role", "all", "done")
RELATED = ("patient", "owner", "on_call", "site")


@staff_page("task.read", methods=("GET", "HEAD"))
def list_tasks(request: HttpRequest) -> HttpResponse:
    """Return one page of tasks: mine, my role's, all, or what ended; the first in need first."""
    now, user = timezone.now(), request.user
    site = get_site(request)
    end = find_end_of_day(site, now)
    shown = request.GET.get("show", "")
    if shown not in SHOWN:
        # what is urgent and nobody has taken is not one click away
        is_waiting = list_of_roles(user, _select(user, "all")).filter(priority="urgent", owner__isnull=True).exists()
        shown = "role" if is_waiting else "mine"
    rows = _select(user, shown)
    rows = rows.order_by("-done_at", "pk") if shown == "done" else order_by_need(rows, now=now, end=end)
    paging = Paginator(rows.select_related(*RELATED), PAGE_SIZE).get_page(request.GET.get("page"))
    listed = present.list_rows(list(paging.object_list), user, now)
    may_work = policy.allow(user, "task.work")
    context = {
        "groups": [("", listed)] if shown == "done" else present.group_rows(listed),
        "shown": shown,
        "counts": {name: _select(user, name).count() for name in SHOWN[:3]},
        "paging": paging,
        "faults": describe_faults(site, user, now),
        "may_open": may_work,
        "may_see_notices": policy.allow(user, "notice.read"),
    }
    return render(request, "web/tasks/list.html", context)


def _select(user: Any, shown: str) -> Any:
    rows = list_visible(user)
    if shown == "done":
        return rows.exclude(state="open")
    rows = rows.filter(state="open")
    if shown == "mine":
        rows = list_mine(user, rows)
    elif shown == "role":
        rows = list_of_roles(user, rows)
    return rows


def describe_faults(site: Any, user: Any, now: datetime) -> list[dict[str, Any]]:
    """Return what keeps alerts from reaching anybody, for those who keep the roster."""
    if site is None:
        return []
    found = actions.list_setup_faults(site=site, user=user, now=now)
    gaps = [fault for fault in found if fault.task is None]
    counts = Counter(fault.role for fault in gaps)
    firsts = {fault.role: fault for fault in reversed(gaps)}
    rows = [fault for fault in found if fault.task is not None] + [firsts[role] for role in counts]
    return [
        {
            "is_alert": fault.task is not None,
            "role": describe_role(fault.role),
            "at": fault.at,
            "more": counts[fault.role] - 1 if fault.task is None else 0,
            "title": _(fault.task.title) if fault.task else "",
            "url": reverse("web:task", args=[fault.task.pk]) if fault.task else reverse("web:on-call"),
        }
        for fault in rows
    ]


@staff_page("task.read")
def show_task(request: HttpRequest, task_id: str) -> HttpResponse:
    """Return one task with its history, or carry out one act on it."""
    rows = list_visible(request.user, Task.objects.select_related(*RELATED))
    task = find_or_404(request, rows, "task.read", pk=task_id)
    now = timezone.now()
    if request.method == "POST":
        act = request.POST.get("act", "")
        if act not in ACTS:
            raise Http404
        return ACTS[act](request, task, now)
    return _show(request, task, now, {})


def _take(request: HttpRequest, task: Task, now: datetime) -> HttpResponse:
    actions.take_task(task=task, by=request.user, now=now)
    messages.success(request, _("This task is yours."))
    return redirect("web:task", task.pk)


def _complete(request: HttpRequest, task: Task, now: datetime) -> HttpResponse:
    form = CompleteForm(request.POST, kind=get_kind(task.kind), prefix="complete")
    if form.is_valid() and store(form, actions.complete_task, task=task, by=request.user, now=now, **form.given):
        messages.success(request, _("Stored: done."))
        return redirect("web:task", task.pk)
    return _show(request, task, now, {"complete": form})


def _note_attempt(request: HttpRequest, task: Task, now: datetime) -> HttpResponse:
    form = AttemptForm(request.POST, kind=get_kind(task.kind), prefix="attempt")
    if form.is_valid() and store(form, actions.note_attempt, task=task, by=request.user, now=now, **form.cleaned_data):
        messages.success(request, _("Stored: the attempt. The task stays open."))
        return redirect("web:task", task.pk)
    return _show(request, task, now, {"attempt": form})


def _hand_on(request: HttpRequest, task: Task, now: datetime) -> HttpResponse:
    form = _build_hand_on(task, request.POST)
    if form.is_valid():
        to = User.objects.get(pk=form.cleaned_data["to"])
        given = {"to": to, "note": form.cleaned_data["note"]}
        if store(form, actions.hand_on_task, task=task, by=request.user, now=now, **given):
            messages.success(request, _("Stored: handed on to %(name)s.") % {"name": to})
            return redirect("web:tasks")
    return _show(request, task, now, {"hand_on": form})


def _cancel(request: HttpRequest, task: Task, now: datetime) -> HttpResponse:
    form = CancelForm(request.POST, prefix="cancel")
    if form.is_valid() and store(form, actions.cancel_task, task=task, by=request.user, now=now, **form.cleaned_data):
        messages.success(request, _("Stored: cancelled."))
        return redirect("web:task", task.pk)
    return _show(request, task, now, {"cancel": form})


def _undo(request: HttpRequest, task: Task, now: datetime) -> HttpResponse:
    actions.undo_task(task=task, by=request.user, now=now)
    messages.success(request, _("Taken back. The task is open again."))
    return redirect("web:task", task.pk)


ACTS: dict[str, Callable[[HttpRequest, Task, datetime], HttpResponse]] = {
    "take": _take,
    "complete": _complete,
    "attempt": _note_attempt,
    "hand-on": _hand_on,
    "cancel": _cancel,
    "undo": _undo,
}


def _build_hand_on(task: Task, data: Any = None) -> HandOnForm:
    form = HandOnForm(data, prefix="hand_on")
    set_choices(form, "to", present.list_owners(task.site, get_kind(task.kind), without=task.owner))
    return form


def _show(request: HttpRequest, task: Task, now: datetime, bound: dict[str, Any]) -> HttpResponse:
    kind, user = get_kind(task.kind), request.user
    is_shown = may_see_patient(user, task)
    record_read(by=user, what="task", subject=task, now=now, patient=task.patient_id if is_shown else None)
    may_act = task.state == "open" and policy.allow(user, "task.work", task.site)
    may_act = may_act and (is_shown or not kind.is_clinical)
    forms = {
        "complete": bound.get("complete") or CompleteForm(kind=kind, prefix="complete"),
        "attempt": bound.get("attempt") or (AttemptForm(kind=kind, prefix="attempt") if kind.attempts else None),
        "hand_on": bound.get("hand_on") or _build_hand_on(task),
        "cancel": bound.get("cancel") or CancelForm(prefix="cancel"),
    }
    (row,), referral = present.list_rows([task], user, now), find_referred([task]).get(task.pk)
    person = task.patient or referral
    context = {
        **forms,
        "task": task,
        "row": row,
        "asks": _(kind.asks),
        **_find_phone(task, person if is_shown else None, user),
        "events": present.list_events(task) if is_shown or not kind.is_clinical else [],
        "source": describe_citation(kind.citation),
        "times": present.describe_times(kind),
        "links": _list_links(task, user) if is_shown else [],
        "may_act": may_act,
        "may_take": may_act and task.owner_id is None,
        "may_complete": may_act and bool(kind.outcomes),
        "may_cancel": may_act and not kind.is_settled_only and policy.allow(user, "task.assign", task.site),
        "may_undo": _may_undo(task, user, now),
    }
    is_bad = any(form.errors for form in bound.values())
    return render(request, "web/tasks/task.html", context, status=STATUS_UNUSABLE if is_bad else 200)


def _find_phone(task: Task, person: Any, user: Any) -> dict[str, str]:
    """Return the number to call, what a phone dials for it, and that there is none where somebody is to be called."""
    if person is None or not policy.allow(user, "patient.find", task.site):
        return {}
    kind, phone = get_kind(task.kind), str(person.phone or "").strip()
    dial = ("+" if phone.startswith("+") else "") + "".join(filter(str.isdigit, phone))
    lacks = _("no number on file") if not phone and (kind.is_call or kind.attempts) else ""
    return {"phone": phone, "dial": dial if dial != "+" else "", "no_phone": lacks}


def _may_undo(task: Task, user: Any, now: datetime) -> bool:
    is_own_end = task.state != "open" and task.done_by_id == user.pk
    return is_own_end and task.done_at is not None and now - task.done_at <= UNDO


def _list_links(task: Task, user: Any) -> list[dict[str, str]]:
    """Return where a task is worked on: the chart, the session, the calendar of screens."""
    links = []
    if task.subject_kind == "dosing_sessions.session" and policy.allow(user, "session.read", task.site):
        links.append({"url": reverse("web:session", args=[task.subject_id]), "name": _("Open the session")})
    if task.subject_kind == "referrals.referral" and policy.allow(user, "referral.read", task.site):
        links.append({"url": reverse("web:referral", args=[task.subject_id]), "name": _("Open the referral")})
    if task.subject_kind == "accounts.emergencyaccess" and policy.allow(user, "break-glass.review", task.site):
        links.append({"url": reverse("web:emergency-review", args=[task.subject_id]), "name": _("Open the review")})
    if task.patient_id and task.kind.startswith(("screen-", "surveillance-")):
        links.append(
            {"url": reverse("web:patient-surveillance", args=[task.patient_id]), "name": _("Record the result")}
        )
    if task.patient_id and task.subject_kind in ("risk", "measure") and policy.allow(user, "measure.read", task.site):
        page = "web:patient-risk" if task.subject_kind == "risk" else "web:patient-measures"
        links.append({"url": reverse(page, args=[task.patient_id]), "name": _("Open the answers")})
    if task.patient_id and task.kind == "consent-expiring":
        links.append({"url": reverse("web:patient-consents", args=[task.patient_id]), "name": _("Open the consents")})
    if task.patient_id and policy.allow(user, "patient.read", task.site):
        links.append({"url": reverse("web:patient", args=[task.patient_id]), "name": _("Open the chart")})
    return links


@staff_page("task.work")
def open_task(request: HttpRequest) -> HttpResponse:
    """Open a message, a call or another thing to do by hand."""
    site, now = get_site(request), timezone.now()
    form = OpenForm(request.POST or None, kinds=[get_kind(name) for name in OPENED_BY_HAND])
    set_choices(form, "owner", present.list_owners(site, None))
    if request.method == "POST" and form.is_valid():
        patient = _find_patient(form, request.user, site)
        owner = User.objects.filter(pk=form.cleaned_data["owner"]).first()
        given = {"kind": form.cleaned_data["kind"], "detail": form.cleaned_data["detail"]}
        if not form.errors and (
            task := store(
                form, actions.open_task, site=site, patient=patient, owner=owner, by=request.user, now=now, **given
            )
        ):
            messages.success(request, _("Stored: %(what)s.") % {"what": _(task.title)})
            return redirect("web:tasks")
    return render(request, "web/tasks/open.html", {"form": form}, status=STATUS_UNUSABLE if form.errors else 200)


def _find_patient(form: OpenForm, user: Any, site: Any) -> Any:
    """Return the patient of the typed number, or note that there is none this person may find."""
    number = form.cleaned_data["number"].strip()
    if not number:
        return None
    found = policy.scope(user, Patient.objects.filter(site=site), "patient.find").filter(number=number).first()
    if found is None:
        form.add_error("number", _("No patient here has this number."))
    return found
