"""A clinic's own values in named places: read, bounded, marked as site policy, never looser than a hard stop.

An overlay maps a place to a number: `{"gates.G-2.minutes": 90, "limits.L-IV.dose.mg_per_kg.soft": "0.6"}`.
The places and their bounds are packaged data (`data/overlay.toml`). A limit may only be made stricter than
the packaged hard limit of its row, and a hard limit only stricter than itself. A value set here is cited as
site policy, whatever source the packaged value had.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any

from afterglow.protocols.loading import read_data
from afterglow.protocols.model import Check, DueItem, Gate, Limit, Protocol, Value
from afterglow.protocols.reading import LIMIT_LEVELS, Number, Reader, read_number
from afterglow.terms import Citation, Grade

SITE = Citation("SITE", "site overlay", Grade.P)


@dataclass(frozen=True, slots=True)
class Place:
    """One place a clinic may fill: what it is, and the bounds of its value."""

    name: str
    label: str
    at_least: Number
    at_most: Number
    fills: tuple[str, ...] = ()


@cache
def load_places() -> Mapping[str, Place]:
    """Return every named place that is not a limit."""
    reader = Reader()
    content = read_data("", "overlay")
    places = {}
    for name, table in content["places"].items():
        if reader.read_table(table, name, ("label", "at_least", "at_most"), ("fills",)) is not None:
            low, high = read_number(table["at_least"]), read_number(table["at_most"])
            if low is not None and high is not None:
                places[name] = Place(name, table["label"], low, high, tuple(table.get("fills", ())))
    reader.raise_problems()
    return places


def list_places(protocol: Protocol) -> Mapping[str, Value]:
    """Return the places this protocol has, with their present values; what else exists cannot be overlaid."""
    filled = {other for place in load_places().values() for other in place.fills}
    found = {name: value for name in load_places() if (value := _find_value(protocol, name)) is not None}
    limits = {name_limit(limit): limit.value for limit in protocol.limits if _is_numeric(limit)}
    return found | {name: value for name, value in limits.items() if name not in filled}


def name_limit(limit: Limit) -> str:
    """Return the place of a limit: `limits.L-IV.dose.mg_per_kg.soft`."""
    return f"limits.{limit.id}.{limit.of}.{limit.level}"


def apply_overlay(protocol: Protocol, overlay: Mapping[str, Any]) -> Protocol:
    """Return the protocol with the clinic's values in place; raise `InvalidInput` with all that is not accepted."""
    reader = Reader()
    places = list_places(protocol)
    values: dict[str, Value] = {}
    for name, given in overlay.items():
        number = _read_given(given)
        if name not in places:
            accepted = ", ".join(sorted(places))
            reader.refuse(name, "place-unknown", given, accepted, "not a place that a clinic may fill")
        elif number is None:
            reader.refuse(name, "number-malformed", given, f"a number in {places[name].unit}", "not a number")
        elif _check_bounds(protocol, name, number, reader):
            values[name] = Value(number, places[name].unit, SITE, note=f"packaged: {places[name].value}")
    reader.raise_problems()
    filled = {other: value for name, value in values.items() for other in _list_filled(name)}
    changed = _set_values(protocol, values | filled)
    _check_order(changed, reader)
    reader.raise_problems()
    return replace(changed, overlay=dict(values))


def _list_filled(name: str) -> tuple[str, ...]:
    place = load_places().get(name)
    return place.fills if place else ()


def _read_given(given: Any) -> Number | None:
    if isinstance(given, bool) or not isinstance(given, int | Decimal | float | str):
        return None
    return read_number(str(given) if isinstance(given, float) else given)


