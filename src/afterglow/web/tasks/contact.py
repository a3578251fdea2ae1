"""How a patient wants to be reached: which messages, to which address. A no counts at once."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.audit.reads import record_read
from afterglow.clinic.notices.actions import CHANNELS, list_wishes, record_wish
from afterglow.clinic.people.models import Patient
from afterglow.web.access import STATUS_UNUSABLE, find_or_404, staff_page
from afterglow.web.carrying import store
from afterglow.web.tasks.forms import WishForm


@staff_page("patient.edit")
def show_contact(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return what a patient wishes, or store one wish."""
    patient = find_or_404(request, Patient.objects.select_related("site"), "patient.edit", pk=patient_id)
    now = timezone.now()
    record_read(by=request.user, what="contact", subject=patient, now=now, patient=patient)
    bound: dict[str, WishForm] = {}
    if request.method == "POST":
        channel = request.POST.get("channel", "")
        if channel not in CHANNELS:
            raise Http404
        form = bound[channel] = WishForm(request.POST, prefix=channel)
        if form.is_valid():
            given = {"is_allowed": form.cleaned_data["is_allowed"] == "yes", "address": form.cleaned_data["address"]}
            if store(form, record_wish, patient=patient, channel=channel, by=request.user, now=now, **given):
                messages.success(request, _("Stored."))
                return redirect("web:patient-contact", patient.pk)
    context = {
        "patient": patient,
        "channels": [_describe(channel, patient, bound) for channel in CHANNELS],
        "may_read": policy.allow(request.user, "patient.read", patient),
    }
    return render(request, "web/tasks/contact.html", context, status=STATUS_UNUSABLE if bound else 200)


def _describe(channel: str, patient: Any, bound: dict[str, WishForm]) -> dict[str, Any]:
    wish = list_wishes(patient).get(channel)
    initial = {"is_allowed": "yes" if wish.is_allowed else "no", "address": wish.address} if wish else {}
    names = {"sms": _("Text messages"), "mail": _("Mail")}
    if wish is not None:
        standing = _("asked") if wish.recorded_by else _("said by the patient")
    else:
        standing = (
            _("not asked: reminders go to the phone number of the identity page")
            if channel == "sms"
            else _("not asked: none is sent")
        )
    return {
        "channel": channel,
        "title": names[channel],
        "form": bound.get(channel) or WishForm(initial=initial, prefix=channel),
        "standing": standing,
        "at": wish.recorded_at if wish else None,
    }
