"""The patients' pages: a link from its first question to thanks, calm answers to what is no link, no sign-in."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from afterglow.clinic.checkins import actions
from afterglow.clinic.checkins.facts import list_asked
from afterglow.clinic.checkins.models import CheckIn, CheckInAnswer
from afterglow.clinic.measures.actions import save_answer, submit_form
from afterglow.clinic.measures.models import RiskAlert
from afterglow.clinic.measures.risk import write_safety_plan
from afterglow.clinic.people import actions as people
from afterglow.clinic.scheduling.feeds import create_feed, revoke_feed
from afterglow.clinic.scheduling.models import Appointment
from afterglow.clinic.sites.models import Site
from afterglow.clinic.tasks.models import Task
from afterglow.web.phone.before import say_lead
from afterglow.web.phone.signing import COOKIE
from afterglow.web.phone.words import load_words
from tests.factories import make_cast, make_patient, make_plan
from tests.support.checking_in import Visit, make_appointment
from tests.support.measuring import ask

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
FORM = re.compile(r'name="form" value="([^"]+)"')


class Phone:
    """A browser on a patient's phone, which fills in the form that a page gave it."""

    def __init__(self, token: str, **options: Any) -> None:
        """Begin at the start of a link."""
        self.client = Client(**options)
        self.root = f"/checkin/{token}/"

    def get(self, path: str = "", **headers: Any) -> Any:
        """Return a page of the link."""
        return self.client.get(self.root + path, headers=headers)

    def post(self, path: str, **fields: Any) -> Any:
        """Send the form of a page with its own hidden field."""
        page = self.get("" if path == "language/" else path)
        found = FORM.search(page.content.decode())
        return self.client.post(self.root + path, {"form": found[1] if found else "", **fields})


@pytest.fixture
def visit() -> Visit:
    now = timezone.now()
    cast = make_cast()
    Site.objects.update(phone="+43 1 555 0100", emergency_number="144", crisis_line="142, day and night")
    cast.site.refresh_from_db()
    plan = make_plan(cast)
    appointment = make_appointment(cast, plan.patient, plan, starts_at=now + 20 * HOUR)
    checkin, token = actions.send_checkin(appointment=appointment, by=cast.desk, now=now)
    return Visit(cast, appointment, checkin, token)


@pytest.fixture
def phone(visit: Visit) -> Phone:
    return Phone(visit.token)


