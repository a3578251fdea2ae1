"""The live stream: replay, follow, beat, and an end instead of a loss. Real commits, real threads."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections, transaction

from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.live import stream as stream_module
from afterglow.clinic.live.hub import hub
from afterglow.clinic.live.listen import listen_forever
from afterglow.clinic.live.publish import LOOK_AGAIN, end_streams_of, publish_after_commit
from afterglow.clinic.live.stream import get_topic, render_frame, stream_session
from tests.storage_support import append, make_session

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def session() -> Session:
    with transaction.atomic():
        return make_session(events=3)


@pytest.fixture
def listening() -> Callable[[Awaitable[Any]], Any]:
    """Run a coroutine beside the listener that PostgreSQL needs and SQLite does not."""

    async def run_beside(coroutine: Awaitable[Any]) -> Any:
        if connection.vendor == "sqlite":
            return await coroutine
        task = asyncio.create_task(listen_forever())
        await asyncio.sleep(0.5)
        try:
            return await coroutine
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return lambda coroutine: asyncio.run(run_beside(coroutine))


@sync_to_async(thread_sensitive=False)
def commit(session_id: str, count: int = 1, *, fails: bool = False) -> None:
    try:
        with transaction.atomic():
            session = Session.objects.select_for_update().get(pk=session_id)
            append(session, count)
            publish_after_commit(get_topic(session_id), session.last_seq)
            if fails:
                raise InterruptedError
    except InterruptedError:
        pass
    finally:
        connections.close_all()


def parse(frame: str) -> dict[str, Any]:
    fields = dict(line.split(": ", 1) for line in frame.strip().split("\n"))
    return {**fields, "data": json.loads(fields["data"])} if "data" in fields else fields


async def take_events(frames: AsyncIterator[str], count: int) -> list[int]:
    """Return the next numbers of a stream; beats are passed over."""
    seqs: list[int] = []
    while len(seqs) < count:
        message = parse(await asyncio.wait_for(anext(frames), 5))
        if message.get("event") == "event":
            assert message["id"] == str(message["data"]["seq"])
            seqs.append(message["data"]["seq"])
    return seqs


def test_a_stream_replays_what_a_screen_missed_and_then_follows(
    session: Session, listening: Callable[[Awaitable[Any]], Any]
) -> None:
    async def run() -> tuple[list[int], list[int]]:
        frames = stream_session(session.pk, 1)
        replayed = await take_events(frames, 2)
        await commit(session.pk, 2)
        followed = await take_events(frames, 2)
        await frames.aclose()
        return replayed, followed

    assert listening(run()) == ([2, 3], [4, 5])
    assert hub.count() == 0


def test_a_stream_without_a_last_number_begins_at_the_present(
    session: Session, listening: Callable[[Awaitable[Any]], Any]
) -> None:
    async def run() -> list[int]:
        frames = stream_session(session.pk)
        assert parse(await anext(frames)) == {"retry": "2000"}
        assert parse(await anext(frames))["data"]["seq"] == 3
        await commit(session.pk)
        # told by a notice, long before the next look of a quiet stream
        seqs = await asyncio.wait_for(take_events(frames, 1), 1.5)
        await frames.aclose()
        return seqs

    assert listening(run()) == [4]


def test_a_number_from_the_future_or_below_one_is_not_believed(
    session: Session, listening: Callable[[Awaitable[Any]], Any]
) -> None:
    async def run(last: int) -> int:
        frames = stream_session(session.pk, last)
        await anext(frames)
        seq = parse(await anext(frames))["data"]["seq"]
        await frames.aclose()
        return int(seq)

    assert listening(run(999)) == 3
    assert listening(run(-5)) == 0


def test_two_screens_see_every_entry_once_and_in_order(
    session: Session, listening: Callable[[Awaitable[Any]], Any]
) -> None:
    async def run() -> list[list[int]]:
        streams = [stream_session(session.pk, 3) for _ in range(2)]
        listening = [asyncio.create_task(take_events(frames, 12)) for frames in streams]
        await asyncio.sleep(0.1)
        await asyncio.gather(*(commit(session.pk) for _ in range(12)))
        return await asyncio.gather(*listening)

    assert listening(run()) == [list(range(4, 16))] * 2


def test_a_transaction_that_fails_is_never_told(session: Session, listening: Callable[[Awaitable[Any]], Any]) -> None:
    async def run() -> list[int]:
        frames = stream_session(session.pk, 3)
        await commit(session.pk, fails=True)
        await commit(session.pk)
        seqs = await take_events(frames, 1)
        await frames.aclose()
        return seqs

    assert listening(run()) == [4]


def test_a_quiet_stream_beats_with_the_servers_time(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stream_module.BEAT_S == 2.0
    monkeypatch.setattr(stream_module, "BEAT_S", 0.05)

    async def run() -> list[dict[str, Any]]:
        frames = stream_session(session.pk, 3)
        await anext(frames)
        beats = [parse(await asyncio.wait_for(anext(frames), 2)) for _ in range(3)]
        await frames.aclose()
        return beats

    beats = asyncio.run(run())
    assert {beat["event"] for beat in beats} == {"beat"}
    assert {beat["data"]["seq"] for beat in beats} == {3}
    assert len({beat["data"]["now"] for beat in beats}) == 3


def test_a_stream_that_falls_behind_ends_so_that_the_screen_comes_back(
    session: Session, listening: Callable[[Awaitable[Any]], Any]
) -> None:
    async def run() -> bool:
        frames = stream_session(session.pk, 3)
        await anext(frames)
        await anext(frames)
        for n in range(80):
            hub.publish(get_topic(session.pk), 4 + n)
        async for _ in frames:
            await asyncio.sleep(0)
        return True

    assert listening(asyncio.wait_for(run(), 8))


def test_signing_out_ends_the_streams_of_that_sign_in_alone(
    session: Session, listening: Callable[[Awaitable[Any]], Any]
) -> None:
    async def run() -> tuple[int, int]:
        mine, other = (stream_session(session.pk, 3, owner=name) for name in ("mine", "other"))
        for frames in (mine, other):
            await anext(frames)
            await anext(frames)
        before = hub.count()
        await sync_to_async(end_streams_of, thread_sensitive=False)("mine")
        async for _ in mine:
            await asyncio.sleep(0)
        after = hub.count()
        await other.aclose()
        return before, after

    assert listening(asyncio.wait_for(run(), 8)) == (2, 1)


def test_text_cannot_break_out_of_a_message() -> None:
    frame = render_frame("event", {"text": "a\n\nid: 9\ndata: x\r\u2028"}, event_id=1)
    assert frame.count("\n\n") == 1
    assert parse(frame)["data"]["text"] == "a\n\nid: 9\ndata: x\r\u2028"


def test_a_screen_is_asked_to_look_again_when_a_text_went(
    session: Session, listening: Callable[[Awaitable[Any]], Any]
) -> None:
    async def run() -> dict[str, Any]:
        frames = stream_session(session.pk, 3)
        await anext(frames)
        await anext(frames)
        tell = sync_to_async(publish_after_commit, thread_sensitive=False)
        await tell(get_topic(session.pk), LOOK_AGAIN)
        message = parse(await asyncio.wait_for(anext(frames), 1.5))
        await frames.aclose()
        return message

    assert listening(run())["event"] == "refresh"


def test_more_events_than_one_look_holds_are_all_sent(
    session: Session, listening: Callable[[Awaitable[Any]], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "PAGE", 2)

    async def run() -> list[int]:
        await commit(session.pk, 5)
        frames = stream_session(session.pk, 0)
        seqs = await asyncio.wait_for(take_events(frames, 8), 1.5)
        await frames.aclose()
        return seqs

    assert listening(run()) == list(range(1, 9))
