"""Shows that a message would leave, on the server's own output; its address and words only in a demonstration."""

import sys
from dataclasses import dataclass
from typing import TextIO

from afterglow.clinic.notices.senders import Delivery


@dataclass(frozen=True, slots=True)
class ConsoleSender:
    """Prints instead of sending; where every person is invented, the words may be shown."""

    channel: str
    shows_words: bool = False
    stream: TextIO | None = None

    def send(self, delivery: Delivery) -> str:
        """Print one line and say so."""
        stream = self.stream or sys.stderr
        words = f" to {delivery.to}: {delivery.message.text}" if self.shows_words else f" {delivery.id}"
        print(f"[{self.channel}, not sent]{words}", file=stream, flush=True)
        return "printed"
