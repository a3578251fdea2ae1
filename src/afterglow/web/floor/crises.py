"""The words of a crisis: for who reads charts what was told, for the desk that a clinician is wanted now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.checkins.actions import describe_for_desk
from afterglow.clinic.floor.crises import AWAY, IN_ROOM, WAITING, list_crises
from afterglow.clinic.floor.marks import load_marks
from afterglow.clinic.tasks.models import Task
from afterglow.clinicday.floor import list_crisis_kinds
from afterglow.web.sessions.present.words import mend_words

CHART, READ_CHECKIN = "patient.read", "checkin.read"
ENDED = ("cancelled", "moved", "no-show", "done")


def present_crises(site: Any, user: Any, now: datetime, *, is_locked: bool = False) -> list[dict[str, Any]]:
    """Return the lines of the strip: each person whom nobody has taken yet; a locked screen says it as the desk's."""
    may_read = not is_locked and policy.allow(user, CHART, site)
    waiting = [each for each in list_crises(site, now, user) if not each["answered_by"]]
    if not waiting:
        return []
    named = {each["patient"]: each["names"] for each in waiting}
    marks = load_marks(site, now.astimezone(ZoneInfo(site.timezone)).date(), named)
    return [_present(each, write_initials(marks[each["patient"]]), may_read=may_read) for each in waiting]


def _present(crisis: Mapping[str, Any], who: str, *, may_read: bool) -> dict[str, Any]:
    where = write_where(crisis)
    if may_read:
        values = {"who": who, "where": where[:1].lower() + where[1:]}
        title = _("Acute risk: %(who)s, %(where)s.") % values
        url, label = reverse("web:task", args=[crisis["task"]]), _("Open the task")
        return {
            "who": who,
            "title": title,
            "asks": f"{crisis['untold']} {write_crisis(crisis)}".strip().rstrip("."),
            "at": crisis["at"],
            "url": url,
            "label": label,
        }
    url = reverse("web:visit", args=[crisis["visit"]]) if crisis["visit"] else ""
    title = (_("Nurse now: %(who)s") % {"who": who}).rstrip(".") + "."
    return {
        "who": who,
        "title": title,
        "asks": write_plain(crisis),
        "at": crisis["at"],
        "url": url,
        "label": _("Open the visit"),
    }


def write_where(crisis: Mapping[str, Any]) -> str:
    """Return where a person is, as far as the clinic knows."""
    if crisis["where"] == IN_ROOM:
        return str(crisis["place"]) or _("In a session")
    return _("Waiting area") if crisis["where"] == WAITING else _("Not here yet") if crisis["visit"] else _("Not here")


def write_crisis(crisis: Mapping[str, Any]) -> str:
    """Return what is asked of a clinician."""
    if crisis["where"] == AWAY:
        return _("Call the person now.")
    return _("Not to be left alone, assess now.")


def write_plain(crisis: Mapping[str, Any]) -> str:
    """Return what is asked of whoever meets the person, without what was told."""
    if crisis["where"] == AWAY:
        return _("If they come or call: fetch a nurse at once, do not leave them alone")
    return _("Not to be left alone, nurse now")


def write_initials(pair: tuple[str, str]) -> str:
    """Return the initials with points; a referral may have told no name."""
    marked = "".join(f"{mark}." for mark in pair if mark)
    return marked or _("no name given")


def present_alert(visit: Any, user: Any) -> dict[str, Any]:
    """Return what a visit's page says first: who must not be left alone, and what was told that stops the dose.

    What was told is for those who read check-ins; the others learn what to do.
    """
    open_tasks = Task.objects.filter(patient=visit.patient_id, state="open", kind__in=list_crisis_kinds())
    tasks = list(open_tasks.select_related("owner").order_by("opened_at", "pk"))
    if visit.state in ENDED:
        tasks = []
    may_read = policy.allow(user, READ_CHECKIN, visit)
    found = describe_for_desk(visit)["findings"] if may_read and visit.state not in ENDED else []
    task = next((each for each in tasks if each.owner_id is None), tasks[0] if tasks else None)
    here = visit.state in ("arrived", "in-session")
    return {
        "task": task,
        "is_here": here,
        "taken_by": task.owner.display_name if task is not None and task.owner else "",
        "detail": task.detail if task is not None and policy.allow(user, CHART, visit) else "",
        "url": reverse("web:task", args=[task.pk]) if task is not None and policy.allow(user, CHART, visit) else "",
        "stops": [mend_words(each["seen"]) for each in found if each["severity"] == "stop"],
        "checkin_url": reverse("web:visit-checkin", args=[visit.pk]) if may_read else "",
    }
