"""An emergency opening against every route: it reads one chart, changes nothing, and shows no note and nobody else."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone

from afterglow.clinic.accounts import emergency
from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.people import accounts
from afterglow.clinic.people.models import User
from tests.factories import PASSWORD
from tests.web.security_support import BACKEND, ROLES, House, build_house, rolled_back
from tests.web.test_permission_matrix import ASKED, prepare, read_body

pytestmark = pytest.mark.django_db

WHO = "all-roles-elsewhere"
OTHERS = ("Specimenova", "Beispielova", "Musterova", "Fernova", "Pausova", "Declinova", "Acceptova")
NOTE = b"Spoke about the mother"
# the opener's own acts on the opening itself
OWN = {"web:emergency", "web:emergency-end"}
LEADING_OUT = {"web:sign-out"}
POSTS = [pair for pair in ASKED if pair[1].startswith("POST") and pair[0] not in OWN | LEADING_OUT]
GETS = [pair for pair in ASKED if pair[1].startswith("GET")]


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    """One clinic, in which somebody with every role at the other site has opened one chart; all is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        house = build_house()
        there, now = house.cast.elsewhere, house.now
        user = accounts.create_user(username=WHO, display_name="Ada Elsewhere", password=PASSWORD, by=None, now=now)
        for role in ROLES:
            accounts.give_role(user=user, site=there, role=role, by=None, now=now)
        house.users[WHO] = user = User.objects.get(pk=user.pk)
        client = Client()
        client.force_login(user, backend=BACKEND)
        house.cookies[WHO] = client.cookies[settings.SESSION_COOKIE_NAME].value
        given = {"reason": "danger-to-life", "words": "Brought here unconscious"}
        emergency.open_emergency(patient=house.alder, by=user, now=timezone.now(), **given)
        yield house
        transaction.set_rollback(True)


def test_it_opens_the_chart_at_all(house: House) -> None:
    with rolled_back():
        assert house.client(WHO).get(f"/patients/{house.alder.pk}/").status_code == 200
        # what the acts below are counted by
        assert AuditEvent.objects.filter(site=house.cast.site.pk, action="emergency.opened").exists()


@pytest.mark.parametrize(("route", "row"), POSTS, ids=[f"{route} {row}" for route, row in POSTS])
def test_no_act_changes_anything_where_the_chart_is(house: House, route: str, row: str) -> None:
    ready = prepare(house, route, row)
    with rolled_back():
        before = AuditEvent.objects.filter(site=house.cast.site.pk).count()
        assert ready.send(house, WHO).status_code < 500
        assert AuditEvent.objects.filter(site=house.cast.site.pk).count() == before


@pytest.mark.parametrize(("route", "row"), GETS, ids=[route for route, _ in GETS])
def test_no_page_shows_a_therapy_note_or_somebody_else(house: House, route: str, row: str) -> None:
    ready = prepare(house, route, row)
    with rolled_back():
        response = ready.send(house, WHO)
        assert response.status_code < 500
        if not response.streaming:
            body = read_body(response)
            assert NOTE not in body
            assert [name for name in OTHERS if name.encode() in body] == []
