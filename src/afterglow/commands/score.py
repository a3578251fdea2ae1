"""Score one instrument: total, band, completeness and alerts."""

import argparse
import re

from afterglow.commands import DONE, print_json, read_text
from afterglow.instruments import ScoreResult, get_instrument, score_sequence, score_total
from afterglow.terms import InvalidInput, build_error

HELP = "score an instrument from its answers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the instrument and its answers."""
    parser.add_argument("instrument", help="id, such as phq9")
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument(
        "--answers",
        help="answers in item order, comma between, - for a missing one; - alone reads them from standard input",
    )
    given.add_argument("--total", help="a total already worked out, where the instrument accepts one")


def run(args: argparse.Namespace) -> int:
    """Print the result; a total that cannot be computed is a result with its reason, not an error."""
    instrument = get_instrument(args.instrument)
    if args.total is not None:
        result = score_total(instrument, args.total)
    else:
        text = read_text("-", "answers") if args.answers == "-" else args.answers
        result = score_sequence(instrument, _split(text))
    if args.json:
        print_json(result.to_json())
    else:
        _print_text(result, instrument.title)
    return DONE


def _split(text: str) -> list[str]:
    """Return the answers of a text; in a file each may stand on a line of its own."""
    answers = [part.strip() for part in re.split(r"[,\n]", text.strip())]
    if answers == [""]:
        message = "no answers were given"
        raise InvalidInput([build_error("answers", "answers-empty", text, "such as 1,0,2,-", message)])
    return answers


def _print_text(result: ScoreResult, title: str) -> None:
    total = "no total" if result.total is None else f"{result.total}{' (prorated)' if result.prorated else ''}"
    print(f"{title}: {total}{', ' + result.band if result.band else ''}")
    if result.reason:
        print(f"  why: {result.reason}")
    for name, value in result.subscales.items():
        print(f"  {name}: {'not known' if value is None else value}")
    for alert in result.alerts:
        print(f"  alert {alert.level}: {alert.title} ({alert.code})")
