"""What was given, by the clock: start, pauses, rates, end, and the volume and dose they come to at any instant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from afterglow.chairside.drugs import list_drug_classes
from afterglow.chairside.events import Event
from afterglow.chairside.orders import (
    Preparation,
    as_decimal,
    count_allowed_devices,
    find_order,
    find_preparation,
    find_time_out,
    read_preparation,
)
from afterglow.chairside.state import SessionState
from afterglow.protocols.model import Pattern, Protocol

STARTS = ("dosing-started", "injection-given", "device-given")
# a person who has gone gets nothing more, whatever was said of the pump
ENDS = ("stop-recorded", "completion-recorded", "patient-left", "ending-recorded")
# the stay after the dose, the two hours of a spray and the calculated mg run from the times of these
TIMED = (*STARTS, "stop-recorded", "completion-recorded")
INFUSION = ("dosing-started", "pause-recorded", "resume-recorded", "rate-change-recorded", *ENDS)
BEFORE_DOSE = ("booked", "arrived", "pre-checks", "ready")
LIVE = ("arrived", "pre-checks", "ready", "dosing", "paused", "observing", "released")
_PRE_CHECKS = (
    "identity-confirmed",
    "check-recorded",
    "weight-recorded",
    "suicide-screen-recorded",
    "consent-confirmed",
    "vitals-recorded",
    "score-recorded",
    "access-recorded",
    "preparation-recorded",
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of an infusion at one rate; a pause is a stretch at zero."""

    start: datetime
    end: datetime
    rate_ml_per_h: Decimal
    is_pause: bool


def find_start(state: SessionState) -> datetime | None:
    """Return when the first drug was given, or None."""

    def work_out() -> datetime | None:
        first = state.find_first(*STARTS)
        return None if first is None else first.occurred_at

    found: datetime | None = state.derive("start", work_out)
    return found


def list_devices(state: SessionState) -> tuple[Event, ...]:
    """Return the devices used, in order of time."""
    return state.list("device-given")


def count_dosed_devices(state: SessionState) -> int:
    """Return the devices that count in the dose: all but failed ones. A partial or sneezed one counts whole."""
    return sum(event.data["outcome"] != "failed" for event in list_devices(state))


def find_last_device_at(state: SessionState) -> datetime | None:
    """Return when the last device that counts was given."""
    counted = [event.occurred_at for event in list_devices(state) if event.data["outcome"] != "failed"]
    return counted[-1] if counted else None


def find_end(state: SessionState, protocol: Protocol) -> datetime | None:
    """Return the real end of giving, or None while it goes on."""
    # of the protocol it is the pattern that counts
    found: datetime | None = state.derive(("end", protocol.pattern), lambda: _find_end(state, protocol))
    return found


def _find_end(state: SessionState, protocol: Protocol) -> datetime | None:
    started = find_start(state)
    if started is None:
        return None
    ended = next((event for event in state.list(*ENDS) if event.occurred_at >= started), None)
    if protocol.pattern is Pattern.INFUSION:
        return None if ended is None else ended.occurred_at
    given = state.find_last("injection-given", "device-given")
    if given is None:
        return None
    if ended is not None or _is_all_given(state, protocol):
        return given.occurred_at
    return None


def _is_all_given(state: SessionState, protocol: Protocol) -> bool:
    if protocol.pattern is Pattern.DEVICES:
        return count_dosed_devices(state) >= max(count_allowed_devices(state), 1)
    order = find_order(state)
    given = sum_injections(state, None)
    return order is None or given >= order.ordered_mg * Decimal("0.98")


def sum_injections(state: SessionState, at: datetime | None) -> Decimal:
    """Return the mg injected until an instant, or in all."""
    return sum(
        (
            Decimal(str(event.data["dose_mg"]))
            for event in state.list("injection-given")
            if at is None or event.occurred_at <= at
        ),
        Decimal(0),
    )


