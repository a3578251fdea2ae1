"""The in-process hub: topics, and a small queue for each open stream.

A full queue ends its stream: the browser comes back and replays, so that nothing is dropped in silence.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

QUEUE_SIZE = 64


@dataclass(slots=True, eq=False)
class Subscription:
    """One open stream: what it waits for, and how it is told."""

    topic: str
    loop: asyncio.AbstractEventLoop
    owner: str = ""
    queue: "asyncio.Queue[int]" = field(default_factory=lambda: asyncio.Queue(QUEUE_SIZE))
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, seq: int) -> None:
        """Put a number into the queue, or end the stream when there is no room (runs in the stream's loop)."""
        try:
            self.queue.put_nowait(seq)
        except asyncio.QueueFull:
            self.ended.set()


class Hub:
    """Carries "topic has reached number" to every open stream of this process."""

    def __init__(self) -> None:
        """Begin without streams."""
        self._lock = threading.Lock()
        self._topics: dict[str, set[Subscription]] = defaultdict(set)
        self._counts: dict[str, int] = defaultdict(int)
        self._all = 0

    @contextmanager
    def subscribe(self, topic: str, owner: str = "") -> Iterator[Subscription]:
        """Take part in a topic for as long as the block runs; must be entered inside an event loop."""
        subscription = Subscription(topic, asyncio.get_running_loop(), owner)
        with self._lock:
            self._topics[topic].add(subscription)
        try:
            yield subscription
        finally:
            with self._lock:
                self._topics[topic].discard(subscription)
                if not self._topics[topic]:
                    del self._topics[topic]

    def publish(self, topic: str, seq: int) -> None:
        """Tell every stream of a topic; may be called from any thread."""
        with self._lock:
            self._counts[topic] += 1
            listening = list(self._topics.get(topic, ()))
        for subscription in listening:
            _call(subscription, lambda s=subscription: s.offer(seq))

    def note(self, topic: str) -> None:
        """Count that a topic is about to change, so that what this process keeps of it is not used any more."""
        with self._lock:
            self._counts[topic] += 1

    def count_news(self, topic: str) -> tuple[int, int]:
        """Return how often this process was told of a topic, and to look at everything again: the same while quiet."""
        with self._lock:
            return self._counts.get(topic, 0), self._all

    def publish_all(self, seq: int = 0) -> None:
        """Tell every stream to look again, as after a lost connection to the database."""
        with self._lock:
            self._all += 1
            topics = list(self._topics)
        for topic in topics:
            self.publish(topic, seq)

    def end_streams(self, owner: str) -> None:
        """End every stream that a sign-in holds open, as when it signs out."""
        with self._lock:
            theirs = [s for group in self._topics.values() for s in group if owner and s.owner == owner]
        for subscription in theirs:
            _call(subscription, subscription.ended.set)

    def count(self) -> int:
        """Return how many streams are open."""
        with self._lock:
            return sum(len(group) for group in self._topics.values())


def _call(subscription: Subscription, function) -> None:  # type: ignore[no-untyped-def]
    try:
        subscription.loop.call_soon_threadsafe(function)
    except RuntimeError:  # the loop has closed; its stream is gone with it
        return


hub = Hub()
