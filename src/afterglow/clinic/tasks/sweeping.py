"""The sweep: opens what has become due, ends what was done elsewhere, lets the late climb. Run as often as one likes.

Each part asks one indexed question whose answer is empty when there is nothing to do, and then does one piece of work
after the other, each a transaction of its own: the server rests between them, so that no page waits for the whole. A
course is looked at once a local day, some hundreds at a time.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from afterglow.chairside.dosing import STARTS
from afterglow.clinic.consents.models import Consent
from afterglow.clinic.dosing_sessions.fold import read_event
from afterglow.clinic.dosing_sessions.lookups import LEFT
from afterglow.clinic.dosing_sessions.models import Session, SessionEvent
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.models import Patient
from afterglow.clinic.sites.models import Site
from afterglow.clinic.tasks.climbing import climb
from afterglow.clinic.tasks.courses import CALL_BACK, load_courses
from afterglow.clinic.tasks.models import CourseLook, Task
from afterglow.clinicday.dues import get_kind
from afterglow.clinicday.surveillance import Course, Due, Standing, list_dues

RECORD = "record-unsigned"
CONSENT = "consent-expiring"
OVER = ("left", "ended")
# how far back the sweep looks for what it missed while it did not run
LOOK_BACK = {CALL_BACK: timedelta(days=14), RECORD: timedelta(days=90)}
COURSES_AT_ONCE = 200
COURSES_TOGETHER = 10
OPENED_AT_ONCE = 50
CONSENTS_AT_ONCE = 100
AT_ONCE = 500
# one piece of work: the task that changed, or None where looking was all
Step = Task | None


def sweep(*, now: datetime, site: Any = None, makes_summaries: bool = True) -> list[Task]:
    """Open what has become due, end what was done elsewhere, let late tasks climb; return what changed.

    Repeating it changes nothing: each task has a key that names what it is about.
    """
    parts = list_parts(now=now, site=site, makes_summaries=makes_summaries)
    return [task for part in parts for task in part if task is not None]


def list_parts(*, now: datetime, site: Any = None, makes_summaries: bool = True) -> list[Iterator[Step]]:
    """Return the sweep's parts: each does one piece of work when it is asked for the next, in its own transaction.

    Without the summaries of courses, those that changed stay marked for the next sweep.
    """
    from afterglow.clinic.care.sweeping import open_missing_visits, open_stopping_letters, settle_missing_visits
    from afterglow.clinic.measures.messages import end_forms_of_the_dead, tell_unsent_forms
    from afterglow.clinic.outcomes.summarising import refresh_courses
    from afterglow.clinic.referrals.waking import wake_referrals
    from afterglow.clinic.scheduling.sweeping import open_visits_to_cancel, settle_visits_to_cancel

    parts = (
        _open_call_backs,
        _open_records,
        _settle_records,
        _settle_consents,
        _open_consents,
        _look_at_courses,
        open_missing_visits,
        settle_missing_visits,
        open_stopping_letters,
        wake_referrals,
        open_visits_to_cancel,
        settle_visits_to_cancel,
        tell_unsent_forms,
        end_forms_of_the_dead,
        _climb_late,
        *([refresh_courses] if makes_summaries else []),
    )
    sites = [site] if site is not None else list(Site.objects.order_by("pk"))
    return [_begin(part, each, now) for each in sites for part in parts]


def _begin(part: Callable[..., Iterable[Step]], site: Any, now: datetime) -> Iterator[Step]:
    """Yield the steps of one part; its question is asked with the first, not before."""
    yield from part(site=site, now=now)


def _open_call_backs(*, site: Any, now: datetime) -> Iterator[Step]:
    """Open a call-back for every session in which drug was given and that the person left alive."""
    dosed = SessionEvent.objects.filter(session=OuterRef("pk"), type__in=STARTS)
    for session in _list_over(site, CALL_BACK, now).filter(Exists(dosed)):
        left = _find_leaving(session)
        if left is None or left.data.get("kind") == "died":
            continue
        yield _open(session, CALL_BACK, left.occurred_at, now)


def _open_records(*, site: Any, now: datetime) -> Iterator[Step]:
    """Open a task for every session that is over and whose record nobody has closed."""
    for session in _list_over(site, RECORD, now).filter(is_closed=False):
        left = _find_leaving(session)
        yield _open(session, RECORD, left.occurred_at if left else session.last_recorded_at or now, now)


def _settle_records(*, site: Any, now: datetime) -> Iterator[Step]:
    """End the tasks of records that were closed."""
    closed = Session.objects.filter(pk=OuterRef("subject_id"), is_closed=True)
    for task in _list_open(site, RECORD).filter(Exists(closed)):
        yield _settle(task, now, "closed")


def _open_consents(*, site: Any, now: datetime) -> Iterator[Step]:
    """Open a task for each consent of a course in force that ends soon and that no later one replaces."""
    today = get_local_date(site, now)
    last = today + get_kind(CONSENT).opens_before
    rows = Consent.objects.filter(
        patient__site=site, patient__plans__state="signed", withdrawn_at__isnull=True, expires_on__lte=last
    ).exclude(Exists(_later_consent(OuterRef("patient"), OuterRef("text__key"), OuterRef("signed_at"))))
    known = Task.objects.filter(kind=CONSENT, subject_id=OuterRef("pk"))
    for consent in (
        rows.exclude(Exists(known)).select_related("patient__site").order_by("expires_on", "pk")[:CONSENTS_AT_ONCE]
    ):
        from afterglow.clinic.tasks.actions import open_task

        end = datetime.combine(consent.expires_on, datetime.max.time().replace(microsecond=0), ZoneInfo(site.timezone))
        key = f"{CONSENT}:{consent.pk}"
        yield open_task(
            site=site, kind=CONSENT, by=None, now=now, patient=consent.patient, subject=consent, due_at=end, key=key
        )


def _settle_consents(*, site: Any, now: datetime) -> Iterator[Step]:
    """End the tasks of consents that were signed anew, or withdrawn; the others are not even read."""
    consent = Consent.objects.filter(pk=OuterRef("subject_id"))
    later = _later_consent(OuterRef("patient"), OuterRef("text__key"), OuterRef("signed_at"))
    withdrawn, renewed = Exists(consent.filter(withdrawn_at__isnull=False)), Exists(consent.filter(Exists(later)))
    rows = _list_open(site, CONSENT).annotate(is_withdrawn=withdrawn, is_renewed=renewed)
    for task in rows.filter(Q(is_withdrawn=True) | Q(is_renewed=True)):
        yield _settle(task, now, "withdrawn" if task.is_withdrawn else "renewed")


def _look_at_courses(*, site: Any, now: datetime) -> Iterator[Step]:
    """Open the screens that have become due in courses not looked at since midnight or since their last session.

    Each course is a transaction of its own, and a sweep stops after some tasks: whoever writes beside it waits for one
    course at most, and the rest is looked at in the next round.
    """
    from afterglow.clinic.measures.due import send_due_forms
    from afterglow.clinic.notices.channels import find_form_base

    today = get_local_date(site, now)
    keys = list(_list_unseen(site, today, now).values_list("pk", flat=True))
    base = find_form_base() if keys else ""
    count = 0
    for begin in range(0, len(keys), COURSES_TOGETHER):
        some = Patient.objects.filter(pk__in=keys[begin : begin + COURSES_TOGETHER]).select_related("site")
        patients = sorted(some, key=lambda patient: keys.index(patient.pk))
        courses = load_courses(patients)
        for patient in patients:
            if count >= OPENED_AT_ONCE:
                return
            dues = [due for due in list_dues(courses[patient.pk], today) if due.is_due or due.standing is Standing.SOON]
            opened = _look_at_course(patient, courses[patient.pk], dues, today, now)
            count += len(opened)
            yield None
            yield from opened
            if base:
                send_due_forms(patient=patient, base=base, now=now)
                yield None


@transaction.atomic
def _look_at_course(patient: Any, course: Course, dues: list[Due], today: date, now: datetime) -> list[Task]:
    from afterglow.clinic.care.sweeping import open_course_care

    CourseLook.objects.update_or_create(patient=patient, defaults={"on": today, "at": now})
    screens = [task for due in dues for task in _open_screen(patient, due, now)]
    return screens + open_course_care([patient], {patient.pk: course}, now)


def _list_unseen(site: Any, today: date, now: datetime) -> Any:
    """Return patients whose plan is in force and whose course was not looked at today, or not since a session ended."""
    fresh = Session.objects.filter(
        patient=OuterRef("pk"),
        phase__in=OVER,
        opened_at__gte=now - timedelta(days=2),
        last_recorded_at__gt=OuterRef("course_look__at"),
    )
    rows = Patient.objects.filter(site=site, plans__state="signed")
    unseen = Q(course_look__isnull=True) | ~Q(course_look__on=today) | Exists(fresh)
    return rows.filter(unseen).order_by(F("course_look__at").asc(nulls_first=True), "pk")[:COURSES_AT_ONCE]


def _open_screen(patient: Any, due: Due, now: datetime) -> Iterator[Task]:
    """Yield the task of a due screen if it is new: one for each kind and round."""
    from afterglow.clinic.tasks.actions import open_task

    round_of = due.last_on.isoformat() if due.last_on else "first"
    key = f"{due.task}:{patient.pk}:{due.item}:{round_of}"
    if Task.objects.filter(key=key).exists():
        return
    due_at = _find_due_at(patient.site, due, now)
    detail = f"{due.title}. {due.threshold}."
    yield open_task(
        site=patient.site,
        kind=due.task,
        by=None,
        now=now,
        patient=patient,
        subject=("surveillance", due.item),
        due_at=due_at,
        detail=detail,
        key=key,
    )


def _find_due_at(site: Any, due: Due, now: datetime) -> datetime | None:
    """Return the end of the last day in time; of today where sessions made it due; the kind's time for a first one."""
    today = get_local_date(site, now)
    if due.standing in (Standing.NEVER, Standing.FOUND):
        return None
    last = due.due_on if due.due_on is not None and (due.standing is Standing.SOON or due.due_on < today) else today
    return datetime.combine(last + timedelta(days=1), datetime.min.time(), ZoneInfo(site.timezone))


