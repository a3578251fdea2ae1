"""Integration and shared care: windows, notes' own rule, goals at gates, owners of changes, letters, stepping down."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import DatabaseError

from afterglow.clinic import policy
from afterglow.clinic.audit.models import AuditEvent, ReadEvent
from afterglow.clinic.care import actions as care
from afterglow.clinic.care.models import GoalReview, Letter, TherapyNoteVersion
from afterglow.clinic.documents.actions import read_document
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.people import actions as people
from afterglow.clinic.plans import actions as plans
from afterglow.clinic.scheduling import actions as visits
from afterglow.clinic.tasks import actions as tasks
from afterglow.clinic.tasks.models import Task
from afterglow.terms import InvalidInput
from tests import factories
from tests.factories import DAY, NOW, Cast
from tests.support.booking import furnish, local
from tests.web.domain.test_domain_sweep import hold_session

HOUR = timedelta(hours=1)
DOCTOR = {"name": "Dr. Ada Fieldworth", "profession": "family-doctor", "address": "1 Mill Road\nHill", "fax": "0555 1"}
DONE = {"reason": "No response", "relapse_signs": "Sleeps badly for a week", "what_to_do": "Call us"}


@pytest.fixture
def plan(cast: Cast) -> Any:
    return factories.make_plan(cast)


@pytest.fixture
def doctor(cast: Cast, plan: Any) -> Any:
    return care.add_clinician(patient=plan.patient, fields=DOCTOR, by=cast.nurse, now=NOW)


def list_open(kind: str) -> list[Task]:
    return list(Task.objects.filter(kind=kind, state="open").order_by("key"))


def write(cast: Cast, patient: Any, text: str = "Spoke about the father") -> Any:
    return care.write_note(patient=patient, text=text, by=cast.therapist, now=NOW)


# ---- visits ------------------------------------------------------------------------------------


def test_a_session_without_a_talk_is_a_task_until_one_is_booked(cast: Cast, plan: Any) -> None:
    room, _ = furnish(cast)
    session = hold_session(cast, plan, local(2, 9))
    tasks.sweep(now=local(2, 12))
    assert [(task.subject_id, task.due_at) for task in list_open("integration-missing")] == [(session.pk, local(3, 11))]
    course = care.load_care_course(plan.patient, local(2, 12))
    need = care.list_needs(course, local(2, 12))[0]
    assert (need.begins_at, need.ends_at, need.is_missing) == (local(3, 11), local(5, 11), True)
    first = care.find_visit_openings(course, "integration", local(2, 12), need=need)[0]
    assert first.starts_at == local(3, 11)
    booked: dict[str, Any] = {
        "patient": plan.patient,
        "kind": "integration",
        "place": room,
        "by": cast.therapist,
        "now": local(2, 12),
    }
    visit = care.book_visit(starts_at=local(3, 13), clinician=cast.therapist, **booked)
    row = care.list_visits(course)[0]
    assert (row.visit, row.session, row.hours_after, row.is_in_window) == (visit, 1, 26, True)
    assert list_open("integration-missing") == []
    tasks.sweep(now=local(2, 13))
    assert list_open("integration-missing") == []


def test_a_visit_booked_elsewhere_ends_the_task_and_one_too_early_is_refused(cast: Cast, plan: Any) -> None:
    room, _ = furnish(cast)
    hold_session(cast, plan, local(2, 9))
    tasks.sweep(now=local(2, 12))
    given: dict[str, Any] = {"site": cast.site, "patient": plan.patient, "kind": "integration", "place": room}
    visits.book(
        starts_at=local(4, 9), clinician=cast.therapist, by=cast.desk, now=local(2, 12), accepted=("IN-1",), **given
    )
    tasks.sweep(now=local(2, 13))
    assert list_open("integration-missing") == []
    early: dict[str, Any] = {
        "patient": plan.patient,
        "kind": "integration",
        "place": room,
        "by": cast.therapist,
        "now": local(2, 12),
    }
    with pytest.raises(Refused) as refusal:
        care.book_visit(starts_at=local(2, 15), **early)
    assert "IN-1" in [finding.rule for finding in refusal.value.findings]
    with pytest.raises(Denied):
        care.book_visit(starts_at=local(4, 11), **{**early, "by": cast.desk})


def test_who_died_and_who_got_nothing_are_not_asked_to_a_talk(cast: Cast, plan: Any) -> None:
    hold_session(cast, plan, NOW, ending="ending-recorded")
    hold_session(cast, plan, NOW + DAY, is_dosed=False)
    tasks.sweep(now=NOW + 2 * DAY)
    assert list_open("integration-missing") == []


# ---- therapy notes -----------------------------------------------------------------------------


def test_a_note_is_read_by_its_author_and_the_named_therapist_only(cast: Cast, plan: Any) -> None:
    other = factories.make_user("thea", cast.site, "therapist")
    note = write(cast, plan.patient)
    assert care.read_note(note=note, by=cast.therapist, now=NOW)[0].text == "Spoke about the father"
    assert ReadEvent.objects.filter(what="therapy note", subject_id=note.pk, by=cast.therapist.pk).count() == 1
    for stranger in (other, cast.owner, cast.director, cast.nurse, cast.desk, cast.stranger):
        with pytest.raises(Denied):
            care.read_note(note=note, by=stranger, now=NOW)
    with pytest.raises(Refused, match="colleague"):
        care.name_therapist(patient=plan.patient, user=other, by=other, now=NOW)
    care.name_therapist(patient=plan.patient, user=other, by=cast.nurse, now=NOW)
    assert care.read_note(note=note, by=other, now=NOW)
    care.name_therapist(patient=plan.patient, user=cast.therapist, by=other, now=NOW + HOUR)
    with pytest.raises(Denied):
        care.read_note(note=note, by=other, now=NOW + HOUR)
    assert ReadEvent.objects.filter(what="therapy note").count() == 2


def test_an_emergency_opening_of_the_chart_opens_no_note(
    cast: Cast, plan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the policy lets somebody see for a while, the notes ask the roles that are stored."""
    note = write(cast, plan.patient)
    monkeypatch.setattr(policy, "allow", lambda *given, **named: True)
    monkeypatch.setattr(policy, "require", lambda *given, **named: None)
    monkeypatch.setattr(policy, "find_sites", lambda *given, **named: frozenset([cast.site.pk]))
    for widened in (cast.stranger, cast.director):
        with pytest.raises(Denied):
            care.read_note(note=note, by=widened, now=NOW)
        with pytest.raises(Denied):
            care.write_note(patient=plan.patient, text="Mine", by=widened, now=NOW)
    with pytest.raises(Denied):
        care.name_therapist(patient=plan.patient, user=cast.therapist, by=cast.stranger, now=NOW)
    assert [line.may_open for line in care.list_note_lines(plan.patient, cast.stranger)] == [False]


