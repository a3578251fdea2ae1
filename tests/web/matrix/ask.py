"""One request of the permission matrix."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: whose row, and the body as form fields or JSON."""

    form: dict[str, Any] | None = None
    json: dict[str, Any] | None = None
    patient: str = "alder"
    parts: dict[str, str] = field(default_factory=dict)
