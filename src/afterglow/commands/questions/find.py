"""Find the dose, devices, duration, gap or interval that reaches a goal with a chosen probability within limits.

FILE holds a JSON object with `patient`, `goal`, `option`, `limits`, and where wanted `vary`, `n`, `seed`; the fields
are those of docs/pharmacology.md. The answer is a proposal: nothing is ordered, and no dose goes from one route to
another.
"""

import argparse
from typing import Any

from afterglow.commands import DONE, REFUSED, print_json
from afterglow.commands.questions.asking import ask, print_basis

HELP = "the dose or schedule that reaches a goal within limits"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the question."""
    parser.add_argument("file", metavar="FILE", help="the question as JSON; - for standard input")


def run(args: argparse.Namespace) -> int:
    """Print the answer; nothing within the limits, or a goal of another route, is exit status 1."""
    from afterglow.pharmacology.jobs import find_dose_job

    answer = ask(find_dose_job, args.file)
    if args.json:
        print_json(answer)
    else:
        print_answer(answer)
    return DONE if answer["status"] == "found" else REFUSED


def print_answer(answer: dict[str, Any]) -> None:
    """Write the answer for a person: what was found, what it needs, what else was looked at."""
    print(f"{answer['status'].replace('-', ' ')}: {answer['reason']}")
    if answer["share"] is not None:
        low, high = answer["share_interval"]
        print(f"reached in {answer['share_words']}: {answer['share']:g} ({low:g} to {high:g} by chance alone)")
    if answer["needs"]:
        print(f"{answer['passed']}: {answer['needs']}")
    print_basis(answer)
    if answer["tried"]:
        print(f"\n{answer['vary'] + ', ' + answer['unit']:>16}  share that reaches the goal")
        for value, share in answer["tried"]:
            mark = "  <" if value == answer["value"] else ""
            print(f"{value:>16g}  {share:g}{mark}")
