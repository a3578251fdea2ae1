"""The clinic's own past: summaries behind the outcomes page made anew, and forecasts held against what came."""

import argparse

from afterglow.commands import DONE, print_json

HELP = "make the summaries behind the outcomes page anew, or hold the forecasts against the clinic's own past"
NEEDS_CLINIC = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `outcomes` takes."""
    text = (
        "rebuild: every course summarised from its chart, needed only after a repair; "
        "calibrate: past courses forecast again, and ranges held against them (up to a second a patient; at night)"
    )
    parser.add_argument("what", choices=["rebuild", "calibrate"], help=text)
    parser.add_argument("--data", required=True, metavar="DIR", help="the clinic's data folder")


def run(args: argparse.Namespace) -> int:
    """Work the courses out, and tell how many there are; no patient is named."""
    return _calibrate(args) if args.what == "calibrate" else _rebuild(args)


def _rebuild(args: argparse.Namespace) -> int:
    from django.utils import timezone

    from afterglow.clinic.outcomes.summarising import rebuild

    count = rebuild(now=timezone.now())
    if args.json:
        print_json({"courses": count})
        return DONE
    print(f"{count} course{'s' if count != 1 else ''} summarised")
    return DONE


def _calibrate(args: argparse.Namespace) -> int:
    from django.utils import timezone

    from afterglow.clinic.care.calibrating import look_back_at, summarise
    from afterglow.clinic.sites.models import Site

    found = [summarise(look_back_at(site, timezone.now())) for site in Site.objects.order_by("name", "pk")]
    if args.json:
        print_json({"sites": found})
        return DONE
    for row in found:
        print(f"{row['site']}: forecasts of {row['patients']} past patients looked back at")
        for group, factor in row["groups"].items():
            wider = f"90 % range times {factor['factors'][1]:.2f}"
            print(f"  {group}: {wider}, {factor['patients']} patients")
        if not row["groups"]:
            print(f"  too few for a calibrated range: {row['fewest']} are needed; the ranges stay the model's own")
    return DONE
