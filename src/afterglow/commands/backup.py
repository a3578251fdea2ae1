"""Writes the whole clinic to one file, encrypted to its recovery key, and reads it back once."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from afterglow.commands import DONE, print_json

HELP = "write an encrypted backup"
NEEDS_CLINIC = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `backup` takes."""
    parser.add_argument("--data", required=True, metavar="DIR", help="the clinic's data folder")
    parser.add_argument("--to", required=True, metavar="FILE", help="the file to write; it must not exist")


def run(args: argparse.Namespace) -> int:
    """Write the backup."""
    from afterglow.clinic.backup import make_backup
    from afterglow.clinic.errors import SetupError
    from afterglow.clinic.readiness import check_chain_key
    from afterglow.terms import InvalidInput, build_error

    check_chain_key()
    try:
        made = make_backup(Path(args.to), now=datetime.now(UTC))
    except (SetupError, OSError) as error:
        raise InvalidInput(
            [build_error("to", "backup-impossible", args.to, "a new file on a disk with room", str(error))]
        ) from None
    if args.json:
        print_json({"file": str(made.path), "bytes": made.size, "engine": made.engine, "made_at": made.made_at})
    else:
        print(f"{made.path}: {made.size} bytes, {made.engine}, read back and found whole")
    return DONE
