"""A second person signs, the first proves to be there; failures are counted, delayed and audited."""

from datetime import timedelta

import pytest

from afterglow.clinic.accounts.field_crypto import decrypt_field, encrypt_field
from afterglow.clinic.accounts.signers import reauthenticate, set_pin, verify_second_signer
from afterglow.clinic.accounts.throttle import check_attempt, clear_failures, record_failure
from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.errors import Refused, SetupError, TryLater
from afterglow.clinic.people.models import User
from afterglow.clinic.sites.models import Site
from afterglow.terms import InvalidInput
from tests.storage_support import NOW, make_site, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough word"


@pytest.fixture
def site() -> Site:
    return make_site()


@pytest.fixture
def nina(site: Site) -> User:
    return make_user("nina", site)


@pytest.fixture
def ben(site: Site) -> User:
    return make_user("ben", site, "prescriber")


def sign(username: str, secret: str, first: User, site: Site, now=NOW) -> User:
    return verify_second_signer(username, secret, first=first, site=site, now=now, address="10.0.0.5")


def test_a_second_person_signs_by_password_or_pin(nina: User, ben: User, site: Site) -> None:
    assert sign("ben", PASSWORD, nina, site) == ben
    set_pin(user=ben, pin="390172", by=ben, now=NOW)
    assert sign("ben", "390172", nina, site) == ben
    row = AuditEvent.objects.filter(action="signature.second").last()
    assert (row.by, row.site) == (ben.pk, site.pk)
    assert nina.pk.encode() in bytes(row.detail)


def test_the_same_person_cannot_sign_twice(nina: User, site: Site) -> None:
    with pytest.raises(Refused) as refusal:
        sign("nina", PASSWORD, nina, site)
    assert refusal.value.code == "second-signer-same-person"


def test_somebody_of_another_site_cannot_sign(nina: User, site: Site) -> None:
    make_user("zoe", make_site("Elsewhere"))
    with pytest.raises(Refused) as refusal:
        sign("zoe", PASSWORD, nina, site)
    assert refusal.value.code == "second-signer-not-at-site"


@pytest.mark.parametrize(("username", "secret"), [("ben", "wrong"), ("nobody", PASSWORD), ("ben", ""), ("", PASSWORD)])
def test_a_wrong_name_and_a_wrong_secret_get_the_same_answer(
    nina: User, ben: User, site: Site, username: str, secret: str
) -> None:
    with pytest.raises(Refused) as refusal:
        sign(username, secret, nina, site)
    assert refusal.value.code == "signature-refused"
    assert "ben" not in str(refusal.value)


def test_an_inactive_account_cannot_sign(nina: User, ben: User, site: Site) -> None:
    User.objects.filter(pk=ben.pk).update(is_active=False)
    with pytest.raises(Refused) as refusal:
        sign("ben", PASSWORD, nina, site)
    assert refusal.value.code == "signature-refused"


def test_failures_are_delayed_and_even_the_right_secret_waits(nina: User, ben: User, site: Site) -> None:
    for _ in range(4):
        with pytest.raises(Refused):
            sign("ben", "wrong", nina, site)
    with pytest.raises(TryLater) as wait:
        sign("ben", PASSWORD, nina, site)
    assert wait.value.until == NOW + timedelta(seconds=2)
    assert sign("ben", PASSWORD, nina, site, NOW + timedelta(seconds=2)) == ben
    assert AuditEvent.objects.filter(action="signature.refused").count() == 4
    assert sign("ben", PASSWORD, nina, site, NOW + timedelta(seconds=2)) == ben


def test_nobody_can_lock_a_colleague_out_from_another_address() -> None:
    for _ in range(10):
        record_failure(purpose="sign-in", name="ben", address="10.0.0.66", now=NOW)
    check_attempt(purpose="sign-in", name="ben", address="10.0.0.5", now=NOW)
    with pytest.raises(TryLater):
        check_attempt(purpose="sign-in", name="BEN ", address="10.0.0.66", now=NOW)


def test_one_address_that_tries_many_names_is_slowed() -> None:
    for n in range(21):
        record_failure(purpose="sign-in", name=f"user{n}", address="10.0.0.66", now=NOW)
    with pytest.raises(TryLater):
        check_attempt(purpose="sign-in", name="fresh", address="10.0.0.66", now=NOW)


def test_wrong_names_from_one_screen_hold_up_no_colleague_at_the_same_address(
    nina: User, ben: User, site: Site
) -> None:
    # a clinic stands behind one address: what one sign-in gets wrong is counted for that sign-in
    third = make_user("tara", site)
    for n in range(40):
        with pytest.raises((Refused, TryLater)):
            sign(f"nobody{n}", "wrong", first=third, site=site)
    assert sign("ben", PASSWORD, first=nina, site=site) == ben
    with pytest.raises(TryLater):
        sign("ben", PASSWORD, first=third, site=site)


def test_quiet_minutes_and_a_success_clear_the_wait() -> None:
    for _ in range(8):
        until = record_failure(purpose="sign-in", name="ben", address="a", now=NOW)
    assert until > NOW
    later = NOW + timedelta(minutes=16)
    assert record_failure(purpose="sign-in", name="ben", address="a", now=later) == later
    for _ in range(8):
        record_failure(purpose="sign-in", name="ben", address="a", now=later)
    clear_failures(purpose="sign-in", name="ben", address="a")
    check_attempt(purpose="sign-in", name="ben", address="a", now=later)


def test_the_signed_in_person_is_asked_again(nina: User) -> None:
    reauthenticate(user=nina, secret=PASSWORD, now=NOW)
    with pytest.raises(Refused) as refusal:
        reauthenticate(user=nina, secret="wrong", now=NOW)
    assert refusal.value.code == "signature-refused"


@pytest.mark.parametrize("pin", ["12345", "111111", "123456", "987654", "abcdef", "39017²", "", "3901720394857"])
def test_a_plain_pin_is_refused(nina: User, pin: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        set_pin(user=nina, pin=pin, by=nina, now=NOW)
    assert refusal.value.problems[0].value is None
    assert User.objects.get(pk=nina.pk).pin_hash == ""


def test_a_pin_is_kept_as_an_argon2_hash(nina: User) -> None:
    set_pin(user=nina, pin="390172", by=nina, now=NOW)
    stored = User.objects.get(pk=nina.pk)
    assert stored.pin_hash.startswith("argon2$")
    assert stored.password.startswith("argon2$")
    assert "390172" not in stored.pin_hash


def test_an_encrypted_field_opens_only_in_its_own_place() -> None:
    sealed = encrypt_field("JBSWY3DP", "mfa.data")
    assert "JBSWY3DP" not in sealed
    assert sealed != encrypt_field("JBSWY3DP", "mfa.data")
    assert decrypt_field(sealed, "mfa.data") == "JBSWY3DP"
    for wrong, context in ((sealed, "other.column"), (sealed[:-6] + "AAAAA=", "mfa.data"), ("JBSWY3DP", "mfa.data")):
        with pytest.raises(SetupError):
            decrypt_field(wrong, context)
