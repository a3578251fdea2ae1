"""Deciding about the dose: start, devices, injections, pump, pauses, rates, the end."""

from decimal import Decimal
from typing import Any

from afterglow.chairside.context import Deciding
from afterglow.chairside.dosing import (
    calculate_dose_mg,
    calculate_volume_ml,
    count_dosed_devices,
    find_end,
    find_phase,
    find_start,
    is_paused,
    sum_injections,
)
from afterglow.chairside.errors import Refused
from afterglow.chairside.guards import Blocker, find_blockers
from afterglow.chairside.orders import find_fastest_rate, find_order, find_planned_rate, find_preparation, find_weight
from afterglow.chairside.unnamed import find_unnamed
from afterglow.protocols.dose_limits import check_limits
from afterglow.protocols.model import Pattern
from afterglow.terms import Finding, Override, Severity

# never lifted, not even for what a downtime sheet says has happened already: enter those first
FIRM = frozenset(
    {
        "identity-missing",
        "consent-not-valid",
        "consent-not-confirmed",
        "consent-withdrawn",
        "order-missing",
        "time-out-missing",
        "suicide-screen-missing",
        "suicide-screen-incomplete",
        "suicide-assessment-missing",
        "suicide-assessment-holds",
        "dose-beyond-order",
        "device-beyond-order",
        "preparation-exceeds-order",
        "preparation-too-strong",
        "preparation-missing",
    }
)

# how far a pump's own steps may take a rate above the order
RATE_TOLERANCE = Decimal("1.02")


def _pass_blockers(deciding: Deciding) -> None:
    """Refuse while anything blocks; what has already happened keeps the rest as deviations, with a second name."""
    unnamed = find_unnamed(deciding.state) if find_start(deciding.state) is None else None
    if unnamed is not None:
        deciding.findings.append(unnamed)
    blockers = find_blockers(deciding.state, deciding.protocol, deciding.command.type, deciding.occurred_at)
    if not deciding.data.get("already_happened"):
        deciding.refuse_blockers(blockers)
        return
    deciding.need_other_person("An entry from a downtime sheet")
    deciding.refuse_blockers([blocker for blocker in blockers if blocker.code in FIRM])
    for blocker in blockers:
        _note_blocker(deciding, blocker)


def _note_blocker(deciding: Deciding, blocker: Blocker) -> None:
    if blocker.finding is not None:
        deciding.findings.append(blocker.finding)
    else:
        deciding.note(blocker.code, "Given although this stood", blocker.message, "Say why in a note.")


def _check_pattern(deciding: Deciding, pattern: Pattern) -> None:
    if deciding.protocol.pattern is not pattern:
        raise Refused("pattern-does-not-fit", f"{deciding.protocol.title} is not given this way.")


def start(deciding: Deciding) -> dict[str, Any]:
    """An infusion starts once nothing holds it; the rate is the one that was worked out, unless another is named."""
    _check_pattern(deciding, Pattern.INFUSION)
    if find_start(deciding.state) is not None:
        raise Refused("already-started", "The infusion has started.")
    _pass_blockers(deciding)
    order, planned = find_order(deciding.state), find_planned_rate(deciding.state, deciding.protocol)
    rate = Decimal(deciding.data["rate_ml_per_h"]) if "rate_ml_per_h" in deciding.data else planned
    if rate is None or (planned is None and not deciding.data.get("already_happened")):
        # a rate that nothing was worked out for would be held to nothing
        raise Refused("rate-missing", "No rate could be worked out; record the diluent, 0 mL if there is none.")
    _check_rate(deciding, rate)
    return {"rate_ml_per_h": f"{rate:f}", "order": order.seq if order else None}


def _check_rate(deciding: Deciding, rate: Decimal) -> None:
    """Refuse a rate that no order covers or that no order may cover; one that was set already is a deviation."""
    fastest, has_happened = find_fastest_rate(deciding.state, deciding.protocol), deciding.data.get("already_happened")
    passed = _judge_rate(deciding, rate)
    if passed and not has_happened:
        raise Refused("dose-beyond-hard-limit", " ".join(finding.asks for finding in passed), passed)
    deciding.findings.extend(passed)
    if fastest is None or rate <= fastest * RATE_TOLERANCE:
        return
    if not has_happened:
        raise Refused("rate-beyond-order", f"{rate:f} mL/h is faster than the order's {fastest:f} mL/h.")
    deciding.note("rate", f"{rate:f} mL/h", f"{fastest:f} mL/h by the order", "Say why in a note.")


def _judge_rate(deciding: Deciding, rate: Decimal) -> tuple[Finding, ...]:
    """Return the stops of the protocol that a rate above the signed one passes, whoever ordered it by word of mouth."""
    state, protocol = deciding.state, deciding.protocol
    planned, bag, weight = find_planned_rate(state, protocol), find_preparation(state), find_weight(state)
    if planned is None or rate <= planned * RATE_TOLERANCE:
        return ()
    if bag is None or bag.bag_mg_per_ml is None or bag.total_ml is None or weight is None:
        return ()
    measured = {"rate.mg_per_kg_h": rate * bag.bag_mg_per_ml / weight[0], "infusion.min": bag.total_ml * 60 / rate}
    return tuple(each for each in check_limits(protocol, measured) if each.severity is Severity.STOP)


def give_injection(deciding: Deciding) -> dict[str, Any]:
    """An injection is given once nothing holds it, never beyond the order."""
    _check_pattern(deciding, Pattern.INJECTION)
    _pass_blockers(deciding)
    order = find_order(deciding.state)
    after = sum_injections(deciding.state, None) + Decimal(deciding.data["dose_mg"])
    if order is not None and after > order.ordered_mg * Decimal("1.02"):
        raise Refused("dose-beyond-order", f"{after:f} mg would pass the ordered {order.ordered_mg:f} mg.")
    return {}


