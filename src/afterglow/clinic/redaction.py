"""What a log line may not hold: the tokens that some addresses carry."""

import logging
import re

# addresses whose last part is a secret by itself: account set-up, calendar feed, a patient's check-in or form
_TOKEN = re.compile(r"((?:/|%2f)+(?:set-up|feed|checkin|form)(?:/|%2f)+)[^/\s?\"'&]+", re.IGNORECASE)
# a token by itself, wherever it strayed: the 43 letters of 32 random bytes, which no digest of ours has
_BARE = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")


def redact(text: str) -> str:
    """Return a line with each token of an address replaced by a word."""
    return _BARE.sub("[token]", _TOKEN.sub(r"\1[token]", text))


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
    """Redacts each line before any handler writes it, whoever logged it, with the traceback under it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record in place and let it pass."""
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = redact(record.exc_text or logging.Formatter().formatException(record.exc_info))
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        message = record.getMessage()
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True
