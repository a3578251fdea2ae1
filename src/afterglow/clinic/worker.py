"""The processes beside the server that work out populations: no database handle, a short queue each, answers kept.

Single curves are quick enough for a request; what takes longer, or needs the compiled engine, is asked for here. A job
is a function of a pure room with plain data in and out, so that the same question always has the same answer. The
chairside has a process of its own: whatever a plan asks for, the band of a running session never waits behind it.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass, field
from typing import Any

from afterglow.clinic.errors import GaveUp, NotYet
from afterglow.clinic.worker_process import Exceeded, Failed, Lost, WorkerProcess

PURE = ("afterglow.pharmacology", "afterglow.outcomes")
LONGEST_QUEUE = 8
KEPT = 256
CHAIRSIDE_LIMIT_S, PLANS_LIMIT_S = 20.0, 60.0
# a question that was given up is not begun again before this: a page that looks again would keep the process busy
AGAIN_AFTER_S = 300.0


@dataclass(slots=True)
class _Task:
    """A question under way, and whoever waits for it."""

    key: Hashable
    job: Callable[..., Any]
    arguments: tuple[Hashable, ...]
    future: Future[Any] = field(default_factory=Future)


class _Runner:
    """One thread and its process; it takes a worker's questions until the worker has another runner.

    Nobody else reads from the process, and a process that was given up is never read again: an answer cannot reach
    another question than its own.
    """

    def __init__(self, worker: "Worker") -> None:
        self.process = WorkerProcess()
        self._thread = threading.Thread(target=self._work, args=(worker,), name="afterglow-worker", daemon=True)
        self._thread.start()

    def _work(self, worker: "Worker") -> None:
        while (task := worker.take(self)) is not None:
            try:
                answer = self.process.run(task.job, task.arguments, worker.limit_s)
            except (Exceeded, Failed, Lost) as error:
                worker.settle(task, error=error)
            else:
                worker.settle(task, answer=answer)
        self.process.end()


class Worker:
    """Asks one spawned process, started at the first question and again after it was lost.

    Parameters
    ----------
    longest_queue : int
        Questions that may wait or run at once; one more is refused rather than queued.
    rooms : tuple of str
        The packages whose functions may be asked.
    limit_s : float, s
        How long one question may run; then its process is replaced and the question is given up.
    clock : callable
        Seconds that only go forward.
    """

    def __init__(
        self,
        longest_queue: int = LONGEST_QUEUE,
        rooms: tuple[str, ...] = PURE,
        limit_s: float = PLANS_LIMIT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep no process yet."""
        self.limit_s = limit_s
        self._rooms, self._longest, self._clock = rooms, longest_queue, clock
        self._changed = threading.Condition(threading.RLock())
        self._runner: _Runner | None = None
        self._waiting: deque[_Task] = deque()
        self._open: dict[Hashable, _Task] = {}
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._given_up: OrderedDict[Hashable, tuple[float, GaveUp]] = OrderedDict()

    def ask(self, job: Callable[..., Any], *arguments: Hashable, timeout_s: float = 20.0) -> Any:
        """Return what a job answers; the same question is worked out once.

        Raises
        ------
        NotYet
            The queue is full, the answer is late, or the process was lost: the page says so and works without it.
        GaveUp
            The question ran longer than it may, or cannot be worked out; it is not begun again for a while.
        """
        if not job.__module__.startswith(self._rooms):
            raise TypeError(f"{job.__module__} is no pure room; the worker runs pure functions only")
        key = (job.__module__, job.__qualname__, arguments)
        with self._changed:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            self._refuse_given_up(key)
            task = self._open.get(key) or self._submit(_Task(key, job, arguments))
        try:
            return task.future.result(timeout=timeout_s)
        except LateError:
            raise NotYet("this is still being worked out; look again in a moment") from None
        except Lost:
            raise NotYet("the calculation was interrupted; look again") from None
        except (Exceeded, Failed) as error:
            raise self._describe(error) from None

    def close(self) -> None:
        """End the process and what waits for it; a later question starts another."""
        with self._changed:
            runner, self._runner = self._runner, None
            waiting, self._waiting = list(self._waiting), deque()
            self._changed.notify_all()
        if runner is not None:
            runner.process.end()
        for task in waiting:
            self.settle(task, error=Lost())

    def take(self, runner: _Runner) -> _Task | None:
        """Return a runner's next question, or None once another runner has its place."""
        with self._changed:
            while self._runner is runner and not self._waiting:
                self._changed.wait()
            return self._waiting.popleft() if self._runner is runner else None

    def settle(self, task: _Task, *, answer: Any = None, error: Exception | None = None) -> None:
        """Keep an answer, or why there is none, so that whoever looks again finds it; then wake who waits."""
        with self._changed:
            if self._open.get(task.key) is task:
                del self._open[task.key]
            if error is None:
                _keep(self._kept, task.key, answer)
            elif isinstance(error, Exceeded | Failed):
                _keep(self._given_up, task.key, (self._clock(), self._describe(error)))
        if error is None:
            task.future.set_result(answer)
        else:
            task.future.set_exception(error)

    def _submit(self, task: _Task) -> _Task:
        if len(self._open) >= self._longest:
            raise NotYet("too many calculations are waiting; look again in a moment")
        self._open[task.key] = task
        self._waiting.append(task)
        if self._runner is None:
            self._runner = _Runner(self)
        self._changed.notify_all()
        return task

    def _refuse_given_up(self, key: Hashable) -> None:
        if key not in self._given_up:
            return
        at, error = self._given_up[key]
        if self._clock() - at < AGAIN_AFTER_S:
            raise GaveUp(error.code, str(error))
        del self._given_up[key]

    def _describe(self, error: Exception) -> GaveUp:
        if isinstance(error, Exceeded):
            return GaveUp("took-too-long", f"this took longer than {self.limit_s:g} s and was stopped")
        return GaveUp("calculation-failed", "this cannot be worked out here")


def _keep(kept: OrderedDict[Hashable, Any], key: Hashable, value: Any) -> None:
    kept[key] = value
    while len(kept) > KEPT:
        kept.popitem(last=False)


PLANS = Worker()
CHAIRSIDE = Worker(limit_s=CHAIRSIDE_LIMIT_S)
