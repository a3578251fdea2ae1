"""A member of staff's own calendar as iCalendar: when, where and what kind of visit; never whose.

The address holds a token of which only the hash is kept. Written by hand after RFC 5545: UTC times, so that no time
zone has to travel along; lines folded at 75 octets; text escaped.
"""

import hashlib
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q

from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Denied, Refused
from afterglow.clinic.scheduling.models import HOLDING, Appointment, Block, FeedToken

PAST = timedelta(days=30)
AHEAD = timedelta(days=180)
FOLD = 75
PRODUCT = "-//Afterglow//Schedule//EN"
WORDS = {
    "dosing": "Dosing session",
    "assessment": "Assessment",
    "preparation": "Preparation",
    "integration": "Integration",
    "follow-up": "Follow-up",
    "call": "Call",
}


@action
def create_feed(*, user: Any, by: Any, now: datetime) -> tuple[FeedToken, str]:
    """Return a new address part for one's own calendar; the one before stops working."""
    if by.pk != user.pk:
        raise Denied("schedule.read")
    FeedToken.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=now)
    token = secrets.token_urlsafe(32)
    row = FeedToken.objects.create(user=user, token_hash=hash_token(token), created_at=now)
    audit.record(by=by, action="feed.created", subject=row, now=now)
    return row, token


@action
def revoke_feed(*, feed: FeedToken, by: Any, now: datetime) -> FeedToken:
    """Make an address stop working."""
    if by.pk != feed.user_id:
        raise Denied("schedule.read")
    row = FeedToken.objects.select_for_update().get(pk=feed.pk)
    if row.revoked_at is not None:
        raise Refused("feed-revoked", "this address was revoked already")
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])
    audit.record(by=by, action="feed.revoked", subject=row, now=now)
    return row


def hash_token(token: str) -> str:
    """Return what is kept of a token; it is 256 random bits, so that a plain hash suffices."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def build_feed(token: str, now: datetime) -> bytes | None:
    """Return the calendar behind a token, or None for one that is unknown, revoked, or whose owner has left."""
    feed = (
        FeedToken.objects.filter(token_hash=hash_token(token), revoked_at__isnull=True).select_related("user").first()
    )
    if feed is None or not feed.user.is_active or not feed.user.practitioner_roles.exists():
        return None
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "X-WR-CALNAME:Afterglow",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
    ]
    for visit in _list_visits(feed.user, now):
        lines += _render_visit(visit, now)
    for block in _list_blocks(feed.user, now):
        lines += _render_event(f"block-{block.pk}", block.begins_at, block.ends_at, "Blocked time", "", now, 0)
    lines.append("END:VCALENDAR")
    return b"".join(fold(line) for line in lines)


def fold(line: str) -> bytes:
    """Return a content line as octets, folded so that no line is longer than 75, never within a character."""
    parts: list[bytes] = []
    part = b""
    for letter in line:
        octets = letter.encode("utf-8")
        if len(part) + len(octets) > FOLD:
            parts.append(part)
            part = b" "
        part += octets
    parts.append(part)
    return b"\r\n".join(parts) + b"\r\n"


def escape(text: str) -> str:
    """Return a text value with backslash, semicolon, comma and line ends escaped; other control characters go."""
    plain = "".join(letter for letter in text if letter == "\n" or letter.isprintable())
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _list_visits(user: Any, now: datetime) -> list[Appointment]:
    rows = Appointment.objects.filter(
        Q(nurse=user) | Q(clinician=user), state__in=(*HOLDING, "done"), ends_at__gte=now - PAST,
        starts_at__lte=now + AHEAD,
    )  # fmt: skip
    return list(rows.select_related("place", "site").order_by("starts_at", "pk"))


def _list_blocks(user: Any, now: datetime) -> list[Block]:
    rows = Block.objects.filter(user=user, ended_at__isnull=True, ends_at__gte=now - PAST, begins_at__lte=now + AHEAD)
    return list(rows.order_by("begins_at", "pk"))


def _render_visit(visit: Appointment, now: datetime) -> Iterator[str]:
    place = visit.place.name if visit.place is not None else ""
    where = ", ".join(part for part in (place, visit.site.name) if part)
    return _render_event(visit.pk, visit.starts_at, visit.ends_at, WORDS[visit.kind], where, now, visit.version)


def _render_event(
    key: str, begins_at: datetime, ends_at: datetime, summary: str, where: str, now: datetime, version: int
) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    # the visit's own number leads to no page without a sign-in, but need not travel: a hash of it is as unique
    yield f"UID:{hashlib.sha256(key.encode()).hexdigest()[:32]}@afterglow"
    yield f"DTSTAMP:{_render(now)}"
    yield f"DTSTART:{_render(begins_at)}"
    yield f"DTEND:{_render(ends_at)}"
    yield f"SEQUENCE:{version}"
    yield f"SUMMARY:{escape(summary)}"
    if where:
        yield f"LOCATION:{escape(where)}"
    yield "CLASS:PRIVATE"
    yield "TRANSP:OPAQUE"
    yield "END:VEVENT"


def _render(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"
