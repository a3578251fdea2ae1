"""Write the printed record of one session as a tagged PDF."""

import argparse
from pathlib import Path

from afterglow.commands import DONE, print_json
from afterglow.terms import InvalidInput, build_error

HELP = "write the printed record of a session"
NEEDS_CLINIC = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the session and the file."""
    parser.add_argument("session", help="id of the session, as in its address")
    parser.add_argument("--pdf", required=True, metavar="FILE", help="the file to write")
    parser.add_argument("--data", required=True, metavar="DIR", help="data folder of the clinic")


def run(args: argparse.Namespace) -> int:
    """Write the PDF; the audit says that the command line printed it."""
    from django.db import transaction
    from django.utils import timezone

    from afterglow.clinic.audit import actions as audit
    from afterglow.clinic.documents.typesetting import FontMissing
    from afterglow.clinic.dosing_sessions.models import Session
    from afterglow.web.record.build import build_record
    from afterglow.web.record.render import render_pdf

    session = Session.objects.select_related("patient", "site", "plan").filter(pk=args.session).first()
    if session is None:
        message = f"no session {args.session!r}"
        raise InvalidInput([build_error("session", "session-unknown", args.session, "the id of a session", message)])
    now = timezone.now()
    try:
        body = render_pdf("session", build_record(session, now=now, by="the command line"), now=now)
    except FontMissing as missing:
        raise InvalidInput([missing.problem]) from None
    try:
        Path(args.pdf).write_bytes(body)
    except OSError as error:
        message = f"{args.pdf} cannot be written: {error.strerror}"
        raise InvalidInput([build_error("pdf", "file-unwritable", args.pdf, "a file to write", message)]) from None
    with transaction.atomic():
        audit.record(
            by=None, action="record.printed", subject=session, now=now, patient=session.patient_id, site=session.site_id
        )
    if args.json:
        print_json({"session": args.session, "pdf": args.pdf, "bytes": len(body)})
    else:
        print(f"{args.pdf}: {len(body)} bytes")
    return DONE
