"""A protocol as canonical JSON and back: what a session keeps, what is hashed, what the data files are read into.

`parse_protocol` is the one strict reader: the packaged files, a site's overlay and an old session's
protocol all pass through it, so that an unknown key or a number without a source never gets further.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from afterglow.protocols.model import Protocol, Rule, Value
from afterglow.protocols.reading import Reader, read_protocol
from afterglow.terms import Citation, InvalidInput

_NOT_HASHED = "content_hash"
_MOST_RENDERED = 64
# a hash names the whole content: what was rendered once is read from its text, several times quicker
_rendered: dict[str, str] = {}


def render_protocol(protocol: Protocol) -> dict[str, Any]:
    """Return the protocol as JSON-able data; the inverse of `parse_protocol`."""
    name = protocol.content_hash
    if name in _rendered:
        content: dict[str, Any] = json.loads(_rendered[name])
        return content
    content = {item.name: _render(getattr(protocol, item.name)) for item in fields(protocol)}
    if name and hashlib.sha256(_render_hashed(content)).hexdigest() == name:
        while len(_rendered) >= _MOST_RENDERED:
            _rendered.pop(next(iter(_rendered)), None)
        _rendered[name] = render_canonical(content)
    return content


def parse_protocol(data: Mapping[str, Any]) -> Protocol:
    """Return the protocol of rendered data; refuse unknown keys, missing sources and a wrong hash."""
    reader = Reader()
    protocol = read_protocol(data, reader)
    reader.raise_problems()
    kept = data.get(_NOT_HASHED, "")
    if kept and kept != (calculated := calculate_content_hash(protocol)):
        reader.refuse(_NOT_HASHED, "hash-mismatch", kept, calculated, "the protocol's content does not match its hash")
        raise InvalidInput(reader.problems)
    return protocol


def calculate_content_hash(protocol: Protocol) -> str:
    """Return the SHA-256 of the canonical JSON of everything but the hash itself."""
    content = {item.name: _render(getattr(protocol, item.name)) for item in fields(protocol)}
    return hashlib.sha256(_render_hashed(content)).hexdigest()


def _render_hashed(content: Mapping[str, Any]) -> bytes:
    return render_canonical({name: part for name, part in content.items() if name != _NOT_HASHED}).encode("utf-8")


def render_canonical(content: object) -> str:
    """Return JSON with sorted keys and no spaces, the same bytes for the same content everywhere."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def render_value(value: Value) -> dict[str, Any]:
    """Return one value with its citation spread out beside it."""
    content = {"value": _render(value.value), "unit": value.unit, **render_citation(value.citation)}
    return content | {"note": value.note} if value.note else content


def render_citation(citation: Citation) -> dict[str, str]:
    """Return source, locator and grade."""
    return {"source": citation.source, "locator": citation.locator, "grade": str(citation.grade)}


def render_rule(rule: Rule) -> dict[str, Any]:
    """Return one rule with its citation spread out beside its texts."""
    content: dict[str, Any] = _render(rule)
    return content


def _render(item: Any) -> Any:
    if isinstance(item, Value):
        return render_value(item)
    if isinstance(item, StrEnum):
        return str(item)
    if isinstance(item, Decimal):
        return render_decimal(item)
    if isinstance(item, Mapping):
        return {key: _render(part) for key, part in item.items()}
    if isinstance(item, tuple | list):
        return [_render(part) for part in item]
    if is_dataclass(item):
        return _render_record(item)
    return item


def _render_record(record: Any) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for item in fields(record):
        part = getattr(record, item.name)
        if isinstance(part, Citation):
            content |= render_citation(part)
        elif part is not None:
            content[item.name] = _render(part)
    return content


def render_decimal(number: Decimal) -> str:
    """Return a decimal without exponent and without trailing zeros, so that equal numbers hash alike."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
