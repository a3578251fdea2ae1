"""What a deciding function is given: the state, the command, who acts, and when."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from afterglow.chairside.actors import Actor
from afterglow.chairside.commands import Command
from afterglow.chairside.errors import Refused
from afterglow.chairside.guards import Blocker
from afterglow.chairside.state import SessionState
from afterglow.protocols.model import Protocol
from afterglow.terms import Citation, Finding, Grade, InvalidInput, Override, Severity, build_error

EARLIEST = timedelta(hours=24)


@dataclass(slots=True)
class Deciding:
    """One command on its way to an event: findings collected on the way are kept with the event."""

    state: SessionState
    command: Command
    protocol: Protocol
    by: Actor
    second: Actor | None
    occurred_at: datetime
    now: datetime
    findings: list[Finding] = field(default_factory=list)

    @property
    def data(self) -> dict[str, Any]:
        """The command's own data."""
        return dict(self.command.data)

    def note(self, rule: str, seen: str, threshold: str, asks: str, citation: Citation | None = None) -> None:
        """Keep a deviation: what happened is recorded, and what departs from the protocol is said."""
        source = citation or Citation("SITE", "what a session must show", Grade.P)
        self.findings.append(
            Finding(rule, Severity.CAUTION, seen, threshold, asks, Override.NONE, source.text, source.grade)
        )

    def cite(self, setting: str) -> Citation:
        """Return the citation of one of the protocol's settings."""
        return self.protocol.settings[setting].citation

    def check_occurrence(self, at: datetime, path: str = "occurred_at") -> None:
        """Refuse a time in the future, and one that belongs to another day's session."""
        self.check_past(at, path)
        opened = self.state.opened_at
        if opened is not None and at < opened - EARLIEST:
            accepted, message = "within a day of opening", "that lies more than a day before this session"
            raise InvalidInput([build_error(path, "occurred-too-early", at.isoformat(), accepted, message)])

    def check_past(self, at: datetime, path: str) -> None:
        """Refuse a time in the future."""
        last = self.state.last_recorded_at
        if at > (self.now if last is None else max(self.now, last)):
            accepted, message = "not later than now", "that lies in the future"
            raise InvalidInput([build_error(path, "occurred-in-future", at.isoformat(), accepted, message)])

    def refuse_blockers(self, blockers: list[Blocker]) -> None:
        """Refuse with the first blocker's code, carrying the findings of all."""
        if blockers:
            words = " ".join(dict.fromkeys(blocker.message for blocker in blockers))
            raise Refused(blockers[0].code, words, [b.finding for b in blockers if b.finding is not None])

    def need_prescriber(self, what: str) -> None:
        """Refuse unless the acting person is a prescriber."""
        if not self.by.is_prescriber:
            raise Refused("prescriber-needed", f"{what} is a prescriber's act.")

    def need_other_person(self, what: str) -> Actor:
        """Return the second signer; refuse none, and refuse the same person signing twice."""
        if self.second is None:
            raise Refused("second-needed", f"{what} needs a second person's signature.")
        if self.second.id == self.by.id:
            raise Refused("same-person", "The second signature must be another person's.")
        return self.second
