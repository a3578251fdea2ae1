"""A person's calendar as a feed, without a sign-in: the address is the right to read it until it is revoked."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from afterglow.clinic.accounts.throttle import check_attempt, record_failure
from afterglow.clinic.checkins.actions import hash_token
from afterglow.clinic.errors import TryLater
from afterglow.web.carrying import get_address
from afterglow.web.phone.pages import SLOW, patient_page

PURPOSE = "feed"
CALENDAR = "text/calendar; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"


@patient_page()
def show_feed(request: HttpRequest, token: str) -> HttpResponse:
    """Return the calendar of a token; one that is unknown or revoked is not found."""
    from afterglow.clinic.scheduling.feeds import build_feed

    now = timezone.now()
    content = build_feed(token, now=now)
    if content is not None:
        response = HttpResponse(content, content_type=CALENDAR)
        response["Content-Disposition"] = 'inline; filename="afterglow.ics"'
        return response
    attempt = {"purpose": PURPOSE, "name": hash_token(token), "address": get_address(request)}
    try:
        check_attempt(now=now, **attempt)
    except TryLater:
        return HttpResponse("Wait a few minutes.\n", status=SLOW, content_type=PLAIN)
    record_failure(now=now, **attempt)
    return HttpResponse("There is no such calendar.\n", status=404, content_type=PLAIN)
