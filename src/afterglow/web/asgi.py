"""The application as the server runs it: Django for requests, and a lifespan that starts and stops the background."""

import asyncio
import contextlib
import gc
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "afterglow.clinic.settings")

import django

django.setup(set_prefix=False)

from asgiref.sync import sync_to_async  # noqa: E402 - only after Django is set up
from django.conf import settings  # noqa: E402
from django.db import DEFAULT_DB_ALIAS, connections  # noqa: E402

from afterglow.clinic.live.listen import listen_forever  # noqa: E402
from afterglow.clinic.readiness import check_storage  # noqa: E402
from afterglow.clinic.tasks.chores import work_forever  # noqa: E402
from afterglow.clinic.ticker import tick_forever  # noqa: E402
from afterglow.web.body_limit import answer_within_limit  # noqa: E402
from afterglow.web.handler import make_staff_handler  # noqa: E402
from afterglow.web.phone.listener import ROOT, is_patient, make_patient_handler  # noqa: E402

logger = logging.getLogger("afterglow.server")
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
staff_application = make_staff_handler()
patient_application = make_patient_handler()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one connection of the server."""
    if scope["type"] == "lifespan":
        await _run_lifespan(receive, send)
    else:
        chosen = patient_application if is_patient(scope) else staff_application
        await answer_within_limit(chosen, scope, receive, send)


async def _run_lifespan(receive: Receive, send: Send) -> None:
    tasks: list[asyncio.Task[None]] = []
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                await sync_to_async(check_storage, thread_sensitive=False)()
                await sync_to_async(warm_up, thread_sensitive=False)()
                tasks = _start_background()
            except Exception as error:  # noqa: BLE001 - the server must be told why it cannot start
                logger.error("cannot start: %s", error)
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            for task in tasks:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks, return_exceptions=True)
            await send({"type": "lifespan.shutdown.complete"})
            return


def warm_up() -> None:
    """Load every page's code before the door opens, so that a broken one is noticed now and not by a person."""
    from django.urls import get_resolver

    list(get_resolver().reverse_dict)
    list(get_resolver(ROOT).reverse_dict)
    # what was loaded stays for good: looking through it for garbage would hold up a page for a tenth of a second
    gc.collect()
    gc.freeze()


def _start_background() -> list[asyncio.Task[None]]:
    tasks = []
    if connections[DEFAULT_DB_ALIAS].vendor == "postgresql":
        tasks.append(asyncio.create_task(listen_forever(), name="live-notices"))
    if settings.IS_LIVE_TICKER:
        tasks.append(asyncio.create_task(tick_forever(), name="ticker"))
        tasks.append(asyncio.create_task(work_forever(), name="chores"))
    return tasks
