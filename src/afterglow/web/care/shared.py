"""Shared care: outside clinicians by name, what the person said about sharing, changes of medicines and owners."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from afterglow.clinic.care import actions
from afterglow.clinic.people.models import User
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.care import words
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
from afterglow.web.care.forms import ClinicianForm, HandForm, ProposeForm, SharingForm, StepForm
from afterglow.web.carrying import store

PAGE = "web:care-shared"
HERE, OUTSIDE = "here:", "outside:"


@staff_page(READ)
def show_shared(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return who else treats the person and what is changed by whom, or carry out one act."""
    patient, now = open_care(request, patient_id, "shared care")
    if request.method != "POST":
        return _show(request, patient, now, {})
    acts = {"add": _add, "change": _change, "sharing": _share, "end": _end, "propose": _propose}
    acts["hand"] = _hand
    acts |= dict.fromkeys(STEPS, _step)
    return find_act(request, acts)(request, patient, now)


def _add(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    form = ClinicianForm(request.POST, prefix="clinician")
    if form.is_valid() and store(
        form, actions.add_clinician, patient=patient, fields=form.cleaned_data, by=request.user, now=now
    ):
        return finish(request, _("Stored. Ask the person whether we may write there."), PAGE, patient.pk)
    return _show(request, patient, now, {"clinician": form})


def _change(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    clinician = _find_clinician(request, patient)
    form = ClinicianForm(request.POST, prefix=f"change-{clinician.pk}")
    if form.is_valid() and store(
        form, actions.change_clinician, clinician=clinician, fields=form.cleaned_data, by=request.user, now=now
    ):
        return finish(request, _("Stored."), PAGE, patient.pk)
    return _show(request, patient, now, {f"change-{clinician.pk}": form})


def _share(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    clinician = _find_clinician(request, patient)
    form = SharingForm(request.POST, prefix=f"sharing-{clinician.pk}")
    if form.is_valid() and store(
        form, actions.record_sharing, clinician=clinician, by=request.user, now=now, **form.cleaned_data
    ):
        return finish(request, _("Stored what the person said."), PAGE, patient.pk)
    return _show(request, patient, now, {f"sharing-{clinician.pk}": form})


def _end(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    actions.end_clinician(clinician=_find_clinician(request, patient), by=request.user, now=now)
    return finish(request, _("No longer on the list."), PAGE, patient.pk)


def _propose(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    form = ProposeForm(request.POST, prefix="propose", owners=_list_owners(patient))
    if form.is_valid():
        given = {**form.cleaned_data, **_read_owner(form.cleaned_data["owner"], patient)}
        if store(form, actions.propose_change, patient=patient, by=request.user, now=now, **given):
            return finish(request, _("Proposed."), PAGE, patient.pk)
    return _show(request, patient, now, {"propose": form})


def _hand(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    change = find_row(patient.medication_changes, request.POST.get("change", ""))
    form = HandForm(request.POST, prefix=f"hand-{change.pk}", owners=_list_owners(patient))
    if form.is_valid():
        given = {"words": form.cleaned_data["words"], **_read_owner(form.cleaned_data["owner"], patient)}
        if store(form, actions.hand_change, change=change, by=request.user, now=now, **given):
            return finish(request, _("Handed over."), PAGE, patient.pk)
    return _show(request, patient, now, {f"hand-{change.pk}": form})


STEPS: dict[str, Callable[..., Any]] = {
    "agree": actions.agree_change,
    "done": actions.finish_change,
    "drop": actions.drop_change,
}


def _step(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    change = find_row(patient.medication_changes, request.POST.get("change", ""))
    act = request.POST.get("act", "")
    form = StepForm(request.POST, prefix=f"step-{change.pk}")
    if form.is_valid():
        given = dict(form.cleaned_data)
        if act == "drop":
            given.pop("on")
        if store(form, STEPS[act], change=change, by=request.user, now=now, **given):
            return finish(request, _("Stored."), PAGE, patient.pk)
    return _show(request, patient, now, {f"step-{change.pk}": form})


def _find_clinician(request: HttpRequest, patient: Any) -> Any:
    return find_row(patient.outside_clinicians.filter(ended_at__isnull=True), request.POST.get("clinician", ""))


def _list_owners(patient: Any) -> list[tuple[str, str]]:
    here = [(HERE + key, name) for key, name in list_people(patient.site, EDIT)]
    outside = [
        (OUTSIDE + row.pk, _("%(name)s, outside") % {"name": row.name}) for row in actions.list_clinicians(patient)
    ]
    return [*outside, *here]


def _read_owner(chosen: str, patient: Any) -> dict[str, Any]:
    if chosen.startswith(OUTSIDE):
        clinician = patient.outside_clinicians.filter(pk=chosen.removeprefix(OUTSIDE)).first()
        return {"owner": None, "outside_owner": clinician}
    user = User.objects.filter(pk=chosen.removeprefix(HERE)).first()
    if user is None:
        raise Http404
    return {"owner": user, "outside_owner": None}


def _show(request: HttpRequest, patient: Any, now: datetime, bound: dict[str, Any]) -> HttpResponse:
    frame = build_frame(patient, request.user, "shared", now)
    may_edit = frame["may_edit"]
    owners = _list_owners(patient) if may_edit else []
    context = {
        **frame,
        "clinicians": [_describe_clinician(row, bound, may_edit) for row in actions.list_clinicians(patient)],
        "clinician_form": (bound.get("clinician") or ClinicianForm(prefix="clinician")) if may_edit else None,
        "changes": [_describe_change(row, bound, owners) for row in actions.list_changes(patient)],
        "propose_form": (bound.get("propose") or ProposeForm(prefix="propose", owners=owners)) if may_edit else None,
    }
    status = STATUS_UNUSABLE if has_errors(bound.values()) else 200
    return render(request, "web/care/shared.html", context, status=status)


def _describe_clinician(row: Any, bound: dict[str, Any], may_edit: bool) -> dict[str, Any]:
    sharing, tag = words.describe_sharing(row)
    names = ("name", "profession", "organisation", "address", "phone", "fax", "email")
    initial = {name: getattr(row, name) for name in names}
    change = bound.get(f"change-{row.pk}")
    return {
        "row": row,
        "profession": words.say(words.PROFESSIONS, row.profession),
        "sharing": sharing,
        "tag": tag,
        "change_form": (change or ClinicianForm(initial=initial, prefix=f"change-{row.pk}")) if may_edit else None,
        "is_changing": change is not None,
        "sharing_form": (bound.get(f"sharing-{row.pk}") or SharingForm(prefix=f"sharing-{row.pk}"))
        if may_edit
        else None,
    }


def _describe_change(row: Any, bound: dict[str, Any], owners: list[tuple[str, str]]) -> dict[str, Any]:
    """Return one change with the forms of its next steps; without owners to choose from nobody may change it."""
    tags = {"proposed": "amber", "agreed": "plum", "done": "ok", "dropped": ""}
    form = bound.get(f"step-{row.pk}") or StepForm(prefix=f"step-{row.pk}")
    hand = bound.get(f"hand-{row.pk}") or HandForm(prefix=f"hand-{row.pk}", owners=owners)
    is_open = bool(owners) and row.is_open
    return {
        "row": row,
        "owner": words.describe_owner(row),
        "state": words.say(words.CHANGE_STATES, row.state),
        "tag": tags[row.state],
        "events": [{"event": event, "words": words.say(words.CHANGE_EVENTS, event.kind)} for event in row.events.all()],
        "form": form if is_open else None,
        "hand_form": hand if is_open else None,
        "is_bad": form.is_bound,
    }
