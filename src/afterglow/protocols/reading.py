"""The strict reader of protocol data: plain tables in, frozen model objects out, every problem collected.

A value is `{value, unit, source, locator, grade}`: a number has a unit, a word has the empty unit, and the
source must be in the bibliography. Keys that the model does not know are refused, never skipped.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from afterglow.protocols.conditions import MalformedCondition, validate_condition
from afterglow.protocols.model import (
    AlarmRow,
    Check,
    Drug,
    DueItem,
    Gate,
    LadderStep,
    Limit,
    Pattern,
    Priority,
    Protocol,
    Route,
    Rule,
    Stage,
    Value,
)
from afterglow.terms import Citation, Grade, InvalidInput, Override, Problem, Severity, UnknownSource, build_error

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")
Table = Mapping[str, Any]
Number = int | Decimal

LIMIT_LEVELS = ("soft", "second-clinician", "hard")
LIMIT_COMPARISONS = (">", ">=", "<", "<=", "not-in")
GATE_KINDS = (
    "minimum-stay",
    "rescue-observation",
    "blood-pressure",
    "vitals-within",
    "score-at-least",
    "scale-equals",
    "near-baseline",
    "observed",
    "recorded",
    "sign-off",
)
CHECK_KINDS = (
    "identity",
    "confirm",
    "consent",
    "weight",
    "fasting",
    "score-recent",
    "suicide-screen",
    "baseline-vitals",
    "escort",
)
ANCHORS = ("baseline", "start", "first-device", "last-device", "end")
PHASES = ("arrived", "pre-checks", "ready", "dosing", "paused", "observing")

_CITATION = {"source", "locator", "grade"}
_VALUE = {"value", "unit"} | _CITATION
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
_MISSING = Citation.__new__(Citation)


class Reader:
    """Collects the problems of one reading, so that all of them are told at once."""

    def __init__(self) -> None:
        """Start without problems."""
        self.problems: list[Problem] = []

    def refuse(self, path: str, code: str, value: object, accepted: str, message: str) -> None:
        """Add one error."""
        self.problems.append(build_error(path, code, value, accepted, f"{path}: {message}"))

    def raise_problems(self) -> None:
        """Raise everything found, if anything was."""
        if self.problems:
            raise InvalidInput(self.problems)

    def read_table(self, data: Any, path: str, required: Iterable[str], optional: Iterable[str] = ()) -> Table | None:
        """Return the table when it has the required keys and no unknown ones."""
        if not isinstance(data, Mapping):
            self.refuse(path, "table-expected", data, "a table of named entries", f"{data!r} is not a table")
            return None
        wanted, allowed = set(required), set(required) | set(optional)
        for key in sorted(set(data) - allowed):
            self.refuse(f"{path}.{key}", "key-unknown", data[key], ", ".join(sorted(allowed)), f"unknown key {key!r}")
        lacking = sorted(wanted - set(data))
        for key in lacking:
            self.refuse(f"{path}.{key}", "key-missing", None, f"a value for {key}", f"{key} is missing")
        return None if lacking else data

    def read_list(self, data: Any, path: str, read: Callable[[Any, str], T | None]) -> tuple[T, ...]:
        """Return every readable member of a list."""
        if not isinstance(data, list | tuple):
            self.refuse(path, "list-expected", data, "a list", f"{data!r} is not a list")
            return ()
        parts = (read(part, f"{path}[{index}]") for index, part in enumerate(data))
        return tuple(part for part in parts if part is not None)

    def read_choice(self, data: Any, path: str, choices: Iterable[str]) -> str:
        """Return the word when it is one of `choices`."""
        listed = tuple(choices)
        if data not in listed:
            self.refuse(path, "choice-unknown", data, ", ".join(listed), f"{data!r} is not one of the accepted words")
            return listed[0]
        return str(data)

    def read_enum(self, data: Any, path: str, kind: type[E]) -> E:
        """Return the member of an enumeration with that published spelling."""
        return kind(self.read_choice(data, path, [str(member) for member in kind]))

    def read_text(self, data: Any, path: str) -> str:
        """Return a text."""
        if not isinstance(data, str):
            self.refuse(path, "text-expected", data, "text", f"{data!r} is not text")
            return ""
        return data

    def read_words(self, data: Any, path: str) -> tuple[str, ...]:
        """Return a tuple of words."""
        return self.read_list(data, path, self.read_text)

    def read_citation(self, table: Table, path: str) -> Citation:
        """Return the citation spread over a table's `source`, `locator` and `grade`."""
        grade = self.read_enum(table.get("grade"), f"{path}.grade", Grade)
        try:
            return Citation(str(table.get("source", "")), str(table.get("locator", "")), grade)
        except UnknownSource as error:
            self.refuse(path, "source-unknown", table.get("source"), "a key of the bibliography", str(error))
            return _MISSING

    def read_value(self, data: Any, path: str) -> Value | None:
        """Return a value with unit and citation."""
        table = self.read_table(data, path, _VALUE, {"note"})
        if table is None:
            return None
        unit = self.read_text(table["unit"], f"{path}.unit")
        content = self.read_content(table["value"], unit, f"{path}.value")
        return Value(content, unit, self.read_citation(table, path), self.read_text(table.get("note", ""), path))

    def read_content(self, content: Any, unit: str, path: str) -> Any:
        """Return the number or word of a value; a number needs a unit and a word has none."""
        if isinstance(content, bool):
            is_good = not unit
        elif isinstance(content, int | Decimal) or (unit and isinstance(content, str)):
            number = read_number(content)
            is_good, content = bool(unit) and number is not None, number
        elif isinstance(content, list | tuple):
            is_good, content = not unit, self.read_words(content, path)
        else:
            is_good = isinstance(content, str) and not unit
        if not is_good:
            accepted = "a number with a unit, or a word without one"
            self.refuse(path, "value-malformed", content, accepted, f"{content!r} with unit {unit!r} cannot be read")
        return content

    def read_values(self, data: Any, path: str) -> dict[str, Value]:
        """Return a table of values."""
        if not isinstance(data, Mapping):
            self.refuse(path, "table-expected", data, "a table of values", f"{data!r} is not a table")
            return {}
        found = {key: self.read_value(part, f"{path}.{key}") for key, part in data.items()}
        return {key: value for key, value in found.items() if value is not None}

    def read_condition(self, data: Any, path: str) -> Mapping[str, Any]:
        """Return a condition when it has one of the documented forms."""
        condition = freeze(data)
        try:
            validate_condition(condition)
        except (MalformedCondition, TypeError) as error:
            self.refuse(path, "condition-malformed", data, "a condition", str(error))
            return {}
        return dict(condition)

    def read_free(self, data: Any, path: str) -> Any:
        """Return free-form data whose value tables have become values; a bare number in it is refused."""
        if isinstance(data, Mapping):
            if set(data) >= _VALUE:
                return self.read_value(data, path)
            return {str(key): self.read_free(part, f"{path}.{key}") for key, part in data.items()}
        if isinstance(data, list | tuple):
            return tuple(self.read_free(part, f"{path}[{index}]") for index, part in enumerate(data))
        if isinstance(data, str | bool):
            return data
        self.refuse(path, "number-without-source", data, "{value, unit, source, locator, grade}", "a bare number")
        return None


