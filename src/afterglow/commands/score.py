"""Score one instrument: total, band, completeness and alerts."""

import argparse
import re
from collections.abc import Iterable

from afterglow.commands import DONE, print_json, read_text
from afterglow.instruments import Instrument, ScoreResult, get_instrument, score_answers, score_sequence, score_total
from afterglow.terms import InvalidInput, build_error

HELP = "score an instrument from its answers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the instrument and its answers."""
    parser.add_argument("instrument", help="id, such as phq9")
    parser.add_argument(
        "--answers",
        help="answers in item order, comma between, - for a missing one; - alone reads them from standard input",
    )
    parser.add_argument("--total", help="a total already worked out, where the instrument accepts one")
    parser.add_argument(
        "--item", action="append", default=[], metavar="ID=VALUE", help="one answer by its id; beside --total too"
    )
    parser.add_argument(
        "--setting", action="append", default=[], metavar="NAME=VALUE", help="a clinic's own number, such as cut=31"
    )
    parser.add_argument("--definition", metavar="VERSION", help="the version of the definition that is meant")


def run(args: argparse.Namespace) -> int:
    """Print the result; a total that cannot be computed is a result with its reason, not an error."""
    instrument = get_instrument(args.instrument, args.definition)
    result = _score(args, instrument)
    if args.json:
        print_json(result.to_json())
    else:
        _print_text(result, instrument.title)
    return DONE


def _score(args: argparse.Namespace, instrument: Instrument) -> ScoreResult:
    settings, items = _read_pairs(args.setting, "setting"), _read_pairs(args.item, "item")
    if args.answers is not None and (items or args.total is not None):
        message = "--answers goes alone; single items go by --item"
        raise InvalidInput([build_error("answers", "answers-twice", args.answers, "--answers or --item", message)])
    if args.total is not None:
        return score_total(instrument, args.total, items, settings)
    if items:
        return score_answers(instrument, items, settings)
    if args.answers is None:
        message = "no answers were given"
        raise InvalidInput([build_error("answers", "answers-missing", None, "--answers A,B,... or --total N", message)])
    text = read_text("-", "answers") if args.answers == "-" else args.answers
    return score_sequence(instrument, _split(text), settings)


def _split(text: str) -> list[str]:
    """Return the answers of a text; in a file each may stand on a line of its own."""
    answers = [part.strip() for part in re.split(r"[,\n]", text.strip())]
    if answers == [""]:
        message = "no answers were given"
        raise InvalidInput([build_error("answers", "answers-empty", text, "such as 1,0,2,-", message)])
    return answers


def _read_pairs(words: Iterable[str], path: str) -> dict[str, object]:
    pairs: dict[str, object] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not (name and sign and value):
            message = f"{word!r} is not NAME=VALUE"
            raise InvalidInput([build_error(path, f"{path}-malformed", word, "NAME=VALUE", message)])
        pairs[name] = value
    return pairs


def _print_text(result: ScoreResult, title: str) -> None:
    total = "no total" if result.total is None else f"{result.total}{' (prorated)' if result.prorated else ''}"
    print(f"{title}: {total}{', ' + result.band if result.band else ''}")
    if result.reason:
        print(f"  why: {result.reason}")
    for name, value in {**result.subscales, **result.screens}.items():
        band = result.subscale_bands.get(name)
        print(f"  {name}: {'not known' if value is None else value}{', ' + band if band else ''}")
    for alert in result.alerts:
        print(f"  alert {alert.level}: {alert.title} ({alert.code})")
    for code in result.not_screened:
        print(f"  not screened, ask in person: {code}")
