"""Therapy notes: that they exist for everybody of the care, their words for the author and the named therapist."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic.care import actions
from afterglow.clinic.care.models import TherapyNote
from afterglow.clinic.care.notes import WRITE, holds
from afterglow.clinic.people.models import User
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.care.common import (
    EDIT,
    READ,
    build_frame,
    find_act,
    find_row,
    finish,
    has_errors,
    list_people,
    open_care,
)
from afterglow.web.care.forms import NoteForm, ReasonForm, ReviseForm, TherapistForm
from afterglow.web.carrying import store

READ_NOTES = "therapy-note.read"


@staff_page(READ)
def show_notes(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return that there are notes, and who reads them; or write one, or name the therapist."""
    patient, now = open_care(request, patient_id, "therapy notes, titles")
    if request.method != "POST":
        return _show(request, patient, now, {})
    return find_act(request, {"write": _write, "name": _name})(request, patient, now)


@staff_page(READ_NOTES)
def show_note(request: HttpRequest, patient_id: str, note_id: str) -> HttpResponse:
    """Return the words of one note to who may read it, or carry out one act on it."""
    patient, now = open_care(request, patient_id, "therapy note, page")
    note = find_row(TherapyNote.objects.filter(patient=patient).select_related("author", "patient"), note_id)
    if request.method != "POST":
        return _show_one(request, patient, note, now, {})
    acts = {"revise": _revise, "withdraw": _withdraw}
    act = find_act(request, acts)
    return act(request, note, now)


def _write(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    form = NoteForm(request.POST, prefix="note")
    if form.is_valid() and (
        note := store(form, actions.write_note, patient=patient, by=request.user, now=now, **form.cleaned_data)
    ):
        return finish(request, _("Note stored, apart from the chart."), "web:care-note", patient.pk, note.pk)
    return _show(request, patient, now, {"note": form})


def _name(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    form = TherapistForm(request.POST, prefix="therapist", people=list_people(patient.site, READ_NOTES))
    if form.is_valid():
        user = User.objects.filter(pk=form.cleaned_data["user"]).first()
        if store(form, actions.name_therapist, patient=patient, user=user, by=request.user, now=now):
            return finish(
                request, _("Named. They read the therapy notes of this person."), "web:care-notes", patient.pk
            )
    return _show(request, patient, now, {"therapist": form})


def _revise(request: HttpRequest, note: Any, now: datetime) -> HttpResponse:
    form = ReviseForm(request.POST, prefix="revise")
    if form.is_valid() and store(form, actions.revise_note, note=note, by=request.user, now=now, **form.cleaned_data):
        return finish(request, _("New version stored."), "web:care-note", note.patient_id, note.pk)
    return _show_one(request, note.patient, note, now, {"revise": form})


def _withdraw(request: HttpRequest, note: Any, now: datetime) -> HttpResponse:
    version = find_row(note.versions, request.POST.get("version", ""))
    form = ReasonForm(request.POST, prefix=f"withdraw-{version.pk}")
    if form.is_valid() and store(
        form, actions.withdraw_version, version=version, by=request.user, now=now, **form.cleaned_data
    ):
        return finish(request, _("The words are withdrawn for good."), "web:care-note", note.patient_id, note.pk)
    return _show_one(request, note.patient, note, now, {version.pk: form})


def _show(request: HttpRequest, patient: Any, now: datetime, bound: dict[str, Any]) -> HttpResponse:
    frame = build_frame(patient, request.user, "notes", now)
    may_name = holds(request.user, EDIT, patient.site_id)
    people = list_people(patient.site, READ_NOTES)
    today = {"talked_on": timezone.localtime(now).date()}
    context = {
        **frame,
        "notes": actions.list_note_lines(patient, request.user),
        "named": actions.find_named_therapist(patient),
        "note_form": (bound.get("note") or NoteForm(prefix="note", initial=today))
        if holds(request.user, WRITE, patient.site_id)
        else None,
        "therapist_form": (bound.get("therapist") or TherapistForm(prefix="therapist", people=people))
        if may_name
        else None,
    }
    return render(
        request, "web/care/notes.html", context, status=STATUS_UNUSABLE if has_errors(bound.values()) else 200
    )


def _show_one(request: HttpRequest, patient: Any, note: Any, now: datetime, bound: dict[str, Any]) -> HttpResponse:
    versions = actions.read_note(note=note, by=request.user, now=now)
    newest = versions[0] if versions else None
    is_author = note.author_id == request.user.pk
    revise = bound.get("revise") or ReviseForm(prefix="revise", initial={"text": newest.text if newest else ""})
    context = {
        **build_frame(patient, request.user, "notes", now),
        "note": note,
        "versions": [
            {
                "version": version,
                "form": None
                if version.withdrawn_at
                else bound.get(version.pk) or ReasonForm(prefix=f"withdraw-{version.pk}"),
            }
            for version in versions
        ],
        "revise_form": revise if is_author else None,
    }
    return render(request, "web/care/note.html", context, status=STATUS_UNUSABLE if has_errors(bound.values()) else 200)
