"""Update letters: drafted from the record, edited, signed, printed, and how they went out."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from afterglow.clinic.care import actions
from afterglow.clinic.care import letters as care_letters
from afterglow.clinic.care.models import Letter
from afterglow.clinic.care.models.letters import DRAFT, SIGNED
from afterglow.clinic.documents.actions import read_document
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.care import words
from afterglow.web.care.common import PDF, READ, build_frame, find_act, find_row, finish, has_errors, open_care
from afterglow.web.care.forms import BodyForm, DeliveryForm, DraftForm, ProveForm
from afterglow.web.carrying import prove, store

RELATED = ("addressee", "signed_by", "drafted_by", "edited_by", "document__content", "patient__site", "plan")


@staff_page(READ)
def show_letters(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the letters of a patient, or draft one."""
    patient, now = open_care(request, patient_id, "letters")
    if request.method != "POST":
        return _show(request, patient, now, None)
    return find_act(request, {"draft": _draft})(request, patient, now)


@staff_page(READ)
def show_letter(request: HttpRequest, patient_id: str, letter_id: str) -> HttpResponse:
    """Return one letter with what may be done with it, or carry out one act."""
    patient, now = open_care(request, patient_id, "letter")
    letter = find_row(Letter.objects.filter(patient=patient).select_related(*RELATED), letter_id)
    if request.method != "POST":
        return _show_one(request, letter, now, {})
    acts = {"store": _store, "sign": _sign, "discard": _discard, "deliver": _deliver}
    return find_act(request, acts)(request, letter, now)


@staff_page(READ, methods=("GET", "HEAD"))
def print_letter(request: HttpRequest, patient_id: str, letter_id: str) -> HttpResponse:
    """Return a letter as PDF: the filed one once it is signed, a marked draft before."""
    patient, _now = open_care(request, patient_id, "letter, printed")
    letter = find_row(Letter.objects.filter(patient=patient).select_related(*RELATED), letter_id)
    body = read_document(letter.document) if letter.document is not None else care_letters.print_letter(letter)
    headers = {**PDF, "Content-Disposition": 'inline; filename="letter.pdf"'}
    return HttpResponse(body, content_type="application/pdf", headers=headers)


def _draft(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    form = DraftForm(request.POST, prefix="draft", clinicians=_list_choices(patient))
    if form.is_valid():
        addressee = find_row(patient.outside_clinicians, form.cleaned_data["addressee"])
        given = {"kind": form.cleaned_data["kind"], "addressee": addressee}
        if letter := store(form, actions.draft_letter, patient=patient, by=request.user, now=now, **given):
            words_ = _("Drafted from the record. Read it, edit it, sign it.")
            return finish(request, words_, "web:care-letter", patient.pk, letter.pk)
    return _show(request, patient, now, form)


def _store(request: HttpRequest, letter: Any, now: datetime) -> HttpResponse:
    form = BodyForm(request.POST, prefix="body")
    if form.is_valid() and store(
        form, actions.edit_letter, letter=letter, by=request.user, now=now, **form.cleaned_data
    ):
        return finish(request, _("Draft stored."), "web:care-letter", letter.patient_id, letter.pk)
    return _show_one(request, letter, now, {"body": form})


def _sign(request: HttpRequest, letter: Any, now: datetime) -> HttpResponse:
    form = ProveForm(request.POST, prefix="sign")
    if form.is_valid() and prove(request, form, now):
        version = form.cleaned_data["version"]
        if store(form, actions.sign_letter, letter=letter, by=request.user, now=now, version=version):
            return finish(request, _("Signed and filed."), "web:care-letter", letter.patient_id, letter.pk)
    return _show_one(request, letter, now, {"sign": form})


def _discard(request: HttpRequest, letter: Any, now: datetime) -> HttpResponse:
    actions.discard_letter(letter=letter, by=request.user, now=now)
    return finish(request, _("Draft discarded."), "web:care-letters", letter.patient_id)


def _deliver(request: HttpRequest, letter: Any, now: datetime) -> HttpResponse:
    form = DeliveryForm(request.POST, prefix="deliver")
    if form.is_valid() and store(
        form, actions.record_delivery, letter=letter, by=request.user, now=now, **form.cleaned_data
    ):
        return finish(request, _("Stored how it went out."), "web:care-letter", letter.patient_id, letter.pk)
    return _show_one(request, letter, now, {"deliver": form})


def _list_choices(patient: Any) -> list[tuple[str, str]]:
    return [(row.pk, row.name) for row in actions.list_clinicians(patient)]


def _show(request: HttpRequest, patient: Any, now: datetime, bound: Any) -> HttpResponse:
    frame = build_frame(patient, request.user, "letters", now)
    choices = _list_choices(patient)
    context = {
        **frame,
        "letters": [_describe(letter) for letter in actions.list_letters(patient)],
        "has_clinicians": bool(choices),
        "form": (bound or DraftForm(prefix="draft", clinicians=choices)) if frame["may_edit"] and choices else None,
    }
    status = STATUS_UNUSABLE if has_errors([bound]) else 200
    return render(request, "web/care/letters.html", context, status=status)


def _show_one(request: HttpRequest, letter: Any, now: datetime, bound: dict[str, Any]) -> HttpResponse:
    frame = build_frame(letter.patient, request.user, "letters", now)
    may_edit, version = frame["may_edit"], {"version": letter.version}
    is_draft, is_signed = letter.state == DRAFT, letter.state == SIGNED
    may_sign = is_draft and care_letters.may_sign(request.user, letter)
    sharing, tag = words.describe_sharing(letter.addressee)
    context = {
        **frame,
        **_describe(letter),
        "sharing": sharing,
        "sharing_tag": tag,
        "is_draft": is_draft,
        "paragraphs": [each.split("\n") for each in letter.body.split("\n\n")],
        "body_form": (bound.get("body") or BodyForm(prefix="body", initial={"body": letter.body, **version}))
        if is_draft and may_edit
        else None,
        "sign_form": (bound.get("sign") or ProveForm(prefix="sign", initial=version)) if may_sign else None,
        "deliver_form": (bound.get("deliver") or DeliveryForm(prefix="deliver")) if is_signed and may_edit else None,
    }
    status = STATUS_UNUSABLE if has_errors(bound.values()) else 200
    return render(request, "web/care/letter.html", context, status=status)


def _describe(letter: Any) -> dict[str, Any]:
    states = {DRAFT: (_("draft"), "amber"), SIGNED: (_("signed"), "ok")}
    state, tag = states.get(letter.state, (_("discarded"), ""))
    return {
        "letter": letter,
        "title": care_letters.describe_kind(letter.kind),
        "state": state,
        "tag": tag,
        "deliveries": [
            {"row": row, "words": words.say(words.WAYS, row.way)}
            for row in letter.deliveries.select_related("recorded_by")
        ],
    }
