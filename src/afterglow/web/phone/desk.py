"""The desk's page of a visit's check-in: send the link, end it, read what was answered and found."""

import os
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.audit.reads import record_read
from afterglow.clinic.checkins import actions
from afterglow.clinic.checkins.facts import list_asked, read_answers
from afterglow.clinic.checkins.resending import queue_link
from afterglow.clinic.errors import Denied
from afterglow.clinic.scheduling.models import Appointment
from afterglow.clinicday.checkin import describe_answer
from afterglow.web.access import find_or_404, staff_page
from afterglow.web.phone.listener import PORT_VARIABLE

READ = "checkin.read"
SCHEDULE = "schedule.read"


@staff_page(SCHEDULE)
def show_visit(request: HttpRequest, visit_id: str) -> HttpResponse:
    """Show the check-in of a visit; `act` sends a new link or ends it."""
    rows = Appointment.objects.select_related("patient", "site", "plan")
    visit = find_or_404(request, rows, SCHEDULE, pk=visit_id)
    may_send = policy.allow(request.user, actions.SEND, visit)
    may_read = policy.allow(request.user, READ, visit)
    if not may_send and not may_read:
        raise Denied(READ)
    act = request.POST.get("act", "") if request.method == "POST" else ""
    if act == "send":
        return _send(request, visit, may_read=may_read)
    if act == "revoke":
        actions.revoke_checkin(appointment=visit, by=request.user, now=timezone.now())
        return redirect("web:visit-checkin", visit_id=visit.pk)
    return _show(request, visit, may_send=may_send, may_read=may_read)


def build_link(request: HttpRequest, token: str) -> str:
    """Return the address a patient opens: by the patients' own port where the server has one."""
    path, port = reverse("phone:checkin", args=[token]), os.environ.get(PORT_VARIABLE, "")
    if not port:
        return request.build_absolute_uri(path)
    host = request.get_host()
    name = host if host.endswith("]") or ":" not in host else host.rpartition(":")[0]
    return f"{'https' if settings.HAS_TLS else 'http'}://{name}:{port}{path}"


def _send(request: HttpRequest, visit: Any, *, may_read: bool) -> HttpResponse:
    """Make the link, queue its message, and show it this once: it cannot be read from what is stored."""
    now = timezone.now()
    checkin, token = actions.send_checkin(appointment=visit, by=request.user, now=now)
    link = build_link(request, token)
    notice = queue_link(checkin=checkin, link=link, by=request.user, now=now)
    told = (
        _("The message waits to be sent.") if notice.state != "held" else _("No message could be sent: give the link.")
    )
    return _show(request, visit, may_send=True, may_read=may_read, link=link, told=told)


def _show(request: HttpRequest, visit: Any, *, may_send: bool, may_read: bool, **context: Any) -> HttpResponse:
    visit = Appointment.objects.select_related("patient", "site", "plan").get(pk=visit.pk)
    record_read(by=request.user, what="checkin", subject=visit, now=timezone.now(), patient=visit.patient)
    checkin = actions.find_latest(visit)
    is_usable = checkin is not None and actions.is_usable(checkin, timezone.now())
    frame = {
        "visit": visit,
        "patient": visit.patient,
        "summary": actions.describe_for_desk(visit),
        "checkin": checkin,
        "is_usable": is_usable,
        "may_send": may_send and visit.state in actions.MAY_CHECK_IN,
        "may_read": may_read,
        "answers": _list_answers(visit, checkin) if may_read and checkin is not None else [],
    }
    return render(request, "web/phone/desk.html", {**frame, **context})


def _list_answers(visit: Any, checkin: Any) -> list[dict[str, str]]:
    given = read_answers(checkin)
    rows = []
    for question in list_asked(visit):
        value = given.get(question.id)
        words = _("not answered yet") if value is None else describe_answer(question, value, "en")
        rows.append({"question": question.text["en"], "answer": words or _("rather not say")})
    return rows
