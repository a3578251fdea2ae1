"""The account of the drug on its pages: beside the entries, with a task that stands until it is explained."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from afterglow.clinic.dosing_sessions.actions import get_view, submit_command
from afterglow.clinic.errors import Refused
from afterglow.clinic.floor.actions import record_opening_check
from afterglow.clinic.tasks.lists import list_lane
from afterglow.clinic.tasks.models import Task
from afterglow.web.sessions.present.drug import build_drug
from tests.storage_support import make_user
from tests.web.sessions.session_support import Cast

pytestmark = pytest.mark.django_db
KIND = "drug-difference"


@pytest.fixture
def cast() -> Cast:
    """Return a session for which 36 mg were drawn, and that was cancelled before the dose."""
    cast = Cast()
    cast.other = make_user("olga", cast.site, "nurse")  # type: ignore[attr-defined]
    cast.director = make_user("dora", cast.site, "medical-director")  # type: ignore[attr-defined]
    drawn = {"vial_mg_per_ml": "50", "drawn_ml": "0.72", "diluent_ml": "100", "lot": "0417-22"}
    cast.say("record-preparation", drawn, after_s=60)
    cast.say("cancel-session", {"reason": "no escort came"}, after_s=120)
    return cast


def sign(cast: Cast, *, after_s: int, second: Any = None, **amounts: str) -> Any:
    plain = dict.fromkeys(("prepared_mg", "given_mg", "left_in_line_mg", "returned_mg", "wasted_mg"), "0")
    return submit_command(
        session=cast.session,
        type="record-reconciliation",
        data={**plain, **amounts},
        by=cast.nurse,
        second=second,
        now=cast.now + timedelta(seconds=after_s),
    )


def list_tasks() -> list[tuple[str, str, str]]:
    rows = Task.objects.filter(kind=KIND).order_by("opened_at")
    return [(task.state, task.outcome, task.detail) for task in rows]


def test_a_difference_opens_one_task_with_an_owner_a_due_time_and_a_way_up(cast: Cast) -> None:
    sign(cast, after_s=200, prepared_mg="36", wasted_mg="30")
    (task,) = Task.objects.filter(kind=KIND)
    assert (task.owner_role, task.state, task.subject_id) == ("medical-director", "open", cast.session.pk)
    assert task.due_at > task.opened_at
    assert task.escalate_at is not None
    assert task.detail == "Difference 6 mg."
    lane, _total = list_lane(cast.site, cast.nurse, task.due_at, limit=5)
    assert [row.title for row in lane] == ["Controlled drug does not add up"], "it stands on the board"


def test_it_ends_when_it_adds_up_and_another_takes_its_place_when_it_still_does_not(cast: Cast) -> None:
    sign(cast, after_s=200, prepared_mg="36", wasted_mg="30")
    sign(cast, after_s=300, prepared_mg="50", wasted_mg="50", second=cast.other)  # type: ignore[attr-defined]
    seen = "Prepared 50 mg, drawn by the entries 36 mg."
    assert list_tasks() == [("cancelled", "signed-again", "Difference 6 mg."), ("open", "", seen)]
    sign(cast, after_s=400, prepared_mg="36", wasted_mg="36", second=cast.other)  # type: ignore[attr-defined]
    assert list_tasks()[1] == ("done", "added-up", seen)


def test_an_entry_corrected_after_the_sheet_was_signed_opens_the_task_as_well(cast: Cast) -> None:
    sign(cast, after_s=200, prepared_mg="36", wasted_mg="36", second=cast.other)  # type: ignore[attr-defined]
    assert list_tasks() == []
    (seq,) = [line["seq"] for line in get_view(cast.session, cast.now)["log"] if line["type"] == "preparation-recorded"]
    cast.say("correct-entry", {"seq": seq, "data": {"drawn_ml": "0.90"}, "reason": "misread"}, after_s=300)
    assert list_tasks() == [("open", "", "Prepared 36 mg, drawn by the entries 45 mg.")]


def test_the_record_is_closed_with_the_reason_and_a_second_person_and_the_task_stands_on(cast: Cast) -> None:
    sign(cast, after_s=200, prepared_mg="50", wasted_mg="50")
    with pytest.raises(Refused) as refused:
        cast.say("close-record", by=cast.prescriber, after_s=300)
    assert refused.value.code == "drug-unexplained"
    assert "Prepared 50 mg, drawn by the entries 36 mg." in str(refused.value)
    reason = {"note": "A second syringe broke, seen by both"}
    sign(cast, after_s=400, prepared_mg="50", wasted_mg="50", second=cast.other, **reason)  # type: ignore[attr-defined]
    closed = cast.say("close-record", by=cast.prescriber, after_s=500)
    assert [finding.seen for finding in closed.findings] == ["Prepared 50 mg, drawn by the entries 36 mg"]
    assert [state for state, _outcome, _detail in list_tasks()] == ["cancelled", "open"]


def test_a_closed_record_offers_no_entry_of_vitals_and_still_takes_an_addendum(cast: Cast) -> None:
    assert "data-pad" in cast.client().get(cast.url()).content.decode()
    sign(cast, after_s=200, prepared_mg="36", wasted_mg="36", second=cast.other)  # type: ignore[attr-defined]
    cast.say("close-record", by=cast.prescriber, after_s=500)
    page = cast.client().get(cast.url()).content.decode()
    assert "data-pad" not in page
    assert "sheet-add-addendum" in page


def test_the_sheet_shows_what_the_entries_say_and_takes_a_reason(cast: Cast) -> None:
    page = cast.client().get(cast.url()).content.decode()
    sheet = page.split('id="sheet-record-reconciliation"')[1].split("</form>")[0]
    assert "Drawn</span><span>36 mg" in sheet
    assert "Given, calculated by the clock</span><span>0.0 mg" in sheet
    assert "Vials opened hold</span><span>500 mg" in sheet
    assert 'name="data.note"' in sheet
    assert 'value="36' not in sheet, "who counts writes what was counted, not what was expected"
    assert "sheet-record-reconciliation-devices" not in page


PUMPS = [
    ("read, and its bag known", {"ml": "90", "mg": "32.1"}, ["90 mL, 32.1 mg"]),
    ("read, and its bag not known", {"ml": "90", "mg": None}, ["90 mL, not recorded"]),
    ("never read", {"ml": None, "mg": None}, []),
]


@pytest.mark.parametrize(("case", "pump", "expected"), PUMPS, ids=[case for case, *_ in PUMPS])
def test_what_the_pump_says_stands_beside_what_the_clock_says(case: str, pump: Any, expected: list[str]) -> None:
    view = {"pattern": "infusion", "pump": pump, "drug": {"known": {"drawn": "36", "given": "23.0"}}}
    rows = build_drug(view)["rows"]
    assert ("Given, calculated by the clock", "23.0 mg") in rows
    assert [amount for words, amount in rows if words == "Read on the pump"] == expected, case


def test_a_difference_stands_on_the_page_with_both_numbers(cast: Cast) -> None:
    sign(cast, after_s=200, prepared_mg="50", wasted_mg="50")
    parts = cast.client().get(cast.url("session-view") + "?parts=1").json()["parts"]
    for name in ("record", "drug"):
        assert "Prepared 50 mg, drawn by the entries 36 mg" in parts[name]
        assert "The record is not closed before." in parts[name]


def test_a_spray_has_a_sheet_in_devices() -> None:
    cast = Cast("nasal-esketamine-us")
    page = cast.client().get(cast.url()).content.decode()
    assert 'id="sheet-record-reconciliation-devices"' in page
    assert 'id="sheet-record-reconciliation"' not in page
    fields = ("prepared_devices", "given_devices", "returned_devices", "wasted_devices")
    posted = {f"data.{name}": str(n) for name, n in zip(fields, (3, 0, 3, 0), strict=True)}
    body = {"type": "record-reconciliation", "sheet": "record-reconciliation-devices", "request_key": "k1", **posted}
    answer = cast.client().post(cast.url("session-commands"), body, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.content
    (line,) = [each for each in answer.json()["view"]["log"] if each["type"] == "reconciliation-recorded"]
    assert line["text"] == "Drug reconciled in devices: prepared 3, given 0, returned 3, wasted 0, difference 0"


def test_who_counts_the_drugs_of_the_day_signs_beside_what_does_not_add_up(cast: Cast) -> None:
    sign(cast, after_s=200, prepared_mg="36", wasted_mg="30")
    page = cast.client().get(reverse("web:floor-opening")).content.decode()
    assert "Controlled drugs that do not add up" in page
    assert "Difference 6 mg." in page
    row = record_opening_check(
        site=cast.site,
        item="drug-count",
        result="ok",
        by=cast.nurse,
        second=cast.other,  # type: ignore[attr-defined]
        now=cast.now,
        detail={"count": "14"},
    )
    assert row.detail["open_differences"] == 1
