"""The bibliography: every source that a number may name, kept as packaged data."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from afterglow.terms.grades import Grade
from afterglow.terms.problems import TermsError


class UnknownSource(TermsError):
    """A citation that names a key the bibliography does not hold."""


@dataclass(frozen=True, slots=True)
class Source:
    """One bibliography entry; at least one of `url` and `doi` is given unless `kind` is policy."""

    key: str
    title: str
    kind: str
    edition: str = ""
    url: str = ""
    doi: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a number comes from: source key, place inside it, and grade."""

    source: str
    locator: str
    grade: Grade

    def __post_init__(self) -> None:
        """Refuse a citation whose source is not in the bibliography or whose locator is empty."""
        get_source(self.source)
        if not self.locator.strip():
            raise UnknownSource(f"citation of {self.source} has no locator")

    @property
    def text(self) -> str:
        """The citation as shown to a person."""
        return f"{self.source}, {self.locator}"


@cache
def load_bibliography() -> Mapping[str, Source]:
    """Return every source by key."""
    text = files("afterglow.terms").joinpath("bibliography.toml").read_text(encoding="utf-8")
    return {key: Source(key=key, **entry) for key, entry in tomllib.loads(text).items()}


def get_source(key: str) -> Source:
    """Return the source of that key; raise `UnknownSource` when there is none."""
    try:
        return load_bibliography()[key]
    except KeyError:
        raise UnknownSource(f"no source {key!r} in the bibliography") from None
