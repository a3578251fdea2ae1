"""The check-in's actions: links that end, answers that stay, findings and tasks at the moment of saving."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.checkins import actions
from afterglow.clinic.checkins.facts import list_asked
from afterglow.clinic.checkins.models import CheckIn, CheckInAnswer
from afterglow.clinic.errors import Denied, Refused
from afterglow.clinic.floor.arrivals import list_arrivals
from afterglow.clinic.measures import risk
from afterglow.clinic.measures.models import RiskAlert
from afterglow.clinic.people.models import Escort
from afterglow.clinic.scheduling.models import Appointment
from afterglow.clinic.tasks.actions import settle_task
from afterglow.clinic.tasks.models import Task
from afterglow.terms import InvalidInput
from afterglow.web.floor.arrivals import present_arrivals
from afterglow.web.sessions.present.told import build_told
from tests.factories import DAY, NOW, make_cast, make_patient
from tests.support.checking_in import HOUR, Visit, make_appointment, make_visit

pytestmark = pytest.mark.django_db

QUIET: dict[str, dict[str, Any]] = {
    "thoughts": {"choice": "no"},
    "mood": {"choice": "same"},
    "fall": {"choice": "no"},
    "diagnosis": {"choice": "no"},
    "medicines": {"choice": "no"},
    "urinary": {"choice": "no"},
    "outside": {"choice": "no"},
    "last-day": {"choice": "none"},
    "fever": {"choice": "no"},
    "food": {"choice": "yesterday", "clock": "20:00"},
    "meal": {"choice": "light"},
    "drink": {"choice": "yesterday", "clock": "22:00"},
    "pressure-tablets": {"choice": "none"},
    "diabetes": {"choice": "none"},
    "escort": {"choice": "named", "name": "Ivy Demo", "phone": "0660 1234"},
}


@pytest.fixture
def visit() -> Visit:
    return make_visit()


def list_rules(visit: Visit) -> list[str]:
    return [finding["rule"] for finding in visit.read().findings]


def test_the_token_is_in_nothing_that_is_stored(visit: Visit) -> None:
    assert actions.find_checkin(visit.token, now=NOW) is not None
    stored = [str(row) for model in (CheckIn, AuditEvent, Task) for row in model.objects.values()]
    assert all(visit.token not in row for row in stored)


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "\x00" * 43, "ü" * 43, "\ud800" * 43, "../" * 14, "a" * 9999])
def test_a_forged_token_leads_nowhere(visit: Visit, token: str) -> None:
    assert actions.find_checkin(token, now=NOW) is None


def test_a_link_ends_an_hour_after_the_planned_start(visit: Visit) -> None:
    ends_at = visit.appointment.starts_at + HOUR
    for now, is_valid in ((ends_at - timedelta(seconds=1), True), (ends_at, False)):
        found = actions.find_checkin(visit.token, now=now)
        assert found is not None
        assert found.is_valid is is_valid
    with pytest.raises(Refused) as refused:
        visit.answer("fall", now=ends_at, choice="yes")
    assert refused.value.code == actions.ENDED
    assert CheckInAnswer.objects.count() == 0


@pytest.mark.parametrize("state", ["cancelled", "moved", "no-show", "in-session", "done"])
def test_a_link_ends_with_its_visit(visit: Visit, state: str) -> None:
    type(visit.appointment).objects.filter(pk=visit.appointment.pk).update(state=state)
    found = actions.find_checkin(visit.token, now=NOW)
    assert found is not None
    assert not found.is_valid
    with pytest.raises(Refused):
        visit.answer("fall", choice="yes")


def test_a_new_link_ends_the_one_before(visit: Visit) -> None:
    _, token = actions.send_checkin(appointment=visit.appointment, by=visit.cast.desk, now=NOW)
    old, new = actions.find_checkin(visit.token, now=NOW), actions.find_checkin(token, now=NOW)
    assert old is not None
    assert new is not None
    assert (old.is_valid, new.is_valid) == (False, True)
    assert actions.revoke_checkin(appointment=visit.appointment, by=visit.cast.desk, now=NOW) == 1
    again = actions.find_checkin(token, now=NOW)
    assert again is not None
    assert not again.is_valid


def test_only_who_may_send_sends_and_only_before_a_visit(visit: Visit) -> None:
    for stranger in (visit.cast.manager, visit.cast.stranger, visit.cast.therapist):
        with pytest.raises(Denied):
            actions.send_checkin(appointment=visit.appointment, by=stranger, now=NOW)
    with pytest.raises(Refused):
        actions.send_checkin(appointment=visit.appointment, by=visit.cast.desk, now=NOW + 4 * HOUR)


def test_an_answer_stays_and_a_later_one_counts(visit: Visit) -> None:
    visit.answer("fall", choice="yes")
    visit.answer("fall", choice="no")
    values = list(visit.read().answers.values_list("number", "value"))
    assert values == [(1, {"choices": ["yes"]}), (2, {"choices": ["no"]})]
    assert list_rules(visit) == []
    for change in (lambda row: row.delete(), lambda row: CheckInAnswer.objects.filter(pk=row.pk).update(value={})):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(CheckInAnswer.objects.first())


def test_the_same_answer_again_is_stored_once(visit: Visit) -> None:
    first = visit.answer("fall", choice="yes")
    assert [visit.answer("fall", choice="yes").pk for _ in range(5)] == [first.pk] * 5
    assert CheckInAnswer.objects.count() == 1
    assert Task.objects.filter(kind="checkin-finding").count() == 1


def test_an_answer_that_cannot_be_read_changes_nothing(visit: Visit) -> None:
    refused: list[tuple[str, Any]] = [("fall", {}), ("fall", {"choice": "x"}), ("no-such", {"choice": "no"})]
    for question, given in [*refused, ("pregnancy", {"choice": "no"})]:
        with pytest.raises(InvalidInput):
            visit.answer(question, **given)
    assert CheckInAnswer.objects.count() == 0
    assert not AuditEvent.objects.filter(action="checkin.answered").exists()


def test_a_finding_reaches_the_desk_before_the_person_does(visit: Visit) -> None:
    assert actions.describe_for_desk(visit.appointment)["state"] == "sent"
    visit.answer("fall", choice="yes")
    told = actions.describe_for_desk(visit.read().appointment)
    assert (told["state"], told["worst"], told["answered"]) == ("begun", "caution", 1)
    assert [(each["rule"], each["seen"]) for each in told["findings"]] == [
        ("S-2", "Fall since the last session (told on the phone)")
    ]
    task = Task.objects.get(kind="checkin-finding")
    assert (task.patient_id, task.state) == (visit.appointment.patient_id, "open")
    visit.answer("last-day", choice=["alcohol", "cannabis"])
    assert actions.describe_for_desk(visit.read().appointment)["worst"] == "stop"
    assert Task.objects.filter(kind="checkin-finding").count() == 1


def test_a_crisis_calls_the_team_as_it_is_saved_and_is_not_taken_back(visit: Visit) -> None:
    visit.answer("thoughts", choice="act")
    task = Task.objects.get(kind="crisis-call")
    assert (task.priority, task.opened_at) == ("urgent", NOW)
    assert list_rules(visit)[0] == "CI-1"
    visit.answer("thoughts", choice="no")
    told = actions.describe_for_desk(visit.read().appointment)
    assert told["is_crisis"] is True
    assert list_rules(visit)[0] == "CI-1", "the worst answer counts until a clinician has assessed it"
    assert Task.objects.get(kind="crisis-call").state == "open"


def test_an_act_told_holds_this_visit_and_later_ones_until_a_clinician_has_assessed_it(visit: Visit) -> None:
    patient, later = visit.appointment.patient, NOW + timedelta(minutes=2)
    visit.answer("thoughts", choice="act")
    visit.answer("thoughts", now=NOW + timedelta(minutes=1), choice="no")
    assert "CI-1" in list_rules(visit)
    assert actions.find_visit_facts(appointment=visit.appointment)["visit.mood_worse"] is True
    told = actions.list_visit_answers(appointment=visit.appointment)[0]
    assert (told["choices"], told["changed"]["choices"]) == (["act"], ["no"])
    row = build_told({"checks": [], "told": [told], "now": NOW.isoformat()})[""][0]
    assert "might act" in row["answer"]
    assert "to: No;" in row["answer"]
    alert = RiskAlert.objects.get()
    assert (alert.patient, alert.level, alert.source) == (patient, "review-now", visit.checkin.pk)
    stop = risk.find_stop(patient, now=NOW + 30 * DAY)
    assert stop is not None
    assert "might act" in stop.seen
    assert Task.objects.filter(kind="risk-now", state="open").count() == 1
    # a new link, answered "no" on it, takes nothing back either
    _, token = actions.send_checkin(appointment=visit.appointment, by=visit.cast.desk, now=later)
    again = actions.find_checkin(token, now=later)
    assert again is not None
    actions.answer(checkin=again.checkin, question="thoughts", value={"choice": ["no"]}, now=later)
    fresh = type(visit.appointment).objects.get(pk=visit.appointment.pk)
    assert actions.list_visit_answers(appointment=fresh)[0]["choices"] == ["act"]


def test_a_second_crisis_calls_again_when_the_first_call_has_ended(visit: Visit) -> None:
    visit.answer("thoughts", choice="act")
    settle_task(task=Task.objects.get(kind="crisis-call"), now=NOW, outcome="spoken-safe")
    visit.answer("thoughts", choice="no", now=NOW + HOUR)
    visit.answer("thoughts", choice="act", now=NOW + 2 * HOUR)
    assert Task.objects.filter(kind="crisis-call", state="open").count() == 1
    # while a call is open, it is the same call
    visit.answer("thoughts", choice="no", now=NOW + 2 * HOUR)
    visit.answer("thoughts", choice="act", now=NOW + 2 * HOUR)
    assert Task.objects.filter(kind="crisis-call").count() == 2


def test_a_new_finding_asks_again_and_an_old_one_does_not(visit: Visit) -> None:
    visit.answer("fall", choice="yes")
    settle_task(task=Task.objects.get(kind="checkin-finding"), now=NOW, outcome="go-on")
    visit.answer("mood", choice="same", now=NOW + HOUR)
    assert not Task.objects.filter(kind="checkin-finding", state="open").exists()
    visit.answer("last-day", choice=["alcohol"], now=NOW + HOUR)
    assert Task.objects.filter(kind="checkin-finding", state="open").count() == 1


def show_arrival(visit: Visit) -> tuple[str, str, str]:
    """Return the tag, the words and the tone of the visit's line among the arrivals."""
    rows = list_arrivals(visit.cast.site, NOW.date(), NOW)
    shown = present_arrivals({"arrivals": [{**row, "initials": ["A", "D"]} for row in rows]})["rows"][0]
    return shown["tag"]["text"], shown["line"]["text"], shown["line"]["tone"]


