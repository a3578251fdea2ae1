"""The demonstration: who is in it, in what state, what today looks like, and that the record it leaves is true."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from afterglow.clinic.demo.build import Small, build_demonstration, choose_zone, refresh_demonstration
from afterglow.clinic.demo.cast import STAFF
from afterglow.clinic.demo.clock import SimulatedClock
from afterglow.clinic.demo.roster import LINES
from afterglow.clinic.dosing_sessions.actions import get_view
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, Session
from afterglow.clinic.dosing_sessions.verify import verify_clinic
from afterglow.clinic.errors import Refused
from afterglow.clinic.floor.board import build_board
from afterglow.clinic.measures.actions import find_form
from afterglow.clinic.measures.courses import load_calendar
from afterglow.clinic.measures.demonstration import make_demonstration_form_link
from afterglow.clinic.measures.models import MeasureForm, MeasureResult, RiskAlert
from afterglow.clinic.measures.risk import list_open
from afterglow.clinic.people.models import Patient, User
from afterglow.clinic.policy import load_roles
from afterglow.clinic.referrals.models import Referral
from afterglow.clinic.scheduling.models import Appointment, Series, WaitingEntry
from afterglow.clinic.sites.actions import create_site
from afterglow.clinic.sites.models import Site
from afterglow.clinic.tasks.models import OnCallShift, Task

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
PASSWORD = "quiet-lamp-over-there"
INVENTED = {"Demo", "Mock", "Sample", "Test", "Example", "Placeholder", "Specimen", "Dummy"}
RUNNABLE = {"iv-racemic", "im-racemic", "nasal-esketamine-us", "nasal-esketamine-eu"}
# a Friday morning in New York
NOW = datetime(2026, 3, 13, 15, 27, 40, tzinfo=UTC)
TODAY = "Oak Jasmine Bryony Fennel Alder Heath Jonquil Linden Fern Sycamore Reed Rush Gorse Larch"
STATE = "Campion Burdock Tarragon Myrtle Oleander Violet Nettle Pine Willow Aster"
PLANNED = "Borage Yarrow Bracken Chicory Vetch Olive Iris Sedge Thyme"
ENDED = "Hazel Juniper Aspen Birch Laurel"
# today's floor, and one or two of every state; a start of the demonstration in CI proves everybody
SMALL = Small(frozenset(f"{TODAY} {STATE} {PLANNED} {ENDED}".split()), visits=1)


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[datetime]:
    """Build the demonstration once; what the tests of this module only read, or take back."""
    with django_db_blocker.unblock(), transaction.atomic():
        build_demonstration(password=PASSWORD, now=NOW, small=SMALL)
        yield NOW
        transaction.set_rollback(True)


def get_site() -> Any:
    return Site.objects.get()


def get_board(now: datetime) -> dict[str, Any]:
    return build_board(site=get_site(), user=User.objects.get(username="nurse"), now=now)


def find(given_name: str) -> Any:
    return Patient.objects.get(given_name=given_name)


def view_of(given_name: str, now: datetime) -> dict[str, Any]:
    session = find(given_name).sessions.order_by("opened_at").last()
    return get_view(session, now)


def test_it_says_that_it_is_a_demonstration(built: datetime) -> None:
    assert Site.objects.get().is_demonstration


def test_everybody_is_invented_and_there_are_enough_of_them(built: datetime) -> None:
    # she came by the queue: her referral was accepted
    assert set(Patient.objects.values_list("given_name", flat=True)) == SMALL.names | {"Rosemary"}
    assert set(Patient.objects.values_list("family_name", flat=True)) <= INVENTED
    assert {line.family for line in LINES} <= INVENTED
    assert 40 <= len(LINES) <= 50
    assert set(Referral.objects.values_list("family_name", flat=True)) <= INVENTED


STATES: dict[str, Callable[[], bool]] = {
    "screening deferred": lambda: Patient.objects.filter(screening_decisions__decision="defer").exists(),
    "screening declined": lambda: Patient.objects.filter(screening_decisions__decision="decline").exists(),
    "registered only": lambda: Patient.objects.filter(screening_runs__isnull=True).exists(),
    "consent withdrawn": lambda: Patient.objects.filter(consents__withdrawn_at__isnull=False).exists(),
    "plan in draft": lambda: Patient.objects.filter(plans__state="draft").exists(),
    "plan signed, no session yet": lambda: Patient.objects.filter(
        plans__state="signed", sessions__isnull=True
    ).exists(),
    "plan stopped": lambda: Patient.objects.filter(plans__state="stopped").exists(),
    "two years": lambda: Patient.objects.filter(created_at__lt=NOW - timedelta(days=600)).exists(),
}


@pytest.mark.parametrize("state", STATES)
def test_each_state_of_a_course_is_there(built: datetime, state: str) -> None:
    assert STATES[state]()


@pytest.mark.parametrize(
    "plan",
    ["sc-racemic", "oral", "sublingual", "nasal-racemic", "iv-racemic-pain", "nasal-esketamine-eu", "im-racemic"],
)
def test_each_way_of_giving_is_planned(built: datetime, plan: str) -> None:
    assert Patient.objects.filter(plans__protocol=plan).exists()


@pytest.mark.parametrize(
    "indication", ["trd", "mdd-si", "bipolar-depression", "anxiety", "ptsd", "ocd", "chronic-pain"]
)
def test_each_indication_is_planned(built: datetime, indication: str) -> None:
    assert Patient.objects.filter(plans__indication=indication).exists()


def test_every_stage_of_a_referral_is_in_the_queue(built: datetime) -> None:
    assert set(Referral.objects.values_list("state", flat=True)) >= {
        "open",
        "waiting",
        "paused",
        "declined",
        "accepted",
    }
    assert Referral.objects.filter(urgency="crisis", state="open").count() == 1
    assert Referral.objects.filter(matches__state="open", matches__patient__given_name="Jasmine").count() == 1


def test_the_floor_is_in_full_swing(built: datetime) -> None:
    board = get_board(built)
    assert [place["name"] for place in board["places"]] == [
        "Room 1", "Room 2", "Room 3", "Room 4", "Chair 5", "Chair 6", "Chair 7", "Chair 8",
    ]  # fmt: skip
    cards = {place["name"]: place["card"] for place in board["places"]}
    phases = {name: card["phase"] if card else "" for name, card in cards.items()}
    assert phases == {
        "Room 1": "paused",
        "Room 2": "dosing",
        "Room 3": "observing",
        "Room 4": "observing",
        "Chair 5": "observing",
        "Chair 6": "pre-checks",
        "Chair 7": "dosing",
        "Chair 8": "",
    }
    assert all(card["nurse_name"] for card in cards.values() if card)
    assert not board["unplaced"]
    needs = {(need["place"], need["kind"]) for need in board["needs"]}
    assert {
        ("Room 2", "medium"),
        ("Chair 7", "medium"),
        ("Chair 5", "overdue"),
        ("Chair 6", "decision"),
        ("Room 4", "ready"),
    } <= needs


def test_two_people_share_initials_and_are_told_apart(built: datetime) -> None:
    board = get_board(built)
    marks = [tuple(place["card"]["initials"]) for place in board["places"] if place["card"]]
    assert len(set(marks)) == len(marks)
    assert len({(given, family[:1]) for given, family in marks}) < len(marks)


def test_arrivals_are_late_here_clear_and_without_an_escort(built: datetime) -> None:
    arrivals = get_board(built)["arrivals"]
    assert any(each["is_late"] for each in arrivals)
    assert any(each["state"] == "arrived" for each in arrivals)
    assert any(each["checkin"] and each["checkin"]["state"] == "submitted" for each in arrivals)
    assert any(each["checkin"] and each["checkin"]["open"] for each in arrivals)
    assert any(each["escort"] for each in arrivals)
    assert any(each["kind"] == "integration" for each in arrivals)


def test_the_day_was_opened_by_people(built: datetime) -> None:
    board = get_board(built)
    assert [each["name"] for each in board["presence"]["people"]] == ["Dr. M. Ferreira"]
    assert {item["result"] for item in board["opening"]["items"]} == {"ok"}
    assert OnCallShift.objects.filter(role="prescriber", begins_at__lte=built, ends_at__gt=built).exists()


def test_weeks_to_come_have_series_with_one_gap_and_a_waiting_list(built: datetime) -> None:
    coming = Appointment.objects.filter(state="booked", series__isnull=False, starts_at__gt=built)
    assert coming.count() >= 4
    assert Appointment.objects.filter(state="cancelled", series__isnull=False).count() == 1
    assert WaitingEntry.objects.filter(state="waiting").count() == 4


def test_a_series_counts_the_visits_that_have_been(built: datetime) -> None:
    for series in Series.objects.filter(state="running"):
        done = series.appointments.filter(state="done")
        assert [visit.number for visit in done] == [1]
        assert all(visit.session.phase == "left" for visit in done)
        assert series.total == len(series.days)
    assert Series.objects.filter(state="running", patient__given_name__in=("Fern", "Thyme")).count() == 2


def test_who_comes_today_out_of_a_series_keeps_their_place_in_it(built: datetime) -> None:
    visit = Appointment.objects.get(patient=find("Fern"), state="booked", starts_at__lt=built)
    assert (visit.number, visit.moved_from.state) == (2, "moved")


def test_some_nurse_can_take_one_more_and_some_cannot(built: datetime) -> None:
    assert {each["can_take"] for each in get_board(built)["staff"]} == {True, False}


def test_tasks_are_done_and_late(built: datetime) -> None:
    assert Task.objects.filter(kind="call-back-48h", state="done").exists()
    assert Task.objects.filter(state="open", due_at__lt=built).exists()
    assert Task.objects.filter(kind="crisis-call", state="open").exists()


def test_forms_are_answered_on_the_phone_sent_begun_and_one_alert_was_assessed(built: datetime) -> None:
    sent = {row.patient.given_name: row for row in MeasureForm.objects.filter(way="link", state="open")}
    assert {name: row.answers.count() for name, row in sent.items()} == {"Juniper": 0, "Iris": 0, "Thyme": 4}
    standing = {due.measure: due.standing for due in load_calendar(find("Juniper"), now=built).dues}
    assert standing["induction-anxiety"] == "overdue"
    totals = MeasureResult.objects.filter(form__patient=find("Rush"), instrument="phq9").order_by("observed_at")
    assert [int(row.total) for row in totals] == [10, 8, 6]
    assert RiskAlert.objects.filter(form__patient=find("Sedge")).exists()
    assert not list_open(find("Sedge"))
    assert not list_open(find("Rush"))
    with transaction.atomic():
        token = make_demonstration_form_link(now=built)
        assert token is not None
        printed = find_form(token)
        assert printed is not None
        assert printed.patient == find("Thyme"), "the one that is half answered"
        transaction.set_rollback(True)


def test_every_role_can_sign_in_with_the_one_printed_password(built: datetime) -> None:
    roles = {user.practitioner_roles.get().role for user in User.objects.all()}
    assert roles == set(load_roles())
    assert all(user.check_password(PASSWORD) for user in User.objects.filter(username__in=[row[0] for row in STAFF]))


def test_each_runnable_protocol_has_a_session(built: datetime) -> None:
    assert set(Session.objects.values_list("protocol__protocol", flat=True)) == RUNNABLE


@pytest.mark.parametrize(
    ("given_name", "phase"),
    [
        ("Hazel", "left"),
        ("Juniper", "left"),
        ("Aspen", "ended"),
        ("Birch", "ended"),
        ("Laurel", "cancelled"),
    ],
)
def test_each_ending_is_there(built: datetime, given_name: str, phase: str) -> None:
    assert view_of(given_name, built)["phase"] == phase


def test_the_infusion_under_way_has_run_for_23_minutes_with_its_pressure_alarm(built: datetime) -> None:
    view = view_of("Alder", built)
    assert view["phase"] == "dosing"
    assert 22 * 60 <= view["clock"]["run_s"] <= 24 * 60
    assert view["vitals"]["bp"]["value"] == {"systolic": 163, "diastolic": 96}
    alarms = [(alarm["row"], alarm["priority"]) for alarm in view["alarms"] if alarm["state"] == "active"]
    assert alarms == [("A-01", "medium")]


def test_one_person_is_not_yet_eligible_with_a_stop_cautions_and_gaps(built: datetime) -> None:
    run = find("Willow").screening_runs.last()
    by_severity: dict[str, set[str]] = {}
    for finding in run.findings:
        by_severity.setdefault(finding["severity"], set()).add(finding["rule"])
    assert by_severity["stop"] == {"B-5"}
    assert {"C-09", "C-25", "D-01"} <= by_severity["caution"]
    assert by_severity["missing"] == {"W-3", "W-7"}
    assert not find("Willow").screening_decisions.exists()


def test_a_withdrawn_consent_and_an_unsigned_draft_are_there(built: datetime) -> None:
    assert find("Myrtle").consents.get().withdrawn_at is not None
    assert find("Oleander").plans.get().state == "draft"


def test_nothing_lies_in_the_future(built: datetime) -> None:
    assert all(session.last_recorded_at <= built for session in Session.objects.exclude(last_seq=0))


def test_every_chain_holds(built: datetime) -> None:
    found = verify_clinic()
    assert not found.faults
    assert found.rows > 2000


def test_a_start_within_the_hour_goes_on_with_the_day(built: datetime) -> None:
    assert refresh_demonstration(now=built + timedelta(minutes=40)) is False


@pytest.mark.parametrize("later", [timedelta(hours=5), timedelta(days=12)])
def test_a_later_start_closes_the_old_day_and_opens_a_new_one(built: datetime, later: timedelta) -> None:
    old = set(Session.objects.filter(phase__in=LIVE_PHASES).values_list("pk", flat=True))
    now, asked = built + later, Referral.objects.count()
    with transaction.atomic():
        assert refresh_demonstration(now=now)
        assert not Session.objects.filter(pk__in=old, phase__in=LIVE_PHASES).exists()
        assert not Session.objects.filter(pk__in=old, phase="ended").exists()
        assert Appointment.objects.filter(state="no-show").exists()
        assert not Appointment.objects.filter(state="booked", ends_at__lt=now).exists()
        phases = [place["card"]["phase"] for place in get_board(now)["places"] if place["card"]]
        assert len(phases) >= 5
        assert {"dosing", "observing", "pre-checks"} <= set(phases)
        assert Appointment.objects.filter(state="booked", starts_at__gt=now + timedelta(hours=13)).count() >= 3
        assert Referral.objects.count() == asked + 3
        assert set(Referral.objects.values_list("family_name", flat=True)) <= INVENTED
        assert not Series.objects.filter(state="running", appointments__isnull=True).exists()
        assert not verify_clinic().faults
        transaction.set_rollback(True)


def test_a_clinic_that_is_no_demonstration_has_no_simulated_clock(built: datetime) -> None:
    assert SimulatedClock(get_site(), now=built).check(built) == built
    with transaction.atomic():
        other = create_site(name="A real clinic", timezone="Europe/Vienna", by=None, now=built)
        for site in (other, Site.objects.get(is_demonstration=True)):
            with pytest.raises(Refused) as caught:
                SimulatedClock(site, now=built)
            assert caught.value.code == "not-a-demonstration"
        transaction.set_rollback(True)


def test_the_simulated_clock_does_not_run_ahead(built: datetime) -> None:
    with pytest.raises(Refused) as caught:
        SimulatedClock(get_site(), now=built).act(built + timedelta(seconds=1), lambda now: now)
    assert caught.value.code == "instant-to-come"


@pytest.mark.parametrize("hour", range(24))
def test_it_is_morning_in_the_zone_that_is_chosen(hour: int) -> None:
    from zoneinfo import ZoneInfo

    for month in (1, 7):
        now = datetime(2026, month, 14, hour, 59, tzinfo=UTC)
        assert 10 <= now.astimezone(ZoneInfo(choose_zone(now))).hour < 13
