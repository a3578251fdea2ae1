"""Outside a demonstration nobody works without a second factor: the first sign-in leads to setting one up."""

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse

OPEN_PATHS = ("/accounts/", "/sign-out/", "/static/", "/healthz", "/metrics", "/locked/", "/jsi18n/")
SETUP_PATH = "/accounts/2fa/totp/activate/"
CHECKED = "second_factor_is_set"


class SecondFactorMiddleware:
    """Sends a sign-in without a second factor to the page that sets one up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a sign-in that lacks its second factor, or pass the request on."""
        return self._check(request) or self.get_response(request)

    def _check(self, request: HttpRequest) -> HttpResponse | None:
        if not settings.SECOND_FACTOR_REQUIRED or request.path.startswith(OPEN_PATHS):
            return None
        if not request.user.is_authenticated or request.session.get(CHECKED):
            return None
        if is_mfa_enabled(request.user):
            request.session[CHECKED] = True
            return None
        if request.method in {"GET", "HEAD"}:
            return HttpResponseRedirect(SETUP_PATH)
        return JsonResponse({"code": "second-factor-missing", "message": "set up a second factor first"}, status=403)
