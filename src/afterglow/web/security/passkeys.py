"""The proof by passkey on a screen: a challenge for the browser, its answer, a one-time text for the secret's field."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from afterglow.clinic.accounts.passkeys import OWN, SECOND, begin_proof, finish_proof
from afterglow.clinic.errors import Refused, TryLater
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.carrying import sentence


@never_cache
@staff_page(methods=("POST",))
def ask(request: HttpRequest) -> HttpResponse:
    """Return a challenge for one's own passkey, or for that of a second person at this screen."""
    whose = request.POST.get("whose", "")
    if whose not in (OWN, SECOND):
        return _refuse("word-unknown", "whose passkey is asked for is not said")
    try:
        options = begin_proof(request, whose, now=timezone.now())
    except Refused as error:
        return _refuse(error.code, str(error))
    return JsonResponse({"options": options})


@never_cache
@sensitive_post_parameters()
@staff_page(methods=("POST",))
def prove(request: HttpRequest) -> HttpResponse:
    """Check the browser's answer; return who it was and what to give in place of a password or PIN, once."""
    try:
        user, secret = finish_proof(request, request.POST.get("credential", ""), now=timezone.now())
    except Refused as error:
        return _refuse(error.code, str(error))
    except TryLater as error:
        return _refuse("later", str(error), 429)
    return JsonResponse({"name": user.get_username(), "shown": user.display_name, "secret": secret})


def _refuse(code: str, message: str, status: int = STATUS_UNUSABLE) -> JsonResponse:
    return JsonResponse({"code": code, "message": sentence(message)}, status=status)
