"""The pages of the measures: a form's link from its first question to the score, and the chart's side of it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from afterglow.clinic.measures import actions, risk
from afterglow.clinic.measures.models import MeasureAnswer, MeasureForm, MeasureResult, RiskAlert, RiskAssessment
from afterglow.clinic.people.actions import record_history
from afterglow.clinic.people.models import Patient
from afterglow.clinic.sites.models import Site
from afterglow.clinic.tasks.models import Task
from afterglow.instruments import get_instrument
from afterglow.web.phone.result import describe_result
from afterglow.web.phone.words import load_words
from tests.factories import Cast, make_cast, make_patient
from tests.support.measuring import CALM, CSSRS_LOW, enter, install_wording

pytestmark = pytest.mark.django_db
FORM = re.compile(r'name="form" value="([^"]+)"')


class Phone:
    """A browser on a patient's phone, which fills in the form that a page gave it."""

    def __init__(self, token: str) -> None:
        """Begin at the start of a link."""
        self.client, self.root = Client(), f"/form/{token}/"

    def get(self, path: str = "") -> Any:
        """Return a page of the link."""
        return self.client.get(self.root + path)

    def post(self, path: str, **fields: Any) -> Any:
        """Send the form of a page with its own hidden field."""
        found = FORM.search(self.get(path).content.decode())
        return self.client.post(self.root + path, {"form": found[1] if found else "", **fields})

    def answer(self, item: str, value: int) -> Any:
        """Answer one question."""
        return self.post(f"ask/{item}/", choice=str(value))


@pytest.fixture
def cast() -> Cast:
    made = make_cast()
    Site.objects.update(phone="+43 1 555 0100", emergency_number="144", crisis_line="142, day and night")
    return made


@pytest.fixture
def patient(cast: Cast) -> Any:
    return make_patient(cast)


@pytest.fixture
def phone(cast: Cast, patient: Any) -> Phone:
    install_wording()
    return Phone(actions.ask_form(patient=patient, instrument="phq9", by=cast.nurse, now=timezone.now())[1])


def sign_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_link_leads_from_its_questions_to_the_score_with_how_it_went(cast: Cast, patient: Any, phone: Phone) -> None:
    before = timezone.now() - timedelta(days=7)
    enter(patient, cast.nurse, "phq9", {**CALM, "1": 3, "2": 3}, "s-0", now=before)
    record_history(patient=patient, facts={"scales.phq9.total": 14}, by=cast.nurse, now=before - timedelta(days=30))
    start = phone.get().content.decode()
    assert "invented question form" in start
    assert "official wording" not in start
    for item in range(1, 9):
        assert phone.answer(str(item), 0)["Location"].endswith(f"ask/{item + 1}/")
    # closed and opened again: it goes on where it was left
    assert "ask/9/" in Phone(phone.root.split("/")[2]).get().content.decode()
    phone.answer("9", 0)
    assert phone.post("ask/10/", declined="yes")["Location"].endswith("/review/")
    assert phone.post("review/")["Location"].endswith("/done/")
    done = phone.get("done/").content.decode()
    assert "Your score is 0, of 27 at most." in done
    assert "Better than on" in done
    assert "Lower means fewer symptoms." in done
    # the chart's own score is drawn with those of forms, and said in words for who does not see the drawing
    assert 'aria-label="From 14 to 0. Lower means fewer symptoms."' in done
    assert done.count("<circle") == 3
    result = MeasureResult.objects.latest("recorded_at")
    assert (result.total, result.recorded_by, result.form.way) == (0, None, "link")
    # it is sent: no question opens again, and nothing more is stored
    assert phone.get("ask/1/")["Location"].endswith("/done/")
    count = MeasureAnswer.objects.count()
    phone.client.post(phone.root + "ask/1/", {"choice": "3"})
    assert MeasureAnswer.objects.count() == count


@pytest.mark.parametrize(
    ("instrument", "totals", "said"),
    [
        ("phq9", (), ""),
        ("phq9", (10,), "Better than on"),
        ("phq9", (9,), "About the same as on"),
        ("phq9", (5,), "The same as on"),
        ("phq9", (0,), "Not as good as on"),
        # no number of points is published for a change of this scale
        ("audit-c", (8,), "it was 8."),
    ],
)
def test_two_scores_are_compared_by_the_scales_own_change_and_one_is_never_judged(
    cast: Cast, patient: Any, instrument: str, totals: tuple[int, ...], said: str
) -> None:
    now, words = timezone.now(), load_words("en")
    definition = get_instrument(instrument)
    for number, total in enumerate((*totals, 5)):
        at = now - timedelta(days=14 - 7 * number)
        result = enter(patient, cast.nurse, instrument, {}, f"t-{number}", total=total, now=at)
    shown = describe_result(result.form, definition, words)
    assert said in shown["change"]
    assert bool(shown["change"]) is bool(totals)
    assert bool(shown["chart"]) is bool(totals)


