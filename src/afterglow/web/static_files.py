"""Files of the build, served by servestatic's list of them from inside the request's own thread.

servestatic's middleware is async alone; among layers that are sync it would cost every page several hops.
"""

from collections.abc import Callable
from contextlib import closing
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from servestatic.middleware import ServeStaticMiddleware


class StaticMiddleware:
    """Answers the address of a file of the build; every other request goes on."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the next layer, and the files as they are when the server starts."""
        self.get_response = get_response
        self._files = ServeStaticMiddleware(_find_nothing).files

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the file, or pass the request on."""
        found = self._files.get(request.path_info)
        return self.get_response(request) if found is None else answer_file(found, request)


def answer_file(found: Any, request: HttpRequest) -> HttpResponse:
    """Return a file, a part of it, or that the browser's copy is still good, as servestatic decides."""
    chosen = found.get_response(request.method or "GET", request.META)
    content = b""
    if chosen.file is not None:
        with closing(chosen.file):
            content = chosen.file.read()
    response = HttpResponse(content, status=int(chosen.status))
    del response["Content-Type"]
    for name, value in chosen.headers:
        if value is not None:
            response[name] = value
    return response


async def _find_nothing(request: HttpRequest) -> HttpResponseBase:
    """Stand where servestatic wants its next layer; only its list of files is used."""
    return HttpResponse(status=404)
