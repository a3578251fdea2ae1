"""Pages of referrals: the order of the queue, the same person first, letters, a fixed number of queries."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from afterglow.clinic.documents.typesetting import FontMissing
from afterglow.clinic.people import actions as people
from afterglow.clinic.people.models import Patient, User
from afterglow.clinic.referrals import actions as referrals
from afterglow.clinic.referrals.models import Referral
from afterglow.clinic.scheduling import rosters
from afterglow.clinic.scheduling.waiting import add_waiting
from afterglow.clinic.sites.models import Place, Site
from afterglow.web.referrals.crisis import build_strips
from tests.support.referring import LETTER, PUBLIC

Staff = dict[str, User]


@pytest.fixture
def desk(staff: Staff) -> Client:
    return sign_in(staff["frontdesk"])


@pytest.fixture
def nurse(staff: Staff) -> Client:
    return sign_in(staff["nurse"])


def sign_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def receive(site: Site, staff: Staff, **changes: Any) -> Referral:
    answers = {name: value for name, value in {**LETTER, **changes}.items() if value is not None}
    now = timezone.now()
    return referrals.receive_referral(site=site, answers=answers, source="fax", by=staff["nurse"], now=now)


def send(site: Site, key: str, **changes: Any) -> Referral:
    now = timezone.now()
    return referrals.receive_public_intake(site=site, answers={**PUBLIC, **changes}, now=now, source_key=key)


def read(client: Client, referral: Referral | None = None, **query: str) -> str:
    url = reverse("web:referral", args=[referral.pk]) if referral else reverse("web:referrals")
    response = client.get(url, query)
    assert response.status_code == 200
    return response.content.decode()


def act(client: Client, referral: Referral, word: str, **fields: str) -> Any:
    return client.post(reverse("web:referral", args=[referral.pk]), {"act": word, **fields})


def test_a_crisis_stands_above_and_the_rest_by_urgency_then_time(site: Site, staff: Staff, desk: Client) -> None:
    people_told: list[tuple[str, dict[str, str]]] = [
        ("Routine", {}),
        ("Crisis", {"crisis_today": "yes"}),
        ("Urgent", {"crisis_thoughts": "yes"}),
    ]
    for number, (name, more) in enumerate(people_told):
        send(site, name, family_name=name, birth_on=f"19{60 + number}-01-01", phone=f"777 {number}{number}1100", **more)
    page = read(desk)
    assert page.index("crisis-strip") < page.index("Urgent, Rowan") < page.index("Routine, Rowan")
    assert "may act on suicidal thoughts today" in page
    assert "question 3, “yes”" in page
    assert "Nobody has taken this." in page
    # by the clock, as people read it; out of hours somebody is told at once
    assert re.search(r"is told at \d\d:\d\d", page) or "was told" in page or "Nobody is on call" in page


def test_the_age_in_a_crisis_is_counted_by_the_day_of_the_clinic(site: Site, staff: Staff) -> None:
    Site.objects.filter(pk=site.pk).update(timezone="America/Los_Angeles")
    referral = send(site, "a", birth_on="1996-04-02", crisis_today="yes")
    row = Referral.objects.select_related("site").get(pk=referral.pk)
    # in the evening of 1 April there, where the day of the world's clock is 2 April
    for hour, age in ((6, "29 y"), (8, "30 y")):
        (strip,) = build_strips([row], user=staff["nurse"], now=datetime(2026, 4, 2, hour, tzinfo=UTC))
        assert age in strip.title


def test_taking_a_crisis_leads_to_the_call_and_the_page_names_who_has_it(
    site: Site, staff: Staff, nurse: Client
) -> None:
    referral = send(site, "a", crisis_today="yes")
    response = act(nurse, referral, "take", then="call")
    assert response["Location"] == reverse("web:referral-call", args=[referral.pk])
    assert "has taken this" in read(nurse)
    url = reverse("web:referral-call", args=[referral.pk])
    assert nurse.post(url, {"outcome": "spoken-safe", "text": ""}).status_code == 422
    assert nurse.post(url, {"outcome": "spoken-safe", "text": "With her sister"}).status_code == 302
    assert Referral.objects.get().urgency == "urgent"


def test_the_desk_logs_that_nobody_answered_but_not_that_a_crisis_is_over(
    site: Site, staff: Staff, desk: Client
) -> None:
    referral = send(site, "a", crisis_today="yes")
    url = reverse("web:referral-call", args=[referral.pk])
    assert desk.post(url, {"outcome": "spoken-safe", "text": "fine"}).status_code == 422
    assert desk.post(url, {"outcome": "not-reached", "text": "rang out"}).status_code == 302
    assert Referral.objects.get().urgency == "crisis"


def test_the_same_person_is_compared_field_by_field_and_blocks_accepting(
    site: Site, staff: Staff, nurse: Client
) -> None:
    patient = people.register_patient(
        site=site,
        family_name="Demo",
        given_name="Rowena",
        birth_on=date(1988, 3, 3),
        phone="5550142",
        by=staff["nurse"],
        now=timezone.now(),
    )
    referral = receive(site, staff)
    page = read(nurse, referral)
    assert "Possibly the same person" in page
    assert "2 of 3 agree" in page
    assert "Accept: first say if it is the same person" in page
    assert f"On file, no. {patient.number}" in page
    assert act(nurse, referral, "accept").status_code == 422
    match = referral.matches.get()
    assert act(nurse, referral, "same", match=match.pk).status_code == 302
    assert act(nurse, referral, "accept").status_code == 302
    assert Patient.objects.count() == 1
    told = nurse.get(reverse("web:patient-told", args=[patient.pk])).content.decode()
    assert "Penicillin" in told
    assert "aneurysm" in told


def test_accepting_makes_a_patient_with_everything_told(site: Site, staff: Staff, nurse: Client) -> None:
    referral = receive(site, staff)
    assert act(nurse, referral, "accept").status_code == 302
    patient = Patient.objects.get()
    url = reverse("web:patient-told", args=[patient.pk])
    page = nurse.get(url).content.decode()
    assert "Tried: Sertraline, 150 mg, 10 weeks" in page
    told = patient.told_entries.filter(kind="allergy").get()  # type: ignore[attr-defined]
    assert nurse.post(url, {"act": "confirm", "told": told.pk}).status_code == 302
    assert "confirmed by" in nurse.get(url).content.decode()


def test_a_decline_by_the_nurse_asks_a_prescriber_who_writes_the_letter(
    site: Site, staff: Staff, nurse: Client
) -> None:
    referral = receive(site, staff)
    words = {"decline-reason": "No adequate trial yet", "decline-other_help": "Therapy first"}
    assert act(nurse, referral, "decline", **{**words, "decline-other_help": ""}).status_code == 422
    assert act(nurse, referral, "decline", **words).status_code == 302
    assert Referral.objects.get().state == "open"
    prescriber = sign_in(staff["prescriber"])
    assert "proposes to decline" in read(prescriber, referral)
    assert act(prescriber, referral, "decline", **words).status_code == 302
    assert Referral.objects.get().state == "declined"
    letter = reverse("web:referral-letter", args=[referral.pk])
    try:
        body = prescriber.get(letter)
    except FontMissing:
        pytest.skip("the PDF font is not built")
    assert body.content.startswith(b"%PDF-")
    assert prescriber.get(letter).content == body.content


def test_what_was_told_is_shown_as_text_never_as_markup(site: Site, staff: Staff, nurse: Client) -> None:
    hostile = "<script>alert(1)</script>"
    referral = send(site, "a", asks=hostile, history=hostile, given_name=hostile)
    page = read(nurse, referral)
    assert hostile not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_search_is_posted_and_finds_by_letters_without_accents(site: Site, staff: Staff, desk: Client) -> None:
    receive(site, staff, family_name="García", phone="555 0101")
    receive(site, staff, family_name="Other", given_name="Zoe", birth_on="1950-01-01", phone="555 2222")
    page = desk.post(reverse("web:referrals"), {"q": "garcia"}).content.decode()
    assert "García" in page
    assert "Other, Zoe" not in page
    assert "No referral found" in desk.post(reverse("web:referrals"), {"q": "nobody"}).content.decode()


def test_addresses_carry_no_word_of_a_person(site: Site, staff: Staff, nurse: Client) -> None:
    referral = receive(site, staff)
    addresses = re.findall(r'(?:href|action|hx-get)="([^"]+)"', read(nurse, referral))
    assert addresses
    assert not [url for url in addresses if any(word in url for word in ("Rowan", "Demo", "0142", "1988"))]


def test_staff_enter_a_letter_with_its_file_and_errors_stand_under_their_fields(
    site: Site, staff: Staff, desk: Client
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    url = reverse("web:referral-enter")
    bad = desk.post(url, {"source": "fax", "family_name": "Demo", "bp_systolic": "80", "bp_diastolic": "120"})
    assert bad.status_code == 422
    assert bad.content.decode().count("field__error") >= 2
    assert not Referral.objects.exists()
    letter = SimpleUploadedFile("brief.pdf", b"%PDF-1.7 x", content_type="application/pdf")
    sent = {"source": "fax", **{k: LETTER[k] for k in ("family_name", "given_name", "asks")}, "paper": letter}
    assert desk.post(url, sent).status_code == 302
    paper = Referral.objects.get().papers.get()
    assert desk.get(reverse("web:referral-paper", args=[paper.pk])).content == b"%PDF-1.7 x"
    wrong = SimpleUploadedFile("x.exe", b"MZ", content_type="application/x-msdownload")
    assert desk.post(url, {**sent, "paper": wrong}).status_code == 422


def test_answers_entered_later_keep_the_form_filled(site: Site, staff: Staff, desk: Client) -> None:
    referral = receive(site, staff)
    url = reverse("web:referral-answers", args=[referral.pk])
    page = desk.get(url).content.decode()
    assert 'value="Sertraline"' in page
    form = {**LETTER, "trial_2_dose_mg": "225", "trial_2_weeks": "12", "version": "1"}
    assert desk.post(url, form).status_code == 302
    assert Referral.objects.get().answers["trial_2_weeks"] == 12
    assert desk.post(url, form).status_code == 409


def test_the_queue_asks_the_database_as_often_for_many_as_for_few(
    site: Site, staff: Staff, nurse: Client, django_assert_max_num_queries: Any
) -> None:
    def add(begin: int, end: int) -> None:
        for n in range(begin, end):
            more = {"crisis_today": "yes"} if n % 5 == 4 else {}
            send(
                site,
                f"k{n}",
                birth_on=f"19{50 + n}-01-01",
                phone=f"888 {n:02d}00{n:02d}",
                family_name=f"Name{n}",
                **more,
            )

    add(0, 5)
    read(nurse)
    with django_assert_max_num_queries(80) as few:
        read(nurse)
    add(5, 25)
    with django_assert_max_num_queries(80) as many:
        read(nurse)
    assert len(many) == len(few), [query["sql"][:150] for query in many][len(few) :]


def test_the_states_stand_under_their_tabs(site: Site, staff: Staff, nurse: Client) -> None:
    first = receive(site, staff)
    until = (timezone.localdate() + timedelta(days=9)).isoformat()
    assert act(nurse, first, "pause", **{"pause-until": until, "pause-reason": "moving"}).status_code == 302
    assert "paused" in read(nurse)
    assert act(nurse, first, "resume").status_code == 302
    assert act(nurse, first, "ask-first", **{"ask-whom": "doctor"}).status_code == 302
    assert "Demo, Rowan" not in read(nurse)
    assert "Demo, Rowan" in read(nurse, tab="waiting")
    assert nurse.get(reverse("web:referrals"), {"tab": "nonsense"}).status_code == 404


def test_a_referral_of_another_site_does_not_exist_here(
    site: Site, other_site: Site, staff: Staff, nurse: Client
) -> None:
    there = send(other_site, "a")
    assert nurse.get(reverse("web:referral", args=[there.pk])).status_code == 404
    assert "Demo, Rowan" not in read(nurse)


def test_the_first_free_times_come_after_the_page(site: Site, staff: Staff, nurse: Client) -> None:
    response = nurse.get(reverse("web:referrals-free"))
    assert response.status_code == 200
    assert "referrals-tile" in response.content.decode()
    assert "waited for" not in response.content.decode()


def test_the_first_free_times_name_what_somebody_waits_for(site: Site, staff: Staff, nurse: Client) -> None:
    now = timezone.now()
    for weekday in range(7):
        rosters.set_hours(
            site=site, user=None, role="clinic", weekday=weekday, begins=time(0, 5), ends=time(23, 55), by=None, now=now
        )
    Place.objects.create(site=site, name="Room 9")
    nurse_user = staff["nurse"]
    for number, kind in enumerate(("follow-up", "integration", "follow-up")):
        patient = people.register_patient(
            site=site, family_name=f"Waiting{number}", given_name="Elm", birth_on=date(1980, 1, 1), by=nurse_user,
            now=now,
        )  # fmt: skip
        add_waiting(site=site, patient=patient, kind=kind, by=nurse_user, now=now + timedelta(seconds=number))
    words = nurse.get(reverse("web:referrals-free")).content.decode()
    found = re.search(r"waited for: ([^<]+)", words)
    assert found is not None, words
    told = [part.partition(": ")[0] for part in found[1].split("; ")]
    assert told == ["follow-up", "integration"]
    assert "Waiting" not in words


def test_an_extreme_told_dose_is_asked_about_and_blocks_nothing(site: Site, staff: Staff, nurse: Client) -> None:
    told = {"trial_1_drug": "Sertraline", "trial_1_dose_mg": "5000", "medicine_1_name": "ketamine"}
    referral = receive(site, staff, **told, medicine_1_dose="3,500 mg", has_no_trials=None, takes_no_medicines=None)
    page = read(nurse, referral)
    for words in (
        "Sertraline: 5000 mg a day told",
        "an adequate trial begins at 50 mg a day",
        "ketamine: 3,500 mg told",
        "no protocol here has a limit above 400 mg",
        "SITE, row I-11, check the dose; site policy",
    ):
        assert words in page
    assert 'value="accept"' in page


def test_the_count_of_what_is_missing_cannot_be_read_as_what_is_there(site: Site, staff: Staff, nurse: Client) -> None:
    page = read(nurse, receive(site, staff))
    assert re.search(r"\d+ of \d+ not told", page)
    assert "asked items" not in page


def test_what_was_told_says_no_response_and_begins_with_safety(site: Site, staff: Staff, nurse: Client) -> None:
    trial = {"trial_1_drug": "Sertraline", "trial_1_dose_mg": "200", "trial_1_weeks": "10", "trial_1_outcome": "none"}
    referral = receive(site, staff, **trial, allergies="Penicillin")
    act(nurse, referral, "accept", decision="accept")
    referral.refresh_from_db()
    page = nurse.get(reverse("web:patient-told", args=[referral.patient_id])).content.decode()
    assert "Tried: Sertraline, 200 mg, 10 weeks, no response" in page
    assert page.index("Allergy: Penicillin") < page.index("Tried: Sertraline")