def test_what_was_found_stands_on_the_board_until_the_person_is_seated(visit: Visit) -> None:
    escort = Escort.objects.create(
        patient=visit.appointment.patient, name="Ivy Demo", relation="friend", phone="1", recorded_at=NOW,
        recorded_by=visit.cast.desk,
    )  # fmt: skip
    type(visit.appointment).objects.filter(pk=visit.appointment.pk).update(escort=escort)
    visit.answer("mood", choice="same")
    assert show_arrival(visit)[1] == "Checklist begun, not finished"
    visit.answer("fall", choice="yes")
    assert show_arrival(visit) == ("1 open", "Check-in answered, findings to look at", "amber")
    type(visit.appointment).objects.filter(pk=visit.appointment.pk).update(state="arrived", arrived_at=NOW)
    tag, line, tone = show_arrival(visit)
    assert (tag, tone) == ("Arrived", "amber")
    assert line.endswith(". Check-in answered, findings to look at")


def test_a_link_sent_again_takes_back_nothing_that_was_told(visit: Visit) -> None:
    visit.answer("fall", choice="yes")
    facts = actions.find_visit_facts(appointment=visit.appointment)
    assert facts
    actions.send_checkin(appointment=visit.appointment, by=visit.cast.desk, now=NOW + HOUR / 2)
    appointment = Appointment.objects.get(pk=visit.appointment.pk)
    assert actions.find_visit_facts(appointment=appointment) == facts
    told = actions.describe_for_desk(appointment)
    assert (told["state"], told["worst"]) == ("sent", "caution")
    assert show_arrival(visit)[2] == "amber"