def read_number(content: Any) -> Number | None:
    """Return the exact number; whole ones are ints, so that 5 and 5.0 are the same value."""
    if isinstance(content, str) and not _NUMBER.match(content):
        return None
    try:
        number = Decimal(str(content))
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    return int(number) if number == number.to_integral_value() else number


def freeze(data: Any) -> Any:
    """Return plain data with lists as tuples and decimals as text, as a condition is kept."""
    if isinstance(data, Mapping):
        return {str(key): freeze(part) for key, part in data.items()}
    if isinstance(data, list | tuple):
        return tuple(freeze(part) for part in data)
    if isinstance(data, Decimal | float):
        number = read_number(Decimal(str(data)))
        return number if isinstance(number, int) else f"{number:f}".rstrip("0")
    return data


def read_limit(data: Any, path: str, reader: Reader) -> Limit | None:
    """Return one dose, rate or frequency limit."""
    table = reader.read_table(data, path, {"id", "of", "level", "comparison", "value"}, {"text"})
    if table is None:
        return None
    value = reader.read_value(table["value"], f"{path}.value")
    if value is None:
        return None
    return Limit(
        id=reader.read_text(table["id"], f"{path}.id"),
        of=reader.read_text(table["of"], f"{path}.of"),
        level=reader.read_choice(table["level"], f"{path}.level", LIMIT_LEVELS),
        comparison=reader.read_choice(table["comparison"], f"{path}.comparison", LIMIT_COMPARISONS),
        value=value,
        text=reader.read_text(table.get("text", ""), path),
    )


_RULE = {"id", "stages", "title", "when", "severity", "override", "seen", "threshold", "asks", "cleared"} | _CITATION


