"""Today's sessions, the ones in need first; the floor board takes this address once it exists."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.dosing_sessions.actions import get_view
from afterglow.clinic.dosing_sessions.fold import load_protocol
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, Session
from afterglow.clinic.people.models import Patient
from afterglow.clinic.plans.models import SessionOrder
from afterglow.web.access import staff_page
from afterglow.web.context import list_places
from afterglow.web.present.orders import find_session
from afterglow.web.present.plans import describe_protocol
from afterglow.web.sessions.present.alarms import write_alarm_title
from afterglow.web.sessions.present.words import mend_words
from afterglow.web.sites import get_site
from afterglow.web.templatetags.words import hour

MARKS = {"high": "!!! HIGH", "medium": "!! MEDIUM", "low": "! LOW"}
_ORDER = {"high": 0, "medium": 1, "low": 2}
PHASE_TAGS = {"dosing": "amber", "paused": "amber", "observing": "plum", "released": "ok", "ready": "plum"}


@staff_page(methods=("GET", "HEAD"))
def show_today(request: HttpRequest) -> HttpResponse:
    """Return the sessions of today at the user's site, or lead a role without sessions to the place it works at."""
    if not policy.allow(request.user, "session.read"):
        places = list_places(request, request.user)
        return redirect(places[0].url if places else "web:help")
    now = timezone.now()
    rows = [present_session(session, now) for session in list_today(request, now)]
    open_rows = sorted((row for row in rows if not row["is_over"]), key=lambda row: row["order"])
    context = {
        "rows": open_rows,
        "done": [row for row in rows if row["is_over"]],
        "site_name": getattr(get_site(request), "name", ""),
        "patients_url": reverse("web:patients"),
        "waiting": list_waiting(request, now),
    }
    return render(request, "web/home.html", context)


def list_today(request: HttpRequest, now: datetime) -> list[Session]:
    """Return the sessions that are live, planned for today or opened today."""
    begin = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    end = begin + timedelta(days=1)
    wanted = (
        Q(phase__in=LIVE_PHASES)
        | Q(planned_at__gte=begin, planned_at__lt=end)
        | Q(opened_at__gte=begin, opened_at__lt=end)
    )
    sessions = policy.scope(request.user, Session.objects.all()).filter(wanted)
    return list(sessions.select_related("patient").order_by("place", "opened_at"))


def present_session(session: Session, now: datetime) -> dict[str, Any]:
    """Return one session as a card: place, initials, phase, top alarm, what is due next."""
    view = get_view(session, now)
    alarm = find_top_alarm(view)
    due = find_next_due(view)
    return {
        "url": reverse("web:session", args=[session.pk]),
        "place": session.place,
        "route": mend_words(load_protocol(session).title),
        "initials": describe_initials(session.patient),
        "phase": describe_phase(view.get("phase", session.phase)),
        "kind": PHASE_TAGS.get(str(view.get("phase", session.phase)), ""),
        "alarm": alarm,
        "due": describe_due(due),
        "is_overdue": bool(due and due.get("state") == "overdue"),
        "is_over": session.phase not in LIVE_PHASES and session.phase != "booked",
        "order": (_ORDER.get(alarm["priority"], 3) if alarm else 3, str(due.get("due_at", "")) if due else "~"),
    }


def list_waiting(request: HttpRequest, now: datetime) -> list[dict[str, Any]]:
    """Return who has an order of today and no session yet, with the page that opens it, for those who may open one."""
    begin = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    orders = SessionOrder.objects.filter(session__isnull=True, signed_at__gte=begin, signed_at__lte=now)
    patients = policy.scope(request.user, Patient.objects.all()).filter(pk__in=orders.values("patient_id"))
    rows = []
    for patient in patients.order_by("family_name", "given_name"):
        if find_session(patient) is not None or not policy.allow(request.user, "session.open", patient):
            continue
        order = orders.filter(patient=patient).select_related("plan").latest("signed_at")
        rows.append(
            {
                "initials": describe_initials(patient),
                "number": patient.number,
                "route": describe_protocol(order.plan.protocol),
                "url": reverse("web:patient-order", args=[patient.pk]),
            }
        )
    return rows


def find_top_alarm(view: dict[str, Any]) -> dict[str, Any] | None:
    """Return the highest active alarm, oldest first among equals."""
    active = [alarm for alarm in view.get("alarms", []) if alarm.get("state") not in ("cleared", "ended")]
    if not active:
        return None
    top = min(active, key=lambda alarm: (_ORDER.get(str(alarm.get("priority")), 3), str(alarm.get("raised_at", ""))))
    priority = str(top.get("priority"))
    return {"priority": priority, "mark": MARKS.get(priority, priority), "title": write_alarm_title(top)}


def find_next_due(view: dict[str, Any]) -> dict[str, Any] | None:
    """Return what is due first."""
    waiting = [item for item in view.get("due", []) if item.get("state") in ("now", "due", "overdue", "later")]
    return min(waiting, key=lambda item: str(item.get("due_at") or "~")) if waiting else None


def describe_due(item: dict[str, Any] | None) -> str:
    """Return a due item in words."""
    if item is None:
        return _("Nothing due")
    when = hour(item.get("due_at")) if item.get("due_at") else ""
    words = mend_words(item.get("text")).rstrip(".")
    if item.get("state") == "overdue":
        return _("%(what)s, due %(when)s") % {"what": words, "when": when}
    return f"{words}, {when}" if when and when != "–" else words


def describe_phase(phase: object) -> str:
    """Return a phase as people say it."""
    words = {
        "booked": _("Booked"),
        "arrived": _("Arrived"),
        "pre-checks": _("Checks"),
        "ready": _("Ready"),
        "dosing": _("Dosing"),
        "paused": _("Paused"),
        "observing": _("Observing"),
        "released": _("Released"),
        "left": _("Left"),
        "ended": _("Ended"),
        "cancelled": _("Cancelled"),
    }
    return words.get(str(phase), str(phase).capitalize())


def describe_initials(patient: Any) -> str:
    """Return the initials shown where names are not."""
    parts = [getattr(patient, "given_name", ""), getattr(patient, "family_name", "")]
    return "".join(part[:1].upper() for part in parts if part) or "–"
