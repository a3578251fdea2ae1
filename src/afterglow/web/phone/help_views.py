"""The help page: one tap from every page, without a sign-in, also under a link that has ended or never was."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from afterglow.clinic.checkins.actions import find_checkin
from afterglow.web.phone.links import purpose_of
from afterglow.web.phone.pages import find_site, patient_page, set_language, show
from afterglow.web.phone.signing import sign_form


@patient_page()
def show_help(request: HttpRequest) -> HttpResponse:
    """Return the numbers of the clinic."""
    return show(request, "help", site=find_site(request), back_url=reverse("phone:intake"), switch="link")


@patient_page()
def show_link_help(request: HttpRequest, token: str) -> HttpResponse:
    """Return the numbers of the visit's clinic; the private part is offered under a link that works."""
    found = find_checkin(token, now=timezone.now())
    if found is None or not found.is_valid:
        site = find_site(request) if found is None else found.checkin.appointment.site
        return show(request, "help", site=site, back_url="", switch="link")
    set_language(request, found.checkin.language)
    context: dict[str, Any] = {
        "back_url": reverse("phone:checkin", args=[token]),
        "mine_url": reverse("phone:checkin-mine", args=[token]),
        "form_field": sign_form(request, purpose_of(found.checkin)),
        "switch": "form",
        "switch_url": reverse("phone:checkin-language", args=[token]),
        "page_name": "help",
    }
    return show(request, "help", site=found.checkin.appointment.site, **context)
