"""The board: a fixed number of queries, fixed places, and a feed that replays exactly what a screen lacks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from afterglow.clinic.dosing_sessions.actions import open_session, submit_command
from afterglow.clinic.dosing_sessions.fold import forget_states
from afterglow.clinic.floor.board import build_board
from afterglow.clinic.floor.cards import forget_cards
from afterglow.clinic.floor.places import order_places
from afterglow.clinic.people.models import User
from afterglow.clinic.sites.models import Place
from afterglow.clinicday.need import Need, mark_initials, order_needs
from afterglow.web.floor.board import forget_boards
from afterglow.web.floor.feed import Feed
from tests.web.sessions.session_support import Cast as Sitting


def count_queries(sitting: Sitting) -> int:
    """Return how many queries a board costs that nothing is kept of."""
    for forget in (forget_states, forget_cards, forget_boards):
        forget()
    user = User.objects.get(pk=sitting.nurse.pk)
    with CaptureQueriesContext(connection) as found:
        build_board(site=sitting.site, user=user, now=sitting.now)
    return len(found)


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_sessions() -> None:
    sitting = Sitting()
    sitting.say("record-arrival")
    few = count_queries(sitting)
    for number in range(6):
        name = f"Chair {number}"
        Place.objects.create(site=sitting.site, name=name)
        more: dict[str, Any] = {"patient": sitting.patient, "plan": None, "site": sitting.site}
        session = open_session(**more, place=name, by=sitting.nurse, now=sitting.now, protocol_id="iv-racemic")
        submit_command(session=session, type="record-arrival", data={}, by=sitting.nurse, now=sitting.now)
    assert count_queries(sitting) == few
    assert few < 25


@pytest.mark.django_db
def test_a_page_after_an_act_shows_what_the_act_did() -> None:
    sitting = Sitting()
    sitting.say("record-arrival")
    client = sitting.client()
    assert "Name a nurse" in client.get("/").content.decode()
    sitting.session.refresh_from_db()
    sitting.say("assign-nurse", {"nurse": sitting.nurse.pk})
    assert "Name a nurse" not in client.get("/").content.decode()


def test_places_stand_by_group_and_number_whatever_order_they_come_in() -> None:
    names = ["Chair 10", "Room 2", "Chair 5", "Room 1", "Garden"]
    ordered = order_places(Place(name=name) for name in names)
    assert [place.name for place in ordered] == ["Room 1", "Room 2", "Chair 5", "Chair 10", "Garden"]


def test_needs_stand_by_level_then_unanswered_then_by_waiting() -> None:
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    rows = [
        Need("ready", "Room 4", now - timedelta(hours=1)),
        Need("medium", "Chair 7", now - timedelta(seconds=30)),
        Need("medium", "Room 2", now - timedelta(seconds=40)),
        Need("medium", "Room 9", now - timedelta(hours=1), is_answered=True),
        Need("high", "Room 3", now),
        Need("unassigned", "Chair 5", now),
        Need("help", "Chair 6", now),
        Need("overdue", "Chair 8", now - timedelta(minutes=3)),
    ]
    order = [need.place for need in order_needs(rows)]
    assert order == ["Chair 6", "Chair 5", "Room 3", "Room 2", "Chair 7", "Room 9", "Chair 8", "Room 4"]


def test_two_people_with_the_same_initials_get_a_third_mark_and_nobody_else() -> None:
    marks = mark_initials({"a": ("Jo", "Sand"), "b": ("Jim", "Soto"), "c": ("Ada", "Dew"), "d": ("Al", "Sand")})
    assert marks == {"a": ("J", "Sa"), "b": ("J", "So"), "c": ("A", "D"), "d": ("A", "S")}


def test_one_family_name_is_told_apart_by_the_given_name_and_that_by_the_last_digits() -> None:
    family = {
        "a": ("Linden", "Example", "DEMO-0031"),
        "b": ("Larch", "Example", "DEMO-0044"),
        "c": ("Leo", "Evans", "9"),
    }
    assert mark_initials(family) == {"a": ("Li", "E"), "b": ("La", "E"), "c": ("L", "Ev")}
    same = {"a": ("Jo", "Sand", "DEMO-1031"), "b": ("Jo", "Sand", "DEMO-1131"), "c": ("Jo", "Sand", "DEMO-1144")}
    assert mark_initials(same) == {"a": ("J", "S031"), "b": ("J", "S131"), "c": ("J", "S44")}


def test_who_stands_on_one_page_alone_changes_no_mark_of_the_day() -> None:
    day = {"a": ("Linden", "Example", "31")}
    assert mark_initials(day, {"b": ("Larch", "Example", "44")}) == {"a": ("L", "E"), "b": ("La", "E")}


def test_a_screen_that_comes_back_gets_what_changed_since_and_a_stranger_everything() -> None:
    feed = Feed("site", "en")
    feed._take(("t", {"needs": ("1", "a"), "place-x": ("1", "b")}))
    first = feed.id
    feed._take(("t", {"needs": ("2", "c"), "place-x": ("1", "b")}))
    assert feed.list_since(feed.read_id(first)) == {"needs": {"digest": "2", "html": "c"}}
    assert feed.list_since(feed.read_id(feed.id)) == {}
    assert set(feed.list_since(feed.read_id("another-7"))) == {"needs", "place-x"}
    feed._take(("t", {"needs": ("2", "c")}))
    assert feed.list_since(feed.read_id(first))["place-x"] == {"digest": "", "html": ""}
