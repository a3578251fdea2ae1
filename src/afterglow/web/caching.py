"""What a browser may keep of an answer: nothing, unless the answer is a file of the build."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

NO_STORE = "no-store"
# Back shows it again although it was the answer to a form; anything else asks anew, and no other cache keeps it
RETURNABLE = "private, no-cache"


class NoStoreMiddleware:
    """Forbids keeping a copy of any page: on a shared screen the next person must not go back to a chart."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on and mark the answer."""
        return forbid_keeping(self.get_response(request))


def forbid_keeping(response: HttpResponseBase) -> HttpResponseBase:
    """Return the answer with `no-store`, whatever else it says about keeping it.

    The one exception is a step of the public form (`may_return`): who fills it in has no account and must get back to
    what they typed; the last page lets their browser forget it.
    """
    if getattr(response, "may_return", False):
        response["Cache-Control"] = RETURNABLE
    elif NO_STORE not in response.get("Cache-Control", ""):
        response["Cache-Control"] = NO_STORE
    return response
