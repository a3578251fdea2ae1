"""Ways a message leaves: mail by SMTP, text by an HTTP adapter, or the console. Each is one file with one `send`.

A sender raises `NotSent` with how sure it is: `transient` (nothing left, try again), `permanent` (it will never go) or
`unsure` (it may have left: never tried again by itself).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from afterglow.clinicday.messages import Message


class NotSent(Exception):
    """A message that did not leave, or of which nobody knows; `code` is short and holds no address and no text."""

    def __init__(self, outcome: str, code: str) -> None:
        """Keep how sure it is, and the code."""
        self.outcome, self.code = outcome, code[:60]
        super().__init__(f"{outcome}: {code}")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way: address, words, and the identifier that makes a repetition recognisable."""

    to: str
    message: Message
    id: str


class Sender(Protocol):
    """Something that delivers."""

    def send(self, delivery: Delivery) -> str:
        """Deliver, and return the other side's short answer; raise `NotSent` otherwise."""


Senders = Mapping[str, Sender]
