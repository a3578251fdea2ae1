"""Checks the hash chains of a clinic and names the first altered row of each."""

import argparse

from afterglow.commands import DONE, REFUSED, print_json
from afterglow.terms import InvalidInput, build_error

HELP = "check the hash chains"
NEEDS_CLINIC = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `audit` takes."""
    parser.add_argument("what", choices=["verify"], help="verify: check every chain, or one session's")
    parser.add_argument("session", nargs="?", help="the identifier of one session")
    parser.add_argument("--data", required=True, metavar="DIR", help="the clinic's data folder")


def run(args: argparse.Namespace) -> int:
    """Verify, and tell."""
    from afterglow.clinic.dosing_sessions.verify import verify_clinic
    from afterglow.clinic.snapshots import view_consistently

    with view_consistently():
        if args.session and not _is_known(args.session):
            message = f"no session {args.session} and no trace of one"
            accepted = "a session's identifier"
            raise InvalidInput([build_error("session", "session-unknown", args.session, accepted, message)])
        found = verify_clinic(args.session)
    if args.json:
        faults = [fault.to_json() for fault in found.faults]
        print_json({"intact": found.is_intact, "rows": found.rows, "sessions": found.sessions, "faults": faults})
    else:
        for fault in found.faults:
            print(f"{fault.chain}: {fault.message} [{fault.code}]")
        verdict = "intact" if found.is_intact else f"{len(found.faults)} chains altered"
        print(f"{verdict}: {found.rows} rows, {found.sessions} sessions")
    return DONE if found.is_intact else REFUSED


def _is_known(session_id: str) -> bool:
    from afterglow.clinic.dosing_sessions.models import Session, SiteAnchor

    return Session.objects.filter(pk=session_id).exists() or SiteAnchor.objects.filter(session=session_id).exists()