def read(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_link_is_walked_from_the_first_question_to_thanks(visit: Visit, phone: Phone) -> None:
    assert "check-in questions" in read(phone.get())
    fields: dict[str, dict[str, Any]] = {
        "last-day": {"choice": ["none"]},
        "food": {"choice": "yesterday", "clock": "20:00"},
        "drink": {"choice": "yesterday", "clock": "22:00"},
        "meal": {"choice": "light"},
        "diabetes": {"choice": ["none"]},
        "pressure-tablets": {"choice": "none"},
        "mood": {"choice": "same"},
        "escort": {"choice": "named", "name": "Ivy", "phone": "0660 1234"},
    }
    address = "ask/thoughts/"
    while address.startswith("ask/"):
        question = address.split("/")[1]
        answer = phone.post(address, **fields.get(question, {"choice": "no"}))
        assert answer.status_code == 302, (question, read(answer))
        address = answer["Location"].removeprefix(phone.root)
    assert address == "review/"
    assert "I know who, and they have agreed, Ivy" in read(phone.get("review/"))
    assert phone.post("review/")["Location"] == phone.root + "done/"
    assert "all is stored" in read(phone.get("done/"))
    assert visit.read().state == "submitted"


def test_an_answer_is_there_again_and_can_be_changed(visit: Visit, phone: Phone) -> None:
    phone.post("ask/fall/", choice="yes")
    assert 'value="yes" checked' in read(phone.get("ask/fall/"))
    page = read(phone.get())
    assert "1 of 15 answered" in page
    assert "ask/thoughts/" in page
    assert phone.post("ask/fall/", choice="no", **{"from": "review"})["Location"].endswith("/review/")
    assert [row.value["choices"] for row in visit.read().answers.all()] == [["yes"], ["no"]]


def test_what_is_wrong_stands_under_its_field_and_what_was_typed_stays(phone: Phone) -> None:
    answer = phone.post("ask/escort/", choice="named", name="Ivy & Co", phone="x")
    page = read(answer)
    assert answer.status_code == 422
    assert "Give a phone number with all its digits." in page
    assert 'value="Ivy &amp; Co"' in page
    assert 'value="named" checked' in page
    assert 'aria-describedby="part-phone-error"' in page
    assert CheckInAnswer.objects.count() == 0


def test_a_question_may_be_declined(visit: Visit, phone: Phone) -> None:
    assert phone.post("ask/thoughts/", declined="yes").status_code == 302
    assert visit.read().answers.get().value == {"declined": True}
    assert "You chose not to answer this" in read(phone.get("ask/thoughts/"))


def test_a_crisis_opens_help_at_once_and_the_team_is_told(visit: Visit, phone: Phone) -> None:
    answer = phone.post("ask/thoughts/", choice="thoughts")
    assert answer["Location"] == phone.root + "crisis/"
    page = read(phone.get("crisis/"))
    for words in ("tel:144", "tel:142", "tel:+4315550100", "the team was told at"):
        assert words in page
    assert Task.objects.get(kind="crisis-call").patient_id == visit.appointment.patient_id


def test_after_a_crisis_the_first_page_keeps_the_numbers_on_top(visit: Visit, phone: Phone) -> None:
    assert "tel:144" not in read(phone.get()).partition("check-in questions")[0]
    phone.post("ask/thoughts/", choice="thoughts")
    before, _, after = read(phone.get()).partition("check-in questions")
    for words in ("Help is there now", "tel:144", "tel:142", "tel:+4315550100", "the team was told at"):
        assert words in before
    assert "Go on" in after


def test_until_when_a_day_is_kept_free_is_the_hour_of_the_visit(visit: Visit, phone: Phone) -> None:
    ends_at = datetime(2026, 3, 3, 14, 50, tzinfo=UTC)
    starts_at = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
    visit.appointment.starts_at, visit.appointment.ends_at = starts_at, ends_at
    assert say_lead(visit.appointment, load_words("en")).startswith("Keep free until about 16:00. You go home when")
    visit.appointment.ends_at = ends_at.replace(minute=45)
    assert "until about 15:45" in say_lead(visit.appointment, load_words("en"))
    assert "hasta las 15:45" in say_lead(visit.appointment, load_words("es"))
    page = read(phone.get())
    assert "Keep free until about" in page
    assert "morning free" not in page


@pytest.mark.parametrize("path", ["", "ask/fall/", "review/", "mine/", "crisis/"])
def test_help_is_one_tap_from_every_page_and_shows_the_sites_numbers(phone: Phone, path: str) -> None:
    assert f'href="{phone.root}help/"' in read(phone.get(path))
    page = read(phone.get("help/"))
    assert page.index("tel:144") < page.index("tel:142") < page.index("tel:+4315550100")
    assert "Nobody reads" in page or "nobody reads" in page


def test_help_stands_under_a_link_that_ended_or_never_was(visit: Visit) -> None:
    for token in ("A" * 43, "x", visit.token):
        if token == visit.token:
            actions.revoke_checkin(appointment=visit.appointment, by=visit.cast.desk, now=timezone.now())
        answer = Phone(token).get("help/")
        assert answer.status_code == 200
        assert "tel:144" in read(answer)
        assert "mine/" not in read(answer)


@pytest.mark.parametrize("path", ["", "ask/fall/", "review/", "done/", "crisis/", "mine/"])
def test_a_forged_link_is_calm_and_stores_nothing(visit: Visit, path: str) -> None:
    answer = Phone("B" * 43).get(path)
    assert answer.status_code == 404
    assert "This link does not open anything" in read(answer)
    assert "tel:+4315550100" in read(answer)
    assert Phone("B" * 43).post("ask/fall/", choice="yes").status_code == 404
    assert CheckInAnswer.objects.count() == 0


def test_many_forged_links_from_one_address_are_slowed_and_a_real_one_is_not(visit: Visit, phone: Phone) -> None:
    codes = [Phone(f"{number:043d}").get().status_code for number in range(30)]
    assert codes[0] == 404
    assert codes[-1] == 429
    assert phone.get().status_code == 200


@pytest.mark.parametrize("state", ["cancelled", "moved", "no-show"])
def test_a_link_of_a_visit_that_is_off_is_gone(visit: Visit, phone: Phone, state: str) -> None:
    form = FORM.search(read(phone.get("ask/fall/")))
    assert form is not None
    Appointment.objects.filter(pk=visit.appointment.pk).update(state=state)
    for answer in (phone.get(), phone.client.post(f"{phone.root}ask/fall/", {"form": form[1], "choice": "yes"})):
        assert answer.status_code == 410
        assert "This link has ended" in read(answer)
    assert CheckInAnswer.objects.count() == 0


@pytest.mark.parametrize("how", ["cancelled", "sent again", "expired"])
@pytest.mark.parametrize("choice", ["thoughts", "act"])
def test_an_answer_about_suicide_counts_though_its_link_ended_while_the_page_was_open(
    visit: Visit, phone: Phone, how: str, choice: str
) -> None:
    form = FORM.search(read(phone.get("ask/thoughts/")))
    assert form is not None
    if how == "cancelled":
        Appointment.objects.filter(pk=visit.appointment.pk).update(state="cancelled")
    elif how == "sent again":
        actions.send_checkin(appointment=visit.appointment, by=visit.cast.desk, now=timezone.now())
    else:
        CheckIn.objects.update(expires_at=timezone.now())
    for _ in range(2):
        page = phone.client.post(f"{phone.root}ask/thoughts/", {"form": form[1], "choice": choice})
        assert page.status_code == 200
        assert "tel:144" in read(page)
        assert "this answer is stored" in read(page)
    assert CheckInAnswer.objects.get().value == {"choices": [choice]}
    assert Task.objects.filter(kind="crisis-call", state="open").count() == 1
    assert RiskAlert.objects.count() == (choice == "act")


@pytest.mark.parametrize("given", [{"choice": "no"}, {"choice": "act", "form": "x"}, {"choice": "other"}])
def test_nothing_else_is_stored_under_a_link_that_ended(visit: Visit, phone: Phone, given: dict[str, str]) -> None:
    form = FORM.search(read(phone.get("ask/thoughts/")))
    assert form is not None
    actions.revoke_checkin(appointment=visit.appointment, by=visit.cast.desk, now=timezone.now())
    page = phone.client.post(f"{phone.root}ask/thoughts/", {"form": form[1], **given})
    assert page.status_code == 410
    assert CheckInAnswer.objects.count() == 0
    assert not Task.objects.filter(kind="crisis-call").exists()


def test_an_expired_link_is_gone(visit: Visit, phone: Phone) -> None:
    early = timezone.now() - 2 * HOUR
    CheckIn.objects.update(created_at=early, expires_at=early + HOUR)
    assert phone.get("ask/fall/").status_code == 410


def test_a_form_works_only_in_its_browser_and_under_its_link(visit: Visit, phone: Phone) -> None:
    other = make_appointment(
        visit.cast, make_patient(visit.cast, given_name="Birch"), kind="call", starts_at=timezone.now() + 3 * HOUR
    )
    _, token = actions.send_checkin(appointment=other, by=visit.cast.desk, now=timezone.now())
    stranger = Phone(token)
    theirs, mine = (FORM.search(read(each.get("ask/fall/"))) for each in (stranger, phone))
    assert theirs is not None
    assert mine is not None
    address = f"{phone.root}ask/fall/"
    assert phone.client.post(address, {"form": theirs[1], "choice": "yes"}).status_code == 403
    assert Client().post(address, {"form": mine[1], "choice": "yes"}).status_code == 403
    assert phone.client.post(address, {"choice": "yes"}).status_code == 403
    crossed = phone.client.post(address, {"form": mine[1], "choice": "yes"}, headers={"sec-fetch-site": "cross-site"})
    assert crossed.status_code == 403
    assert CheckInAnswer.objects.count() == 0
    assert phone.client.post(address, {"form": mine[1], "choice": "yes"}).status_code == 302


def test_the_same_form_sent_many_times_stores_one_answer(visit: Visit, phone: Phone) -> None:
    form = FORM.search(read(phone.get("ask/fall/")))
    assert form is not None
    sent = [phone.client.post(f"{phone.root}ask/fall/", {"form": form[1], "choice": "yes"}) for _ in range(6)]
    assert {answer.status_code for answer in sent} == {302}
    assert CheckInAnswer.objects.count() == 1


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
def test_a_wrong_method_is_calm(phone: Phone, method: str) -> None:
    answer = getattr(phone.client, method)(f"{phone.root}ask/fall/")
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize(
    "fields",
    [
        {"choice": "\udcff"},
        {"choice": ["yes"] * 500},
        {"choice": "named", "name": "I" * 100_000, "phone": "1" * 50_000},
        {"choice": "named", "name": "a\x00b", "phone": "0660 1234"},
        {"choice": "named", "name": "\u202eevil", "phone": "0660 1234"},
        {"choice": "'; DROP TABLE--"},
    ],
)
def test_what_nobody_types_is_refused_calmly(phone: Phone, fields: dict[str, Any]) -> None:
    if fields["choice"] == "\udcff":
        fields = {"choice": b"\xff\xfe\xed\xa0\x80"}
    answer = phone.post("ask/escort/", **fields)
    assert answer.status_code in (400, 413, 422)
    assert "tel:" in read(answer) or 'role="alert"' in read(answer)
    assert CheckInAnswer.objects.count() == 0


def test_a_body_far_too_large_is_refused(phone: Phone) -> None:
    address = f"{phone.root}ask/escort/"
    answer = phone.client.post(address, b"choice=" + b"a" * 300_000, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413


def test_spanish_is_offered_on_each_page_and_kept(visit: Visit, phone: Phone) -> None:
    for path, page in (("", "start"), ("ask/fall/", "ask fall"), ("review/", "review"), ("mine/", "mine")):
        assert 'lang="es"' in read(phone.get(path))
        answer = phone.post("language/", language="es", page=page)
        assert answer["Location"] == phone.root + path
        page_text = read(phone.get(path))
        assert '<html lang="es">' in page_text
        assert "Traducción provisional" in page_text
        phone.post("language/", language="en", page=page)
    phone.post("language/", language="xx", page="start")
    assert visit.read().language == "en"


@pytest.mark.parametrize(
    ("browser", "is_first"), [("es-ES,es;q=0.9,en;q=0.8", True), ("en-GB,en", False), ("de", False)]
)
def test_a_browser_that_speaks_the_other_language_finds_its_switch_first(
    visit: Visit, phone: Phone, browser: str, is_first: bool
) -> None:
    page = read(phone.get("", **{"Accept-Language": browser}))
    assert '<html lang="en">' in page
    assert page.count('value="es"') == 1
    assert (page.index('value="es"') < page.index("<h1")) is is_first


def test_all_answered_but_not_sent_leads_to_the_look_and_never_back_to_the_first_question(
    visit: Visit, phone: Phone
) -> None:
    for question in list_asked(visit.appointment):
        visit.answer(question.id, now=timezone.now(), declined="yes")
    page = read(phone.get(""))
    assert "All answered, not sent yet." in page
    assert f'href="{phone.root}review/">Look and send' in page
    assert "/ask/" not in page
    phone.post("review/")
    assert "All answered and sent." in read(phone.get(""))


def test_the_page_before_a_visit_says_how_many_questionnaires_wait_or_when_they_were_done(
    visit: Visit, phone: Phone
) -> None:
    assert "questionnaire" not in read(phone.get(""))
    patient, nurse, now = visit.appointment.patient, visit.cast.nurse, timezone.now()
    form, _ = ask(patient, nurse, now=now)
    page = read(phone.get(""))
    assert "A short questionnaire" in page
    assert "PHQ" not in page, "the link of a visit names no form"
    save_answer(form=form, item="1", value=0, now=now)
    submit_form(form=form, submission_id="s-1", now=now)
    assert "Done today at" in read(phone.get(""))


def test_no_name_and_no_medicine_shows_before_the_person_is_known(visit: Visit, phone: Phone) -> None:
    patient = visit.appointment.patient
    for path in ("", "review/", "mine/", "help/", "crisis/", "ask/escort/"):
        page = read(phone.get(path))
        assert "Venlafaxine" not in page
        assert patient.family_name not in page.replace("DEMONSTRATION", "")
        assert patient.number not in page


def test_the_private_page_opens_to_the_right_answers_and_only_then(visit: Visit, phone: Phone) -> None:
    patient = visit.appointment.patient
    people.add_escort(
        patient=patient, name="Ivy Demo", phone="0660 99", relation="sister", by=visit.cast.desk, now=timezone.now()
    )
    kept = "The sister keeps the tablets"
    write_safety_plan(patient=patient, parts={"means": kept}, by=visit.cast.owner, now=timezone.now())
    right = {"birth": patient.birth_on.isoformat(), "number": patient.number}
    for wrong in ({**right, "birth": "1983-04-13"}, {**right, "number": "000-999"}, {"birth": "", "number": ""}):
        answer = phone.post("mine/", **wrong)
        assert answer.status_code == 422
        assert "Venlafaxine" not in read(answer)
        assert kept not in read(answer)
    page = read(phone.post("mine/", **right))
    for words in ("Ivy Demo", "Venlafaxine", "How it is going", "Making my surroundings safer", kept):
        assert words in page
    assert "Venlafaxine" not in read(phone.get("mine/"))


def test_guessing_who_one_is_gets_slower_and_then_closes(visit: Visit, phone: Phone) -> None:
    patient = visit.appointment.patient
    guesses = [{"birth": patient.birth_on.isoformat(), "number": f"000-{number}"} for number in range(500, 520)]
    codes = [phone.post("mine/", **guess).status_code for guess in guesses]
    assert codes[0] == 422
    assert codes[-1] == 429
    CheckIn.objects.update(identity_failures=actions.MOST_IDENTITY_FAILURES)
    late = actions.record_identity(checkin=visit.read(), is_right=True, now=timezone.now())
    assert late is False


def test_the_headers_of_every_page_are_strict_and_no_sign_in_is_set(visit: Visit, phone: Phone) -> None:
    paths = ["", "ask/fall/", "review/", "crisis/", "mine/", "help/", "ask/no-such/"]
    answers = [phone.get(path) for path in paths] + [Phone("C" * 43).get(), phone.post("ask/fall/", choice="no")]
    answers += [Client().get(path) for path in ("/intake/done/", "/help-now/", f"/feed/{'x' * 30}.ics")]
    for answer in answers:
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["Cache-Control"] == "no-store"
        assert answer["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
        assert "script" not in answer["Content-Security-Policy"]
        assert "noindex" in answer["X-Robots-Tag"]
        assert set(answer.cookies) <= {COOKIE}
    cookie = phone.client.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")


def test_the_pages_carry_no_script_and_no_style_of_their_own(phone: Phone) -> None:
    for path in ("", "ask/fall/", "review/", "mine/", "help/"):
        page = read(phone.get(path))
        assert "<script" not in page
        assert " style=" not in page
        assert " onclick" not in page


def test_what_was_given_is_escaped(phone: Phone) -> None:
    phone.post("ask/diagnosis/", choice="yes", note="<b>asthma</b>")
    assert "&lt;b&gt;asthma&lt;/b&gt;" in read(phone.get("review/"))
    assert "<b>asthma" not in read(phone.get("review/"))


def test_the_times_to_stop_eating_clear_the_rule_that_judges_them(visit: Visit, phone: Phone) -> None:
    page = read(phone.get())
    told = re.search(r"Nothing to eat after ([^<]+)<", page)
    assert told is not None
    dose_at = visit.appointment.dose_at
    assert dose_at is not None
    local = (dose_at - 8 * HOUR).astimezone(ZoneInfo(visit.cast.site.timezone))
    assert told[1].endswith(f"{local:%H:%M}")


def test_a_feed_is_served_by_its_token_alone(visit: Visit) -> None:
    nurse = visit.cast.nurse
    feed, token = create_feed(user=nurse, by=nurse, now=timezone.now())
    address = f"/feed/{token}.ics"
    answer = Client().get(address)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/calendar")
    assert answer.content.startswith(b"BEGIN:VCALENDAR")
    assert visit.appointment.patient.family_name.encode() not in answer.content
    assert Client().post(address).status_code == 405
    revoke_feed(feed=feed, by=nurse, now=timezone.now())
    assert Client().get(address).status_code == 404
    assert Client().get(f"/feed/{'y' * 43}.ics").status_code == 404
