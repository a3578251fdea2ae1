"""A small clinic with a fixed cast, reached through the real stack."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client

from afterglow.clinic.consents.texts import install_texts
from afterglow.clinic.people import actions
from afterglow.clinic.people.models import Patient, PractitionerRole, User
from afterglow.clinic.sites.models import Place, Site

SECRET = "a long enough passphrase"
ROLES = (
    "frontdesk",
    "nurse",
    "prescriber",
    "therapist",
    "manager",
    "medical-director",
    "researcher",
    "auditor",
)


@pytest.fixture
def site(db: None) -> Site:
    now = datetime.now(UTC)
    site = Site.objects.create(name="Linden Street", timezone="Europe/Berlin", created_at=now, can_resuscitate=True)
    Place.objects.create(site=site, name="Room 1")
    install_texts(now=now)
    return site


@pytest.fixture
def staff(site: Site) -> dict[str, User]:
    return {role: make_user(role, site, role) for role in ROLES}


@pytest.fixture
def other_site(db: None) -> Site:
    return Site.objects.create(name="Harbour", timezone="America/New_York", created_at=datetime.now(UTC))


@pytest.fixture
def patient(site: Site, staff: dict[str, User]) -> Patient:
    return actions.register_patient(
        site=site,
        family_name="Müller-Beispiel",
        given_name="Zoë",
        birth_on=date(1983, 4, 12),
        sex="male",
        by=staff["nurse"],
        now=datetime.now(UTC),
    )


@pytest.fixture
def sign_in(staff: dict[str, User]) -> Callable[[str], Client]:
    def enter(role: str) -> Client:
        client = Client()
        client.force_login(staff[role], backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return enter


def make_user(name: str, site: Any, role: str) -> User:
    user = User.objects.create_user(name, SECRET, display_name=name.title(), created_at=datetime.now(UTC))
    PractitionerRole.objects.create(user=user, site=site, role=role)
    return user