def read_rule(data: Any, path: str, reader: Reader) -> Rule | None:
    """Return one clinical rule."""
    table = reader.read_table(data, path, _RULE, {"applies", "missing", "asks_when_missing", "variant", "asked_by"})
    if table is None:
        return None
    applies = table.get("applies")
    texts = {
        key: reader.read_text(table[key], f"{path}.{key}")
        for key in ("id", "title", "seen", "threshold", "asks", "cleared")
    }
    return Rule(
        stages=reader.read_list(table["stages"], f"{path}.stages", lambda s, p: reader.read_enum(s, p, Stage)),
        applies=None if applies is None else reader.read_condition(applies, f"{path}.applies"),
        when=reader.read_condition(table["when"], f"{path}.when"),
        severity=reader.read_enum(table["severity"], f"{path}.severity", Severity),
        override=reader.read_enum(table["override"], f"{path}.override", Override),
        citation=reader.read_citation(table, path),
        missing=reader.read_choice(table.get("missing", "missing"), f"{path}.missing", ("missing", "silent")),
        asks_when_missing=reader.read_text(table.get("asks_when_missing", ""), path),
        variant=reader.read_text(table.get("variant", ""), path),
        asked_by=reader.read_text(table.get("asked_by", ""), path),
        **texts,
    )


_DUE_VALUES = ("at_min", "every_min", "window_min", "from_min", "until_min")


def read_due(data: Any, path: str, reader: Reader) -> DueItem | None:
    """Return one due item; exactly one of `at_min` and `every_min` is given."""
    table = reader.read_table(
        data, path, {"id", "items", "phases", "anchor"} | _CITATION, {*_DUE_VALUES, "grace_factor", "text"}
    )
    if table is None:
        return None
    if ("at_min" in table) == ("every_min" in table):
        reader.refuse(path, "timing-malformed", None, "at_min or every_min", "one of at_min and every_min is needed")
    values = {key: reader.read_value(table[key], f"{path}.{key}") for key in _DUE_VALUES if key in table}
    return DueItem(
        id=reader.read_text(table["id"], f"{path}.id"),
        items=reader.read_words(table["items"], f"{path}.items"),
        phases=tuple(reader.read_choice(p, f"{path}.phases", PHASES) for p in table["phases"]),
        anchor=reader.read_choice(table["anchor"], f"{path}.anchor", ANCHORS),
        grace_factor=str(freeze(table.get("grace_factor", "1.5"))),
        text=reader.read_text(table.get("text", ""), path),
        citation=reader.read_citation(table, path),
        **values,
    )


_ALARM = {"id", "priority", "title", "when", "limit_text", "first_act", "first_act_command", "latching"} | _CITATION


def read_alarm(data: Any, path: str, reader: Reader) -> AlarmRow | None:
    """Return one alarm row."""
    table = reader.read_table(data, path, _ALARM, {"applies", "blocks", "chart_lines", "hidden_by", "ladder"})
    if table is None:
        return None
    applies = table.get("applies")
    texts = {key: reader.read_text(table[key], f"{path}.{key}") for key in ("id", "title", "limit_text", "first_act")}
    return AlarmRow(
        priority=reader.read_enum(table["priority"], f"{path}.priority", Priority),
        when=reader.read_condition(table["when"], f"{path}.when"),
        applies=None if applies is None else reader.read_condition(applies, f"{path}.applies"),
        first_act_command=reader.read_text(table["first_act_command"], path),
        latching=table["latching"] is True,
        citation=reader.read_citation(table, path),
        blocks=reader.read_words(table.get("blocks", ()), f"{path}.blocks"),
        chart_lines=reader.read_free(table.get("chart_lines", ()), f"{path}.chart_lines"),
        hidden_by=reader.read_words(table.get("hidden_by", ()), f"{path}.hidden_by"),
        ladder=reader.read_text(table.get("ladder", ""), path),
        **texts,
    )


def read_ladder_step(data: Any, path: str, reader: Reader) -> LadderStep | None:
    """Return one rung of a response ladder."""
    table = reader.read_table(data, path, {"event", "phase", "order", "act", "command", "caution"} | _CITATION)
    if table is None:
        return None
    texts = {
        key: reader.read_text(table[key], f"{path}.{key}") for key in ("event", "phase", "act", "command", "caution")
    }
    order = read_number(table["order"])
    if not isinstance(order, int):
        reader.refuse(f"{path}.order", "number-malformed", table["order"], "a whole number", "not a whole number")
        return None
    return LadderStep(order=order, citation=reader.read_citation(table, path), **texts)


