"""The floor's actions: presence, opening checks, help and emergencies, escorts, named nurses, and the board's order."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.dosing_sessions.actions import get_nurse, get_view, submit_command
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.floor import actions
from afterglow.clinic.floor.board import STAGES, build_board, describe_call
from afterglow.clinic.floor.calls import list_open_calls, list_steps
from afterglow.clinic.floor.cards import forget_cards, list_alarms_of, load_floor
from afterglow.clinic.floor.needs import find_top_alarm
from afterglow.clinic.floor.opening import find_choice_finding
from afterglow.clinic.people import actions as people
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.models import User
from afterglow.clinic.scheduling import actions as visits
from afterglow.clinic.sites.models import Place
from afterglow.clinicday.floor import load_opening
from afterglow.terms import InvalidInput
from afterglow.web.floor.present import present_board
from tests.factories import Cast, make_plan, make_user
from tests.support.booking import book, furnish, local
from tests.web.sessions.session_support import Cast as Sitting

pytestmark = pytest.mark.django_db


@pytest.fixture
def sitting() -> Sitting:
    """Return a running session with its people."""
    forget_cards()
    return Sitting()


def do(sitting: Sitting, command: str, by: Any, **data: Any) -> Any:
    return submit_command(session=sitting.session, type=command, data=data, by=by, now=sitting.now)


def check_all(sitting: Sitting, second: Any) -> None:
    for item in load_opening().values():
        detail = {"expires_on": "2031-01-01"} if item.needs == "expires_on" else {"count": "12"} if item.needs else {}
        actions.record_opening_check(
            site=sitting.site,
            item=item.id,
            result="ok",
            by=sitting.nurse,
            now=sitting.now,
            second=second,
            detail=detail,
        )


def test_opening_checks_hold_the_first_dose_only_where_the_site_asks_for_them(sitting: Sitting) -> None:
    codes = [row["code"] for row in get_view(sitting.session, sitting.now)["blockers"]]
    assert "opening-checks-missing" not in codes
    actions.choose_settings(site=sitting.site, asks_opening_checks=True, by=None, now=sitting.now)
    view = get_view(sitting.session, sitting.now)
    assert "opening-checks-missing" in [row["code"] for row in view["blockers"]]
    with pytest.raises(Refused) as refused:
        do(sitting, "start", sitting.nurse)
    assert refused.value.code == "opening-checks-missing"
    assert refused.value.findings[0].seen.startswith("not done: Oxygen")
    check_all(sitting, make_user("second", sitting.site, "nurse"))
    assert actions.are_checks_done(sitting.site, get_local_date(sitting.site, sitting.now))
    with pytest.raises(Refused) as refused:
        do(sitting, "start", sitting.nurse)
    assert refused.value.code != "opening-checks-missing"


def test_a_fault_holds_the_dose_until_it_is_checked_again(sitting: Sitting) -> None:
    check_all(sitting, make_user("second", sitting.site, "nurse"))
    later = sitting.now + timedelta(seconds=1)
    actions.record_opening_check(site=sitting.site, item="aed", result="fault", by=sitting.nurse, now=later)
    assert not actions.are_checks_done(sitting.site, get_local_date(sitting.site, sitting.now))


def test_the_drug_count_needs_two_people_who_may(sitting: Sitting) -> None:
    count: dict[str, Any] = {
        "site": sitting.site, "item": "drug-count", "result": "ok", "by": sitting.nurse, "now": sitting.now,
        "detail": {"count": 4},
    }  # fmt: skip
    for second in (None, sitting.nurse):
        with pytest.raises(InvalidInput):
            actions.record_opening_check(**count, second=second)
    with pytest.raises(Denied):
        actions.record_opening_check(**count, second=make_user("desk", sitting.site, "frontdesk"))


def test_crash_drugs_past_their_date_are_no_pass(sitting: Sitting) -> None:
    check: dict[str, Any] = {"site": sitting.site, "item": "crash-drugs", "by": sitting.nurse, "now": sitting.now}
    with pytest.raises(InvalidInput):
        actions.record_opening_check(**check, result="ok", detail={"expires_on": "2020-01-01"})
    with pytest.raises(InvalidInput):
        actions.record_opening_check(**check, result="ok", detail={})
    row = actions.record_opening_check(**check, result="fault", detail={"expires_on": "2020-01-01"})
    assert row.detail == {"expires_on": "2020-01-01"}


def test_a_site_that_has_not_chosen_is_told_to(sitting: Sitting) -> None:
    finding = find_choice_finding(sitting.site)
    assert finding is not None
    assert finding.seen == "Opening checks: never chosen, so not asked"
    actions.choose_settings(site=sitting.site, asks_opening_checks=True, by=None, now=sitting.now)
    assert find_choice_finding(sitting.site) is None


def test_presence_is_signed_in_once_and_out_once(sitting: Sitting) -> None:
    here = actions.sign_in_presence(site=sitting.site, by=sitting.prescriber, now=sitting.now)
    assert actions.sign_in_presence(site=sitting.site, by=sitting.prescriber, now=sitting.now).pk == here.pk
    with pytest.raises(Denied):
        actions.sign_in_presence(site=sitting.site, by=sitting.nurse, now=sitting.now)
    left = actions.sign_out_presence(presence=here, by=sitting.prescriber, now=sitting.now)
    assert left.until is not None
    with pytest.raises(Conflict):
        actions.sign_out_presence(presence=here, by=sitting.prescriber, now=sitting.now)


def test_a_call_for_help_stands_until_answered_and_is_not_doubled(sitting: Sitting) -> None:
    call = actions.raise_help(site=sitting.site, session=sitting.session, by=sitting.nurse, now=sitting.now)
    again = actions.raise_help(site=sitting.site, session=sitting.session, by=sitting.prescriber, now=sitting.now)
    assert again.pk == call.pk
    answered = actions.answer_help(call=call, by=sitting.prescriber, now=sitting.now)
    assert actions.answer_help(call=call, by=sitting.nurse, now=sitting.now).answered_by == answered.answered_by
    assert AuditEvent.objects.filter(action="help.answered").count() == 1


def test_two_people_who_call_without_a_room_are_two_calls(sitting: Sitting) -> None:
    first = actions.raise_help(site=sitting.site, by=sitting.nurse, now=sitting.now)
    second = actions.raise_help(site=sitting.site, by=sitting.prescriber, now=sitting.now + timedelta(seconds=1))
    assert first.pk != second.pk
    assert [call.raised_by for call in list_open_calls(sitting.site.pk)] == [sitting.nurse, sitting.prescriber]
    # a second tap of the same person is no second call
    assert actions.raise_help(site=sitting.site, by=sitting.nurse, now=sitting.now).pk == first.pk
    # one answered call leaves the other unanswered
    actions.answer_help(call=first, by=sitting.prescriber, now=sitting.now)
    second.refresh_from_db()
    assert second.answered_at is None


def test_yesterdays_presence_is_not_todays(sitting: Sitting) -> None:
    actions.sign_in_presence(site=sitting.site, by=sitting.prescriber, now=sitting.now - timedelta(days=1))
    forget_cards()
    board = build_board(site=sitting.site, user=sitting.nurse, now=sitting.now)
    assert board["presence"]["people"] == []
    again = actions.sign_in_presence(site=sitting.site, by=sitting.prescriber, now=sitting.now)
    assert again.since == sitting.now
    board = build_board(site=sitting.site, user=sitting.nurse, now=sitting.now)
    assert [row["since"] for row in board["presence"]["people"]] == [sitting.now.isoformat()]


def test_an_emergency_ends_in_the_sessions_record_with_the_steps_that_stand(sitting: Sitting) -> None:
    call = actions.raise_help(site=sitting.site, session=sitting.session, by=sitting.nurse, now=sitting.now)
    logged = [
        actions.record_code_step(call=call, step=step, by=sitting.nurse, now=sitting.now + timedelta(seconds=number))
        for number, step in enumerate(("services-called", "shock", "naloxone"))
    ]
    sitting.now += timedelta(seconds=9)
    actions.take_back_code_step(logged=logged[1], by=sitting.nurse, now=sitting.now)
    assert [step.step for step in list_steps(call)] == ["services-called", "naloxone"]
    actions.answer_help(call=call, by=sitting.prescriber, now=sitting.now)
    sitting.now += timedelta(seconds=1)
    actions.close_call(call=call, by=sitting.nurse, now=sitting.now)
    sitting.session.refresh_from_db()
    lines = [row["text"] for row in get_view(sitting.session, sitting.now)["log"]]
    assert "naloxone 0.4 mg, rescue" in lines
    written = next(line for line in lines if line.startswith("Emergency: "))
    assert "Emergency services called" in written
    # who called, who answered, from when to when
    told = {"Help called by": sitting.nurse, "Answered by": sitting.prescriber, "ended by": sitting.nurse}
    said = [f"{words} {who.display_name}" for words, who in told.items()]
    assert [written.index(each) for each in said] == sorted(written.index(each) for each in said)
    assert "Emergency began" in written
    assert "Shock" not in written
    with pytest.raises(Conflict):
        actions.record_code_step(call=call, step="shock", by=sitting.nurse, now=sitting.now)


def test_a_step_lies_neither_in_the_future_nor_is_one_that_nobody_knows(sitting: Sitting) -> None:
    call = actions.raise_help(site=sitting.site, by=sitting.nurse, now=sitting.now)
    for step, at in (("shock", sitting.now + timedelta(minutes=1)), ("prayer", None)):
        with pytest.raises(InvalidInput):
            actions.record_code_step(call=call, step=step, by=sitting.nurse, now=sitting.now, at=at)


def test_the_ladder_never_ends_in_leaving_alone(sitting: Sitting) -> None:
    tried: dict[str, Any] = {"patient": sitting.patient, "now": sitting.now}
    with pytest.raises(InvalidInput):
        actions.record_escort_call(**tried, step="first-call", outcome="left-alone", by=sitting.nurse)
    actions.record_escort_call(**tried, step="first-call", outcome="no-answer", by=sitting.nurse)
    task = sitting.patient.tasks.get()
    assert (task.kind, task.state) == ("escort-missing", "open")
    with pytest.raises(Refused):
        actions.record_escort_call(**tried, step="prescriber", outcome="decided", by=sitting.nurse)
    actions.record_escort_call(**tried, step="prescriber", outcome="decided", by=sitting.prescriber)
    task.refresh_from_db()
    assert (task.state, task.outcome) == ("done", "decided")


def test_before_the_visit_an_escort_is_to_be_named_and_nobody_is_late(cast: Cast) -> None:
    room, _ = furnish(cast)
    plan = make_plan(cast)
    visit = book(cast, plan, local(3, 13), room)
    tried: dict[str, Any] = {"patient": plan.patient, "step": "first-call", "by": cast.nurse}
    actions.record_escort_call(**tried, outcome="no-answer", now=local(3, 11, 30))
    task = plan.patient.tasks.get()
    assert (task.kind, task.title, task.due_at) == ("escort-unnamed", "No escort named", local(3, 13))
    escort = people.add_escort(patient=plan.patient, name="Demo, Fern", by=cast.desk, now=local(3, 11, 40))
    visits.name_escort(appointment=visit, escort=escort, by=cast.desk, now=local(3, 11, 41))
    task.refresh_from_db()
    assert (task.state, task.outcome) == ("done", "came")


def test_after_the_dose_an_escort_who_is_not_there_has_not_come(sitting: Sitting) -> None:
    actions.record_escort_call(
        patient=sitting.patient, step="first-call", outcome="no-answer", by=sitting.nurse, now=sitting.now
    )
    task = sitting.patient.tasks.get()
    assert (task.kind, task.due_at) == ("escort-missing", sitting.now + timedelta(minutes=15))


def test_a_named_nurse_is_somebody_of_the_site_and_the_load_is_worked_out(sitting: Sitting) -> None:
    with pytest.raises(InvalidInput):
        do(sitting, "assign-nurse", sitting.nurse, nurse=make_user("desk", sitting.site, "frontdesk").pk)
    do(sitting, "assign-nurse", sitting.nurse, nurse=sitting.nurse.pk, load="9", limit="1")
    assert get_nurse(sitting.session) == sitting.nurse
    sitting.session.refresh_from_db()
    other = make_user("other", sitting.site, "nurse")
    do(sitting, "offer-handover", sitting.nurse, to=other.pk)
    with pytest.raises(Refused):
        do(sitting, "accept-handover", sitting.nurse)
    do(sitting, "accept-handover", other)
    assert get_nurse(sitting.session) == other


def test_the_board_puts_a_chair_without_a_nurse_first_and_then_calms(sitting: Sitting) -> None:
    do(sitting, "record-arrival", sitting.nurse)
    board = build_board(site=sitting.site, user=sitting.nurse, now=sitting.now)
    assert board["needs"][0]["kind"] == "unassigned"
    do(sitting, "assign-nurse", sitting.nurse, nurse=sitting.nurse.pk)
    board = build_board(site=sitting.site, user=sitting.nurse, now=sitting.now)
    assert [need["kind"] for need in board["needs"]] == []
    assert [row["load"] for row in board["staff"] if row["user"] == sitting.nurse.pk] == ["1"]


def find_seated(sitting: Sitting, now: Any) -> dict[str, Any]:
    """Return the one card on the desk's board."""
    desk = User.objects.filter(username="desk").first() or make_user("desk", sitting.site, "frontdesk")
    board = build_board(site=sitting.site, user=desk, now=now)
    assert "needs" not in board
    (card,) = [row["card"] for row in board["places"] if row["card"]] + board["unplaced"]
    return dict(card)


