"""What a manager keeps: staff hours and qualifications, blocked time."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic.scheduling import rosters
from afterglow.clinic.scheduling.days import Span, load_span
from afterglow.clinic.scheduling.models import HOLDING, Appointment, Block, StaffHours
from afterglow.web.access import STATUS_UNUSABLE, find_or_404, staff_page
from afterglow.web.carrying import store
from afterglow.web.schedule.forms import BlockForm, HoursForm, QualificationForm, read_day
from afterglow.web.schedule.panel import clean_key
from afterglow.web.schedule.views import find_site

MANAGE = "schedule.manage"
SHOWN_BACK = timedelta(days=1)


@staff_page(MANAGE)
def show_staff(request: HttpRequest) -> HttpResponse:
    """Return staff hours and qualifications, or change them."""
    site, now = find_site(request, MANAGE), timezone.now()
    span = load_span(site, timezone.localdate(now, ZoneInfo(site.timezone)))
    if request.method != "POST":
        return _show_staff(request, span, now, HoursForm(span=span), QualificationForm(span=span))
    act = request.POST.get("act", "")
    if act == "remove":
        hours = find_or_404(request, StaffHours.objects.all(), MANAGE, pk=clean_key(request.POST.get("hours", "")))
        rosters.remove_hours(hours=hours, by=request.user, now=now)
        messages.success(request, _("Removed."))
        return redirect("web:schedule-staff")
    if act not in ("hours", "qualification"):
        raise Http404
    hours_form = HoursForm(request.POST if act == "hours" else None, span=span)
    qualification_form = QualificationForm(request.POST if act == "qualification" else None, span=span)
    form = hours_form if act == "hours" else qualification_form
    if form.is_valid() and _store_staff(form, act, span, request.user, now):
        messages.success(request, _("Stored."))
        return redirect("web:schedule-staff")
    return _show_staff(request, span, now, hours_form, qualification_form, status=STATUS_UNUSABLE)


def _store_staff(form: forms.Form, act: str, span: Span, by: Any, now: datetime) -> Any:
    given = dict(form.cleaned_data)
    user = span.users.get(given.pop("who"))
    shared = {"site": span.site, "user": user, "by": by, "now": now}
    if act == "qualification":
        kind = given["qualification"]
        return store(form, rosters.set_qualification, kind=kind, valid_until=given["valid_until"], **shared)
    weekday = given.pop("weekday")
    return store(form, rosters.set_hours, weekday=int(weekday) if weekday else None, **given, **shared)


def _show_staff(
    request: HttpRequest, span: Span, now: datetime, hours_form: Any, qualification_form: Any, *, status: int = 200
) -> HttpResponse:
    today = span.first
    rows = StaffHours.objects.filter(site=span.site).exclude(on__lt=today - SHOWN_BACK).select_related("user")
    groups: dict[str, list[Any]] = {}
    for row in rows.order_by("role", "user__display_name", "weekday", "on", "begins"):
        name = row.user.display_name if row.user is not None else _("The clinic is open")
        groups.setdefault(name, []).append(row)
    held = span.site.qualifications.select_related("user").order_by("user__display_name", "kind")
    context = {
        "groups": [{"name": name, "rows": each} for name, each in groups.items()],
        "weekdays": HoursForm.WEEKDAYS,
        "qualifications": [{"row": row, "is_over": row.valid_until < today} for row in held],
        "hours_form": hours_form,
        "qualification_form": qualification_form,
        "current": "staff",
        "may_manage": True,
    }
    return render(request, "web/schedule/staff.html", context, status=status)


@staff_page(MANAGE)
def show_blocks(request: HttpRequest) -> HttpResponse:
    """Return blocked time, or block or lift some."""
    site, now = find_site(request, MANAGE), timezone.now()
    zone = ZoneInfo(site.timezone)
    span = load_span(site, timezone.localdate(now, zone))
    if request.method != "POST":
        on = read_day(request.GET.get("on", ""), span.first)
        initial = {"begins": f"{on:%Y-%m-%d}T12:00", "ends": f"{on:%Y-%m-%d}T13:00"}
        return _show_blocks(request, span, now, BlockForm(initial=initial, span=span))
    if request.POST.get("act") == "lift":
        block = find_or_404(request, Block.objects.all(), MANAGE, pk=clean_key(request.POST.get("block", "")))
        rosters.lift_block(block=block, by=request.user, now=now)
        messages.success(request, _("The time is free again."))
        return redirect("web:schedule-blocks")
    form = BlockForm(request.POST, span=span)
    if form.is_valid():
        block = _store_block(form, span, request.user, now)
        if block:
            _tell_of_visits(request, block)
            return redirect("web:schedule-blocks")
    return _show_blocks(request, span, now, form, status=STATUS_UNUSABLE)


def _store_block(form: BlockForm, span: Span, by: Any, now: datetime) -> Any:
    kind, _dash, key = form.cleaned_data["what"].partition("-")
    place = next((row for row in span.places if kind == "place" and row.pk == key), None)
    user = span.users.get(key) if kind == "user" else None
    given = form.cleaned_data
    return store(
        form, rosters.block_time, site=span.site, place=place, user=user, begins_at=given["begins"],
        ends_at=given["ends"], reason=given["reason"], by=by, now=now,
    )  # fmt: skip


def _tell_of_visits(request: HttpRequest, block: Block) -> None:
    """Say how many visits stand in the time that was just blocked; they keep standing until somebody moves them."""
    rows = Appointment.objects.filter(
        site=block.site, state__in=HOLDING, starts_at__lt=block.ends_at, ends_at__gt=block.begins_at
    )
    if block.place_id:
        rows = rows.filter(place=block.place_id)
    if block.user_id:
        rows = rows.filter(nurse=block.user_id) | rows.filter(clinician=block.user_id)
    count = rows.count()
    if count:
        messages.warning(request, _("Blocked. %(n)d visits stand in this time; move them.") % {"n": count})
    else:
        messages.success(request, _("Blocked."))


def _show_blocks(
    request: HttpRequest, span: Span, now: datetime, form: BlockForm, *, status: int = 200
) -> HttpResponse:
    rows = Block.objects.filter(site=span.site, ended_at__isnull=True, ends_at__gte=now - SHOWN_BACK)
    context = {
        "rows": list(rows.select_related("place", "user", "created_by")),
        "form": form,
        "current": "blocks",
        "may_manage": True,
    }
    return render(request, "web/schedule/blocks.html", context, status=status)
