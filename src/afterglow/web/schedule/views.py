"""The schedule's pages: day with booking, week, series, and the day on paper."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.audit.reads import record_read
from afterglow.clinic.errors import Refused
from afterglow.clinic.scheduling import actions
from afterglow.clinic.scheduling.storing import BECAUSE
from afterglow.clinic.scheduling.telling import BOOKED, MOVED
from afterglow.clinic.scheduling.waiting import book_waiting
from afterglow.clinic.sites.models import Site
from afterglow.terms import InvalidInput
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.carrying import sentence
from afterglow.web.phone.telling import send_moved_link
from afterglow.web.schedule.day import build_day
from afterglow.web.schedule.forms import read_day
from afterglow.web.schedule.panel import Panel, build_panel, read_choice
from afterglow.web.schedule.runs import build_runs
from afterglow.web.schedule.week import build_week
from afterglow.web.schedule.words import describe_untold
from afterglow.web.sites import get_site
from afterglow.web.templatetags.words import day as show_date
from afterglow.web.templatetags.words import hour

READ = "schedule.read"
BOOK = "schedule.book"
NOTE = 300


def find_site(request: HttpRequest, permission: str = READ) -> Any:
    """Return the site whose schedule the user works on: their own, else the first that lets them in."""
    site = get_site(request)
    if site is not None and policy.allow(request.user, permission, site):
        return site
    found = Site.objects.filter(pk__in=policy.find_sites(request.user, permission)).order_by("name").first()
    if found is None:
        raise Http404
    return found


@staff_page(READ)
def show_day(request: HttpRequest) -> HttpResponse:
    """Return one day by place, with load, prescribers, series, waiting list, and the booking panel.

    Posted, it looks for the person to book; a name stands in no address.
    """
    site, now = find_site(request), timezone.now()
    if request.method == "POST":
        policy.require(request.user, BOOK, site)
        if request.POST.get("act") != "find":
            raise Http404
    asked = request.POST if request.method == "POST" else request.GET
    on = read_day(asked.get("on", ""), timezone.localdate(now, ZoneInfo(site.timezone)))
    panel = build_panel(request, site, on, now=now)
    return _show_day(request, site, on, panel, now)


@staff_page(BOOK, methods=("POST",))
def book(request: HttpRequest) -> HttpResponse:
    """Book or move a visit at the time chosen; what stands against it comes back with the form."""
    site, now = find_site(request, BOOK), timezone.now()
    data = request.POST.copy()
    choice = read_choice(data.get("slot", ""))
    if choice is not None:
        data["on"], data["at"], data["place"], data["nurse"] = choice
    on = read_day(data.get("on", ""), timezone.localdate(now, ZoneInfo(site.timezone)))
    panel = build_panel(request, site, on, now=now, data=data)
    if panel is None or panel.patient is None or panel.form is None:
        raise Http404
    if not panel.form.is_bound or not panel.form.is_valid():
        panel.refused = _("Choose a time first.")
        return _show_day(request, site, on, panel, now, status=STATUS_UNUSABLE)
    try:
        visit = _store(request, site, panel, data, now)
    except (Refused, InvalidInput) as error:
        panel.refused = sentence(str(error))
        return _show_day(request, site, panel.form.cleaned_data["on"], panel, now, status=STATUS_UNUSABLE)
    words = _("Moved to %(day)s %(time)s.") if panel.moving else _("Booked for %(day)s %(time)s.")
    words %= {"day": show_date(visit.starts_at), "time": hour(visit.starts_at)}
    untold = describe_untold(visit, MOVED if panel.moving else BOOKED, words)
    messages.add_message(request, messages.WARNING if untold else messages.SUCCESS, untold or words)
    return redirect(f"{reverse('web:schedule')}?on={panel.form.cleaned_data['on'].isoformat()}")


@staff_page(READ, methods=("GET", "HEAD"))
def show_week(request: HttpRequest) -> HttpResponse:
    """Return the visits of a week, day by day."""
    site, now = find_site(request), timezone.now()
    today = timezone.localdate(now, ZoneInfo(site.timezone))
    on = read_day(request.GET.get("on", ""), today)
    return render(request, "web/schedule/week.html", {"week": build_week(site, on, today), "on": on, "current": "week"})


@staff_page(READ, methods=("GET", "HEAD"))
def show_print(request: HttpRequest) -> HttpResponse:
    """Return a day as a list to print; the names of its people stand on it, so the reading is written down."""
    site, now = find_site(request), timezone.now()
    on = read_day(request.GET.get("on", ""), timezone.localdate(now, ZoneInfo(site.timezone)))
    may_name = policy.allow(request.user, "patient.find", site)
    page = build_day(site, on, now=now, may_book=False)
    if may_name:
        for patient in {row["row"].patient for row in page["visits"]}:
            record_read(by=request.user, what="printed day", subject=patient, now=now, patient=patient)
    context = {"day": page, "on": on, "may_name": may_name, "now": now}
    return render(request, "web/schedule/print.html", context)


def _show_day(
    request: HttpRequest, site: Any, on: date, panel: Panel | None, now: datetime, *, status: int = 200
) -> HttpResponse:
    if panel is not None and panel.patient is not None:
        record_read(by=request.user, what="booking", subject=panel.patient, now=now, patient=panel.patient)
    may_book = policy.allow(request.user, BOOK, site)
    asked = panel.asked if panel is not None else None
    if asked is not None and panel is not None and panel.form is not None:
        on = panel.form.cleaned_data["on"]
    context = {
        "day": build_day(site, on, now=now, may_book=may_book, asked=asked),
        "runs": build_runs(site, on),
        "panel": panel,
        "on": on,
        "current": "day",
        "may_manage": policy.allow(request.user, "schedule.manage", site),
    }
    return render(request, "web/schedule/day.html", context, status=status)


def _store(request: HttpRequest, site: Any, panel: Panel, data: Any, now: datetime) -> Any:
    form = panel.form
    if form is None:
        raise Http404
    shared = {
        "starts_at": form.starts_at,
        "place": form.find("place"),
        "nurse": form.find("nurse"),
        "clinician": form.find("clinician"),
        "accepted": [word[:20] for word in data.getlist("accepted")[:30]],
        "because": str(data.get("because", ""))[: BECAUSE + 1],
        "tell": bool(data.get("tell")),
        "by": request.user,
        "now": now,
    }
    if panel.moving is not None:
        reason = str(data.get("reason") or _("moved on the schedule"))
        moved = actions.move(appointment=panel.moving, reason=reason, version=_read_version(data), **shared)
        send_moved_link(request, panel.moving, moved, now)
        return moved
    kind, note = form.cleaned_data["kind"], str(data.get("note", ""))[: NOTE + 1]
    given = {"patient": panel.patient, "plan": panel.plan, "series": panel.series, "note": note, **shared}
    given |= {"site": site, "kind": kind, "escort": form.find("escort")}
    # who waits for one kind of visit goes on waiting where another kind is booked
    if panel.entry is not None and panel.entry.kind == kind:
        return book_waiting(entry=panel.entry, **given)
    return actions.book(**given)


def _read_version(data: Any) -> int | None:
    text = str(data.get("version", ""))[:9]
    return int(text) if text.isdecimal() and text.isascii() else None
