"""Bad values by what a field expects, and the forms and commands they are sent to."""

import os
from typing import Any
from zlib import crc32

LONG = "x" * 30_000
# refused by every text field, whatever it is for
NEVER_TEXT = ("a\x00b", LONG)
ODD_TEXT = (
    "../../../../etc/passwd",
    "'; DROP TABLE people_patient; --",
    "<script>alert(1)</script>",
    "\u202e\ufeff😀",
    "%00",
)
BAD_NUMBERS = ("1e999", "NaN", "-Infinity", "-5", "9" * 5000, "0x10", "twelve", "1;2", "٣٤٥٦٧", "\x00", "[]")
BAD_DAYS = (
    "9999-99-99",
    "0000-01-01",
    "2025-02-30",
    "-2025-01-01",
    "9999-12-31",
    "10000-01-01",
    "\x00",
    "today",
    "1e9",
)
BAD_MOMENTS = ("9999-99-99T99:99", "0000-01-01T00:00", "2025-01-01T25:00", "2999-01-01T00:00", "\x00", "now")
BAD_CHOICES = ("no-such-choice", "\x00", LONG, "../x", "1' OR '1'='1")

NUMBERS = {"weight_kg", "dose_mg_per_kg", "over_min", "dose_mg", "weeks", "value"}
DAYS = {"birth_on", "expires_on", "onset_on", "started_on"}
MOMENTS = {"held_at"}
CHOICES = {
    "sex",
    "protocol_id",
    "indication",
    "cause",
    "topics",
    "has_capacity",
    "text",
    "identifiers",
    "place",
    "porphyria",
    "version",
}

# a field of that name that means something else on these forms: a note and not the version of a consent's text
NOTES = {("web:referral-call", "text"), ("web:referral", "note-text")}
# what never stands in the way: a box is ticked or not, and a call for help goes out whatever else is said
UNREAD = {("web:schedule-staff", "is_away"), ("web:floor-help", "session")}


def list_bad_values(name: str, route: str = "") -> tuple[str, ...]:
    """Return what a field of that name must never store."""
    if (route, name) in UNREAD:
        return ()
    if (route, name) in NOTES:
        return NEVER_TEXT
    last = name.replace(".", "-").rpartition("-")[2]
    if last in NUMBERS:
        return BAD_NUMBERS
    if last in DAYS:
        return BAD_DAYS
    if last in MOMENTS:
        return BAD_MOMENTS
    return BAD_CHOICES if last in CHOICES else NEVER_TEXT


def sample(values: tuple[str, ...], key: str) -> tuple[str, ...]:
    """Return every third value, another third for every key; all of them where time is given."""
    if os.environ.get("AFTERGLOW_HYPOTHESIS") == "ci" or len(values) < 4:
        return values
    return values[crc32(key.encode()) % 3 :: 3]


def nest(depth: int) -> Any:
    """Return lists within lists."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value