def test_a_quiet_check_in_finds_nothing_and_opens_no_task(visit: Visit) -> None:
    for question, given in QUIET.items():
        visit.answer(question, **given)
    actions.submit(checkin=visit.checkin, now=NOW)
    told = actions.describe_for_desk(visit.read().appointment)
    assert (told["state"], told["findings"], told["answered"]) == ("submitted", [], told["asked"])
    assert not Task.objects.exists()


def test_nothing_is_submitted_with_a_question_open(visit: Visit) -> None:
    for question, given in list(QUIET.items())[:-1]:
        visit.answer(question, **given)
    with pytest.raises(InvalidInput) as refused:
        actions.submit(checkin=visit.checkin, now=NOW)
    assert [problem.path for problem in refused.value.problems] == ["escort"]
    visit.answer("escort", declined="yes")
    assert actions.submit(checkin=visit.checkin, now=NOW).state == "submitted"


def test_a_submitted_check_in_can_still_say_that_something_changed(visit: Visit) -> None:
    for question, given in QUIET.items():
        visit.answer(question, **given)
    actions.submit(checkin=visit.checkin, now=NOW)
    visit.answer("fever", choice="yes", now=NOW + HOUR)
    assert list_rules(visit) == ["S-2"]
    assert Task.objects.filter(kind="checkin-finding").count() == 1


