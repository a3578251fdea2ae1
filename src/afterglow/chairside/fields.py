"""The fields of commands: declared once, read strictly, every problem collected."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from afterglow.terms import InvalidInput, Problem, build_error, parse_decimal, parse_instant, render_instant

NOTE_KEYS = frozenset({"note_id", "note_digest"})
# an empty list is nothing said where a list is asked for, and a mistake anywhere else
LISTS = frozenset({"codes", "list"})
LONGEST_TEXT = 4000
LONGEST_CODE = 120


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a command.

    `kind` is one of code, text, number, whole, flag, instant, day, codes, list, object. A `text` is free text: before
    it becomes part of an event it is replaced by `{"note_id": ..., "note_digest": ...}`, since events hold no names.
    """

    name: str
    kind: str
    is_required: bool = False
    choices: tuple[str, ...] = ()
    low: Decimal | None = None
    high: Decimal | None = None
    unit: str = ""
    shortest: int = 0
    # of a date or an instant: how many days before and after now it can lie; None where nothing is asked
    past_d: int | None = None
    ahead_d: int = 0


def code(name: str, *choices: str, required: bool = False) -> FieldSpec:
    """Return a field that holds one code, of `choices` where any are given."""
    return FieldSpec(name, "code", required, choices)


def text(name: str, *, required: bool = False, shortest: int = 0) -> FieldSpec:
    """Return a field of free text."""
    return FieldSpec(name, "text", required, shortest=shortest)


def number(name: str, low: str, high: str, unit: str, *, required: bool = False) -> FieldSpec:
    """Return a field that holds an exact decimal between two ends, both included."""
    return FieldSpec(name, "number", required, low=Decimal(low), high=Decimal(high), unit=unit)


def whole(name: str, low: int, high: int, unit: str = "1", *, required: bool = False) -> FieldSpec:
    """Return a field that holds a whole number between two ends, both included."""
    return FieldSpec(name, "whole", required, low=Decimal(low), high=Decimal(high), unit=unit)


def flag(name: str, *, required: bool = False) -> FieldSpec:
    """Return a yes-or-no field; not answered stays not answered."""
    return FieldSpec(name, "flag", required)


def instant(name: str, *, required: bool = False, past_d: int | None = None, ahead_d: int = 0) -> FieldSpec:
    """Return a field that holds an instant with zone, within some days of now where `past_d` says so."""
    return FieldSpec(name, "instant", required, past_d=past_d, ahead_d=ahead_d)


def day(name: str, *, required: bool = False, past_d: int | None = None, ahead_d: int = 0) -> FieldSpec:
    """Return a field that holds a date, within some days of today where `past_d` says so."""
    return FieldSpec(name, "day", required, past_d=past_d, ahead_d=ahead_d)


def codes(name: str, *choices: str, required: bool = False) -> FieldSpec:
    """Return a field that holds several codes."""
    return FieldSpec(name, "codes", required, choices)


def items(name: str) -> FieldSpec:
    """Return a field that holds a list of JSON values."""
    return FieldSpec(name, "list")


def mapping(name: str) -> FieldSpec:
    """Return a field that holds an object of JSON values."""
    return FieldSpec(name, "object")


