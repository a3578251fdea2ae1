"""How well a number is known: the letter that travels with it into data, screen and paper."""

from enum import StrEnum


class Grade(StrEnum):
    """Grade of a value, as written on the fact sheet it came from.

    V, V2, K and P say how a clinical value was checked. A to D grade evidence and
    model parameters. The two marks say whether an instrument's fact was checked.
    """

    V = "V"
    V2 = "V2"
    K = "K"
    P = "P"
    A = "A"
    B = "B"
    C = "C"
    D = "D"
    CHECKED = "●"
    UNCHECKED = "○"

    @property
    def is_provisional(self) -> bool:
        """Whether a user must be told that the value still waits for a check or is site policy."""
        return self in _PROVISIONAL

    @property
    def label(self) -> str:
        """The words shown beside a value of this grade."""
        return _LABELS[self]


_PROVISIONAL = frozenset({Grade.V2, Grade.K, Grade.P, Grade.C, Grade.D, Grade.UNCHECKED})

_LABELS = {
    Grade.V: "checked against the source",
    Grade.V2: "provisional: seen through a summary of the source",
    Grade.K: "provisional: the named source still to be re-read",
    Grade.P: "site policy",
    Grade.A: "strong evidence",
    Grade.B: "moderate evidence",
    Grade.C: "provisional: weak evidence",
    Grade.D: "provisional: derived, not given by a source",
    Grade.CHECKED: "checked against the source",
    Grade.UNCHECKED: "provisional: widely published, still to be confirmed",
}
