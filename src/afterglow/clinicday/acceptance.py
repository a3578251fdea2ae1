"""What somebody went on in spite of: kept as it was seen then, so that it covers the same finding and no worse one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from afterglow.terms import Finding, Severity

WORSE = (Severity.INFO, Severity.MISSING, Severity.CAUTION, Severity.STOP)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A finding that was accepted: what was seen against which limit, by whom, when and why.

    An acceptance from before these were kept has nothing seen, and covers nothing.
    """

    rule: str
    severity: Severity
    seen: str
    threshold: str
    title: str = ""
    measure: Decimal | None = None
    about: str = ""
    by: str = ""
    by_name: str = ""
    at: datetime | None = None
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the acceptance as it is stored."""
        return {
            "rule": self.rule,
            "severity": str(self.severity),
            "seen": self.seen,
            "threshold": self.threshold,
            "title": self.title,
            "measure": None if self.measure is None else f"{self.measure:f}",
            "about": self.about,
            "by": self.by,
            "by_name": self.by_name,
            "at": self.at.isoformat() if self.at is not None else None,
            "reason": self.reason,
        }

    def covers(self, finding: Finding) -> bool:
        """Return whether a finding is the one that was accepted, and no worse.

        Where the rule measures something, that decides: the same limit and person or thing, and no more than then.
        Otherwise what is seen has to read as it did.
        """
        if self.rule != finding.rule or not self.seen:
            return False
        if WORSE.index(finding.severity) > WORSE.index(self.severity):
            return False
        if self.measure is not None and finding.measure is not None:
            same = (self.about, self.threshold) == (finding.about, finding.threshold)
            return same and finding.measure <= self.measure
        return (self.seen, self.threshold) == (finding.seen, finding.threshold)


def keep(finding: Finding, *, by: str, by_name: str, at: datetime, reason: str = "") -> Acceptance:
    """Return the acceptance of a finding."""
    return Acceptance(
        rule=finding.rule,
        severity=finding.severity,
        seen=finding.seen,
        threshold=finding.threshold,
        title=finding.title,
        measure=finding.measure,
        about=finding.about,
        by=by,
        by_name=by_name,
        at=at,
        reason=reason,
    )


def read_acceptances(rows: Iterable[Mapping[str, Any]]) -> list[Acceptance]:
    """Return acceptances as they were stored."""
    return [
        Acceptance(
            rule=row["rule"],
            severity=Severity(row["severity"]),
            seen=row["seen"],
            threshold=row["threshold"],
            title=row["title"],
            measure=None if row["measure"] is None else Decimal(row["measure"]),
            about=row["about"],
            by=row["by"],
            by_name=row["by_name"],
            at=datetime.fromisoformat(row["at"]) if row["at"] else None,
            reason=row["reason"],
        )
        for row in rows
    ]


def find_cover(acceptances: Iterable[Acceptance], finding: Finding) -> Acceptance | None:
    """Return the acceptance that covers a finding, or None."""
    return next((each for each in acceptances if each.covers(finding)), None)


def name_rules(acceptances: Iterable[Acceptance]) -> list[str]:
    """Return the rules that were accepted, each once, in order."""
    return sorted({each.rule for each in acceptances})
