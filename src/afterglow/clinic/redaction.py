"""What a log line may not hold: the tokens that some addresses carry."""

import logging
import re

# addresses whose last part is a secret by itself: account set-up, calendar feed, a patient's check-in
_TOKEN = re.compile(r"(/(?:set-up|feed|checkin)/)[^/\s?\"']+")


def redact(text: str) -> str:
    """Return a line with each token of an address replaced by a word."""
    return _TOKEN.sub(r"\1[token]", text)


class RefusedRequestFilter(logging.Filter):
    """Makes one short line of a request that the framework refused: its traceback tells nothing, and costs a page."""

    LONGEST = 300

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten the record in place and let it pass."""
        if record.name.startswith("django.security"):
            record.exc_info, record.exc_text, record.stack_info = None, None, None
            message = " ".join(record.getMessage().split())
            if len(message) > self.LONGEST:
                message = message[: self.LONGEST] + "..."
            record.msg, record.args = message, ()
        return True


class TokenFilter(logging.Filter):
    """Redacts each line before any handler writes it, whoever logged it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record's message in place and let it pass."""
        message = record.getMessage()
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True
