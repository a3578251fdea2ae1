"""What every answer tells the browser: the policy of what may run, that nothing is kept, and how cookies travel."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from tests.factories import PASSWORD
from tests.web.matrix_requests import ASKS, build_parts, build_url, get_ask
from tests.web.security_support import House, build_house, rolled_back
from tests.web.test_permission_matrix import NEEDED, STREAMS

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# a patient's page runs no script at all, and where it leads learns nothing of the link in its address
PATIENT_POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
BUNDLES = Path(__file__).resolve().parents[2] / "src/afterglow/web/static/build/assets"


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    """One clinic for all pages; every request is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield build_house()
        transaction.set_rollback(True)


def read_policy(response: Any) -> dict[str, str]:
    """Return the directives of the content security policy."""
    parts = (part.strip().partition(" ") for part in response["Content-Security-Policy"].split(";") if part.strip())
    return {name: value for name, _, value in parts}


# who fills in the public form gets back to what they typed; its own browser alone keeps it
RETURNABLE = {"phone:intake"}


def check_headers(response: Any, *, is_patient_page: bool = False, route: str = "") -> None:
    """Compare what every page must say, whatever it shows."""
    assert read_policy(response) == (PATIENT_POLICY if is_patient_page else POLICY)
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == ("no-referrer" if is_patient_page else "same-origin")
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    if route in RETURNABLE and response.status_code in (200, 422):
        assert response["Cache-Control"] == "private, no-cache"
    else:
        assert "no-store" in response["Cache-Control"]
    assert "public" not in response["Cache-Control"]


@pytest.mark.parametrize("route", sorted(set(NEEDED) - STREAMS))
def test_every_page_forbids_framing_foreign_code_and_keeping(house: House, route: str) -> None:
    url = build_url(route, NEEDED[route], build_parts(house, get_ask(route, "GET", house)))
    for principal in ("medical-director", "anonymous"):
        with rolled_back():
            check_headers(house.client(principal).get(url), is_patient_page=route.startswith("phone:"), route=route)


@pytest.mark.parametrize(("route", "row"), [("web:patient-order", "POST sign"), ("web:patient-consents", "POST talk")])
def test_a_refused_form_is_not_kept_either(house: House, route: str, row: str) -> None:
    url = build_url(route, NEEDED[route], build_parts(house, ASKS[route, row](house)))
    with rolled_back():
        response = house.client("nurse").post(url, {"act": row.split()[1]})
        assert response.status_code in {404, 422}
        check_headers(response)


def test_answers_to_scripts_are_not_kept(house: House) -> None:
    url = build_url(
        "web:session-commands", ("session_id",), build_parts(house, get_ask("web:session-commands", "", house))
    )
    with rolled_back():
        check_headers(house.client("nurse").post(url, {"type": "none"}, content_type="application/json"))


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_error_pages_say_the_same(house: House, status: int) -> None:
    with rolled_back():
        nurse = house.client("nurse")
        response = {
            400: lambda: nurse.get("/patients/", HTTP_HOST="elsewhere.example"),
            403: lambda: nurse.get("/audit/"),
            404: lambda: nurse.get("/none-such/"),
            405: lambda: nurse.post("/protocols/"),
        }[status]()
        assert response.status_code == status
        check_headers(response)


def test_cookies_of_a_sign_in_are_out_of_reach_of_scripts(house: House, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    with rolled_back():
        client = Client()
        client.get("/accounts/login/", secure=True)
        form = {"login": "the-nurse", "password": PASSWORD}
        response = client.post("/accounts/login/", form, secure=True)
        assert response.status_code == 302
        client.post("/theme/", {"theme": "dim"}, secure=True)
        assert {"sessionid", "csrftoken", "afterglow-theme"} <= set(client.cookies)
        for name, cookie in client.cookies.items():
            assert cookie["httponly"], name
            assert cookie["secure"], name
            assert cookie["samesite"] in {"Lax", "Strict"}, name
        assert client.cookies["csrftoken"]["samesite"] == "Strict"
        assert not client.cookies["sessionid"]["max-age"], "the sign-in ends with the browser"


def test_cookies_are_marked_secure_where_the_server_has_tls(settings: Any) -> None:
    assert settings.SESSION_COOKIE_SECURE is settings.HAS_TLS
    assert settings.CSRF_COOKIE_SECURE is settings.HAS_TLS
    assert (settings.SECURE_HSTS_SECONDS > 0) is settings.HAS_TLS


@pytest.mark.skipif(not BUNDLES.is_dir(), reason="no built assets: run `afterglow assets`")
def test_hashed_bundles_are_kept_for_ever_and_other_files_are_not() -> None:
    client = Client()
    for path in sorted(BUNDLES.glob("*-????????.*s")):
        response = client.get(f"/static/build/assets/{path.name}")
        assert response.status_code == 200, path.name
        assert "immutable" in response["Cache-Control"], path.name
        assert response["X-Content-Type-Options"] == "nosniff"
        response.close()
    plain = client.get("/static/web/favicon.svg")
    assert "immutable" not in plain["Cache-Control"]
    plain.close()
