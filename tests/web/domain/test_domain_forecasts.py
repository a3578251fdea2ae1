"""The question of a forecast: what the chart knows as it stands, and what it does not know left out."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from afterglow.clinic.audit.models import ReadEvent
from afterglow.clinic.care import forecasts
from afterglow.clinic.errors import Denied
from afterglow.clinic.measures.actions import correct_form, save_answer
from afterglow.clinic.people import actions as people
from afterglow.clinic.people.models import HistoryFact
from afterglow.clinic.plans.actions import sign_plan, stop_plan
from afterglow.clinic.tasks.actions import settle_task
from afterglow.clinic.tasks.models import Task
from afterglow.clinic.worker import Worker
from afterglow.outcomes.outlook.jobs import forecast_course
from tests import factories
from tests.factories import DAY, NOW, Cast
from tests.support.giving import give
from tests.support.measuring import CALM as CALM_ANSWERS
from tests.support.measuring import ask as ask_form
from tests.support.measuring import enter, install_wording
from tests.web.domain.test_domain_sweep import hold_session

HOUR = timedelta(hours=1)
LATER = NOW + 60 * DAY
CALM = ("vitals-recorded", -10, {"systolic": 122, "diastolic": 78})
HIGH = ("vitals-recorded", -10, {"systolic": 165, "diastolic": 78})


@pytest.fixture
def plan(cast: Cast) -> Any:
    return factories.make_plan(cast, induction_sessions=2, sessions_per_week=2)


def score(cast: Cast, patient: Any, at: datetime, **facts: Any) -> None:
    values = {name.replace("__", "."): value for name, value in facts.items()}
    people.record_history(patient=patient, facts=values, by=cast.nurse, now=at)


def run_course(cast: Cast, plan: Any, *, more: Any = (CALM,)) -> None:
    """Two sessions, and PHQ-9 scores that fall: 18 from the chart at the start, 9, 5 and 6."""
    for days in (1, 4):
        give(cast, plan, NOW + days * DAY, more=more)
    for days, value in ((10, 9), (30, 5), (55, 6)):
        score(cast, plan.patient, NOW + days * DAY, scales__phq9__total=value)


def read(cast: Cast, plan: Any, now: datetime = LATER) -> Any:
    return forecasts.read_question(patient=plan.patient, by=cast.nurse, now=now)


def get_course(cast: Cast, plan: Any, now: datetime = LATER) -> Any:
    return read(cast, plan, now).payload["course"]


def test_scores_sessions_and_protocol_of_the_chart_are_the_question(cast: Cast, plan: Any) -> None:
    run_course(cast, plan)
    question = read(cast, plan)
    course = question.payload["course"]
    assert [row["value"] for row in course["scores"]] == [18, 9, 5, 6]
    assert [row["dose_mg"] for row in course["sessions"]] == [36.0, 36.0]
    assert (course["instrument"], course["drug"], course["route"]) == ("phq9", "racemic", "iv")
    assert (course["weight_kg"], course["duration_min"], course["induction_sessions"]) == (72.4, 40.0, 2)
    assert course["reactions"] == {"serious_or_severe": 0, "sessions_asked": 2}
    assert "new_antidepressant" not in course
    assert question.payload["policy"]["protocol"] == "iv-racemic"
    answer = forecast_course(json.dumps(question.payload))
    assert (answer["status"], answer["outcome"], answer["scores_used"]) == ("ok", "forecast", 4)


def test_the_signed_plan_says_how_long_induction_lasts_and_how_often_it_is(cast: Cast, plan: Any) -> None:
    """A plan of two sessions: after both, upkeep; the protocol's own six would still be induction."""
    give(cast, plan, NOW + DAY)
    first = read(cast, plan)
    assert first.payload["policy"]["phase"] == "induction"
    assert "2 sessions, 2 a week" in first.payload["policy"]["text"]
    give(cast, plan, NOW + 4 * DAY)
    policy = read(cast, plan).payload["policy"]
    assert (policy["phase"], policy["choices_d"]) == ("maintenance", [14, 21, 28, 42, 56])


