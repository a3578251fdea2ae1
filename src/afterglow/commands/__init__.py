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
    from decimal import Decimal

    text = read_text(argument, path)
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except ValueError as error:
        message = f"{argument} is not JSON: {error}"
        raise InvalidInput([build_error(path, "json-malformed", argument, "one JSON value", message)]) from None
    except RecursionError:
        message = f"{argument} is nested too deeply"
        raise InvalidInput([build_error(path, "json-too-deep", argument, "fewer nested levels", message)]) from None


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
