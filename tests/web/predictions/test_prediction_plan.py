"""The card of a plan: A from the draft, B beside it, never across routes; what is missing or late is said."""

import json
import re
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from afterglow.clinic.audit.models import ReadEvent
from afterglow.clinic.people.models import Patient, User
from afterglow.clinic.plans.models import Plan
from tests.factories import Cast, draft, make_patient, weigh
from tests.web.predictions.conftest import Answering

pytestmark = pytest.mark.django_db
SLOWER = {"b-way": "racemic.iv", "b-amount": "0.5", "b-unit": "mg/kg", "b-cap_mg": "50", "b-over_min": "60"}
SPRAY = {"b-way": "esketamine.intranasal", "b-amount": "84", "b-unit": "mg", "b-cap_mg": "", "b-over_min": ""}


@pytest.fixture
def patient(cast: Cast) -> Patient:
    made = make_patient(cast)
    weigh(cast, made, "72.0")
    draft(cast, made, cap_mg="50")
    return made


def enter(user: User) -> Client:
    """Return a signed-in browser."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def write(act: str, other: dict[str, str], **changes: str) -> dict[str, str]:
    """Return the fields of the page with both options."""
    given = {
        "protocol_id": "iv-racemic",
        "indication": "trd",
        "dose_mg_per_kg": "0.5",
        "cap_mg": "50",
        "over_min": "40",
    }
    return {"act": act, **given, "observe_min": "60", **other, **changes}


def ask(cast: Cast, patient: Patient, fields: dict[str, str], *, route: str = "patient-plan-expected") -> Any:
    """Return the answer to the page's question."""
    return enter(cast.owner).post(reverse(f"web:{route}", args=[patient.pk]), fields)


def read(answer: Any) -> str:
    """Return an answer's words without its markup."""
    text = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", text)


def test_a_draft_shows_both_options_in_words(cast: Cast, patient: Patient, worker: Answering) -> None:
    answer = enter(cast.owner).get(reverse("web:patient-plan", args=[patient.pk]))
    words = read(answer)
    assert "A: 0.50 mg/kg, 40 min" in words
    assert "B: 0.50 mg/kg, 60 min" in words
    assert "of similar people" in words
    assert "40 + 60 min , then criteria" in words
    assert "most trials" in words
    assert "range seen in trials, 100 to 250" in words
    assert "Ribbon: 90 of 100 people of this weight. Predicted, not measured." in words
    assert " style=" not in answer.content.decode()


def test_the_question_holds_no_name_and_no_number_of_the_person(
    cast: Cast, patient: Patient, worker: Answering
) -> None:
    ask(cast, patient, write("expect", SLOWER))
    asked = json.loads(worker.asked[-1])
    assert set(asked["patient"]) <= {
        "weight_kg", "age_years", "sex", "height_cm", "session_number", "interactions", "has_attenuation", "hepatic"
    }  # fmt: skip
    assert patient.pk not in worker.asked[-1]
    assert asked["a"] == {"drug": "racemic", "route": "iv", "dose_mg_per_kg": 0.5, "cap_mg": 50.0, "duration_min": 40.0}
    assert asked["b"]["duration_min"] == 60


def test_typed_values_are_followed_and_nothing_is_stored(cast: Cast, patient: Patient, worker: Answering) -> None:
    answer = ask(cast, patient, write("expect", SLOWER, dose_mg_per_kg="0.75", over_min="50"))
    assert "A: 0.75 mg/kg, 50 min" in read(answer)
    assert Plan.objects.get(patient=patient).over_min == 40
    assert ReadEvent.objects.filter(what="plan prediction", patient=str(patient.pk)).exists()


def test_without_script_the_page_itself_draws_again_and_keeps_what_was_typed(
    cast: Cast, patient: Patient, worker: Answering
) -> None:
    answer = ask(cast, patient, write("expect", SLOWER, over_min="45"), route="patient-plan")
    assert answer.status_code == 200
    assert "A: 0.50 mg/kg, 45 min" in read(answer)
    assert 'value="45"' in answer.content.decode()
    assert Plan.objects.get(patient=patient).over_min == 40


