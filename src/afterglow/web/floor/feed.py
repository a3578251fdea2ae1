"""One feed for every audience of a board: built once for all its viewers, each part numbered when it changed.

A screen that comes back names the last number it has and gets every part that changed since. The numbers begin anew
with the process; a screen that names another beginning gets everything.
"""

import asyncio
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone, translation

from afterglow.terms import render_instant
from afterglow.web.floor.board import get_parts, name_audience, render_part

# changes that come faster than this are shown together
GAP_S = 0.25
MOST_FEEDS = 64


@dataclass(slots=True)
class Part:
    """A part as it last was: since which number, and how it stands on the page."""

    version: int
    digest: str
    html: str


@dataclass(slots=True)
class Feed:
    """The board of one site for one audience."""

    site_id: str
    language: str
    epoch: str = field(default_factory=lambda: secrets.token_hex(4))
    version: int = 0
    began: float = 0.0
    now: str = ""
    parts: dict[str, Part] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refresh(self, user_id: str, wanted: float) -> None:
        """Build the board anew unless that was begun after `wanted`; several streams that ask at once share one."""
        async with self.lock:
            if self.began >= wanted:
                return
            wait = self.began + GAP_S - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            began = time.monotonic()
            self._take(await sync_to_async(_build, thread_sensitive=False)(self, user_id))
            self.began = began

    def list_since(self, version: int) -> dict[str, dict[str, str]]:
        """Return the parts that changed after a number."""
        return {
            name: {"digest": part.digest, "html": part.html}
            for name, part in self.parts.items()
            if part.version > version
        }

    def read_id(self, last_id: str) -> int:
        """Return the number a screen has, or -1 when its beginning is not this one."""
        epoch, _, number = last_id.partition("-")
        known = epoch == self.epoch and number.isascii() and number.isdigit() and len(number) < 10
        return int(number) if known else -1

    @property
    def id(self) -> str:
        """The beginning and the number, as a screen gives them back."""
        return f"{self.epoch}-{self.version}"

    def _take(self, built: tuple[str, dict[str, tuple[str, str]]]) -> None:
        self.now, found = built
        changed = {
            name: (digest, html)
            for name, (digest, html) in found.items()
            if name not in self.parts or self.parts[name].digest != digest
        }
        gone = [name for name in self.parts if name not in found and self.parts[name].digest]
        if not changed and not gone:
            return
        self.version += 1
        for name, (digest, html) in changed.items():
            self.parts[name] = Part(self.version, digest, html)
        for name in gone:
            self.parts[name] = Part(self.version, "", "")


_feeds: "OrderedDict[tuple[Any, ...], Feed]" = OrderedDict()


def get_feed(user: Any, site: Any) -> Feed:
    """Return the feed of a user's audience: those who may see everything share one, others have their own."""
    key = (id(asyncio.get_running_loop()), *name_audience(site, user))
    feed = _feeds.get(key)
    if feed is None:
        feed = _feeds[key] = Feed(site.pk, translation.get_language() or "en")
        while len(_feeds) > MOST_FEEDS:
            _feeds.popitem(last=False)
    _feeds.move_to_end(key)
    return feed


def _build(feed: Feed, user_id: str) -> tuple[str, dict[str, tuple[str, str]]]:
    """Return the instant of the board and every part; what did not change is not rendered again."""
    from zoneinfo import ZoneInfo

    from afterglow.clinic.people.models import User
    from afterglow.clinic.sites.models import Site

    try:
        now = timezone.now()
        site, user = Site.objects.get(pk=feed.site_id), User.objects.get(pk=user_id)
        with timezone.override(ZoneInfo(site.timezone)), translation.override(feed.language):
            built = {}
            for name, part in get_parts(site, user, now)[1].items():
                known = feed.parts.get(name)
                is_same = known is not None and known.digest == part["digest"]
                html = known.html if known is not None and is_same else render_part(name, part["data"], now)
                built[name] = (part["digest"], html)
        return render_instant(now), built
    finally:
        connections.close_all()
