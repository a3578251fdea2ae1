"""The delivery log: which message went when and what became of it, without its words; and how the house speaks."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic import policy
from afterglow.clinic.notices.actions import change_settings, describe_hours
from afterglow.clinic.notices.hours import find_settings, get_hours, get_quiet
from afterglow.clinic.notices.models import STATES, Notice
from afterglow.clinic.scheduling.hours import find_opening_hours
from afterglow.clinicday.messages import get_closed_text, get_quiet_policy, load_templates
from afterglow.clinicday.quiet import DAYS
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.carrying import store
from afterglow.web.presenting import describe_citation
from afterglow.web.sites import get_site
from afterglow.web.tasks.forms import DAY_NAMES, SettingsForm, parse_hours

PAGE_SIZE = 50
TAGS = {"sent": "ok", "failed": "caution", "unsure": "amber", "waiting": "plum", "sending": "plum", "held": "low"}


@staff_page("notice.read")
def show_notices(request: HttpRequest) -> HttpResponse:
    """Return the delivery log, or change how the house speaks."""
    now = timezone.now()
    if request.method == "POST":
        if request.POST.get("act") != "settings":
            raise Http404
        return _change(request, now)
    return _show(request, now, None)


def _change(request: HttpRequest, now: datetime) -> HttpResponse:
    site = get_site(request)
    policy.require(request.user, "site.manage", site)
    form = SettingsForm(request.POST, prefix="settings")
    if form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("version", "sender_name", "quiet_from", "quiet_until")}
        texts = {language: form.cleaned_data[f"closed_text_{language}"] for language in ("en", "es")}
        hours = parse_hours(form) if find_opening_hours(site) is None else None
        fields = {**given, "hours": hours, "closed_text": texts}
        if store(form, change_settings, site=site, by=request.user, now=now, **fields):
            messages.success(request, _("Stored: how the house speaks."))
            return redirect("web:notices")
    return _show(request, now, form)


def _show(request: HttpRequest, now: datetime, bound: SettingsForm | None) -> HttpResponse:
    site, user = get_site(request), request.user
    state = request.GET.get("state", "")
    rows = policy.scope(user, Notice.objects.all()).order_by("-queued_at", "pk")
    if state in STATES:
        rows = rows.filter(state=state)
    paging = Paginator(rows.select_related("patient", "user", "instead_of"), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    may_find = policy.allow(user, "patient.find", site)
    may_manage = policy.allow(user, "site.manage", site)
    context = {
        "rows": [_describe(notice, may_find=may_find) for notice in paging.object_list],
        "paging": paging,
        "state": state,
        "states": [(word, describe_state(word)) for word in STATES],
        "hours": describe_hours(site, now),
        "has_schedule_hours": find_opening_hours(site) is not None,
        "may_keep_hours": policy.allow(user, "schedule.manage", site),
        "week": _list_week(site),
        "quiet": get_quiet(site),
        "quiet_source": describe_citation(get_quiet_policy()),
        "form": bound or (SettingsForm(prefix="settings", initial=_read_initial(site)) if may_manage else None),
    }
    return render(request, "web/tasks/notices.html", context, status=STATUS_UNUSABLE if bound else 200)


def _list_week(site: Any) -> list[tuple[str, str]]:
    """Return the weekdays with the hours that hold on them, in words."""
    week = get_hours(site).week
    return [
        (str(name), ", ".join(f"{first} {_('to')} {last}" for first, last in week.get(word, ())) or _("closed"))
        for word, name in DAY_NAMES.items()
    ]


def _describe(notice: Notice, *, may_find: bool) -> dict[str, Any]:
    if notice.patient is not None:
        whom = notice.patient.number if may_find else _("A patient")
    else:
        whom = str(notice.user)
    tried = ngettext("%(n)d attempt", "%(n)d attempts", notice.attempts) % {"n": notice.attempts}
    return {
        "queued_at": notice.queued_at,
        "title": _(load_templates()[notice.template].title) if notice.template in load_templates() else notice.template,
        "whom": whom,
        "channel": describe_channel(notice.channel),
        "to": notice.shown_to,
        "state": describe_state(notice.state),
        "tag": TAGS.get(notice.state, ""),
        "reason": describe_reason(notice.reason),
        "instead": _("in place of: %(way)s") % {"way": describe_channel(notice.instead_of.channel)}
        if notice.instead_of is not None
        else "",
        "tried": tried if notice.attempts else "",
        "at": notice.ended_at if notice.state != "waiting" else notice.send_after,
    }


def describe_channel(channel: str) -> str:
    """Return a way that messages go, in words."""
    return {"sms": _("Text message"), "mail": _("Mail")}.get(channel, "–")


def describe_state(state: str) -> str:
    """Return what became of a message, in words."""
    words = {
        "waiting": _("Waiting"),
        "sending": _("On its way"),
        "sent": _("Sent"),
        "failed": _("Not delivered"),
        "unsure": _("Not known whether it left"),
        "held": _("Not sent"),
        "expired": _("Too late to send"),
        "cancelled": _("Called back"),
    }
    return words.get(state, state)


def describe_reason(reason: str) -> str:
    """Return why, in words; a code of the other side stands as it came."""
    words = {
        "opted-out": _("the person wants none"),
        "no-address": _("no address"),
        "channel-off": _("this way is not set up"),
        "too-late": _("its time has passed"),
        "process-lost": _("the server stopped while sending"),
    }
    return words.get(reason, reason)


def _read_initial(site: Any) -> dict[str, Any]:
    """Return what stands now: the site's own values, else the proposed ones."""
    settings = find_settings(site)
    begin, end = get_quiet(site, settings)
    texts = settings.closed_text if settings else {}
    week = get_hours(site, settings).week
    return {
        "version": settings.version if settings else 0,
        "sender_name": settings.sender_name if settings else "",
        "quiet_from": begin,
        "quiet_until": end,
        **{f"closed_text_{language}": texts.get(language) or get_closed_text(language) for language in ("en", "es")},
        **{f"hours_{day}": ", ".join(f"{first}-{last}" for first, last in week.get(day, ())) for day in DAYS},
    }
