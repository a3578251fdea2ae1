"""Summaries of courses: made from the chart, marked by what changes it, counted with small ones hidden."""

from dataclasses import replace
from datetime import date
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from afterglow.clinic.errors import Denied
from afterglow.clinic.outcomes.choosing import find_begin, find_rule, read_choice
from afterglow.clinic.outcomes.counting import count_figures, read_figures
from afterglow.clinic.outcomes.models import CourseMonth, CourseScore, CourseSummary, StaleCourse
from afterglow.clinic.outcomes.summarising import list_waiting, rebuild, refresh_course, refresh_courses
from afterglow.clinic.people import actions as people
from afterglow.clinic.plans.actions import stop_plan
from afterglow.clinic.tasks.actions import sweep
from afterglow.outcomes.cohort import Band, CellStanding, CurveStanding
from afterglow.outcomes.suppression import INSIDE, RELEASE
from afterglow.terms import InvalidInput
from tests import factories
from tests.factories import DAY, NOW, Cast
from tests.support.giving import give
from tests.support.measuring import enter, install_wording

SEVERE = {str(item): 2 for item in range(1, 9)} | {"9": 0}  # 16
MILD = {str(item): 0 for item in range(1, 10)} | {"1": 2, "2": 1}  # 3
EVENTS = (
    ("vitals-recorded", -10, {"systolic": 122, "diastolic": 78}),
    ("vitals-recorded", 15, {"systolic": 140, "diastolic": 84}),
    ("pause-recorded", 16, {"reason": "pressure"}),
    ("resume-recorded", 20, {"rate_ml_per_h": "90"}),
    ("adverse-event-recorded", 21, {"what": "vomiting", "serious": False}),
)


@pytest.fixture
def plan(cast: Cast) -> Any:
    return factories.make_plan(cast, induction_sessions=2, sessions_per_week=2)


def score(cast: Cast, patient: Any, at: Any, total: int | None) -> None:
    people.record_history(patient=patient, facts={"scales.phq9.total": total}, by=cast.nurse, now=at)


def test_chart_becomes_a_summary_and_a_change_marks_it_until_the_sweep_has_come(cast: Cast, plan: Any) -> None:
    install_wording()
    patient = plan.patient
    give(cast, plan, NOW + DAY, more=EVENTS)
    give(cast, plan, NOW + 4 * DAY)
    score(cast, patient, NOW + 20 * DAY, 8)
    now = NOW + 60 * DAY
    assert StaleCourse.objects.filter(pk=patient.pk).exists()
    sweep(now=now, site=cast.site)
    assert not StaleCourse.objects.exists()
    summary = CourseSummary.objects.get(pk=patient.pk)
    assert (summary.condition, summary.way, summary.sessions) == ("trd", "racemic.iv", 2)
    assert (summary.is_complete, summary.has_left_early) == (True, False)
    row = CourseScore.objects.get(patient=patient, instrument="phq9")
    # 18 from the chart before the first dose, 8 sixteen days after the last induction session: better by more than half
    assert (row.baseline, row.standing, row.is_response, row.is_remission) == (18, "assessed", True, False)
    month = CourseMonth.objects.get(patient=patient)
    assert (month.sessions, month.with_event, month.paused, month.serious, month.closed) == (2, 1, 1, 0, 0)
    assert 0 < month.vitals_done < month.vitals_due
    enter(patient, cast.nurse, "phq9", MILD, "later", now=NOW + 30 * DAY)
    assert list_waiting(cast.site, now) == [patient.pk]
    list(refresh_courses(site=cast.site, now=now))
    row = CourseScore.objects.get(patient=patient, instrument="phq9")
    assert (row.is_response, row.is_remission, row.score_on) == (True, True, (NOW + 30 * DAY).date())
    before = list(CourseScore.objects.order_by("instrument").values_list("instrument", "standing", "score_on"))
    seen = read_figures(read_choice({"period": "all"}, user=cast.director, now=now, rule=INSIDE), now)
    assert rebuild(now=now) == 1
    assert list(CourseScore.objects.order_by("instrument").values_list("instrument", "standing", "score_on")) == before
    # what was counted is kept until a summary is made, and no longer
    choice = read_choice({"period": "all"}, user=cast.director, now=now, rule=INSIDE)
    again = read_figures(choice, now)
    assert again.report is not seen.report
    assert read_figures(choice, now).report is again.report


