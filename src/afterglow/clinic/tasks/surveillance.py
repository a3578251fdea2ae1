"""The calendar of long-term screens of a patient: read it, judge a day by it, record a result."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.people.actions.chart import record_history
from afterglow.clinic.people.checks import Checks, as_json, get_local_date
from afterglow.clinic.tasks.courses import load_courses
from afterglow.clinic.tasks.models import CourseLook, SurveillanceRecord, Task
from afterglow.clinicday.surveillance import (
    MEMORY,
    MEMORY_ANSWERS,
    Course,
    Due,
    judge_course,
    list_dues,
    load_items,
    load_screens,
)
from afterglow.terms import Finding, Severity

RECORD = "chart.edit"
FOUND = "surveillance-finding"


def list_surveillance(*, patient: Any, now: datetime) -> list[Due]:
    """Return the calendar of a patient: per screen when it was last done, when it is due, under which rule."""
    return list_dues(load_courses([patient])[patient.pk], get_local_date(patient.site, now))


def judge_surveillance(*, patient: Any, on: date, more_sessions: int = 0) -> list[Finding]:
    """Return what the protocol's long-term rules find on a day; `more_sessions` are booked before it."""
    return judge_course(load_courses([patient])[patient.pk], on, more_sessions=more_sessions)


@action
def record_surveillance(
    *,
    patient: Any,
    screen: str,
    result: Mapping[str, Any],
    by: Any,
    now: datetime,
    done_on: date | None = None,
    note: str = "",
    replaces: SurveillanceRecord | None = None,
) -> SurveillanceRecord:
    """Record the result of a screen; it enters the chart as facts too, ends what it was due for, and may be a finding.

    `result` holds answers by the name of their fact (`memory` is asked here alone); what was not asked is left out.
    """
    policy.require(by, RECORD, patient)
    today = get_local_date(patient.site, now)
    checks = Checks()
    if screen not in load_screens():
        checks.word(screen, "screen", tuple(load_screens()), is_required=True)
        checks.raise_problems()
    given = {name: value for name, value in result.items() if value not in (None, "")}
    _check_result(checks, screen, given)
    words = checks.text(note, "note", longest=500, is_required=_needs_note(screen, given))
    day = checks.past_day(done_on, "done_on", today) or today
    if replaces is not None and (replaces.patient_id != patient.pk or replaces.screen != screen):
        checks.refuse("replaces", "record-of-another", replaces.pk, "a result of the same screen", "another screen")
    checks.raise_problems()
    facts = {name: value for name, value in given.items() if name != MEMORY}
    if facts:
        record_history(patient=patient, facts=facts, observed_on=day, by=by, now=now)
    record = SurveillanceRecord.objects.create(
        patient=patient,
        screen=screen,
        done_at=now if day == today else _noon(patient.site, day),
        result=as_json(given),
        note=words,
        by=by,
        recorded_at=now,
        replaces=replaces,
    )
    audit.record(
        by=by, action="surveillance.recorded", subject=record, now=now, patient=patient, detail={"screen": screen}
    )
    course = load_courses([patient])[patient.pk]
    _settle(patient, course, screen, by, now)
    _open_finding(record, course, now)
    return record


def _check_result(checks: Checks, screen: str, given: Mapping[str, Any]) -> None:
    asked = load_screens()[screen]
    for name in sorted(set(given) - set(asked.asks)):
        checks.refuse(name, "answer-not-asked", "", ", ".join(asked.asks), "this screen does not ask that")
    for name in asked.needed:
        if name not in given:
            checks.refuse(name, "answer-missing", "", "an answer", "this is needed")
    if not given:
        checks.refuse(asked.asks[0], "answer-missing", "", "at least one answer", "nothing was answered")
    if MEMORY in given:
        checks.word(given[MEMORY], MEMORY, MEMORY_ANSWERS)


def _needs_note(screen: str, given: Mapping[str, Any]) -> bool:
    """Return whether words are needed: use elsewhere is recorded with dose, dates and place."""
    return screen == "outside-exposure" and given.get("course.outside_use") not in (None, "none")


def _settle(patient: Any, course: Course, screen: str, by: Any, now: datetime) -> None:
    """End the tasks of this screen unless something of it is due all the same."""
    from afterglow.clinic.tasks.actions import settle_task

    today = get_local_date(patient.site, now)
    dues = list_dues(course, today)
    due_tasks = {due.task for due in dues if due.screen == screen and due.is_due}
    kinds = {item.task for item in load_items() if item.screen == screen} - due_tasks
    for task in Task.objects.filter(patient=patient, kind__in=sorted(kinds), state="open"):
        settle_task(task=task, by=by, now=now, outcome="recorded")
    CourseLook.objects.filter(patient=patient).delete()


@action
def settle_screens(*, patient: Any, fact: str, by: Any, now: datetime) -> None:
    """End the tasks of screens that a form has answered by a fact, unless something of them is due all the same."""
    course = load_courses([patient])[patient.pk]
    for screen in dict.fromkeys(item.screen for item in load_items() if fact in item.answers):
        _settle(patient, course, screen, by, now)


def _open_finding(record: SurveillanceRecord, course: Course, now: datetime) -> None:
    """Open a task for the prescriber when the result is a stop or a caution of the protocol's rules."""
    from afterglow.clinic.tasks.actions import open_task

    patient = record.patient
    dues = list_dues(course, get_local_date(patient.site, now))
    found = [
        finding
        for due in dues
        if due.screen == record.screen
        for finding in due.findings
        if finding.severity in (Severity.STOP, Severity.CAUTION)
    ]
    if found:
        detail = " ".join(dict.fromkeys(f"{finding.rule}: {finding.seen}. {finding.asks}" for finding in found))
        open_task(
            site=patient.site,
            kind=FOUND,
            by=None,
            now=now,
            patient=patient,
            subject=record,
            detail=detail[:500],
            key=f"surveillance:{record.pk}",
        )


def _noon(site: Any, day: date) -> datetime:
    return datetime.combine(day, time(12), ZoneInfo(site.timezone))
