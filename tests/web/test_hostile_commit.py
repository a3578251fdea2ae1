"""What only committed rows show: live streams and their end, and several requests at the same instant."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection

from afterglow.clinic.dosing_sessions.models import SessionEvent
from afterglow.clinic.people.models import PractitionerRole
from afterglow.web.sessions import stream
from tests.web.security_support import PRINCIPALS, build_house, count_stored
from tests.web.test_hostile_commands import NOTE
from tests.web.test_hostile_commands import send as send_command
from tests.web.test_permission_matrix import ROUTES, STREAMS, describe, prepare


@pytest.mark.django_db(transaction=True)
def test_the_live_stream_is_opened_for_those_who_may_see_the_session_only() -> None:
    house = build_house()
    wrong = {}
    for name, row in product(sorted(STREAMS), ("GET", "POST")):
        for principal, expected in zip(PRINCIPALS, ROUTES[name][row].split(), strict=True):
            response = prepare(house, name, row).send(house, principal)
            if describe(response) != expected or (expected == "200") != response.streaming:
                wrong[name, row, principal] = f"{describe(response)} instead of {expected}"
            if row == "GET" and expected == "404":
                nowhere = prepare(house, name, row).send(house, principal, is_hidden=True)
                assert (nowhere.status_code, nowhere.content) == (404, response.content)
            response.close()
    assert wrong == {}


@pytest.mark.django_db(transaction=True)
def test_a_stream_ends_when_the_permission_does(monkeypatch: pytest.MonkeyPatch) -> None:
    house = build_house()
    user = house.users["nurse"]
    monkeypatch.setattr(stream, "CHECK_EVERY_S", 0.0)

    async def read() -> list[str]:
        frames = []
        async for frame in stream.follow(user.pk, house.session.pk, 0, "somebody"):
            frames.append(frame)
            if len(frames) == 1:
                await sync_to_async(PractitionerRole.objects.filter(user=user).delete)()
            assert len(frames) < 20, "the stream goes on for a person who may no longer look"
        return frames

    assert len(async_to_sync(read)()) == 1


@pytest.mark.django_db(transaction=True)
def test_one_entry_sent_by_several_requests_at_once_is_stored_once() -> None:
    house = build_house()
    body = {**NOTE, "request_key": "one-tap"}

    def tap(_: int) -> tuple[int, Any]:
        try:
            response = send_command(house, body, "nurse")
            return response.status_code, response.json().get("stored", {}).get("seq")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(tap, range(4)))
    assert {status for status, _ in answers} == {200}, answers
    assert len({seq for _, seq in answers}) == 1
    assert SessionEvent.objects.filter(session=house.session, type="note-recorded").count() == 1
    assert count_stored()["dosing_sessions.commandreceipt"] == 1