def read_gate(data: Any, path: str, reader: Reader) -> Gate | None:
    """Return one discharge gate."""
    table = reader.read_table(data, path, {"id", "kind", "title", "params"} | _CITATION, {"override"})
    if table is None:
        return None
    return Gate(
        id=reader.read_text(table["id"], f"{path}.id"),
        kind=reader.read_choice(table["kind"], f"{path}.kind", GATE_KINDS),
        title=reader.read_text(table["title"], f"{path}.title"),
        params=reader.read_values(table["params"], f"{path}.params"),
        citation=reader.read_citation(table, path),
        override=reader.read_enum(table.get("override", "none"), f"{path}.override", Override),
    )


def read_check(data: Any, path: str, reader: Reader) -> Check | None:
    """Return one pre-session check."""
    wanted = {"id", "kind", "title", "asks", "required", "params"} | _CITATION
    table = reader.read_table(data, path, wanted, {"override"})
    if table is None:
        return None
    return Check(
        id=reader.read_text(table["id"], f"{path}.id"),
        kind=reader.read_choice(table["kind"], f"{path}.kind", CHECK_KINDS),
        title=reader.read_text(table["title"], f"{path}.title"),
        asks=reader.read_text(table["asks"], f"{path}.asks"),
        required=table["required"] is True,
        params=reader.read_values(table["params"], f"{path}.params"),
        citation=reader.read_citation(table, path),
        override=reader.read_enum(table.get("override", "none"), f"{path}.override", Override),
    )


_PROTOCOL = {
    "id",
    "version",
    "title",
    "drug",
    "route",
    "pattern",
    "is_runnable",
    "indication",
    "profiles",
    "doses",
    "limits",
    "schedule",
    "rules",
    "checks",
    "due",
    "alarms",
    "ladders",
    "gates",
    "settings",
    "instructions",
}
_PROTOCOL_MORE = {"rems_fields", "disagreements", "overlay", "indication_details", "route_facts", "content_hash"}
_PARTS: dict[str, Callable[[Any, str, Reader], Any]] = {
    "limits": read_limit,
    "rules": read_rule,
    "checks": read_check,
    "due": read_due,
    "alarms": read_alarm,
    "ladders": read_ladder_step,
    "gates": read_gate,
}


def read_protocol(data: Any, reader: Reader) -> Protocol:
    """Return the protocol of plain data, leaving problems with the reader; raise when it has no shape at all."""
    table = reader.read_table(data, "protocol", _PROTOCOL, _PROTOCOL_MORE)
    if table is None:
        raise InvalidInput(reader.problems)
    parts = {name: _read_parts(table[name], name, reader) for name in _PARTS}
    _refuse_repeated_ids(parts, reader)
    free: dict[str, Any] = {
        name: reader.read_free(table.get(name, default), name)
        for name, default in (
            ("schedule", {}),
            ("instructions", ()),
            ("rems_fields", ()),
            ("disagreements", ()),
            ("overlay", {}),
            ("indication_details", {}),
            ("route_facts", {}),
        )
    }
    indication = table["indication"]
    return Protocol(
        id=reader.read_text(table["id"], "id"),
        version=reader.read_text(table["version"], "version"),
        title=reader.read_text(table["title"], "title"),
        drug=reader.read_enum(table["drug"], "drug", Drug),
        route=reader.read_enum(table["route"], "route", Route),
        pattern=reader.read_enum(table["pattern"], "pattern", Pattern),
        is_runnable=table["is_runnable"] is True,
        indication=None if indication is None else reader.read_text(indication, "indication"),
        profiles={str(k): reader.read_text(v, f"profiles.{k}") for k, v in table["profiles"].items()},
        doses=reader.read_values(table["doses"], "doses"),
        settings=reader.read_values(table["settings"], "settings"),
        content_hash=reader.read_text(table.get("content_hash", ""), "content_hash"),
        **{**parts, **free},
    )


def _read_parts(data: Any, name: str, reader: Reader) -> tuple[Any, ...]:
    read = _PARTS[name]
    return reader.read_list(data, name, lambda part, path: read(part, path, reader))


def _refuse_repeated_ids(parts: Mapping[str, tuple[Any, ...]], reader: Reader) -> None:
    for name in ("rules", "checks", "due", "alarms", "gates"):
        ids = [part.key if name == "rules" else part.id for part in parts[name]]
        for repeated in sorted({item for item in ids if ids.count(item) > 1}):
            reader.refuse(f"{name}.{repeated}", "id-repeated", repeated, "ids used once", f"{repeated} appears twice")
