"""Whatever was typed is printed: what the fonts cannot draw stands as its number, and the sheet says so at its foot."""

import io
import logging
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from afterglow.chairside import parse_command
from afterglow.clinic.documents.drawable import find_undrawn, list_letters, write_numbers
from afterglow.clinic.documents.typesetting import PrintFailed, typeset
from afterglow.terms import InvalidInput
from tests.web.sessions.session_support import Cast

FONTS = Path(str(files("afterglow.clinic.documents"))) / "fonts"
NOW = datetime(2026, 11, 17, 9, 0, tzinfo=UTC)
FOOT = "cannot draw stand as their Unicode numbers"
# text, whether every character is drawn
SCRIPTS: tuple[tuple[str, str, bool], ...] = (
    ("English", "Slept well.", True),
    ("Vietnamese", "Nguyễn Thị Ánh", True),
    ("Polish", "Małgorzata Żółć", True),
    ("Turkish", "Işıl Gökçe", True),
    ("accents typed apart", "Rene\u0301e", True),
    ("Greek", "Ελένη", True),
    ("Cyrillic", "Привіт", True),
    ("Hebrew", "שלום", True),
    ("Arabic", "مرحبا", True),
    ("Hindi", "नमस्ते", True),
    ("arrows and signs", "128 → 96, ≥ 90, CO₂, ½, µg", True),
    ("Bengali", "রহিমা বেগম", False),
    ("Tamil", "வணக்கம்", False),
    ("Thai", "สวัสดี", False),
    ("Chinese", "王小明", False),
    ("Japanese", "やまだ 花子", False),
    ("Korean", "김철수", False),
    ("Amharic", "ሰላም", False),
    ("emoji", "slept well 🙂", False),
    ("emoji of several characters", "👩🏽‍⚕️ 🇧🇩 ❤️", False),
    ("wide digits", "１２８/７６", False),
    ("a control character", "a\x07b", False),
    ("private use", "a\ue000b", False),
    ("not assigned", "a\ufdd0b", False),
    ("half of a pair", "a\ud83db", False),
)


def print_letter(*paragraphs: str) -> str:
    """Return the words of a letter with these paragraphs."""
    data = {
        "title": "Letter",
        "lang": "en",
        "paper": "a4",
        "site": {"name": "Harbour House", "address": "", "phone": ""},
        "paragraphs": list(paragraphs),
        "mark": "",
    }
    body = typeset("afterglow.clinic.referrals", "letter", data, now=NOW)
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages).split())


@pytest.mark.parametrize(("text", "is_drawn"), [row[1:] for row in SCRIPTS], ids=[row[0] for row in SCRIPTS])
def test_every_script_prints_drawn_or_as_numbers(text: str, is_drawn: bool) -> None:
    printed = print_letter(f"Begin {text} end")
    assert (FOOT in printed) is not is_drawn
    assert ("[U+" in printed) is not is_drawn
    assert "Begin" in printed
    assert "end" in printed


def test_a_number_stands_in_the_place_of_each_character() -> None:
    assert "Begin [U+09B0 U+09B9 U+09BF U+09AE U+09BE] end" in print_letter("Begin রহিমা end")
    assert "slept well [U+1F642]." in print_letter("slept well 🙂.")


def test_the_same_text_gives_the_same_sheet() -> None:
    assert print_letter("slept well 🙂") == print_letter("slept well 🙂")


# text as commands take it: their longest is told elsewhere, setting it takes long
TYPED = st.text(st.characters(), min_size=1, max_size=60)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=st.lists(TYPED, min_size=1, max_size=4))
def test_any_text_that_a_command_takes_prints(words: list[str]) -> None:
    taken = []
    for text in words:
        try:
            taken.append(str(parse_command("record-note", {"note": text}).data["note"]))
        except InvalidInput:
            continue
    assert print_letter("Begin", *taken, "end").startswith("Harbour House Begin")


def test_nothing_is_replaced_that_is_drawn_and_keys_stay() -> None:
    data = {"title": "รหัส", "rows": [["a", "b🙂c"], {"text": "ok", "strong": True}], "n": 3, "none": None}
    undrawn = find_undrawn(list_letters(data), FONTS)
    assert write_numbers(data, undrawn) == {
        "title": "[U+0E23 U+0E2B U+0E31 U+0E2A]",
        "rows": [["a", "b[U+1F642]c"], {"text": "ok", "strong": True}],
        "n": 3,
        "none": None,
    }


def test_the_message_of_a_failure_quotes_nothing_of_the_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afterglow.clinic.documents.typesetting.find_undrawn", lambda letters, fonts: frozenset())
    monkeypatch.setattr("afterglow.clinic.documents.typesetting.find_unsafe", lambda letters: frozenset())
    with pytest.raises(PrintFailed) as failed:
        print_letter("রহিমা 🙂")
    assert str(failed.value) == "PDF/UA-1 error: the text"
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None


def test_letters_that_fail_together_still_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afterglow.clinic.documents.typesetting.find_undrawn", lambda letters, fonts: frozenset())
    assert "slept well [U+1F642]" in print_letter("slept well 🙂")


@pytest.mark.django_db
def test_the_sheets_of_a_session_print_what_was_typed_and_the_page_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    cast = Cast()
    cast.say("record-note", {"note": "slept well 🙂 রহিমা"}, after_s=60)
    type(cast.patient).objects.filter(pk=cast.patient.pk).update(family_name="রহমান", preferred_name="王")
    client = cast.client(cast.prescriber)
    summary = reverse("web:patient-print", args=[cast.patient.pk])
    with caplog.at_level(logging.DEBUG):
        for url in (cast.url("session-record"), cast.url("session-handoff-pdf"), summary):
            answer = client.get(url)
            assert answer.status_code == 200, url
            pages = PdfReader(io.BytesIO(answer.content)).pages
            text = " ".join(" ".join(page.extract_text() for page in pages).split())
            assert "[U+09B0 U+09B9 U+09AE U+09BE U+09A8]" in text, url
            assert text.count(FOOT) == len(pages), url
        page = client.get(cast.url("session")).content.decode()
    assert "slept well 🙂 রহিমা" in page
    assert not any(letter in record.getMessage() for record in caplog.records for letter in "🙂র王")


@pytest.mark.django_db
def test_a_sheet_that_cannot_be_set_is_logged_without_its_text(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = Cast()
    cast.say("record-note", {"note": "Named Rowan Alder 🙂"}, after_s=60)
    monkeypatch.setattr("afterglow.clinic.documents.typesetting.find_undrawn", lambda letters, fonts: frozenset())
    monkeypatch.setattr("afterglow.clinic.documents.typesetting.find_unsafe", lambda letters: frozenset())
    answer: Any = cast.client(cast.prescriber).get(cast.url("session-record"))
    assert answer.status_code == 503
    told = [record for record in caplog.records if "sheet could not be set" in record.getMessage()]
    assert len(told) == 1
    assert not any(word in caplog.text for word in ("🙂", "Rowan", "Alder"))
