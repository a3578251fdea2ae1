"""Opaque identifiers: random, not counting, safe in an address."""

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 20


def make_id() -> str:
    """Return a new random identifier of 20 characters (100 bits), without letters that are read for one another."""
    # 32 letters: the low five bits of a random byte name one, each as likely as any other
    return "".join([ALPHABET[byte & 31] for byte in secrets.token_bytes(LENGTH)])
