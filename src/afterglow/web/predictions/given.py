"""What was given in a session, as a prediction takes it: pieces of infusion, injections, devices, from recorded events.

The answer depends on what was recorded and not on the clock, so that it stays the same until the next entry. What
runs goes on at the rate recorded last until its bag is empty; a pause lasts until somebody records its end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from afterglow.chairside.dosing import Stretch, find_start, list_stretches
from afterglow.chairside.orders import Preparation, find_order, read_preparation
from afterglow.chairside.state import SessionState
from afterglow.protocols.model import Pattern, Protocol

FAR = timedelta(hours=24)
LEAST_S = 1.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of infusion in minutes from the start, and its mg."""

    start_min: float
    duration_min: float
    amount_mg: float

    def to_payload(self) -> dict[str, Any]:
        """Return it as the worker takes it."""
        return {
            "kind": "start",
            "at_min": self.start_min,
            "duration_min": self.duration_min,
            "amount_mg": self.amount_mg,
        }


def list_given(state: SessionState, protocol: Protocol) -> list[dict[str, Any]]:
    """Return the events of the prediction, empty before the first drug or where no amount can be worked out."""
    started = find_start(state)
    if started is None:
        return []
    if protocol.pattern is Pattern.DEVICES:
        counted = [event for event in state.list("device-given") if event.data["outcome"] != "failed"]
        return [{"kind": "device", "at_min": _count_minutes(started, event.occurred_at)} for event in counted]
    if protocol.pattern is not Pattern.INFUSION:
        return [
            {
                "kind": "dose",
                "at_min": _count_minutes(started, event.occurred_at),
                "amount_mg": float(event.data["dose_mg"]),
            }
            for event in state.list("injection-given")
        ]
    return [piece.to_payload() for piece in _list_pieces(state, started)]


def _list_pieces(state: SessionState, started: datetime) -> Iterator[Piece]:
    """Yield what ran, bag by bag, each never more than it holds."""
    left: dict[int, Decimal] = {}
    for stretch, bag in _list_running(state, started + FAR):
        speed = _find_speed(state, stretch, bag)
        if speed is None or speed.mg_per_h <= 0:
            continue
        seconds = Decimal(str((stretch.end - stretch.start).total_seconds()))
        holds = left.get(speed.bag, speed.holds_mg)
        mg = min(speed.mg_per_h * seconds / 3600, holds)
        left[speed.bag] = holds - mg
        ran_s = float(mg / speed.mg_per_h * 3600)
        if ran_s >= LEAST_S:
            yield Piece(_count_minutes(started, stretch.start), ran_s / 60, float(mg))


@dataclass(frozen=True, slots=True)
class _Speed:
    bag: int
    mg_per_h: Decimal
    holds_mg: Decimal


def _find_speed(state: SessionState, stretch: Stretch, bag: Preparation | None) -> _Speed | None:
    """Return mg per hour from the bag's strength and the rate, else from the order and its minutes."""
    if stretch.rate_ml_per_h <= 0:
        # a pump set to nothing gives nothing, whatever the order says
        return None
    if bag is not None and bag.bag_mg_per_ml and bag.total_ml:
        return _Speed(bag.seq, stretch.rate_ml_per_h * bag.bag_mg_per_ml, bag.total_ml * bag.bag_mg_per_ml)
    order = find_order(state)
    if order is None or not order.duration_min:
        return None
    return _Speed(0, order.ordered_mg * 60 / order.duration_min, order.ordered_mg)


def _list_running(state: SessionState, until: datetime) -> Iterator[tuple[Stretch, Preparation | None]]:
    """Yield each stretch that ran, with the bag that hung: the one that was ready when the pump started or resumed."""
    prepared = state.list("preparation-recorded")
    hung = None
    was_running = False
    for stretch in list_stretches(state, until):
        if not stretch.is_pause and not was_running:
            ready = [event for event in prepared if event.occurred_at <= stretch.start]
            hung = ready[-1] if ready else (hung or (prepared[0] if prepared else None))
        was_running = not stretch.is_pause
        if was_running:
            yield stretch, read_preparation(hung) if hung is not None else None


def _count_minutes(started: datetime, at: datetime) -> float:
    return max((at - started).total_seconds() / 60, 0.0)
