"""One command, `afterglow`: finds the command module, reads the arguments, turns errors into exit statuses.

Exit status 0: it did its work. 1: its answer is a refusal or a failed check. 2: the input or the call is wrong.
70: the program itself failed; never to be read as a refusal.
"""

import argparse
import importlib
import os
import re
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType

from afterglow import __version__
from afterglow.commands import BAD_INPUT, print_problems
from afterglow.terms import InvalidInput

# command -> module under afterglow.commands; listed by hand so that `--help` imports only what it shows
COMMANDS: dict[str, str] = {
    "init": "init",
    "serve": "serve",
    "demo": "demo",
    "user": "user",
    "protocols": "protocols",
    "screen": "screen",
    "dose": "dose",
    "session": "session",
    "record": "record",
    "models": "models",
    "simulate": "simulate",
    "pharmacology": "pharmacology",
    "score": "score",
    "forecast": "forecast",
    "outcomes": "outcomes",
    "instruments": "instruments",
    "tasks": "tasks",
    "notices": "notices",
    "audit": "audit",
    "backup": "backup",
    "restore": "restore",
    "assets": "assets",
}

# as sysexits.h names it, EX_SOFTWARE
PROGRAM_FAILED = 70

_NEGATIVE = re.compile(r"-[0-9.]")


def _join_dashes(arguments: list[str]) -> list[str]:
    """Return the arguments with `--answers -,1,2` and `--dose -5mg` as one word: a value may begin with a dash."""
    for place, word in enumerate(arguments[:-1]):
        follower = arguments[place + 1]
        if (word == "--answers" and follower.startswith("-,")) or (word.startswith("--") and _NEGATIVE.match(follower)):
            return [*arguments[:place], f"{word}={follower}", *_join_dashes(arguments[place + 2 :])]
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = _join_dashes(list(sys.argv[1:] if argv is None else argv))
    parser = _build_parser(arguments)
    args = parser.parse_args(arguments)
    if not hasattr(args, "run"):
        parser.print_help(sys.stderr)
        return BAD_INPUT
    try:
        return int(args.run(args))
    except InvalidInput as error:
        print_problems(error.problems, as_json=getattr(args, "json", False))
        return BAD_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BAD_INPUT
    except KeyboardInterrupt:
        return 130
    except Exception:  # noqa: BLE001 - Python's own status for a failure, 1, would read as a refusal
        traceback.print_exc()
        print("afterglow: this is a fault of the program, not of what was asked; nothing was decided", file=sys.stderr)
        return PROGRAM_FAILED


def _build_parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="afterglow", description="Runs a ketamine-therapy clinic.")
    parser.add_argument("--version", action="version", version=f"afterglow {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND")
    wanted = next((word for word in arguments if not word.startswith("-")), None)
    for name, module_name in COMMANDS.items():
        if wanted in COMMANDS and name != wanted:
            continue
        module = _import_command(module_name)
        sub = commands.add_parser(name, help=module.HELP, description=module.__doc__)
        if not getattr(module, "OWN_JSON_FLAG", False):
            sub.add_argument("--json", action="store_true", help="print JSON")
        module.add_arguments(sub)
        sub.set_defaults(run=_prepare(module))
    return parser


def _prepare(module: ModuleType):  # type: ignore[no-untyped-def]
    if not getattr(module, "NEEDS_CLINIC", False):
        return module.run

    def run(args: argparse.Namespace) -> int:
        from afterglow.clinic.setup import set_up_clinic, tell_troubles

        with tell_troubles(args.data):
            set_up_clinic(args.data)
            return int(module.run(args))

    return run


def _import_command(name: str) -> ModuleType:
    return importlib.import_module(f"afterglow.commands.{name}")


if __name__ == "__main__":
    sys.exit(main())