def test_a_plan_of_three_a_week_is_every_two_or_three_days(cast: Cast) -> None:
    often = factories.make_plan(cast, induction_sessions=6, sessions_per_week=3)
    give(cast, often, NOW + DAY)
    bounds = read(cast, often).bounds
    assert bounds is not None
    assert (bounds.present_d, bounds.keep_d) == (2, (2, 3))


def test_before_any_session_an_old_answer_about_suicide_stays_old(cast: Cast, plan: Any) -> None:
    """There is no first session to count from: the answer of 60 days ago is not one of today."""
    score(cast, plan.patient, NOW, suicide__ideation=0, suicide__behaviour="none")
    question = read(cast, plan)
    assert (question.code, question.payload) == ("no-session", {})
    assert question.bounds is not None
    assert "NT-2" in [finding.rule for finding in question.bounds.guards.against_longer]


def test_a_dose_that_the_protocol_does_not_give_is_told(cast: Cast, plan: Any) -> None:
    give(cast, plan, NOW + DAY, mg="350")
    assert [problem.code for problem in read(cast, plan).problems] == ["dose-outside-range"]


def test_a_severe_reaction_and_an_antidepressant_begun_with_the_sessions_are_told(cast: Cast, plan: Any) -> None:
    severe = ("adverse-event-recorded", 30, {"kind": "vomiting", "severity": "severe"})
    run_course(cast, plan, more=(CALM, severe))
    first = (NOW + DAY).date()
    people.record_medication(
        patient=plan.patient, name="Sertraline", started_on=first - 40 * DAY, by=cast.nurse, now=NOW
    )
    assert "new_antidepressant" not in get_course(cast, plan)
    people.record_medication(
        patient=plan.patient, name="Venlafaxine", started_on=first - 9 * DAY, by=cast.nurse, now=NOW
    )
    course = get_course(cast, plan)
    assert course["new_antidepressant"] is True
    assert course["reactions"] == {"serious_or_severe": 2, "sessions_asked": 2}
    assert forecast_course(json.dumps({"course": course}))["outcome"] == "forecast"


def test_nothing_of_the_person_but_the_course_is_handed_over(cast: Cast, plan: Any) -> None:
    run_course(cast, plan)
    text = json.dumps(read(cast, plan).payload)
    patient = plan.patient
    for word in (patient.family_name, patient.given_name, patient.number, patient.pk, str(patient.birth_on)):
        assert word not in text


def test_the_reading_is_written_down_and_asks_for_scores_and_sessions(cast: Cast, plan: Any) -> None:
    before = ReadEvent.objects.filter(what="forecast").count()
    assert read(cast, plan).code == "no-session"
    assert ReadEvent.objects.filter(what="forecast").count() == before, "nothing was worked out, nothing was read"
    run_course(cast, plan)
    read(cast, plan)
    assert ReadEvent.objects.filter(what="forecast").count() == before + 1
    for user in (cast.desk, cast.manager, cast.stranger):
        assert not forecasts.may_ask(user, plan.patient)
        with pytest.raises(Denied):
            forecasts.read_question(patient=plan.patient, by=user, now=LATER)
    assert ReadEvent.objects.filter(what="forecast").count() == before + 1


def test_a_score_of_a_day_counts_before_the_session_of_that_day(cast: Cast, plan: Any) -> None:
    early = NOW.replace(hour=5)
    give(cast, plan, early + 3 * DAY)
    score(cast, plan.patient, early + 3 * DAY + HOUR, scales__phq9__total=17)
    course = get_course(cast, plan)
    at = datetime.fromisoformat(course["scores"][-1]["at"])
    assert course["scores"][-1]["value"] == 17
    assert at < datetime.fromisoformat(course["sessions"][0]["at"])


def test_the_last_entry_of_a_day_counts_and_one_ended_as_wrong_does_not(cast: Cast, plan: Any) -> None:
    give(cast, plan, NOW + DAY)
    at = NOW + 10 * DAY
    score(cast, plan.patient, at, scales__phq9__total=14)
    score(cast, plan.patient, at + HOUR, scales__phq9__total=11)
    score(cast, plan.patient, at + 5 * DAY, scales__phq9__total=25)
    wrong = HistoryFact.objects.get(name="scales.phq9.total", ended_at=None)
    wrong.ended_at, wrong.ended_by, wrong.end_reason = LATER, cast.nurse, "another person's"
    wrong.save()
    assert [row["value"] for row in get_course(cast, plan)["scores"]] == [18, 11]


