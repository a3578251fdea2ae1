"""The live stream of a session: permitted before it opens, asked again while it runs, no database connection held."""

import time
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from afterglow.clinic import policy
from afterglow.clinic.live.stream import stream_session
from afterglow.web.sessions.lookup import load_session

CHECK_EVERY_S = 30.0
# by which right a stream is read: a role at the site, or an emergency opening of this one person
ROLE, EMERGENCY = "role", "emergency"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def stream(request: HttpRequest, session_id: str) -> HttpResponseBase:
    """Return the session's events as they are committed, with a beat every two seconds."""
    if request.method != "GET":
        return HttpResponse(status=405, headers={"Allow": "GET"})
    user = await request.auser()
    if not user.is_authenticated:
        return HttpResponse(status=401)
    right = await find_right(user.pk, session_id)
    if right is None:
        return HttpResponse(status=404)
    owner = getattr(request.session, "session_key", "") or ""
    frames = follow(user.pk, session_id, read_last_id(request), owner, is_emergency=right == EMERGENCY)
    return StreamingHttpResponse(frames, content_type="text/event-stream", headers=HEADERS)


def read_last_id(request: HttpRequest) -> int | None:
    """Return what the screen already has: the browser's own header after a lost link, else the page's number."""
    text = request.headers.get("Last-Event-ID") or request.GET.get("after") or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


async def follow(
    user_id: Any, session_id: str, last_id: int | None, owner: str, *, is_emergency: bool = False
) -> AsyncIterator[str]:
    """Yield frames until the stream ends or the permission does.

    What only an emergency opens is asked before every frame: nothing is shown after the minute at which it ends.
    """
    checked = time.monotonic()
    async for frame in stream_session(session_id, last_id, owner=owner):
        if is_emergency or time.monotonic() - checked > CHECK_EVERY_S:
            if await find_right(user_id, session_id) is None:
                return
            checked = time.monotonic()
        yield frame


@sync_to_async(thread_sensitive=False)
def find_right(user_id: Any, session_id: str) -> str | None:
    """Return by which right the user may see the session now, or None; the thread's connection is closed again."""
    from django.contrib.auth import get_user_model

    try:
        user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
        session = load_session(user, session_id) if user is not None else None
        if session is None:
            return None
        return ROLE if policy.holds_at_site(user, "session.read", session) else EMERGENCY
    finally:
        connections.close_all()
