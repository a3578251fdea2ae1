"""Django's request handling with one hop: a page is answered from its first layer to its last in one thread of a pool.

The threads stay, and so do their connections to the database. A stream is begun the same way and then sent by the event
loop, so that it holds neither a thread nor a connection. `docs/decisions/0005-one-hop-to-a-thread.md` says why.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.db import close_old_connections, connections
from django.urls import set_script_prefix

SERVER_FAULT = 500


class PooledHandler(ASGIHandler):
    """Django's handler for ASGI, with layers that are sync throughout and a pool of threads of its own."""

    def __init__(self, name: str, threads: int) -> None:
        """Build the layers; the pool makes a thread when one is needed and none is free, up to its size."""
        super().__init__()
        pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)
        self._answer_in_pool = sync_to_async(self._answer, thread_sensitive=False, executor=pool)
        self._close_in_pool = sync_to_async(_close, thread_sensitive=False, executor=pool)

    def load_middleware(self, is_async: bool = False) -> None:
        """Build the layers for threads, whatever Django's own handler asks for."""
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Read a request, have it answered in a thread, send the answer."""
        if scope["type"] != "http":
            raise ValueError(f"only HTTP is answered, not {scope['type']}")
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        try:
            response = await self._answer_in_pool(scope, body)
            if response.streaming:
                await self._send_stream(response, receive, send)
            else:
                await self.send_response(response, send)
        finally:
            body.close()

    def _answer(self, scope: Any, body: Any) -> Any:
        """Return the whole answer to a request, or one that the event loop streams (runs in the pool)."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        try:
            request, refused = self.create_request(scope, body)
            response: Any = refused if request is None else self.get_response(request)
            response._handler_class = type(self)
            if response.streaming:
                close_old_connections()
            else:
                _close(response)
        except BaseException:
            connections.close_all()
            raise
        return response

    async def _send_stream(self, response: Any, receive: Any, send: Any) -> None:
        """Send a stream until it ends, its reader goes or the server does; its iterator is ended in each case."""
        sending = asyncio.create_task(self.send_response(response, send))
        leaving = asyncio.create_task(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            leaving.cancel()
            sent, _ = await asyncio.gather(sending, leaving, return_exceptions=True)
            await self._close_in_pool(response)
        if isinstance(sent, Exception) and not isinstance(sent, asyncio.CancelledError):
            raise sent


def _close(response: Any) -> None:
    """End a response; after a fault of the server its thread begins anew, for a cursor may have been left open."""
    response.close()
    if response.status_code >= SERVER_FAULT:
        connections.close_all()


def make_staff_handler() -> PooledHandler:
    """Return the handler of every page behind a sign-in."""
    return PooledHandler("page", settings.PAGE_THREADS)
