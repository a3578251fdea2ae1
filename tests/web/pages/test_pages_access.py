"""Who reaches which page: signed out, wrong role, other site, and what is written down."""

import pytest
from django.test import Client
from django.urls import reverse

from afterglow.clinic.audit.models import ReadEvent
from tests.web.pages.conftest import make_user

CHART_PAGES = (
    "patient",
    "patient-history",
    "patient-sessions",
    "patient-screening",
    "patient-consents",
    "patient-plan",
    "patient-order",
    "patient-documents",
)


@pytest.mark.parametrize("name", CHART_PAGES)
def test_a_stranger_to_the_clinic_is_sent_to_sign_in(name, patient):
    response = Client().get(reverse(f"web:{name}", args=[patient.pk]))
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("name", CHART_PAGES)
def test_a_nurse_opens_every_page_of_a_chart(name, patient, sign_in):
    assert sign_in("nurse").get(reverse(f"web:{name}", args=[patient.pk])).status_code == 200


@pytest.mark.parametrize("name", CHART_PAGES)
@pytest.mark.parametrize("role", ["frontdesk", "manager", "researcher", "auditor"])
def test_roles_without_charts_are_refused(name, role, patient, sign_in):
    assert sign_in(role).get(reverse(f"web:{name}", args=[patient.pk])).status_code == 403


@pytest.mark.parametrize("name", CHART_PAGES)
def test_another_site_cannot_tell_whether_a_patient_exists(name, patient, other_site):
    client = Client()
    client.force_login(
        make_user("far", other_site, "nurse"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    there = client.get(reverse(f"web:{name}", args=[patient.pk]))
    nowhere = client.get(reverse(f"web:{name}", args=["0" * 20]))
    assert there.status_code == nowhere.status_code == 404


def test_opening_a_chart_is_written_down(patient, sign_in, staff):
    sign_in("nurse").get(reverse("web:patient", args=[patient.pk]))
    read = ReadEvent.objects.get()
    assert (read.by, read.what, read.patient) == (staff["nurse"].pk, "chart", patient.pk)


def test_the_front_desk_finds_a_patient_and_sees_identity_only(patient, sign_in):
    client = sign_in("frontdesk")
    assert "Müller-Beispiel" in client.get("/patients/").content.decode()
    assert client.get(reverse("web:patient-identity", args=[patient.pk])).status_code == 200
    assert client.get(reverse("web:patient", args=[patient.pk])).status_code == 403


def test_search_ignores_accents_and_capitals(patient, sign_in):
    client = sign_in("nurse")
    for query in ("muller", "ZOE", "beispiel zoë", patient.number):
        assert "Müller-Beispiel" in client.post("/patients/", {"q": query}).content.decode()
    assert "Nobody found" in client.post("/patients/", {"q": "nobody at all"}).content.decode()


def test_a_name_searched_for_never_stands_in_an_address(patient, sign_in):
    page = sign_in("nurse").post("/patients/", {"q": "beispiel"}).content.decode()
    assert "q=" not in page
    assert "Nobody found" not in sign_in("nurse").get("/patients/", {"q": "nobody at all"}).content.decode()


@pytest.mark.parametrize("query", ["\x00", "%00", "a" * 5000, "'; DROP TABLE", "\u202e", "%"])
def test_no_search_text_breaks_the_list(query, patient, sign_in):
    assert sign_in("nurse").post("/patients/", {"q": query, "page": query}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/pharmacy/",
        "/evidence/",
        "/fhir/Patient",
        "/patients/1/",
        "/patients/..%2f/",
        "/protocols/none-such/",
        f"/documents/{'0' * 20}/",
    ],
)
def test_addresses_that_are_not_built_answer_404_in_house_style(path, sign_in):
    response = sign_in("prescriber").get(path)
    assert response.status_code == 404
    assert "There is nothing here for you" in response.content.decode()


@pytest.mark.parametrize("path", ["signup/", "password/reset/", "email/", "inactive/"])
def test_nobody_makes_or_recovers_an_account_alone(path, db):
    assert Client().get(f"/accounts/{path}").status_code == 404


def test_the_navigation_shows_only_places_the_role_may_open(sign_in):
    auditor = sign_in("auditor").get("/help/").content.decode()
    nurse = sign_in("nurse").get("/help/").content.decode()
    assert 'href="/audit/"' in auditor
    assert 'href="/patients/"' not in auditor
    assert 'href="/audit/"' not in nurse
    assert 'href="/patients/"' in nurse


def test_metrics_are_for_this_machine_or_a_manager(sign_in, patient):
    assert Client().get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403
    assert sign_in("nurse").get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403
    local = Client().get("/metrics")
    assert local.status_code == 200
    assert "afterglow_sessions" in local.content.decode()
    assert patient.family_name not in local.content.decode()


def test_theme_and_shortcuts_are_kept_and_lead_back_only_here(sign_in):
    client = sign_in("nurse")
    response = client.post("/theme/", {"theme": "dim", "next": "https://elsewhere.example/"})
    assert response["Location"] == "/"
    assert 'data-theme="dim"' in client.get("/help/").content.decode()
    client.post("/shortcuts/", {"shortcuts": "off", "next": "/help/"})
    assert 'data-shortcuts="off"' in client.get("/help/").content.decode()
    client.post("/theme/", {"theme": "<script>"})
    assert 'data-theme="dim"' in client.get("/help/").content.decode()


def test_a_form_without_its_token_is_answered_in_house_style(staff):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff["nurse"], backend="allauth.account.auth_backends.AuthenticationBackend")
    response = client.post("/theme/", {"theme": "dim"})
    assert response.status_code == 403
    assert "open too long" in response.content.decode()


def test_a_locked_screen_opens_with_the_password_only(sign_in):
    client = sign_in("nurse")
    client.post("/lock/")
    assert client.get("/patients/")["Location"].startswith("/locked/")
    assert client.post("/locked/", {"secret": "wrong", "next": "/patients/"}).status_code == 422
    assert (
        client.post("/locked/", {"secret": "a long enough passphrase", "next": "/patients/"})["Location"]
        == "/patients/"
    )
    assert client.get("/patients/").status_code == 200
