"""The drug that was signed for against the drug of the entries: what was drawn, and what the clock makes of it.

A sheet whose figures agree with each other alone proves nothing: each is compared with what was entered at the time.
Milligrams of an infusion or injection; of a spray, devices.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from afterglow.chairside.commands import SHEET_DEVICES, SHEET_MG
from afterglow.chairside.dosing import (
    calculate_dose_mg,
    calculate_line_mg,
    count_dosed_devices,
    find_end,
    find_start,
    list_devices,
)
from afterglow.chairside.events import Event
from afterglow.chairside.guards import get_local_date
from afterglow.chairside.state import SessionState
from afterglow.protocols.dose_volumes import count_vials
from afterglow.protocols.model import Pattern, Protocol
from afterglow.terms import Citation, Finding, Grade, Override, Severity

SIGNED = "reconciliation-recorded"
BALANCE, DRAWN, GIVEN, IN_LINE, WASTED = "drug-balance", "drug-drawn", "drug-given", "drug-in-line", "drug-wasted"
UNEXPLAINED = "drug-unexplained"
EXACT = Citation("SITE", "controlled drugs, every difference from the entries is explained", Grade.P)
WITNESS = Citation("SITE", "controlled drugs, the witness is another person than who drew the drug", Grade.P)
_CENT, _TENTH = Decimal("0.01"), Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Known:
    """What the entries say, in mg or in devices; None where they do not.

    `given` has left bag or syringe, with what still stands in the line; `opened` is the content of every vial opened.
    """

    unit: str
    drawn: Decimal | None
    given: Decimal | None
    in_line: Decimal | None
    opened: Decimal | None
    wasted: Decimal | None
    used: Decimal

    def to_json(self) -> dict[str, Any]:
        """Return it for a screen."""
        shown = {
            "drawn": self.drawn,
            "given": self.given,
            "in_line": self.in_line,
            "opened": self.opened,
            "wasted": self.wasted,
        }
        return {"unit": self.unit, **{name: None if each is None else write(each) for name, each in shown.items()}}


def write(amount: Decimal) -> str:
    """Return an amount as the sheet writes it: to a hundredth of a mg, without idle noughts."""
    rounded = amount.quantize(_CENT)
    return f"{rounded.normalize() if rounded != rounded.to_integral_value() else rounded.to_integral_value():f}"


def counts_devices(data: Mapping[str, Any]) -> bool:
    """Return whether a sheet was filled in devices, not in mg."""
    return any(name in data for name in SHEET_DEVICES)


def find_known(state: SessionState, protocol: Protocol, at: datetime, *, in_devices: bool) -> Known:
    """Return what the entries up to now say of the drug; of a spray in devices, or in mg where the sheet is in mg."""
    if protocol.pattern is Pattern.DEVICES:
        return _know_devices(state, protocol, in_devices=in_devices)
    drawn = [_read_mg(event) for event in state.list("preparation-recorded")]
    amounts = [each for each in drawn if each is not None]
    has_started = find_start(state) is not None
    until = find_end(state, protocol) or at
    is_infusion = protocol.pattern is Pattern.INFUSION
    return Known(
        unit="mg",
        drawn=sum(amounts, Decimal(0)) if drawn and len(amounts) == len(drawn) else None,
        given=calculate_dose_mg(state, protocol, until) if has_started else Decimal(0),
        in_line=calculate_line_mg(state, until) if is_infusion and has_started else None,
        opened=_sum_vials(state, protocol),
        wasted=None,
        used=Decimal(0),
    )


def _know_devices(state: SessionState, protocol: Protocol, *, in_devices: bool) -> Known:
    each = Decimal(1) if in_devices else Decimal(str(protocol.setting("device.mg")))
    taken = [int(event.data["devices"]) for event in state.list("preparation-recorded") if event.data.get("devices")]
    used, dosed = len(list_devices(state)), count_dosed_devices(state)
    return Known(
        unit="device" if in_devices else "mg",
        drawn=each * sum(taken) if taken else None,
        given=each * dosed,
        in_line=None,
        opened=None,
        wasted=each * (used - dosed),
        used=each * used,
    )


def _read_mg(event: Event) -> Decimal | None:
    mg = event.data.get("prepared_mg")
    return None if mg is None else Decimal(str(mg))


def _sum_vials(state: SessionState, protocol: Protocol) -> Decimal | None:
    """Return what the vials held that were opened for this session; None where one was open before, or not known."""
    groups: dict[tuple[str, str], list[Event]] = {}
    for event in state.list("preparation-recorded"):
        key = (str(event.data.get("lot") or ""), str(event.data.get("vial_mg_per_ml") or ""))
        groups.setdefault(key, []).append(event)
    total = Decimal(0)
    for (_lot, strength), events in groups.items():
        amounts = [mg for mg in map(_read_mg, events) if mg is not None]
        if not strength or len(amounts) < len(events) or any(_was_open(state, event) for event in events):
            return None
        _count, content = count_vials(protocol, sum(amounts, Decimal(0)), Decimal(strength))
        if content is None:
            return None
        total += content
    return total or None


def _was_open(state: SessionState, event: Event) -> bool:
    opened = event.data.get("opened_on")
    return opened is not None and date.fromisoformat(str(opened)) < get_local_date(state, event.occurred_at)


def find_difference(data: Mapping[str, Any]) -> Decimal:
    """Return by how much what was prepared differs from where a sheet says that it went."""
    prepared, *parts = SHEET_DEVICES if counts_devices(data) else SHEET_MG
    return Decimal(str(data[prepared])) - sum((Decimal(str(data[name])) for name in parts), Decimal(0))


def compare(state: SessionState, protocol: Protocol, data: Mapping[str, Any], at: datetime) -> list[Finding]:
    """Return each figure of a sheet that does not agree, naming both numbers; none where the drug adds up."""
    in_devices = counts_devices(data)
    known = find_known(state, protocol, at, in_devices=in_devices)
    found = []
    if difference := find_difference(data):
        parts = "given + returned + wasted" if in_devices else "given + left in line + returned + wasted"
        asks = "Count again; an unexplained difference is reported."
        found.append(_find(BALANCE, f"Difference {_count(difference, known.unit)}", f"prepared = {parts}", asks, EXACT))
    signed = {name.rsplit("_", 1)[0]: Decimal(str(data[name])) for name in (SHEET_DEVICES if in_devices else SHEET_MG)}
    if protocol.pattern is Pattern.DEVICES:
        return found + _compare_devices(known, signed)
    return [
        *found,
        *_compare_drawn(known, signed, protocol),
        *_compare_given(known, signed, protocol),
        *_compare_line(known, signed, protocol),
    ]


def _compare_devices(known: Known, signed: Mapping[str, Decimal]) -> list[Finding]:
    """Compare with the devices entered: all were taken out, those that count were given, failed ones are waste."""
    found = []
    prepared, given, unit = signed["prepared"], signed["given"], known.unit
    if known.drawn is not None and prepared != max(known.drawn, known.used):
        found.append(
            _differ(DRAWN, "Prepared", prepared, "prepared by the entries", max(known.drawn, known.used), unit)
        )
    elif prepared < known.used:
        found.append(_differ(DRAWN, "Prepared", prepared, "used by the entries", known.used, unit))
    if known.given is not None and given != known.given:
        found.append(_differ(GIVEN, "Given", given, "given by the entries", known.given, unit))
    wasted, returned = signed["wasted"], signed["returned"]
    if known.wasted is not None and (wasted > known.wasted or wasted + returned < known.wasted):
        found.append(_differ(WASTED, "Wasted", wasted, "failed by the entries", known.wasted, unit))
    return found


def _compare_drawn(known: Known, signed: Mapping[str, Decimal], protocol: Protocol) -> list[Finding]:
    """Compare what was prepared with what was drawn, or with the whole of the vials opened: both are ways to count."""
    prepared = signed["prepared"]
    if known.drawn is None:
        if not prepared:
            return []
        seen = f"Prepared {_count(prepared, 'mg')}, drawn: not recorded"
        return [_find(DRAWN, seen, "an entry of what was drawn", "Record the preparation as it was.", EXACT)]
    percent, citation = _get_limit(protocol, "draw.rounding_max_percent")
    for amount in (known.drawn, known.opened):
        if amount is not None and abs(prepared - amount) <= amount * percent / 100:
            return []
    return [_differ(DRAWN, "Prepared", prepared, "drawn by the entries", known.drawn, "mg", percent, citation)]


def _compare_given(known: Known, signed: Mapping[str, Decimal], protocol: Protocol) -> list[Finding]:
    """Compare what was given, with what stands in the line, with what left the bag by the clock or was injected."""
    signed_for = signed["given"] + signed["left_in_line"]
    if known.given is None:
        seen = f"Given {_count(signed['given'], 'mg')}, calculated: not known"
        return [_find(GIVEN, seen, "a dose that the entries come to", "Record the preparation as it was.", EXACT)]
    is_infusion = protocol.pattern is Pattern.INFUSION
    percent, citation = _get_limit(protocol, "pump.difference_percent" if is_infusion else "draw.rounding_max_percent")
    if abs(signed_for - known.given) <= known.given * percent / 100:
        return []
    words = "Given and left in line" if signed["left_in_line"] else "Given"
    other = "calculated by the clock" if is_infusion else "injected by the entries"
    # a dose by the clock is written to a tenth, as on the page and on the record
    shown = known.given.quantize(_TENTH) if is_infusion else known.given
    return [_differ(GIVEN, words, signed_for, other, shown, "mg", percent, citation)]


def _compare_line(known: Known, signed: Mapping[str, Decimal], protocol: Protocol) -> list[Finding]:
    if known.in_line is None or not known.drawn:
        return []
    percent, citation = _get_limit(protocol, "pump.difference_percent")
    if abs(signed["left_in_line"] - known.in_line) <= known.drawn * percent / 100:
        return []
    line = signed["left_in_line"]
    return [_differ(IN_LINE, "Left in line", line, "by its volume", known.in_line, "mg", percent, citation)]


def _get_limit(protocol: Protocol, name: str) -> tuple[Decimal, Citation]:
    """Return a protocol's own limit in per cent; none at all where an older one has no such limit."""
    limit = protocol.settings.get(name)
    return (Decimal(0), EXACT) if limit is None else (Decimal(str(limit.value)), limit.citation)


