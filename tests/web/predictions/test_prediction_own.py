"""What a patient's own sessions say: a band beside that of similar people, or the honest reason why there is none."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from afterglow.clinic.dosing_sessions.actions import open_session
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.people.models import Patient, User
from afterglow.web.predictions import own
from tests.factories import NOW, Cast, draft, make_patient, weigh
from tests.support.rooms import Room
from tests.web.predictions.conftest import Answering

pytestmark = pytest.mark.django_db
RISING = (128, 140, 150, 154, 156, 158, 152, 144)


@pytest.fixture
def patient(cast: Cast) -> Patient:
    made = make_patient(cast)
    weigh(cast, made, "72.0")
    draft(cast, made)
    return made


def enter(user: User) -> Client:
    """Return a signed-in browser."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def record(cast: Cast, patient: Patient, room: Room, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Return a finished session of the patient whose events are those of a room."""
    session = open_session(patient=patient, plan=None, site=cast.site, by=cast.owner, now=NOW, protocol_id="iv-racemic")
    Session.objects.filter(pk=session.pk).update(phase="left")
    monkeypatch.setattr(own, "load_state", lambda _session: room.state)
    return session


def walk(*systolic: int) -> Room:
    """Return a session with a reading before the drug and one every 6 min after it."""
    room = Room().start()
    for value in systolic:
        room.wait(6)
        room.vitals(systolic=value, diastolic=75 + (value - 120) // 2)
    return room


def show(user: User, patient: Patient) -> str:
    """Return the plan's page."""
    return enter(user).get(reverse("web:patient-plan", args=[patient.pk])).content.decode()


def read(body: str) -> str:
    """Return a page's words without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def find_question(worker: Answering) -> dict[str, Any]:
    """Return what was asked about the patient's own sessions."""
    return next(content for text in worker.asked if "observations" in (content := json.loads(text)))


def test_without_a_session_it_says_so(cast: Cast, patient: Patient, worker: Answering) -> None:
    assert "No session of this drug and route with readings is recorded yet." in read(show(cast.owner, patient))
    assert not any("observations" in json.loads(text) for text in worker.asked)


def test_readings_that_tell_something_give_a_second_band_with_its_effective_size(
    cast: Cast, patient: Patient, worker: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(cast, patient, walk(*RISING), monkeypatch)
    body = show(cast.owner, patient)
    told = read(body)
    assert "Updated from this patient" in told
    assert re.search(r"Effective sample size \d+ of 250 virtual people, from \d+ readings of 1 sessions", told)
    assert re.search(r"Before they were moved towards the readings, (?:\d+|fewer than 1) of them counted", told)
    assert "expect__ribbon--own" in body
    assert "expect__ribbon--similar" in body
    assert " style=" not in body


def test_readings_that_tell_nothing_are_said_to(
    cast: Cast, patient: Patient, worker: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room().start().wait(6)
    room.vitals()
    record(cast, patient, room, monkeypatch)
    body = show(cast.owner, patient)
    assert "Not enough data: the readings are as expected" in read(body)
    assert "expect__ribbon--own" not in body


def test_readings_that_contradict_the_model_teach_nothing(
    cast: Cast, patient: Patient, worker: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(_payload: Any, _timeout: float) -> dict[str, Any]:
        return {"status": "ok", "outcome": "not-enough-data", "code": "conflict", "ess": 3.0, "n": 250, "checks": [1],
                "problems": [{"code": "observations-conflict", "message": "x"}]}  # fmt: skip

    record(cast, patient, walk(*RISING), monkeypatch)
    monkeypatch.setattr(own, "ask_update", answer)
    told = read(show(cast.owner, patient))
    assert "Nothing is learnt: the readings contradict each other or the model." in told
    assert "Effective sample size 3 of 250" in told


def test_the_question_holds_neither_the_person_nor_the_number_of_the_session(
    cast: Cast, patient: Patient, worker: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = record(cast, patient, walk(*RISING), monkeypatch)
    show(cast.owner, patient)
    asked = find_question(worker)
    text = json.dumps(asked)
    assert session.pk not in text
    assert patient.pk not in text
    assert "Demo" not in text
    (row,) = asked["sessions"]
    assert row["id"] == "s1"
    assert row["baseline_systolic_mmhg"] > 80
    kinds = {one["kind"] for one in asked["observations"]}
    assert {"systolic_mmhg", "diastolic_mmhg"} <= kinds
    assert all(0 < one["at_min"] <= 240 for one in asked["observations"])


def test_a_session_by_another_route_says_nothing_here(
    cast: Cast, patient: Patient, worker: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(cast, patient, walk(*RISING), monkeypatch)
    spray = Room("nasal-esketamine-us").protocol
    monkeypatch.setattr(own, "load_protocol", lambda _session: spray)
    assert "No session of this drug and route" in read(show(cast.owner, patient))


def test_who_may_not_read_sessions_learns_nothing_of_them(
    cast: Cast, patient: Patient, worker: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(cast, patient, walk(*RISING), monkeypatch)
    monkeypatch.setattr(own.policy, "allow", lambda user, permission, subject=None: permission != "session.read")
    body = show(cast.owner, patient)
    assert "Updated from this patient" not in read(body)
    assert not any("observations" in json.loads(text) for text in worker.asked)


def test_a_late_answer_is_said(
    cast: Cast, patient: Patient, worker: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    from afterglow.clinic.errors import NotYet

    def be_late(*_args: Any) -> Any:
        raise NotYet("late")

    record(cast, patient, walk(*RISING), monkeypatch)
    monkeypatch.setattr(own, "ask_update", be_late)
    body = show(cast.owner, patient)
    assert "own sessions say is not ready yet" in read(body)
    assert "expect__line--a" in body
