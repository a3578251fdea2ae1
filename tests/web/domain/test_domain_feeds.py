"""The calendar feed of one person: written to RFC 5545, without anybody's name, gone once revoked."""

import re
from datetime import timedelta

import pytest

from afterglow.clinic.errors import Denied, Refused
from afterglow.clinic.scheduling import rosters
from afterglow.clinic.scheduling.feeds import FOLD, build_feed, create_feed, escape, fold, revoke_feed
from afterglow.clinic.scheduling.models import FeedToken
from tests import factories
from tests.factories import NOW, Cast
from tests.support.booking import book, furnish, local

pytestmark = pytest.mark.django_db


def unfold(content: bytes) -> list[str]:
    """Return the content lines of a feed, read as RFC 5545 section 3.1 says."""
    return re.sub(rb"\r\n[ \t]", b"", content).decode("utf-8").removesuffix("\r\n").split("\r\n")


def test_the_feed_holds_when_where_and_what_and_nobody(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    visit = book(cast, plan, local(3, 9), room, note="call first")
    rosters.block_time(
        site=cast.site, user=cast.nurse, begins_at=local(4, 9), ends_at=local(4, 10), reason="private reason",
        by=cast.manager, now=NOW,
    )  # fmt: skip
    _, token = create_feed(user=cast.nurse, by=cast.nurse, now=NOW)
    content = build_feed(token, NOW)
    assert content is not None
    lines = unfold(content)
    assert (lines[0], lines[1], lines[-1]) == ("BEGIN:VCALENDAR", "VERSION:2.0", "END:VCALENDAR")
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 2
    assert "DTSTART:20260303T080000Z" in lines
    assert "DTEND:20260303T100000Z" in lines
    assert "LOCATION:Room 1\\, Hall Street" in lines
    text = content.decode()
    for word in ("Demo", "Alder", plan.patient.number, plan.patient.pk, visit.pk, "call first", "private reason"):
        assert word not in text
    uids = [line for line in lines if line.startswith("UID:")]
    assert len(set(uids)) == 2
    assert build_feed(token, NOW + timedelta(minutes=1)) is not None
    again = unfold(build_feed(token, NOW + timedelta(minutes=1)) or b"")
    assert [line for line in again if line.startswith("UID:")] == uids


def test_every_line_ends_with_crlf_and_none_is_longer_than_75_octets(cast: Cast) -> None:
    cast.site.name = "Ärztehaus für Stimmung und Schmerz an der langen Straße, Stiege 4; zweiter Stock, Tür 17"
    cast.site.save()
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    book(cast, plan, local(3, 9), room)
    _, token = create_feed(user=cast.nurse, by=cast.nurse, now=NOW)
    content = build_feed(token, NOW) or b""
    assert content.endswith(b"\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    lines = content.split(b"\r\n")
    assert max(len(line) for line in lines) <= FOLD
    assert any(line.startswith(b" ") for line in lines)
    for line in lines:
        line.decode("utf-8")
    assert any(f"{cast.site.name}"[:9] in line for line in unfold(content))


@pytest.mark.parametrize(
    ("text", "escaped"), [("a,b;c", "a\\,b\\;c"), ("a\\n", "a\\\\n"), ("a\nb", "a\\nb"), ("a\r\x07b", "ab")]
)
def test_text_is_escaped(text: str, escaped: str) -> None:
    assert escape(text) == escaped


def test_folding_keeps_characters_whole() -> None:
    line = "SUMMARY:" + "ä" * 80
    folded = fold(line)
    assert re.sub(rb"\r\n ", b"", folded).decode() == line + "\r\n"


def test_only_the_hash_is_kept_and_a_revoked_or_unknown_token_is_nothing(cast: Cast) -> None:
    feed, token = create_feed(user=cast.nurse, by=cast.nurse, now=NOW)
    assert token not in feed.token_hash
    assert len(feed.token_hash) == 64
    assert build_feed(token, NOW) is not None
    assert build_feed(token[:-1], NOW) is None
    assert build_feed("", NOW) is None
    revoke_feed(feed=feed, by=cast.nurse, now=NOW)
    assert build_feed(token, NOW) is None
    with pytest.raises(Refused):
        revoke_feed(feed=feed, by=cast.nurse, now=NOW)


def test_a_new_address_ends_the_old_one_and_nobody_makes_anothers(cast: Cast) -> None:
    _, first = create_feed(user=cast.nurse, by=cast.nurse, now=NOW)
    feed, second = create_feed(user=cast.nurse, by=cast.nurse, now=NOW)
    assert build_feed(first, NOW) is None
    assert build_feed(second, NOW) is not None
    assert FeedToken.objects.filter(revoked_at__isnull=True).count() == 1
    for act in (
        lambda: create_feed(user=cast.nurse, by=cast.desk, now=NOW),
        lambda: revoke_feed(feed=feed, by=cast.manager, now=NOW),
    ):
        with pytest.raises(Denied):
            act()


def test_who_has_left_has_no_feed(cast: Cast) -> None:
    _, token = create_feed(user=cast.nurse, by=cast.nurse, now=NOW)
    cast.nurse.is_active = False
    cast.nurse.save()
    assert build_feed(token, NOW) is None
