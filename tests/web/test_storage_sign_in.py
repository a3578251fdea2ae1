"""Signing in through the real stack: delays, audit rows, cookies, and streams that end with the sign-in."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from afterglow.clinic.accounts.models import Throttle
from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.housekeeping import clean_up
from afterglow.clinic.people.models import User
from afterglow.clinic.ticker import take_lease
from tests.storage_support import NOW, make_site, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough word"


@pytest.fixture
def nina() -> User:
    return make_user("nina", make_site())


def sign_in(client: Client, password: str = PASSWORD, username: str = "nina"):
    return client.post("/accounts/login/", {"login": username, "password": password})


def list_acts() -> list[str]:
    return list(AuditEvent.objects.order_by("seq").values_list("action", flat=True))


def test_signing_in_and_out_is_written_down(nina: User, client: Client) -> None:
    response = sign_in(client)
    assert (response.status_code, response["Location"]) == (302, "/")
    cookie = response.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    client.post("/sign-out/")
    assert list_acts() == ["sign-in.done", "sign-in.ended"]
    assert client.session.get("_auth_user_id") is None


def test_a_failed_sign_in_is_written_down_without_what_was_typed(nina: User, client: Client) -> None:
    assert sign_in(client, "my secret by mistake", "hunter2").status_code == 200
    row = AuditEvent.objects.get()
    assert (row.action, row.by, row.subject_id) == ("sign-in.failed", "system", "")
    assert not Throttle.objects.filter(key__contains="hunter2").exists()


def test_failures_are_slowed_and_the_right_password_waits_too(nina: User, client: Client) -> None:
    for _ in range(4):
        assert sign_in(client, "wrong").status_code == 200
    assert "_auth_user_id" not in client.session
    assert sign_in(client).status_code == 200
    Throttle.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert sign_in(client).status_code == 302
    assert Throttle.objects.filter(failures=4).count() == 1  # the address keeps its own count


def test_nobody_signs_up_or_resets_a_password_alone(client: Client) -> None:
    for path in ("/accounts/signup/", "/accounts/password/reset/", "/accounts/email/"):
        assert client.get(path).status_code in {403, 404, 410}, path


def test_an_inactive_account_does_not_sign_in(nina: User, client: Client) -> None:
    User.objects.filter(pk=nina.pk).update(is_active=False)
    sign_in(client)
    assert "_auth_user_id" not in client.session


def test_a_new_account_is_led_to_its_second_factor(nina: User, client: Client, settings: LazySettings) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    sign_in(client)
    response = client.get("/help/")
    assert (response.status_code, response["Location"]) == (302, "/accounts/2fa/totp/activate/")


def test_old_waits_and_expired_sign_ins_go_and_new_ones_stay(nina: User, client: Client) -> None:
    now = timezone.now()
    Throttle.objects.create(key="old", last_at=now - timedelta(days=2), until=now)
    Throttle.objects.create(key="new", last_at=now, until=now)
    sign_in(client)
    assert clean_up(now=now) == 1
    assert [row.key for row in Throttle.objects.all()] == ["new"]
    assert client.session.get("_auth_user_id") == nina.pk


def test_one_holder_has_the_lease_until_it_ends() -> None:
    assert take_lease("t", "one", NOW)
    assert not take_lease("t", "two", NOW + timedelta(seconds=14))
    assert take_lease("t", "one", NOW + timedelta(seconds=14))
    assert not take_lease("t", "two", NOW + timedelta(seconds=28))
    assert take_lease("t", "two", NOW + timedelta(seconds=29))
    assert not take_lease("t", "one", NOW + timedelta(seconds=30))
    assert take_lease("t", "one", NOW + timedelta(seconds=30), is_forced=True)
