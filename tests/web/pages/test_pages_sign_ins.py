"""Sign-ins as a list, remote sign-out with its streams, the lock's way back, proofs by passkey, drawn signatures."""

from datetime import timedelta
from unittest import mock

import pytest
from django.conf import LazySettings
from django.contrib.sessions.models import Session as BrowserSession
from django.db import DatabaseError, OperationalError
from django.test import Client
from django.utils import timezone

from afterglow.clinic.accounts import idle, passkeys, sign_ins
from afterglow.clinic.accounts.models import SignIn
from afterglow.clinic.accounts.signers import reauthenticate, verify_second_signer
from afterglow.clinic.consents.drawings import LONGEST, read_drawing
from afterglow.clinic.errors import Denied, Refused
from afterglow.clinic.people.checks import Checks
from afterglow.clinic.people.models import User
from tests.web.security_support import BACKEND, House, build_house

pytestmark = pytest.mark.django_db
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36"


@pytest.fixture
def house() -> House:
    return build_house()


def sign_in(house: House, name: str) -> Client:
    client = Client()
    client.force_login(house.users[name], backend=BACKEND)
    return client


def test_one_signs_out_elsewhere_and_its_streams_end_while_this_browser_stays(house: House) -> None:
    here, there = sign_in(house, "nurse"), sign_in(house, "nurse")
    row = SignIn.objects.get(session_key=there.session.session_key)
    with mock.patch.object(sign_ins, "end_streams_of") as ended:
        assert here.post("/account/sign-ins/", {"act": "end", "sign_in": row.pk}).status_code == 302
    ended.assert_called_once_with(row.session_key)
    assert there.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200
    with mock.patch.object(sign_ins, "end_streams_of") as ended:
        here.post("/account/sign-ins/", {"act": "others"})
    # the one that the clinic was built with
    assert ended.call_count == 1
    assert here.get("/account/").status_code == 200
    assert len(sign_ins.list_sign_ins(house.users["nurse"], now=timezone.now())) == 1


def test_nobody_ends_the_sign_in_of_another_but_a_manager_of_the_site(house: House) -> None:
    there = sign_in(house, "nurse")
    row = SignIn.objects.get(session_key=there.session.session_key)
    other = sign_in(house, "prescriber")
    assert other.post("/account/sign-ins/", {"act": "end", "sign_in": row.pk}).status_code == 404
    for name in ("prescriber", "medical-director", "far-nurse"):
        with pytest.raises(Denied):
            sign_ins.end_sign_ins(user=house.users["nurse"], by=house.users[name], now=timezone.now())
    assert there.get("/account/").status_code == 200
    manager = sign_in(house, "manager")
    stranger = house.users["far-nurse"].pk
    assert manager.post("/account/staff/", {"user": stranger}).status_code == 404
    assert manager.post("/account/staff/", {"user": house.users["nurse"].pk}).status_code == 302
    assert there.get("/account/").status_code == 302


def test_everywhere_means_a_session_that_never_reached_the_list_too(house: House) -> None:
    there = sign_in(house, "nurse")
    SignIn.objects.filter(user=house.users["nurse"]).delete()
    sign_ins.end_sign_ins(user=house.users["nurse"], by=house.users["manager"], now=timezone.now())
    assert not BrowserSession.objects.filter(session_key=there.session.session_key).exists()


@pytest.mark.parametrize(
    ("address", "shown"),
    [("203.0.113.77", "203.0.113.x"), ("127.0.0.1", "127.0.0.1"), ("2001:db8:1:2::7", "2001:db8:1::x"), ("me", "")],
)
def test_an_address_is_kept_without_its_last_part(address: str, shown: str) -> None:
    assert sign_ins.shorten_address(address) == shown


def test_a_browser_is_described_in_words() -> None:
    assert sign_ins.describe_device(CHROME) == "Chrome on Linux"
    assert sign_ins.describe_device("<script>alert(1)</script>") == "scriptalert1/script"


def test_the_lock_leads_back_to_the_page_and_never_to_itself(house: House) -> None:
    client = sign_in(house, "nurse")
    place = f"/patients/{house.alder.pk}/history/"
    answer = client.post("/lock/", HTTP_REFERER=f"http://testserver{place}?part=2")
    assert answer["Location"].endswith(f"next=%2Fpatients%2F{house.alder.pk}%2Fhistory%2F%3Fpart%3D2")
    page = client.get(answer["Location"])
    assert b"Room 1" in page.content
    assert b"Exemplarova" not in page.content
    opened = client.post("/locked/", {"next": f"{place}?part=2", "secret": "wrong"})
    assert opened.status_code == 422
    for target in ("/locked/?next=/", "https://elsewhere.example/", "//elsewhere.example"):
        assert b'name="next" value="/"' in client.get("/locked/", {"next": target}).content


def test_a_locked_session_page_goes_on_with_alarms_and_without_values(house: House) -> None:
    client = sign_in(house, "nurse")
    path = f"/sessions/{house.session.pk}/view?parts=1"
    headers = {"X-Afterglow-Background": "1", "Accept": "application/json"}
    open_parts = client.get(path, headers=headers).json()
    assert {"alarms", "tiles"} <= set(open_parts["parts"])
    client.post("/lock/")
    locked = client.get(path, headers=headers).json()
    assert set(locked) == {"now", "seq", "parts"}
    assert set(locked["parts"]) == {"alarms"}


