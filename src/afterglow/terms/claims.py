"""Claim ids: one format, so that consent texts can point at the evidence library."""

import re

from afterglow.terms.problems import InvalidInput, build_error

_PATTERN = re.compile(r"claim:[a-z0-9]+(?:-[a-z0-9]+)*\Z")


def parse_claim_id(text: str) -> str:
    """Return `text` when it is a claim id such as `claim:trd-iv-response-24h`."""
    if not _PATTERN.match(text):
        accepted = "claim: and words of a to z and 0 to 9 joined by hyphens"
        raise InvalidInput([build_error("claim", "claim-id-malformed", text, accepted, f"{text!r} is not a claim id")])
    return text
