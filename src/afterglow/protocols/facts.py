"""The vocabulary of facts: every name a rule may read, with its type, unit, plausible range and question.

The words are packaged data (`data/facts.toml`); this module reads them and checks single values against them.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

TYPES = frozenset({"bool", "number", "date", "code", "codes", "text"})
ORIGINS = frozenset({"case", "context", "derived", "session"})


class FactDataError(ValueError):
    """The packaged vocabulary does not follow its form; raised at load, never at the bedside."""


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One fact: what it is called, what it may hold, and what to ask when it is not known.

    `case` is its path in a screening case, empty for facts that a case cannot state.
    `origin` says who supplies it: a case, the protocol's context, arithmetic, or a running session.
    `default` is the word a profile fact holds when a protocol does not choose.
    """

    name: str
    type: str
    label: str
    asks: str = ""
    unit: str = ""
    min: Decimal | None = None
    max: Decimal | None = None
    choices: tuple[str, ...] = ()
    case: str = ""
    origin: str = "case"
    default: str = ""

    @property
    def question(self) -> str:
        """What to ask when the fact is not known."""
        return self.asks or f"Record: {self.label}."

    @property
    def accepted(self) -> str:
        """What a value of this fact may be, in words."""
        if self.type == "bool":
            return "true, false, or null when not known"
        if self.type == "date":
            return "a date such as 2026-11-17, not in the future"
        if self.type in ("code", "codes"):
            words = "one of" if self.type == "code" else "a list of"
            return f"{words} {', '.join(self.choices)}" if self.choices else f"{words} codes"
        if self.type == "text":
            return "text"
        return f"a number from {self.min} to {self.max} {self.unit}".rstrip()


@cache
def load_facts() -> Mapping[str, FactSpec]:
    """Return every declared fact by name, the members of the families excepted."""
    return {name: _parse_fact(name, entry) for name, entry in _read()["facts"].items()}


@cache
def load_families() -> Mapping[str, FactSpec]:
    """Return the families of facts by prefix: `symptom.` covers `symptom.chest-pain`."""
    return {prefix: _parse_fact(prefix, entry) for prefix, entry in _read().get("families", {}).items()}


@cache
def find_fact(name: str) -> FactSpec | None:
    """Return the declaration of a fact or of its family, or None when the name is not in the vocabulary."""
    if name in load_facts():
        return load_facts()[name]
    return next((spec for prefix, spec in load_families().items() if name.startswith(prefix)), None)


def render_value(name: str, value: Any) -> str:
    """Return a fact's value as a person reads it; the unit belongs to the sentence around it."""
    if value is None:
        return "not recorded"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return ", ".join(str(item) for item in items) or "none"
    if isinstance(value, Decimal | float):
        return render_number(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def render_number(value: Decimal | float) -> str:
    """Return a number without trailing zeros and with at most two decimals."""
    text = f"{Decimal(str(value)):.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _read() -> dict[str, Any]:
    return tomllib.loads(files("afterglow.protocols").joinpath("data/facts.toml").read_text(encoding="utf-8"))


_KEYS = frozenset(field.name for field in fields(FactSpec)) - {"name"}


def _parse_fact(name: str, entry: Mapping[str, Any]) -> FactSpec:
    unknown = set(entry) - _KEYS
    if unknown or entry.get("type") not in TYPES or entry.get("origin", "case") not in ORIGINS:
        raise FactDataError(f"fact {name}: unknown keys {sorted(unknown)} or wrong type or origin")
    if not entry.get("label"):
        raise FactDataError(f"fact {name}: no label")
    origin = entry.get("origin", "case")
    is_ranged = entry["type"] != "number" or ("min" in entry and "max" in entry)
    if origin == "case" and not is_ranged:
        raise FactDataError(f"fact {name}: a number needs a plausible range")
    values = dict(entry)
    for key in ("min", "max"):
        values[key] = Decimal(str(entry[key])) if key in entry else None
    values["choices"] = tuple(entry.get("choices", ()))
    values["case"] = entry.get("case", name if origin == "case" else "")
    return FactSpec(name=name, **values)
