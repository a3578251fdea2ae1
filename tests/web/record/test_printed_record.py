"""The printed record: what stands on it, that it is tagged, and who may have it."""

import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from afterglow.clinic.audit.models import ReadEvent
from afterglow.clinic.dosing_sessions.actions import submit_command
from afterglow.web.record.build import build_record
from tests.web.sessions.session_support import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    made = Cast()
    made.say("record-arrival", after_s=60)
    made.say("record-vitals", {"systolic": 124, "diastolic": 78, "heart_rate": 66, "spo2": 98}, after_s=120)
    made.say("record-note", {"note": "Quiet <b>room</b> #set page(fill: red)"}, after_s=180)
    return made


def read_text(body):
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages).split())


def fetch(cast, user=None, name="session-record"):
    return cast.client(user or cast.prescriber).get(cast.url(name))


def test_the_record_says_who_what_and_how_to_verify(cast):
    answer = fetch(cast)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    text = read_text(answer.content)
    cast.session.refresh_from_db()
    for words in (
        "Demo, Alder",
        "000-104",
        "124/78",
        "not asked",
        "afterglow audit verify",
        cast.session.head_hash[:8],
    ):
        assert words in text, words


def test_the_record_is_a_tagged_document_with_a_title_and_a_language(cast):
    reader = PdfReader(io.BytesIO(fetch(cast).content))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"].startswith("en")
    assert "Session record" in reader.metadata.title


def test_free_text_is_printed_as_text_and_never_read_as_markup(cast):
    assert "<b>room</b> #set page(fill: red)" in read_text(fetch(cast).content)


def test_before_the_dose_nothing_is_missed_and_nothing_is_released(cast):
    data = build_record(cast.session, now=timezone.now(), by=cast.prescriber)
    assert not any(isinstance(cell, dict) for row in data["measurements"]["rows"] for cell in row)
    assert data["pump"]["rows"] == []
    assert data["release"]["note"] == "not released"


def test_a_correction_stands_beside_what_was_typed_first(cast):
    cast.session.refresh_from_db()
    seq = next(row.seq for row in cast.session.events.filter(type="vitals-recorded"))
    cast.say("correct-entry", {"seq": seq, "data": {"systolic": 142}, "reason": "misread"}, after_s=240)
    text = read_text(fetch(cast).content)
    assert "142/78" in text
    assert "BP 124/78" in text
    assert "misread" in text


def test_a_late_entry_is_marked_as_late(cast):
    at = cast.now + timedelta(seconds=3000)
    submit_command(
        session=cast.session,
        type="record-symptom",
        data={"kind": "nausea", "level": "mild"},
        by=cast.nurse,
        now=at,
        occurred_at=cast.now + timedelta(seconds=200),
    )
    assert "(entered" in read_text(fetch(cast).content)


@pytest.mark.parametrize("name", ["session-handoff-pdf", "downtime-pdf"])
def test_the_other_sheets_print_too(cast, name):
    url = reverse("web:downtime-pdf") if name == "downtime-pdf" else cast.url(name)
    answer = cast.client(cast.nurse).get(url)
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF-")


def test_a_stranger_cannot_tell_whether_the_session_exists(cast):
    assert fetch(cast, cast.stranger).status_code == 404


def test_a_therapist_reads_but_does_not_print(cast):
    assert fetch(cast, cast.therapist).status_code in (403, 404)


def test_printing_is_written_down(cast):
    before = ReadEvent.objects.count()
    fetch(cast)
    assert ReadEvent.objects.count() > before


def test_without_the_font_the_page_says_what_is_missing_and_nothing_is_filed(cast, monkeypatch):
    monkeypatch.setattr("afterglow.clinic.documents.typesetting.FONT_FOLDER", "no-such-folder")
    answer = fetch(cast)
    assert answer.status_code == 503
    assert "afterglow assets" in answer.content.decode()
    assert not cast.session.patient.documents.exists()
