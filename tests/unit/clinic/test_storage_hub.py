"""The in-process hub: who is told, and that a full queue ends a stream."""

import asyncio
import threading

from afterglow.clinic.live.hub import QUEUE_SIZE, Hub


def test_a_stream_hears_its_topic_alone() -> None:
    async def run() -> tuple[int, bool]:
        hub = Hub()
        with hub.subscribe("session:a") as mine, hub.subscribe("session:b") as other:
            hub.publish("session:a", 7)
            heard = await asyncio.wait_for(mine.queue.get(), 1)
            return heard, other.queue.empty()

    assert asyncio.run(run()) == (7, True)


def test_another_thread_can_publish() -> None:
    async def run() -> list[int]:
        hub = Hub()
        with hub.subscribe("session:a") as mine:
            threads = [threading.Thread(target=hub.publish, args=("session:a", n)) for n in range(1, 6)]
            for thread in threads:
                thread.start()
            return [await asyncio.wait_for(mine.queue.get(), 1) for _ in threads]

    assert sorted(asyncio.run(run())) == [1, 2, 3, 4, 5]


def test_a_full_queue_ends_the_stream_and_drops_nothing_before_that() -> None:
    async def run() -> tuple[bool, bool, int]:
        hub = Hub()
        with hub.subscribe("session:a") as mine:
            for n in range(QUEUE_SIZE):
                hub.publish("session:a", n)
            await asyncio.sleep(0)
            before = mine.ended.is_set()
            hub.publish("session:a", QUEUE_SIZE)
            await asyncio.sleep(0)
            return before, mine.ended.is_set(), mine.queue.qsize()

    assert asyncio.run(run()) == (False, True, QUEUE_SIZE)


def test_a_sign_in_that_ends_takes_its_streams_with_it() -> None:
    async def run() -> tuple[bool, bool]:
        hub = Hub()
        with hub.subscribe("session:a", "anna") as hers, hub.subscribe("session:a", "ben") as his:
            hub.end_streams("anna")
            await asyncio.sleep(0)
            return hers.ended.is_set(), his.ended.is_set()

    assert asyncio.run(run()) == (True, False)


def test_a_closed_stream_is_forgotten() -> None:
    async def run() -> int:
        hub = Hub()
        with hub.subscribe("session:a"):
            pass
        hub.publish("session:a", 1)
        return hub.count()

    assert asyncio.run(run()) == 0