def _check_bounds(protocol: Protocol, name: str, number: Number, reader: Reader) -> bool:
    place = load_places().get(name)
    if place is not None:
        if place.at_least <= number <= place.at_most:
            return True
        accepted = f"{place.at_least} to {place.at_most}"
        reader.refuse(name, "value-out-of-bounds", str(number), accepted, f"{number} is beyond what a clinic may set")
        return False
    limit = next(limit for limit in protocol.limits if _is_numeric(limit) and name_limit(limit) == name)
    ceiling = _find_ceiling(protocol, limit)
    if number > 0 and (ceiling is None or _is_at_least_as_strict(limit, number, ceiling.value.value)):
        return True
    side = "at most" if limit.comparison in (">", ">=") else "at least"
    accepted = f"{side} {ceiling.value.value} {ceiling.value.unit}" if ceiling else "more than 0"
    reader.refuse(name, "looser-than-hard-stop", str(number), accepted, f"{number} is looser than the hard stop")
    return False


def _find_ceiling(protocol: Protocol, limit: Limit) -> Limit | None:
    """Return the packaged limit that may not be passed: the hard one of the row, else the strictest above it."""
    same = [other for other in protocol.limits if (other.id, other.of) == (limit.id, limit.of) and _is_numeric(other)]
    same = [other for other in same if (other.comparison in (">", ">=")) == (limit.comparison in (">", ">="))]
    hard = [other for other in same if other.level == "hard"]
    return hard[0] if hard else max(same, key=lambda other: LIMIT_LEVELS.index(other.level))


def _is_at_least_as_strict(limit: Limit, number: Number, bound: Number) -> bool:
    return number <= bound if limit.comparison in (">", ">=") else number >= bound


def _check_order(protocol: Protocol, reader: Reader) -> None:
    """A softer level speaks no later than a harder one of the same row."""
    for limit in protocol.limits:
        for other in protocol.limits:
            if not _is_pair(limit, other):
                continue
            if not _is_at_least_as_strict(limit, limit.value.value, other.value.value):
                accepted = f"within the {other.level} limit {other.value.value} {other.value.unit}"
                message = f"the {limit.level} limit would speak after the {other.level} one"
                reader.refuse(name_limit(limit), "limits-out-of-order", str(limit.value.value), accepted, message)


def _is_pair(limit: Limit, other: Limit) -> bool:
    """Whether the second is a harder level of the first's row, on the same side."""
    if not (_is_numeric(limit) and _is_numeric(other)) or (limit.id, limit.of) != (other.id, other.of):
        return False
    is_same_side = (limit.comparison in (">", ">=")) == (other.comparison in (">", ">="))
    return is_same_side and LIMIT_LEVELS.index(limit.level) < LIMIT_LEVELS.index(other.level)


def _is_numeric(limit: Limit) -> bool:
    return limit.comparison != "not-in"


def _find_value(protocol: Protocol, name: str) -> Value | None:
    """Return the present value of a place, None when this protocol lacks it."""
    kind, rest = name.split(".", 1)
    if kind in ("settings", "doses"):
        values: Mapping[str, Value] = getattr(protocol, kind)
        return values.get(rest)
    owner_id, _, field = rest.rpartition(".")
    owner = next((part for part in getattr(protocol, kind) if part.id == owner_id), None)
    if isinstance(owner, Gate | Check):
        return owner.params.get(field)
    value: Value | None = getattr(owner, field, None) if isinstance(owner, DueItem) else None
    return value


def _set_values(protocol: Protocol, values: Mapping[str, Value]) -> Protocol:
    def pick(prefix: str, present: Mapping[str, Value]) -> dict[str, Value]:
        return {name: values.get(f"{prefix}.{name}", value) for name, value in present.items()}

    def set_due(item: DueItem) -> DueItem:
        fields = ("at_min", "every_min", "window_min", "from_min", "until_min")
        changed: dict[str, Any] = {f: values[name] for f in fields if (name := f"due.{item.id}.{f}") in values}
        return replace(item, **changed)

    limits = tuple(replace(limit, value=values.get(name_limit(limit), limit.value)) for limit in protocol.limits)
    return replace(
        protocol,
        settings=pick("settings", protocol.settings),
        doses=pick("doses", protocol.doses),
        gates=tuple(replace(gate, params=pick(f"gates.{gate.id}", gate.params)) for gate in protocol.gates),
        checks=tuple(replace(check, params=pick(f"checks.{check.id}", check.params)) for check in protocol.checks),
        due=tuple(set_due(item) for item in protocol.due),
        limits=limits,
    )
