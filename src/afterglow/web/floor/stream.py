"""The live stream of the board: permitted before it opens, asked again while it runs, no database connection held.

Every message carries the server's time; a beat every two seconds is data, so that a screen that hears nothing for five
seconds says that it is not live.
"""

import time
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from afterglow.clinic import policy
from afterglow.clinic.accounts.idle import is_locked
from afterglow.clinic.errors import Denied
from afterglow.clinic.floor.board import ARRIVALS, FULL
from afterglow.clinic.live.hub import hub
from afterglow.clinic.live.publish import get_floor_topic, name_owner
from afterglow.clinic.live.stream import BEAT_S, RETRY_MS, render_frame, wait_for_news
from afterglow.terms import render_instant
from afterglow.web.floor.feed import Feed, get_feed
from afterglow.web.sessions.stream import CHECK_EVERY_S, HEADERS
from afterglow.web.sites import get_site


async def stream(request: HttpRequest) -> HttpResponseBase:
    """Return the parts of the board as they change, beginning with those that the screen lacks."""
    if request.method != "GET":
        return HttpResponse(status=405, headers={"Allow": "GET"})
    user = await request.auser()
    if not user.is_authenticated:
        return HttpResponse(status=401)
    found = await _find_place(request, user.pk)
    if found is None:
        return HttpResponse(status=403)
    reader, site, is_silent = found
    feed = get_feed(reader, site)
    owner = getattr(request.session, "session_key", "") or ""
    last_id = request.headers.get("Last-Event-ID") or ""
    frames = follow(feed, user.pk, last_id, owner, is_silent=is_silent)
    return StreamingHttpResponse(frames, content_type="text/event-stream", headers=HEADERS)


async def follow(feed: Feed, user_id: Any, last_id: str, owner: str, *, is_silent: bool = False) -> AsyncIterator[str]:
    """Yield frames until the sign-in ends, the permission does, or the stream falls behind.

    That of a locked screen is silent: it says that it is live, and nothing of anybody; unlocking ends it.
    """
    checked = time.monotonic()
    with hub.subscribe(get_floor_topic(feed.site_id), name_owner(owner)) as subscription:
        yield f"retry: {RETRY_MS}\n\n"
        await feed.refresh(user_id, time.monotonic() - BEAT_S)
        sent = feed.read_id(last_id)
        yield _render("beat", feed, {"now": feed.now})
        while not subscription.ended.is_set():
            if not is_silent and (parts := feed.list_since(sent)):
                sent = feed.version
                yield _render("parts", feed, {"now": feed.now, "parts": parts})
            news = await wait_for_news(subscription, 0)
            if subscription.ended.is_set():
                return
            if not news:
                # before the board is built again, so that a beat never waits for it
                yield _render("beat", feed, {"now": render_instant(timezone.now())})
            if time.monotonic() - checked > CHECK_EVERY_S:
                if not await _may_read(user_id, feed.site_id):
                    return
                checked = time.monotonic()
            # what is new is built anew; a quiet board is too, once for every beat and all its viewers
            try:
                await feed.refresh(user_id, time.monotonic() if news else time.monotonic() - BEAT_S)
            except Denied:
                return


def _render(name: str, feed: Feed, data: dict[str, Any]) -> str:
    frame = render_frame(name, data)
    return f"id: {feed.id}\n{frame}"


@sync_to_async(thread_sensitive=False)
def _find_place(request: HttpRequest, user_id: Any) -> tuple[Any, Any, bool] | None:
    """Return the user, the site of a board that the user may see, and whether the screen is locked; or None."""
    user = _find_user(user_id)
    try:
        site = get_site(request)
        if user is None or site is None or not _is_allowed(user, site):
            return None
        policy.list_assignments(user)
        return user, site, is_locked(request, time.time())
    finally:
        connections.close_all()


@sync_to_async(thread_sensitive=False)
def _may_read(user_id: Any, site_id: str) -> bool:
    from afterglow.clinic.sites.models import Site

    try:
        user, site = _find_user(user_id), Site.objects.filter(pk=site_id).first()
        return user is not None and site is not None and _is_allowed(user, site)
    finally:
        connections.close_all()


def _find_user(user_id: Any) -> Any:
    from django.contrib.auth import get_user_model

    return get_user_model().objects.filter(pk=user_id, is_active=True).first()


def _is_allowed(user: Any, site: Any) -> bool:
    return policy.allow(user, FULL, site) or policy.allow(user, ARRIVALS, site)
