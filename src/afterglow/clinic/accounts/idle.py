"""The idle lock: a screen left alone asks who is there before it shows or takes anything more.

It does not sign out, and it never stops a stream or a background look: a session page keeps showing its alarms.
"""

import re
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse

from afterglow.clinic.accounts.signers import reauthenticate

SEEN = "idle_seen_at"
LOCKED = "idle_locked"
WRITE_EVERY_S = 30
LOCKED_PATH = "/locked/"
OPEN_PATHS = (LOCKED_PATH, "/accounts/logout/", "/sign-out/", "/static/", "/healthz", "/metrics", "/jsi18n/")
# scripts that look by themselves send this; it neither counts as a person's act nor is it held up
BACKGROUND_HEADER = "X-Afterglow-Background"
STATUS_LOCKED = 423
# what a locked screen still fetches by itself: the session it already shows, and nothing else
LOOKED_AT = re.compile(r"/sessions/[^/]+/(?:view|stream)")


class IdleLockMiddleware:
    """Locks a sign-in that nobody has used for the site's idle time."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        """Keep the next layer."""
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer a locked screen, or pass the request on."""
        if iscoroutinefunction(self.get_response):
            return self._call_async(request)
        return self._check(request) or self.get_response(request)

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        answer = await sync_to_async(self._check, thread_sensitive=True)(request)
        return answer or await self.get_response(request)

    def _check(self, request: HttpRequest) -> HttpResponse | None:
        if request.path.startswith(OPEN_PATHS) or not request.user.is_authenticated:
            return None
        if not is_locked(request, time.time()):
            if not is_background(request):
                _remember(request, time.time())
            return None
        if is_background(request) and request.method in {"GET", "HEAD"} and LOOKED_AT.fullmatch(request.path):
            return None
        return _answer_locked(request)


def is_locked(request: HttpRequest, now_s: float) -> bool:
    """Return whether the screen of this sign-in is locked, locking it when its idle time has passed."""
    session = request.session
    if session.get(LOCKED):
        return True
    seen = session.get(SEEN)
    if seen is not None and now_s - float(seen) > settings.IDLE_LOCK_MINUTES * 60:
        session[LOCKED] = True
        return True
    return False


def is_background(request: HttpRequest) -> bool:
    """Return whether a script asked by itself: a stream, or a request that says so."""
    return "text/event-stream" in request.headers.get("Accept", "") or BACKGROUND_HEADER in request.headers


def lock(request: HttpRequest) -> None:
    """Lock the screen now, as a person who leaves it asks."""
    request.session[LOCKED] = True


def unlock(request: HttpRequest, secret: str, *, now: datetime) -> None:
    """Open a locked screen for the person who is signed in, or raise as `reauthenticate` does."""
    address = str(request.META.get("REMOTE_ADDR") or "")
    reauthenticate(user=request.user, secret=secret, now=now, address=address, purpose="unlock")
    request.session.pop(LOCKED, None)
    request.session[SEEN] = time.time()


def _remember(request: HttpRequest, now_s: float) -> None:
    seen = request.session.get(SEEN)
    if seen is None or now_s - float(seen) > WRITE_EVERY_S:
        request.session[SEEN] = now_s


def _answer_locked(request: HttpRequest) -> HttpResponse:
    target = f"{LOCKED_PATH}?{urlencode({'next': request.path})}"
    if request.headers.get("HX-Request"):
        return HttpResponse(status=STATUS_LOCKED, headers={"HX-Redirect": target})
    if request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("Accept", "text/html"):
        return HttpResponseRedirect(target)
    return JsonResponse({"code": "locked", "message": "this screen is locked", "unlock": target}, status=STATUS_LOCKED)