def test_the_desk_reads_how_far_who_and_until_when_and_nothing_clinical(sitting: Sitting) -> None:
    do(sitting, "record-arrival", sitting.nurse)
    card = find_seated(sitting, sitting.now)
    assert set(card) == {"session", "patient", "place", "initials", "stage", "nurse_name", "leaves_at"}
    assert (card["stage"], card["nurse_name"]) == ("preparing", "")
    do(sitting, "assign-nurse", sitting.nurse, nurse=sitting.nurse.pk)
    forget_cards()
    assert find_seated(sitting, sitting.now)["nurse_name"] == sitting.nurse.display_name
    words = present_board(build_board(site=sitting.site, user=User.objects.get(username="desk"), now=sitting.now))
    (seated,) = words["unplaced"]["cards"]
    assert (seated["stage"], seated["leaving"]["text"]) == ("Getting ready", "Leaves, at the earliest")


@pytest.mark.parametrize("phase", ["dosing", "paused"])
def test_the_desk_is_not_told_that_a_treatment_was_paused(phase: str) -> None:
    assert STAGES[phase] == "treatment"


def test_the_time_of_leaving_is_told_in_full_five_minutes_so_that_no_screen_ticks(sitting: Sitting) -> None:
    do(sitting, "record-arrival", sitting.nurse)
    seen = {find_seated(sitting, sitting.now + timedelta(seconds=second))["leaves_at"] for second in range(0, 20, 4)}
    assert len(seen) <= 2
    assert all(datetime.fromisoformat(at).minute % 5 == 0 for at in seen)


