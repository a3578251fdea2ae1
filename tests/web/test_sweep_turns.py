"""The sweep beside the pages: short turns with rests, a part that fails alone, what is left to the next round."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from afterglow.clinic.tasks import chores, sweeping
from afterglow.clinic.tasks.models import Task
from afterglow.clinic.ticker import LEASE_TIME, LONGEST_RESTS_S, RENEW_BEFORE, rest_between
from tests import factories


def count_to(number: int, seen: list[str], name: str, takes_s: float = 0.0) -> Iterator[None]:
    for _ in range(number):
        time.sleep(takes_s)
        seen.append(name)
        yield None


def fail() -> Iterator[None]:
    yield None
    raise RuntimeError("broken")


def test_parts_take_turns_and_one_that_fails_keeps_no_other_waiting(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []
    parts: Any = deque([count_to(2, seen, "a"), fail(), count_to(3, seen, "b")])
    chores.take_turn(parts, turn_s=10.0)
    assert seen == ["a", "b", "a", "b", "b"]
    assert not parts
    assert "a part of the sweep failed" in caplog.text


def test_a_turn_ends_when_its_time_is_over_and_does_one_piece_at_least() -> None:
    seen: list[str] = []
    parts: Any = deque([count_to(5, seen, "a", takes_s=0.03)])
    assert chores.take_turn(parts, turn_s=0.0) == 1
    assert (seen, len(parts)) == (["a"], 1)
    assert chores.take_turn(parts, turn_s=0.05) == 2


def test_the_ticker_rests_between_sessions_but_never_for_long() -> None:
    def tick(number: int, takes_s: float) -> Iterator[bool]:
        for place in range(number):
            time.sleep(takes_s)
            yield place == 0

    began = time.monotonic()
    assert rest_between(tick(4, 0.01)) == 1
    assert time.monotonic() - began > 4 * 0.01 * 4
    began = time.monotonic()
    rest_between(tick(3, 0.3))
    assert time.monotonic() - began < 3 * 0.3 + 2 * LONGEST_RESTS_S


def sweep_beside(parts: list[Iterator[Any]], monkeypatch: pytest.MonkeyPatch, **changes: Any) -> bool:
    monkeypatch.setattr(sweeping, "list_parts", lambda **_: parts)
    return asyncio.run(chores.sweep_in_turns(**changes))


def test_the_sweep_rests_longer_than_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    assert sweep_beside([count_to(8, [], "a", takes_s=0.02)], monkeypatch)
    assert time.monotonic() - began > 8 * 0.02 * 3


def test_a_sweep_that_is_not_done_in_time_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    assert not sweep_beside([count_to(1000, seen, "a", takes_s=0.01)], monkeypatch, limit_s=0.1)
    assert 0 < len(seen) < 20


def test_a_round_ends_before_the_lease_that_covers_it() -> None:
    assert chores.SWEEP_FOR_S + chores.TURN_S < RENEW_BEFORE.total_seconds() < LEASE_TIME.total_seconds()


@pytest.mark.django_db(transaction=True)
def test_the_server_opens_what_is_due_in_turns_each_once_and_rests_outside_transactions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with transaction.atomic():
        cast = factories.make_cast()
        plans = [factories.make_plan(cast) for _ in range(2)]
    now = timezone.now()
    for plan in plans:
        plan.patient.consents.update(expires_on=(now + timedelta(days=3)).date())
    asyncio.run(chores.sweep_in_turns(limit_s=0.0, rest=0.0))
    assert not Task.objects.filter(kind="consent-expiring").exists(), "no time, no work"
    states: list[bool] = []
    real = chores.take_turn

    def take_one(parts: Any) -> int:
        count = real(parts, turn_s=0.0)
        states.append(connections["default"].in_atomic_block)
        return count

    monkeypatch.setattr(chores, "take_turn", take_one)
    for _ in range(2):
        assert asyncio.run(chores.sweep_in_turns(limit_s=60.0, rest=0.1))
    assert len(states) > 2 * 13
    assert not any(states)
    opened = Task.objects.filter(kind="consent-expiring", state="open")
    assert sorted(opened.values_list("patient", flat=True)) == sorted(plan.patient_id for plan in plans)
