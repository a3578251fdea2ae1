"""Finding what a link leads to: unknown links are counted by address and slowed, known ones never are."""

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from afterglow.clinic.accounts.throttle import check_attempt, record_failure
from afterglow.clinic.checkins.actions import find_checkin, hash_token
from afterglow.clinic.checkins.models import CheckIn
from afterglow.clinic.errors import TryLater
from afterglow.web.carrying import get_address
from afterglow.web.phone.pages import GONE, SLOW, patient_page, set_language, show_calm
from afterglow.web.phone.signing import read_form

PURPOSE = "patient-link"
View = Callable[..., HttpResponse]
Late = Callable[..., HttpResponse | None]


def link_page(*, methods: tuple[str, ...] = ("GET", "HEAD"), late: Late | None = None) -> Callable[[View], View]:
    """Return a decorator for a page of a check-in link: the view gets the check-in, or a calm page is shown.

    A POST reaches the view only from a form of this link in this browser. `late` answers such a POST in the place of
    a link that has ended, unless it returns None.
    """

    def decorate(view: View) -> View:
        @patient_page(methods=methods)
        @functools.wraps(view)
        def opened(request: HttpRequest, token: str, *args: Any, **kwargs: Any) -> HttpResponse:
            found = find_checkin(token, now=timezone.now())
            if found is None:
                return refuse_unknown(request, token)
            set_language(request, found.checkin.language)
            site = found.checkin.appointment.site
            is_ours = request.method == "POST" and read_form(request, purpose_of(found.checkin)) is not None
            if not found.is_valid:
                answer = late(request, found.checkin, token, *args, **kwargs) if late and is_ours else None
                return answer or show_calm(request, GONE, "ended", site=site)
            if request.method == "POST" and not is_ours:
                return show_calm(request, 403, "form", site=site)
            return view(request, found.checkin, token, *args, **kwargs)

        return opened

    return decorate


def refuse_unknown(request: HttpRequest, token: str) -> HttpResponse:
    """Answer a link that nobody was given: not found, and after many of them a pause for that address."""
    now = timezone.now()
    attempt = {"purpose": PURPOSE, "name": hash_token(token), "address": get_address(request)}
    try:
        check_attempt(now=now, **attempt)
    except TryLater:
        return show_calm(request, SLOW, "slow")
    record_failure(now=now, **attempt)
    return show_calm(request, 404, "unknown")


def purpose_of(checkin: CheckIn) -> str:
    """Return what the forms of a link are signed for."""
    return f"checkin.{checkin.token_hash}"
