"""What the drug model answers beside `simulate`: a dose for a goal, what readings say of a patient, its credibility."""

import argparse

from afterglow.commands.credibility import command as report
from afterglow.commands.questions import find, update

HELP = "find a dose, learn from a patient's readings, or write the credibility report"
OWN_JSON_FLAG = True
ACTS = {"find": find, "update": update, "report": report}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add each act with its own arguments."""
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    for name, module in ACTS.items():
        act = acts.add_parser(name, help=module.HELP, description=module.__doc__)
        act.add_argument("--json", action="store_true", help="print JSON")
        module.add_arguments(act)


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    return int(ACTS[args.act].run(args))
