"""Seating people: who can be seated at a place, and a session that opens in another place than the booked one."""

import re
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.floor.board import build_board
from afterglow.clinic.scheduling import actions as visits
from afterglow.clinic.scheduling.models import Appointment
from afterglow.clinic.scheduling.walk_ins import open_today
from afterglow.clinic.sites.models import Place
from afterglow.web.floor.present import present_place
from tests import factories
from tests.factories import NOW, Cast
from tests.support.booking import book, furnish, local, make_another
from tests.web.security_support import BACKEND

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The cast, with the pages' clock at nine on the first of March's Tuesdays."""
    made = factories.make_cast()
    monkeypatch.setattr("django.utils.timezone.now", lambda: local(3, 9, 10))
    return made


def sign_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def book_taken(cast: Cast) -> tuple[Appointment, Place, Place]:
    """Return a visit whose person is here and in whose room another session runs, that room, and one more."""
    room, other = furnish(cast)
    visit = book(cast, factories.make_plan(cast), local(3, 9), room)
    visits.mark_arrived(appointment=visit, by=cast.desk, now=local(3, 9))
    Appointment.objects.filter(pk=visit.pk).update(starts_at=local(3, 12), dose_at=None, dose_ends_at=None)
    Appointment.objects.filter(pk=visit.pk).update(ends_at=local(3, 14))
    running = make_another(cast, "Birch")
    open_today(patient=running.patient, plan=running, place=room, by=cast.nurse, now=local(3, 9, 2), accepted=("SP-1",))
    return visit, room, other


def render_card(cast: Cast, place: Place) -> str:
    """Return a place's card on the nurse's board."""
    board = build_board(site=cast.site, user=cast.nurse, now=local(3, 9, 10))
    row = next(each for each in board["places"] if each["place"] == place.pk)
    part = present_place(row, board, is_full=True)
    return render_to_string("web/floor/parts/place.html", {"part": part})


def test_where_the_room_is_taken_the_page_offers_the_other_rooms(cast: Cast) -> None:
    visit, room, other = book_taken(cast)
    client, url = sign_in(cast.nurse), reverse("web:visit", args=[visit.pk])
    refused = client.post(url, {"act": "start"})
    body = refused.content.decode()
    assert refused.status_code == 422
    assert 'data-rule="BK-10"' in body
    choice = body[body.index('id="start-place"') :].partition("</select>")[0]
    assert re.findall(r'<option value="(\w+)"( selected)?>([^<]+)<', choice) == [
        (room.pk, " selected", "Room 1, in use"),
        (other.pk, "", "Room 2"),
    ]
    again = {"act": "start", "place": other.pk, "accepted": re.findall(r'name="accepted" value="([\w-]+)"', body)}
    opened = client.post(url, again)
    if opened.status_code == 422:  # what the other place brings up is ticked in its turn
        again["accepted"] = re.findall(r'name="accepted" value="([\w-]+)"', opened.content.decode())
        opened = client.post(url, again)
    assert opened.status_code == 302
    visit.refresh_from_db()
    assert (visit.state, visit.place) == ("in-session", other)
    assert Session.objects.get(appointment=visit).place == "Room 2"


def test_nothing_is_said_to_be_ticked_where_nothing_can_be_ticked(cast: Cast) -> None:
    visit, _room, other = book_taken(cast)
    Appointment.objects.filter(pk=visit.pk).update(plan=None)
    body = sign_in(cast.nurse).post(reverse("web:visit", args=[visit.pk]), {"act": "start"}).content.decode()
    form = body[body.index('id="start-place"') :].partition("</form>")[0]
    assert "Open in the chosen place" in form
    assert "ticked" not in form
    assert other.pk in form


def test_a_place_elsewhere_is_not_there_for_a_session(cast: Cast) -> None:
    visit, _room, _other = book_taken(cast)
    away = Place.objects.create(site=cast.elsewhere, name="Far")
    answer = sign_in(cast.nurse).post(reverse("web:visit", args=[visit.pk]), {"act": "start", "place": away.pk})
    assert answer.status_code == 404


def test_who_is_booked_here_without_a_dose_is_on_the_page_and_can_be_seated(cast: Cast) -> None:
    room, other = furnish(cast)
    patient = factories.make_patient(cast, given_name="Wren", family_name="Moss")
    visit = visits.book(
        site=cast.site, patient=patient, kind="assessment", starts_at=local(3, 9), place=room, clinician=cast.owner,
        by=cast.desk, now=NOW,
    )  # fmt: skip
    client, url = sign_in(cast.nurse), reverse("web:visit", args=[visit.pk])
    assert re.search(r"<span>Seat\s", render_card(cast, room))
    page = client.get(reverse("web:floor-seat", args=[room.pk])).content.decode()
    assert f'action="{url}"' in page
    assert "First assessment" in page
    assert "First assessment" not in client.get(reverse("web:floor-seat", args=[other.pk])).content.decode()
    assert client.post(url, {"act": "arrive", "place": room.pk}).status_code == 302
    visit.refresh_from_db()
    assert (visit.state, visit.place) == ("arrived", room)
    card = render_card(cast, room)
    assert not re.search(r"<span>Seat\s", card)
    assert re.search(r"<span>Here\s", card)
    assert "late" not in card
    seated = client.get(reverse("web:floor-seat", args=[room.pk])).content.decode()
    assert 'value="arrive"' not in seated
    assert f'href="{url}"' in seated


def test_who_has_come_for_a_dose_is_seated_at_any_free_place(cast: Cast) -> None:
    visit, _room, other = book_taken(cast)
    page = sign_in(cast.nurse).get(reverse("web:floor-seat", args=[other.pk])).content.decode()
    form = page[page.index(f'action="{reverse("web:visit", args=[visit.pk])}"') :].partition("</form>")[0]
    assert f'name="place" value="{other.pk}"' in form
    assert 'value="start"' in form
    assert "booked for another place" in page
