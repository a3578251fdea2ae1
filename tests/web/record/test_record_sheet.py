"""What the sheet makes of a session's events: missed readings, the balance of the drug, the checklist."""

from zoneinfo import ZoneInfo

import pytest

from afterglow.web.record.course_chart import Course, PressurePoint, draw_course
from afterglow.web.record.drug_log import build_drug, build_orders, build_pump, build_release
from afterglow.web.record.sheet import DASH, Source, build_chart, build_events, build_measurements, cell
from tests.support.rooms import Room


def look(room):
    names = {"nurse-1": "P. Nadkarni, RN", "nurse-2": "J. Exemplar, RN", "prescriber-1": "Dr. M. Ferreira, MD"}
    return Source(room.state, room.protocol, room.view, room.events, names, ZoneInfo("America/New_York"))


@pytest.fixture
def running():
    room = Room().start()
    room.wait(minutes=24)
    room.vitals(systolic=163, diastolic=96)
    return room


def test_a_reading_that_was_due_and_not_taken_is_printed_as_missed(running):
    rows = build_measurements(look(running))["rows"]
    assert any(cell == {"text": "missed", "strong": True, "missed": True} for row in rows for cell in row)


def test_the_alarming_reading_stands_out(running):
    table = build_measurements(look(running))
    assert [table["rows"][index][2] for index in table["bold"]] == ["163/96"]


def test_two_readings_in_one_minute_both_stand_on_paper(running):
    running.wait(seconds=20)
    running.vitals(systolic=142, diastolic=88)
    table = build_measurements(look(running))
    assert [row[2] for row in table["rows"][-2:]] == ["163/96", "142/88"]
    assert table["rows"][-1][0] == table["rows"][-2][0]
    assert [table["rows"][index][2] for index in table["bold"]] == ["163/96"]


def test_minutes_count_from_the_start_and_times_are_the_sites(running):
    rows = build_measurements(look(running))["rows"]
    last = rows[-1]
    started = look(running).local(look(running).started_at)
    assert last[1] == "24"
    assert started.tzinfo == ZoneInfo("America/New_York")


def test_the_course_draws_measured_values_only_with_words_for_those_who_cannot_see_it(running):
    chart = build_chart(look(running))
    assert chart["svg"].startswith("<svg")
    assert "limit 160" in chart["svg"]
    assert "table below" in chart["alt"]


def test_drug_log_orders_pump_and_release_agree_with_the_session():
    source = look(Room().finish())
    drug, orders, pump, release = build_drug(source), build_orders(source), build_pump(source), build_release(source)
    assert "difference 0" in drug["note"]
    assert "J. Exemplar, RN" in str(drug["rows"][0][-1])
    assert "mg/kg" in orders["rows"][0]["text"]
    assert pump["rows"][-1][0].endswith("end")
    assert all(row["met"] for row in release["rows"])
    assert "released" in release["note"]


def test_every_signature_names_its_people():
    room = Room().ready()
    lines = [row["text"] for row in build_events(look(room))["rows"] if row["text"].startswith("Time-out")]
    (line,) = lines
    assert line.startswith("Time-out signed: P. Nadkarni, RN, J. Exemplar, RN. Read aloud: patient, drug, dose")


def test_words_in_the_drawing_are_escaped():
    svg = draw_course(Course([PressurePoint(0, 120, 80)], [], [], [], [(0, "<script>")], [], None))
    assert "<script>" not in svg


def test_the_sheet_of_the_drug_stands_beside_the_entries_and_counts_what_was_drawn_once():
    room = Room().arrive().order().prepare()
    room.do("record-preparation", vial_mg_per_ml="50", drawn_ml="0.72", diluent_ml="100", lot="0417-22")
    room.reconcile(prepared_mg="72", given_mg="0", wasted_mg="72")
    drug = build_drug(look(room))
    assert [row[5] for row in drug["rows"]] == [
        cell(DASH, strong=True),
        {"text": "72 mg", "strong": True, "missed": False},
    ]
    signed, agrees = drug["lines"][-2:]
    assert signed.startswith("Signed for: prepared 72 mg, given 0 mg")
    assert agrees == "Every figure agrees with the entries."


@pytest.mark.parametrize(("note", "reason"), [("Dropped, seen by both.", "Dropped, seen by both"), (None, "none")])
def test_what_does_not_agree_is_printed_with_both_numbers_and_the_reason_or_that_there_is_none(note, reason):
    room = Room().observe()
    room.reconcile(prepared_mg="50", given_mg="30", wasted_mg="20", **({"note": note} if note else {}))
    *_, differs, why = build_drug(look(room))["lines"]
    assert differs == (
        "Does not agree with the entries: Prepared 50 mg, drawn by the entries 36 mg; "
        "Given 30 mg, calculated by the clock 36 mg."
    )
    assert why.startswith(f"Reason: {reason}. Second signature: J. Exemplar, RN")


def test_a_spray_is_printed_in_devices():
    room = Room("nasal-esketamine-us").observe().reconcile()
    assert build_drug(look(room))["lines"][-2:] == [
        "Signed for: devices taken out 2, given 2, returned 0, wasted 0.",
        "Every figure agrees with the entries.",
    ]
