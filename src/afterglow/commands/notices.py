"""Messages that leave the house: sends a test to an address, or sends once what is due."""

import argparse
from typing import Any

from afterglow.commands import DONE, REFUSED, print_json
from afterglow.terms import InvalidInput, build_error

HELP = "send a test message, or send what is due"
NEEDS_CLINIC = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `notices` takes; passwords and tokens lie in files of the data folder, never here."""
    parser.add_argument("what", choices=["test", "send"], help="test: one message to --to; send: what is due")
    parser.add_argument("--to", default="", metavar="ADDRESS", help="name@host for mail, a phone number for a text")
    parser.add_argument("--data", required=True, metavar="DIR", help="the clinic's data folder")


def run(args: argparse.Namespace) -> int:
    """Send, and tell how it went."""
    return _test(args) if args.what == "test" else _send(args)


def _test(args: argparse.Namespace) -> int:
    from django.utils import timezone

    from afterglow.clinic.notices.actions import mask_address, read_address
    from afterglow.clinic.notices.channels import load_senders
    from afterglow.clinic.notices.senders import NotSent
    from afterglow.clinic.notices.sending import send_test
    from afterglow.clinic.people.checks import Checks

    channel = "mail" if "@" in args.to else "sms"
    checks = Checks()
    address = read_address(checks, args.to, channel, "to", is_required=True)
    checks.raise_problems()
    senders = load_senders()
    if channel not in senders:
        accepted = f"a channel that clinic.toml sets: {', '.join(senders) or 'none yet'}"
        raise InvalidInput([build_error("to", "channel-off", channel, accepted, f"no sender for {channel} is set")])
    try:
        code, outcome = send_test(address, senders[channel], now=timezone.now()), "sent"
    except NotSent as error:
        code, outcome = error.code, error.outcome
    told: dict[str, Any] = {"channel": channel, "to": mask_address(address), "outcome": outcome, "code": code}
    if args.json:
        print_json(told)
    else:
        print(f"{channel} to {told['to']}: {outcome} ({code})")
    return DONE if outcome == "sent" else REFUSED


def _send(args: argparse.Namespace) -> int:
    from django.utils import timezone

    from afterglow.clinic.notices.actions import send_due

    tried = send_due(now=timezone.now())
    counted = {state: sum(notice.state == state for notice in tried) for state in sorted({n.state for n in tried})}
    if args.json:
        print_json({"tried": len(tried), "states": counted})
    else:
        print(f"{len(tried)} messages tried" + "".join(f", {count} {state}" for state, count in counted.items()))
    return DONE
