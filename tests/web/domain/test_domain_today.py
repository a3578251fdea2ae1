"""Today's list, the locked screen and what a finding rests on: who waits, what is watched, since when it is known."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from afterglow.clinic.errors import Denied
from afterglow.clinic.floor.board import build_board
from afterglow.clinic.people import actions as people
from afterglow.clinic.plans import actions as ordering
from afterglow.web.floor.present import present_board
from afterglow.web.present.basis import Basis
from afterglow.web.present.screening import list_severity
from tests import factories
from tests.factories import NOW, Cast
from tests.web.sessions.session_support import Cast as Sitting

LATER = NOW + timedelta(minutes=5)


def ask(cast: Cast, user: Any) -> list[dict[str, Any]]:
    """Return who comes today, as a user sees it."""
    board = build_board(site=cast.site, user=user, now=LATER)
    return [dict(row) for row in present_board(board)["arrivals"]["rows"]]


def test_an_order_of_today_without_a_session_leads_to_its_page(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    ordering.sign_order(plan=plan, by=cast.owner, now=NOW)
    rows = ask(cast, cast.nurse)
    assert [row["url"] for row in rows] == [reverse("web:patient-order", args=[plan.patient_id])]
    assert rows[0]["what"] == "IV session"
    assert plan.patient.family_name not in str(rows)


@pytest.mark.parametrize("who", ["desk", "therapist"])
def test_who_may_open_no_session_here_is_offered_none(cast: Cast, who: str) -> None:
    ordering.sign_order(plan=factories.make_plan(cast), by=cast.owner, now=NOW)
    assert ask(cast, getattr(cast, who)) == []


def test_who_works_elsewhere_sees_no_board_of_this_site(cast: Cast) -> None:
    with pytest.raises(Denied):
        ask(cast, cast.stranger)


def test_a_measured_finding_says_when_by_whom_and_how_often(cast: Cast) -> None:
    patient = factories.make_patient(cast)
    for minutes, pressure in ((0, ("168", "102")), (5, ("164", "101"))):
        at = NOW + timedelta(minutes=minutes)
        values: dict[str, Any] = {
            "kind": "blood-pressure",
            "value": pressure[0],
            "second_value": pressure[1],
            "observed_at": at,
        }
        people.record_measurement(patient=patient, by=cast.nurse, now=at, **values)
    basis = Basis(patient, LATER)
    said = basis.describe(["bp.systolic_mmhg", "bp.diastolic_mmhg"])
    assert said.startswith("2 readings, lowest 164/101, 2 Mar 2026 ")
    assert said.endswith("entered by hand")
    # what was recorded after the screening is no part of what it saw
    assert Basis(patient, NOW).describe(["bp.systolic_mmhg"]).startswith("1 reading, 2 Mar 2026 ")


def test_an_answered_finding_says_its_day_and_bmi_its_two_measures(cast: Cast) -> None:
    patient = factories.make_patient(cast)
    factories.weigh(cast, patient, "94")
    people.record_measurement(
        patient=patient, kind="height", value="163", observed_at=NOW, by=cast.nurse, now=NOW + timedelta(seconds=1)
    )
    people.record_history(patient=patient, facts={"scales.stop_bang.total": 5}, by=cast.nurse, now=NOW)
    basis = Basis(patient, LATER)
    assert basis.describe(["scales.stop_bang.total"]) == "Answered 2 Mar 2026"
    assert basis.describe(["bmi.kg_per_m2"]).startswith("94 kg (2 Mar 2026 ")
    assert basis.describe(["route"]) == ""


def test_severity_names_the_safety_plan_and_the_whole_date(cast: Cast) -> None:
    lines = {line["words"]: line["value"] for line in list_severity(factories.make_ready(cast), LATER)}
    assert lines["Safety plan"] == "not on file"
    assert lines["PHQ-9, 2 Mar 2026"] == "18 of 27"


def test_a_locked_screen_says_what_it_watches_and_no_more(db: None) -> None:
    sitting = Sitting()
    # nearly two hours ago, as is the alarm's own time
    sitting.say("record-vitals", {"systolic": 188, "diastolic": 99}, after_s=60)
    client: Client = sitting.client()
    client.post("/lock/")
    page = client.get("/locked/", {"next": sitting.url()}).content.decode()
    assert 'id="watched"' in page
    assert sitting.patient.family_name not in page
    watched = page[page.index('id="watched"') :].partition("</div>")[0]
    began = timezone.localtime(sitting.now + timedelta(seconds=60), ZoneInfo(sitting.site.timezone))
    assert f"alarm since {began:%H:%M:%S}" in watched
    assert "188" not in watched
    assert "A.D." not in watched
    other = sitting.client(sitting.stranger)
    assert "The session on this screen" in page
    assert "The session on this screen" not in other.get("/locked/", {"next": sitting.url()}).content.decode()
    assert "not hidden" not in page
