"""Telling people of their visits: a reminder before, a message when a visit is booked, moved or cancelled."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.scheduling.models import Appointment
from afterglow.clinicday.booking import get_number

BOOKED = "reminder"
# of a visit that was moved here from another time
MOVED = "moved"
CANCELLED = "cancelled"
HELD = "held"
TELEPHONE = "tell-by-phone"
_SAID = {BOOKED: "Visit booked for", MOVED: "Visit moved to", CANCELLED: "Visit cancelled that was to be"}


def remind(row: Appointment, *, by: Any, now: datetime) -> None:
    """Queue the reminder of a visit; none for one so near that a reminder would come after it was just agreed."""
    at = row.starts_at - timedelta(hours=get_number("reminder_before_h"))
    if at > now:
        _queue(row, "reminder", by=by, now=now, send_after=at, key=_name("reminder", row))


def remind_again(row: Appointment, *, by: Any, now: datetime) -> None:
    """Queue the reminder of a visit anew that was taken back, because what it was taken back for no longer holds."""
    from afterglow.clinic.notices.models import Notice

    key = _name("reminder", row)
    for notice in Notice.objects.select_for_update(of=("self",)).filter(key=key, state="cancelled"):
        notice.key = f"{key}:{notice.pk}"
        notice.save(update_fields=["key"])
        remind(row, by=by, now=now)


def tell_patient(row: Appointment, template: str, *, by: Any, now: datetime) -> None:
    """Queue a message about a visit at once; where none can be sent, the desk gets the task to telephone."""
    notice = _queue(row, template, by=by, now=now, send_after=None, key=_name(f"told-{template}", row))
    if notice.state == HELD:
        _ask_to_telephone(row, template, notice.reason, now)


def find_untold(row: Appointment, template: str) -> str:
    """Return why a message about a visit cannot be sent, or nothing."""
    from afterglow.clinic.notices.actions import find_notice

    notice = find_notice(_name(f"told-{template}", row))
    return notice.reason if notice is not None and notice.state == HELD else ""


def call_back(row: Appointment, *, by: Any, now: datetime) -> None:
    """Take back what has not been sent yet about a visit that will not take place then."""
    from afterglow.clinic.checkins.actions import name_notice
    from afterglow.clinic.notices.actions import cancel_notices
    from afterglow.clinic.tasks.actions import end_task
    from afterglow.clinic.tasks.models import Task

    links = [name_notice(checkin) for checkin in row.checkins.all()]
    told = [_name(f"told-{word}", row) for word in (BOOKED, MOVED)]
    cancel_notices(keys=[_name("reminder", row), *told, *links], by=by, now=now)
    for task in Task.objects.filter(key__in=told, kind=TELEPHONE, state="open"):
        end_task(task=task, by=by, now=now, outcome="changed-again")


def _ask_to_telephone(row: Appointment, template: str, reason: str, now: datetime) -> None:
    from afterglow.clinic.tasks.actions import open_task

    at = row.starts_at.astimezone(ZoneInfo(row.site.timezone))
    why = "the person wants no messages" if reason == "opted-out" else "no address is on file"
    open_task(
        site=row.site, kind=TELEPHONE, by=None, now=now, patient=row.patient, subject=row,
        detail=f"{_SAID[template]} {at:%a} {at.day} {at:%b %H:%M}; {why}", key=_name(f"told-{template}", row),
    )  # fmt: skip


def _name(word: str, row: Appointment) -> str:
    return f"visit-{word}:{row.pk}"


def _queue(row: Appointment, template: str, *, by: Any, now: datetime, send_after: datetime | None, key: str) -> Any:
    from afterglow.clinic.notices.actions import queue_notice

    return queue_notice(
        site=row.site, template=template, patient=row.patient, context={"at": row.starts_at}, send_after=send_after,
        expires_at=row.starts_at, key=key, by=by, now=now,
    )  # fmt: skip
