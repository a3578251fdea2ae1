"""One line of the report: a published figure, the engine's, the band that passes, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum

from afterglow.terms import Citation


class Kind(StrEnum):
    """What agreement would show."""

    SOLUTION = "solution"  # another program's solution of the same equations
    PUBLICATION = "publication"  # the paper's own figure of its own model
    OBSERVATION = "observation"  # measured in people; the model did not see it, or only partly
    CALIBRATED = "calibrated"  # the engine was set to give it: agreement is no test
    DERIVED = "derived"  # worked out by hand from the same parameters

    @property
    def words(self) -> str:
        """What a reader is told about the kind."""
        return _WORDS[self]


_WORDS = {
    Kind.SOLUTION: "other solver",
    Kind.PUBLICATION: "paper's own",
    Kind.OBSERVATION: "observed",
    Kind.CALIBRATED: "set to it",
    Kind.DERIVED: "by hand",
}


class Verdict(StrEnum):
    """What became of a line."""

    MET = "met"
    EXPLAINED = "missed, explained"
    MISSED = "MISSED"
    NOT_MODELLED = "not modelled"
    NOT_RUN = "not run here"


@dataclass(frozen=True, slots=True)
class Row:
    """A published figure beside the engine's.

    `low` and `high` are the printed value, or the printed range; `band` is what passes, its ends included. `miss` is
    the reason known beforehand for a miss; a row that passes although a reason stands is `has_stale_reason`.
    """

    id: str
    title: str
    what: str
    unit: str
    kind: Kind
    low: float | None
    high: float | None
    band: tuple[float, float] | None
    engine: float | None
    citation: Citation
    miss: str = ""
    note: str = ""
    printed: str = ""

    @property
    def error(self) -> float | None:
        """The engine's figure over the printed one less 1; from the nearer end of a range; None at zero."""
        if self.engine is None or self.low is None or self.high is None:
            return None
        nearest = min(max(self.engine, self.low), self.high)
        return None if nearest == 0 else self.engine / nearest - 1.0

    @property
    def is_met(self) -> bool:
        """Whether the engine's figure lies in the band."""
        return self.engine is not None and self.band is not None and self.band[0] <= self.engine <= self.band[1]

    @property
    def has_stale_reason(self) -> bool:
        """Whether a reason for a miss is given although there is none."""
        return self.is_met and bool(self.miss)

    @property
    def verdict(self) -> Verdict:
        """What became of the row."""
        if self.engine is None:
            return Verdict.NOT_MODELLED
        if self.is_met:
            return Verdict.MET
        return Verdict.EXPLAINED if self.miss else Verdict.MISSED


@dataclass(frozen=True, slots=True)
class RowTable:
    """Rows that belong together, with what is to be said about them."""

    id: str
    title: str
    text: str
    rows: tuple[Row, ...]

    def count(self, verdict: Verdict) -> int:
        """Return how many rows have a verdict."""
        return sum(row.verdict is verdict for row in self.rows)
