"""A downtime sheet entered afterwards: looked at without storing, stored whole with two names, told row by row."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.messages import get_messages
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from afterglow.clinic.accounts.signers import set_pin
from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.dosing_sessions.actions import get_view
from afterglow.clinic.dosing_sessions.fold import forget_states
from afterglow.clinic.dosing_sessions.models import EventNote, SessionEvent
from afterglow.clinic.dosing_sessions.verify import verify_clinic
from afterglow.web.sessions.forms.paper import read_rows
from tests.storage_support import make_user
from tests.web.sessions.session_support import PIN, Cast

pytestmark = pytest.mark.django_db


class Sheet:
    """A session of two hours ago, its sheet with three lines, and who signs it with the nurse."""

    def __init__(self) -> None:
        """Open the session and give the second person a PIN."""
        self.cast = Cast()
        set_pin(user=self.cast.prescriber, pin=PIN, by=self.cast.manager, now=self.cast.now)
        self.zone = ZoneInfo(self.cast.site.timezone)
        self.day = self.cast.now.astimezone(self.zone).date().isoformat()
        self.fields: dict[str, str] = {"day": self.day, "request_key": "abc123", "second.username": "petra"}
        self.rows: list[str] = []

    def clock(self, minutes: int) -> str:
        """Return the clinic's clock some minutes after the session was opened."""
        return f"{(self.cast.now + timedelta(minutes=minutes)).astimezone(self.zone):%H:%M}"

    def write(self, number: int, kind: str, minutes: int, **data: str) -> None:
        """Write one line."""
        self.rows.append(str(number))
        self.fields |= {f"r{number}.kind": kind, f"r{number}.time": self.clock(minutes)}
        self.fields |= {f"r{number}.data.{name}": value for name, value in data.items()}

    def write_three(self) -> None:
        """Write readings, a drug and a note, the note before the others in time."""
        self.write(1, "vitals", 20, systolic="128", diastolic="76", heart_rate="84", spo2="97")
        self.write(2, "record-drug-given", 25, drug="ondansetron", dose="4 mg", route="iv", purpose="rescue")
        self.write(3, "record-note", 10, note="Power out.")

    def post(self, act: str, user: Any = None, **more: str) -> Any:
        """Send the form."""
        return self.cast.client(user).post(self.url, {**self.fields, "row": self.rows, "act": act, **more})

    def count(self) -> tuple[int, int, int]:
        """Return how much is stored."""
        return SessionEvent.objects.count(), EventNote.objects.count(), AuditEvent.objects.count()

    @property
    def url(self) -> str:
        """The page."""
        return reverse("web:session-from-paper", args=[self.cast.session.pk])


@pytest.fixture
def sheet() -> Sheet:
    forget_states()
    return Sheet()


def test_looking_stores_nothing_and_says_what_can_be_stored(sheet: Sheet) -> None:
    sheet.write_three()
    before = sheet.count()[:2]
    page = sheet.post("look")
    text = page.content.decode()
    assert page.status_code == 200, text
    assert "All 3 rows can be stored" in text
    assert sheet.count()[:2] == before
    sheet.cast.session.refresh_from_db()
    assert sheet.cast.session.last_seq == 1


