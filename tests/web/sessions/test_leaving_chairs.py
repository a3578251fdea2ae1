"""Signing out while one is the named nurse of occupied chairs: asked first, and said on the board afterwards."""

import pytest
from django.test import Client
from django.urls import reverse

from afterglow.clinic.accounts.models import SignIn
from afterglow.web.floor.board import forget_boards
from tests.web.sessions.session_support import Cast

pytestmark = pytest.mark.django_db
SIGN_OUT = reverse("web:sign-out")
ASKED = "You are still the named nurse of occupied chairs"


@pytest.fixture
def cast() -> Cast:
    """Return a session at a place, its chair not named yet."""
    made = Cast()
    type(made.session).objects.filter(pk=made.session.pk).update(place="Room 2")
    made.session.refresh_from_db()
    made.say("record-arrival", {}, after_s=10)
    return made


def name_nurse(cast: Cast) -> None:
    cast.say("assign-nurse", {"nurse": cast.nurse.pk}, by=cast.prescriber, after_s=20)


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def read_board(cast: Cast) -> str:
    forget_boards()
    return cast.client(cast.prescriber).get(reverse("web:home")).content.decode()


def test_who_has_no_chair_signs_out_with_one_tap(cast: Cast) -> None:
    client = cast.client()
    assert client.post(SIGN_OUT).status_code == 302
    assert not is_signed_in(client)


def test_who_has_chairs_is_asked_and_stays_signed_in_until_they_answer(cast: Cast) -> None:
    name_nurse(cast)
    client = cast.client()
    asked = client.post(SIGN_OUT)
    text = asked.content.decode()
    assert asked.status_code == 200
    assert ASKED in text
    assert "Room 2" in text
    assert cast.patient.display_name not in text
    assert reverse("web:floor-nurse", args=[cast.session.pk]) in text
    assert is_signed_in(client)
    assert client.post(SIGN_OUT, {"leaves_chairs": "yes"}).status_code == 302
    assert not is_signed_in(client)


def test_the_chair_of_a_colleague_is_not_asked_about(cast: Cast) -> None:
    name_nurse(cast)
    assert cast.client(cast.prescriber).post(SIGN_OUT).status_code == 302


def test_the_board_says_that_the_nurse_of_a_chair_is_signed_out_and_no_more_once_they_are_back(cast: Cast) -> None:
    name_nurse(cast)
    said = f"Nurse {cast.nurse.display_name}: signed out"
    assert said not in read_board(cast), "of who never signed in nothing is known"
    client = cast.client()
    client.get(reverse("web:home"))
    assert SignIn.objects.filter(user=cast.nurse, ended_at=None).exists()
    assert said not in read_board(cast)
    client.post(SIGN_OUT, {"leaves_chairs": "yes"})
    assert said in read_board(cast)
    cast.client().get(reverse("web:home"))
    assert said not in read_board(cast)
