"""How requests reach pages: one thread from the first layer to the last, a connection that stays, streams that end."""

import asyncio
import threading
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path

from afterglow.web.handler import PooledHandler

pytestmark = pytest.mark.django_db(transaction=True)
seen: list[tuple[int, Any]] = []
ended: list[str] = []


def look(request: HttpRequest) -> HttpResponse:
    """Note the thread and its connection."""
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    seen.append((threading.get_ident(), connection.connection))
    return HttpResponse(request.body)


def fail(request: HttpRequest) -> HttpResponse:
    look(request)
    raise RuntimeError


async def count(request: HttpRequest) -> StreamingHttpResponse:
    async def follow() -> Any:
        try:
            yield "first"
            await asyncio.sleep(60)
        finally:
            ended.append("follow")

    return StreamingHttpResponse(follow())


urlpatterns = [path("look", look), path("fail", fail), path("count", count)]


class Middle:
    """A layer that notes its thread as the view does."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        look(request)
        return self.get_response(request)


@pytest.fixture
def handler() -> Any:
    seen.clear()
    ended.clear()
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[f"{__name__}.Middle"], ALLOWED_HOSTS=["*"]):
        made = PooledHandler("test", 1)
        yield made
        # the pool's one thread ends with its connection, so that the test database can be cleared
        asyncio.run(made._close_in_pool(HttpResponse(status=500)))


async def ask(
    handler: PooledHandler, url: str, body: bytes = b"", *, leaves_at: bytes = b"", begun: asyncio.Event | None = None
) -> tuple[int, bytes]:
    """Send one request; leave when the answer holds some bytes."""
    gone = asyncio.Event()
    coming = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if coming:
            return coming.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if begun and message.get("body"):
            begun.set()
        if leaves_at and leaves_at in message.get("body", b""):
            gone.set()

    scope = {"type": "http", "method": "POST", "path": url, "headers": [(b"host", b"here")], "query_string": b""}
    await asyncio.wait_for(handler(scope, receive, send), 10)
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent)


def test_layers_and_view_share_a_thread_that_keeps_its_connection(handler: PooledHandler) -> None:
    async def run() -> None:
        for _ in range(3):
            assert await ask(handler, "/look", b"what was sent") == (200, b"what was sent")

    asyncio.run(run())
    assert len(seen) == 6
    assert len({thread for thread, _ in seen}) == 1
    assert seen[0][0] != threading.get_ident()
    assert all(connection is seen[0][1] for _, connection in seen)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_after_a_fault_the_thread_takes_a_new_connection(handler: PooledHandler) -> None:
    async def run() -> list[int]:
        return [(await ask(handler, url))[0] for url in ("/look", "/fail", "/look")]

    assert asyncio.run(run()) == [200, 500, 200]
    assert seen[0][1] is seen[3][1]
    assert seen[3][1] is not seen[5][1]


def test_a_stream_ends_when_its_reader_goes_and_holds_no_thread_meanwhile(handler: PooledHandler) -> None:
    async def run() -> bytes:
        reading = asyncio.create_task(ask(handler, "/count", leaves_at=b"first"))
        # the pool has one thread: a page is answered beside the stream
        assert (await ask(handler, "/look"))[0] == 200
        return (await reading)[1]

    assert asyncio.run(run()) == b"first"
    assert ended == ["follow"]


def test_a_stream_ends_with_the_server(handler: PooledHandler) -> None:
    async def run() -> None:
        begun = asyncio.Event()
        reading = asyncio.create_task(ask(handler, "/count", begun=begun))
        await asyncio.wait_for(begun.wait(), 10)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    asyncio.run(run())
    assert ended == ["follow"]