def test_all_rows_are_stored_at_their_times_as_late_with_two_names(sheet: Sheet) -> None:
    sheet.write_three()
    page = sheet.post("store", **{"second.secret": PIN})
    assert page.status_code == 302, page.content.decode()
    sheet.cast.session.refresh_from_db()
    log = get_view(sheet.cast.session, timezone.now())["log"]
    entered = [row for row in log if row["seq"] > 1 and row["type"] != "alarm-raised"]
    assert [row["type"] for row in entered] == ["note-recorded", "vitals-recorded", "drug-given"]
    assert all(row["is_late"] for row in entered)
    events = SessionEvent.objects.filter(session=sheet.cast.session, type__in=[row["type"] for row in entered])
    assert {(event.by, event.second) for event in events} == {(sheet.cast.nurse.pk, sheet.cast.prescriber.pk)}
    opened = sheet.cast.now.replace(second=0, microsecond=0)
    assert [(event.occurred_at - opened) // timedelta(minutes=1) for event in events.order_by("seq")] == [10, 20, 25]
    assert all(event.recorded_at - event.occurred_at > timedelta(hours=1) for event in events)
    assert not verify_clinic().faults


def test_one_wrong_row_keeps_all_out_and_each_row_says_its_own(sheet: Sheet) -> None:
    sheet.write_three()
    sheet.write(4, "vitals", 30, systolic="128")
    sheet.write(5, "vitals", 35, heart_rate="999")
    sheet.write(6, "give-injection", 40, dose_mg="40", site="left-deltoid")
    before = sheet.count()[0]
    page = sheet.post("store", **{"second.secret": PIN})
    text = page.content.decode()
    assert page.status_code == 422
    assert sheet.count()[0] == before
    assert "3 of 6 rows cannot be stored" in text
    parts = {number: text.split(f'id="row-{number}"')[1].split("</fieldset>")[0] for number in range(1, 7)}
    assert ["Not as it stands" in parts[number] for number in range(1, 7)] == [False] * 3 + [True] * 3
    assert "20 to 260" in parts[5]
    assert 'value="128"' in parts[4]


@pytest.mark.parametrize(
    ("signed", "words"),
    [
        ({"second.secret": ""}, "A second person signs the sheet"),
        ({"second.username": ""}, "A second person signs the sheet"),
        ({"second.secret": "111111"}, ""),
        ({"second.username": "nora", "second.secret": PIN}, ""),
    ],
)
def test_without_another_persons_signature_nothing_is_stored(sheet: Sheet, signed: dict[str, str], words: str) -> None:
    sheet.write_three()
    page = sheet.post("store", **{"second.secret": PIN, **signed})
    assert page.status_code == 422
    assert words in page.content.decode()
    assert 'id="second-error"' in page.content.decode()
    assert SessionEvent.objects.filter(session=sheet.cast.session).count() == 1


def test_the_same_sheet_sent_twice_is_stored_once(sheet: Sheet) -> None:
    sheet.write_three()
    for _ in range(2):
        assert sheet.post("store", **{"second.secret": PIN}).status_code == 302
    assert SessionEvent.objects.filter(session=sheet.cast.session, type="drug-given").count() == 1


def test_a_time_that_cannot_be_read_or_lies_ahead_is_told_at_its_row(sheet: Sheet) -> None:
    sheet.write(1, "record-note", 5, note="One.")
    sheet.write(2, "record-note", 200, note="Two.")
    sheet.fields["r1.time"] = "quarter past"
    text = sheet.post("look").content.decode()
    assert "Write the time on the sheet" in text.split('id="row-1"')[1].split("</fieldset>")[0]
    assert 'id="row-2-time-error"' in text


def test_a_first_row_after_midnight_belongs_to_the_night_of_the_session() -> None:
    opened = datetime(2026, 3, 14, 23, 40, tzinfo=ZoneInfo("Europe/Vienna"))
    for written, day, expected in (
        (("23:50", "00:10", "0030"), 14, ((14, 23), (15, 0), (15, 0))),
        (("00:10", "00:30"), 14, ((15, 0), (15, 0))),
        (("00:10",), 15, ((15, 0),)),
        (("23:30", "23:55"), 14, ((14, 23), (14, 23))),
    ):
        posted = QueryDict(mutable=True)
        for number, clock in enumerate(written, 1):
            posted.appendlist("row", str(number))
            posted.update({f"r{number}.kind": "record-note", f"r{number}.time": clock, f"r{number}.data.note": "One."})
        rows = read_rows(posted, date(2026, 3, day), opened, opened + timedelta(hours=6))
        assert tuple((row.at.day, row.at.hour) for row in rows if row.at is not None) == expected, written


def test_blank_rows_are_no_entries_and_an_empty_sheet_is_said(sheet: Sheet) -> None:
    sheet.rows = ["1", "2"]
    sheet.fields |= {"r1.kind": "vitals", "r2.kind": "record-score", "r2.data.scale": "cadss6"}
    page = sheet.post("look")
    assert page.status_code == 422
    assert "Nothing is written in any row" in page.content.decode()


def test_rows_are_added_and_taken_off_and_what_was_typed_stays(sheet: Sheet) -> None:
    sheet.write_three()
    text = sheet.post("add", kind="record-pump-reading", count="2").content.decode()
    assert text.count('name="row"') == 5
    assert 'value="ondansetron"' in text
    text = sheet.post("look", drop="2").content.decode()
    assert text.count('name="row"') == 2
    assert "ondansetron" not in text
    assert sheet.post("add", kind="sign-release", count="2").content.decode().count('name="row"') == 3
    assert sheet.post("elsewhere").status_code == 404


def test_who_may_not_record_has_no_such_page(sheet: Sheet) -> None:
    assert sheet.cast.client(sheet.cast.therapist).get(sheet.url).status_code == 403
    assert sheet.cast.client(sheet.cast.stranger).get(sheet.url).status_code == 404
    page = sheet.cast.client().get(sheet.url)
    assert page.status_code == 200
    assert page.content.decode().count('name="row"') == 4


def send_first(sheet: Sheet) -> int:
    """Store the three lines, and lose the answer on the line; return the number of the last entry."""
    sheet.write_three()
    assert sheet.post("store", **{"second.secret": PIN}).status_code == 302
    sheet.cast.session.refresh_from_db()
    return sheet.cast.session.last_seq


def read_key(text: str) -> str:
    return text.split('name="request_key" value="')[1].split('"')[0]


def count_entered(sheet: Sheet) -> dict[str, int]:
    """Return how often each kind of line of the sheet is stored."""
    events = SessionEvent.objects.filter(session=sheet.cast.session)
    kinds = ("vitals-recorded", "drug-given", "note-recorded")
    return {kind: events.filter(type=kind).count() for kind in kinds}


def test_a_row_added_after_a_lost_answer_is_told_and_stored_with_a_fresh_key_and_nothing_twice(sheet: Sheet) -> None:
    seq = send_first(sheet)
    sheet.write(4, "vitals", 30, systolic="199", diastolic="109")
    page = sheet.post("store", **{"second.secret": PIN})
    text = page.content.decode()
    assert page.status_code == 422
    assert 'data-code="request-key-used"' in text
    sheet.cast.session.refresh_from_db()
    assert sheet.cast.session.last_seq == seq
    told = text.split('id="refused"')[1].split("</ul>")[0]
    assert all(words in told for words in ("BP 128/76", "ondansetron 4 mg", "Power out."))
    assert "199" not in told
    assert "1 row below is not stored." in text
    # what is stored is off the form, what is not stays as it was typed
    assert text.count('name="row"') == 1
    assert 'value="199"' in text
    assert read_key(text) != sheet.fields["request_key"]
    sheet.rows, sheet.fields["request_key"] = ["4"], read_key(text)
    page = sheet.post("store", **{"second.secret": PIN})
    assert page.status_code == 302, page.content.decode()
    assert count_entered(sheet) == {"vitals-recorded": 2, "drug-given": 1, "note-recorded": 1}
    assert not verify_clinic().faults


@pytest.mark.parametrize("act", ["look", "store"])
def test_a_changed_row_is_not_taken_for_the_stored_one(sheet: Sheet, act: str) -> None:
    send_first(sheet)
    sheet.fields["r1.data.systolic"] = "138"
    text = sheet.post(act, **{"second.secret": PIN}).content.decode()
    assert "BP 128/76" in text.split('id="refused"')[1].split("</ul>")[0]
    assert text.count('name="row"') == 1
    assert 'value="138"' in text
    assert count_entered(sheet) == {"vitals-recorded": 1, "drug-given": 1, "note-recorded": 1}


def test_another_person_who_sends_the_same_sheet_is_told_that_it_is_stored(sheet: Sheet) -> None:
    send_first(sheet)
    other = make_user("noor", sheet.cast.site, "nurse")
    page = sheet.post("store", other, **{"second.secret": PIN})
    assert page.status_code == 422
    assert "nothing is left to store" in page.content.decode()
    assert count_entered(sheet) == {"vitals-recorded": 1, "drug-given": 1, "note-recorded": 1}


def test_a_row_that_cannot_be_read_stays_on_the_form_when_the_others_are_stored_already(sheet: Sheet) -> None:
    send_first(sheet)
    sheet.write(4, "vitals", 30, heart_rate="999")
    text = sheet.post("store", **{"second.secret": PIN}).content.decode()
    assert "1 row below is not stored." in text
    assert 'value="999"' in text
    assert "20 to 260" in text


def test_the_same_sheet_again_says_that_it_was_stored_already(sheet: Sheet) -> None:
    send_first(sheet)
    page = sheet.post("store", **{"second.secret": PIN})
    assert page.status_code == 302
    shown = sheet.cast.client().get(sheet.cast.url())
    assert shown.status_code == 200
    told = [str(each) for each in get_messages(page.wsgi_request)]
    assert told == ["Stored already: 3 entries from paper, once."]


def test_a_line_that_can_only_be_written_once_is_recognised_when_the_sheet_comes_again(sheet: Sheet) -> None:
    sheet.write(1, "record-weight", 5, weight_kg="72.0")
    sheet.write(2, "record-score", 8, scale="cadss6", total="4")
    sheet.write(3, "record-symptom", 9, level="mild", note="After the drive.")
    sheet.fields["r3.data.kind"] = "nausea"
    sheet.write(4, "record-left", 40, company="other", **{"with": "Rowan Escort"})
    for expected in ("Stored: 4 entries", "Stored already: 4 entries"):
        page = sheet.post("store", **{"second.secret": PIN})
        assert page.status_code == 302, page.content.decode()
        assert str(list(get_messages(page.wsgi_request))[-1]).startswith(expected)
    sheet.write(5, "record-note", 41, note="Phoned.")
    text = sheet.post("look").content.decode()
    assert text.count('name="row"') == 1
    assert SessionEvent.objects.filter(session=sheet.cast.session, type="patient-left").count() == 1


def test_the_number_of_entries_is_counted_in_the_record(sheet: Sheet) -> None:
    sheet.write(1, "vitals", 20, systolic="204", diastolic="118")
    page = sheet.post("store", **{"second.secret": PIN})
    events = SessionEvent.objects.filter(session=sheet.cast.session)
    assert events.filter(type="alarm-raised").exists()
    assert [str(each) for each in get_messages(page.wsgi_request)] == ["Stored: 1 entry from paper."]
