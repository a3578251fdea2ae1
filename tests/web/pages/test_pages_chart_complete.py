"""The chart complete: the course with its switch, what is due, next visits, told entries, and the printed summary."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from afterglow.clinic.audit.models import ReadEvent
from afterglow.clinic.dosing_sessions.models import Session, SessionEvent
from afterglow.clinic.dosing_sessions.protocols import store_protocol
from afterglow.clinic.people import actions
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.models import HistoryFact, MedicationStatement
from afterglow.clinic.referrals.models import Referral, ToldEntry
from afterglow.clinic.scheduling.models import Appointment
from afterglow.protocols.catalogue import get_effective
from afterglow.web.charts.course import Point
from afterglow.web.present import glance
from afterglow.web.present.scores import Entry, read_scale
from tests.support.measuring import enter, install_wording


def open_glance(client, patient, query=""):
    return client.get(reverse("web:patient", args=[patient.pk]) + query).content.decode()


def score(patient, by, days_ago, value):
    now = timezone.now()
    today = get_local_date(patient.site, now)
    HistoryFact.objects.create(
        patient=patient,
        name=glance.PHQ9_FACT,
        value=value,
        observed_on=today - timedelta(days=days_ago),
        recorded_at=now,
        recorded_by=by,
    )


def book(patient, by, starts_at, state="booked"):
    return Appointment.objects.create(
        site=patient.site,
        patient=patient,
        kind="follow-up",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
        state=state,
        booked_by=by,
        booked_at=timezone.now(),
    )


def begin_dose(patient, by, days_ago):
    """Store a session whose dose began some days ago."""
    at = timezone.now() - timedelta(days=days_ago)
    snapshot = store_protocol(get_effective("iv-racemic"), now=at)
    session = Session.objects.create(
        patient=patient, site=patient.site, protocol=snapshot, phase="left", opened_at=at, opened_by=by
    )
    SessionEvent.objects.create(
        session=session, seq=1, type="dosing-started", version=1, occurred_at=at, recorded_at=at, by=by.pk, body=b"{}",
        previous="", hash=f"{session.pk:0>64}"[-64:],
    )  # fmt: skip


@pytest.fixture
def scored(patient, staff):
    for days_ago, value in ((300, 22), (200, 12), (60, 4), (5, 6)):
        score(patient, staff["nurse"], days_ago, value)
    return patient


def test_the_switch_narrows_the_drawing_and_leaves_the_figures(scored, staff, sign_in):
    begin_dose(scored, staff["nurse"], 290)
    client = sign_in("nurse")
    whole, half = open_glance(client, scored), open_glance(client, scored, "?span=half-year")
    assert (whole.count("course__mark"), half.count("course__mark")) == (4, 2)
    for page in (whole, half):
        assert "22 to 6" in page
        assert "Response: 11 or below" in page
        assert "since first remission" in page


def test_the_table_stands_in_place_of_the_drawing(scored, sign_in):
    page = open_glance(sign_in("nurse"), scored, "?as=table&span=half-year")
    assert "course__mark" not in page
    assert page.count("<td>PHQ-9</td>") == 2


@pytest.mark.parametrize("query", ["?span=%00", "?span=x&as=y", "?as=table"])
def test_an_unknown_switch_or_nothing_to_show_breaks_nothing(query, patient, sign_in):
    assert "No score and no session yet" in open_glance(sign_in("nurse"), patient, query)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [(22, 4, "remission"), (22, 11, "response"), (21, 11, ""), (22, 5, "response"), (4, 3, "")],
)
def test_the_outcome_follows_the_lines_of_the_drawing(first, last, words):
    assert glance.describe_outcome(first, last) == words


def test_the_first_remission_follows_the_first_dose_from_a_baseline_that_was_none():
    on = datetime(2026, 5, 1, tzinfo=UTC)
    entries = [
        Entry(Point((on + timedelta(days=7 * place)).date(), value), None)
        for place, value in enumerate((3, 9, 5, 4, 2))
    ]
    assert find_remission(entries, on + timedelta(days=8)) == on.date() + timedelta(days=21)
    assert find_remission(entries, on + timedelta(days=1)) is None  # 3 before the dose: not ill
    assert find_remission(entries, None) is None


def find_remission(entries, first_dose_at):
    return glance.find_first_remission(read_scale(entries, first_dose_at))


def test_response_on_card_and_line_is_of_the_last_score_before_the_first_dose(patient, staff, sign_in):
    for days_ago, value in ((150, 22), (140, 21), (0, 11)):
        score(patient, staff["nurse"], days_ago, value)
    client = sign_in("nurse")
    assert "Response:" not in open_glance(client, patient)  # no dose yet: no baseline
    begin_dose(patient, staff["nurse"], 140)
    page = open_glance(client, patient)
    assert "Response: 10.5 or below" in page
    assert "21 to 11" in page
    assert "down 48%" in page
    assert "<b>response" not in page
    assert ">response<" not in page


def test_chart_entry_beside_a_form_of_its_day_is_shown_and_says_why_it_is_not_used(patient, staff, sign_in):
    install_wording()
    for days_ago, value in ((30, 20), (0, 9)):
        score(patient, staff["nurse"], days_ago, value)
    begin_dose(patient, staff["nurse"], 29)
    answers = {str(item): 1 for item in range(1, 9)} | {"9": 0}
    enter(patient, staff["nurse"], "phq9", answers, "today", now=timezone.now())
    client = sign_in("nurse")
    page = open_glance(client, patient)
    assert "3 PHQ-9" in page
    assert (page.count('class="course__mark"'), page.count('class="course__aside"')) == (2, 1)
    assert "20 to 8" in page
    table = open_glance(client, patient, "?as=table")
    assert "9 (not used: a form of that day goes before it)" in table
    assert table.count("<td>PHQ-9</td>") == 3


def test_the_next_booked_visit_is_shown_and_past_or_cancelled_ones_are_not(patient, staff, sign_in):
    client, now = sign_in("nurse"), timezone.now()
    book(patient, staff["nurse"], now - timedelta(days=2))
    book(patient, staff["nurse"], now + timedelta(days=1), state="cancelled")
    page = open_glance(client, patient)
    assert "not booked" in page
    assert f"/schedule/?patient={patient.pk}" in page
    visit = book(patient, staff["nurse"], now + timedelta(days=3))
    page = open_glance(client, patient)
    assert "not booked" not in page
    assert reverse("web:visit", args=[visit.pk]) in page


def test_screens_due_stand_under_the_findings_with_rule_and_source(patient, sign_in):
    page = open_glance(sign_in("nurse"), patient)
    assert 'data-rule="LT-1"' in page
    assert "not done yet" in page
    assert reverse("web:patient-surveillance", args=[patient.pk]) in page


def tell(patient, entry):
    now = timezone.now()
    referral = Referral.objects.create(
        site=patient.site, family_name="M", given_name="Z", received_at=now, reply_due_at=now, patient=patient
    )
    return ToldEntry.objects.create(
        patient=patient,
        referral=referral,
        kind=entry._meta.model_name,
        entry_id=entry.pk,
        told_by="referral",
        recorded_at=now,
    )


def test_told_entries_are_marked_until_they_are_confirmed(patient, staff, sign_in):
    client, now = sign_in("nurse"), timezone.now()
    entry = MedicationStatement.objects.create(
        patient=patient, name="Sertraline", dose_text="50 mg", recorded_at=now, recorded_by=staff["nurse"]
    )
    told = tell(patient, entry)
    history = reverse("web:patient-history", args=[patient.pk])
    link = reverse("web:patient-told", args=[patient.pk])
    assert "told, not confirmed" in client.get(history).content.decode()
    assert link in open_glance(client, patient)
    told.confirmed_at, told.confirmed_by = now, staff["nurse"]
    told.save()
    assert "told, not confirmed" not in client.get(history).content.decode()
    assert link not in open_glance(client, patient)


def fetch_summary(client, patient):
    answer = client.get(reverse("web:patient-print", args=[patient.pk]))
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (200, "application/pdf", "no-store")
    reader = PdfReader(io.BytesIO(answer.content))
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split()), reader


def test_the_printed_summary_says_what_the_chart_says_and_is_written_down(scored, staff, sign_in):
    now = timezone.now()
    actions.record_allergy(patient=scored, by=staff["nurse"], now=now, substance="Penicillin #set", reaction="rash")
    text, reader = fetch_summary(sign_in("nurse"), scored)
    for words in (
        scored.number,
        "Penicillin #set",
        "rash",
        "Medication",
        "Past trials",
        "No signed plan",
        "No consent on file",
        "PHQ-9",
        "No session yet",
        "LT-1",
        "Printed",
        "Nurse",
    ):
        assert words in text, words
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert ReadEvent.objects.filter(what="printed summary", patient=scored.pk, by=staff["nurse"].pk).count() == 1


def test_the_printed_summary_says_what_is_known_of_suicide_and_what_it_does_not_print(scored, staff, sign_in):
    text, _ = fetch_summary(sign_in("nurse"), scored)
    assert "C-SSRS never asked" in text
    assert "Not printed: answers of the history, and single readings." in text
    answers = {"suicide.ideation": 4, "suicide.behaviour": "recent"}
    actions.record_history(patient=scored, facts=answers, by=staff["nurse"], now=timezone.now())
    text, _ = fetch_summary(sign_in("nurse"), scored)
    assert "C-SSRS never asked" not in text
    assert "chart entry" in text


def test_who_may_not_print_has_no_link_and_no_sheet(patient, sign_in):
    client = sign_in("therapist")
    assert reverse("web:patient-print", args=[patient.pk]) not in open_glance(client, patient)
    assert client.get(reverse("web:patient-print", args=[patient.pk])).status_code == 403
    assert reverse("web:patient-print", args=[patient.pk]) in open_glance(sign_in("nurse"), patient)
