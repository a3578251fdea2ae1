"""Restores a backup into a new data folder and checks every hash chain of what came out."""

import argparse
from pathlib import Path

from afterglow.commands import DONE, REFUSED, print_json, read_text
from afterglow.terms import InvalidInput, build_error

HELP = "restore a backup into a new folder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `restore` takes."""
    parser.add_argument("file", metavar="FILE", help="the backup")
    parser.add_argument(
        "--data", required=True, metavar="DIR", help="the data folder to make; it must not hold anything"
    )
    parser.add_argument("--key", required=True, metavar="FILE", help="the recovery key; - reads standard input")
    parser.add_argument("--database", default="", metavar="URL", help="an empty PostgreSQL database, for such a backup")


def run(args: argparse.Namespace) -> int:
    """Restore, then verify."""
    from afterglow.clinic.errors import SetupError
    from afterglow.clinic.restore import restore_backup
    from afterglow.clinic.setup import tell_troubles

    folder = Path(args.data).expanduser().resolve()
    key = read_text(args.key, "key")
    with tell_troubles(folder):
        try:
            manifest = restore_backup(Path(args.file), folder, key, url=args.database)
        except SetupError as error:
            raise InvalidInput(
                [build_error("file", "restore-impossible", args.file, "a backup, its key, a new folder", str(error))]
            ) from None
        from afterglow.clinic.dosing_sessions.verify import verify_clinic

        found = verify_clinic()
    if args.json:
        faults = [fault.to_json() for fault in found.faults]
        told = {"data": str(folder), "made_at": manifest["made_at"], "left": manifest["left"]}
        print_json({**told, "intact": found.is_intact, "faults": faults})
    else:
        print(f"restored to {folder}: made {manifest['made_at']} by version {manifest['version']}")
        for fault in found.faults:
            print(f"{fault.chain}: {fault.message} [{fault.code}]")
        for words in manifest["left"]:
            print(f"left to do: {words}")
        print(f"{'intact' if found.is_intact else 'ALTERED'}: {found.rows} rows, {found.sessions} sessions")
    return DONE if found.is_intact else REFUSED
