"""Consents of a patient: the talk, the signature, the confirmation on the day, the withdrawal."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.consents import actions
from afterglow.clinic.consents.models import Consent
from afterglow.web.access import STATUS_UNUSABLE, find_or_404, staff_page
from afterglow.web.carrying import prove, store
from afterglow.web.forms.consents import TOPICS, SignForm, TalkForm, WithdrawForm
from afterglow.web.present.glance import describe_consent_state, is_in_force
from afterglow.web.present.head import build_head
from afterglow.web.templatetags.words import day, hour
from afterglow.web.views.chart import open_chart

ANSWERS = {"yes": True, "no": False, "unknown": None}


@staff_page("patient.read")
def show_consents(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the consents, or carry out one of the page's acts."""
    patient, now = open_chart(request, patient_id, "consents")
    if request.method != "POST":
        return _show(request, patient, now, {})
    acts = {"talk": _talk, "sign": _sign, "confirm": _confirm, "withdraw": _withdraw}
    act = request.POST.get("act", "")
    if act not in acts:
        raise Http404
    return acts[act](request, patient, now)


@staff_page("patient.read", methods=("GET", "HEAD"))
def show_text(request: HttpRequest, patient_id: str, consent_id: str) -> HttpResponse:
    """Return one signed consent with its text, ready to print."""
    patient, now = open_chart(request, patient_id, "consent text")
    consents = Consent.objects.select_related("text", "witnessed_by", "patient", "drawn").filter(patient=patient)
    consent = find_or_404(request, consents, "patient.read", pk=consent_id)
    text = consent.text
    context = {
        "chart": build_head(patient, request.user, "consents", now),
        "text": {
            "title": text.title,
            "version": _("Version %(v)s") % {"v": text.version},
            "body": text.body,
            "language": text.locale,
        },
        "lines": [*_list_lines(consent), {"words": _("Digest of the text"), "value": text.digest[:16]}],
        "drawn": getattr(consent, "drawn", None),
        "back_url": reverse("web:patient-consents", args=[patient.pk]),
    }
    return render(request, "web/consents/text.html", context)