def test_a_result_is_compared_with_an_earlier_day_and_with_none_beside_an_answer_that_asks_for_help(
    cast: Cast, patient: Any
) -> None:
    now, words = timezone.now().replace(hour=12), load_words("en")
    definition = get_instrument("phq9")
    for number, (days, total) in enumerate(((14, 20), (0, 9), (0, 12))):
        result = enter(patient, cast.nurse, "phq9", {}, f"d-{number}", total=total, now=now - timedelta(days=days))
    change = describe_result(result.form, definition, words)["change"]
    assert "20" in change
    assert "9" not in change.replace(words.say_date((now - timedelta(days=14)).date()), "")
    result.form.is_crisis = True
    assert describe_result(result.form, definition, words)["change"] == ""


def test_an_answer_about_suicide_shows_help_at_once_and_tells_the_team(phone: Phone, patient: Any) -> None:
    answered = phone.answer("9", 1)
    assert answered["Location"].endswith("/crisis/")
    page = phone.get("crisis/").content.decode()
    for text in ("tel:144", "tel:142", "the team has a task to call you", "before the next treatment"):
        assert text in page
    assert Task.objects.get().kind == "risk-now"
    # said again, a little less: help again, and the alert stays one
    phone.answer("9", 2)
    assert phone.answer("9", 1)["Location"].endswith("/crisis/")
    assert RiskAlert.objects.count() == 2
    assert phone.answer("9", 0)["Location"].endswith("ask/10/")
    assert risk.find_stop(patient, now=timezone.now()) is not None


def test_the_pages_script_is_told_what_became_of_an_answer_and_sends_it_twice_without_harm(phone: Phone) -> None:
    page = phone.get("ask/9/")
    assert "script-src 'self'; connect-src 'self'" in page["Content-Security-Policy"]
    assert page.content.decode().count("data-alerts") == 6, "three of four answers, in the page and in what it carries"
    for _ in range(2):
        answer = phone.post("ask/9/", choice="1", key="device-1", by="script")
        assert answer.json() == {"stored": True, "crisis": True, "next": phone.root + "crisis/"}
    assert MeasureAnswer.objects.count() == 1
    refused = phone.post("ask/1/", choice="7", key="device-2", by="script")
    assert (refused.status_code, refused.json()) == (422, {"stored": False})


def test_an_empty_or_foreign_answer_is_asked_again(phone: Phone) -> None:
    assert phone.post("ask/1/").status_code == 422
    assert phone.post("ask/1/", choice="7").status_code == 422
    assert phone.get("ask/99/").status_code == 404
    assert phone.client.post(phone.root + "ask/1/", {"choice": "1"}).status_code == 403
    assert MeasureAnswer.objects.count() == 0


def test_a_link_that_ended_or_never_was_answers_calmly_with_the_numbers(cast: Cast, patient: Any, phone: Phone) -> None:
    assert Phone("A" * 43).get().status_code == 404
    actions.end_form(form=MeasureForm.objects.get(), by=cast.nurse, now=timezone.now())
    gone = phone.get("ask/1/")
    assert gone.status_code == 410
    assert "tel:142" in gone.content.decode()