def test_clinic_that_exists_has_every_course_marked_by_its_migration(cast: Cast, plan: Any) -> None:
    give(cast, plan, NOW + DAY)
    StaleCourse.objects.all().delete()
    migration = import_module("afterglow.clinic.outcomes.migrations.0002_mark_every_course")
    for _ in range(2):
        migration.mark_every_course(apps, None)
        assert list(StaleCourse.objects.values_list("pk", flat=True)) == [plan.patient.pk]


def test_time_alone_changes_a_verdict_on_the_day_that_was_named(cast: Cast, plan: Any) -> None:
    give(cast, plan, NOW + DAY)
    refresh_course(plan.patient.pk, NOW + 5 * DAY)
    summary = CourseSummary.objects.get()
    assert (summary.induction_ended_on, summary.has_left_early) == (None, False)
    # 56 days after the first dose nothing more came: over, and left early; 31 days later the window has closed
    days = []
    while summary.look_again_on is not None and len(days) < 9:
        days.append(summary.look_again_on)
        at = NOW + (summary.look_again_on - NOW.date())
        assert list_waiting(cast.site, at - DAY) == []
        list(refresh_courses(site=cast.site, now=at))
        assert list_waiting(cast.site, at) == []
        summary.refresh_from_db()
        if at.date() < (NOW + 58 * DAY).date():
            assert not summary.has_left_early
    assert days == sorted(set(days))
    assert (NOW + 58 * DAY).date() in days
    assert summary.has_left_early
    assert CourseScore.objects.get(instrument="phq9").standing == "unassessed"


def test_stopped_plan_marks_the_course_and_ends_it(cast: Cast, plan: Any) -> None:
    give(cast, plan, NOW + DAY)
    refresh_course(plan.patient.pk, NOW + 2 * DAY)
    stop_plan(plan=plan, reason="Moved away", by=cast.owner, now=NOW + 3 * DAY)
    assert list_waiting(cast.site, NOW + 3 * DAY) == [plan.patient.pk]
    refresh_course(plan.patient.pk, NOW + 3 * DAY)
    assert CourseSummary.objects.get().has_left_early


def make_summaries(cast: Cast, plan: Any, responses: list[bool | None], condition: str = "trd") -> None:
    """Store summaries of people who differ in one verdict; None was not assessed."""
    for number, response in enumerate(responses):
        patient = factories.make_patient(cast, given_name=f"{condition} {number}")
        shared = {
            "site": cast.site, "condition": condition, "way": "racemic.iv", "is_adult": True,
            "began_on": date(2026, 1, 5),
        }  # fmt: skip
        CourseSummary.objects.create(
            patient=patient, sessions=6, last_session_on=date(2026, 1, 25), is_complete=True, has_left_early=False,
            is_bladder_due=True, is_bladder_done=number % 2 == 0, summarised_at=NOW, **shared,
        )  # fmt: skip
        CourseScore.objects.create(
            patient=patient, instrument="phq9", has_left_early=False, baseline=20,
            standing="unassessed" if response is None else "assessed", is_response=response,
            is_remission=None if response is None else False, is_worse=None if response is None else False,
            is_follow_up_due=False, is_follow_up_done=False, sessions=6, scored_sessions=3, watched_days=30 + number,
            has_relapsed=number % 3 == 0, waits_for_second=number % 3 == 1, landmark_upkeep=number % 2 == 0, **shared,
        )  # fmt: skip