def find_phase(state: SessionState, protocol: Protocol) -> str:
    """Return the phase the session is in."""
    for event_type, phase in (
        ("session-cancelled", "cancelled"),
        ("ending-recorded", "ended"),
        ("patient-left", "left"),
    ):
        if state.has(event_type):
            return phase
    if find_release(state, protocol) is not None:
        return "released"
    if find_start(state) is not None:
        if find_end(state, protocol) is not None:
            return "observing"
        return "paused" if is_paused(state) else "dosing"
    if not state.has("arrival-recorded"):
        return "arrived" if state.has(*_PRE_CHECKS) else "booked"
    if find_time_out(state, protocol) is not None:
        return "ready"
    return "pre-checks" if state.has(*_PRE_CHECKS) else "arrived"


def find_release(state: SessionState, protocol: Protocol) -> Event | None:
    """Return the release in force: a rescue drug given after it asks for observation and another release."""
    signed = state.find_last("release-signed")
    if signed is None:
        return None
    classes = frozenset(protocol.setting("rescue.classes"))
    return None if any(event.seq > signed.seq for event in list_rescues(state, classes)) else signed


def list_rescues(state: SessionState, classes: frozenset[str]) -> list[Event]:
    """Return the drugs given that ask for observation and a prescriber's release."""
    given = state.list("drug-given")
    return [event for event in given if is_rescue(event.data, classes, is_here=_is_here(state, event))]


def is_rescue(data: Mapping[str, Any], classes: frozenset[str], *, is_here: bool = False) -> bool:
    """Return whether a drug asks for observation: of one of the classes, or a rescue drug that its name does not tell.

    A medicine of one's own counts when it was taken here, after the dose began (`is_here`), not when at home before.
    """
    if data["purpose"] == "own" and not is_here:
        return False
    named = frozenset(list_drug_classes(data))
    is_unknown = not named or ("classes" in data and not data["classes"])
    return bool(named & classes) or (is_unknown and data["purpose"] == "rescue")


def _is_here(state: SessionState, event: Event) -> bool:
    start = find_start(state)
    return start is not None and event.occurred_at >= start


def is_paused(state: SessionState, at: datetime | None = None) -> bool:
    """Return whether the last word on the pump, until an instant where one is given, is a pause."""
    said = state.list("pause-recorded", "resume-recorded", "dosing-started")
    last = next((event for event in reversed(said) if at is None or event.occurred_at <= at), None)
    return last is not None and last.type == "pause-recorded"


def get_rate(state: SessionState) -> Decimal | None:
    """Return the rate set on the pump last recorded, in mL/h; a pause does not change it."""
    rate: Decimal | None = None
    for event in state.list(*INFUSION):
        named = as_decimal(event.data.get("rate_ml_per_h"))
        rate = named if named is not None else rate
    return rate


def list_stretches(state: SessionState, at: datetime) -> list[Stretch]:
    """Return the stretches of the infusion until `at`, by time of occurrence."""
    stretches: list[Stretch] = []
    rate, since, is_running, is_over = Decimal(0), None, False, False
    for event in state.list(*INFUSION):
        if event.occurred_at > at or is_over:
            break
        if since is not None:
            stretches.append(Stretch(since, event.occurred_at, rate if is_running else Decimal(0), not is_running))
        named = as_decimal(event.data.get("rate_ml_per_h"))
        if named is not None:
            rate = named
        if event.type in ("dosing-started", "resume-recorded"):
            is_running = True
        elif event.type == "pause-recorded":
            is_running = False
        # an end that is dated before the start ends nothing
        is_over = event.type in ENDS and since is not None
        since = event.occurred_at if since is not None or event.type == "dosing-started" else None
    if since is not None and not is_over and since < at:
        stretches.append(Stretch(since, at, rate if is_running else Decimal(0), not is_running))
    return stretches


@dataclass(frozen=True, slots=True)
class Hung:
    """A bag that ran, and the mL that the clock says left it."""

    bag: Preparation
    ml: Decimal


