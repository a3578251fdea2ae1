"""Jobs for the tests of the worker process."""

import os
import random
import sys
import threading
import time


def describe_process() -> tuple[int, bool]:
    """Return the process and whether the clinic's framework is loaded in it."""
    return os.getpid(), "django" in sys.modules


def draw_number(_question: int) -> float:
    """Return another number at each run."""
    return random.SystemRandom().random()


def wait_for(seconds: float) -> float:
    """Take a while."""
    time.sleep(seconds)
    return seconds


def die() -> None:
    """End the process under the caller."""
    os._exit(1)


def die_after_answering() -> int:
    """Answer, and end the process a moment later."""
    threading.Timer(0.05, os._exit, [1]).start()
    return os.getpid()


def fail(question: str) -> None:
    """Raise an error that carries the question."""
    raise ValueError(question)


def answer_a_function() -> object:
    """Answer with what cannot be handed over."""
    return lambda: None