def test_an_answer_that_comes_after_the_form_was_closed_is_not_thrown_away(
    cast: Cast, patient: Any, phone: Phone
) -> None:
    def send(to: Phone, field: str, item: str, value: str, key: str) -> Any:
        fields = {"form": field, "choice": value, "key": key, "by": "script"}
        return to.client.post(f"{to.root}ask/{item}/", fields)

    def read_field(page: Any) -> str:
        found = re.search(r'data-field="([^"]+)"', page.content.decode())
        assert found
        return found[1]

    def list_held() -> list[dict[str, str]]:
        assert risk.find_stop(patient, now=timezone.now()) is not None
        return [alert.seen for alert in RiskAlert.objects.filter(patient=patient)]

    # two devices: one stays open without a network, the other one answers no and sends
    away = read_field(phone.get("ask/9/"))
    other = Phone(phone.root.split("/")[2])
    for item in (*CALM, "10"):
        other.answer(item, 0)
    assert other.post("review/").status_code == 302
    assert send(phone, away, "9", "0", "d-0").json() == {"stored": False, "late": True}
    assert RiskAlert.objects.count() == 0
    assert send(phone, away, "9", "3", "d-1").json() == {"stored": True, "crisis": True, "next": phone.root + "crisis/"}
    assert list_held() == [{"9": "3"}]
    assert Task.objects.get(kind="risk-now").state == "open"
    told = phone.get("crisis/").content.decode()
    assert "your answer is not part of the form" in told
    assert "tel:144" in told
    refused = send(phone, away, "1", "3", "d-2")
    assert (refused.status_code, refused.json()["stored"]) == (410, False)
    # without the script the same: help at once, never the page of thanks
    assert phone.client.post(phone.root + "ask/9/", {"form": away, "choice": "3"})["Location"].endswith("/crisis/")
    result = MeasureForm.objects.get().results.get()
    staff = sign_in(cast.nurse)
    page = staff.get(reverse("web:measure-result", args=[patient.pk, result.pk])).content.decode()
    assert (result.total, "Answered after this form was closed" in page, "0 in the form" in page) == (0, True, True)
    assert (
        "Came after its form was closed" in staff.get(reverse("web:patient-risk", args=[patient.pk])).content.decode()
    )
    # a link that a new one replaced, and one that ended: from its last page the device sends what it still keeps
    form, token = actions.ask_form(patient=patient, instrument="phq9", by=cast.nurse, now=timezone.now())
    actions.renew_link(form=form, by=cast.nurse, now=timezone.now())
    old = Phone(token)
    gone = old.get("ask/9/")
    assert (gone.status_code, "script-src" in gone["Content-Security-Policy"]) == (410, True)
    assert old.get("crisis/").status_code == 410, "help after an answer, not a page about anybody"
    assert send(old, read_field(gone), "9", "2", "d-1").json()["crisis"] is True
    assert old.get("crisis/").status_code == 200
    assert form.answers.count() == 0
    assert list_held() == [{"9": "3"}, {"9": "2"}]
    stranger = Phone("A" * 43)
    assert send(stranger, away, "9", "3", "d-9").status_code == 404


def test_what_is_no_answer_under_a_known_key_is_refused_and_never_an_error_of_ours(phone: Phone) -> None:
    assert phone.post("ask/1/", choice="1", key="kk").status_code == 302
    for value in ("abc", "１", "2"):
        assert phone.post("ask/1/", choice=value, key="kk").status_code == 422
    assert MeasureAnswer.objects.count() == 1


def test_the_patients_own_language_and_the_notice_of_a_demonstration(cast: Cast) -> None:
    patient = make_patient(cast, language="es")
    with_words = sign_in(cast.nurse).post(
        reverse("web:patient-measures", args=[patient.pk]), {"act": "ask", "ask-instrument": "gad7"}
    )
    assert with_words.status_code == 422
    Site.objects.filter(pk=cast.site.pk).update(is_demonstration=True)
    page = sign_in(cast.nurse).post(
        reverse("web:patient-measures", args=[patient.pk]), {"act": "ask", "ask-instrument": "gad7"}
    )
    token = re.search(r"/form/([A-Za-z0-9_-]+)/", page.content.decode())
    assert token is not None
    shown = Phone(token[1]).get("ask/1/").content.decode()
    assert 'lang="es"' in shown
    assert "no el texto oficial" in shown
    assert "nerviosismo" in shown
    assert "nervousness" not in shown
    # the other language, on the page where it was chosen; what was answered stays
    switched = Phone(token[1])
    switched.answer("1", 1)
    field = FORM.search(switched.get("ask/2/").content.decode())
    assert field is not None
    asked = {"form": field[1], "language": "en", "page": "ask 2"}
    place = switched.client.post(switched.root + "language/", asked)["Location"]
    assert place == f"{switched.root}ask/2/"
    assert "uncontrolled worry" in switched.get("ask/2/").content.decode()
    assert list(MeasureAnswer.objects.values_list("language", "value")) == [("es", 1)]
    sheet = sign_in(cast.nurse).get(reverse("web:measure-sheet", args=[patient.pk, "gad7"])).content.decode()
    for words in ("nerviosismo", "Contestado el", "no el texto oficial"):
        assert words in sheet
    assert "No message could be sent: no address is on file" in page.content.decode()
    Patient.objects.update(phone="+43 660 1234567")
    address = reverse("web:patient-measures", args=[patient.pk])
    form = MeasureForm.objects.get()
    again = sign_in(cast.nurse).post(address, {"act": "again", "form": form.pk}).content.decode()
    for words in ("The message waits to be sent", "link waits to be sent", "reminder", "1 of 7 answered"):
        assert words in again
    assert Phone(token[1]).get().status_code == 410, "the link before has ended, and opens nothing"


