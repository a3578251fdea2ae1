"""Sweeps the tasks of a clinic once: opens what has become due, ends what was done, lets the late climb."""

import argparse
from typing import Any

from afterglow.commands import DONE, print_json

HELP = "open what has become due and let late tasks climb"
NEEDS_CLINIC = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `tasks` takes."""
    parser.add_argument("what", choices=["sweep"], help="sweep: once, now; repeating it changes nothing")
    parser.add_argument("--data", required=True, metavar="DIR", help="the clinic's data folder")


def run(args: argparse.Namespace) -> int:
    """Sweep, and tell how many tasks changed; no patient is named."""
    from django.utils import timezone

    from afterglow.clinic.tasks.actions import sweep

    changed = sweep(now=timezone.now())
    rows: list[dict[str, Any]] = [
        {"id": task.pk, "kind": task.kind, "state": task.state, "due_at": task.due_at.isoformat()} for task in changed
    ]
    if args.json:
        print_json({"changed": len(rows), "tasks": rows})
        return DONE
    for row in rows:
        print(f"{row['kind']}: {row['state']}, due {row['due_at']}")
    print(f"{len(rows)} tasks changed")
    return DONE
