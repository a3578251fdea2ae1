"""Instants: always aware, stored and compared in UTC, written as ISO 8601."""

from datetime import UTC, datetime

from afterglow.terms.problems import InvalidInput, build_error


def parse_instant(text: str, path: str = "time") -> datetime:
    """Return an aware UTC instant from ISO 8601 text with a zone; refuse text without one."""
    accepted = "date, time and zone, such as 2026-11-17T10:25:00+00:00"
    try:
        instant = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise InvalidInput(
            [build_error(path, "instant-malformed", text, accepted, f"{text!r} is not a date and time")]
        ) from None
    if instant.tzinfo is None:
        raise InvalidInput([build_error(path, "instant-without-zone", text, accepted, f"{text!r} names no time zone")])
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise InvalidInput(
            [build_error(path, "instant-malformed", text, accepted, f"{text!r} lies outside the calendar")]
        ) from None


def render_instant(instant: datetime) -> str:
    """Return the instant as ISO 8601 in UTC; the inverse of `parse_instant`."""
    if instant.tzinfo is None:
        raise ValueError("an instant must be aware")
    return instant.astimezone(UTC).isoformat()
