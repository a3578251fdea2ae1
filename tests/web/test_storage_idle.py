"""The idle lock and the second factor: what a screen left alone still shows, and what it asks first."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import LazySettings
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from afterglow.clinic.accounts import idle
from afterglow.clinic.accounts.idle import LOCKED, SEEN, IdleLockMiddleware, is_locked, unlock
from afterglow.clinic.accounts.second_factor import SecondFactorMiddleware
from afterglow.clinic.errors import Refused
from tests.storage_support import NOW, make_user

HTML = {"HTTP_ACCEPT": "text/html"}


def ask(path: str = "/patients/", method: str = "get", *, session: dict[str, Any] | None = None, **headers: Any) -> Any:
    request = getattr(RequestFactory(), method)(path, **headers)
    request.session = {} if session is None else session
    request.user = SimpleNamespace(is_authenticated=True, pk="nina")
    return request


def answer(request: HttpRequest) -> Any:
    return IdleLockMiddleware(lambda _: HttpResponse("page"))(request)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    time = SimpleNamespace(now=1_000_000.0)
    monkeypatch.setattr(idle.time, "time", lambda: time.now)
    return time


@pytest.mark.parametrize(("seconds", "status"), [(599, 200), (600, 200), (601, 302)])
def test_a_screen_locks_after_its_idle_time_and_not_before(
    clock: Any, settings: LazySettings, seconds: int, status: int
) -> None:
    settings.IDLE_LOCK_MINUTES = 10
    session = {SEEN: clock.now}
    clock.now += seconds
    response = answer(ask(session=session, **HTML))
    assert response.status_code == status
    assert session.get(LOCKED, False) is (status == 302)
    if status == 302:
        assert response["Location"] == "/locked/?next=%2Fpatients%2F"


def test_work_keeps_a_screen_open_and_a_background_look_does_not(clock: Any, settings: LazySettings) -> None:
    settings.IDLE_LOCK_MINUTES = 10
    session: dict[str, Any] = {}
    answer(ask(session=session))
    for _ in range(5):
        clock.now += 300
        assert answer(ask(session=session)).status_code == 200
    for _ in range(5):
        clock.now += 300
        assert answer(ask("/sessions/x/view", session=session, HTTP_X_AFTERGLOW_BACKGROUND="1")).status_code == 200
    assert answer(ask(session=session, **HTML)).status_code == 302


def test_a_locked_screen_keeps_its_streams_and_takes_nothing(clock: Any) -> None:
    session = {LOCKED: True}
    assert answer(ask("/sessions/x/stream", session=session, HTTP_ACCEPT="text/event-stream")).status_code == 200
    assert answer(ask("/sessions/x/view", session=session, HTTP_X_AFTERGLOW_BACKGROUND="1")).status_code == 200
    for path in ("/patients/", "/sessions/x/", "/sessions/x/hand-off/"):
        elsewhere = answer(ask(path, session=session, HTTP_X_AFTERGLOW_BACKGROUND="1", HTTP_ACCEPT="text/event-stream"))
        assert elsewhere.status_code == 423, f"{path} is shown on a locked screen to whoever sends the header"
    posted = answer(ask("/sessions/x/commands", "post", session=session, HTTP_X_AFTERGLOW_BACKGROUND="1"))
    assert posted.status_code == 423
    assert json.loads(posted.content)["code"] == "locked"
    fragment = answer(ask(session=session, HTTP_HX_REQUEST="true"))
    assert (fragment.status_code, fragment["HX-Redirect"]) == (423, "/locked/?next=%2Fpatients%2F")


@pytest.mark.parametrize("path", ["/locked/", "/sign-out/", "/accounts/logout/", "/static/x.css", "/healthz"])
def test_a_locked_screen_can_be_opened_and_left(path: str) -> None:
    assert answer(ask(path, session={LOCKED: True})).status_code == 200


def test_nobody_signed_in_is_nobody_to_lock_out() -> None:
    request = ask(session={LOCKED: True})
    request.user = SimpleNamespace(is_authenticated=False)
    assert answer(request).status_code == 200


@pytest.mark.django_db
def test_only_the_person_who_is_signed_in_opens_the_screen(clock: Any) -> None:
    request = ask("/locked/", "post", session={LOCKED: True, SEEN: 1.0})
    request.user = make_user("nina")
    with pytest.raises(Refused):
        unlock(request, "wrong", now=NOW)
    assert is_locked(request, clock.now)
    unlock(request, "a long enough word", now=NOW)
    assert not is_locked(request, clock.now)


@pytest.mark.django_db
def test_without_a_second_factor_every_page_leads_to_setting_one_up(settings: LazySettings) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    middleware = SecondFactorMiddleware(lambda _: HttpResponse("page"))
    user = make_user("nina")
    for path, method, status in (
        ("/patients/", "get", 302),
        ("/patients/", "post", 403),
        ("/accounts/2fa/totp/activate/", "get", 200),
        ("/sign-out/", "post", 200),
    ):
        request = ask(path, method)
        request.user = user
        assert middleware(request).status_code == status, path
    settings.SECOND_FACTOR_REQUIRED = False
    request = ask()
    request.user = user
    assert middleware(request).status_code == 200


@pytest.mark.django_db
def test_a_second_factor_is_stored_encrypted_and_opens_the_pages(settings: LazySettings) -> None:
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time

    settings.SECOND_FACTOR_REQUIRED = True
    user = make_user("nina")
    made = TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    stored = Authenticator.objects.get(pk=made.instance.pk)
    assert "JBSWY3DPEHPK3PXP" not in json.dumps(stored.data)
    code = format_hotp_value(hotp_value("JBSWY3DPEHPK3PXP", next(iter(yield_hotp_counters_from_time()))))
    assert TOTP(stored).validate_code(code)
    request = ask()
    request.user = user
    assert SecondFactorMiddleware(lambda _: HttpResponse("page"))(request).status_code == 200


@pytest.mark.django_db
def test_a_second_factor_is_not_dropped_but_set_up_anew_through_a_link(settings: LazySettings) -> None:
    from allauth.mfa.adapter import get_adapter
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import TOTP

    from afterglow.clinic.people.accounts import make_setup_link, use_setup_link

    user = make_user("nina")
    made = TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    settings.SECOND_FACTOR_REQUIRED = True
    assert not get_adapter().can_delete_authenticator(made.instance)
    use_setup_link(token=make_setup_link(user=user, by=None, now=NOW), password="a new and longer one", now=NOW)
    assert not Authenticator.objects.filter(user=user).exists()
