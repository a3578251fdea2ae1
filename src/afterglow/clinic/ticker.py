"""The one ticker: lets time pass for every live session, so that alarms are raised and dues recorded.

Several processes may run it; a lease row says whose turn it is. It writes only when a session has something to say.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from asgiref.sync import sync_to_async
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.utils import timezone

from afterglow.clinic.dosing_sessions.models import Lease
from afterglow.clinic.housekeeping import EVERY, clean_up

logger = logging.getLogger("afterglow.ticker")
INTERVAL_S = 2.0
LEASE = "ticker"
LEASE_TIME = timedelta(seconds=15)
RENEW_BEFORE = timedelta(seconds=8)
RESTS = 3
LONGEST_RESTS_S = 0.5


async def tick_forever() -> None:
    """Tick every two seconds until cancelled; a failure is logged and does not end the ticker."""
    holder = secrets.token_hex(8)
    is_first = True
    cleaned_at = timezone.now()
    while True:
        try:
            await sync_to_async(tick_once, thread_sensitive=False)(holder, is_first=is_first)
            is_first = False
            if timezone.now() - cleaned_at > EVERY:
                cleaned_at = timezone.now()
                await sync_to_async(_clean_up, thread_sensitive=False)()
        except DatabaseError as error:
            logger.warning("tick not possible: %s", type(error).__name__)
        except Exception:
            logger.exception("tick failed")
        await asyncio.sleep(INTERVAL_S)


def tick_once(holder: str, *, is_first: bool = False) -> int:
    """Let time pass once for every live session, when it is this holder's turn; return how many had events."""
    from afterglow.clinic.dosing_sessions.actions import tick_in_turn

    try:
        now = timezone.now()
        # with the embedded database there is one server: a lease left by a killed one is taken at once
        is_alone = connections[DEFAULT_DB_ALIAS].vendor == "sqlite" and is_first
        if not take_lease(LEASE, holder, now, is_forced=is_alone):
            return 0
        return rest_between(tick_in_turn(timezone.now))
    finally:
        connections.close_all()


def rest_between(steps: Iterator[bool]) -> int:
    """Take steps with a rest after each, so that pages that wait for this interpreter are answered meanwhile.

    A rest is three times as long as its step took; all of them together are no longer than half a second.
    """
    count, left, began = 0, LONGEST_RESTS_S, time.perf_counter()
    for has_said in steps:
        count += has_said
        rest = min(RESTS * (time.perf_counter() - began), left)
        if rest > 0:
            left -= rest
            time.sleep(rest)
        began = time.perf_counter()
    return count


def _clean_up() -> None:
    try:
        clean_up(now=timezone.now())
    finally:
        connections.close_all()


def take_lease(name: str, holder: str, now: datetime, *, is_forced: bool = False) -> bool:
    """Return whether the holder has the lease now, taking or renewing it by one conditional update."""
    lease = Lease.objects.filter(name=name).first()
    if lease is None:
        Lease.objects.bulk_create([Lease(name=name, until=now - LEASE_TIME)], ignore_conflicts=True)
        lease = Lease.objects.get(name=name)
    if lease.holder == holder and lease.until - now > RENEW_BEFORE:
        return True
    rows = Lease.objects.filter(name=name)
    if lease.holder != holder and not is_forced:
        rows = rows.filter(until__lte=now)
    else:
        rows = rows.filter(holder=lease.holder)
    return rows.update(holder=holder, until=now + LEASE_TIME) == 1
