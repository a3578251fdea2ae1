"""What a log line may not hold: the tokens that some addresses carry."""

import logging
import re

# addresses whose last part is a secret by itself: account set-up, calendar feed, a patient's check-in
_TOKEN = re.compile(r"(/(?:set-up|feed|checkin)/)[^/\s?\"']+")


def redact(text: str) -> str:
    """Return a line with each token of an address replaced by a word."""
    return _TOKEN.sub(r"\1[token]", text)


class TokenFilter(logging.Filter):
    """Redacts each line before any handler writes it, whoever logged it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record's message in place and let it pass."""
        message = record.getMessage()
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True
