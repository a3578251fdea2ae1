"""Predictions without another process: the same pure jobs are asked in this one, or nothing answers."""

from collections.abc import Iterator
from typing import Any

import pytest

from afterglow.clinic.errors import GaveUp, NotYet
from afterglow.web.predictions import asking, session
from tests import factories


class Answering:
    """Stands for the worker: answers at once, keeps what it was asked, or is late."""

    def __init__(self) -> None:
        """Answer until told otherwise."""
        self.is_late = self.is_broken = False
        self.asked: list[str] = []

    def ask(self, job: Any, text: str, timeout_s: float = 0) -> Any:
        """Answer like the worker."""
        self.asked.append(text)
        if self.is_late:
            raise NotYet("late")
        if self.is_broken:
            raise GaveUp("took-too-long", "stopped")
        return job(text)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    answering = Answering()
    monkeypatch.setattr(asking, "PLANS", answering)
    monkeypatch.setattr(asking, "CHAIRSIDE", answering)
    session._kept.clear()
    yield answering
    session._kept.clear()


@pytest.fixture
def cast(db: None) -> factories.Cast:
    return factories.make_cast()
