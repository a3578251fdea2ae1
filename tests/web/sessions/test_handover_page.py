"""The page of a handover says what is handed over before it asks to accept it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from afterglow.clinic.dosing_sessions.actions import get_nurse
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.floor.board import build_board
from afterglow.clinic.floor.cards import forget_cards
from afterglow.clinic.people.models import Allergy, User
from afterglow.web.floor.present import present_need
from tests.storage_support import make_user
from tests.web.sessions.session_support import Cast

pytestmark = pytest.mark.django_db
NOTE = "Cannula is tight: look at it every 10 min. She wants no music."


@pytest.fixture
def cast() -> Cast:
    """A session with a named nurse."""
    cast = Cast()
    cast.say("record-arrival", {"escort": "Demo, Ivy"})
    cast.say("assign-nurse", {"nurse": cast.nurse.pk})
    return cast


def read_offer(cast: Cast, reader: User) -> str:
    """Return the page of the chair as somebody reads it."""
    client = Client()
    client.force_login(reader)
    answer = client.get(reverse("web:floor-nurse", args=[cast.session.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_receiver_reads_note_readings_alarm_allergy_and_drugs_before_accepting(cast: Cast) -> None:
    receiver = make_user("rosa", cast.site, "nurse")
    Allergy.objects.create(
        patient=cast.patient, substance="Latex", reaction="rash", recorded_at=cast.now, recorded_by=cast.nurse
    )
    cast.say("record-vitals", {"systolic": 172, "diastolic": 104, "spo2": "97", "resp_rate": 14}, after_s=60)
    given = {"drug": "ondansetron", "dose": "4 mg", "route": "iv", "purpose": "rescue"}
    cast.say("record-drug-given", given, after_s=90)
    cast.say("offer-handover", {"to": receiver.pk, "note": NOTE}, after_s=120)
    page = read_offer(cast, receiver)
    accept = page.index("accept-handover")
    for words in (NOTE, f"By {cast.nurse.display_name} at", "172/104", "Latex: rash", "ondansetron 4 mg", "Pre-checks"):
        assert words in page, words
        assert page.index(words) < accept, words
    # two hours on, the readings are said to be old; it is not the receiver's to offer to somebody else
    assert "Too old or missing" in page
    assert 'value="offer-handover"' not in page
    # for the giver the way to somebody else is folded below
    giving = read_offer(cast, cast.nurse)
    assert giving.index('<details class="fl-otherwise">') > giving.index(NOTE)
    assert giving.count('value="offer-handover"') == 1


def test_an_empty_note_and_unasked_allergies_are_said_not_left_blank(cast: Cast) -> None:
    receiver = make_user("rosa", cast.site, "nurse")
    cast.say("offer-handover", {"to": receiver.pk})
    page = read_offer(cast, receiver)
    assert "Nothing was written. Ask what is handed over." in page
    assert "Allergies not asked" in page
    # a colleague sees what is handed over, and can neither accept nor decline it
    other = read_offer(cast, cast.nurse)
    assert "Nothing was written." in other
    assert "accept-handover" not in other
    assert "decline-handover" not in other


def test_without_an_offer_nothing_is_folded(cast: Cast) -> None:
    page = read_offer(cast, cast.nurse)
    assert "fl-otherwise" not in page
    assert "fl-handed" not in page


def test_only_the_nurse_of_the_chair_and_a_prescriber_are_asked_to_offer_it(cast: Cast) -> None:
    colleague = make_user("rosa", cast.site, "nurse")
    for reader, is_asked in ((cast.nurse, True), (cast.prescriber, True), (colleague, False)):
        page = read_offer(cast, reader)
        assert ('value="offer-handover"' in page) is is_asked, reader.username
        assert f'name="nurse" value="{cast.nurse.pk}"' not in page, "who has the chair is no receiver"
    assert "Take the chair over now" in read_offer(cast, colleague)


def act(cast: Cast, by: User, **fields: str) -> Any:
    """Return the answer to a button of the page."""
    return cast.client(by).post(reverse("web:floor-nurse", args=[cast.session.pk]), fields)


def test_a_refused_offer_names_who_has_the_chair(cast: Cast) -> None:
    colleague = make_user("rosa", cast.site, "nurse")
    answer = act(cast, colleague, act="offer-handover", nurse=colleague.pk)
    assert answer.status_code == 422
    assert f"The chair is with {cast.nurse.display_name}" in answer.content.decode()
    assert get_nurse(Session.objects.get()) == cast.nurse


def test_a_stale_page_hands_on_nobodys_chair(cast: Cast) -> None:
    rosa = make_user("rosa", cast.site, "nurse")
    third = make_user("tom", cast.site, "nurse")
    seen = {"act": "offer-handover", "nurse": third.pk, "from": cast.nurse.pk}
    assert act(cast, cast.nurse, act="offer-handover", nurse=rosa.pk).status_code == 302
    assert act(cast, rosa, act="accept-handover").status_code == 302
    for stale in (cast.nurse, cast.prescriber):
        answer = act(cast, stale, **seen)
        assert answer.status_code == 422
        assert "The chair is with Rosa" in answer.content.decode()
    assert act(cast, third, act="accept-handover").status_code == 422
    assert get_nurse(Session.objects.get()) == rosa


def test_the_receiver_declines_and_the_giver_takes_back(cast: Cast) -> None:
    rosa = make_user("rosa", cast.site, "nurse")
    cast.say("offer-handover", {"to": rosa.pk})
    assert "Take the offer back" not in read_offer(cast, rosa)
    assert "I cannot take this chair" in read_offer(cast, rosa)
    assert act(cast, rosa, act="decline-handover", reason="").status_code == 422
    assert act(cast, rosa, act="decline-handover", reason="two at dosing already").status_code == 302
    forget_cards()
    board = build_board(site=cast.site, user=cast.nurse, now=timezone.now())
    (need,) = [row for row in board["needs"] if row["kind"] == "handover"]
    assert "Rosa cannot take the chair" in present_need(need)["rest"]
    cast.say("offer-handover", {"to": rosa.pk}, after_s=7000)
    assert "Take the offer back" in read_offer(cast, cast.nurse)
    assert act(cast, cast.nurse, act="withdraw-handover").status_code == 302
    assert "Take the offer back" not in read_offer(cast, cast.nurse)
    page = cast.client().get(cast.url()).content.decode()
    for words in ("Handover declined by the receiver", "two at dosing already", "Offered handover taken back"):
        assert words in page, words
    assert get_nurse(Session.objects.get()) == cast.nurse


def test_a_session_that_is_over_offers_nothing(cast: Cast) -> None:
    cast.say("cancel-session", {"reason": "not today"}, after_s=60)
    cast.session.refresh_from_db()
    page = read_offer(cast, cast.nurse)
    assert "The session is over" in page
    for button in ("offer-handover", "assign-nurse", "Take the chair over now"):
        assert button not in page, button
