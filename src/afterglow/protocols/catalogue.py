"""The door to the protocols: which there are, and the effective one for a route, an indication and a clinic."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from afterglow.protocols.effective import build_effective, find_route, list_options
from afterglow.protocols.loading import list_names, load_profile
from afterglow.protocols.model import Protocol
from afterglow.protocols.render import calculate_content_hash, parse_protocol, render_protocol

__all__ = [
    "calculate_content_hash",
    "get_base",
    "get_effective",
    "load_indication_ids",
    "load_profile_options",
    "load_protocol_ids",
    "parse_protocol",
    "parse_protocol_text",
    "render_protocol",
]


def load_protocol_ids() -> tuple[str, ...]:
    """Return the ids of all packaged protocols, the runnable ones first."""
    names = list_names("routes")
    return tuple(sorted(names, key=lambda name: (not find_route(name)["is_runnable"], names.index(name))))


def load_indication_ids() -> tuple[str, ...]:
    """Return the ids of all indications."""
    return list_names("indications")


def load_profile_options(protocol_id: str) -> Mapping[str, tuple[str, ...]]:
    """Return, per profile, the options that a protocol may choose."""
    route = find_route(protocol_id)
    return {name: list_options(route, name) for name in route["profiles"] if load_profile(name)}


def get_base(protocol_id: str) -> Protocol:
    """Return a protocol with its own profiles, no indication and no overlay."""
    return get_effective(protocol_id)


def get_effective(
    protocol_id: str,
    *,
    indication: str | None = None,
    profiles: Mapping[str, str] | None = None,
    overlay: Mapping[str, Any] | None = None,
) -> Protocol:
    """Return the protocol that a session runs under; raise `InvalidInput` for a name or value that is not accepted."""
    chosen = tuple(sorted((profiles or {}).items()))
    if not overlay:
        return _get_cached(protocol_id, indication, chosen, "")
    try:
        text = json.dumps(overlay, sort_keys=True, ensure_ascii=False)
    except (TypeError, ValueError):  # no JSON: the reader of overlays says what is wrong with it
        return build_effective(protocol_id, indication=indication, profiles=dict(chosen), overlay=overlay)
    return _get_cached(protocol_id, indication, chosen, text)


@lru_cache(maxsize=64)
def parse_protocol_text(text: str) -> Protocol:
    """Return the protocol a session keeps as JSON text; the same text is read and checked only once."""
    return parse_protocol(json.loads(text))


@lru_cache(maxsize=256)
def _get_cached(
    protocol_id: str, indication: str | None, profiles: tuple[tuple[str, str], ...], overlay: str
) -> Protocol:
    own = json.loads(overlay) if overlay else {}
    return build_effective(protocol_id, indication=indication, profiles=dict(profiles), overlay=own)