def test_a_call_says_where_as_far_as_it_is_known_and_guesses_no_room(sitting: Sitting) -> None:
    nowhere = actions.raise_help(site=sitting.site, by=sitting.nurse, now=sitting.now)
    assert describe_call(nowhere)["place"] == sitting.site.name
    Place.objects.create(site=sitting.site, name="Room 1")
    # of a site with one room too: who calls may stand at the desk
    either = actions.raise_help(site=sitting.site, by=sitting.prescriber, now=sitting.now)
    assert describe_call(either)["place"] == ""
    sitting.session.place = "Garden"
    sitting.session.save(update_fields=["place"])
    seated = actions.raise_help(site=sitting.site, session=sitting.session, by=sitting.therapist, now=sitting.now)
    assert describe_call(seated)["place"] == "Garden"


def sit_with_everybody(sitting: Sitting) -> str:
    """Name the nurse of the session, begin to give, and return the nurse's key."""
    do(sitting, "assign-nurse", sitting.nurse, nurse=sitting.nurse.pk)
    sitting.session.refresh_from_db()
    return str(sitting.nurse.pk)


def find_on_card(sitting: Sitting, now: Any) -> Any:
    forget_cards()
    card = load_floor(sitting.site, now).cards[sitting.session.pk]
    more = {"session": sitting.session.pk, "place": sitting.session.place, "initials": [], "opened_at": now.isoformat()}
    return find_top_alarm({**card, **more})


@pytest.mark.parametrize("spo2", [98, 86])
@pytest.mark.parametrize("after", [timedelta(0), timedelta(hours=1)])
def test_the_alarm_shown_on_every_page_is_the_one_that_the_card_ranks_first(
    sitting: Sitting, spo2: int, after: timedelta
) -> None:
    nurse, late = sit_with_everybody(sitting), sitting.now + after
    readings = {"systolic": 205, "diastolic": 118, "heart_rate": 70, "spo2": spo2, "resp_rate": 14}
    do(sitting, "record-vitals", sitting.nurse, **readings)
    listed = list_alarms_of(nurse, sitting.site, late)
    assert [(session.pk, alarm) for session, alarm in listed] == [(sitting.session.pk, find_on_card(sitting, late))]
    assert list_alarms_of(nurse, sitting.site, late, without=sitting.session.pk) == []
    assert list_alarms_of(str(sitting.prescriber.pk), sitting.site, late) == []


def test_who_has_no_alarm_is_shown_none(sitting: Sitting) -> None:
    nurse = sit_with_everybody(sitting)
    assert find_on_card(sitting, sitting.now) is None
    assert list_alarms_of(nurse, sitting.site, sitting.now) == []
