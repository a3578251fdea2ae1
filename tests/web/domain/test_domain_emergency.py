"""Emergency openings: one chart, for reading, for a while; every reading marked; reviewed by another."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncRequestFactory, Client
from django.utils import timezone

from afterglow.clinic import policy
from afterglow.clinic.accounts import emergency
from afterglow.clinic.accounts.models import EmergencyAccess
from afterglow.clinic.audit.models import AuditEvent, ReadEvent
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.people.models import Patient, User
from afterglow.clinic.tasks.models import Task
from afterglow.terms import InvalidInput
from afterglow.web.sessions import stream
from tests.web.security_support import House, build_house

pytestmark = pytest.mark.django_db
WORDS = "Brought here unconscious, no other record"


@pytest.fixture
def house() -> House:
    return build_house()


def fresh(house: House, name: str) -> Any:
    return User.objects.get(pk=house.users[name].pk)


def open_for(house: House, name: str = "far-nurse", now: Any = None) -> EmergencyAccess:
    given = {"reason": "danger-to-life", "words": WORDS}
    return emergency.open_emergency(patient=house.cedar, by=fresh(house, name), now=now or timezone.now(), **given)


def test_an_opening_lets_one_read_one_chart_and_do_nothing(house: House) -> None:
    open_for(house)
    nurse, cedar = fresh(house, "far-nurse"), house.cedar
    assert policy.allow(nurse, "patient.read", cedar)
    assert policy.allow(nurse, "patient.read", cedar.consents.get())
    assert list(policy.scope(nurse, Patient.objects.all(), "patient.read")) == [cedar]
    for permission in ("chart.edit", "consent.record", "session.record", "therapy-note.read", "chart.print"):
        assert not policy.allow(nurse, permission, cedar), permission
    for other in (house.alder, house.session, cedar.site):
        assert not policy.allow(nurse, "patient.read", other)
    # nobody else gains anything
    assert not policy.allow(fresh(house, "far-prescriber"), "patient.read", cedar)


def test_it_ends_by_itself_and_when_its_owner_ends_it(house: House) -> None:
    row = open_for(house, now=timezone.now() - timedelta(minutes=60, seconds=1))
    assert not policy.allow(fresh(house, "far-nurse"), "patient.read", house.cedar)
    with pytest.raises(Conflict):
        emergency.end_emergency(access=row, by=fresh(house, "far-nurse"), now=timezone.now())
    second = open_for(house)
    nurse = fresh(house, "far-nurse")
    assert policy.allow(nurse, "patient.read", house.cedar)
    emergency.end_emergency(access=second, by=nurse, now=timezone.now())
    assert not policy.allow(nurse, "patient.read", house.cedar)


def test_a_role_taken_meanwhile_closes_it(house: House) -> None:
    open_for(house)
    house.users["far-nurse"].practitioner_roles.all().delete()
    assert not policy.allow(fresh(house, "far-nurse"), "patient.read", house.cedar)


@pytest.mark.parametrize(
    ("name", "given", "error"),
    [
        ("nurse", {}, Refused),
        ("frontdesk", {}, Denied),
        ("far-nurse", {"words": "help"}, InvalidInput),
        ("far-nurse", {"words": ""}, InvalidInput),
        ("far-nurse", {"reason": "curious"}, InvalidInput),
    ],
)
def test_it_needs_a_clinician_from_elsewhere_a_coded_reason_and_words(
    house: House, name: str, given: dict[str, str], error: type[Exception]
) -> None:
    before = EmergencyAccess.objects.count()
    fields = {"reason": "danger-to-life", "words": WORDS, **given}
    with pytest.raises(error):
        emergency.open_emergency(patient=house.cedar, by=fresh(house, name), now=timezone.now(), **fields)
    assert EmergencyAccess.objects.count() == before


def test_people_are_found_only_by_all_of_names_and_birth_date(house: House) -> None:
    nurse, cedar = fresh(house, "far-nurse"), house.cedar
    names = {"family_name": cedar.family_name.upper(), "given_name": cedar.given_name, "birth_on": cedar.birth_on}

    def find(**changed: Any) -> list[Any]:
        return emergency.find_people(**{**names, **changed}, by=nurse, now=timezone.now(), address="")

    assert find() == [cedar]
    assert find(birth_on=cedar.birth_on + timedelta(days=1)) == []
    assert find(given_name=cedar.given_name[:2]) == []
    assert AuditEvent.objects.filter(action="emergency.searched", by=nurse.pk).count() == 3


def test_pages_are_read_with_a_mark_and_a_banner_and_a_review_ends_the_task(house: House) -> None:
    row = open_for(house)
    client = house.client("far-nurse")
    answer = client.get(f"/patients/{house.cedar.pk}/")
    assert answer.status_code == 200
    assert b"Every reading is marked" in answer.content
    assert b"Every reading is marked" in client.get("/help/").content
    read = ReadEvent.objects.filter(by=row.user_id, patient=house.cedar.pk).latest("pk")
    assert read.what == "emergency: chart"
    # the same chart read at its own site carries no mark
    house.client("nurse").get(f"/patients/{house.cedar.pk}/")
    assert ReadEvent.objects.filter(by=house.users["nurse"].pk).latest("pk").what == "chart"
    assert client.post(f"/patients/{house.cedar.pk}/consents/", {"act": "talk"}).status_code in {403, 422}
    assert not house.cedar.consent_talks.filter(recorded_by=row.user_id).exists()
    director = fresh(house, "medical-director")
    with pytest.raises(Refused):
        emergency.review_emergency(access=row, outcome="justified", note="", by=director, now=timezone.now())
    assert client.post(f"/emergency/{row.pk}/end/").status_code == 302
    assert client.get(f"/patients/{house.cedar.pk}/").status_code == 404
    with pytest.raises(InvalidInput):
        emergency.review_emergency(access=row, outcome="not-justified", note="", by=director, now=timezone.now())
    page = house.client("auditor").get(f"/emergency/{row.pk}/review/")
    assert WORDS.encode() in page.content
    posted = house.client("auditor").post(f"/emergency/{row.pk}/review/", {"outcome": "justified"})
    assert posted.status_code == 302
    task = Task.objects.get(key=f"break-glass:{row.pk}")
    assert (task.state, task.outcome) == ("done", "justified")
    with pytest.raises(Conflict):
        emergency.review_emergency(access=row, outcome="justified", note="", by=director, now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_live_stream_ends_with_the_emergency_that_opened_it(monkeypatch: pytest.MonkeyPatch) -> None:
    house = build_house()
    nurse = fresh(house, "far-nurse")
    access = emergency.open_emergency(
        patient=house.session.patient, reason="danger-to-life", words=WORDS, by=nurse, now=timezone.now()
    )

    async def beats(session_id: str, last_id: int | None, *, owner: str) -> Any:
        for number in range(9):
            yield f"frame {number}"

    monkeypatch.setattr(stream, "stream_session", beats)

    async def read() -> list[str]:
        request = AsyncRequestFactory().get("/x")
        request.auser = AsyncMock(return_value=nurse)
        request.session = SimpleNamespace(session_key="s")
        answer: Any = await stream.stream(request, house.session.pk)
        frames = []
        async for frame in answer.streaming_content:
            frames.append(frame.decode())
            if len(frames) == 2:
                past = timezone.now() - timedelta(seconds=1)
                begun = past - timedelta(hours=1)
                await EmergencyAccess.objects.filter(pk=access.pk).aupdate(opened_at=begun, expires_at=past)
        return frames

    assert async_to_sync(read)() == ["frame 0", "frame 1"]


def test_without_a_sign_in_nothing_is_asked(house: House) -> None:
    assert Client().get("/emergency/").status_code == 302