def test_b_takes_the_place_of_a_by_the_same_route(cast: Cast, patient: Patient, worker: Answering) -> None:
    answer = ask(cast, patient, write("use-b", SLOWER), route="patient-plan")
    assert answer.status_code == 302
    assert Plan.objects.get(patient=patient).over_min == Decimal(60)


def test_b_of_another_route_is_shown_but_never_used(cast: Cast, patient: Patient, worker: Answering) -> None:
    shown = ask(cast, patient, write("expect", SPRAY))
    assert "An order is never converted between routes" in read(shown)
    assert 'value="use-b"' not in shown.content.decode()
    before = Plan.objects.values().get(patient=patient)
    answer = ask(cast, patient, write("use-b", SPRAY), route="patient-plan")
    assert answer.status_code == 422
    assert "An order is never converted between routes" in read(answer)
    assert Plan.objects.values().get(patient=patient) == before


def test_b_in_another_unit_is_not_used_either(cast: Cast, patient: Patient, worker: Answering) -> None:
    answer = ask(cast, patient, write("use-b", {**SLOWER, "b-amount": "36", "b-unit": "mg"}), route="patient-plan")
    assert answer.status_code == 422
    assert Plan.objects.get(patient=patient).over_min == 40


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({**SLOWER, "b-over_min": ""}, "An infusion has a duration"),
        ({**SPRAY, "b-amount": "50"}, "devices of 28 mg"),
        ({**SPRAY, "b-over_min": "10"}, "nothing is infused"),
        ({**SLOWER, "b-amount": "-1"}, "Correct option B"),
        ({**SLOWER, "b-way": "racemic.rectal"}, "Correct option B"),
    ],
)
def test_a_b_that_cannot_be_given_is_said(
    cast: Cast, patient: Patient, worker: Answering, other: dict[str, str], words: str
) -> None:
    page = ask(cast, patient, write("expect", other), route="patient-plan")
    assert words in read(page)
    assert worker.asked == []


def test_without_a_weight_nothing_is_predicted_for_an_assumed_one(cast: Cast, worker: Answering) -> None:
    patient = make_patient(cast)
    draft(cast, patient)
    words = read(enter(cast.owner).get(reverse("web:patient-plan", args=[patient.pk])))
    assert "No weight on file" in words
    assert worker.asked == []


def test_a_dose_outside_what_was_studied_is_drawn_with_a_warning(
    cast: Cast, patient: Patient, worker: Answering
) -> None:
    answer = ask(cast, patient, write("expect", SLOWER, dose_mg_per_kg="4", cap_mg="400"))
    assert "expect__warning" in answer.content.decode()
    assert "expect__line--a" in answer.content.decode()


def test_a_late_and_a_lost_worker_leave_the_rest_of_the_page(cast: Cast, patient: Patient, worker: Answering) -> None:
    url = reverse("web:patient-plan", args=[patient.pk])
    for fault, said in (("is_late", "Look again"), ("is_broken", "took too long and was stopped")):
        worker.is_late = worker.is_broken = False
        setattr(worker, fault, True)
        answer = enter(cast.owner).get(url)
        assert answer.status_code == 200
        assert said in read(answer)
        assert ("Being worked out" in read(answer)) == (fault == "is_late")
        assert "Store draft" in read(answer)
    assert ask(cast, patient, write("store", SLOWER, version="2"), route="patient-plan").status_code == 302


def test_a_reader_sees_the_curves_and_may_not_use_b(cast: Cast, patient: Patient, worker: Answering) -> None:
    client = enter(cast.nurse)
    shown = client.get(reverse("web:patient-plan", args=[patient.pk])).content.decode()
    assert "expect__line--b" in shown
    assert 'value="use-b"' not in shown
    answer = client.post(reverse("web:patient-plan", args=[patient.pk]), write("use-b", SLOWER))
    assert answer.status_code == 403
    assert Plan.objects.get(patient=patient).over_min == 40


def test_somebody_elsewhere_learns_nothing(cast: Cast, patient: Patient, worker: Answering) -> None:
    url = reverse("web:patient-plan-expected", args=[patient.pk])
    assert enter(cast.stranger).post(url, write("expect", SLOWER)).status_code == 404
    assert worker.asked == []


def test_the_server_asks_without_loading_a_compiler() -> None:
    code = "import sys, afterglow.pharmacology.jobs; print(sorted({'numba', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
