"""The on-call roster: a week as a grid of roles and days, its gaps named, and where people are reached."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from afterglow.clinic import policy
from afterglow.clinic.notices.actions import mask_address, set_staff_contact
from afterglow.clinic.notices.models import StaffContact
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.models import User
from afterglow.clinic.tasks import actions
from afterglow.clinic.tasks.lists import describe_role
from afterglow.clinic.tasks.models import OnCallShift
from afterglow.clinic.tasks.roster import AHEAD, can_stand_for, list_gaps, list_shifts
from afterglow.clinicday.dues import load_cover
from afterglow.web.access import STATUS_UNUSABLE, find_or_404, staff_page
from afterglow.web.carrying import store
from afterglow.web.forms.fields import set_choices
from afterglow.web.sites import get_site
from afterglow.web.tasks.forms import ShiftForm, StaffContactForm

WEEK = timedelta(days=7)


@staff_page("task.read")
def show_roster(request: HttpRequest) -> HttpResponse:
    """Return a week of the roster, or carry out one act on it."""
    now = timezone.now()
    if request.method == "POST":
        act = request.POST.get("act", "")
        if act not in ACTS:
            raise Http404
        return ACTS[act](request, now)
    return _show(request, now, {})


def _add(request: HttpRequest, now: datetime) -> HttpResponse:
    site = get_site(request)
    policy.require(request.user, "oncall.manage", site)
    form = _build_shift(site, request.POST)
    if form.is_valid():
        fields = {**form.cleaned_data, "user": User.objects.get(pk=form.cleaned_data["user"])}
        if store(form, actions.add_shift, site=site, by=request.user, now=now, **fields):
            messages.success(request, _("Stored: on call."))
            return redirect(_address(get_local_date(site, fields["begins_at"])))
    return _show(request, now, {"shift": form})


def _remove(request: HttpRequest, now: datetime) -> HttpResponse:
    shift = find_or_404(
        request,
        OnCallShift.objects.select_related("site"),
        "oncall.manage",
        pk=request.POST.get("shift", ""),
        removed_at__isnull=True,
    )
    actions.remove_shift(shift=shift, by=request.user, now=now)
    messages.success(request, _("Taken off the roster."))
    return redirect(_address(get_local_date(shift.site, shift.begins_at)))


def _set_contact(request: HttpRequest, now: datetime) -> HttpResponse:
    site = get_site(request)
    form = _build_contact(site, request.user, request.POST)
    if form.is_valid():
        fields = {**form.cleaned_data, "user": User.objects.get(pk=form.cleaned_data["user"])}
        if store(form, set_staff_contact, site=site, by=request.user, now=now, **fields):
            messages.success(request, _("Stored: the address."))
            return redirect("web:on-call")
    return _show(request, now, {"contact": form})


ACTS: dict[str, Callable[[HttpRequest, datetime], HttpResponse]] = {
    "add": _add,
    "remove": _remove,
    "contact": _set_contact,
}


def _show(request: HttpRequest, now: datetime, bound: dict[str, Any]) -> HttpResponse:
    site, user = get_site(request), request.user
    monday = _read_week(request.GET.get("week", ""), get_local_date(site, now))
    begin, end = _place(site, monday), _place(site, monday + WEEK)
    seen_until = max(end, now + AHEAD) if begin <= now else end
    may_manage = policy.allow(user, "oncall.manage", site)
    context = {
        "monday": monday,
        "sunday": monday + WEEK - timedelta(days=1),
        "days": [monday + timedelta(days=offset) for offset in range(7)],
        "rows": _build_grid(site, monday, begin, end),
        "gaps": [_describe_gap(gap) for gap in list_gaps(site, max(begin, now), seen_until)] if end > now else [],
        "now_on_call": [
            {"role": describe_role(role), "name": actions.find_on_call(site=site, role=role, at=now)}
            for role in load_cover()
        ],
        "before": (monday - WEEK).isoformat(),
        "after": (monday + WEEK).isoformat(),
        "may_manage": may_manage,
        "shift_form": bound.get("shift") or (_build_shift(site) if may_manage else None),
        "contact_form": bound.get("contact") or _build_contact(site, user),
        "contacts": _list_contacts(site) if may_manage else [],
    }
    is_bad = any(form.errors for form in bound.values())
    return render(request, "web/tasks/roster.html", context, status=STATUS_UNUSABLE if is_bad else 200)


def _build_grid(site: Any, monday: date, begin: datetime, end: datetime) -> list[dict[str, Any]]:
    """Return for each role the shifts of each day; one over midnight stands on both."""
    shifts = list_shifts(site, begin, end)
    grid = []
    for role, cover in load_cover().items():
        cells = []
        for offset in range(7):
            first, last = (_place(site, monday + timedelta(days=offset + step)) for step in (0, 1))
            listed = [
                shift for shift in shifts if shift.role == role and shift.begins_at < last and shift.ends_at > first
            ]
            cells.append([_describe_shift(shift, first, last) for shift in listed])
        words = _COVER[cover]
        grid.append({"role": describe_role(role), "cover": _(words), "cells": cells})
    return grid


# gettext_noop: the words are said where the grid is built
_COVER = {
    "always": gettext_noop("always"),
    "closed": gettext_noop("while the clinic is closed"),
    "chosen": gettext_noop("as the clinic chooses"),
}


def _describe_shift(shift: OnCallShift, first: datetime, last: datetime) -> dict[str, Any]:
    return {
        "id": shift.pk,
        "name": str(shift.user),
        "from": None if shift.begins_at < first else shift.begins_at,
        "until": None if shift.ends_at > last else shift.ends_at,
        "is_start": shift.begins_at >= first,
    }


def _describe_gap(gap: Any) -> dict[str, Any]:
    return {"role": describe_role(gap.role), "begins_at": gap.begins_at, "ends_at": gap.ends_at}


def _list_contacts(site: Any) -> list[dict[str, str]]:
    """Return who can be reached where, the addresses masked."""
    rows = StaffContact.objects.filter(user__practitioner_roles__site=site, user__is_active=True).distinct()
    channels = {"sms": _("Text message"), "mail": _("Mail")}
    return [
        {"name": str(row.user), "channel": channels.get(row.channel, row.channel), "address": mask_address(row.address)}
        for row in rows.select_related("user").order_by("user__display_name", "channel")
    ]


def _build_shift(site: Any, data: Any = None) -> ShiftForm:
    form = ShiftForm(data, prefix="shift")
    users = User.objects.filter(is_active=True, practitioner_roles__site=site).distinct().order_by("display_name")
    able = [user for user in users if any(can_stand_for(user, role, site) for role in load_cover())]
    set_choices(form, "user", [(user.pk, str(user)) for user in able])
    return form


def _build_contact(site: Any, user: Any, data: Any = None) -> StaffContactForm:
    """Return the form of addresses: one's own, or anybody's for who keeps the roster."""
    form = StaffContactForm(data, prefix="contact")
    users = User.objects.filter(is_active=True, practitioner_roles__site=site).distinct().order_by("display_name")
    if not policy.allow(user, "oncall.manage", site):
        users = users.filter(pk=user.pk)
    set_choices(form, "user", [(each.pk, str(each)) for each in users])
    return form


def _read_week(text: str, today: date) -> date:
    """Return the Monday of the week asked for; this week where nothing that can be read was asked."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = today
    if not 2000 <= day.year <= 2100:
        day = today
    return day - timedelta(days=day.weekday())


def _place(site: Any, day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), ZoneInfo(site.timezone))


def _address(day: date) -> str:
    return f"{reverse('web:on-call')}?week={day.isoformat()}"
