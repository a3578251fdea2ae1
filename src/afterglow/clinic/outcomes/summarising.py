"""Makes the summary of a course anew from its chart, in one transaction with the end of its mark."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from django.db import transaction

from afterglow.clinic.dosing_sessions.fold import load_protocols
from afterglow.clinic.ids import make_id
from afterglow.clinic.outcomes.models import (
    CourseMonth,
    CourseScore,
    CourseSummary,
    SessionTally,
    StaleCourse,
    SummaryVersion,
)
from afterglow.clinic.outcomes.reading import ChartCourse, load_chart_course
from afterglow.clinic.outcomes.tallies import bring_up_tallies
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.models import Patient
from afterglow.clinic.tasks.surveillance import list_surveillance
from afterglow.outcomes import SeriesReading, read_course
from afterglow.outcomes.cohort import Induction, read_endpoint, read_follow_up, read_induction, watch_relapse
from afterglow.outcomes.cohort.endpoints import count_scored_sessions, find_follow_up_day
from afterglow.protocols.derive import calculate_age

AT_ONCE = 200
ADULT_YEARS = 18
BLADDER = "bladder-score"
UNKNOWN = "unknown"


def refresh_courses(*, site: Any, now: datetime) -> Iterator[None]:
    """Make the summaries of charts that changed, and of those whose verdict time has changed; a course is one step."""
    for key in list_waiting(site, now):
        refresh_course(key, now)
        yield None


def list_waiting(site: Any, now: datetime) -> list[str]:
    """Return the patients whose summary is to be made anew, those marked first; some hundreds at once."""
    marked = StaleCourse.objects.filter(patient__site=site).order_by("marked_at", "pk")[:AT_ONCE]
    keys = [str(key) for key in marked.values_list("pk", flat=True)]
    today = get_local_date(site, now)
    again = CourseSummary.objects.filter(site=site, look_again_on__lte=today).order_by("look_again_on", "pk")
    return list(dict.fromkeys([*keys, *again.values_list("pk", flat=True)[:AT_ONCE]]))


@transaction.atomic
def refresh_course(patient_id: str, now: datetime) -> None:
    """Make one person's summary anew; a change that is stored meanwhile marks the course again."""
    list(StaleCourse.objects.select_for_update().filter(pk=patient_id))
    patient = Patient.objects.select_related("site").get(pk=patient_id)
    chart = load_chart_course(patient, now)
    if chart is None:
        _forget(patient)
    else:
        _store(chart, now)
    StaleCourse.objects.filter(pk=patient_id).delete()
    SummaryVersion.objects.update_or_create(pk=1, defaults={"word": make_id()})


def rebuild(*, now: datetime) -> int:
    """Make the summary of every person with a session anew; return how many courses there are."""
    keys = set(Patient.objects.filter(sessions__isnull=False).values_list("pk", flat=True))
    keys |= set(CourseSummary.objects.values_list("pk", flat=True))
    for key in sorted(keys):
        refresh_course(key, now)
    return CourseSummary.objects.count()


def _forget(patient: Any) -> None:
    for model in (CourseSummary, CourseScore, CourseMonth, SessionTally):
        model.objects.filter(patient=patient).delete()


