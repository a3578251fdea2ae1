"""The idle lock: a screen left alone asks who is there before it shows or takes anything more.

It does not sign out, and it never hides an alarm: a session's own screen goes on asking for its alarms and nothing
else of it, and the lock's page shows those of one's chairs. Help is called from it too: an emergency waits for no PIN.
"""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse

from afterglow.clinic import policy
from afterglow.clinic.accounts.sign_ins import see_sign_in
from afterglow.clinic.accounts.signers import reauthenticate
from afterglow.clinic.live.publish import end_streams_of

SEEN = "idle_seen_at"
LOCKED = "idle_locked"
WRITE_EVERY_S = 30
LOCKED_PATH = "/locked/"
OPEN_PATHS = (
    LOCKED_PATH,
    "/lock/",
    "/account/passkey/",
    "/accounts/logout/",
    "/sign-out/",
    "/static/",
    "/healthz",
    "/metrics",
    "/jsi18n/",
)
# scripts that look by themselves send this; it neither counts as a person's act nor is it held up
BACKGROUND_HEADER = "X-Afterglow-Background"
STATUS_LOCKED = 423
# help may be called, and where may be said; answering, the log of an emergency and closing wait for the person
HELP_PATH = "/floor/help/"
# what a locked screen still fetches by itself: the session or the board it already shows, and the calls for help
LOOKED_AT = re.compile(r"/sessions/[^/]+/(?:view|stream)|/floor/(?:stream|strip)")


class IdleLockMiddleware:
    """Locks a sign-in that nobody has used for the site's idle time."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a locked screen, or pass the request on."""
        return self._check(request) or self.get_response(request)

    def _check(self, request: HttpRequest) -> HttpResponse | None:
        if request.path.startswith(OPEN_PATHS) or not request.user.is_authenticated:
            return None
        if not is_locked(request, time.time()):
            if not is_background(request):
                _remember(request, time.time())
            return None
        if is_background(request) and request.method in {"GET", "HEAD"} and LOOKED_AT.fullmatch(request.path):
            return None
        if request.method == "POST" and request.path == HELP_PATH:
            return None
        return _answer_locked(request)


def is_locked(request: HttpRequest, now_s: float) -> bool:
    """Return whether the screen of this sign-in is locked, locking it when its idle time has passed."""
    session = request.session
    if session.get(LOCKED):
        return True
    seen = session.get(SEEN)
    if seen is not None and now_s - float(seen) > find_minutes(request.user) * 60:
        session[LOCKED] = True
        return True
    return False


def find_minutes(user: Any) -> int:
    """Return after how many idle minutes this person's screen locks: the least of their roles', else the site's."""
    of_roles = settings.IDLE_LOCK_MINUTES_OF_ROLES
    if not of_roles:
        return int(settings.IDLE_LOCK_MINUTES)
    roles = {role for _, role in policy.list_assignments(user)}
    return min((of_roles[role] for role in roles if role in of_roles), default=int(settings.IDLE_LOCK_MINUTES))


def is_background(request: HttpRequest) -> bool:
    """Return whether a script asked by itself: a stream, or a request that says so."""
    return "text/event-stream" in request.headers.get("Accept", "") or BACKGROUND_HEADER in request.headers


def lock(request: HttpRequest) -> None:
    """Lock the screen now, as a person who leaves it asks; its streams begin again, with what a locked one may say."""
    request.session[LOCKED] = True
    end_streams_of(getattr(request.session, "session_key", "") or "")


def unlock(request: HttpRequest, secret: str, *, now: datetime) -> None:
    """Open a locked screen for the person who is signed in, or raise as `reauthenticate` does."""
    address = str(request.META.get("REMOTE_ADDR") or "")
    reauthenticate(user=request.user, secret=secret, now=now, address=address, purpose="unlock")
    request.session.pop(LOCKED, None)
    request.session[SEEN] = time.time()
    end_streams_of(getattr(request.session, "session_key", "") or "")


def _remember(request: HttpRequest, now_s: float) -> None:
    seen = request.session.get(SEEN)
    if seen is None or now_s - float(seen) > WRITE_EVERY_S:
        request.session[SEEN] = now_s
        see_sign_in(request, now=datetime.fromtimestamp(now_s, UTC))


def find_way_back(request: HttpRequest) -> str:
    """Return the page that the person was on: the one asked for, or the one from which a script or a form asked."""
    if request.method in {"GET", "HEAD"} and not request.headers.get("HX-Request"):
        return request.get_full_path() if not is_background(request) else request.path
    parts = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "")
    if parts.netloc != request.get_host() or not parts.path.startswith("/"):
        return request.path
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _answer_locked(request: HttpRequest) -> HttpResponse:
    target = f"{LOCKED_PATH}?{urlencode({'next': find_way_back(request)})}"
    if request.headers.get("HX-Request"):
        return HttpResponse(status=STATUS_LOCKED, headers={"HX-Redirect": target})
    if request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("Accept", "text/html"):
        return HttpResponseRedirect(target)
    return JsonResponse({"code": "locked", "message": "this screen is locked", "unlock": target}, status=STATUS_LOCKED)
