"""What a refused command comes to.

Refused(Exception) is how the deciding modules leave; `decide` turns it into a `Refusal`.
"""

from collections.abc import Iterable

from afterglow.terms import Finding


class Refused(Exception):
    """A command that the rules refuse: a stable code, a sentence, and the findings behind it."""

    def __init__(self, code: str, message: str, findings: Iterable[Finding] = ()) -> None:
        """Keep code, message and findings."""
        self.code = code
        self.message = message
        self.findings = tuple(findings)
        super().__init__(message)
