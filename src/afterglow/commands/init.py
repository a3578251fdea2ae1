"""Makes an empty clinic: data folder, secrets, tables. The recovery key of its backups is printed once, never kept."""

import argparse
import os
from pathlib import Path
from zoneinfo import available_timezones

from afterglow.commands import DONE, print_json
from afterglow.terms import InvalidInput, build_error

HELP = "make an empty clinic"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `init` takes."""
    parser.add_argument(
        "--data", required=True, metavar="DIR", help="the data folder to make; it must not hold anything"
    )
    parser.add_argument(
        "--database",
        default="",
        metavar="URL",
        help="postgresql://OWNER@HOST:PORT/NAME, its password from AFTERGLOW_DATABASE_PASSWORD (default: SQLite)",
    )
    parser.add_argument("--site-name", default="Clinic", help="name of the first site (default: Clinic)")
    parser.add_argument("--timezone", default="UTC", help="its time zone, such as Europe/Vienna")
    parser.add_argument(
        "--hostname", action="append", default=[], metavar="NAME", help="a name browsers reach it by (repeat for more)"
    )
    parser.add_argument("--upgrade", action="store_true", help="bring an existing folder's tables up to this version")


def run(args: argparse.Namespace) -> int:
    """Make the clinic, or upgrade the tables of one."""
    if args.upgrade:
        return _upgrade(args)
    from afterglow.clinic.half_made import undo_half_made
    from afterglow.clinic.setup import make_clinic, tell_troubles

    _check_site(args.site_name, args.timezone)
    with tell_troubles(args.data), undo_half_made(Path(args.data).expanduser().resolve()):
        recovery_key = make_clinic(args.data, url=args.database, hosts=tuple(args.hostname))
        site_id = _make_first_site(args.site_name, args.timezone) if args.site_name else None
    if args.json:
        print_json({"data": args.data, "recovery_key": recovery_key, "site": site_id})
        return DONE
    print(f"clinic made in {args.data}")
    print("Recovery key of its backups. It is shown once and kept nowhere; write it down and lock it away:")
    print(recovery_key)
    print(f"Next: afterglow user add NAME --role manager --data {args.data}; then afterglow serve --data {args.data}")
    return DONE


def _upgrade(args: argparse.Namespace) -> int:
    from afterglow.clinic.config import AS_OWNER
    from afterglow.clinic.setup import find_pending_migrations, migrate_clinic, set_up_clinic, tell_troubles

    os.environ[AS_OWNER] = "1"
    with tell_troubles(args.data):
        set_up_clinic(args.data)
        pending = find_pending_migrations()
        migrate_clinic()
        _install_texts()
    if args.json:
        print_json({"data": args.data, "applied": pending})
    else:
        print(f"{len(pending)} migrations applied" if pending else "nothing to do")
    return DONE


def _install_texts() -> None:
    """Store the consent texts of this version that the clinic does not have yet."""
    from datetime import UTC, datetime

    from afterglow.clinic.consents.texts import install_texts

    install_texts(now=datetime.now(UTC))


def _check_site(name: str, timezone: str) -> None:
    """Refuse a zone that does not exist before anything is made."""
    if timezone not in available_timezones():
        message = f"{timezone} is no time zone"
        raise InvalidInput([build_error("timezone", "timezone-unknown", timezone, "such as Europe/Vienna", message)])
    if name and not name.strip():
        raise InvalidInput([build_error("site-name", "name-empty", name, "a name", "the site's name is empty")])


def _make_first_site(name: str, timezone: str) -> str:
    from datetime import UTC, datetime

    from afterglow.clinic.floor.actions import choose_settings
    from afterglow.clinic.sites.actions import create_site

    now = datetime.now(UTC)
    site = create_site(name=name, timezone=timezone, by=None, now=now)
    # a new site asks for the opening checks before the first dose of a day; one that was there before has to choose
    choose_settings(site=site, asks_opening_checks=True, by=None, now=now)
    return str(site.pk)
