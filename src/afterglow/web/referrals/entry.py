"""Entering what came: a referral by staff, answers that came later, a call with its questions and its end."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.audit.reads import record_read
from afterglow.clinic.errors import Denied
from afterglow.clinic.referrals import actions
from afterglow.clinic.referrals.actions.handling import CALLS, CRISIS_CALLS
from afterglow.clinic.referrals.models import Referral
from afterglow.clinic.sites.models import Site
from afterglow.clinicday.triage import list_call_questions
from afterglow.web.access import STATUS_UNUSABLE, find_or_404, staff_page
from afterglow.web.carrying import store
from afterglow.web.referrals.crisis import describe_elapsed
from afterglow.web.referrals.forms import AnswersForm, CallForm, EntryForm
from afterglow.web.sites import get_site

EDIT = "referral.edit"


@staff_page(EDIT)
def enter(request: HttpRequest) -> HttpResponse:
    """Enter a referral that came to staff, with its letter; or return the form with what is wrong."""
    form = EntryForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        referral = _store_entry(request, form, timezone.now())
        if referral is not None:
            messages.success(request, _("Stored. The referral stands in the queue."))
            if referral.is_crisis:
                return redirect("web:referral-call", referral.pk)
            return redirect("web:referral", referral.pk)
    status = STATUS_UNUSABLE if form.errors else 200
    return render(request, "web/referrals/enter.html", {"form": form}, status=status)


def _store_entry(request: HttpRequest, form: EntryForm, now: datetime) -> Referral | None:
    site = get_site(request)
    if not policy.allow(request.user, EDIT, site):
        site = Site.objects.filter(pk__in=policy.find_sites(request.user, EDIT)).order_by("name").first()
    head = {name: form.cleaned_data.get(name) or "" for name in ("source", "sent_by", "referrer")}
    paper = form.cleaned_data.get("paper")
    made: Referral | None = store(
        form,
        actions.enter_referral,
        site=site,
        answers=form.answers,
        received_at=form.cleaned_data.get("received_at"),
        paper=(_name_paper(paper), paper.read(), paper.content_type) if paper is not None else None,
        by=request.user,
        now=now,
        **head,
    )
    return made


def _name_paper(paper: Any) -> str:
    """Return a title for a letter; the name of a file may hold anything and stays out of addresses and logs."""
    return str(paper.name)[:200] or "Letter"


@staff_page(EDIT)
def edit_answers(request: HttpRequest, referral_id: str) -> HttpResponse:
    """Enter what was answered later, or return the form with what was told."""
    referral, now = _find(request, referral_id), timezone.now()
    form = AnswersForm(request.POST or None, initial={**referral.answers, "version": referral.version})
    if request.method == "POST" and form.is_valid():
        blank = dict.fromkeys(referral.answers, "")
        given = {"version": form.cleaned_data["version"], "text": form.cleaned_data["text"]}
        answers = {**blank, **form.answers}
        if store(form, actions.record_answers, referral=referral, answers=answers, by=request.user, now=now, **given):
            messages.success(request, _("Stored: the answers. What was told before stays in the history."))
            return redirect("web:referral", referral.pk)
    if request.method != "POST":
        record_read(by=request.user, what="referral", subject=referral, now=now, patient=referral.patient_id)
    status = STATUS_UNUSABLE if form.errors else 200
    return render(request, "web/referrals/answers.html", {"form": form, "referral": referral}, status=status)


@staff_page(EDIT)
def call(request: HttpRequest, referral_id: str) -> HttpResponse:
    """Log a call, with the questions for it beside the form."""
    referral, now = _find(request, referral_id), timezone.now()
    outcomes = CRISIS_CALLS if referral.is_crisis else CALLS
    form = CallForm(request.POST or None, outcomes=outcomes, is_crisis=referral.is_crisis)
    if request.method == "POST" and form.is_valid():
        try:
            event = store(form, actions.log_call, referral=referral, by=request.user, now=now, **form.cleaned_data)
        except Denied as error:
            form.add_error("outcome", str(error))
        else:
            if event is not None:
                messages.success(request, _("Stored: the call."))
                return redirect("web:referral", referral.pk)
    if request.method != "POST":
        record_read(by=request.user, what="referral", subject=referral, now=now, patient=referral.patient_id)
    context = {
        "form": form,
        "referral": referral,
        "questions": list_call_questions(),
        "elapsed": describe_elapsed(now - referral.received_at),
        "calls": referral.events.filter(kind="called").select_related("by"),
    }
    status = STATUS_UNUSABLE if form.errors else 200
    return render(request, "web/referrals/call.html", context, status=status)


def _find(request: HttpRequest, referral_id: str) -> Referral:
    rows = Referral.objects.select_related("site", "taken_by")
    found: Referral = find_or_404(request, rows, EDIT, pk=referral_id)
    return found
