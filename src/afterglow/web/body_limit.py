"""How much one request may carry: a larger body is answered before it is read, or as soon as it is found to be larger.

Django keeps its own, lower limits for forms; this one holds for every address and every kind of body, before anybody
has signed in.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

LARGEST_BODY = 20 * 1024 * 1024

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class BodyTooLarge(Exception):
    """More was sent than a request may carry."""


async def answer_within_limit(application: Application, scope: Scope, receive: Receive, send: Send) -> None:
    """Let the application answer a request; answer 413 in its place when the body is too large.

    The length that the request declares is believed when it is too much, never when it is little: what comes is
    counted. After a 413 the connection is closed, so that the rest is not read.
    """
    if scope["type"] != "http":
        await application(scope, receive, send)
        return
    if _read_length(scope) > LARGEST_BODY:
        await _refuse(scope, send)
        return
    read, has_started = 0, False

    async def receive_counted() -> Any:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > LARGEST_BODY:
            raise BodyTooLarge
        return message

    async def send_noted(message: Any) -> None:
        nonlocal has_started
        has_started = True
        await send(message)

    try:
        await application(scope, receive_counted, send_noted)
    except BodyTooLarge:
        if has_started:
            raise
        await _refuse(scope, send)


def _read_length(scope: Scope) -> int:
    text = dict(scope["headers"]).get(b"content-length", b"")
    return int(text) if text.isdigit() and len(text) < 30 else 0


async def _refuse(scope: Scope, send: Send) -> None:
    message = f"A request may carry at most {LARGEST_BODY // 1024 // 1024} MB."
    kind, body = b"text/plain; charset=utf-8", message.encode()
    if dict(scope["headers"]).get(b"content-type", b"").startswith(b"application/json"):
        problem = {"path": "", "code": "body-too-large", "severity": "error", "value": None, "message": message}
        kind = b"application/json"
        body = json.dumps({"problems": [problem | {"accepted": f"{LARGEST_BODY} bytes"}]}).encode()
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