def test_only_what_raised_a_finding_reaches_the_sessions_rules(visit: Visit) -> None:
    visit.answer("fall", choice="yes")
    visit.answer("fever", choice="no")
    visit.answer("last-day", choice=["sedative"])
    facts = actions.find_visit_facts(appointment=visit.read().appointment)
    assert facts == {"visit.fall": True, "use.alcohol_or_sedatives_24h": True}


def test_staff_answer_together_with_the_person_and_others_do_not(visit: Visit) -> None:
    kept = visit.answer("fall", by=visit.cast.nurse, choice="no")
    assert kept.recorded_by == visit.cast.nurse
    assert AuditEvent.objects.get(action="checkin.answered").by == visit.cast.nurse.pk
    for stranger in (visit.cast.stranger, visit.cast.manager):
        with pytest.raises(Denied):
            visit.answer("fall", by=stranger, choice="yes")


def test_a_script_that_never_stops_is_refused(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MOST_ANSWERS", 4)
    for number in range(4):
        visit.answer("fall", choice="yes" if number % 2 else "no")
    with pytest.raises(Refused) as refused:
        visit.answer("fall", choice="no")
    assert refused.value.code == "answers-too-many"
    assert CheckInAnswer.objects.count() == 4


def test_the_audit_names_the_question_and_never_the_answer(visit: Visit) -> None:
    visit.answer("escort", choice="named", name="Ivy Demo", phone="0660 1234")
    row = AuditEvent.objects.get(action="checkin.answered")
    assert (row.by, row.patient) == ("patient-link", visit.appointment.patient_id)
    assert "Ivy" not in str(row.detail)


def test_an_escort_named_on_the_phone_is_confirmed_before_anybody_is_called(visit: Visit) -> None:
    def read_line() -> str:
        rows = list_arrivals(visit.cast.site, NOW.date(), NOW)
        (shown,) = present_arrivals({"arrivals": [{**row, "initials": ["A", "D"]} for row in rows]})["rows"]
        return str(shown["line"]["text"])

    Escort.objects.all().delete()
    assert read_line().startswith("No escort named: call ladder")
    visit.answer("escort", choice="named", name="Ivy Demo", phone="0660 1234")
    assert read_line().startswith("Escort told on the phone: confirm it")
    assert "Ivy" not in read_line()
    # the newest answer counts
    visit.answer("escort", choice="nobody", now=NOW + timedelta(minutes=5))
    assert "told on the phone: confirm" not in read_line()


def test_a_talk_asks_less_than_a_dose() -> None:
    cast = make_cast()
    patient = make_patient(cast)
    talk = {question.id for question in list_asked(make_appointment(cast, patient, kind="integration"))}
    assert "thoughts" in talk
    assert "food" not in talk


def test_the_answers_of_one_visit_say_nothing_at_another(visit: Visit) -> None:
    other = make_appointment(
        visit.cast, visit.appointment.patient, visit.appointment.plan, starts_at=NOW + timedelta(days=3)
    )
    visit.answer("fall", choice="yes")
    assert actions.describe_for_desk(other)["state"] == "none"
    assert actions.find_visit_facts(appointment=other) == {}


def test_the_desk_reads_a_days_check_ins_in_one_query(visit: Visit, django_assert_num_queries: Any) -> None:
    visit.answer("fall", choice="yes")
    rows = list(type(visit.appointment).objects.prefetch_related("checkins"))
    with django_assert_num_queries(0):
        assert [actions.describe_for_desk(row)["state"] for row in rows] == ["begun"]


def test_a_worse_finding_is_said_by_the_task_that_waits_and_presses_more(visit: Visit) -> None:
    visit.answer("fall", choice="yes")
    task = Task.objects.get(kind="checkin-finding")
    assert (task.priority, task.detail) == ("soon", "S-2: Fall since the last session (told on the phone)")
    first = task.detail
    visit.answer("last-day", choice=["alcohol", "cannabis"], now=NOW + HOUR / 2)
    task.refresh_from_db()
    assert task.priority == "urgent"
    assert task.detail.endswith(first)
    assert task.detail.index("lcohol") < task.detail.index("Fall")
    revised = task.events.get(type="revised")
    assert (revised.note, revised.at, revised.detail) == (first, NOW + HOUR / 2, {"from": "soon", "priority": "urgent"})
    # what an answer takes back is said as well, and the task presses no less
    visit.answer("last-day", choice=["none"], now=NOW + HOUR)
    task.refresh_from_db()
    assert task.priority == "urgent"
    assert task.detail.startswith(first)
    assert "Told before, changed since: " in task.detail
    assert Task.objects.filter(kind="checkin-finding").count() == 1


def test_a_finding_that_stops_is_urgent_from_the_first(visit: Visit) -> None:
    visit.answer("last-day", choice=["alcohol"])
    assert Task.objects.get(kind="checkin-finding").priority == "urgent"


def test_the_same_answer_again_revises_nothing(visit: Visit) -> None:
    visit.answer("fall", choice="yes")
    visit.answer("mood", choice="same")
    assert not Task.objects.get(kind="checkin-finding").events.filter(type="revised").exists()


def test_who_is_on_call_and_was_told_of_less_is_told_again(visit: Visit) -> None:
    visit.answer("fall", choice="yes")
    Task.objects.filter(kind="checkin-finding").update(escalation_level=2, escalate_at=None)
    visit.answer("last-day", choice=["alcohol"], now=NOW + HOUR)
    assert Task.objects.get(kind="checkin-finding").escalate_at == NOW + HOUR
