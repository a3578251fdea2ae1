"""Reading plain data with findings: names that are not known and numbers that are none."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from afterglow.pharmacology._values import is_number, show_value
from afterglow.terms import InvalidInput, build_error

DEEPEST = 20  # a question of the worker has six levels


def read_json(text: str) -> dict[str, Any]:
    """Return the mapping written in a JSON text; refuse anything else, NaN and Infinity included."""
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, TypeError) as error:
        message = f"The payload is not JSON: {error}."
        shown = show_value(text)
        raise InvalidInput([build_error("payload", "not-json", shown, "a JSON object", message)]) from None
    except RecursionError:
        raise _refuse_depth(text) from None
    level: list[Any] = [content]
    for _ in range(DEEPEST):
        level = [part for whole in level for part in _list_parts(whole)]
    if level:
        raise _refuse_depth(text)
    if not isinstance(content, dict):
        message = "The payload must be a JSON object."
        raise InvalidInput([build_error("payload", "not-an-object", text[:80], "a JSON object", message)])
    return content


def _list_parts(whole: object) -> Iterable[Any]:
    if isinstance(whole, dict):
        return whole.values()
    return whole if isinstance(whole, list) else ()


def _refuse_depth(text: str) -> InvalidInput:
    message = "The payload is nested too deeply."
    return InvalidInput([build_error("payload", "json-too-deep", text[:80], f"up to {DEEPEST} levels", message)])


def refuse_unknown(path: str, content: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse names that mean nothing here, all at once."""
    names = sorted(known)
    problems = [
        build_error(f"{path}.{name}", "unknown-field", name, ", ".join(names), f"There is no {path}.{name}.")
        for name in content
        if name not in names
    ]
    if problems:
        raise InvalidInput(problems)


def read_numbers(path: str, content: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the given names' numbers; a name whose value is None is left out."""
    found, problems = {}, []
    for name in sorted(names):
        value = content.get(name)
        if value is None:
            continue
        if not is_number(value):
            message = f"{path}.{name} must be a number."
            problems.append(
                build_error(f"{path}.{name}", "not-a-number", show_value(value), "a finite number", message)
            )
        else:
            found[name] = value
    if problems:
        raise InvalidInput(problems)
    return found


def read_words(path: str, content: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the given names' texts; a name whose value is None is left out, an empty text is refused."""
    found, problems = {}, []
    for name in names:
        value = content.get(name)
        if value is None:
            continue
        if not isinstance(value, str) or not value:
            message = f"{path}.{name} must be a word."
            problems.append(build_error(f"{path}.{name}", "not-a-word", str(value)[:80], "a word", message))
        else:
            found[name] = value
    if problems:
        raise InvalidInput(problems)
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number here")