def test_versions_stay_and_words_are_withdrawn_for_good(cast: Cast, plan: Any) -> None:
    note = write(cast, plan.patient)
    care.revise_note(note=note, text="Spoke about the mother", by=cast.therapist, now=NOW + HOUR)
    with pytest.raises(Refused):
        care.revise_note(note=note, text="Spoke about the mother", by=cast.therapist, now=NOW + HOUR)
    first = note.versions.get(number=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        TherapyNoteVersion.objects.filter(pk=first.pk).update(text="Changed")
    with pytest.raises(Denied):
        care.withdraw_version(version=first, reason="Wrong chart", by=cast.owner, now=NOW)
    with pytest.raises(InvalidInput):
        care.withdraw_version(version=first, reason=" ", by=cast.therapist, now=NOW)
    care.withdraw_version(version=first, reason="Wrong chart", by=cast.therapist, now=NOW + HOUR)
    read = care.read_note(note=note, by=cast.therapist, now=NOW + HOUR)
    assert [(each.number, each.text, each.withdrawn_reason) for each in read] == [
        (2, "Spoke about the mother", ""),
        (1, "", "Wrong chart"),
    ]
    with pytest.raises(DatabaseError), transaction.atomic():
        TherapyNoteVersion.objects.filter(pk=first.pk).update(text="Back again")
    told = AuditEvent.objects.filter(subject_id=note.pk).values_list("action", flat=True)
    assert sorted(told) == ["therapy-note.withdrawn", "therapy-note.written", "therapy-note.written"]
    assert not any(b"father" in bytes(row.detail) for row in AuditEvent.objects.all())


# ---- goals -------------------------------------------------------------------------------------


def test_goals_are_reviewed_at_the_gate_and_changed_in_the_persons_words(cast: Cast, plan: Any) -> None:
    goal = care.add_goal(patient=plan.patient, kind="goal", words="Sleep through the night", by=cast.nurse, now=NOW)
    for day in (0, 2, 4):
        hold_session(cast, plan, NOW + day * DAY)
    after = NOW + 4 * DAY + 3 * HOUR
    tasks.sweep(now=after)
    task = list_open("goal-review")[0]
    assert (task.key or "").endswith(":T-3")
    with pytest.raises(InvalidInput):
        care.review_goal(goal=goal, outcome="changed", gate="T-3", by=cast.nurse, now=after)
    with pytest.raises(InvalidInput):
        care.review_goal(goal=goal, outcome="met", gate="T-5", by=cast.nurse, now=after)
    care.review_goal(goal=goal, outcome="changed", gate="T-3", words="Walk daily", by=cast.therapist, now=after)
    task.refresh_from_db()
    assert (task.state, task.outcome, task.done_by) == ("done", "reviewed", cast.therapist)
    rows = care.list_goals(plan.patient)
    assert [(row.goal.words, row.goal.replaces) for row in rows] == [("Walk daily", goal)]
    with pytest.raises(Conflict):
        care.review_goal(goal=goal, outcome="met", by=cast.nurse, now=after)
    tasks.sweep(now=after + DAY)
    assert list_open("goal-review") == []
    assert GoalReview.objects.count() == 1


def test_a_goal_that_is_met_and_an_older_intention_open_no_session(cast: Cast, plan: Any) -> None:
    patient = plan.patient
    goal = care.add_goal(patient=patient, kind="goal", words="Work again", by=cast.nurse, now=NOW)
    for place, words in enumerate(("Be brave", "Let go")):
        care.add_goal(patient=patient, kind="intention", words=words, by=cast.nurse, now=NOW + place * HOUR)
    assert [row.goal.words for row in care.list_goals(patient)] == ["Work again", "Let go"]
    care.review_goal(goal=goal, outcome="met", by=cast.nurse, now=NOW + DAY)
    assert [row.goal.words for row in care.list_goals(patient)] == ["Let go"]
    assert len(care.list_goals(patient, is_open=False)) == 3
    with pytest.raises(Denied):
        care.add_goal(patient=patient, kind="goal", words="Mine", by=cast.desk, now=NOW)


# ---- medicines ---------------------------------------------------------------------------------


def test_a_change_has_one_owner_and_goes_from_proposed_to_done(cast: Cast, plan: Any, doctor: Any) -> None:
    given: dict[str, Any] = {"patient": plan.patient, "medicine": "Lorazepam", "proposal": "Halve", "by": cast.nurse}
    for owners in ({}, {"owner": cast.owner, "outside_owner": doctor}, {"owner": cast.stranger}):
        with pytest.raises(InvalidInput):
            care.propose_change(now=NOW, **given, **owners)
    change = care.propose_change(now=NOW, outside_owner=doctor, **given)
    with pytest.raises(Conflict):
        care.finish_change(change=change, by=cast.nurse, now=NOW)
    with pytest.raises(Refused, match="theirs"):
        care.end_clinician(clinician=doctor, by=cast.nurse, now=NOW)
    care.agree_change(change=change, words="By phone", by=cast.nurse, now=NOW + 2 * DAY)
    with pytest.raises(InvalidInput):
        care.finish_change(change=change, on=NOW.date(), by=cast.nurse, now=NOW + 3 * DAY)
    done = care.finish_change(change=change, by=cast.nurse, now=NOW + 3 * DAY)
    assert (done.state, done.done_on) == ("done", (NOW + 3 * DAY).date())
    assert [event.kind for event in done.events.all()] == ["proposed", "agreed", "done"]
    care.end_clinician(clinician=doctor, by=cast.nurse, now=NOW + 3 * DAY)


# ---- letters -----------------------------------------------------------------------------------


def test_a_letter_after_induction_says_what_the_record_says(cast: Cast, plan: Any, doctor: Any) -> None:
    patient = plan.patient
    for day in range(0, 12, 2):
        hold_session(cast, plan, NOW + day * DAY)
    after = NOW + 11 * DAY
    people.record_history(patient=patient, facts={"scales.phq9.total": 7}, by=cast.nurse, now=after)
    tasks.sweep(now=after)
    assert [task.detail for task in list_open("letter-due")] == ["Update letter after induction"]
    care.propose_change(
        patient=patient, medicine="Lorazepam", proposal="Halve", outside_owner=doctor, by=cast.nurse, now=after
    )
    given: dict[str, Any] = {"patient": patient, "kind": "after-induction", "addressee": doctor}
    letter = care.draft_letter(by=cast.nurse, now=after, **given)
    assert care.draft_letter(by=cast.owner, now=after, **given) == letter
    for words in (
        "6 sessions, from 2 March 2026 to 12 March 2026",
        "PHQ-9 18 on",
        "7 on",
        "Lorazepam: Halve",
        "Sertra",
    ):
        assert (words in letter.body) is (words != "Sertra"), words
    assert "not worked out" in letter.body
    edited = care.edit_letter(letter=letter, body=letter.body + "\n\nThank you.", by=cast.nurse, now=after, version=1)
    with pytest.raises(Conflict):
        care.edit_letter(letter=letter, body="Old", by=cast.nurse, now=after, version=1)
    for unable in (cast.nurse, cast.therapist, cast.stranger):
        with pytest.raises(Denied):
            care.sign_letter(letter=edited, by=unable, now=after)
    signed = care.sign_letter(letter=edited, by=cast.owner, now=after, version=2)
    assert signed.document is not None
    assert read_document(signed.document) == care.print_letter(Letter.objects.get(pk=signed.pk))
    with pytest.raises(Conflict):
        care.edit_letter(letter=signed, body="Changed", by=cast.owner, now=after)
    send_and_settle(cast, signed, doctor, after)


def send_and_settle(cast: Cast, signed: Letter, doctor: Any, at: Any) -> None:
    with pytest.raises(Refused, match="ask the patient"):
        care.record_delivery(letter=signed, way="fax", by=cast.nurse, now=at)
    care.record_sharing(clinician=doctor, answer="allowed", by=cast.nurse, now=at)
    care.record_delivery(letter=signed, way="printed", by=cast.nurse, now=at)
    assert len(list_open("letter-due")) == 1
    row = care.record_delivery(letter=signed, way="fax", by=cast.nurse, now=at)
    assert (row.to, row.on) == ("0555 1", at.date())
    assert list_open("letter-due") == []
    tasks.sweep(now=at + DAY)
    assert list_open("letter-due") == []


def test_nobody_writes_to_whom_the_patient_refused(cast: Cast, plan: Any, doctor: Any) -> None:
    care.record_sharing(clinician=doctor, answer="refused", by=cast.nurse, now=NOW)
    with pytest.raises(Refused) as refusal:
        care.draft_letter(patient=plan.patient, kind="update", addressee=doctor, by=cast.nurse, now=NOW)
    assert refusal.value.code == "sharing-refused"


def test_a_stopped_course_asks_for_its_letter_and_the_plan_is_signed_whole(cast: Cast, plan: Any, doctor: Any) -> None:
    patient = plan.patient
    hold_session(cast, plan, NOW)
    at = NOW + 3 * DAY
    plans.stop_plan(plan=plan, reason="no response", by=cast.owner, now=at)
    tasks.sweep(now=at)
    assert [task.detail for task in list_open("letter-due")] == ["Letter at stopping"]
    steps = [{"on": date(2026, 3, 20), "what": "Last session", "watched_by": "Dr. Ada Fieldworth"}]
    draft = care.store_step_down(patient=patient, fields={"kind": "stop"}, steps=steps, by=cast.nurse, now=at)
    with pytest.raises(Refused):
        care.sign_step_down(plan=draft, by=cast.owner, now=at)
    with pytest.raises(Conflict):
        care.store_step_down(patient=patient, fields={"kind": "stop"}, steps=[], by=cast.nurse, now=at)
    draft = care.store_step_down(
        patient=patient, fields={"kind": "stop", **DONE}, steps=steps, by=cast.nurse, now=at, version=1
    )
    with pytest.raises(Denied):
        care.sign_step_down(plan=draft, by=cast.nurse, now=at)
    signed = care.sign_step_down(plan=draft, by=cast.owner, now=at, version=2)
    assert signed.document is not None
    assert read_document(signed.document).startswith(b"%PDF")
    letter = care.draft_letter(patient=patient, kind="stopping", addressee=doctor, by=cast.owner, now=at)
    assert "20 March 2026: Last session; watched by Dr. Ada Fieldworth" in letter.body
    assert "no response" in letter.body
    again = care.store_step_down(
        patient=patient, fields={"kind": "stop", **DONE}, steps=steps, by=cast.nurse, now=at + DAY
    )
    care.sign_step_down(plan=again, by=cast.owner, now=at + DAY)
    assert [each.state for each in patient.step_down_plans.all()] == ["superseded", "signed"]


def test_a_step_without_day_or_watcher_stores_nothing(cast: Cast, plan: Any) -> None:
    steps = [{"what": "Every two weeks", "watched_by": "", "on": None}]
    with pytest.raises(InvalidInput) as refused:
        care.store_step_down(patient=plan.patient, fields={"kind": "stop"}, steps=steps, by=cast.nurse, now=NOW)
    assert [problem.code for problem in refused.value.problems] == ["text-missing", "day-missing"]
    assert plan.patient.step_down_plans.count() == 0