def test_a_score_that_is_not_known_stays_not_known(cast: Cast, plan: Any) -> None:
    give(cast, plan, NOW + DAY)
    score(cast, plan.patient, NOW + 10 * DAY, scales__phq9__total=None)
    last = get_course(cast, plan)["scores"][-1]
    assert (last["value"], last["reason"]) == (None, "asked, not known")


def test_a_dose_that_no_record_tells_is_left_out_and_ends_the_forecast(cast: Cast, plan: Any) -> None:
    run_course(cast, plan)
    give(cast, plan, NOW + 20 * DAY, mg=None)
    question = read(cast, plan)
    assert "dose_mg" not in question.payload["course"]["sessions"][-1]
    answer = forecast_course(json.dumps(question.payload))
    assert (answer["outcome"], answer["code"]) == ("not-enough-data", "dose-unknown")


def test_a_session_that_still_runs_is_not_counted(cast: Cast, plan: Any) -> None:
    run_course(cast, plan)
    give(cast, plan, LATER - HOUR / 2, has_left=False)
    assert len(get_course(cast, plan)["sessions"]) == 2


def test_topics_are_known_only_when_every_one_was_looked_at(cast: Cast, plan: Any) -> None:
    run_course(cast, plan)
    assert "open_topics" not in get_course(cast, plan)
    screened = {
        "scales__luts__total": 1, "labs__alt__value": 20, "labs__alt__upper_limit": 40, "labs__ast__value": 20,
        "labs__ast__upper_limit": 40, "course__has_misuse": False,
    }  # fmt: skip
    score(cast, plan.patient, NOW + 58 * DAY, **screened)
    assert get_course(cast, plan)["open_topics"] == []
    score(cast, plan.patient, NOW + 59 * DAY, course__has_misuse=True)
    assert get_course(cast, plan)["open_topics"] == ["misuse"]


@pytest.mark.parametrize(("more", "expected"), [((HIGH,), ["blood-pressure"]), ((), None)])
def test_pressure_before_the_last_session_is_open_by_the_rules_or_not_known(
    cast: Cast, plan: Any, more: Any, expected: Any
) -> None:
    run_course(cast, plan, more=more)
    assert get_course(cast, plan).get("open_topics") == expected


def test_answers_about_suicide_come_from_chart_and_sessions(cast: Cast, plan: Any) -> None:
    asked = ("suicide-screen-recorded", -15, {"level": 2, "behaviour": False})
    unanswered = ("suicide-screen-recorded", -14, {"behaviour": False})
    give(cast, plan, NOW + 3 * DAY, more=(unanswered,))
    give(cast, plan, NOW + 4 * DAY, more=(asked,), has_left=False)
    score(cast, plan.patient, NOW + 50 * DAY, suicide__behaviour="recent", scales__phq9__item9=1)
    rows = [
        (row["instrument"], row["level"], row["recent_behaviour"]) for row in get_course(cast, plan)["suicide_answers"]
    ]
    assert rows == [
        ("c-ssrs", 0, False), ("phq9-item-9", 0, False), ("c-ssrs", 2, False), ("c-ssrs", 0, True),
        ("phq9-item-9", 1, False),
    ]  # fmt: skip


def test_an_answer_that_alerts_stands_in_the_question_until_it_is_assessed(cast: Cast, plan: Any) -> None:
    """Saved on the phone, never sent: no result holds it, and the alert is there all the same."""
    run_course(cast, plan)
    answers = {**CALM_ANSWERS, "9": 0}
    install_wording("phq9")
    enter(plan.patient, cast.nurse, "phq9", answers, "calm", now=LATER - 3 * DAY)
    now = LATER - DAY
    form, _ = ask_form(plan.patient, cast.nurse, now=now)
    before = read(cast, plan).payload
    assert "open_alerts" not in before["course"]
    save_answer(form=form, item="9", value="3", key="a1", now=now + HOUR)
    payload = read(cast, plan).payload
    rows = payload["course"]["open_alerts"]
    assert [(row["instrument"], row["seen"]) for row in rows] == [("phq9", "item 9 = 3")]
    assert payload["course"]["suicide_answers"] == before["course"]["suicide_answers"]
    found = forecast_course(json.dumps(payload))["next_treatment"]["findings"]
    assert ("Suicide alert not assessed", "phq9: item 9 = 3") in [(row["title"], row["seen"][:16]) for row in found]


