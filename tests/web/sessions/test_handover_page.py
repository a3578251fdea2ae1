"""The page of a handover says what is handed over before it asks to accept it."""

import pytest
from django.test import Client
from django.urls import reverse

from afterglow.clinic.people.models import Allergy, User
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
    # two hours on, the readings are said to be old, and the way to somebody else is folded below
    assert "Too old or missing" in page
    assert page.index('<details class="fl-otherwise">') > accept
    assert page.count('value="offer-handover"') == 1


def test_an_empty_note_and_unasked_allergies_are_said_not_left_blank(cast: Cast) -> None:
    receiver = make_user("rosa", cast.site, "nurse")
    cast.say("offer-handover", {"to": receiver.pk})
    page = read_offer(cast, receiver)
    assert "Nothing was written. Ask what is handed over." in page
    assert "Allergies not asked" in page
    # a colleague sees what is handed over, and cannot accept it
    other = read_offer(cast, cast.nurse)
    assert "Nothing was written." in other
    assert "accept-handover" not in other


def test_without_an_offer_nothing_is_folded(cast: Cast) -> None:
    page = read_offer(cast, cast.nurse)
    assert "fl-otherwise" not in page
    assert "fl-handed" not in page
