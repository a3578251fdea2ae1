"""Nobody's name travels where it should not: into an address, a log line, a metric or a redirect; a lock holds."""

import logging
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from django.db import transaction
from django.urls import reverse

from afterglow.clinic.people import accounts
from afterglow.clinic.people.models import PractitionerRole
from tests.factories import PASSWORD
from tests.storage_support import attack
from tests.web.matrix_requests import ASKS, build_parts, build_url, get_ask
from tests.web.security_support import House, build_house, rolled_back
from tests.web.test_permission_matrix import NEEDED, ROUTES, STREAMS

pytestmark = pytest.mark.django_db

ADDRESS = re.compile(r'(?:href|action|src|hx-[a-z]+|data-[a-z-]*url|data-stream|data-view|formaction)="([^"]*)"')
PAGES = [route for route in sorted(ROUTES) if route not in STREAMS and route not in {"metrics", "closed"}]
NAMES = ("exemplarova", "alderina", "specimenova", "birch", "beispielova", "cedar", "musterova", "dahlia")


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    """One clinic for all pages; every request is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield build_house()
        transaction.set_rollback(True)


def find_names(text: str) -> list[str]:
    """Return the names of patients in a text."""
    lowered = unquote(text).lower()
    return [name for name in NAMES if name in lowered]


def test_the_search_for_names_finds_one(house: House) -> None:
    with rolled_back():
        page = house.client("nurse").get("/patients/").content.decode()
    assert {"exemplarova", "alderina"} <= set(find_names(page))
    assert find_names("/patients/?q=Exempl%61rova") == ["exemplarova"]


@pytest.mark.parametrize("route", PAGES)
def test_no_address_on_a_page_names_a_patient(house: House, route: str) -> None:
    url = build_url(route, NEEDED[route], build_parts(house, get_ask(route, "GET", house)))
    for principal in ("medical-director", "frontdesk", "auditor"):
        with rolled_back():
            response = house.client(principal).get(url)
            assert find_names(response.get("Location", "") + response.get("Content-Disposition", "")) == []
            if response["Content-Type"].startswith("text/html"):
                page = response.content.decode()
                assert [found for found in ADDRESS.findall(page) if find_names(found)] == []
                assert find_names("".join(re.findall(r"<title>([^<]*)", page))) == [], "a title stays in the history"


def test_no_act_leads_to_an_address_with_a_name(house: House) -> None:
    for route, row in ASKS:
        ask = get_ask(route, row, house)
        url = build_url(route, NEEDED[route], build_parts(house, ask))
        with rolled_back():
            response = house.client("medical-director").post(url, ask.form or {})
            assert find_names(response.get("Location", "")) == [], f"{route} {row}"


def test_logs_hold_no_name_no_secret_and_no_query(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, logger="django.db.backends")
    caplog.set_level(logging.INFO, logger="django.template")
    with rolled_back():
        nurse = house.client("nurse")
        nurse.get("/patients/", {"q": "Exemplarova"})
        nurse.get("/none-such/", {"q": "Exemplarova"})
        nurse.get(reverse("web:patient", args=[house.alder.pk]))
        nurse.get(reverse("web:session", args=[house.session.pk]))
        nurse.post("/patients/register/", {"family_name": "Exemplarova", "birth_on": "9999-99-99"})
        ask = ASKS["web:patient-consents", "POST sign"](house)
        url = reverse("web:patient-consents", args=[house.alder.pk])
        nurse.post(url, {**(ask.form or {}), "sign-typed_name": "Alderina Wrong"})
        house.client("therapist").post(url, ask.form)
        house.client("far-nurse").get(url)
        house.client("anonymous").post("/accounts/login/", {"login": "Exemplarova", "password": PASSWORD})
        commands = reverse("web:session-commands", args=[house.session.pk])
        for note in ("Alderina was restless", "\ud800 Alderina"):
            nurse.post(commands, {"type": "record-note", "data": {"note": note}}, content_type="application/json")
        nurse.post(commands, b'{"type": "Alderina', content_type="application/json")
    text = "\n".join(record.getMessage() + str(record.exc_text or "") for record in caplog.records)
    assert caplog.records, "nothing was logged at all: this test would notice nothing"
    assert find_names(text) == []
    assert PASSWORD not in text


def test_metrics_and_health_name_nobody(house: House) -> None:
    with rolled_back():
        client = house.client("anonymous")
        assert find_names((client.get("/metrics").content + client.get("/healthz").content).decode()) == []
        assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403
        assert client.get("/metrics", HTTP_X_FORWARDED_FOR="127.0.0.1").status_code == 403
        assert house.client("manager").get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 200


def test_the_front_desk_sees_who_comes_and_nothing_of_why(house: House) -> None:
    words = ("Venlafaxine", "Sertraline", "PHQ", "ideation", "Latex", "iv-racemic", "depression", "eligible", "signed")
    with rolled_back():
        desk = house.client("frontdesk")
        for path in ("/patients/", reverse("web:patient-identity", args=[house.alder.pk])):
            # every page carries the words for a sign-in that ended elsewhere
            page = re.sub("(?i)signed[- ](out|in)", "", desk.get(path).content.decode())
            assert "Exemplarova" in page
            assert [word for word in words if word.lower() in page.lower()] == [], path


def test_an_auditor_sees_who_looked_and_no_name_of_a_patient(house: House) -> None:
    with rolled_back():
        house.client("nurse").get(reverse("web:patient", args=[house.alder.pk]))
        auditor = house.client("auditor")
        paths = ["/audit/", "/audit/?kind=reads", reverse("web:patient-access", args=[house.alder.pk])]
        for path in paths:
            page = auditor.get(path).content.decode()
            assert find_names(page) == [], path
        assert "The nurse" in page


def test_the_log_of_one_site_does_not_show_the_other(house: House) -> None:
    with rolled_back():
        house.client("nurse").get(reverse("web:patient", args=[house.alder.pk]))
        PractitionerRole.objects.create(user=house.users["roleless"], site=house.cast.elsewhere, role="auditor")
        there = house.client("roleless")
        assert house.alder.number not in there.get("/audit/?kind=reads").content.decode()
        acts = there.get("/audit/").content.decode()
        assert "plan.signed" not in acts
        accounts.give_role(
            user=house.users["roleless"], site=house.cast.site, role="researcher", by=None, now=house.now
        )
        assert there.get("/audit/").content.decode().count("role.given") == acts.count("role.given")
        assert there.get(reverse("web:patient-access", args=[house.alder.pk])).status_code == 404


def test_a_locked_screen_shows_and_takes_nothing(house: House) -> None:
    with rolled_back():
        nurse = house.client("nurse")
        nurse.post("/lock/")
        commands = reverse("web:session-commands", args=[house.session.pk])
        for headers in ({}, {"Accept": "text/event-stream"}, {"X-Afterglow-Background": "1"}):
            chart = nurse.get(reverse("web:patient", args=[house.alder.pk]), headers=headers)
            assert chart.status_code in {302, 423}, headers
            assert find_names(chart.content.decode()) == []
            assert nurse.post(commands, {"type": "record-note", "data.note": "x"}, headers=headers).status_code == 423
        assert nurse.get("/accounts/password/change/").status_code == 302


def test_a_person_who_left_is_out_at_once(house: House) -> None:
    with rolled_back():
        user = house.users["nurse"]
        nurse = house.client("nurse")
        assert nurse.get("/patients/").status_code == 200
        type(user).objects.filter(pk=user.pk).update(is_active=False)
        for path in ("/patients/", reverse("web:session-view", args=[house.session.pk])):
            assert nurse.get(path)["Location"].startswith("/accounts/login/")


def test_an_altered_document_is_not_shown_as_if_it_were_the_filed_one(house: House) -> None:
    url = reverse("web:document", args=[house.document.pk])
    with rolled_back():
        assert house.client("nurse").get(url).content == b"%PDF-1.7 referral"
        attack(
            "UPDATE documents_documentcontent SET body = %s WHERE digest = %s",
            [b"%PDF-1.7 forged", house.document.content_id],
        )
        shown = house.client("nurse").get(url)
        assert shown.status_code == 422
        assert b"forged" not in shown.content
