"""Series, the waiting list, and one's own calendar feed."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.audit.reads import record_read
from afterglow.clinic.errors import Refused
from afterglow.clinic.people.models import Patient
from afterglow.clinic.scheduling import actions, feeds
from afterglow.clinic.scheduling.models import FeedToken, Series, WaitingEntry
from afterglow.clinic.scheduling.series import end_series
from afterglow.clinic.scheduling.waiting import add_waiting, end_waiting, list_waiting
from afterglow.web.access import STATUS_UNUSABLE, find_or_404, staff_page
from afterglow.web.carrying import sentence, store
from afterglow.web.schedule.day import describe_waiting
from afterglow.web.schedule.forms import SeriesForm, WaitForm, read_day
from afterglow.web.schedule.panel import clean_key, search_people
from afterglow.web.schedule.runs import build_runs
from afterglow.web.schedule.views import BOOK, READ, find_site
from afterglow.web.schedule.words import describe_kind, describe_way, list_initials

WEEKS = 8


@staff_page(READ)
def show_series(request: HttpRequest) -> HttpResponse:
    """Return the running series with their gaps, or begin or end one."""
    site, now = find_site(request), timezone.now()
    if request.method == "POST":
        policy.require(request.user, BOOK, site)
        if request.POST.get("act") == "find":
            return _show_series(request, site, now, None)
        if request.POST.get("act") == "end":
            return _end_series(request, now)
        return _begin_series(request, site, now)
    return _show_series(request, site, now, None)


def _begin_series(request: HttpRequest, site: Any, now: datetime) -> HttpResponse:
    patient = _find_patient(request, site, request.POST.get("patient", ""))
    form = SeriesForm(request.POST)
    plan = patient.plans.filter(state="signed").first()
    if plan is None:
        form.add_error(None, _("This person has no plan in force."))
    elif form.is_valid():
        given = {"plan": plan, "by": request.user, "now": now, **form.cleaned_data}
        series = store(form, actions.plan_series, **given)
        if series:
            booked = series.appointments.filter(state="booked").count()
            words = _("%(booked)d of %(all)d visits booked; the rest are gaps to fill.")
            messages.success(request, words % {"booked": booked, "all": series.total})
            return redirect("web:schedule-series")
    return _show_series(request, site, now, form, patient)


def _end_series(request: HttpRequest, now: datetime) -> HttpResponse:
    rows = Series.objects.select_related("patient", "patient__site")
    series = find_or_404(request, rows, BOOK, pk=clean_key(request.POST.get("series", "")))
    try:
        end_series(series=series, by=request.user, now=now, reason=_("ended on the schedule"))
    except Refused as error:
        messages.error(request, sentence(str(error)))
    else:
        messages.success(request, _("The series has ended."))
    return redirect("web:schedule-series")


def _show_series(
    request: HttpRequest, site: Any, now: datetime, form: SeriesForm | None, patient: Any = None
) -> HttpResponse:
    today = timezone.localdate(now, ZoneInfo(site.timezone))
    on = read_day(request.GET.get("on", ""), today)
    may_book = policy.allow(request.user, BOOK, site)
    if patient is None and may_book and request.GET.get("patient"):
        patient = _find_patient(request, site, request.GET["patient"])
        plan = patient.plans.filter(state="signed").first()
        count = plan.induction_sessions if plan is not None else None
        form = SeriesForm(initial={"starts_on": today.isoformat(), "count": count or 6, "at": "09:00"})
    context = {
        "runs": build_runs(site, on, limit=None, weeks=WEEKS),
        "on": on,
        "current": "series",
        "may_book": may_book,
        "form": form,
        "patient": patient,
        **_search(request, site, may_book and patient is None),
    }
    is_bad = form is not None and bool(form.errors)
    return render(request, "web/schedule/series.html", context, status=STATUS_UNUSABLE if is_bad else 200)


@staff_page(READ)
def show_waiting(request: HttpRequest) -> HttpResponse:
    """Return the waiting list, or put somebody on it or take somebody off."""
    site, now = find_site(request), timezone.now()
    if request.method != "POST":
        return _show_waiting(request, site, now, None)
    policy.require(request.user, BOOK, site)
    if request.POST.get("act") == "find":
        return _show_waiting(request, site, now, None)
    if request.POST.get("act") == "withdraw":
        rows = WaitingEntry.objects.select_related("patient")
        entry = find_or_404(request, rows, BOOK, pk=clean_key(request.POST.get("entry", "")))
        end_waiting(entry=entry, by=request.user, now=now)
        messages.success(request, _("Off the list."))
        return redirect("web:schedule-waiting")
    patient = _find_patient(request, site, request.POST.get("patient", ""))
    form = WaitForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        plan = patient.plans.filter(state="signed").first() if given["kind"] == "dosing" else None
        wishes = {"part": given["part"], "note": given["note"]}
        row = store(
            form, add_waiting, site=site, patient=patient, kind=given["kind"], plan=plan, urgency=given["urgency"],
            wanted_from=given["wanted_from"], wanted_until=given["wanted_until"], preferences=wishes,
            by=request.user, now=now,
        )  # fmt: skip
        if row:
            messages.success(request, _("On the waiting list."))
            return redirect("web:schedule-waiting")
    return _show_waiting(request, site, now, form, patient)


def _show_waiting(
    request: HttpRequest, site: Any, now: datetime, form: WaitForm | None, patient: Any = None
) -> HttpResponse:
    may_book = policy.allow(request.user, BOOK, site)
    if patient is None and may_book and request.GET.get("patient"):
        patient = _find_patient(request, site, request.GET["patient"])
        form = WaitForm(initial={"kind": "dosing"})
    zone = ZoneInfo(site.timezone)
    entries = list_waiting(site)
    initials = list_initials([entry.patient for entry in entries])
    rows = []
    for entry in entries:
        days = (now.astimezone(zone).date() - entry.created_at.astimezone(zone).date()).days
        words, is_soon = describe_waiting(entry, days)
        what = ", ".join(part for part in (describe_way(entry.protocol), describe_kind(entry.kind).lower()) if part)
        rows.append(
            {"entry": entry, "initials": initials[entry.patient_id], "words": what, "note": words}
            | {"is_soon": is_soon}
        )
    context = {
        "rows": rows,
        "current": "waiting",
        "may_book": may_book,
        "form": form,
        "patient": patient,
        **_search(request, site, may_book and patient is None),
    }
    is_bad = form is not None and bool(form.errors)
    return render(request, "web/schedule/waiting.html", context, status=STATUS_UNUSABLE if is_bad else 200)


@staff_page(READ)
def show_feed_page(request: HttpRequest) -> HttpResponse:
    """Return the page of one's own calendar feed; the address is shown once, right after it was made."""
    now = timezone.now()
    feed = FeedToken.objects.filter(user=str(request.user.pk), revoked_at__isnull=True).first()
    token = ""
    if request.method == "POST":
        if request.POST.get("act") == "create":
            feed, token = feeds.create_feed(user=request.user, by=request.user, now=now)
        elif feed is None or request.POST.get("act") != "revoke":
            raise Http404
        else:
            feeds.revoke_feed(feed=feed, by=request.user, now=now)
            messages.success(request, _("The address no longer works."))
            return redirect("web:schedule-feed")
    response = render(request, "web/schedule/feed.html", {"feed": feed, "token": token, "current": "feed"})
    if token:
        response["Cache-Control"] = "no-store"
    return response


def _find_patient(request: HttpRequest, site: Any, key: str) -> Any:
    rows = Patient.objects.select_related("site").filter(site=site)
    patient = find_or_404(request, rows, "patient.find", pk=clean_key(key))
    record_read(by=request.user, what="booking", subject=patient, now=timezone.now(), patient=patient)
    return patient


def _search(request: HttpRequest, site: Any, is_shown: bool) -> dict[str, Any]:
    query, found = search_people(request, site) if is_shown else ("", [])
    return {"query": query, "found": found}
