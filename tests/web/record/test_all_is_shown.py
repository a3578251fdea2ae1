"""What was typed into a session is read again wherever its record is shown: page, hand-off page, printed sheets."""

import io
from typing import Any

import pytest
from pypdf import PdfReader

from tests.web.sessions.session_support import Cast

pytestmark = pytest.mark.django_db
ENDING = {
    "kind": "transferred",
    "to": "City Hospital ZZTOP",
    "told": "Dr QQTOLD, 11:02",
    "last_vitals": "VVLAST 118/74",
    "note": "NNNOTE",
    "drug_reconciled": False,
}
# command, what is typed, what must be read again
ENTRIES: tuple[tuple[str, dict[str, Any], tuple[str, ...]], ...] = (
    (
        "record-arrival",
        {"escort": "Rowan Escort", "escort_phone": "555 0117", "note": "Came late."},
        ("Rowan Escort", "555 0117", "Came late."),
    ),
    (
        "record-check",
        {"check": "fasting", "passed": True, "solids_h": "11", "solids_kind": "light", "fluids_h": "3.5"},
        ("Since solid food: 11 h", "light", "3.5 h"),
    ),
    (
        "record-check",
        {"check": "reconciliation", "passed": True, "taken": "lisinopril 10 mg 07:10", "held": ["semaglutide"]},
        ("lisinopril 10 mg 07:10", "semaglutide"),
    ),
    ("record-suicide-screen", {"level": 0, "behaviour": False, "note": "Calm."}, ("Calm.",)),
    (
        "record-vitals",
        {"systolic": 124, "diastolic": 78, "mean": 93, "position": "reclined", "note": "Left arm."},
        ("93 mmHg", "reclined", "Left arm."),
    ),
    (
        "record-access",
        {"site": "left-forearm", "gauge": 22, "state": "placed", "flush_ml": "10"},
        ("left forearm", "22 G", "10 mL"),
    ),
    (
        "record-drug-given",
        {"drug": "ondansetron", "dose": "4 mg", "route": "iv", "purpose": "premedication", "note": "Slowly."},
        ("ondansetron 4 mg", "Route: IV", "Slowly."),
    ),
    (
        "record-adverse-event",
        {"kind": "Fell against the chair", "severity": "mild", "serious": False, "note": "No wound."},
        ("Fell against the chair", "Serious: no", "No wound."),
    ),
    ("set-preferences", {"preferences": ["blue mask"], "helped": ["quiet"], "note": "Window."}, ("blue mask", "quiet")),
    ("record-ending", ENDING, ("City Hospital ZZTOP", "QQTOLD", "VVLAST 118/74", "NNNOTE", "Drug reconciled: no")),
)
PLACES = ("session", "session-handoff", "session-record")


def read(cast: Cast, name: str) -> str:
    """Return the words of a page or of a printed sheet."""
    answer = cast.client(cast.nurse).get(cast.url(name))
    assert answer.status_code == 200
    if answer["Content-Type"] != "application/pdf":
        return " ".join(answer.content.decode().split())
    pages = PdfReader(io.BytesIO(answer.content)).pages
    # a sheet breaks words over its lines
    return " ".join(" ".join(page.extract_text() for page in pages).split())


@pytest.fixture
def cast() -> Cast:
    made = Cast()
    for number, (command, data, _words) in enumerate(ENTRIES, 1):
        made.say(command, data, after_s=60 * number)
    return made


@pytest.mark.parametrize("place", PLACES)
def test_every_entry_is_read_again_with_all_its_fields(cast: Cast, place: str) -> None:
    text = read(cast, place)
    for command, _data, words in ENTRIES:
        assert [part for part in words if part not in text] == [], (place, command)


@pytest.mark.parametrize("place", ["session-handoff", "session-handoff-pdf"])
def test_the_sheet_of_a_transfer_opens_with_where_to_who_was_told_and_the_drug(cast: Cast, place: str) -> None:
    text = read(cast, place)
    for words in ("City Hospital ZZTOP", "QQTOLD", "VVLAST 118/74", "NNNOTE", "Drug reconciled"):
        assert words in text, words
    assert text.index("City Hospital ZZTOP") < text.index("124")


def test_what_was_not_answered_is_not_recorded_and_not_no() -> None:
    made = Cast()
    made.say("record-ending", {"kind": "transferred"}, after_s=60)
    for place in ("session-handoff", "session-handoff-pdf"):
        assert read(made, place).count("not recorded") >= 4, place
        assert "Drug reconciled: no" not in read(made, place).replace("not recorded", "")


def test_a_corrected_ending_says_what_is_right() -> None:
    made = Cast()
    made.say("record-ending", ENDING, after_s=60)
    made.session.refresh_from_db()
    seq = made.session.events.get(type="ending-recorded").seq
    data = {"to": "Harbour Hospital", "drug_reconciled": True}
    made.say("correct-entry", {"seq": seq, "data": data, "reason": "heard wrongly"}, after_s=120)
    text = read(made, "session-handoff-pdf")
    assert "To: Harbour Hospital" in text
    assert "Drug reconciled: yes" in text
    assert "To now: Harbour Hospital" in read(made, "session-record")


def test_an_order_by_word_of_mouth_names_its_prescriber_and_what_was_ordered() -> None:
    made = Cast()
    data = {"prescriber": str(made.prescriber.pk), "order": "Half the rate", "read_back": True, "rate_ml_per_h": "50"}
    made.say("record-verbal-order", data, after_s=60)
    for place in PLACES:
        text = read(made, place)
        missing = [part for part in ("Half the rate", "Read back: yes", "Rate: 50 mL/h") if part not in text]
        assert missing == [], place
        assert str(made.prescriber.pk) not in text.split("Verbal order recorded")[1][:200], place


def test_a_handover_says_to_whom_and_with_which_words() -> None:
    made = Cast()
    made.say("assign-nurse", {"nurse": str(made.nurse.pk)}, after_s=60)
    made.say("offer-handover", {"to": str(made.prescriber.pk), "note": "Watch the left arm."}, after_s=120)
    for place in PLACES:
        text = read(made, place)
        assert "Watch the left arm." in text, place
        assert made.prescriber.display_name in text, place