def test_a_role_may_lock_sooner_and_the_shortest_counts(house: House, settings: LazySettings) -> None:
    settings.IDLE_LOCK_MINUTES = 10
    settings.IDLE_LOCK_MINUTES_OF_ROLES = {"frontdesk": 3, "nurse": 20}
    minutes = {name: idle.find_minutes(house.users[name]) for name in ("frontdesk", "nurse", "prescriber", "split")}
    assert minutes == {"frontdesk": 3, "nurse": 20, "prescriber": 10, "split": 3}


def test_a_proof_by_passkey_holds_once_on_its_screen_for_two_minutes(house: House) -> None:
    now = timezone.now()
    nurse, second = house.users["nurse"], house.users["prescriber"]
    make = passkeys._keep_proof
    secret = make(user=second, screen_of=nurse, now=now)
    given = {"first": nurse, "site": house.cast.site}
    assert verify_second_signer(second.username, secret, now=now, **given) == second
    with pytest.raises(Refused):
        verify_second_signer(second.username, secret, now=now, **given)
    elsewhere = make(user=second, screen_of=house.users["medical-director"], now=now)
    with pytest.raises(Refused):
        verify_second_signer(second.username, elsewhere, now=now, **given)
    late = make(user=nurse, screen_of=nurse, now=now - timedelta(seconds=121))
    with pytest.raises(Refused):
        reauthenticate(user=nurse, secret=late, now=now)
    # a second person's proof does not unlock the first one's screen
    with pytest.raises(Refused):
        reauthenticate(user=nurse, secret=make(user=second, screen_of=nurse, now=now), now=now + timedelta(minutes=1))


@pytest.mark.parametrize(
    "content", ["", "1", "[]", "null", "{}", '{"response": 3}', '{"id":"a","rawId":"a"}', "[" * 9000]
)
def test_what_is_no_answer_of_a_passkey_is_refused_and_never_a_failure(house: House, content: str) -> None:
    client = sign_in(house, "nurse")
    assert client.post("/account/passkey/ask/", {"whose": "own"}).json()["code"] == "passkey-none"
    asked = client.post("/account/passkey/ask/", {"whose": "second"}).json()
    assert asked["options"]["publicKey"]["userVerification"] == "required"
    answer = client.post("/account/passkey/prove/", {"credential": content})
    assert (answer.status_code, answer.json()["code"]) == (422, "passkey-refused")
    assert Client().post("/accounts/2fa/webauthn/login/", {"credential": content}).status_code == 302


def read(text: str) -> tuple[str, list[str]]:
    checks = Checks()
    return read_drawing(checks, text), [problem.code for problem in checks.problems]


def test_a_drawn_signature_is_lines_within_its_box_and_nothing_else() -> None:
    line = "M10 10L20 30L40 20L60 50L80 20M5 5L9 9"
    assert read(line) == (line, [])
    assert read("") == ("", [])
    assert read("M10 10") == ("", ["drawing-too-short"])
    assert read("M10 10L20 30L40 20L60 50L601 20") == ("", ["drawing-outside"])
    for text in ("<svg>", 'M1 1"/><script>', "M1 1L2", "C1 1 2 2 3 3", "M١ 1L2 2"):
        assert read(text) == ("", ["drawing-malformed"])
    assert read("M1 1" + "L2 2" * LONGEST) == ("", ["drawing-too-large"])


def test_a_drawn_signature_is_kept_with_the_consent_and_printed_with_it(house: House) -> None:
    from tests.factories import PASSWORD

    line = "M10 10L20 30L40 20L60 50L80 20"
    fields = {"text": house.text.pk, "typed_name": "Alderina Exemplarova", "secret": PASSWORD, "drawn": line}
    path = f"/patients/{house.alder.pk}/consents/"
    client = sign_in(house, "nurse")
    bad = {f"sign-{name}": value for name, value in {**fields, "drawn": "M1 1"}.items()}
    before = house.alder.consents.count()
    assert client.post(path, {"act": "sign", **bad}).status_code == 422
    assert house.alder.consents.count() == before
    posted = client.post(path, {"act": "sign", **{f"sign-{name}": value for name, value in fields.items()}})
    assert posted.status_code == 302
    consent = house.alder.consents.latest("signed_at")
    assert consent.drawn.path == line
    assert line.encode() in client.get(f"{path}{consent.pk}/").content
    with pytest.raises(Exception, match="append-only"):
        type(consent.drawn).objects.filter(pk=consent.drawn.pk).update(path="M0 0")


def test_an_inactive_account_proves_nothing(house: House) -> None:
    User.objects.filter(pk=house.users["nurse"].pk).update(is_active=False)
    secret = passkeys._keep_proof(user=house.users["nurse"], screen_of=house.users["nurse"], now=timezone.now())
    nurse = User.objects.get(pk=house.users["nurse"].pk)
    with pytest.raises(Refused):
        reauthenticate(user=nurse, secret=secret, now=timezone.now())


@pytest.mark.parametrize(
    ("fault", "status"), [(OperationalError("database is locked"), 500), (DatabaseError("no row was updated"), 400)]
)
def test_a_busy_database_is_no_refusal_and_an_ended_sign_in_is(house: House, fault: Exception, status: int) -> None:
    client = house.client("nurse")
    client.get("/account/")
    with mock.patch.object(idle, "WRITE_EVERY_S", -1), mock.patch.object(BrowserSession, "save", side_effect=fault):
        assert client.get("/account/").status_code == status


def test_who_is_asked_once_more_is_sent_to_the_manager_and_to_no_page_that_is_closed(house: House) -> None:
    page = sign_in(house, "nurse").get("/accounts/reauthenticate/")
    assert page.status_code == 200
    assert "A manager gives you a new set-up link." in page.content.decode()
    assert "/accounts/password/reset/" not in page.content.decode()
