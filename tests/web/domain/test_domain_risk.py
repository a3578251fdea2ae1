"""An answer about suicide: raised when it is stored, never silenced, and released by who may, on what was asked."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from afterglow.clinic.dosing_sessions.actions import open_session, submit_command
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.measures import actions, risk
from afterglow.clinic.measures.in_session import list_answered
from afterglow.clinic.measures.models import RiskAlert, RiskAssessment
from afterglow.clinic.people.models import HistoryFact
from afterglow.clinic.tasks.models import Task
from afterglow.terms import InvalidInput
from tests.factories import DAY, NOW, Cast, make_patient, make_plan
from tests.support.measuring import CALM, CSSRS_LOW, CSSRS_METHOD, ask, enter

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
SINCE = "c-ssrs-since-contact"


def assess(patient: Any, by: Any, decision: str = "may-go-on", now: datetime = NOW, **more: Any) -> RiskAssessment:
    alerts = more.pop("alerts", [alert.pk for alert in risk.list_open(patient)])
    return risk.assess_risk(
        patient=patient, alerts=alerts, decision=decision, note="Spoke for half an hour.", by=by, now=now, **more
    )


def make_unchanged(cast: Cast, patient: Any = None) -> Any:
    """Return a person whose item 9 is 1 as a week before, with a low C-SSRS then."""
    patient = patient or make_patient(cast)
    enter(patient, cast.nurse, SINCE, CSSRS_LOW, "c-0", now=NOW - 7 * DAY)
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "p-0", now=NOW - 7 * DAY)
    enter(patient, cast.nurse, SINCE, CSSRS_LOW, "c-1", now=NOW - 7 * DAY + MINUTE)
    assess(patient, cast.owner, now=NOW - 7 * DAY + 2 * MINUTE, is_in_person=True)
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "p-1", now=NOW)
    return patient


def test_the_alert_is_raised_with_the_answer_of_a_form_that_is_never_sent(cast: Cast) -> None:
    patient = make_patient(cast)
    form, _ = ask(patient, cast.nurse)
    actions.save_answer(form=form, item="9", value=1, now=NOW)
    alert = RiskAlert.objects.get()
    assert (alert.code, alert.seen, alert.raised_at, alert.holds_dose) == ("phq9-item9", {"9": "1"}, NOW, True)
    task = Task.objects.get()
    assert (task.kind, task.priority, task.due_at) == ("risk-now", "urgent", NOW + timedelta(minutes=15))
    assert "item 9 = 1" in task.detail
    assert risk.find_stop(patient, now=NOW) is not None


def test_an_answer_of_a_form_that_was_never_sent_is_the_time_before(cast: Cast) -> None:
    patient = make_patient(cast)
    form, _ = ask(patient, cast.nurse)
    for value in (2, 1):
        actions.save_answer(form=form, item="9", value=value, now=NOW)
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "s-1", now=NOW + 20 * MINUTE)
    assert [alert.before for alert in RiskAlert.objects.order_by("raised_at", "pk")] == [{}, {"9": "1"}]


def test_a_total_of_one_does_not_hide_it_and_no_alert_is_made_of_a_missing_answer(cast: Cast) -> None:
    low = enter(make_patient(cast), cast.nurse, "phq9", {**CALM, "9": 1}, "s-1")
    assert (low.band, RiskAlert.objects.count()) == ("minimal", 1)
    high = {str(item): 3 for item in range(1, 9)}
    enter(make_patient(cast, family_name="Other"), cast.nurse, "phq9", high, "s-2")
    assert RiskAlert.objects.count() == 1


def test_the_same_answer_raises_once_a_worse_one_again_and_a_correction_takes_nothing_back(cast: Cast) -> None:
    patient = make_patient(cast)
    form, _ = ask(patient, cast.nurse)
    for value in (1, 1, 2, 0):
        actions.save_answer(form=form, item="9", value=value, now=NOW)
    assert [alert.seen for alert in RiskAlert.objects.all()] == [{"9": "1"}, {"9": "2"}]
    actions.submit_form(form=form, submission_id="s-1", now=NOW)
    assert risk.find_stop(patient, now=NOW) is not None
    form.refresh_from_db()
    assert form.is_crisis
    calm = enter(make_patient(cast, family_name="Other"), cast.nurse, "phq9", CALM, "s-2")
    actions.correct_form(
        form=calm.form, answers={"9": 3}, reason="misread", submission_id="c-1", by=cast.nurse, now=NOW
    )
    assert RiskAlert.objects.filter(form=calm.form).count() == 1


@pytest.mark.parametrize(
    ("instrument", "answers", "level", "task", "holds"),
    [
        (SINCE, {"1": 1, "2": 0, "6": 0}, "follow-up", "risk-follow-up", False),
        (SINCE, {"1": 0, "2": 1, "3": 0, "4": 0, "5": 0, "6": 0}, "follow-up", "risk-follow-up", False),
        (SINCE, CSSRS_METHOD, "same-day", "risk-today", True),
        (SINCE, {**CSSRS_METHOD, "4": 1}, "review-now", "risk-now", True),
        (SINCE, {"1": 0, "2": 0, "6": 1}, "review-now", "risk-now", True),
        ("c-ssrs-screener", {"1": 0, "2": 0, "6": 1, "6-recent": 0}, "same-day", "risk-today", True),
        ("c-ssrs-screener", {"1": 0, "2": 0, "6": 1, "6-recent": 1}, "review-now", "risk-now", True),
        ("madrs", {"10": 2}, "review-now", "risk-now", True),
    ],
)
def test_each_level_opens_its_task_and_holds_or_not(
    cast: Cast, instrument: str, answers: dict[str, int], level: str, task: str, holds: bool
) -> None:
    patient = make_patient(cast)
    enter(patient, cast.nurse, instrument, answers, "s-1")
    assert level in set(RiskAlert.objects.values_list("level", flat=True))
    assert task in set(Task.objects.values_list("kind", flat=True))
    assert (risk.find_stop(patient, now=NOW) is not None) is holds


def test_a_quiet_answer_opens_nothing(cast: Cast) -> None:
    patient = make_patient(cast)
    enter(patient, cast.nurse, SINCE, {"1": 0, "2": 0, "6": 0}, "s-1")
    enter(patient, cast.nurse, "phq9", CALM, "s-2")
    assert (RiskAlert.objects.count(), Task.objects.count(), risk.find_stop(patient, now=NOW)) == (0, 0, None)


def test_another_score_over_its_limit_is_a_review_and_no_crisis(cast: Cast) -> None:
    patient = make_patient(cast)
    enter(patient, cast.nurse, "dast10", {str(item): (0 if item == 3 else 1) for item in range(1, 11)}, "s-1")
    assert list(Task.objects.values_list("kind", flat=True)) == ["measure-review"]
    assert RiskAlert.objects.count() == 0


def test_a_new_answer_is_released_by_a_prescriber_in_person_after_a_c_ssrs_of_today(cast: Cast) -> None:
    patient = make_patient(cast)
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "s-1")
    with pytest.raises(Refused) as early:
        assess(patient, cast.owner, is_in_person=True)
    assert [problem.path for problem in early.value.problems] == ["c-ssrs-today"]
    enter(patient, cast.nurse, SINCE, CSSRS_LOW, "c-1", now=NOW + MINUTE)
    later = NOW + 2 * MINUTE
    with pytest.raises(Denied):
        assess(patient, cast.nurse, now=later, is_in_person=True)
    with pytest.raises(Refused) as away:
        assess(patient, cast.owner, now=later)
    assert [problem.path for problem in away.value.problems] == ["in-person"]
    done = assess(patient, cast.owner, now=later, is_in_person=True, told="outside therapist")
    assert (done.tier, done.reasons) == ("prescriber", ["new", "new-c-ssrs"])
    assert risk.find_stop(patient, now=later) is None
    assert Task.objects.filter(kind="risk-now", state="open").count() == 0
    # the low answers themselves are still followed up
    assert Task.objects.filter(kind="risk-follow-up", state="open").count() == 1
    assert RiskAlert.objects.filter(holds_dose=True).count() == 1


def test_an_unchanged_answer_with_a_low_c_ssrs_today_is_released_by_a_nurse(cast: Cast) -> None:
    patient = make_unchanged(cast)
    with pytest.raises(Denied):
        assess(patient, cast.nurse)
    enter(patient, cast.nurse, SINCE, CSSRS_LOW, "c-2", now=NOW + MINUTE)
    # the day after, the same C-SSRS is not of today any more
    with pytest.raises(Refused):
        assess(patient, cast.nurse, now=NOW + DAY)
    done = assess(patient, cast.nurse, now=NOW + 2 * MINUTE)
    assert (done.tier, done.made_by) == ("nurse", cast.nurse)
    assert risk.find_stop(patient, now=NOW + 2 * MINUTE) is None
    for who in (cast.therapist, cast.desk, cast.manager, cast.stranger):
        with pytest.raises(Denied):
            assess(patient, who)


def test_a_c_ssrs_of_three_lifts_the_tier_and_asking_again_does_not_lower_it(cast: Cast) -> None:
    patient = make_unchanged(cast)
    enter(patient, cast.nurse, SINCE, CSSRS_METHOD, "c-2", now=NOW + MINUTE)
    enter(patient, cast.nurse, SINCE, CSSRS_LOW, "c-3", now=NOW + 2 * MINUTE)
    later = NOW + 3 * MINUTE
    with pytest.raises(Denied):
        assess(patient, cast.nurse, now=later, is_in_person=True)
    with pytest.raises(Refused) as lacking:
        assess(patient, cast.owner, now=later, is_in_person=True, has_gone_through_plan=True)
    assert [problem.path for problem in lacking.value.problems] == ["safety-plan", "told"], "no plan is written yet"
    risk.write_safety_plan(patient=patient, parts={"means": "tablets kept by a neighbour"}, by=cast.nurse, now=later)
    more = {"is_in_person": True, "has_gone_through_plan": True, "told": "the partner"}
    done = assess(patient, cast.owner, now=later, **more)
    assert {"ideation", "ideation-rising"} <= set(done.reasons)
    assert done.triage == "moderate"


def test_intent_or_recent_behaviour_asks_for_means_and_the_way_to_emergency_care(cast: Cast) -> None:
    patient = make_unchanged(cast)
    enter(patient, cast.nurse, SINCE, {**CSSRS_METHOD, "4": 1}, "c-2", now=NOW + MINUTE)
    risk.write_safety_plan(patient=patient, parts={"means": "tablets kept by a neighbour"}, by=cast.nurse, now=NOW)
    more = {"is_in_person": True, "has_gone_through_plan": True, "told": "the partner", "now": NOW + 2 * MINUTE}
    with pytest.raises(Refused) as lacking:
        assess(patient, cast.owner, **more)
    assert [problem.path for problem in lacking.value.problems] == ["means", "emergency-path"]
    assert assess(patient, cast.owner, "hold", **more).decision == "hold"
    done = assess(patient, cast.owner, has_made_means_safe=True, emergency_path="with the partner, Test ward", **more)
    assert (done.triage, done.emergency_path) == ("high", "with the partner, Test ward")


def test_a_c_ssrs_from_before_the_newest_answer_does_not_count_for_it(cast: Cast) -> None:
    patient = make_unchanged(cast)
    enter(patient, cast.nurse, SINCE, CSSRS_LOW, "c-2", now=NOW + MINUTE)
    rated = enter(patient, cast.nurse, "madrs", {"10": 1}, "m-1", now=NOW + 2 * MINUTE)
    actions.correct_form(
        form=rated.form, answers={"10": 4}, reason="misread", submission_id="m-2", by=cast.nurse, now=NOW + 3 * MINUTE
    )
    with pytest.raises(Refused) as early:
        assess(patient, cast.owner, now=NOW + 4 * MINUTE, is_in_person=True)
    assert [problem.path for problem in early.value.problems] == ["c-ssrs-today"]
    enter(patient, cast.nurse, SINCE, CSSRS_LOW, "c-3", now=NOW + 4 * MINUTE)
    assert assess(patient, cast.owner, now=NOW + 5 * MINUTE, is_in_person=True).triage == "low"


def test_depression_with_suicidality_has_its_own_path_with_a_safety_plan(cast: Cast) -> None:
    patient = make_plan(cast, "nasal-esketamine-us", "mdd-si").patient
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "s-1", now=NOW + DAY)
    enter(patient, cast.nurse, SINCE, CSSRS_LOW, "c-1", now=NOW + DAY + MINUTE)
    more: dict[str, Any] = {"now": NOW + DAY + 2 * MINUTE, "is_in_person": True, "has_gone_through_plan": True}
    with pytest.raises(Refused) as lacking:
        assess(patient, cast.owner, **more)
    assert [problem.path for problem in lacking.value.problems] == ["safety-plan"]
    risk.write_safety_plan(patient=patient, parts={"means": "tablets kept by a neighbour"}, by=cast.nurse, now=NOW)
    assert assess(patient, cast.owner, **more).tier == "own-path"


def test_an_assessment_that_holds_keeps_the_stop_and_asks_for_another_look(cast: Cast) -> None:
    patient = make_patient(cast)
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 2}, "s-1")
    assess(patient, cast.nurse, "hold")
    assert risk.find_stop(patient, now=NOW) is not None
    assert list(Task.objects.filter(state="open").values_list("kind", flat=True)) == ["risk-recheck"]
    enter(patient, cast.nurse, SINCE, CSSRS_LOW, "c-1", now=NOW + MINUTE)
    assess(patient, cast.owner, now=NOW + 2 * MINUTE, is_in_person=True)
    assert not Task.objects.filter(state="open", kind="risk-recheck").exists()


def test_an_alert_that_came_meanwhile_is_not_released_unseen(cast: Cast) -> None:
    patient = make_patient(cast)
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "s-1")
    enter(patient, cast.nurse, SINCE, CSSRS_LOW, "c-1", now=NOW + MINUTE)
    seen = [alert.pk for alert in risk.list_open(patient)]
    enter(patient, cast.nurse, "madrs", {"10": 4}, "m-1", now=NOW + MINUTE)
    with pytest.raises(Conflict):
        assess(patient, cast.owner, now=NOW + 2 * MINUTE, is_in_person=True, alerts=seen)
    assert RiskAssessment.objects.count() == 0


def test_the_task_cannot_be_ticked_off_or_cancelled(cast: Cast) -> None:
    from afterglow.clinic.tasks.actions import cancel_task, complete_task

    enter(make_patient(cast), cast.nurse, "phq9", {**CALM, "9": 1}, "s-1")
    task = Task.objects.get(kind="risk-now")
    with pytest.raises(Refused):
        complete_task(task=task, by=cast.owner, now=NOW, outcome="done")
    with pytest.raises(Refused):
        cancel_task(task=task, by=cast.director, now=NOW, reason="not needed")


def test_an_alert_nobody_takes_climbs_to_who_is_on_call(cast: Cast) -> None:
    from afterglow.clinic.tasks.actions import sweep

    enter(make_patient(cast), cast.nurse, "phq9", {**CALM, "9": 1}, "s-1")
    for minutes, level in ((19, 0), (21, 1), (27, 2)):
        for _ in range(2):
            sweep(now=NOW + minutes * MINUTE)
        task = Task.objects.get(kind="risk-now")
        assert task.escalation_level >= level
        assert (task.escalation_level > 0) is (level > 0)
    assert task.state == "open"


def test_the_safety_plan_has_versions_and_always_speaks_of_means(cast: Cast) -> None:
    patient = make_patient(cast)
    with pytest.raises(InvalidInput) as refused:
        risk.write_safety_plan(patient=patient, parts={"signs": "not sleeping"}, by=cast.nurse, now=NOW)
    assert refused.value.problems[0].path == "means"
    with pytest.raises(InvalidInput):
        risk.write_safety_plan(patient=patient, parts={"means": "x", "other": "y"}, by=cast.nurse, now=NOW)
    for text in ("locked away", "handed in"):
        risk.write_safety_plan(patient=patient, parts={"means": text}, by=cast.nurse, now=NOW)
    plan = risk.find_safety_plan(patient)
    assert plan is not None
    assert (plan.number, plan.parts["means"]) == (2, "handed in")


def test_no_dose_is_given_while_an_alert_is_open(cast: Cast) -> None:
    plan = make_plan(cast)
    patient = plan.patient
    session = open_session(patient=patient, plan=plan, site=cast.site, by=cast.nurse, now=NOW)

    def start() -> str:
        with pytest.raises((Refused, InvalidInput)) as refused:
            submit_command(session=session, type="start", data={}, by=cast.nurse, now=NOW + 9 * MINUTE)
        return getattr(refused.value, "code", "input")

    assert start() != risk.STOP
    enter(patient, cast.nurse, "phq9", {**CALM, "9": 1}, "s-1", now=NOW + MINUTE)
    assert start() == risk.STOP
    enter(patient, cast.nurse, SINCE, CSSRS_LOW, "c-1", now=NOW + 2 * MINUTE)
    assess(patient, cast.owner, now=NOW + 3 * MINUTE, is_in_person=True)
    assert start() != risk.STOP


def test_a_positive_screen_in_a_session_alerts_as_a_form_does_and_holds_until_it_is_assessed(cast: Cast) -> None:
    plan = make_plan(cast)
    patient = plan.patient
    session = open_session(patient=patient, plan=plan, site=cast.site, by=cast.nurse, now=NOW)

    def do(type_: str, minute: int, **data: Any) -> Any:
        return submit_command(session=session, type=type_, data=data, by=cast.nurse, now=NOW + minute * MINUTE)

    do("record-arrival", 1)
    do("record-suicide-screen", 2, level=5, behaviour=True)
    alert = RiskAlert.objects.get()
    assert (alert.form, alert.source, alert.level, alert.seen) == (None, session.pk, "review-now", {"5": "1", "6": "1"})
    task = Task.objects.get(kind="risk-now")
    assert (task.priority, task.due_at) == ("urgent", NOW + 17 * MINUTE)
    assert task.escalate_at is not None
    seq = do("record-suicide-screen", 3, level=0, behaviour=False).events[-1].seq
    codes = {blocker["code"] for blocker in do("record-weight", 4, weight_kg="80").view["blockers"]}
    assert {"suicide-assessment-missing", risk.STOP} <= codes
    # a correction, and an assessment in the session, do not release what the triage row asks of a prescriber
    do("correct-entry", 5, seq=seq - 1, reason="typed on the wrong line", data={"level": 0, "behaviour": False})
    do("record-suicide-assessment", 6, outcome="may-proceed", reason="no intent today, a plan for the way home")
    assert "suicide-assessment-missing" not in {each["code"] for each in do("record-arrival", 7).view["blockers"]}
    standing = risk.find_standing(patient, now=NOW + 8 * MINUTE)
    assert standing is not None
    assert standing.asked is not None
    assert (standing.asked.ideation, standing.asked.behaviour, standing.release.tier) == (5, "recent", "prescriber")
    # after the assessment a level 3 is a new alert, and a calmer one behind it lifts nothing
    risk.write_safety_plan(patient=patient, parts={"means": "Locked away."}, by=cast.owner, now=NOW + 8 * MINUTE)
    ready = {"is_in_person": True, "has_gone_through_plan": True, "has_made_means_safe": True}
    assess(patient, cast.owner, now=NOW + 9 * MINUTE, told="sister", emergency_path="ward 4, with her sister", **ready)
    assert risk.find_stop(patient, now=NOW + 9 * MINUTE) is None
    do("record-suicide-screen", 10, level=3, behaviour=False)
    do("record-suicide-screen", 11, level=2, behaviour=False)
    assert list(RiskAlert.objects.values_list("level", flat=True)) == ["review-now", "same-day"]
    assert risk.find_stop(patient, now=NOW + 12 * MINUTE) is not None


def test_the_questions_asked_in_a_session_count_today_and_are_not_asked_twice(cast: Cast) -> None:
    plan = make_plan(cast)
    # the chart's own item 9 was asked a month ago; one of today would be the time before
    facts = HistoryFact.objects.filter(patient=plan.patient, name="scales.phq9.item9")
    facts.update(observed_on=(NOW - 30 * DAY).date())
    patient = make_unchanged(cast, plan.patient)
    session = open_session(patient=patient, plan=plan, site=cast.site, by=cast.nurse, now=NOW)
    standing = risk.find_standing(patient, now=NOW)
    assert standing is not None
    assert "c-ssrs-today" in standing.release.needs
    for type_, data in (
        ("record-arrival", {}),
        ("record-score", {"scale": "cadss6", "total": 0}),
        ("record-suicide-screen", {"level": 1}),
    ):
        submit_command(session=session, type=type_, data=data, by=cast.nurse, now=NOW + MINUTE)
    half = risk.find_standing(patient, now=NOW + MINUTE)
    assert half is not None
    assert half.release.tier == "prescriber", "behaviour was not asked: not known is no no"
    whole = {"level": 1, "behaviour": False}
    submit_command(session=session, type="record-suicide-screen", data=whole, by=cast.nurse, now=NOW + 2 * MINUTE)
    standing = risk.find_standing(patient, now=NOW + 2 * MINUTE)
    assert standing is not None
    assert (standing.release.tier, standing.release.needs) == ("nurse", ("note",))
    answered = list_answered(patient)
    assert [(name, is_whole) for name, _at, is_whole in answered] == [(SINCE, False), (SINCE, True)]
    assert assess(patient, cast.nurse, now=NOW + 3 * MINUTE).tier == "nurse"