def _climb_late(*, site: Any, now: datetime) -> Iterator[Step]:
    late = Task.objects.filter(site=site, state="open", escalate_at__lte=now).order_by("escalate_at", "pk")
    for key in late.values_list("pk", flat=True)[:AT_ONCE]:
        yield _climb_one(key, now)


@transaction.atomic
def _climb_one(key: str, now: datetime) -> Task | None:
    rows = Task.objects.select_for_update(of=("self",)).select_related("site", "owner")
    task = rows.filter(pk=key, state="open", escalate_at__lte=now).first()
    return None if task is None else climb(task, now)


def _list_over(site: Any, kind: str, now: datetime) -> Any:
    """Return the sessions that are over, lately enough, and that have no task of a kind yet."""
    known = Task.objects.filter(kind=kind, subject_id=OuterRef("pk"))
    rows = Session.objects.filter(site=site, phase__in=OVER, opened_at__gte=now - LOOK_BACK[kind])
    return rows.exclude(Exists(known)).select_related("patient", "site").order_by("opened_at", "pk")


def _list_open(site: Any, kind: str) -> Any:
    return Task.objects.filter(site=site, kind=kind, state="open").select_related("site")


def _later_consent(patient: Any, key: Any, signed_at: Any) -> Any:
    return Consent.objects.filter(patient=patient, text__key=key, signed_at__gt=signed_at, withdrawn_at__isnull=True)


def _find_leaving(session: Session) -> Any:
    """Return the event with which the person left, or None."""
    row = SessionEvent.objects.filter(session=session, type__in=LEFT).order_by("seq").last()
    return None if row is None else read_event(row)


def _open(session: Session, kind: str, since: datetime, now: datetime) -> Task:
    from afterglow.clinic.tasks.actions import open_task

    return open_task(
        site=session.site,
        kind=kind,
        by=None,
        now=now,
        patient=session.patient,
        subject=session,
        owner=_find_nurse(session, kind),
        since=since,
        key=f"{kind}:{session.pk}",
    )


def _find_nurse(session: Session, kind: str) -> Any:
    """Return the named nurse of a session who may own what follows from it, or None: then it is the role's."""
    from afterglow.clinic.dosing_sessions import actions as sessions
    from afterglow.clinic.tasks.actions import can_own

    find = getattr(sessions, "get_nurse", None)
    nurse = find(session) if find is not None else None
    return nurse if nurse is not None and can_own(nurse, get_kind(kind), session.site) else None


def _settle(task: Task, now: datetime, outcome: str) -> Task:
    from afterglow.clinic.tasks.actions import settle_task

    return settle_task(task=task, now=now, outcome=outcome)
