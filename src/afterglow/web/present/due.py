"""What is coming or waits on a chart: next visits, answers given on the phone, screens due, entries told by others."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic import policy
from afterglow.clinic.checkins.models import CheckIn
from afterglow.clinic.prepared import Prepared
from afterglow.clinic.referrals.models import ToldEntry
from afterglow.clinic.scheduling.models import Appointment
from afterglow.clinic.tasks.actions import list_surveillance
from afterglow.clinicday.surveillance import Due
from afterglow.web.schedule.words import describe_day, describe_time, describe_visit
from afterglow.web.templatetags.words import day

COMING = ("booked", "confirmed")
VISITS_SHOWN = 3
DUES_SHOWN = 3
_VISITS = Prepared(
    lambda patient, now: (
        Appointment.objects.filter(patient=patient, state__in=COMING, starts_at__gte=now)
        .select_related("series")
        .order_by("starts_at", "pk")[:VISITS_SHOWN]
    )
)
_CHECKIN = Prepared(
    lambda patient: CheckIn.objects.filter(appointment__patient=patient, answered__gt=0).order_by("-created_at", "-pk")[
        :1
    ]
)
_TOLD = Prepared(
    lambda patient: ToldEntry.objects.filter(patient=patient, confirmed_at__isnull=True).values_list("pk", flat=True)
)


def list_next_visits(patient: Any, now: datetime, user: Any) -> dict[str, Any]:
    """Return the next booked visits, or where one is booked; nothing for who may not see the schedule."""
    if not policy.allow(user, "schedule.read", patient):
        return {"rows": [], "book_url": "", "is_known": False}
    zone = ZoneInfo(patient.site.timezone)
    may_book = policy.allow(user, "schedule.book", patient)
    visits = _VISITS.ask(patient=patient, now=now)
    for visit in visits:
        visit.patient = patient
    rows = [_describe_coming(visit, zone) for visit in visits]
    return {
        "rows": rows,
        "book_url": f"{reverse('web:schedule')}?patient={patient.pk}" if may_book else "",
        "is_known": True,
    }


def _describe_coming(visit: Appointment, zone: ZoneInfo) -> dict[str, Any]:
    on = visit.starts_at.astimezone(zone).date()
    return {
        "on": on,
        "words": describe_visit(visit, zone),
        "when": f"{describe_day(on)}, {describe_time(visit.starts_at, zone)}",
        "url": reverse("web:visit", args=[visit.pk]),
    }


def find_checkin(patient: Any, user: Any) -> dict[str, Any] | None:
    """Return the latest answered check-in of a patient with its address, for who may read answers."""
    if not (policy.allow(user, "checkin.read", patient) and policy.allow(user, "schedule.read", patient)):
        return None
    last = _CHECKIN.find(patient=patient)
    if last is None:
        return None
    if last.submitted_at is not None:
        words = _("sent %(day)s") % {"day": day(last.submitted_at, "near")}
    else:
        words = _("%(n)d of %(all)d answered") % {"n": last.answered, "all": last.asked}
    return {"words": words, "url": reverse("web:visit-checkin", args=[last.appointment_id])}


def build_due(patient: Any, now: datetime) -> dict[str, Any]:
    """Return the screens that are due as findings, what they found first, and how many more there are."""
    url = reverse("web:patient-surveillance", args=[patient.pk])
    dues = list_surveillance(patient=patient, now=now)
    found = [finding for due in dues for finding in due.findings if str(finding.severity) != "missing"]
    waiting = [due for due in dues if due.is_due]
    act = format_html('<a class="button button--dense" href="{}">{}</a>', url, _("Open screens"))
    rows = [{"item": finding, "acts": ""} for finding in found]
    rows += [{"item": describe_due(due), "acts": act if not place else ""} for place, due in enumerate(waiting)]
    left = len(waiting) - DUES_SHOWN
    more = ngettext("%(n)d more screen due", "%(n)d more screens due", left) % {"n": left} if left > 0 else ""
    return {"rows": rows[: len(found) + DUES_SHOWN], "more": more, "url": url, "dues": dues}


def describe_due(due: Due) -> dict[str, str]:
    """Return a screen that is due as a finding: since when, the last one, the rule with its source and grade."""
    if due.due_on is not None and due.last_on is not None:
        seen = _("%(what)s due since %(day)s") % {"what": _(due.title), "day": day(due.due_on, "near")}
    else:
        seen = _("%(what)s due, not done yet") % {"what": _(due.title)}
    last = ""
    if due.last_on is not None:
        words = _("Last %(day)s, %(value)s.") if due.last_value else _("Last %(day)s.")
        last = words % {"day": day(due.last_on), "value": due.last_value}
    return {
        "rule": due.rule,
        "severity": "missing",
        "title": _(due.title),
        "seen": seen,
        "threshold": "",
        "asks": " ".join(part for part in (last, due.threshold) if part),
        "source": due.source,
        "grade": due.grade,
    }


def list_told(patient: Any) -> frozenset[tuple[str, str]]:
    """Return the chart entries, by kind and key, that a referral told and nobody has confirmed."""
    return frozenset(patient.told_entries.filter(confirmed_at__isnull=True).values_list("kind", "entry_id"))


def describe_told(patient: Any) -> dict[str, str] | None:
    """Return how many told entries wait to be confirmed, with the page where that is done."""
    waiting = len(_TOLD.ask(patient=patient))
    if not waiting:
        return None
    words = ngettext(
        "%(n)d entry was told by the referral and is not confirmed.",
        "%(n)d entries were told by the referral and are not confirmed.",
        waiting,
    ) % {"n": waiting}
    return {"words": words, "url": reverse("web:patient-told", args=[patient.pk])}
