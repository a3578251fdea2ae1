"""One spawned process that runs one function after the other, and the pipe to it; for a single thread at a time."""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Hashable
from multiprocessing.connection import Connection, wait
from typing import Any

LOG = logging.getLogger(__name__)
STARTED_WITHIN_S = 60.0
ENDED_WITHIN_S = 5.0


class Lost(Exception):
    """The process ended before it answered."""


class Exceeded(Exception):
    """The function ran longer than it may; its process was ended."""


class Failed(Exception):
    """The function raised an error, or its question or answer cannot be handed over; the text is the error's kind."""


class WorkerProcess:
    """A process that is started when something is asked of it, and ended for good by `end`."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._lock = threading.Lock()
        self._is_ended = False
        self._process: Any = None
        self._pipe: Connection | None = None

    def run(self, job: Callable[..., Any], arguments: tuple[Hashable, ...], limit_s: float) -> Any:
        """Return what a function answers.

        Raises
        ------
        Lost
            The process was ended or died meanwhile.
        Exceeded
            The function took longer than `limit_s`; starting a process does not count.
        Failed
            The function raised an error.
        """
        pipe = self._reach()
        try:
            pipe.send((job, arguments))
        except OSError:
            self._drop()
            raise Lost from None
        except Exception as error:  # noqa: BLE001 - whatever a question holds that cannot be handed over
            raise Failed(type(error).__name__) from None
        answer = self._receive(pipe, limit_s)
        if answer is None:
            self._drop()
            raise Exceeded
        is_good, content = answer
        if not is_good:
            LOG.error("a job of the worker failed: %s in %s.%s", content, job.__module__, job.__qualname__)
            raise Failed(content)
        return content

    def end(self) -> None:
        """End the process, whatever it does; it is not started again."""
        with self._lock:
            self._is_ended = True
            process = self._process
        if process is not None:
            _kill(process)

    def _reach(self) -> Connection:
        """Return the pipe of a process that is alive and ready, a new one where the last has died."""
        if self._pipe is not None and self._process.is_alive():
            return self._pipe
        self._drop()
        context = multiprocessing.get_context("spawn")
        pipe, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs,), daemon=True)
        with self._lock:
            if self._is_ended:
                raise Lost
            process.start()
            self._process, self._pipe = process, pipe
        theirs.close()
        if self._receive(pipe, STARTED_WITHIN_S) is None:
            self._drop()
            raise Lost
        return pipe

    def _receive(self, pipe: Connection, limit_s: float) -> Any:
        """Return the next message, or None when it is late."""
        try:
            return pipe.recv() if pipe.poll(limit_s) else None
        except (OSError, EOFError):
            self._drop()
            raise Lost from None

    def _drop(self) -> None:
        """Forget the process with whatever it may still write."""
        with self._lock:
            process, pipe = self._process, self._pipe
            self._process = self._pipe = None
        if pipe is not None:
            pipe.close()
        if process is not None:
            _kill(process)


def serve(pipe: Connection) -> None:
    """Answer questions until the pipe closes; what ends the server, such as Ctrl-C, is not for this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    follow_server()
    pipe.send((True, None))
    while True:
        try:
            job, arguments = pipe.recv()
        except (OSError, EOFError):
            return
        except Exception as error:  # noqa: BLE001 - what cannot be read is answered like what cannot be worked out
            pipe.send((False, type(error).__name__))
            continue
        try:
            answer = (True, job(*arguments))
        except Exception as error:  # noqa: BLE001 - an error's text may hold parts of the question, its kind does not
            answer = (False, type(error).__name__)
        try:
            pipe.send(answer)
        except OSError:
            return
        except Exception as error:  # noqa: BLE001 - an answer that is no plain data
            pipe.send((False, type(error).__name__))


def follow_server() -> None:
    """Let the process that was started end as soon as the server has ended, however it ended."""
    server = multiprocessing.parent_process()
    if server is not None:
        threading.Thread(target=_end_after, args=(server.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(0)


def _kill(process: Any) -> None:
    process.kill()
    process.join(ENDED_WITHIN_S)
