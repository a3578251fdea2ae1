"""The commands of `afterglow`, one module each, and what they share.

A command module offers `HELP` (one line), `add_arguments(parser)` and `run(args) -> int`.
Commands that touch a clinic set `NEEDS_CLINIC = True`: Django is then set up for `--data DIR` first.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from afterglow.terms import InvalidInput, Problem, build_error

DONE = 0
REFUSED = 1
BAD_INPUT = 2
# a protocol with its conditions, the deepest thing that is read, has about a dozen levels
DEEPEST = 60


def read_text(argument: str, path: str = "file") -> str:
    """Return the text of a file, or of standard input for `-`; refuse what cannot be read as UTF-8."""
    try:
        if argument == "-":
            return sys.stdin.buffer.read().decode("utf-8")
        return Path(argument).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        message = f"{argument} cannot be read: {reason}"
        raise InvalidInput(
            [build_error(path, "file-unreadable", argument, "a readable UTF-8 file, or - for standard input", message)]
        ) from None


def read_json(argument: str, path: str = "file") -> Any:
    """Return the JSON value of a file or of standard input; numbers with a point stay exact as text would."""
    return parse_json(read_text(argument, path), argument, path)


def parse_json(text: str, name: str, path: str = "file") -> Any:
    """Return the value of a JSON text; refuse one that is malformed or nested deeper than anything that is meant.

    `name` is what messages call the text: the file, or one line of it.
    """
    from decimal import Decimal

    try:
        content = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except ValueError as error:
        message = f"{name} is not JSON: {error}"
        raise InvalidInput([build_error(path, "json-malformed", name, "one JSON value", message)]) from None
    except RecursionError:
        raise _refuse_depth(name, path) from None
    return check_depth(content, name, path)


def parse_toml(text: str, name: str, path: str = "file") -> dict[str, Any]:
    """Return the tables of a TOML text; refuse one that is malformed or nested too deeply."""
    import tomllib

    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"{name} is not TOML: {error}"
        raise InvalidInput([build_error(path, "toml-malformed", name, "one TOML document", message)]) from None
    except RecursionError:
        raise _refuse_depth(name, path) from None
    check_depth(content, name, path)
    return content


def check_depth(content: Any, name: str, path: str) -> Any:
    """Return the value; refuse more levels than readers that call themselves could follow."""
    level = [content]
    for _ in range(DEEPEST):
        level = [part for whole in level for part in _list_parts(whole)]
        if not level:
            return content
    raise _refuse_depth(name, path)


def _list_parts(whole: object) -> Iterable[Any]:
    if isinstance(whole, dict):
        return whole.values()
    return whole if isinstance(whole, list) else ()


def _refuse_depth(name: str, path: str) -> InvalidInput:
    message = f"{name} is nested too deeply"
    return InvalidInput([build_error(path, "json-too-deep", name, f"at most {DEEPEST} nested levels", message)])


def print_json(value: object) -> None:
    """Write a value to standard output as indented JSON; decimals are written as numbers."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=_render_other))


def print_problems(problems: Iterable[Problem], as_json: bool = False) -> None:
    """Write problems to standard error, a line each, or as JSON."""
    listed = list(problems)
    if as_json:
        print(json.dumps({"problems": [p.to_json() for p in listed]}, ensure_ascii=False, default=str), file=sys.stderr)
        return
    for problem in listed:
        print(f"{problem.severity}: {problem.path}: {problem.message} (accepted: {problem.accepted})", file=sys.stderr)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _render_other(value: object) -> object:
    from decimal import Decimal

    if isinstance(value, Decimal):
        whole = value.to_integral_value()
        return int(whole) if value == whole else float(value)
    return str(value)
