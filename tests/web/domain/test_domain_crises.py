"""Who told of suicide stands first on the board and on every page until taken, and is not lost on arrival."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from afterglow.clinic.floor.board import build_board
from afterglow.clinic.floor.crises import list_crises
from afterglow.clinic.referrals.models import Referral
from afterglow.clinic.scheduling.models import Appointment
from afterglow.clinic.tasks.actions import complete_task, open_task, take_task
from afterglow.clinic.tasks.models import Task
from afterglow.web.floor.arrivals import present_arrivals
from afterglow.web.floor.crises import present_crises
from afterglow.web.floor.present import present_need
from afterglow.web.floor.shortening import shorten
from tests.factories import NOW, make_patient
from tests.support.checking_in import Visit, make_visit

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def visit() -> Visit:
    found = make_visit()
    found.answer("thoughts", choice="act")
    return found


def show(visit: Visit, user: Any) -> Any:
    return build_board(site=visit.cast.site, user=user, now=NOW + MINUTE)


def arrive(visit: Visit) -> None:
    Appointment.objects.filter(pk=visit.appointment.pk).update(state="arrived", arrived_at=NOW)


def test_who_might_act_on_thoughts_of_suicide_is_the_first_line_of_the_board(visit: Visit) -> None:
    need = show(visit, visit.cast.nurse)["needs"][0]
    row = present_need(need)
    assert (need["kind"], row["tint"], row["tag"]["text"], row["place"]) == (
        "crisis",
        "high",
        "Acute risk",
        "Not here yet",
    )
    assert row["bold"] == "Call the person now."
    assert row["url"] == reverse("web:task", args=[Task.objects.get(kind="crisis-call").pk])


def test_the_strip_says_it_to_everybody_until_somebody_takes_it(visit: Visit) -> None:
    site = visit.cast.site
    initials = "".join(
        f"{name[0]}." for name in (visit.appointment.patient.given_name, visit.appointment.patient.family_name)
    )
    for user in (visit.cast.nurse, visit.cast.owner, visit.cast.therapist):
        (line,) = present_crises(site, user, NOW + MINUTE)
        assert line["title"] == f"Acute risk: {initials}, not here yet."
    take_task(task=Task.objects.get(kind="crisis-call"), by=visit.cast.owner, now=NOW + MINUTE)
    assert present_crises(site, visit.cast.nurse, NOW + MINUTE) == []
    # taken is not settled: the board keeps the line and says by whom
    need = show(visit, visit.cast.nurse)["needs"][0]
    assert (need["kind"], need["is_answered"], present_need(need)["waited"]) == ("crisis", True, "answered")


def test_the_desk_learns_what_to_do_and_nothing_of_what_was_told(visit: Visit) -> None:
    (line,) = present_crises(visit.cast.site, visit.cast.desk, NOW + MINUTE)
    assert line["title"].startswith("Nurse now: ")
    assert line["url"] == reverse("web:visit", args=[visit.appointment.pk])
    board = show(visit, visit.cast.desk)
    told = str([line, board["crises"], board["arrivals"], present_arrivals(board)]).lower()
    assert "suicid" not in told
    assert "thoughts" not in told


def test_on_arrival_the_lane_says_not_to_be_left_alone_before_anything_of_the_escort(visit: Visit) -> None:
    arrive(visit)
    for user in (visit.cast.nurse, visit.cast.desk):
        (row,) = present_arrivals(show(visit, user))["rows"]
        assert (row["tag"]["kind"], row["line"]["tone"]) == ("high", "high")
        assert row["line"]["text"] == "Not to be left alone, nurse now"


def test_after_the_call_the_nurse_still_reads_in_red_what_stops_the_dose(visit: Visit) -> None:
    arrive(visit)
    task = Task.objects.get(kind="crisis-call")
    complete_task(task=task, by=visit.cast.owner, now=NOW + MINUTE, outcome="spoken-safe", note="Spoken to.")
    # the assessment that holds the dose stays with who called
    (line,) = list_crises(visit.cast.site, NOW + MINUTE)
    assert (line["kind"], line["answered_by"]) == ("risk-now", visit.cast.owner.display_name)
    (row,) = present_arrivals(show(visit, visit.cast.nurse))["rows"]
    assert row["line"]["tone"] == "high"
    assert row["line"]["text"] == f"Not to be left alone, nurse now. {visit.cast.owner.display_name} has taken it"
    (row,) = present_arrivals(show(visit, visit.cast.desk))["rows"]
    assert "suicide" not in row["line"]["text"]


@pytest.mark.parametrize(("who", "reads"), [("nurse", True), ("owner", True), ("desk", False)])
def test_the_page_of_the_visit_begins_with_it(visit: Visit, who: str, reads: bool) -> None:
    arrive(visit)
    client = Client()
    client.force_login(getattr(visit.cast, who), backend=BACKEND)
    page = client.get(reverse("web:visit", args=[visit.appointment.pk])).content.decode()
    assert "Not to be left alone, nurse now." in page
    assert ("thoughts of suicide" in page) is reads
    assert page.index("Not to be left alone, nurse now.") < page.index('id="facts"')


def test_a_referral_in_a_crisis_is_named_and_whoever_takes_it_quiets_it(visit: Visit) -> None:
    site = visit.cast.site
    referral = Referral.objects.create(
        site=site, source="phone", given_name="Quill", family_name="Teasel", received_at=NOW, reply_due_at=NOW
    )
    open_task(site=site, kind="crisis-call", subject=referral, by=None, now=NOW)
    lines = [line["title"] for line in present_crises(site, visit.cast.nurse, NOW + MINUTE)]
    assert "Acute risk: Q.T., not here." in lines
    Referral.objects.filter(pk=referral.pk).update(taken_by=visit.cast.nurse, taken_at=NOW)
    assert len(present_crises(site, visit.cast.nurse, NOW + MINUTE)) == len(lines) - 1


def test_one_person_is_one_line_and_an_untaken_task_keeps_it_red(visit: Visit) -> None:
    take_task(task=Task.objects.get(kind="crisis-call"), by=visit.cast.owner, now=NOW)
    more = {"site": visit.cast.site, "patient": visit.appointment.patient, "by": None, "now": NOW + MINUTE}
    open_task(kind="risk-now", subject=("risk", "one"), **more)
    (line,) = list_crises(visit.cast.site, NOW + MINUTE)
    assert (line["kind"], line["answered_by"]) == ("risk-now", "")


def test_the_lines_of_ten_people_cost_two_statements_and_nobody_costs_one(visit: Visit) -> None:
    for number in range(9):
        patient = make_patient(visit.cast, family_name=f"Demo{number}")
        open_task(site=visit.cast.site, kind="crisis-call", patient=patient, by=None, now=NOW)
    with CaptureQueriesContext(connection) as found:
        assert len(list_crises(visit.cast.site, NOW + MINUTE)) == 10
    assert len(found) == 2
    Task.objects.update(state="done", done_at=NOW, outcome="other")
    with CaptureQueriesContext(connection) as found:
        assert list_crises(visit.cast.site, NOW + MINUTE) == []
    assert len(found) == 1


def test_beside_a_session_ones_own_chair_stands_first_and_what_anybody_can_take_is_counted() -> None:
    alarm = {"place": "Room 3", "priority": "medium", "title": "Respiration long overdue", "is_seen": False}
    crises = [{"title": "Acute risk: L.E., room 5."}, {"title": "Acute risk: A.B., not here."}]
    shown = shorten([], crises, [alarm, {**alarm, "place": "Room 4"}], None)
    assert shown["first"]["row"]["place"] == "Room 3"
    assert (shown["second"], shown["words"]) == (None, ["2 acute-risk calls", "1 more of your chairs"])
    assert (len(shown["rest"]), shown["is_high"]) == (3, True)
    # one alone is said in full, and an answered call asks for nobody
    call = {"place": "Room 1", "is_code": False, "answered_at": "2026-03-02T10:00:00+00:00"}
    shown = shorten([call], [], [alarm], None)
    assert (shown["second"]["row"], shown["second"]["tone"], shown["rest"]) == (call, "answered", [])
