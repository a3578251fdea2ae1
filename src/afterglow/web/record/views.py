"""Pages of paper: the record of a session, the hand-off sheet, blank downtime sheets, each a tagged PDF."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from afterglow.clinic import policy
from afterglow.clinic.documents.actions import file_document
from afterglow.clinic.sites.models import Site
from afterglow.web.access import staff_page
from afterglow.web.record.build import build_handoff, build_record
from afterglow.web.record.downtime import build_downtime
from afterglow.web.record.render import render_pdf
from afterglow.web.sessions.lookup import find_session, record_page_read
from afterglow.web.sites import get_site


@staff_page("record.print", methods=("GET", "HEAD"))
def show_record(request: HttpRequest, session_id: str) -> HttpResponse:
    """Return the printed record; that of a closed session is filed in the chart as it was printed."""
    session, now = find_session(request, session_id, "record.print"), timezone.now()
    record_page_read(request, session, "printed record", now)
    data = build_record(session, now=now, by=request.user)
    body = render_pdf("session", data, now=now)
    if session.is_closed:
        file_document(
            patient=session.patient,
            session=session,
            kind="session-record",
            title=data["title"],
            body=body,
            by=request.user,
            now=now,
        )
    return _answer(body, "record.pdf")


@staff_page("record.print", methods=("GET", "HEAD"))
def show_handoff(request: HttpRequest, session_id: str) -> HttpResponse:
    """Return the hand-off sheet as PDF."""
    session, now = find_session(request, session_id, "record.print"), timezone.now()
    record_page_read(request, session, "hand-off sheet", now)
    return _render("handoff", build_handoff(session, now=now, by=request.user), now, "hand-off.pdf")


@staff_page("session.read", methods=("GET", "HEAD"))
def show_downtime(request: HttpRequest) -> HttpResponse:
    """Return blank downtime sheets of the user's site as PDF."""
    site, now = get_site(request), timezone.now()
    if not policy.allow(request.user, "session.read", site):
        site = Site.objects.filter(pk__in=policy.find_sites(request.user, "session.read")).order_by("name").first()
    if not isinstance(site, Site):
        raise Http404
    return _render("downtime", build_downtime(site, now=now, by=request.user), now, "downtime.pdf")


def _render(template: str, data: Mapping[str, Any], now: Any, name: str) -> HttpResponse:
    return _answer(render_pdf(template, data, now=now), name)


def _answer(body: bytes, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(body, content_type="application/pdf", headers=headers)
