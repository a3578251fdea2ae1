"""Keyed hash chains: each row's hash covers its own bytes and the hash before it.

The key lies outside the database. Whoever can write the database file but lacks the key can neither change a row,
nor recompute the chain, nor move the sealed head of a chain back.
"""

import functools
import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from afterglow.terms import render_instant

EMPTY = "0" * 64
Part = str | int | bytes | datetime | None


def calculate_link(key: bytes, previous: str, parts: Iterable[Part]) -> str:
    """Return the hash of a row in hex: HMAC-SHA256 over the previous hash and every part, each with its length."""
    return hmac.digest(key, b"".join([_frame(previous), *map(_frame, parts)]), "sha256").hex()


def calculate_seal(key: bytes, name: str, seq: int, head: str) -> str:
    """Return the seal of a chain's head, without which a head cannot be moved back to an earlier row."""
    return calculate_link(key, EMPTY, ["seal", name, seq, head])


def calculate_digest(content: bytes) -> str:
    """Return the plain SHA-256 of some bytes in hex."""
    return hashlib.sha256(content).hexdigest()


def is_equal(one: str, other: str) -> bool:
    """Return whether two hashes are the same, without telling by the time it takes."""
    return hmac.compare_digest(one.encode(), other.encode())


def render_canonical(value: Any) -> bytes:
    """Return a value as canonical JSON bytes: sorted keys, no spaces, UTF-8, decimals as written."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_render_other
    )
    return text.encode("utf-8")


def parse_canonical(content: bytes | memoryview) -> Any:
    """Return the value of canonical bytes; the inverse of `render_canonical`."""
    return json.loads(to_bytes(content).decode("utf-8"))


@functools.singledispatch
def _render_other(value: object) -> Any:
    raise TypeError(f"{type(value).__name__} has no canonical form")


@_render_other.register
def _(value: datetime) -> str:
    return render_instant(value)


@_render_other.register
def _(value: Decimal) -> str:
    return format(value, "f")


def _frame(part: Part) -> bytes:
    if isinstance(part, str):
        kind, content = b"s", part.encode("utf-8")
    elif part is None:
        kind, content = b"n", b""
    elif isinstance(part, bytes):
        kind, content = b"b", part
    elif isinstance(part, datetime):
        kind, content = b"t", render_instant(part).encode()
    else:
        kind, content = b"i", str(part).encode()
    return kind + len(content).to_bytes(8, "big") + content


def to_bytes(stored: Any) -> bytes:
    """Return what a column of bytes holds; SQLite keeps text there too when somebody else put it in."""
    return stored.encode(errors="surrogateescape") if isinstance(stored, str) else bytes(stored or b"")