def _store(chart: ChartCourse, now: datetime) -> None:
    patient, today = chart.patient, chart.today
    shared = _describe(chart)
    induction = read_induction(
        chart.course,
        completed_on=chart.completed_on,
        stopped_on=chart.stopped_on,
        today=today,
    )
    tallies = bring_up_tallies(patient, chart.care)
    bladder = next((due for due in list_surveillance(patient=patient, now=now) if due.item == BLADDER), None)
    follow_up = find_follow_up_day(chart.course)
    next_bladder = bladder.due_on if bladder is not None and not bladder.is_due else None
    later = [day for day in (induction.look_again_on, follow_up, next_bladder) if day is not None and day > today]
    zone = chart.course.zone
    days = [one.dose_started_at.astimezone(zone).date() for one in chart.course.sessions]
    CourseSummary.objects.update_or_create(
        patient=patient,
        defaults={
            **shared,
            "sessions": len(days),
            "last_session_on": max(days),
            "induction_ended_on": induction.ended_on,
            "is_complete": induction.is_complete,
            "has_left_early": induction.has_left_early,
            "is_bladder_due": bladder is not None and (bladder.is_due or bladder.last_on is not None),
            "is_bladder_done": bladder is not None and not bladder.is_due and bladder.last_on is not None,
            "look_again_on": min(later, default=None),
            "summarised_at": now,
        },
    )
    CourseScore.objects.filter(patient=patient).delete()
    over = [tally.on for tally in tallies]
    readings = read_course(chart.course).series
    CourseScore.objects.bulk_create(_build_score(chart, reading, induction, over, shared) for reading in readings)
    CourseMonth.objects.filter(patient=patient).delete()
    CourseMonth.objects.bulk_create(_add_months(patient, tallies, shared))


def _describe(chart: ChartCourse) -> dict[str, Any]:
    """Return what every row of the course is grouped by."""
    first, zone = chart.first, chart.course.zone
    protocol = load_protocols([first])[first.protocol_id]
    plan = first.plan or chart.care.plan
    began_on = min(one.dose_started_at for one in chart.course.sessions).astimezone(zone).date()
    return {
        "site": chart.patient.site,
        "condition": plan.indication if plan is not None and plan.indication else UNKNOWN,
        "way": f"{protocol.drug}.{protocol.route}",
        "is_adult": calculate_age(chart.patient.birth_on, began_on) >= ADULT_YEARS,
        "began_on": began_on,
    }


def _build_score(
    chart: ChartCourse, reading: SeriesReading, induction: Induction, over: list[date], shared: dict[str, Any]
) -> CourseScore:
    course, today = chart.course, chart.today
    end = read_endpoint(reading, course, induction, today)
    watch = watch_relapse(reading, course)
    follow_up = read_follow_up(reading, course, today)
    baseline = reading.series.baseline_score
    last = reading.assessments[-1].score.observed_at if reading.assessments else None
    return CourseScore(
        patient=chart.patient,
        instrument=reading.series.instrument,
        has_left_early=induction.has_left_early,
        baseline=baseline.value if baseline is not None else None,
        standing=end.standing,
        is_response=end.is_response,
        is_remission=end.is_remission,
        is_worse=end.is_worse,
        score_on=end.score_on,
        last_score_on=None if last is None else last.astimezone(course.zone).date(),
        state_reached_on=watch.start_on if watch else None,
        watched_days=watch.days if watch else None,
        has_relapsed=watch.has_event if watch else None,
        landmark_upkeep=watch.landmark_upkeep if watch else None,
        waits_for_second=watch.waits_for_second if watch else None,
        is_follow_up_due=follow_up.is_due,
        is_follow_up_done=follow_up.is_done,
        sessions=len(course.sessions),
        scored_sessions=count_scored_sessions(reading, course, over),
        **shared,
    )


def _add_months(patient: Any, tallies: Iterable[SessionTally], shared: dict[str, Any]) -> list[CourseMonth]:
    grouped: dict[date, list[SessionTally]] = defaultdict(list)
    for tally in tallies:
        grouped[tally.on.replace(day=1)].append(tally)
    return [
        CourseMonth(
            patient=patient,
            month=month,
            sessions=len(rows),
            closed=sum(row.is_closed for row in rows),
            with_event=sum(row.has_event for row in rows),
            paused=sum(row.was_paused for row in rows),
            medicated=sum(row.was_medicated for row in rows),
            stopped=sum(row.was_stopped for row in rows),
            serious=sum(row.is_serious for row in rows),
            vitals_due=sum(row.vitals_due for row in rows),
            vitals_done=sum(row.vitals_done for row in rows),
            scales_due=sum(row.scales_due for row in rows),
            scales_done=sum(row.scales_done for row in rows),
            **shared,
        )
        for month, rows in sorted(grouped.items())
    ]
