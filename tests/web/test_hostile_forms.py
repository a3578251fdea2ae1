"""Forms and addresses under attack: every answer is a refusal in words, none is a failure, nothing is stored."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from afterglow.clinic.audit.models import AuditEvent
from tests.factories import PASSWORD
from tests.web.hostile_support import BAD_CHOICES, LONG, ODD_TEXT, list_bad_values, sample
from tests.web.matrix_requests import ASKS, build_parts, build_url, get_ask
from tests.web.security_support import House, build_house, count_stored, rolled_back
from tests.web.test_permission_matrix import NEEDED, ROUTES, STREAMS

pytestmark = pytest.mark.django_db

REFUSALS = {200, 302, 400, 403, 404, 409, 413, 422, 429}
FORMS = [(route, row) for route, row in ASKS if route != "web:session-commands" and row.startswith("POST")]
POSTED = [
    (route, "POST") for route in sorted(ROUTES) if route not in STREAMS and ROUTES[route]["POST"].split()[6] != "405"
]


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    """One clinic for all attacks; every request is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield build_house()
        transaction.set_rollback(True)


def prepare(house: House, route: str, row: str) -> tuple[str, dict[str, Any]]:
    """Return the address and the fields of a form that would be accepted."""
    ask = get_ask(route, row, house)
    return build_url(route, NEEDED[route], build_parts(house, ask)), dict(ask.form or {})


@pytest.mark.parametrize(("route", "row"), FORMS, ids=[f"{route} {row}" for route, row in FORMS])
def test_no_field_stores_what_it_cannot_hold(house: House, route: str, row: str) -> None:
    url, good = prepare(house, route, row)
    for name in sorted(set(good) - {"act", "rule", "consent", "theme", "shortcuts"}):
        for bad in sample(list_bad_values(name, route), f"{route} {row} {name}"):
            with rolled_back():
                acts = AuditEvent.objects.exclude(action="signature.refused").count()
                response = house.client("medical-director").post(url, {**good, name: bad})
                told = f"{name}={bad[:40]!r}: {response.status_code}"
                assert response.status_code in REFUSALS - {302}, told
                assert AuditEvent.objects.exclude(action="signature.refused").count() == acts, told


@pytest.mark.parametrize(("route", "row"), FORMS, ids=[f"{route} {row}" for route, row in FORMS])
def test_odd_doubled_and_absent_fields_never_break_a_form(house: House, route: str, row: str) -> None:
    url, good = prepare(house, route, row)
    kept = {name: value for name, value in good.items() if name == "act"}
    attacks: list[dict[str, Any]] = [
        kept,
        {name: [value, value, "\x00"] if name != "act" else value for name, value in good.items()},
        {**good, "unknown": "1", "__proto__": "1", "data.x.y": "2"},
        *({**dict.fromkeys(good, odd), **kept} for odd in ODD_TEXT),
        *({**kept, **{name: bad for name in good if name in {"rule", "consent", "act"}}} for bad in BAD_CHOICES),
    ]
    for attack in attacks:
        with rolled_back():
            response = house.client("medical-director").post(url, attack)
            assert response.status_code in REFUSALS, f"{attack}: {response.status_code}"


@pytest.mark.parametrize("body", [b"\xff\xfe%00=%ff&act=\x80", b"=&=&&&&=", b"a=1&" * 1500, b"act=" + b"%" * 500])
@pytest.mark.parametrize("route", ["web:patient-register", "web:patient-plan", "web:session-commands"])
def test_bytes_that_are_no_form_are_told_so(house: House, route: str, body: bytes) -> None:
    url, _ = prepare(house, route, "POST")
    for kind in (
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "text/x",
    ):
        with rolled_back():
            before = count_stored()
            response = house.client("nurse").post(url, body, content_type=kind)
            assert response.status_code in REFUSALS, f"{kind}: {response.status_code}"
            assert count_stored() == before


def test_a_file_where_a_text_belongs_is_refused(house: House) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    with rolled_back():
        before = count_stored()
        upload = SimpleUploadedFile("../../x.pdf", b"%PDF" * 1000)
        form = {"family_name": upload, "given_name": upload, "birth_on": upload}
        assert house.client("nurse").post("/patients/register/", form).status_code in {200, 422}
        assert count_stored() == before