def test_figures_hide_small_groups_and_count_who_was_not_assessed_as_no_response(cast: Cast, plan: Any) -> None:
    make_summaries(cast, plan, [True] * 8 + [False] * 6 + [None] * 6)
    make_summaries(cast, plan, [True] * 5 + [False] * 5, "ptsd")
    make_summaries(cast, plan, [True, False], "ocd")
    choice = read_choice({}, user=cast.director, now=NOW, rule=INSIDE)
    with CaptureQueriesContext(connection) as asked:
        figures = count_figures(choice, NOW)
    assert len(asked) <= 12
    rows = {group.condition: group for group in figures.report.groups}
    trd = rows["trd"]
    # 20 people, 8 with a response, 14 assessed
    assert (trd.people, trd.response.count, trd.assessed.count) == (Band(16, 20), Band(6, 10), Band(11, 15))
    assert trd.response.share.share == pytest.approx(8 / 18)
    assert (rows["ocd"].people, rows["ptsd"].people) == (Band(1, 5), Band(6, 10))
    assert figures.report.started == Band(31, 35)
    # of 32 watched, those whose number leaves 1 over by three: 7 of 20, 3 of 10, 1 of 2
    assert (figures.waits_for_second.count, figures.waits_for_second.total) == (Band(11, 15), Band(31, 35))
    # eleven have relapsed: enough for a curve, not so in either arm of six and five
    assert (figures.curve.standing, figures.curve.events) == (CurveStanding.SHOWN, Band(11, 15))
    released = count_figures(read_choice({}, user=cast.director, now=NOW, rule=RELEASE), NOW).report
    shares = {group.condition: group.response.share for group in released.groups}
    assert shares == {"ocd": None, "ptsd": None, "trd": None}  # 8 of 20 is 1-10 of 11-20
    assert {group.people for group in released.groups} == {Band(1, 10), Band(11, 20)}
    assert find_begin("12m", date(2026, 11, 22)) == date(2025, 12, 1)


def test_completeness_has_one_denominator_and_a_month_without_a_session_is_shown(cast: Cast, plan: Any) -> None:
    for days in (1, 4, 75):
        give(cast, plan, NOW + days * DAY)
    give(cast, plan, NOW + 80 * DAY, has_left=False)
    now = NOW + 80 * DAY
    refresh_course(plan.patient.pk, now)
    everything = replace(INSIDE, smallest=1, width=1)
    report = count_figures(read_choice({"period": "all"}, user=cast.director, now=now, rule=everything), now).report
    asked = {cell.name: cell for cell in report.asked}
    # the session that still goes on has neither a record to close nor a score to be asked for
    assert asked["before-session"].total == asked["record"].total == Band(3, 3)
    assert asked["before-session"].count == Band(2, 2)  # the chart was scored a day before the first
    counts = dict(zip(report.volume.months, (row[-1] for row in report.volume.counts), strict=False))
    months = [f"{NOW + days * DAY:%Y-%m}" for days in (1, 35, 75)]
    assert [counts[month].high for month in months] == [2, 0, 1]
    assert len(report.volume.months) == 3


def test_course_begun_before_a_period_is_counted_in_none_of_its_completeness(cast: Cast, plan: Any) -> None:
    began = NOW.replace(month=12, day=20, year=NOW.year - 1)
    for at in (began, NOW):
        give(cast, plan, at)
    refresh_course(plan.patient.pk, NOW + DAY)
    everything = replace(INSIDE, smallest=1, width=1)
    choice = read_choice({"period": str(NOW.year)}, user=cast.director, now=NOW + DAY, rule=everything)
    report = count_figures(choice, NOW + DAY).report
    assert report.volume.total == Band(1, 1)
    assert {cell.standing for cell in report.asked} == {CellStanding.NONE_DUE}


def test_migration_has_every_summary_made_anew(cast: Cast, plan: Any) -> None:
    make_summaries(cast, plan, [True])
    StaleCourse.objects.all().delete()
    import_module("afterglow.clinic.outcomes.migrations.0004_fix_the_end_of_induction").mark_every_course(apps, None)
    assert StaleCourse.objects.count() == 1


def test_who_may_see_figures_and_under_which_rule(cast: Cast) -> None:
    assert find_rule(cast.director) is INSIDE
    with pytest.raises(Denied):
        find_rule(cast.nurse)
    with pytest.raises(InvalidInput) as found:
        read_choice({"condition": "x", "period": "yesterday"}, user=cast.director, now=NOW, rule=INSIDE)
    assert [problem.path for problem in found.value.problems] == ["period", "condition"]
