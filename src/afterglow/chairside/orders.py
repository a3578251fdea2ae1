"""Orders and preparation as they stand: what may be given, in what volume, at what rate."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from afterglow.chairside.events import Event
from afterglow.chairside.state import SessionState
from afterglow.protocols.dose_volumes import round_to_pump
from afterglow.protocols.model import Pattern, Protocol


@dataclass(frozen=True, slots=True)
class Order:
    """The order in force: the dose in mg worked out when it was signed."""

    seq: int
    at: datetime
    by: str
    ordered_mg: Decimal
    devices: int | None
    duration_min: Decimal | None
    dose_mg_per_kg: Decimal | None
    cap_mg: Decimal | None
    weight_kg: Decimal | None
    weighed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Preparation:
    """What was prepared: drawn drug, its bag and the rate that empties it in the ordered time."""

    seq: int
    at: datetime
    by: str
    vial_mg_per_ml: Decimal | None
    prepared_mg: Decimal | None
    total_ml: Decimal | None
    bag_mg_per_ml: Decimal | None
    rate_ml_per_h: Decimal | None
    line_ml: Decimal | None
    devices: int | None
    lot: str


def as_decimal(value: Any) -> Decimal | None:
    """Return a stored number as a decimal, or None where there is none."""
    return None if value is None else Decimal(str(value))


def find_order(state: SessionState) -> Order | None:
    """Return the order signed last, or None."""
    signed = state.effective.get("order-signed", ())
    if not signed:
        return None
    last, data = signed[-1], signed[-1].data
    devices, weighed_at = data.get("devices"), data.get("weighed_at")
    return Order(
        seq=last.seq,
        at=last.occurred_at,
        by=last.by,
        ordered_mg=Decimal(str(data["ordered_mg"])),
        devices=None if devices is None else int(devices),
        duration_min=as_decimal(data.get("duration_min")),
        dose_mg_per_kg=as_decimal(data.get("dose_mg_per_kg")),
        cap_mg=as_decimal(data.get("cap_mg")),
        weight_kg=as_decimal(data.get("weight_kg")),
        weighed_at=datetime.fromisoformat(str(weighed_at)) if weighed_at else None,
    )


def find_preparation(state: SessionState) -> Preparation | None:
    """Return the preparation recorded last, or None."""
    recorded = state.effective.get("preparation-recorded", ())
    return read_preparation(recorded[-1]) if recorded else None


def read_preparation(event: Event) -> Preparation:
    """Return what an event of preparation says."""
    data = event.data
    devices = data.get("devices")
    return Preparation(
        seq=event.seq,
        at=event.occurred_at,
        by=event.by,
        vial_mg_per_ml=as_decimal(data.get("vial_mg_per_ml")),
        prepared_mg=as_decimal(data.get("prepared_mg")),
        total_ml=as_decimal(data.get("total_ml")),
        bag_mg_per_ml=as_decimal(data.get("bag_mg_per_ml")),
        rate_ml_per_h=as_decimal(data.get("rate_ml_per_h")),
        line_ml=as_decimal(data.get("line_ml")),
        devices=None if devices is None else int(devices),
        lot=str(data.get("lot") or ""),
    )


def is_too_strong(protocol: Protocol, *, drawn_ml: Decimal, diluent_ml: Decimal, strength_mg_per_ml: Decimal) -> bool:
    """Return whether a strong vial has less than its own volume of diluent, by the protocol's own limit."""
    strong = protocol.settings.get("vial.dilute_from_mg_per_ml")
    return strong is not None and strength_mg_per_ml >= strong.value and diluent_ml < drawn_ml


def find_planned_rate(state: SessionState, protocol: Protocol) -> Decimal | None:
    """Return the rate that empties the bag in the minutes of the order in force, as the pump can be set to it."""
    order, preparation = find_order(state), find_preparation(state)
    if order is None or preparation is None or preparation.total_ml is None or not order.duration_min:
        return preparation.rate_ml_per_h if preparation else None
    return round_to_pump(protocol, preparation.total_ml * 60 / order.duration_min)


def find_fastest_rate(state: SessionState, protocol: Protocol) -> Decimal | None:
    """Return the fastest rate that an order covers: the planned one, or a later verbal one that was read back."""
    planned, order = find_planned_rate(state, protocol), find_order(state)
    named = [
        Decimal(str(event.data["rate_ml_per_h"]))
        for event in state.list("verbal-order-recorded")
        if "rate_ml_per_h" in event.data and event.data["read_back"] and (order is None or event.seq > order.seq)
    ]
    return max([*named, *([] if planned is None else [planned])], default=None)


def find_weight(state: SessionState) -> tuple[Decimal, datetime] | None:
    """Return the dosing weight in kg and when it was taken: today's if there is one, else the chart's."""
    weighed = state.find_last("weight-recorded")
    if weighed is not None:
        at = weighed.data.get("weighed_at")
        return Decimal(str(weighed.data["weight_kg"])), datetime.fromisoformat(at) if at else weighed.occurred_at
    known = state.header.get("weight") or {}
    if known.get("weight_kg") and known.get("weighed_at"):
        return Decimal(str(known["weight_kg"])), datetime.fromisoformat(str(known["weighed_at"]))
    return None


def find_time_out(state: SessionState, protocol: Protocol) -> Event | None:
    """Return the time-out in force: none after a new order, a new preparation, or another vial strength."""
    signed = state.effective.get("time-out-signed", ())
    if not signed:
        return None
    last = signed[-1]
    order, preparation = find_order(state), find_preparation(state)
    if order is not None and order.seq > last.seq:
        return None
    if preparation is not None and protocol.pattern is not Pattern.DEVICES:
        changed = max(preparation.seq, state.corrected.get(preparation.seq, 0))
        if changed > last.seq:
            return None
    return last


def list_open_verbal_orders(state: SessionState) -> tuple[Event, ...]:
    """Return the verbal orders that nobody has co-signed yet."""
    signed = {int(event.data["order"]) for event in state.list("order-cosigned")}
    return tuple(event for event in state.list("verbal-order-recorded") if event.seq not in signed)


def get_cosign_deadline(event: Event, protocol: Protocol) -> datetime:
    """Return until when a verbal order asks for its co-signature."""
    return event.occurred_at + timedelta(minutes=float(protocol.setting("cosign.deadline_min")))


def count_allowed_devices(state: SessionState) -> int:
    """Return how many devices the orders cover: the signed ones, and those of later verbal orders read back."""
    order = find_order(state)
    if order is None:
        return 0
    verbal = state.list("verbal-order-recorded")
    later = (event for event in verbal if event.seq > order.seq and event.data["read_back"])
    return (order.devices or 0) + sum(int(event.data.get("devices") or 0) for event in later)