@pytest.mark.parametrize(("route", "row"), POSTED, ids=[route for route, _ in POSTED])
def test_a_form_from_elsewhere_is_refused_and_stores_nothing(house: House, route: str, row: str) -> None:
    url, good = prepare(house, route, row)
    with rolled_back():
        before = count_stored()
        client = house.client("medical-director", enforce_csrf_checks=True)
        # a patient's page knows no sign-in: its link is the secret, and a link that nobody gave leads nowhere
        refused = {403, 404, 422} if route.startswith("phone:") else {403}
        assert client.post(url, good).status_code in refused
        assert client.post(url, {}, content_type="application/json").status_code in refused
        assert count_stored() == before


ADDRESSES = (
    "/patients/{id}{id}/",
    "/patients/ABCDEFGHIJKLMNOPQRST/",
    "/patients/abc/",
    "/patients/1/",
    "/patients/-1/",
    "/patients/0x1/",
    "/patients/" + "a" * 5000 + "/",
    "/patients/{id}%00/",
    "/patients/{id}/../../admin/",
    "/patients/..%2f..%2fetc%2fpasswd/",
    "/patients/{id}/history/add/no-such-kind/",
    "/patients/{id}/history/facts/../",
    "/patients/{id}/history/facts/no-such-group/",
    "/patients/{id}/history/end/measurement/{id}/",
    "/patients/{id}/consents/{id}/",
    "/sessions/{id}/",
    "/sessions/٣٤٥٦٧٨٩٠١٢٣٤٥٦٧٨٩٠١٢/",
    "/sessions/{id}/record.pdf",
    "/documents/{id}/",
    "/protocols/..%2f..%2froles/",
    "/protocols/iv-racemic%00/",
    "/static/../clinic/roles.toml",
    "/static/%2e%2e/%2e%2e/clinic/roles.toml",
    "/static/build/..%2f..%2f..%2fclinic%2fsettings.py",
    "/set-up/%00/",
    "/set-up/" + "x" * 3000 + "/",
    "/accounts/password/reset/key/1-set-password/",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_identifier_of_the_wrong_shape_leads_nowhere(house: House, address: str) -> None:
    with rolled_back():
        response = house.client("medical-director").get(address.replace("{id}", house.alder.pk))
        assert response.status_code in {404, 405}
        if not response.streaming:
            assert "permissions" not in response.content.decode()


QUERIES = ("page", "q", "kind", "version", "indication", "focus", "parts", "next", "after")
ODD_QUERIES = (
    "\x00",
    "²",
    "٣",
    "-1",
    "1e9",
    "9" * 400,
    "NaN",
    "[]",
    "../..",
    LONG[:3000],
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
)


@pytest.mark.parametrize(
    "route",
    [
        "web:patients",
        "web:audit",
        "web:patient-access",
        "web:patient-plan",
        "web:protocol",
        "web:session-view",
        "web:locked",
    ],
)
def test_no_query_breaks_a_page(house: House, route: str) -> None:
    url, _ = prepare(house, route, "GET")
    for odd in ODD_QUERIES:
        with rolled_back():
            response = house.client("medical-director").get(url, dict.fromkeys(QUERIES, odd))
            assert response.status_code in {200, 404}, f"{odd[:20]!r}: {response.status_code}"


@pytest.mark.parametrize(
    "target", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", "\\\\x", "\x00"]
)
def test_nobody_is_led_to_another_site(house: House, target: str) -> None:
    with rolled_back():
        client = house.client("nurse")
        for path, form in (("/theme/", {"theme": "dim"}), ("/locked/", {"secret": PASSWORD})):
            assert client.post(path, {**form, "next": target})["Location"] == "/"


@pytest.mark.parametrize("name", ["\x00", "the-nurse\x00", "'; --", LONG[:9000], "", "😀"])
def test_odd_names_and_secrets_do_not_sign_in_and_do_not_fail(house: House, name: str) -> None:
    with rolled_back():
        response = house.client("anonymous").post("/accounts/login/", {"login": name, "password": name})
        assert response.status_code in {200, 429}
        assert "sessionid" not in response.cookies or not response.cookies["sessionid"].value


def test_an_entry_of_another_patient_is_not_ended_through_this_one(house: House) -> None:
    with rolled_back():
        url = reverse("web:patient-entry-end", args=[house.alder.pk, "allergy", house.allergy.pk])
        assert house.client("nurse").post(url).status_code == 404
        house.allergy.refresh_from_db()
        assert house.allergy.ended_at is None


def test_a_consent_of_another_patient_is_not_withdrawn_through_this_one(house: House) -> None:
    with rolled_back():
        consent = house.cedar.consents.get()
        url = reverse("web:patient-consents", args=[house.alder.pk])
        assert house.client("nurse").post(url, {"act": "withdraw", "consent": consent.pk}).status_code == 404
        consent.refresh_from_db()
        assert consent.withdrawn_at is None
