"""The clinical result type: what a rule saw, where its limit lies, and what it asks."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from afterglow.terms.grades import Grade


class Severity(StrEnum):
    """How much a finding asks: `missing` means the fact is not known, which is never a pass."""

    STOP = "stop"
    CAUTION = "caution"
    MISSING = "missing"
    INFO = "info"


class Override(StrEnum):
    """Who may override a stop; `none` means nobody."""

    NONE = "none"
    PRESCRIBER = "prescriber"
    SECOND_CLINICIAN = "second-clinician"
    MEDICAL_DIRECTOR = "medical-director"


class Verdict(StrEnum):
    """The reading of a whole list of findings."""

    STOP = "stop"
    CAUTION = "caution"
    INCOMPLETE = "incomplete"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class Finding:
    """One clinical finding: seen, threshold, act, source.

    `rule` is the stable id (`C-01`). `source` is a bibliography key with its locator in
    words, ready to print; `grade` says how well the threshold is known. `measure` is how far the limit
    is passed, where that is a number (more is worse), and `about` whom or what it was measured on.
    """

    rule: str
    severity: Severity
    seen: str
    threshold: str
    asks: str
    override: Override
    source: str
    grade: Grade
    title: str = ""
    facts: tuple[str, ...] = ()
    measure: Decimal | None = None
    about: str = ""

    def to_json(self) -> dict[str, object]:
        """Return the finding with the published keys, plus title, facts, the grade in words, and a measure if any."""
        measured = {} if self.measure is None else {"measure": f"{self.measure:f}", "about": self.about}
        return {
            "rule": self.rule,
            "severity": str(self.severity),
            "seen": self.seen,
            "threshold": self.threshold,
            "asks": self.asks,
            "override": str(self.override),
            "source": self.source,
            "grade": str(self.grade),
            "grade_label": self.grade.label,
            "title": self.title,
            "facts": list(self.facts),
            **measured,
        }


def calculate_verdict(findings: Iterable[Finding]) -> Verdict:
    """Return the verdict of a list: a stop outweighs a gap, a gap outweighs a caution."""
    severities = {finding.severity for finding in findings}
    if Severity.STOP in severities:
        return Verdict.STOP
    if Severity.MISSING in severities:
        return Verdict.INCOMPLETE
    if Severity.CAUTION in severities:
        return Verdict.CAUTION
    return Verdict.CLEAR