def read_fields(specs: Sequence[FieldSpec], data: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return the data of a command in its normal form; absent fields are left out.

    Raises
    ------
    InvalidInput
        With every problem: unknown, missing, malformed or out-of-range fields.
    """
    problems: list[Problem] = []
    known = {spec.name: spec for spec in specs}
    prefix = f"{path}." if path else ""
    for name in data:
        if name not in known:
            accepted = ", ".join(known) or "no fields"
            message = f"this command has no field {name}"
            problems.append(build_error(f"{prefix}{name}", "field-unknown", data[name], accepted, message))
    content: dict[str, Any] = {}
    for spec in specs:
        value = data.get(spec.name)
        if value is None or value == "" or (value == [] and spec.kind in LISTS):
            if spec.is_required:
                message = f"{spec.name} is needed"
                problems.append(build_error(f"{prefix}{spec.name}", "field-missing", None, describe(spec), message))
            continue
        try:
            content[spec.name] = _READERS[spec.kind](spec, value, f"{prefix}{spec.name}")
        except InvalidInput as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidInput(problems)
    return content


def describe(spec: FieldSpec) -> str:
    """Return in words what a field accepts."""
    if spec.choices:
        return ", ".join(spec.choices)
    if spec.low is not None and spec.high is not None:
        return f"{spec.low} to {spec.high} {spec.unit}"
    words = {
        "code": "a short code",
        "text": "text",
        "flag": "yes or no",
        "instant": "date, time and zone",
        "day": "a date such as 2027-05-31",
        "codes": "a list of codes",
        "list": "a list",
        "object": "an object",
    }
    return words[spec.kind] + (f" of at least {spec.shortest} characters" if spec.shortest else "")


def _refuse(spec: FieldSpec, value: Any, path: str, kind: str, message: str) -> InvalidInput:
    shown = value if isinstance(value, str | int | float | bool) else str(value)[:80]
    return InvalidInput([build_error(path, kind, shown, describe(spec), message)])


def _read_code(spec: FieldSpec, value: Any, path: str) -> str:
    word = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not word or len(word) > LONGEST_CODE or "\x00" in word:
        raise _refuse(spec, value, path, "code-malformed", f"{spec.name} is not a short code")
    if spec.choices and word not in spec.choices:
        raise _refuse(spec, value, path, "code-not-accepted", f"{spec.name} does not take {word}")
    return word


def _read_text(spec: FieldSpec, value: Any, path: str) -> Any:
    if isinstance(value, Mapping) and set(value) == NOTE_KEYS:
        return dict(value)
    if not isinstance(value, str) or "\x00" in value:
        raise _refuse(spec, value, path, "text-malformed", f"{spec.name} is not text")
    words = value.strip()
    if len(words) < max(spec.shortest, 1):
        raise _refuse(spec, value, path, "text-too-short", f"{spec.name} needs at least {spec.shortest} characters")
    if len(words) > LONGEST_TEXT:
        raise _refuse(spec, value[:40], path, "text-too-long", f"{spec.name} is longer than {LONGEST_TEXT} characters")
    return words


def _read_number(spec: FieldSpec, value: Any, path: str) -> str:
    amount = parse_decimal(value, path)
    if (spec.low is not None and amount < spec.low) or (spec.high is not None and amount > spec.high):
        raise _refuse(spec, value, path, "number-out-of-range", f"{spec.name} {value} cannot be right")
    return f"{amount:f}"


def _read_whole(spec: FieldSpec, value: Any, path: str) -> int:
    amount = parse_decimal(value, path)
    if amount != amount.to_integral_value():
        raise _refuse(spec, value, path, "number-not-whole", f"{spec.name} is a whole number")
    if (spec.low is not None and amount < spec.low) or (spec.high is not None and amount > spec.high):
        raise _refuse(spec, value, path, "number-out-of-range", f"{spec.name} {value} cannot be right")
    return int(amount)


def _read_flag(spec: FieldSpec, value: Any, path: str) -> bool:
    words = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise _refuse(spec, value, path, "flag-malformed", f"{spec.name} is yes or no")


def _read_instant(spec: FieldSpec, value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise _refuse(spec, value, path, "instant-malformed", f"{spec.name} is not a date and time")
    return render_instant(parse_instant(value, path))


def _read_day(spec: FieldSpec, value: Any, path: str) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise _refuse(spec, value, path, "day-malformed", f"{spec.name} is not a date") from None


def _read_codes(spec: FieldSpec, value: Any, path: str) -> list[str]:
    listed = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
    if not isinstance(listed, list | tuple):
        raise _refuse(spec, value, path, "list-malformed", f"{spec.name} is a list")
    return list(dict.fromkeys(_read_code(spec, part, path) for part in listed))


def _read_list(spec: FieldSpec, value: Any, path: str) -> list[Any]:
    listed = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or len(listed) > 200:
        raise _refuse(spec, value, path, "list-malformed", f"{spec.name} is a list")
    return [_plain(part, path, spec) for part in listed]


def _read_object(spec: FieldSpec, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping) or len(value) > 400:
        raise _refuse(spec, value, path, "object-malformed", f"{spec.name} is an object")
    return {str(key): _plain(part, path, spec) for key, part in value.items()}


def _read_plain_text(spec: FieldSpec, value: str, path: str) -> str:
    """Return a text inside a list or an object; what a reader could not see is refused, and so is a page of it."""
    if len(value) > LONGEST_TEXT:
        raise _refuse(spec, value[:40], path, "text-too-long", f"{spec.name} holds more than {LONGEST_TEXT} characters")
    if any(unicodedata.category(letter) in ("Cc", "Cf") and letter not in "\t\n\r\u200c\u200d" for letter in value):
        raise _refuse(spec, value[:40], path, "text-malformed", f"{spec.name} holds characters that nobody sees")
    return value


def _plain(value: Any, path: str, spec: FieldSpec, depth: int = 0) -> Any:
    """Return a JSON value with decimals as text; refuse what JSON does not hold, and deep nesting."""
    if depth > 8:
        raise _refuse(spec, "...", path, "object-too-deep", f"{spec.name} is nested too deeply")
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float):
        return _read_number(FieldSpec(spec.name, "number"), repr(value), path)
    if isinstance(value, str):
        return _read_plain_text(spec, value, path)
    if value is None or isinstance(value, int | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(part, path, spec, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, path, spec, depth + 1) for part in value]
    raise _refuse(spec, value, path, "object-malformed", f"{spec.name} holds something that is not JSON")


_READERS: dict[str, Callable[[FieldSpec, Any, str], Any]] = {
    "code": _read_code,
    "text": _read_text,
    "number": _read_number,
    "whole": _read_whole,
    "flag": _read_flag,
    "instant": _read_instant,
    "day": _read_day,
    "codes": _read_codes,
    "list": _read_list,
    "object": _read_object,
}