def test_staff_rate_release_and_correct_in_the_chart(cast: Cast, patient: Any, phone: Phone) -> None:
    phone.answer("9", 1)
    nurse, owner = sign_in(cast.nurse), sign_in(cast.owner)
    address = {name: reverse(f"web:patient-{name}", args=[patient.pk]) for name in ("measures", "risk")}
    assert "No dose until a licensed clinician" in nurse.get(address["measures"]).content.decode()
    assert "not assessed" in nurse.get(reverse("web:patient", args=[patient.pk])).content.decode()
    task = nurse.get(reverse("web:task", args=[Task.objects.get().pk])).content.decode()
    assert address["risk"] in task
    page = owner.get(address["risk"]).content.decode()
    assert "A prescriber releases, in person" in page
    assert "The answer is new" in page
    assert "thoughts of death: <b>1 of 3, some days</b>; no earlier answer" in page
    sent = {"act": "assess", "alert": [RiskAlert.objects.get().pk], "assess-note": "Spoke."}
    sent |= {"assess-decision": "may-go-on", "assess-is_in_person": "on"}
    early = owner.post(address["risk"], sent)
    assert early.status_code == 422
    assert "C-SSRS" in early.content.decode()
    enter_url = reverse("web:measure-enter", args=[patient.pk, "c-ssrs-since-contact"])
    fields = {"key": "k-1", **{f"item-{item}": str(value) for item, value in CSSRS_LOW.items()}}
    assert nurse.post(enter_url, fields)["Location"] == address["risk"]
    # a double tap stores once
    nurse.post(enter_url, fields)
    assert MeasureResult.objects.count() == 1
    # the header names the newest C-SSRS, of the form that was entered now
    assert "C-SSRS ideation 1" in nurse.get(address["measures"]).content.decode()
    # who may not take the release is not offered it; sent all the same, the words come back and say who may
    offered, choice = nurse.get(address["risk"]).content.decode(), 'value="may-go-on"'
    assert choice in owner.get(address["risk"]).content.decode()
    assert (choice in offered, "1. wish to be dead" in offered, "triage level low" in offered) == (False, True, True)
    refused = nurse.post(address["risk"], sent)
    assert (refused.status_code, RiskAssessment.objects.count()) == (422, 0)
    for words in ("A prescriber releases this, in person", "Spoke.</textarea>"):
        assert words in refused.content.decode()
    # an answer that came meanwhile is read first, and the words are kept too
    unseen = owner.post(address["risk"], {**sent, "alert": []})
    assert (unseen.status_code, RiskAssessment.objects.count()) == (422, 0)
    assert "Another answer came meanwhile" in unseen.content.decode()
    assert owner.post(address["risk"], sent)["Location"] == address["risk"]
    assert risk.find_stop(patient, now=timezone.now()) is None
    result = MeasureResult.objects.get()
    shown = reverse("web:measure-result", args=[patient.pk, result.pk])
    corrected = nurse.post(shown, {"key": "k-2", "item": "1", "value": "0", "reason": "misheard"})
    assert corrected.status_code == 302
    assert "misheard" in nurse.get(shown).content.decode()
    assert result.form.results.count() == 2
    # the form of the phone was never sent: its answer is the time before; the C-SSRS does not speak of the newer one
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "p-2", now=timezone.now())
    again = nurse.get(address["risk"]).content.decode()
    assert "1 of 3, some days</b>; the time before: 1 of 3, some days" in again
    assert "ask again" in again


def test_a_wrong_entry_is_shown_again_and_stores_nothing(cast: Cast, patient: Any) -> None:
    nurse = sign_in(cast.nurse)
    for instrument, fields in (("ybocs", {"item-1": "5"}), ("bdi2", {"total": "99"}), ("phq9", {})):
        address = reverse("web:measure-enter", args=[patient.pk, instrument])
        assert nurse.get(address).status_code == 200
        assert nurse.post(address, {"key": "k-1", **fields}).status_code == 422
    assert (MeasureForm.objects.count(), MeasureAnswer.objects.count()) == (0, 0)
    assert nurse.get(reverse("web:measure-enter", args=[patient.pk, "no-such"])).status_code == 404


def test_the_safety_plan_is_written_in_the_chart_and_asks_for_means(cast: Cast, patient: Any) -> None:
    nurse, address = sign_in(cast.nurse), reverse("web:patient-risk", args=[patient.pk])
    assert nurse.post(address, {"act": "plan", "plan-signs": "No sleep"}).status_code == 422
    assert nurse.post(address, {"act": "plan", "plan-means": "Tablets with a neighbour"}).status_code == 302
    assert "Tablets with a neighbour" in nurse.get(address).content.decode()
