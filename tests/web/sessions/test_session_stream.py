"""The session's stream at its door: who may open it, where it begins, and that a lost permission ends it."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import AsyncRequestFactory

from afterglow.clinic.people.models import PractitionerRole
from afterglow.web.sessions import stream
from tests.web.sessions.session_support import Cast

pytestmark = pytest.mark.django_db(transaction=True)


def open_as(user: object, cast: Cast, **extra: object) -> object:
    """Return the answer to opening the stream as a user."""
    import asyncio

    request = AsyncRequestFactory().get(cast.url("session-stream"), **extra)

    async def get_user() -> object:
        return user

    request.auser = get_user
    request.session = type("Kept", (), {"session_key": "s"})()
    return asyncio.run(stream.stream(request, cast.session.pk))


def test_a_reader_may_open_it_and_a_stranger_may_not() -> None:
    cast = Cast()
    answer = open_as(cast.therapist, cast)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream")  # type: ignore[attr-defined]
    assert answer.headers["Cache-Control"] == "no-store"  # type: ignore[attr-defined]
    assert open_as(cast.stranger, cast).status_code == 404  # type: ignore[attr-defined]
    assert open_as(cast.manager, cast).status_code == 404  # type: ignore[attr-defined]
    assert open_as(AnonymousUser(), cast).status_code == 401  # type: ignore[attr-defined]


def test_a_lost_role_ends_the_stream_at_the_next_check(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    cast = Cast()
    monkeypatch.setattr(stream, "CHECK_EVERY_S", -1.0)

    async def frames(session_id: str, last_id: int | None, *, owner: str) -> object:
        for number in range(3):
            yield f"frame {number}"

    monkeypatch.setattr(stream, "stream_session", frames)

    async def collect() -> list[str]:
        return [frame async for frame in stream.follow(cast.nurse.pk, cast.session.pk, None, "s")]

    assert asyncio.run(collect()) == ["frame 0", "frame 1", "frame 2"]
    PractitionerRole.objects.filter(user=cast.nurse).delete()
    assert asyncio.run(collect()) == []


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("", None), ("-3", None), ("x", None), ("9" * 12, None)])
def test_only_a_plain_number_says_what_the_screen_has(text: str, number: int | None) -> None:
    request = AsyncRequestFactory().get("/x", headers={"Last-Event-ID": text})
    assert stream.read_last_id(request) == number