def test_a_mild_alert_stands_as_long_as_the_task_it_opened(cast: Cast, plan: Any) -> None:
    run_course(cast, plan)
    enter(plan.patient, cast.nurse, "c-ssrs-screener", {"1": 1, "2": 0, "6": 0}, "low", now=LATER - DAY)
    assert [row["instrument"] for row in get_course(cast, plan)["open_alerts"]] == ["c-ssrs-screener"]
    task = Task.objects.get(patient=plan.patient, kind="risk-follow-up", state="open")
    settle_task(task=task, now=LATER - HOUR, by=cast.nurse, outcome="done")
    assert "open_alerts" not in get_course(cast, plan)


def test_without_a_plan_nothing_is_asked_and_the_reason_is_told(cast: Cast) -> None:
    patient = factories.make_patient(cast)
    question = forecasts.read_question(patient=patient, by=cast.nurse, now=timezone.now())
    assert (question.payload, question.code) == ({}, "no-plan")


def test_the_plan_names_the_interval_that_upkeep_begins_with(cast: Cast) -> None:
    plan = factories.make_plan(cast, induction_sessions=2, maintenance_every_wk=4)
    for days in range(1, 8):
        give(cast, plan, NOW + days * DAY)
    assert read(cast, plan).payload["policy"]["default_d"] == 28


def test_a_form_counts_with_its_newest_result_and_before_the_charts_entry_of_its_day(cast: Cast, plan: Any) -> None:
    run_course(cast, plan)
    install_wording("phq9")
    at = NOW + 40 * DAY
    answers = {**CALM_ANSWERS, "1": 3, "9": 2}
    first = enter(plan.patient, cast.nurse, "phq9", answers, "s1", now=at)
    correct_form(
        form=first.form,
        answers={**answers, "9": 1},
        submission_id="s2",
        reason="Read wrongly",
        by=cast.nurse,
        now=at + HOUR,
    )
    score(cast, plan.patient, at, scales__phq9__total=20)
    course = get_course(cast, plan)
    assert [row["value"] for row in course["scores"]] == [18, 9, 5, 4, 6]
    ninth = [row["level"] for row in course["suicide_answers"] if row["instrument"] == "phq9-item-9"]
    assert ninth == [0, 1]


def test_scales_that_are_not_modelled_stay_out_and_the_fuller_scale_is_asked(cast: Cast, plan: Any) -> None:
    run_course(cast, plan)
    for days in (10, 20, 30, 40):
        score(cast, plan.patient, NOW + days * DAY, scales__madrs__total=20, scales__gad7__total=4)
    course = get_course(cast, plan)
    assert course["instrument"] == "madrs"
    assert {row["instrument"] for row in course["scores"]} == {"phq9", "madrs"}


def test_a_course_that_ended_with_the_person_asks_nothing(cast: Cast, plan: Any) -> None:
    hold_session(cast, plan, NOW + DAY, ending="ending-recorded")
    question = read(cast, plan)
    assert (question.payload, question.code) == ({}, "course-over")


def test_sessions_by_another_way_than_the_plans_are_not_mixed(cast: Cast, plan: Any) -> None:
    give(cast, plan, NOW + DAY)
    stop_plan(plan=plan, reason="Another way", by=cast.owner, now=NOW + 20 * DAY)
    assert "policy" not in read(cast, plan).payload
    patient = plan.patient
    factories.decide(cast, patient, "im-racemic")
    factories.sign(cast, patient, "im-racemic")
    sign_plan(plan=factories.draft(cast, patient, "im-racemic"), by=cast.owner, now=NOW + 30 * DAY)
    assert read(cast, plan).code == "ways-mixed"


def test_the_process_beside_the_server_answers_the_question(cast: Cast, plan: Any) -> None:
    run_course(cast, plan)
    worker = Worker()
    try:
        answer = worker.ask(forecast_course, json.dumps(read(cast, plan).payload), timeout_s=60.0)
    finally:
        worker.close()
    assert answer["outcome"] == "forecast"