def give_device(deciding: Deciding) -> dict[str, Any]:
    """A device is given once the rest is over and an order covers it; a failed one counts in the ledger only."""
    _check_pattern(deciding, Pattern.DEVICES)
    _pass_blockers(deciding)
    used = count_dosed_devices(deciding.state) + (deciding.data["outcome"] != "failed")
    _check_count(deciding, used)
    if deciding.data["outcome"] in ("partial", "sneezed"):
        deciding.note(
            "E-03",
            f"Device {deciding.data['outcome']}",
            "both sprays taken",
            "Not replaced without an order.",
        )
    return {**name_device_mg(deciding), "number": used or 1}


def _check_count(deciding: Deciding, used: int) -> None:
    """Refuse a device past the protocol's own limit, whoever ordered it; one already used is a deviation."""
    each = Decimal(str(deciding.protocol.setting("device.mg")))
    found = check_limits(deciding.protocol, {"devices": used, "dose.mg": each * used})
    passed = [finding for finding in found if finding.override is Override.NONE and finding.severity is Severity.STOP]
    if passed and not deciding.data.get("already_happened"):
        raise Refused("dose-beyond-hard-limit", " ".join(finding.asks for finding in passed), passed)
    deciding.findings.extend(passed)


def name_device_mg(deciding: Deciding) -> dict[str, Any]:
    """Return the mg that a device counts for: none when it failed, all of it when a part was lost."""
    mg = Decimal(str(deciding.protocol.setting("device.mg")))
    return {"mg": "0" if deciding.data["outcome"] == "failed" else f"{mg:f}"}


def record_pause(deciding: Deciding) -> dict[str, Any]:
    """A pause is recorded whatever the state; where nothing ran, that is said."""
    if find_phase(deciding.state, deciding.protocol) not in ("dosing", "paused"):
        deciding.note("pump", "Pause recorded while nothing ran", "a running dose", "Check the record.")
    elif is_paused(deciding.state, deciding.occurred_at):
        deciding.note("pump", "Paused already: a second pause was recorded", "one pause", "Take one of them back.")
    return _read_pump(deciding)


def record_resume(deciding: Deciding) -> dict[str, Any]:
    """A paused infusion goes on once no alarm holds it; a faster rate needs an order."""
    _check_pattern(deciding, Pattern.INFUSION)
    if not is_paused(deciding.state, deciding.occurred_at) or find_start(deciding.state) is None:
        raise Refused("not-paused", "The infusion is not paused.")
    _pass_blockers(deciding)
    if "rate_ml_per_h" in deciding.data:
        _check_rate(deciding, Decimal(deciding.data["rate_ml_per_h"]))
    return _read_pump(deciding)


def record_rate_change(deciding: Deciding) -> dict[str, Any]:
    """A new rate is recorded; a faster one that no order names is a deviation."""
    rate = Decimal(deciding.data["rate_ml_per_h"])
    allowed = find_fastest_rate(deciding.state, deciding.protocol)
    deciding.findings.extend(_judge_rate(deciding, rate) if rate > 0 else ())
    if allowed is not None and rate > allowed * RATE_TOLERANCE:
        deciding.note("rate", f"{rate:f} mL/h", f"{allowed:f} mL/h by order", "Ask for the order now.")
    return _read_pump(deciding)


def record_end(deciding: Deciding) -> dict[str, Any]:
    """A stop or the end of the run is recorded with the dose that the clock makes of it."""
    if find_start(deciding.state) is None:
        deciding.note("pump", "End recorded before any start", "a dose under way", "Check the record.")
    elif find_end(deciding.state, deciding.protocol) is not None and deciding.protocol.pattern is Pattern.INFUSION:
        deciding.note("pump", "A second end was recorded", "one end", "Check the record.")
    given = calculate_dose_mg(deciding.state, deciding.protocol, deciding.occurred_at)
    extra = _read_pump(deciding)
    if given is not None:
        extra["calculated_mg"] = f"{given.quantize(Decimal('0.01')):f}"
    return extra


def read_pump(deciding: Deciding) -> dict[str, Any]:
    """The pump's volume is recorded beside the clock's."""
    return _read_pump(deciding)


def _read_pump(deciding: Deciding) -> dict[str, Any]:
    """Return the clock's volume at this instant; a pump that differs by more than the protocol allows is said."""
    if deciding.protocol.pattern is not Pattern.INFUSION or find_start(deciding.state) is None:
        return {}
    clock = calculate_volume_ml(deciding.state, deciding.occurred_at)
    extra: dict[str, Any] = {"clock_ml": f"{clock.quantize(Decimal('0.01')):f}"}
    given = calculate_dose_mg(deciding.state, deciding.protocol, deciding.occurred_at)
    if given is not None:
        extra["calculated_mg"] = f"{given.quantize(Decimal('0.01')):f}"
    if "pump_ml" in deciding.data and clock > 0:
        difference = (Decimal(deciding.data["pump_ml"]) - clock) / clock * 100
        extra["difference_percent"] = f"{difference.quantize(Decimal('0.1')):f}"
        limit = deciding.protocol.setting("pump.difference_percent")
        if abs(difference) > Decimal(str(limit)):
            deciding.note(
                "pump-difference",
                f"Pump {deciding.data['pump_ml']} mL, clock {extra['clock_ml']} mL",
                f"within {limit} %",
                "Check pump, line and entries; correct what is wrong.",
                deciding.cite("pump.difference_percent"),
            )
    return extra
