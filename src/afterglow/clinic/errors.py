"""Errors of the clinic's actions; doors turn them into answers.

    ClinicError
    ├── Refused        an intention the rules refuse, with findings and problems
    ├── Denied         the acting user has no such permission
    ├── Conflict       the row changed since it was read
    ├── NotYet         a calculation is not ready; it comes later
    ├── GaveUp         a calculation that will not come: it took too long or failed
    ├── TryLater       too many failed attempts; says when the next one counts
    ├── BrokenChainError  a chain does not carry the seal that the key gives it
    └── SetupError     the data folder, its secrets or its database cannot be used

Input that cannot be used is `afterglow.terms.InvalidInput`, as in the pure rooms.
"""

from collections.abc import Iterable
from datetime import datetime

from afterglow.terms import Finding, Problem


class ClinicError(Exception):
    """Base of the errors raised by the clinic's actions; `code` is stable, the message is for a person."""

    code = "clinic-error"


class Refused(ClinicError):
    """An intention that the rules refuse; it carries everything a person needs to understand why."""

    def __init__(
        self, code: str, message: str = "", *, findings: Iterable[Finding] = (), problems: Iterable[Problem] = ()
    ) -> None:
        """Keep the stable code, the findings and the problems."""
        self.code = code
        self.findings = tuple(findings)
        self.problems = tuple(problems)
        sentences = [message or "", *(f.asks for f in self.findings), *(p.message for p in self.problems)]
        super().__init__("; ".join(sentence for sentence in sentences if sentence) or code)


class Denied(ClinicError):
    """The acting user lacks a permission; the message never tells whether the subject exists."""

    code = "denied"

    def __init__(self, permission: str, message: str = "") -> None:
        """Keep the permission word."""
        from afterglow.clinic.policy import load_permissions

        self.permission = permission
        what = load_permissions().get(permission, "").rstrip(".")
        unsaid = "your role does not include this here"
        super().__init__(message or (f"{unsaid}: {what[:1].lower()}{what[1:]}" if what else unsaid))


class Conflict(ClinicError):
    """What was to be changed has changed meanwhile; read again, then decide again."""

    code = "conflict"


class TryLater(ClinicError):
    """Too many failed attempts from this place for this name; `until` says when the next one counts."""

    code = "try-later"

    def __init__(self, until: datetime) -> None:
        """Keep the instant at which trying again makes sense."""
        self.until = until
        super().__init__("too many failed attempts; wait a moment and try again")


class NotYet(ClinicError):
    """A calculation is not ready: the page shows what it has and says that this part comes later."""

    code = "not-yet"


class GaveUp(ClinicError):
    """A calculation that will not come; the page says so instead of asking to look again."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the stable code: `took-too-long` or `calculation-failed`."""
        self.code = code
        super().__init__(message)


class BrokenChainError(ClinicError):
    """The head of a chain does not carry the seal it must; nothing is appended to such a chain."""

    code = "chain-broken"


class SetupError(ClinicError):
    """The data folder, one of its secrets, or its database cannot be used; the message says what would do."""

    code = "setup"
