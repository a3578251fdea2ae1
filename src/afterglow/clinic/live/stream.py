"""The live stream of one session as server-sent events: subscribe, replay, follow, and beat.

The id of a message is the session's own sequence number, so that a browser that comes back names what it has. A beat
every two seconds is data, not a comment: a screen that hears nothing for five seconds says that it is not live. A
stream holds no database connection.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone

from afterglow.clinic.live.hub import Subscription, hub
from afterglow.clinic.live.publish import LOOK_AGAIN, name_owner
from afterglow.terms import render_instant

BEAT_S = 2.0
RETRY_MS = 2000
PAGE = 500
LOOK_EVERY_BEATS = 5


async def stream_session(session_id: str, last_event_id: int | None = None, *, owner: str = "") -> AsyncIterator[str]:
    """Yield the frames of a session's stream until its sign-in ends or it falls behind.

    Parameters
    ----------
    last_event_id : int or None
        The last sequence number the screen has; everything after it is replayed. None begins at the present.
    owner : str
        Names the sign-in that holds the stream, so that signing out ends it.
    """
    with hub.subscribe(get_topic(session_id), name_owner(owner)) as subscription:
        sent = await _find_start(session_id, last_event_id)
        yield f"retry: {RETRY_MS}\n\n"
        yield render_beat(sent)
        quiet_beats = LOOK_EVERY_BEATS
        while not subscription.ended.is_set():
            # another process may have written without telling this one, so that a quiet stream looks now and then too
            if quiet_beats >= LOOK_EVERY_BEATS:
                quiet_beats = 0
                events = await _load_events(session_id, sent)
                for event in events:
                    sent = event["seq"]
                    yield render_frame("event", event, event_id=sent)
                if len(events) == PAGE:
                    quiet_beats = LOOK_EVERY_BEATS
                    continue
            news = await wait_for_news(subscription, sent)
            if news:
                quiet_beats = LOOK_EVERY_BEATS
                if LOOK_AGAIN in news:
                    yield render_frame("refresh", {"seq": sent})
            elif not subscription.ended.is_set():
                quiet_beats += 1
                yield render_beat(sent)


def get_topic(session_id: str) -> str:
    """Return the topic that the commits of a session are published under."""
    return f"session:{session_id}"


def render_frame(name: str, data: dict[str, Any], event_id: int | None = None) -> str:
    """Return one message of the stream; JSON has no bare line break, so that one data line is enough."""
    lines = [f"event: {name}", f"data: {json.dumps(data, separators=(',', ':'), ensure_ascii=False)}"]
    if event_id is not None:
        lines.insert(0, f"id: {event_id}")
    return "\n".join(lines) + "\n\n"


def render_beat(seq: int) -> str:
    """Return a beat: the server's time and the last number sent, which is also how a screen notices a gap."""
    return render_frame("beat", {"now": render_instant(timezone.now()), "seq": seq})


async def wait_for_news(subscription: Subscription, sent: int) -> set[int]:
    """Return the numbers above the last one sent, and the one that asks to look again; nothing on a beat or an end."""
    getting = asyncio.ensure_future(subscription.queue.get())
    ending = asyncio.ensure_future(subscription.ended.wait())
    try:
        await asyncio.wait({getting, ending}, timeout=BEAT_S, return_when=asyncio.FIRST_COMPLETED)
        if subscription.ended.is_set() or not getting.done():
            return set()
        seqs = {getting.result()}
        while not subscription.queue.empty():
            seqs.add(subscription.queue.get_nowait())
        return {seq for seq in seqs if seq == LOOK_AGAIN or seq > sent}
    finally:
        getting.cancel()
        ending.cancel()


@sync_to_async(thread_sensitive=False)
def _find_start(session_id: str, last_event_id: int | None) -> int:
    from afterglow.clinic.dosing_sessions.models import Session

    try:
        last = Session.objects.values_list("last_seq", flat=True).get(pk=session_id)
        return int(last) if last_event_id is None else max(0, min(last_event_id, last))
    finally:
        connections.close_all()


@sync_to_async(thread_sensitive=False)
def _load_events(session_id: str, after: int) -> list[dict[str, Any]]:
    from afterglow.clinic.dosing_sessions.models import SessionEvent

    try:
        rows = SessionEvent.objects.filter(session_id=session_id, seq__gt=after).order_by("seq")[:PAGE]
        return [
            {
                "seq": row.seq,
                "type": row.type,
                "occurred_at": render_instant(row.occurred_at),
                "recorded_at": render_instant(row.recorded_at),
                "by": row.by,
            }
            for row in rows
        ]
    finally:
        connections.close_all()