def list_hung(state: SessionState, at: datetime) -> list[Hung]:
    """Return the bags that ran until `at`, each with its mL, never more than it holds.

    A bag is changed while the pump stands: what was prepared during a stretch counts from the next start or resume.
    """
    prepared = state.list("preparation-recorded")
    moved: dict[int, Decimal] = {}
    hung: Event | None = None
    was_running = False
    for stretch in list_stretches(state, at):
        if not stretch.is_pause and not was_running:
            ready = [event for event in prepared if event.occurred_at <= stretch.start]
            hung = ready[-1] if ready else (hung or (prepared[0] if prepared else None))
        was_running = not stretch.is_pause
        if hung is not None and was_running:
            seconds = Decimal(str((stretch.end - stretch.start).total_seconds()))
            moved[hung.seq] = moved.get(hung.seq, Decimal(0)) + stretch.rate_ml_per_h * seconds / 3600
    bags = {event.seq: read_preparation(event) for event in prepared}
    return [Hung(bags[seq], _limit(ml, bags[seq].total_ml)) for seq, ml in moved.items()]


def _limit(ml: Decimal, most: Decimal | None) -> Decimal:
    return ml if most is None else min(ml, most)


def calculate_volume_ml(state: SessionState, at: datetime) -> Decimal:
    """Return the mL the pump has moved by the clock, never more than the bags hold."""
    return sum((hung.ml for hung in list_hung(state, at)), Decimal(0))


def calculate_dose_mg(state: SessionState, protocol: Protocol, at: datetime) -> Decimal | None:
    """Return the mg given until an instant, by the clock or by count; None where it cannot be worked out."""
    if find_start(state) is None:
        return None
    if protocol.pattern is Pattern.DEVICES:
        each = Decimal(str(protocol.setting("device.mg")))
        counted = sum(event.data["outcome"] != "failed" for event in list_devices(state) if event.occurred_at <= at)
        return Decimal(each * counted)
    if protocol.pattern is not Pattern.INFUSION:
        return sum_injections(state, at)
    hung = list_hung(state, at)
    if any(each.bag.bag_mg_per_ml is None for each in hung) or not state.has("preparation-recorded"):
        return None
    return sum((each.ml * _concentration(each.bag) for each in hung), Decimal(0))


def _concentration(preparation: Preparation) -> Decimal:
    """Return mg per mL of the bag, exactly."""
    if preparation.prepared_mg is not None and preparation.total_ml:
        return preparation.prepared_mg / preparation.total_ml
    return preparation.bag_mg_per_ml or Decimal(0)


def sum_run_seconds(state: SessionState, at: datetime) -> tuple[float, float]:
    """Return the seconds run and the seconds paused until an instant."""
    run = paused = 0.0
    for stretch in list_stretches(state, at):
        seconds = (stretch.end - stretch.start).total_seconds()
        if stretch.is_pause:
            paused += seconds
        else:
            run += seconds
    return run, paused


def calculate_left_seconds(state: SessionState, at: datetime) -> float | None:
    """Return the seconds of running that empty the bag at the rate set, or None where that is not known."""
    hung, rate = list_hung(state, at), get_rate(state)
    bag = hung[-1].bag if hung else find_preparation(state)
    if bag is None or bag.total_ml is None or not rate:
        return None
    left = bag.total_ml - (hung[-1].ml if hung else 0)
    return float(max(left, Decimal(0)) / rate * 3600)


def calculate_line_mg(state: SessionState, at: datetime) -> Decimal | None:
    """Return the mg that stand in the line by the arithmetic: its volume at the bag's strength, none once flushed."""
    hung = list_hung(state, at)
    if not hung or hung[-1].bag.line_ml is None or hung[-1].bag.bag_mg_per_ml is None:
        return None
    flushed = max((as_decimal(event.data.get("flush_ml")) or Decimal(0) for event in state.list(*ENDS)), default=0)
    return max(hung[-1].bag.line_ml - flushed, Decimal(0)) * _concentration(hung[-1].bag)


def find_next_device_at(state: SessionState, protocol: Protocol) -> datetime | None:
    """Return when the rest after the last device ends, or None before the first."""
    used = list_devices(state)
    if not used:
        return None
    return used[-1].occurred_at + timedelta(minutes=float(protocol.setting("device.gap_min")))


def compare_pump(state: SessionState, event: Event) -> Decimal | None:
    """Return by how many per cent a pump reading differs from the clock then, signed; None without either."""
    read = as_decimal(event.data.get("pump_ml"))
    clock = calculate_volume_ml(state, event.occurred_at)
    if read is None or clock == 0:
        return None
    return (read - clock) / clock * 100
