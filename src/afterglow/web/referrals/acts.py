"""The acts of one referral: each reads its form, calls one action and leads on, or gives its form back."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.errors import Refused
from afterglow.clinic.people.models import Patient, User
from afterglow.clinic.referrals import actions
from afterglow.clinic.referrals.models import PossibleMatch, Referral
from afterglow.clinic.sites.models import Place
from afterglow.terms import InvalidInput
from afterglow.web.access import find_or_404
from afterglow.web.carrying import sentence, store
from afterglow.web.referrals.forms import AskFirstForm, DeclineForm, NoteForm, PauseForm, UrgencyForm
from afterglow.web.referrals.queue import Sites

EDIT = "referral.edit"
Answer = HttpResponse | dict[str, Any]


def carry_out(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    """Carry out the act a form names; return where to go, or the forms that need another look."""
    act = _ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    return act(request, referral, now)


def get_permission(act: str) -> str:
    """Return the permission an act needs, so that a row is found only by who may carry it out."""
    return {"accept": "referral.accept", "reopen": "referral.decline"}.get(act, EDIT)


def _go(request: HttpRequest, referral: Referral, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect("web:referral", referral.pk)


def _take(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    is_takeover = request.POST.get("over") == "yes"
    actions.take(referral=referral, by=request.user, now=now, is_takeover=is_takeover)
    if request.POST.get("then") == "call":
        return redirect("web:referral-call", referral.pk)
    return _go(request, referral, _("You have taken this referral."))


def _hand_back(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    actions.hand_back(referral=referral, by=request.user, now=now)
    return _go(request, referral, _("Given back: nobody has this referral now."))


def _ask(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    items, whom = request.POST.getlist("item"), request.POST.get("whom", "")
    actions.ask_for(referral=referral, items=items, whom=whom, by=request.user, now=now)
    return _go(request, referral, _("A task was opened for asking."))


def _step(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    actions.open_step(referral=referral, rule=request.POST.get("rule", ""), by=request.user, now=now)
    return _go(request, referral, _("A task was opened."))


def _same(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    match = _find_match(request, referral)
    if match.patient is not None:
        patient = find_or_404(request, Patient.objects.all(), "patient.find", pk=match.patient_id)
        actions.join_to_patient(referral=referral, patient=patient, by=request.user, now=now)
        return _go(request, referral, _("Joined. Nothing is entered into the chart before it is accepted."))
    other = find_or_404(request, Referral.objects.select_related("site"), EDIT, pk=match.other_id)
    actions.join_referrals(referral=referral, into=other, by=request.user, now=now)
    return _go(request, other, _("Joined. Both texts are kept."))


def _different(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    actions.mark_different(match=_find_match(request, referral), by=request.user, now=now)
    return _go(request, referral, _("Noted: two people."))


def _ask_same(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    actions.ask_if_same(match=_find_match(request, referral), by=request.user, now=now)
    return _go(request, referral, _("A task was opened for asking."))


def _separate(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    actions.separate_from_patient(referral=referral, by=request.user, now=now, reason="")
    return _go(request, referral, _("The joining was taken back."))


def _accept(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    visit = _read_visit(request, referral)
    try:
        actions.accept_referral(referral=referral, by=request.user, now=now, **visit)
    except (Refused, InvalidInput) as error:
        return {"refused": sentence(str(error))}
    return _go(request, referral, _("Accepted. Everything told stands in the chart, marked as not confirmed."))


def _ask_first(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    from afterglow.clinicday.triage import list_asked

    form = AskFirstForm(request.POST, prefix="ask")
    today = Sites(now).get_today(referral.site)
    items = [item.key for item in list_asked(referral.answers, today) if item.is_missing]
    if form.is_valid() and store(
        form,
        actions.ask_for,
        referral=referral,
        items=items,
        is_first=True,
        by=request.user,
        now=now,
        **form.cleaned_data,
    ):
        return _go(request, referral, _("Asked. The referral waits for the answers."))
    return {"ask-first": form}


def _decline(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    """Decline for who may; for everybody else ask a prescriber to."""
    form = DeclineForm(request.POST, prefix="decline")
    may = policy.allow(request.user, "referral.decline", referral)
    act: Callable[..., Any] = actions.decline_referral if may else actions.ask_decline
    if form.is_valid() and store(form, act, referral=referral, by=request.user, now=now, **form.cleaned_data):
        words = _("Declined. The letter is ready to print.") if may else _("A prescriber was asked to decline.")
        return _go(request, referral, words)
    return {"decline": form}


def _reopen(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    reason = request.POST.get("reason", "")
    actions.reopen(referral=referral, reason=reason, by=request.user, now=now)
    return _go(request, referral, _("Open again."))


def _set_urgency(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    form = UrgencyForm(request.POST, prefix="urgency")
    if form.is_valid() and store(
        form, actions.set_urgency, referral=referral, by=request.user, now=now, **form.cleaned_data
    ):
        return _go(request, referral, _("Stored: the urgency."))
    return {"urgency": form}


def _pause(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    form = PauseForm(request.POST, prefix="pause")
    if form.is_valid() and store(form, actions.pause, referral=referral, by=request.user, now=now, **form.cleaned_data):
        return _go(request, referral, _("Paused."))
    return {"pause": form}


def _resume(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    actions.resume(referral=referral, by=request.user, now=now)
    return _go(request, referral, _("Open again."))


def _note(request: HttpRequest, referral: Referral, now: datetime) -> Answer:
    form = NoteForm(request.POST, prefix="note")
    if form.is_valid() and store(
        form, actions.add_note, referral=referral, by=request.user, now=now, **form.cleaned_data
    ):
        return _go(request, referral, _("Stored: the note."))
    return {"note": form}


def _find_match(request: HttpRequest, referral: Referral) -> PossibleMatch:
    rows = PossibleMatch.objects.select_related("referral__site", "patient", "other")
    found: PossibleMatch = find_or_404(request, rows, EDIT, pk=request.POST.get("match", "")[:20], referral=referral)
    return found


def _read_visit(request: HttpRequest, referral: Referral) -> dict[str, Any]:
    """Return the chosen first visit, or nothing when none was chosen; what cannot be read is no choice."""
    instant, _bar, place_id = request.POST.get("opening", "").partition("|")
    try:
        starts_at = datetime.fromisoformat(instant)
    except ValueError:
        return {}
    if starts_at.tzinfo is None:
        return {}
    place = Place.objects.filter(site=referral.site, pk=place_id[:20]).first()
    roles = {"practitioner_roles__site": referral.site, "practitioner_roles__role__in": _VISITING}
    clinician = User.objects.filter(pk=request.POST.get("clinician", "")[:20], is_active=True, **roles).first()
    return {"starts_at": starts_at, "place": place, "clinician": clinician}


_VISITING = ("prescriber", "medical-director")
_ACTS: dict[str, Callable[[HttpRequest, Referral, datetime], Answer]] = {
    "take": _take,
    "hand-back": _hand_back,
    "ask": _ask,
    "step": _step,
    "same": _same,
    "different": _different,
    "ask-same": _ask_same,
    "separate": _separate,
    "accept": _accept,
    "ask-first": _ask_first,
    "decline": _decline,
    "reopen": _reopen,
    "urgency": _set_urgency,
    "pause": _pause,
    "resume": _resume,
    "note": _note,
}
