"""Tell what a patient's own readings say about this patient, beside people like this patient.

FILE holds a JSON object with `patient`, `drug`, `route`, `sessions` and `observations`, and where wanted `option`,
`model`, `n`, `seed` and more; the fields are those of docs/pharmacology.md. Too little or contradicting data is said,
and then everything stands as before.
"""

import argparse
from typing import Any

from afterglow.commands import DONE, REFUSED, print_json
from afterglow.commands.questions.asking import ask, print_basis

HELP = "what a patient's own readings say about this patient"
SHOWN = (
    ("peak", "peak, ng/mL"),
    ("cadss_peak", "highest CADSS of 92"),
    ("cadss6_reaches", "CADSS-6 reaches the support line in"),
    ("bp_rise", "rise of pressure, mmHg"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the question."""
    parser.add_argument("file", metavar="FILE", help="the course and its readings as JSON; - for standard input")


def run(args: argparse.Namespace) -> int:
    """Print the answer; not enough data is exit status 1."""
    from afterglow.pharmacology.jobs import update_patient

    answer = ask(update_patient, args.file)
    if args.json:
        print_json(answer)
    else:
        print_answer(answer)
    return DONE if answer["outcome"] == "updated" else REFUSED


def print_answer(answer: dict[str, Any]) -> None:
    """Write the answer for a person: outcome, effective sample size, what moved, each reading before and after."""
    print(f"{answer['outcome'].replace('-', ' ')}: {answer['reason']}")
    print(f"effective sample size {answer['ess']:g} of {answer['n']} ({answer['prior_ess']:g} by weights alone)")
    print_basis(answer)
    moved = [row for row in answer["moved"] if row["has_moved"]]
    if moved:
        print(f"\n{'moved':<34}  shift of the mean, spread before and after")
    for row in moved:
        print(f"{row['name']:<34}  {row['shift']:+g}, {row['prior_sd']:g} to {row['posterior_sd']:g}")
    if answer["checks"]:
        print(f"\n{'reading':<34}  expected before, and after (5th to 95th percentile)")
    for row in answer["checks"]:
        name = f"{row['kind']} {row['value']:g}" + (" (far from the rest)" if row["is_outlier"] else "")
        before, after = (f"{band[0]:g} to {band[2]:g}" for band in (row["before"], row["after"]))
        print(f"{name:<34}  {before}; {after}")
    for key, title in (("similar", "people like this patient"), ("patient", "this patient")):
        if key in answer:
            words = answer[key]["words"]
            print(f"\n{title}, {answer[key]['label']}:")
            for name, label in SHOWN:
                print(f"  {label}: {words[name]}")
