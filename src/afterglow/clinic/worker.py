"""The one process beside the server that works out populations: no database handle, a short queue, answers kept.

Single curves are quick enough for a request; what takes longer, or needs the compiled engine, is asked for here. A job
is a function of a pure room with plain data in and out, so that the same question always has the same answer.
"""

import multiprocessing
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as LateError
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any

from afterglow.clinic.errors import NotYet

PURE = ("afterglow.pharmacology", "afterglow.outcomes")
LONGEST_QUEUE = 8
KEPT = 256


def follow_server() -> None:
    """Let the process that was started end as soon as the server has ended, however it ended."""
    server = multiprocessing.parent_process()
    if server is not None:
        threading.Thread(target=_end_after, args=(server.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(0)


class Worker:
    """Asks one spawned process, started at the first question and again after it was lost.

    Parameters
    ----------
    longest_queue : int
        Questions that may wait or run at once; one more is refused rather than queued.
    rooms : tuple of str
        The packages whose functions may be asked.
    """

    def __init__(self, longest_queue: int = LONGEST_QUEUE, rooms: tuple[str, ...] = PURE) -> None:
        """Keep no process yet."""
        self._rooms = rooms
        self._lock = threading.RLock()  # a future that is done already calls back at once
        self._longest = longest_queue
        self._pool: ProcessPoolExecutor | None = None
        self._open: dict[Hashable, Future[Any]] = {}
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def ask(self, job: Callable[..., Any], *arguments: Hashable, timeout_s: float = 20.0) -> Any:
        """Return what a job answers; the same question is worked out once.

        Raises
        ------
        NotYet
            The queue is full, the answer is late, or the process was lost: the page says so and works without it.
        """
        if not job.__module__.startswith(self._rooms):
            raise TypeError(f"{job.__module__} is no pure room; the worker runs pure functions only")
        key = (job.__module__, job.__qualname__, arguments)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            future = self._open.get(key) or self._submit(key, job, arguments)
        try:
            answer = future.result(timeout=timeout_s)
        except LateError:
            raise NotYet("this is still being worked out; look again in a moment") from None
        except BrokenProcessPool:
            self._forget_process()
            raise NotYet("the calculation was interrupted; look again") from None
        self._keep(key, answer)
        return answer

    def close(self) -> None:
        """End the process; a later question starts another."""
        self._forget_process()

    def _submit(self, key: Hashable, job: Callable[..., Any], arguments: tuple[Hashable, ...]) -> Future[Any]:
        if len(self._open) >= self._longest:
            raise NotYet("too many calculations are waiting; look again in a moment")
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(max_workers=1, mp_context=context, initializer=follow_server)
        try:
            future = self._pool.submit(job, *arguments)
        except BrokenProcessPool:
            self._pool = None
            raise NotYet("the calculation was interrupted; look again") from None
        self._open[key] = future
        future.add_done_callback(lambda done: self._settle(key, done))
        return future

    def _settle(self, key: Hashable, done: Future[Any]) -> None:
        """Keep an answer that nobody waited for, so that whoever looks again finds it."""
        with self._lock:
            self._open.pop(key, None)
        if not done.cancelled() and done.exception() is None:
            self._keep(key, done.result())

    def _keep(self, key: Hashable, answer: Any) -> None:
        with self._lock:
            self._kept[key] = answer
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)

    def _forget_process(self) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
            self._open.clear()
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)


WORKER = Worker()
