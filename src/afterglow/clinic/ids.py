"""Opaque identifiers: random, not counting, safe in an address."""

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 20


def make_id() -> str:
    """Return a new random identifier of 20 characters (100 bits), without letters that are read for one another."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
