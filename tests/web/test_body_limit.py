"""What one request may carry: 20 MB, whatever it says of its length and whoever sends it."""

import asyncio
import json
from typing import Any

import pytest

from afterglow.web.body_limit import LARGEST_BODY, BodyTooLarge, answer_within_limit

MEGABYTE = 1024 * 1024
OK, TOO_LARGE = 200, 413


class Caller:
    """A client that sends parts of one megabyte and counts those that were taken."""

    def __init__(self, parts: int, length: str | None, kind: str = "text/plain") -> None:
        headers = [(b"content-type", kind.encode())]
        headers += [] if length is None else [(b"content-length", length.encode())]
        self.scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
        self.left, self.taken = parts, 0
        self.answers: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        self.left, self.taken = self.left - 1, self.taken + 1
        return {"type": "http.request", "body": bytes(MEGABYTE), "more_body": self.left > 0}

    async def send(self, message: dict[str, Any]) -> None:
        self.answers.append(message)

    @property
    def status(self) -> int:
        return int(self.answers[0]["status"])


async def swallow(scope: Any, receive: Any, send: Any) -> None:
    """An application that reads everything and says that it is well."""
    while (await receive())["more_body"]:
        pass
    await send({"type": "http.response.start", "status": OK, "headers": []})
    await send({"type": "http.response.body", "body": b"well"})


def call(parts: int, length: str | None, kind: str = "text/plain") -> Caller:
    caller = Caller(parts, length, kind)
    asyncio.run(answer_within_limit(swallow, caller.scope, caller.receive, caller.send))
    return caller


@pytest.mark.parametrize(
    ("parts", "length", "status", "taken"),
    [
        (20, str(LARGEST_BODY), OK, 20),
        (20, None, OK, 20),
        (20, "x", OK, 20),
        # said beforehand: nothing is read
        (150, str(150 * MEGABYTE), TOO_LARGE, 0),
        (21, str(LARGEST_BODY + 1), TOO_LARGE, 0),
        # not said, or said wrongly: counted
        (150, None, TOO_LARGE, 21),
        (150, "5", TOO_LARGE, 21),
        (150, "9" * 40, TOO_LARGE, 21),
    ],
)
def test_a_body_is_taken_up_to_the_limit(parts: int, length: str | None, status: int, taken: int) -> None:
    caller = call(parts, length)
    assert (caller.status, caller.taken) == (status, taken)
    assert len(caller.answers) == 2


def test_a_script_gets_a_problem_and_the_connection_ends() -> None:
    caller = call(1, str(10**9), "application/json")
    headers = dict(caller.answers[0]["headers"])
    assert (headers[b"connection"], headers[b"content-type"]) == (b"close", b"application/json")
    (problem,) = json.loads(caller.answers[1]["body"])["problems"]
    assert (problem["code"], problem["severity"]) == ("body-too-large", "error")


def test_a_limit_found_after_the_answer_began_ends_it() -> None:
    caller = Caller(150, None)

    async def answer_first(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": OK, "headers": []})
        await swallow(scope, receive, send)

    with pytest.raises(BodyTooLarge):
        asyncio.run(answer_within_limit(answer_first, caller.scope, caller.receive, caller.send))
    assert [answer["type"] for answer in caller.answers] == ["http.response.start"]