def _count(amount: Decimal, unit: str) -> str:
    words = unit if unit == "mg" else ("device" if abs(amount) == 1 else "devices")
    return f"{write(amount)} {words}"


def _differ(
    rule: str,
    words: str,
    signed: Decimal,
    other: str,
    known: Decimal,
    unit: str,
    percent: Decimal = Decimal(0),
    citation: Citation = EXACT,
) -> Finding:
    seen = f"{words} {_count(signed, unit)}, {other} {_count(known, unit)}"
    within = f"within {write(percent)} %" if percent else "the same"
    return _find(rule, seen, within, "Count again; correct the entry or the sheet that is wrong.", citation)


def _find(rule: str, seen: str, threshold: str, asks: str, citation: Citation) -> Finding:
    return Finding(rule, Severity.CAUTION, seen, threshold, asks, Override.NONE, citation.text, citation.grade)


def find_signed(state: SessionState) -> Event | None:
    """Return the sheet signed last, as it stands after corrections, or None."""
    return state.find_last(SIGNED)


def list_differences(state: SessionState, protocol: Protocol, at: datetime) -> list[Finding]:
    """Return what does not agree between the sheet signed last and the entries as both stand now."""
    signed = find_signed(state)
    return [] if signed is None else compare(state, protocol, signed.data, at)


def is_explained(state: SessionState, signed: Event) -> bool:
    """Return whether a sheet that does not agree carries a reason and a second signature, not of who drew the drug."""
    return bool(signed.data.get("note")) and bool(signed.second) and signed.second not in list_drawers(state)


def list_drawers(state: SessionState) -> frozenset[str]:
    """Return who drew the drug or took the devices out, by the entries."""
    return frozenset(event.by for event in state.list("preparation-recorded"))
