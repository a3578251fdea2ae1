"""The slow rounds beside the ticker: the sweep of tasks and the sending of messages, one process at a time by lease.

They run apart from the ticker of sessions, so that a mail server that does not answer keeps no alarm waiting. The sweep
shares its process with the pages: it works in short turns and rests between them three times as long as it worked.
`docs/decisions/0006-the-sweep-takes-turns.md` says why.
"""

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.utils import timezone

from afterglow.clinic.ticker import take_lease

logger = logging.getLogger("afterglow.chores")
INTERVAL_S = 10.0
SWEEP_EVERY = timedelta(seconds=30)
LEASE = "chores"
# the lease is held for at least eight seconds from the beginning of a round
SWEEP_FOR_S = 5.0
TURN_S = 0.02
REST = 3.0
Parts = deque[Iterator[Any]]


async def work_forever() -> None:
    """Do the rounds until cancelled; a failure of one is logged and ends neither the other nor the loop."""
    holder = secrets.token_hex(8)
    is_first, swept_at = True, None
    while True:
        now = timezone.now()
        if await _try(lambda first=is_first: _hold(holder, is_first=first)):  # type: ignore[misc]
            if swept_at is None or now - swept_at >= SWEEP_EVERY:
                # what one round did not come to is left to the next one, not to the next half minute
                swept_at = now if await sweep_in_turns() else None
            await _try(send_once)
        is_first = False
        await asyncio.sleep(INTERVAL_S)


async def sweep_in_turns(limit_s: float = SWEEP_FOR_S, rest: float = REST) -> bool:
    """Sweep in short turns with rests between them; return whether every part came to its end in time."""
    ends = time.monotonic() + limit_s
    parts: Parts = deque()
    await _try(lambda: _list_parts(parts))
    while parts:
        if time.monotonic() >= ends:
            return False
        began = time.monotonic()
        await _try(lambda: take_turn(parts))
        await asyncio.sleep((time.monotonic() - began) * rest)
    return True


def take_turn(parts: Parts, turn_s: float = TURN_S) -> int:
    """Let the parts do one piece of work each, one after the other, until the turn is over; return how many.

    A part that is done leaves, as does one that fails: its failure is logged and keeps no other part waiting, and the
    next sweep begins it anew.
    """
    ends, count = time.monotonic() + turn_s, 0
    while parts and (count == 0 or time.monotonic() < ends):
        part = parts.popleft()
        count += 1
        try:
            next(part)
        except StopIteration:
            continue
        except DatabaseError as error:
            logger.warning("a part of the sweep is not possible: %s", type(error).__name__)
            continue
        except Exception:
            logger.exception("a part of the sweep failed")
            continue
        parts.append(part)
    return count


def _list_parts(parts: Parts) -> int:
    from afterglow.clinic.tasks.sweeping import list_parts

    parts.extend(list_parts(now=timezone.now()))
    return len(parts)


def send_once() -> int:
    """Send what is due; return how many messages were tried."""
    from afterglow.clinic.notices.sending import send_due

    return len(send_due(now=timezone.now()))


def _hold(holder: str, *, is_first: bool) -> bool:
    # with the embedded database there is one server: a lease left by a killed one is taken at once
    is_alone = connections[DEFAULT_DB_ALIAS].vendor == "sqlite" and is_first
    return take_lease(LEASE, holder, timezone.now(), is_forced=is_alone)


async def _try(work: Callable[[], int | bool]) -> int | bool:
    def run() -> int | bool:
        try:
            return work()
        finally:
            connections.close_all()

    try:
        return await sync_to_async(run, thread_sensitive=False)()
    except DatabaseError as error:
        logger.warning("round not possible: %s", type(error).__name__)
    except Exception:
        logger.exception("round failed")
    return 0
