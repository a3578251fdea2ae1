"""What becomes of the tasks of long-term screens when a plan is stopped: those that only serve more doses end."""

from datetime import datetime
from typing import Any

from afterglow.clinic.actions import action
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.tasks.courses import load_courses
from afterglow.clinic.tasks.models import CourseLook, Task
from afterglow.clinicday.surveillance import list_kept_after_stopping, load_items

STOPPED = "plan-stopped"
SUBJECT = "surveillance"


def find_kept_screens(*, patient: Any, now: datetime) -> frozenset[str]:
    """Return the screens that are asked for after stopping too; read while the plan is still in force."""
    course = load_courses([patient])[patient.pk]
    return list_kept_after_stopping(course, get_local_date(patient.site, now))


@action
def end_screens(*, patient: Any, kept: frozenset[str], reason: str, by: Any, now: datetime) -> list[Task]:
    """End a person's open tasks of screens but for those kept, with why the plan was stopped.

    A later plan asks for them anew: what was ended so gives its name free.
    """
    from afterglow.clinic.tasks.actions import end_task

    kinds = sorted({item.task for item in load_items()})
    rows = Task.objects.filter(patient=patient, kind__in=kinds, subject_kind=SUBJECT, state="open")
    ended = []
    for task in rows.exclude(subject_id__in=kept).order_by("opened_at", "pk"):
        ended.append(end_task(task=task, by=by, now=now, outcome=STOPPED, note=reason, is_renewable=True))
    CourseLook.objects.filter(patient=patient).delete()
    return ended
