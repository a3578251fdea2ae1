"""What a browser may keep of an answer: nothing, unless the answer is a file of the build."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

NO_STORE = "no-store"


class NoStoreMiddleware:
    """Forbids keeping a copy of any page: on a shared screen the next person must not go back to a chart."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        """Keep the next layer."""
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Pass the request on and mark the answer."""
        if iscoroutinefunction(self.get_response):
            return self._call_async(request)
        return forbid_keeping(self.get_response(request))

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        return forbid_keeping(await self.get_response(request))


def forbid_keeping(response: HttpResponseBase) -> HttpResponseBase:
    """Return the answer with `no-store`, whatever else it says about keeping it."""
    if NO_STORE not in response.get("Cache-Control", ""):
        response["Cache-Control"] = NO_STORE
    return response
