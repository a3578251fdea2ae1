"""The policy: what nobody granted is denied, at every site, for every kind of row."""

import pytest
from django.contrib.auth.models import AnonymousUser

from afterglow.clinic import policy
from afterglow.clinic.errors import Denied
from afterglow.clinic.people.models import PractitionerRole
from tests.factories import Cast, make_patient


def test_every_permission_has_a_sentence_and_a_holder() -> None:
    held = set().union(*(role.permissions for role in policy.load_roles().values()))
    assert held == set(policy.load_permissions())
    assert all(sentence.endswith(".") for sentence in policy.load_permissions().values())


def test_a_word_nobody_declared_is_a_mistake_not_an_answer(cast: Cast) -> None:
    with pytest.raises(policy.UnknownPermission):
        policy.allow(cast.owner, "patient.delete")


def test_guests_and_closed_accounts_hold_nothing(cast: Cast) -> None:
    cast.owner.is_active = False
    for user in (None, AnonymousUser(), cast.owner):
        assert not policy.allow(user, "protocol.read")
        with pytest.raises(Denied):
            policy.require(user, "protocol.read")


def test_a_role_here_grants_nothing_there(cast: Cast) -> None:
    patient = make_patient(cast)
    assert policy.allow(cast.owner, "patient.read", patient)
    assert policy.allow(cast.stranger, "patient.read")
    assert not policy.allow(cast.stranger, "patient.read", patient)
    assert not policy.allow(cast.owner, "patient.read", cast.elsewhere)


def test_a_role_that_no_file_knows_grants_nothing(cast: Cast) -> None:
    PractitionerRole.objects.create(user=cast.stranger, site=cast.site, role="owner-of-everything")
    policy.forget_assignments(cast.stranger)
    assert not policy.allow(cast.stranger, "patient.read", make_patient(cast))


def test_a_row_that_belongs_to_no_site_is_denied(cast: Cast) -> None:
    assert policy.find_site_id(cast.owner) is None
    assert not policy.allow(cast.manager, "user.manage", cast.owner)


@pytest.mark.parametrize(
    ("who", "is_licensed"),
    [("owner", True), ("nurse", True), ("director", True), ("therapist", False), ("desk", False)],
)
def test_who_is_licensed(cast: Cast, who: str, is_licensed: bool) -> None:
    assert policy.is_licensed(getattr(cast, who), cast.site) is is_licensed
    assert not policy.is_licensed(getattr(cast, who), cast.elsewhere)
