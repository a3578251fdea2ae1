"""Help is called from a locked screen by one tap: no PIN, nothing of any patient, and the audit says whose screen."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.floor.models import HelpCall
from afterglow.clinic.sites.models import Place
from tests.web.sessions.session_support import Cast

pytestmark = pytest.mark.django_db
CHAIRS = ("Chair 1", "Chair 2")


@pytest.fixture
def cast() -> Cast:
    """A session at the second of two chairs."""
    cast = Cast()
    for name in CHAIRS:
        Place.objects.create(site=cast.site, name=name)
    cast.session.place = CHAIRS[1]
    cast.session.save(update_fields=["place"])
    return cast


def lock(cast: Cast, user: Any, shown: str = "/") -> Client:
    """Return a browser whose screen is locked on a page."""
    client = cast.client(user)
    client.post("/lock/", {"next": shown})
    assert client.get("/patients/")["Location"].startswith("/locked/")
    return client


def read(client: Client, shown: str) -> str:
    return client.get("/locked/", {"next": shown}).content.decode()


def test_one_tap_calls_from_the_room_of_the_page_that_was_shown(cast: Cast) -> None:
    shown = cast.url()
    client = lock(cast, cast.nurse, shown)
    page = read(client, shown)
    assert re.search(r"Call for help: Chair 2", page)
    fields = dict(re.findall(r'name="(next|session)" value="([^"]+)"', page.split("data-help action")[1]))
    answer = client.post(reverse("web:floor-help"), fields)
    assert (answer.status_code, answer["Location"].startswith("/locked/")) == (302, True)
    call = HelpCall.objects.get()
    assert (str(call.place), call.session, call.raised_by) == ("Chair 2", cast.session, cast.nurse)
    after = read(client, shown)
    for words in ("Help called at", "Chair 2", "Nobody has answered yet", "This does not call an ambulance."):
        assert words in after, words
    assert client.get("/patients/")["Location"].startswith("/locked/"), "the screen stays locked"


def test_the_audit_says_that_it_came_from_the_locked_screen_of_that_sign_in(cast: Cast) -> None:
    locked = lock(cast, cast.nurse)
    locked.post(reverse("web:floor-help"), {})
    open_client = cast.client(cast.prescriber)
    open_client.post(reverse("web:floor-help"), {"session": cast.session.pk})
    rows = [row.detail for row in AuditEvent.objects.filter(action="help.raised").order_by("seq")]
    details = [json.loads(bytes(row)) for row in rows]
    assert details == [{"screen": "locked", "sign_in": locked.session["sign_in"]}, {}]


def test_who_is_signed_in_there_is_not_taken_for_the_caller_and_can_come(cast: Cast) -> None:
    lock(cast, cast.nurse).post(reverse("web:floor-help"), {"session": cast.session.pk})
    call = HelpCall.objects.get()
    url = reverse("web:floor-call", args=[call.pk])
    client = cast.client(cast.nurse)
    page = client.get(url).content.decode()
    assert f"called from the locked screen of {cast.nurse.display_name}" in page
    assert "who tapped is not known" in page
    assert "I am on my way" in page
    assert "called from the locked screen of" in client.get("/").content.decode()
    assert client.post(url, {"act": "answer"}).status_code == 302
    call.refresh_from_db()
    assert call.answered_by == cast.nurse
    client.post(url, {"act": "code"})
    client.post(url, {"act": "close"})
    entry = cast.session.events.get(type="emergency-recorded")
    assert f"Help called from the locked screen of {cast.nurse.display_name}" in bytes(entry.body).decode()


def test_a_call_without_a_room_asks_for_it_on_the_locked_page(cast: Cast) -> None:
    client = lock(cast, cast.nurse)
    assert "Chair 1" not in read(client, "/").split("data-unlock")[0].split("help-title")[1]
    client.post(reverse("web:floor-help"), {"next": "/"})
    assert HelpCall.objects.get().place is None
    page = read(client, "/")
    for name in CHAIRS:
        assert f">{name}</button>" in page
    client.post(reverse("web:floor-help"), {"next": "/", "place": Place.objects.get(name="Chair 1").pk})
    assert str(HelpCall.objects.get().place) == "Chair 1", "the call that was made is placed, not doubled"
    assert "Where?" not in read(client, "/")


def test_nothing_of_any_patient_is_shown(cast: Cast) -> None:
    cast.say("record-vitals", {"systolic": 163, "diastolic": 91})
    client = lock(cast, cast.nurse, cast.url())
    client.post(reverse("web:floor-help"), {"session": cast.session.pk, "next": cast.url()})
    page = read(client, cast.url())
    for secret in ("Alder", "Demo,", "000-104", "163", "IV"):
        assert secret not in page, secret


def test_answering_the_log_and_closing_stay_locked(cast: Cast) -> None:
    client = lock(cast, cast.nurse)
    client.post(reverse("web:floor-help"), {"session": cast.session.pk})
    url = reverse("web:floor-call", args=[HelpCall.objects.get().pk])
    for act in ("answer", "code", "step", "close", "place"):
        assert client.post(url, {"act": act}).status_code == 423, act
    assert client.get(url)["Location"].startswith("/locked/")
    assert client.get(reverse("web:floor-help"))["Location"].startswith("/locked/")


def test_a_session_of_another_site_gives_no_room(cast: Cast) -> None:
    client = lock(cast, cast.stranger)
    client.post(reverse("web:floor-help"), {"session": cast.session.pk})
    call = HelpCall.objects.get()
    assert (call.session, call.place, call.site == cast.site) == (None, None, False)


def test_who_may_not_call_has_no_button_and_gets_no_call(cast: Cast) -> None:
    client = lock(cast, cast.manager)
    assert "data-help" not in read(client, "/")
    assert client.post(reverse("web:floor-help"), {}).status_code == 403
    assert not HelpCall.objects.exists()


@pytest.mark.parametrize("target", ["//elsewhere.example", "https://elsewhere.example/", "/locked/"])
def test_the_way_back_is_a_page_of_this_clinic(cast: Cast, target: str) -> None:
    answer = lock(cast, cast.nurse).post(reverse("web:floor-help"), {"next": target})
    assert answer["Location"] == "/locked/?next=%2F"
