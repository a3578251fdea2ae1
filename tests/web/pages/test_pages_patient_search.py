"""Search as one types: the first people only, scoped, posted with a token, and the same number of queries for all."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from afterglow.clinic.people.models import Patient
from tests.web.pages.conftest import make_user

TYPING = {"HX-Request": "true"}
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def add_people(site, by, count, family="Testfall"):
    for number in range(count):
        Patient.objects.create(
            site=site,
            number=f"{len(family)}-{number:03}",
            family_name=family,
            given_name=f"Person {number:02}",
            birth_on=date(1980, 1, 1),
            sex="female",
            created_at=datetime.now(UTC),
            created_by=by,
        )


def type_letters(client, letters):
    return client.post("/patients/", {"q": letters}, headers=TYPING)


def test_typing_brings_the_rows_alone_and_the_form_the_whole_page(patient, sign_in):
    client = sign_in("nurse")
    typed = type_letters(client, "muller").content.decode()
    assert "Müller-Beispiel" in typed
    assert "1 person found" in typed
    assert "<html" not in typed
    assert "<html" in client.post("/patients/", {"q": "muller"}).content.decode()


def test_the_box_posts_what_is_typed_after_a_pause_and_without_an_address(patient, sign_in):
    page = sign_in("nurse").get("/patients/").content.decode()
    assert 'hx-post="/patients/" hx-trigger="input changed delay:250ms"' in page
    assert "hx-push-url" not in page
    assert 'method="post" role="search"' in page


def test_twenty_people_are_shown_and_that_there_are_more_is_said(site, staff, sign_in):
    client = sign_in("nurse")
    add_people(site, staff["nurse"], 20)
    whole = type_letters(client, "testfall").content.decode()
    assert (whole.count('<th scope="row">'), "of more people" in whole) == (20, False)
    add_people(site, staff["nurse"], 1, "Testfallmann")
    cut = type_letters(client, "testfall").content.decode()
    assert (cut.count('<th scope="row">'), "The first 20 of more people" in cut) == (20, True)


def test_as_many_queries_for_one_person_as_for_twenty(site, staff, patient, sign_in):
    client = sign_in("nurse")
    add_people(site, staff["nurse"], 30)
    type_letters(client, "x")
    with CaptureQueriesContext(connection) as one:
        assert type_letters(client, "muller").content.decode().count('<th scope="row">') == 1
    with CaptureQueriesContext(connection) as many:
        assert type_letters(client, "testfall").content.decode().count('<th scope="row">') == 20
    assert len(one) == len(many)


def test_typing_at_another_site_finds_nobody_here(patient, other_site):
    client = Client()
    client.force_login(make_user("far", other_site, "nurse"), backend=BACKEND)
    answer = type_letters(client, "muller").content.decode()
    assert "Müller" not in answer
    assert "Nobody found" in answer


def test_typing_without_the_token_is_refused(patient, staff):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff["nurse"], backend=BACKEND)
    assert type_letters(client, "muller").status_code == 403


@pytest.mark.parametrize("letters", ["\x00", "%", "_", "a" * 5000, "'; DROP TABLE"])
def test_no_letters_break_the_rows_or_match_everybody(letters, patient, sign_in):
    answer = type_letters(sign_in("nurse"), letters)
    assert answer.status_code == 200
    assert ("Müller" in answer.content.decode()) == (letters == "\x00")


def test_what_is_typed_stands_in_no_log(patient, sign_in, caplog):
    caplog.set_level("DEBUG")
    type_letters(sign_in("nurse"), "muller")
    said = [record.getMessage() for record in caplog.records if not record.name.startswith("django.db")]
    assert not [line for line in said if "muller" in line]


def test_what_a_role_may_not_read_has_no_column_instead_of_a_dash(patient, sign_in):
    for ask in (lambda client: client.get("/patients/"), lambda client: type_letters(client, "muller")):
        desk = ask(sign_in("frontdesk")).content.decode()
        assert [word for word in ("Screening", "Plan", "Session") if f'<th scope="col">{word}' in desk] == []
        assert "<td>–</td>" not in desk
        nurse = ask(sign_in("nurse")).content.decode()
        assert all(f'<th scope="col">{word}' in nurse for word in ("Screening", "Plan", "Session"))
