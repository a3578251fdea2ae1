"""What a browser may keep of an answer: nothing, unless the answer is a file of the build."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

NO_STORE = "no-store"


class NoStoreMiddleware:
    """Forbids keeping a copy of any page: on a shared screen the next person must not go back to a chart."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on and mark the answer."""
        return forbid_keeping(self.get_response(request))


def forbid_keeping(response: HttpResponseBase) -> HttpResponseBase:
    """Return the answer with `no-store`, whatever else it says about keeping it."""
    if NO_STORE not in response.get("Cache-Control", ""):
        response["Cache-Control"] = NO_STORE
    return response
