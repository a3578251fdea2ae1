"""The sweep: what becomes due is opened once, what was done elsewhere is ended, at a cost that does not grow."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from afterglow.clinic.chain import render_canonical
from afterglow.clinic.consents.models import Consent
from afterglow.clinic.dosing_sessions.actions import open_session
from afterglow.clinic.dosing_sessions.models import Session, SessionEvent
from afterglow.clinic.tasks import actions as tasks
from afterglow.clinic.tasks.models import CourseLook, Task
from afterglow.clinic.tasks.sweeping import _settle_consents, list_parts
from tests import factories
from tests.factories import DAY, NOW, Cast
from tests.support.checking_in import make_appointment

HOUR = timedelta(hours=1)


def hold_session(
    cast: Cast, plan: Any, at: datetime, *, ending: str = "patient-left", is_dosed: bool = True
) -> Session:
    """Return a session that began at an instant and is over two hours later, by its events."""
    session = open_session(patient=plan.patient, plan=plan, site=cast.site, place="Room 1", by=cast.nurse, now=at)
    kind = {"kind": "died"} if ending == "ending-recorded" else {"with": "escort"}
    rows = [("dosing-started", at, {"rate_ml_per_h": "60"})] if is_dosed else []
    rows.append((ending, at + 2 * HOUR, kind))
    for name, when, body in rows:
        session.last_seq += 1
        SessionEvent.objects.create(
            session=session, seq=session.last_seq, type=name, version=1, occurred_at=when, recorded_at=when,
            by=cast.nurse.pk, body=render_canonical(body), previous=session.head_hash, hash=f"{session.last_seq:064d}",
        )  # fmt: skip
        session.head_hash, session.last_recorded_at = f"{session.last_seq:064d}", when
    session.phase = "left" if ending == "patient-left" else "ended"
    session.save()
    return session


def list_open(kind: str) -> list[Task]:
    return list(Task.objects.filter(kind=kind, state="open").order_by("opened_at", "key"))


@pytest.fixture
def plan(cast: Cast) -> Any:
    return factories.make_plan(cast)


def test_a_call_back_is_due_48_hours_after_leaving_and_opened_once(cast: Cast, plan: Any) -> None:
    session = hold_session(cast, plan, NOW)
    tasks.sweep(now=NOW + 3 * HOUR)
    assert tasks.sweep(now=NOW + 4 * HOUR) == []
    task = list_open("call-back-48h")[0]
    assert (task.due_at, task.patient, task.subject_id) == (NOW + 50 * HOUR, plan.patient, session.pk)


def test_who_got_no_drug_and_who_died_are_not_called_back(cast: Cast, plan: Any) -> None:
    hold_session(cast, plan, NOW, is_dosed=False)
    hold_session(cast, plan, NOW + DAY, ending="ending-recorded")
    tasks.sweep(now=NOW + 2 * DAY)
    assert list_open("call-back-48h") == []
    assert len(list_open("record-unsigned")) == 2


def test_the_visits_of_somebody_who_died_are_to_be_cancelled_and_of_who_left_are_not(cast: Cast, plan: Any) -> None:
    hold_session(cast, plan, NOW)
    make_appointment(cast, plan.patient, plan, starts_at=NOW + 5 * DAY)
    tasks.sweep(now=NOW + 3 * HOUR)
    assert list_open("visits-to-cancel") == []
    hold_session(cast, plan, NOW + 2 * DAY, ending="ending-recorded")
    tasks.sweep(now=NOW + 3 * DAY)
    assert [task.patient for task in list_open("visits-to-cancel")] == [plan.patient]


def test_an_open_record_is_a_task_until_it_is_closed(cast: Cast, plan: Any) -> None:
    session = hold_session(cast, plan, NOW)
    tasks.sweep(now=NOW + 3 * HOUR)
    task = list_open("record-unsigned")[0]
    assert task.due_at == NOW + 26 * HOUR
    Session.objects.filter(pk=session.pk).update(is_closed=True)
    tasks.sweep(now=NOW + 5 * HOUR)
    task.refresh_from_db()
    assert (task.state, task.outcome, task.done_by) == ("done", "closed", None)
    tasks.sweep(now=NOW + 6 * HOUR)
    assert list_open("record-unsigned") == []


def test_a_consent_is_renewed_from_thirty_days_before_its_end(cast: Cast, plan: Any) -> None:
    consent = plan.patient.consents.get()
    midnight = datetime.combine(consent.expires_on, datetime.min.time(), UTC)
    tasks.sweep(now=midnight - 31 * DAY)
    assert list_open("consent-expiring") == []
    tasks.sweep(now=midnight - 30 * DAY)
    task = list_open("consent-expiring")[0]
    # the last second of its last day in Vienna, in summer
    assert task.due_at == midnight + timedelta(hours=21, minutes=59, seconds=59)
    factories.sign(cast, plan.patient, now=midnight - 20 * DAY)
    tasks.sweep(now=midnight - 19 * DAY)
    task.refresh_from_db()
    assert (task.state, task.outcome) == ("done", "renewed")


def test_the_bladder_score_is_due_after_the_fourth_session(cast: Cast, plan: Any) -> None:
    for number in range(3):
        hold_session(cast, plan, NOW + (2 * number + 1) * DAY)
    tasks.sweep(now=NOW + 6 * DAY)
    assert list_open("screen-bladder") == []
    hold_session(cast, plan, NOW + 7 * DAY)
    tasks.sweep(now=NOW + 7 * DAY + 3 * HOUR)
    task = list_open("screen-bladder")[0]
    assert task.detail.startswith("Bladder score. Every 4th session or monthly")
    # midnight in Vienna: due today, to be asked before leaving
    assert task.due_at == (NOW + 7 * DAY).replace(hour=23)
    tasks.sweep(now=NOW + 7 * DAY + 4 * HOUR)
    assert list_open("screen-bladder") == [task]


def test_a_recorded_score_ends_the_task_and_begins_the_next_round(cast: Cast, plan: Any) -> None:
    for number in range(4):
        hold_session(cast, plan, NOW + (2 * number + 1) * DAY)
    at = NOW + 7 * DAY + 3 * HOUR
    tasks.sweep(now=at)
    result = {"scales.luts.total": 3, "course.has_haematuria_or_pain": False, "history.urinary_symptoms": False}
    tasks.record_surveillance(patient=plan.patient, screen="bladder", result=result, by=cast.nurse, now=at + HOUR)
    assert list_open("screen-bladder") == []
    assert "bladder-score" not in {
        due.item for due in tasks.list_surveillance(patient=plan.patient, now=at) if due.is_due
    }
    # the next monthly one is announced a week before
    tasks.sweep(now=at + 25 * DAY)
    assert [task.state for task in Task.objects.filter(kind="screen-bladder").order_by("opened_at")] == ["done", "open"]


def test_blood_in_the_urine_stops_the_course_and_goes_to_the_prescriber(cast: Cast, plan: Any) -> None:
    result = {"scales.luts.total": 19, "course.has_haematuria_or_pain": True, "history.urinary_symptoms": True}
    record = tasks.record_surveillance(patient=plan.patient, screen="bladder", result=result, by=cast.nurse, now=NOW)
    task = list_open("surveillance-finding")[0]
    assert (task.priority, task.owner_role, task.subject_id) == ("urgent", "prescriber", record.pk)
    assert "LT-1" in task.detail
    found = tasks.judge_surveillance(patient=plan.patient, on=NOW.date())
    assert str(found[0].severity) == "stop"
    facts = {row.name: row.value for row in plan.patient.historyfact_set.filter(ended_at__isnull=True)}
    assert facts["course.has_haematuria_or_pain"] is True, "the chart says it too"


def test_use_elsewhere_needs_its_dose_and_dates_in_words(cast: Cast, plan: Any) -> None:
    from afterglow.terms import InvalidInput

    given = {"patient": plan.patient, "screen": "outside-exposure", "by": cast.nurse, "now": NOW}
    with pytest.raises(InvalidInput) as refused:
        tasks.record_surveillance(result={"course.outside_use": "racemic"}, **given)
    assert refused.value.problems[0].path == "note"
    tasks.record_surveillance(result={"course.outside_use": "esketamine"}, note="84 mg at home on 1 March", **given)
    found = tasks.judge_surveillance(patient=plan.patient, on=NOW.date())
    assert [finding.rule for finding in found if str(finding.severity) == "stop"] == ["LT-13"]


@pytest.mark.parametrize(
    ("screen", "result", "code"),
    [
        ("hair", {"x": 1}, "word-unknown"),
        ("bladder", {"scales.luts.total": 3}, "answer-missing"),
        ("liver", {"labs.alt.value": 30, "scales.luts.total": 3}, "answer-not-asked"),
        ("cognition", {}, "answer-missing"),
        ("cognition", {"memory": "gone"}, "word-unknown"),
        ("bladder", {"scales.luts.total": 99, "course.has_haematuria_or_pain": False}, None),
    ],
)
def test_a_result_that_cannot_be_is_refused_whole(cast: Cast, plan: Any, screen: str, result: Any, code: Any) -> None:
    from afterglow.clinic.tasks.models import SurveillanceRecord
    from afterglow.terms import InvalidInput

    with pytest.raises(InvalidInput) as refused:
        tasks.record_surveillance(patient=plan.patient, screen=screen, result=result, by=cast.nurse, now=NOW)
    assert code is None or code in {problem.code for problem in refused.value.problems}
    assert SurveillanceRecord.objects.count() == 0


def test_a_course_is_looked_at_once_a_day(cast: Cast, plan: Any) -> None:
    tasks.sweep(now=NOW)
    first = CourseLook.objects.get()
    tasks.sweep(now=NOW + 3 * HOUR)
    assert CourseLook.objects.get().at == first.at
    tasks.sweep(now=NOW + DAY)
    assert CourseLook.objects.get().at == NOW + DAY


def test_a_person_whose_plan_was_stopped_is_asked_nothing(cast: Cast, plan: Any) -> None:
    from afterglow.clinic.plans.actions import stop_plan

    stop_plan(plan=plan, reason="Moved away for good", by=cast.owner, now=NOW)
    tasks.sweep(now=NOW + 200 * DAY)
    assert not Task.objects.exists()


def test_a_sweep_with_nothing_to_do_asks_a_fixed_number_of_questions(
    cast: Cast, plan: Any, django_assert_max_num_queries: Any
) -> None:
    hold_session(cast, plan, NOW)
    tasks.sweep(now=NOW + 3 * HOUR)
    with django_assert_max_num_queries(40) as few:
        assert tasks.sweep(now=NOW + 4 * HOUR, site=cast.site) == []
    for number in range(6):
        other = factories.make_patient(cast, given_name=f"Birch{number}")
        for count in range(3):
            tasks.open_task(
                site=cast.site,
                kind="call-to-return",
                by=None,
                now=NOW + 4 * HOUR,
                patient=other,
                key=f"{number}:{count}",
            )
    with django_assert_max_num_queries(40) as many:
        assert tasks.sweep(now=NOW + 4 * HOUR, site=cast.site) == []
    assert len(many) == len(few)


def test_open_tasks_of_consents_are_judged_by_one_question_however_many_there_are(
    cast: Cast, plan: Any, django_assert_num_queries: Any
) -> None:
    consents = [plan.patient.consents.get()]
    at = datetime.combine(consents[0].expires_on, datetime.min.time(), UTC) - 10 * DAY
    consents += [factories.make_plan(cast).patient.consents.get() for _ in range(3)]
    tasks.sweep(now=at)
    assert len(list_open("consent-expiring")) == 4
    with django_assert_num_queries(1):
        assert list(_settle_consents(site=cast.site, now=at)) == []
    Consent.objects.filter(pk=consents[0].pk).update(withdrawn_at=at, withdrawn_by=cast.nurse)
    factories.sign(cast, consents[1].patient, now=at)
    ended = {task.subject_id: task.outcome for task in _settle_consents(site=cast.site, now=at + HOUR)}
    assert ended == {consents[0].pk: "withdrawn", consents[1].pk: "renewed"}
    assert {task.subject_id for task in list_open("consent-expiring")} == {consents[2].pk, consents[3].pk}


def test_a_part_does_one_piece_of_work_at_a_time_and_what_was_left_is_done_by_the_next_sweep(
    cast: Cast, plan: Any
) -> None:
    for number in range(3):
        hold_session(cast, plan, NOW + number * DAY)
    after = NOW + 3 * DAY
    left = list(list_parts(now=after, site=cast.site))
    for part in left:
        next(part, None)
    assert (len(list_open("call-back-48h")), len(list_open("record-unsigned"))) == (1, 1)
    tasks.sweep(now=after)
    assert (len(list_open("call-back-48h")), len(list_open("record-unsigned"))) == (3, 3)
    # whoever still goes on from the first sweep opens nothing twice
    for part in left:
        list(part)
    assert (len(list_open("call-back-48h")), len(list_open("record-unsigned"))) == (3, 3)
