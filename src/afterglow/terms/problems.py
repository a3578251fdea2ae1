"""The input result type: which field was wrong, what it held and what would be accepted.

TermsError
├── InvalidInput      one or more problems with what was put in
├── UnknownSource     a citation names no bibliography entry
└── UnitMismatch      a quantity of the wrong kind
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Literal


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong (`error`) or doubtful (`warning`) about an input value.

    `path` names the field as the sender knows it (`trials[2].weeks`), `code` is stable,
    `message` is a sentence for a person.
    """

    path: str
    code: str
    severity: Literal["error", "warning"]
    value: object
    accepted: str
    message: str

    def to_json(self) -> dict[str, object]:
        """Return the problem with its published keys; values that JSON lacks (NaN and infinity too) become text."""
        content = asdict(self)
        is_finite = not isinstance(self.value, float) or isfinite(self.value)
        if not isinstance(self.value, str | int | float | bool | None) or not is_finite:
            content["value"] = str(self.value)
        return content


class TermsError(Exception):
    """Base of the errors raised by the shared terms."""


class InvalidInput(TermsError):
    """Input that cannot be used, with every problem found in it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep all problems; the message joins their sentences."""
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.message for problem in self.problems))


def build_error(path: str, code: str, value: object, accepted: str, message: str) -> Problem:
    """Return a problem of severity error."""
    return Problem(path, code, "error", value, accepted, message)


def build_warning(path: str, code: str, value: object, accepted: str, message: str) -> Problem:
    """Return a problem of severity warning."""
    return Problem(path, code, "warning", value, accepted, message)