def _talk(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    form = TalkForm(request.POST, prefix="talk")
    if form.is_valid():
        given = {**form.cleaned_data, "has_capacity": ANSWERS[form.cleaned_data["has_capacity"]]}
        if store(form, actions.record_talk, patient=patient, by=request.user, now=now, **given):
            return _done(request, patient, _("The talk is stored."))
    return _show(request, patient, now, {"talk": form})


def _sign(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    texts = list_texts()
    form = SignForm(request.POST, texts=texts, prefix="sign")
    talk = patient.consent_talks.order_by("-held_at", "-pk").first()
    if form.is_valid() and prove(request, form, now):
        text = next(item for item in texts if item.pk == form.cleaned_data["text"])
        names = ("typed_name", "identifiers", "drawn")
        given = {"text": text, "talk": talk, **{name: form.cleaned_data[name] for name in names}}
        if store(form, actions.sign_consent, patient=patient, by=request.user, now=now, **given):
            return _done(request, patient, _("The consent is signed."))
    return _show(request, patient, now, {"sign": form})


def _confirm(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    consent = _find_consent(request, patient)
    actions.confirm_consent(consent=consent, by=request.user, now=now)
    return _done(request, patient, _("Confirmed for today."))


def _withdraw(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    consent = _find_consent(request, patient)
    form = WithdrawForm(request.POST, prefix=f"withdraw-{consent.pk}")
    if form.is_valid():
        given = {"reason": form.cleaned_data["reason"]}
        if store(form, actions.withdraw_consent, consent=consent, by=request.user, now=now, **given):
            return _done(request, patient, _("Withdrawn. Nothing starts under it any more."))
    return _show(request, patient, now, {f"withdraw-{consent.pk}": form})


def list_texts() -> list[Any]:
    """Return the consent texts in force, the newest version of each."""
    return list(actions.list_current_texts())


def _find_consent(request: HttpRequest, patient: Any) -> Any:
    key = request.POST.get("consent", "").replace("\x00", "")[:40]
    return find_or_404(request, Consent.objects.filter(patient=patient), "patient.read", pk=key)


def _done(request: HttpRequest, patient: Any, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect("web:patient-consents", patient.pk)


def _show(request: HttpRequest, patient: Any, now: datetime, bound: dict[str, Any]) -> HttpResponse:
    may_record = policy.allow(request.user, "consent.record", patient)
    talks = list(patient.consent_talks.select_related("recorded_by").order_by("-held_at", "-pk"))
    initial = {"held_at": timezone.localtime(now).strftime("%Y-%m-%dT%H:%M")}
    sign_form = bound.get("sign") or SignForm(texts=list_texts(), prefix="sign")
    context = {
        "chart": build_head(patient, request.user, "consents", now),
        "consents": [_build_row(item, may_record, now, bound) for item in _list_consents(patient)],
        "talks": [_describe_talk(talk) for talk in talks],
        "talk_form": (bound.get("talk") or TalkForm(initial=initial, prefix="talk")) if may_record else None,
        "sign_form": sign_form if may_record and talks else None,
        "sign_reason": _("The talk comes first; then the patient signs.") if may_record else "",
    }
    is_bad = any(form.errors for form in bound.values())
    return render(request, "web/consents/list.html", context, status=STATUS_UNUSABLE if is_bad else 200)


def _list_consents(patient: Any) -> Any:
    return patient.consents.select_related("text", "witnessed_by", "talk").order_by("-signed_at", "-pk")


def _build_row(consent: Any, may_record: bool, now: datetime, bound: dict[str, Any]) -> dict[str, Any]:
    today = timezone.localdate(now)
    state = describe_consent_state(consent, today)
    is_open = is_in_force(consent, today)
    confirmed = consent.confirmations.filter(on=today).exists()
    prefix = f"withdraw-{consent.pk}"
    return {
        "id": consent.pk,
        "title": consent.text.title,
        "kind": state["kind"],
        "state": state["value"],
        "lines": [
            *_list_lines(consent),
            {"words": _("Confirmed for today"), "value": _("yes") if confirmed else _("not yet")},
        ],
        "url": reverse("web:consent-text", args=[consent.patient_id, consent.pk]),
        "may_confirm": may_record and is_open and not confirmed,
        "withdraw_form": (bound.get(prefix) or WithdrawForm(prefix=prefix)) if may_record and is_open else None,
    }


def _list_lines(consent: Any) -> list[dict[str, str]]:
    text = consent.text
    covers = ", ".join(str(route).upper() for route in text.routes)
    if text.max_dose_mg_per_kg is not None:
        covers = _("%(routes)s up to %(n)s mg/kg") % {"routes": covers, "n": f"{text.max_dose_mg_per_kg:f}".rstrip("0")}
    elif text.max_dose_mg is not None:
        covers = _("%(routes)s up to %(n)s mg") % {
            "routes": covers,
            "n": f"{text.max_dose_mg:f}".rstrip("0").rstrip("."),
        }
    lines = [
        {"words": _("Covers"), "value": covers},
        {"words": _("Off-label use"), "value": _("yes") if text.is_off_label else _("no")},
        {"words": _("Signed"), "value": f"{consent.typed_name}, {day(consent.signed_at)} {hour(consent.signed_at)}"},
        {"words": _("Witness"), "value": consent.witnessed_by.display_name},
        {"words": _("Ends"), "value": day(consent.expires_on)},
    ]
    if consent.withdrawn_at is not None:
        lines.append({"words": _("Withdrawn"), "value": f"{day(consent.withdrawn_at)} {hour(consent.withdrawn_at)}"})
    return lines


def _describe_talk(talk: Any) -> dict[str, str]:
    names = dict(TOPICS)
    words = ", ".join(str(names.get(topic, topic)) for topic in talk.topics)
    return {"words": words, "when": f"{day(talk.held_at)}, {talk.recorded_by.display_name}"}
