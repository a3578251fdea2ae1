"""Accounts: roles at a site, one-time links, and what nobody may do for themselves."""

from datetime import timedelta
from typing import Any

import pytest

from afterglow.clinic import policy
from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.errors import Denied, Refused
from afterglow.clinic.people import accounts
from afterglow.clinic.people.models import SetupLink, User
from afterglow.terms import InvalidInput
from tests.factories import NOW, PASSWORD, Cast


def add(cast: Cast, **changes: Any) -> User:
    fields = {"username": "newcomer", "site": cast.site, "roles": ["nurse"], "by": cast.manager, "now": NOW}
    return accounts.create_user(**{**fields, **changes})


def test_an_account_has_its_role_at_its_site_only(cast: Cast) -> None:
    user = add(cast)
    assert policy.list_roles(user, cast.site) == {"nurse"}
    assert policy.list_roles(user, cast.elsewhere) == frozenset()
    assert not user.has_usable_password()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"username": "a"}, "username"),
        ({"username": "two words"}, "username"),
        ({"username": "PETRA"}, "username"),
        ({"roles": ["surgeon"]}, "role"),
        ({"password": "12345678"}, "password"),
        ({"display_name": "x" * 121}, "display_name"),
    ],
)
def test_what_cannot_be_an_account_is_refused_with_its_field(cast: Cast, changes: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        add(cast, **changes)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert not User.objects.filter(username="newcomer").exists()


def test_the_password_never_stands_in_a_problem(cast: Cast) -> None:
    with pytest.raises(InvalidInput) as caught:
        add(cast, password="password")
    assert caught.value.problems[0].value is None


@pytest.mark.parametrize("who", ["owner", "desk", "director", "stranger"])
def test_only_managers_add_accounts(cast: Cast, who: str) -> None:
    with pytest.raises(Denied):
        add(cast, by=getattr(cast, who))
    assert not User.objects.filter(username="newcomer").exists()


def test_a_manager_gives_no_role_elsewhere_nor_to_themselves(cast: Cast) -> None:
    with pytest.raises(Denied):
        accounts.give_role(user=cast.nurse, site=cast.elsewhere, role="nurse", by=cast.manager, now=NOW)
    with pytest.raises(Refused) as caught:
        accounts.give_role(user=cast.manager, site=cast.site, role="prescriber", by=cast.manager, now=NOW)
    assert caught.value.code == "own-role"
    assert policy.list_roles(cast.manager, cast.site) == {"manager"}


def test_a_role_taken_ends_what_it_allowed_at_once(cast: Cast) -> None:
    assert policy.allow(cast.nurse, "session.record", cast.site)
    accounts.take_role(user=cast.nurse, site=cast.site, role="nurse", by=cast.manager, now=NOW)
    assert not policy.allow(cast.nurse, "session.record", cast.site)
    with pytest.raises(Refused) as caught:
        accounts.take_role(user=cast.nurse, site=cast.site, role="nurse", by=cast.manager, now=NOW)
    assert caught.value.code == "role-not-held"


def test_a_setup_link_works_once_and_is_kept_as_a_hash(cast: Cast) -> None:
    user = add(cast)
    token = accounts.make_setup_link(user=user, by=cast.manager, now=NOW)
    assert token not in str(SetupLink.objects.values_list())
    assert accounts.find_setup_link(token, now=NOW) is not None
    accounts.use_setup_link(token=token, password=PASSWORD, pin="918273", now=NOW)
    fresh = User.objects.get(pk=user.pk)
    assert fresh.check_password(PASSWORD)
    assert fresh.pin_hash
    assert accounts.find_setup_link(token, now=NOW) is None
    with pytest.raises(Refused) as caught:
        accounts.use_setup_link(token=token, password=PASSWORD + "!", now=NOW)
    assert caught.value.code == "setup-link-unusable"
    assert token not in str(list(AuditEvent.objects.values_list()))


@pytest.mark.parametrize(("hours", "is_good"), [(71.99, True), (72, False)])
def test_a_setup_link_lasts_72_hours(cast: Cast, hours: float, is_good: bool) -> None:
    token = accounts.make_setup_link(user=add(cast), by=cast.manager, now=NOW)
    link = accounts.find_setup_link(token, now=NOW + timedelta(hours=hours))
    assert (link is not None) is is_good


def test_a_plain_password_leaves_the_link_usable(cast: Cast) -> None:
    token = accounts.make_setup_link(user=add(cast), by=cast.manager, now=NOW)
    for password, pin in (("password", ""), (PASSWORD, "111111")):
        with pytest.raises(InvalidInput):
            accounts.use_setup_link(token=token, password=password, pin=pin, now=NOW)
    assert accounts.find_setup_link(token, now=NOW) is not None


def test_a_new_link_ends_the_older_one(cast: Cast) -> None:
    user = add(cast)
    first = accounts.make_setup_link(user=user, by=cast.manager, now=NOW)
    second = accounts.make_setup_link(user=user, by=cast.manager, now=NOW)
    assert accounts.find_setup_link(first, now=NOW) is None
    assert accounts.find_setup_link(second, now=NOW) is not None


@pytest.mark.parametrize("who", ["owner", "stranger"])
def test_only_a_manager_of_the_account_makes_links(cast: Cast, who: str) -> None:
    with pytest.raises(Denied):
        accounts.make_setup_link(user=cast.nurse, by=getattr(cast, who), now=NOW)
    assert not SetupLink.objects.exists()
