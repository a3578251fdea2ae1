"""Adds accounts of staff and gives them roles; each new account gets a one-time link to set its password."""

import argparse
from typing import Any

from afterglow.commands import DONE, REFUSED, print_json
from afterglow.terms import InvalidInput, build_error

HELP = "add an account of staff, or make a new set-up link"
NEEDS_CLINIC = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `user` takes."""
    parser.add_argument("act", choices=("add", "link"), help="add an account, or make another link for one")
    parser.add_argument("name", metavar="NAME", help="the name to sign in with")
    parser.add_argument("--role", action="append", default=[], metavar="ROLE", help="a role (repeat for more)")
    parser.add_argument("--site", default="", metavar="ID", help="the site of the roles; needed when there are several")
    parser.add_argument("--display-name", default="", help="the name as others see it")
    parser.add_argument("--credentials", default="", help="letters after the name, such as RN or MD")
    parser.add_argument("--data", required=True, metavar="DIR", help="the clinic's data folder")


def run(args: argparse.Namespace) -> int:
    """Add the account or the link, and print the path of the link once."""
    from datetime import UTC, datetime

    from afterglow.clinic.errors import Refused
    from afterglow.clinic.people import accounts

    now = datetime.now(UTC)
    try:
        user = _add_user(args, now) if args.act == "add" else _get_user(args.name)
        token = accounts.make_setup_link(user=user, by=None, now=now)
    except Refused as error:
        print(f"refused: {error}")
        return REFUSED
    path = f"/set-up/{token}/"
    if args.json:
        link = {"path": path, "valid_for_h": accounts.LINK_HOURS}
        print_json({"id": user.pk, "username": user.username, "setup_link": link})
        return DONE
    print(f"account {user.username}" + (f" with {', '.join(args.role)}" if args.role else ""))
    print(f"One-time set-up link, good for {accounts.LINK_HOURS} hours. Put the clinic's address before it:")
    print(path)
    return DONE


def _add_user(args: argparse.Namespace, now: Any) -> Any:
    from afterglow.clinic.people import accounts

    return accounts.create_user(
        username=args.name,
        display_name=args.display_name,
        credentials=args.credentials,
        roles=args.role,
        site=_get_site(args.site),
        by=None,
        now=now,
    )


def _get_user(name: str) -> Any:
    from afterglow.clinic.people.models import User

    user = User.objects.filter(username=name.strip().casefold()).first()
    if user is None:
        raise InvalidInput([build_error("name", "user-unknown", name, "an account that exists", f"no account {name}")])
    return user


def _get_site(wanted: str) -> Any:
    from afterglow.clinic.sites.models import Site

    sites = {site.pk: site for site in Site.objects.order_by("name")}
    if wanted in sites:
        return sites[wanted]
    if not wanted and len(sites) == 1:
        return next(iter(sites.values()))
    accepted = ", ".join(f"{key} ({site.name})" for key, site in sites.items()) or "none: `init` makes the first site"
    message = f"no site {wanted}" if wanted else "say at which site with --site"
    raise InvalidInput([build_error("site", "site-unknown", wanted or None, accepted, message)])
