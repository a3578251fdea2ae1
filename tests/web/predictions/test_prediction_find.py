"""What dose reaches a goal: the protocol's own lines, shares with their chance, and nothing ordered or stored."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from afterglow.clinic.people.models import Patient, User
from afterglow.clinic.plans.models import Plan
from afterglow.protocols.catalogue import get_effective
from afterglow.terms import Override
from afterglow.web.predictions.doses import list_doses
from afterglow.web.predictions.options import BY_AMOUNT, BY_WEIGHT, Option, Way
from tests.factories import Cast, draft, make_patient, weigh
from tests.web.predictions.conftest import Answering

pytestmark = pytest.mark.django_db
GOAL = {
    "f-of": "ketamine_ng_per_ml",
    "f-level": "200",
    "f-share": "0.5",
    "f-limit_of": "cadss6",
    "f-limit_level": "12",
}
PLAN = {
    "protocol_id": "iv-racemic",
    "indication": "trd",
    "dose_mg_per_kg": "0.5",
    "cap_mg": "",
    "over_min": "40",
    "observe_min": "60",
}


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


def ask(cast: Cast, patient: Patient, *, act: str = "expect", route: str = "patient-plan", **changes: str) -> Any:
    """Return the page, or its parts, with a goal."""
    fields = {**PLAN, **GOAL, "act": act, **changes}
    return enter(cast.owner).post(reverse(f"web:{route}", args=[patient.pk]), fields)


def read(answer: Any) -> str:
    """Return an answer's words without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_the_table_names_the_smallest_dose_its_shares_source_and_needs(
    cast: Cast, patient: Patient, worker: Answering
) -> None:
    answer = ask(cast, patient)
    told = read(answer)
    assert re.search(r"0\.\d+ mg/kg, 40 min is the smallest step that reaches concentration, ng/mL 200 in half", told)
    assert re.search(r"about \d+ of 100 \d+–\d+", told)
    assert "kamp-2020" in told
    assert "grades: levels" in told
    assert "It proposes: nothing is ordered and nothing of the draft changes" in told
    assert "<table" in answer.content.decode()
    assert " style=" not in answer.content.decode()
    assert Plan.objects.get(patient=patient).dose_mg_per_kg == Decimal("0.5")


def test_every_dose_asked_about_lies_within_the_hard_lines_of_the_protocol(
    cast: Cast, patient: Patient, worker: Answering
) -> None:
    ask(cast, patient)
    asked = next(json.loads(text) for text in worker.asked if "options" in json.loads(text))
    doses = [row["dose_mg_per_kg"] for row in asked["options"]]
    assert doses == sorted(doses)
    assert doses[0] == 0.1
    assert doses[-1] < 1.5
    assert patient.pk not in json.dumps(asked)


@pytest.mark.parametrize(
    ("protocol_id", "first", "doses"),
    [
        (
            "nasal-esketamine-us",
            Option(Way("esketamine", "intranasal"), Decimal(56), BY_AMOUNT),
            [Decimal(28), Decimal(56), Decimal(84)],
        ),
        (
            "iv-racemic",
            Option(Way("racemic", "iv"), Decimal("0.5"), BY_WEIGHT, Decimal(20), Decimal(40)),
            [Decimal("0.10"), Decimal("0.15"), Decimal("0.20"), Decimal("0.25"), Decimal("0.30")],
        ),
    ],
    ids=["devices as labelled", "a cap ends the list"],
)
def test_only_what_the_plan_could_hold_is_offered(protocol_id: str, first: Option, doses: list[Decimal]) -> None:
    found = list_doses(first, get_effective(protocol_id), Decimal("72.0"))
    assert [dose.option.amount for dose in found] == doses


def test_a_dose_beyond_a_soft_line_says_what_ordering_it_asks_for() -> None:
    first = Option(Way("racemic", "iv"), Decimal("0.5"), BY_WEIGHT, None, Decimal(40))
    found = {dose.option.amount: dose for dose in list_doses(first, get_effective("iv-racemic"), Decimal("72.0"))}
    assert found[Decimal("0.75")].needs == ""
    assert found[Decimal("0.80")].needs == "asks for a stated reason"
    assert found[Decimal("1.05")].needs == "asks for another clinician"
    assert all(f.override is not Override.NONE for dose in found.values() for f in dose.passed)


def test_copying_fills_option_b_and_nothing_else(cast: Cast, patient: Patient, worker: Answering) -> None:
    before = Plan.objects.values().get(patient=patient)
    answer = ask(cast, patient, act="copy-b:0.65")
    assert answer.status_code == 200
    assert "B: 0.65 mg/kg, 40 min" in read(answer)
    assert "A: 0.50 mg/kg, 40 min" in read(answer)
    assert Plan.objects.values().get(patient=patient) == before


@pytest.mark.parametrize("act", ["copy-b:9", "copy-b:", "copy-b:NaN", "copy-b:1e999", "copy-b:0.65x", "copy-b"])
def test_a_dose_that_is_not_in_the_table_is_not_copied(
    cast: Cast, patient: Patient, worker: Answering, act: str
) -> None:
    answer = ask(cast, patient, act=act)
    assert answer.status_code == 200
    assert "B: 0.50 mg/kg, 60 min" in read(answer)


def test_a_goal_out_of_reach_is_said(cast: Cast, patient: Patient, worker: Answering) -> None:
    told = read(ask(cast, patient, **{"f-level": "5000", "f-share": "0.9"}))
    assert "No dose within the protocol&#x27;s hard limits reaches it in 9 in 10 of similar people" in told


def test_without_a_goal_nothing_is_asked_and_a_wrong_one_is_said(
    cast: Cast, patient: Patient, worker: Answering
) -> None:
    assert "Write a level to see" in read(ask(cast, patient, **{"f-level": ""}))
    for changes, words in (
        ({"f-level": "-3"}, "greater than or equal to 0.1"),
        ({"f-of": "cadss6", "f-level": "30"}, "CADSS-6 goes up to 24"),
        ({"f-of": "joy"}, "Select a valid choice"),
    ):
        assert words in read(ask(cast, patient, **changes))
    assert not any("options" in json.loads(text) for text in worker.asked)


def test_the_parts_that_follow_what_is_typed_hold_the_table(cast: Cast, patient: Patient, worker: Answering) -> None:
    answer = ask(cast, patient, route="patient-plan-expected")
    body = answer.content.decode()
    assert 'data-expect-part="find"' in body
    assert 'data-expect-part="own"' in body
    assert 'value="copy-b:' in body


def test_a_late_worker_is_said_and_looked_at_again(
    cast: Cast, patient: Patient, worker: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    from afterglow.clinic.errors import NotYet

    def be_late(*_args: Any) -> Any:
        raise NotYet("late")

    monkeypatch.setattr("afterglow.web.predictions.finding.ask_doses", be_late)
    body = ask(cast, patient).content.decode()
    assert "data-expect-again" in body
    assert "expect__line--a" in body


def test_a_protocol_without_a_hard_line_is_not_searched(
    cast: Cast, patient: Patient, worker: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afterglow.web.predictions.finding.has_hard_line", lambda _protocol: False)
    assert "sets no hard limit of the dose" in read(ask(cast, patient))
    assert not any("options" in json.loads(text) for text in worker.asked)
