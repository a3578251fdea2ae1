"""Pages of presence and opening checks, and a site's choice whether it asks for them."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.accounts.signers import verify_second_signer
from afterglow.clinic.errors import Denied, Refused
from afterglow.clinic.floor import actions
from afterglow.clinic.floor.models import Presence
from afterglow.clinic.floor.opening import find_choice_finding, find_results, find_settings, list_differences
from afterglow.clinic.floor.presence import list_present
from afterglow.clinic.tasks.lists import list_visible, may_see_patient
from afterglow.clinicday.floor import load_opening
from afterglow.clinicday.presence import judge_opening
from afterglow.terms import InvalidInput, Problem
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.floor.lookup import find_site

ACTS = ("check", "sign-in", "sign-out")


@staff_page("floor.read")
def show_opening(request: HttpRequest) -> HttpResponse:
    """Show who is on site and today's opening checks, each with its entry."""
    site = find_site(request, "floor.read")
    if request.method == "POST":
        try:
            _act(request, site)
        except InvalidInput as error:
            return _render(request, site, error.problems, status=STATUS_UNUSABLE)
        except Refused as error:
            messages.error(request, str(error))
            return _render(request, site, error.problems, status=STATUS_UNUSABLE)
        return redirect("web:floor-opening")
    return _render(request, site)


def _render(request: HttpRequest, site: Any, problems: tuple[Problem, ...] = (), status: int = 200) -> HttpResponse:
    now = timezone.now()
    on = now.astimezone(ZoneInfo(site.timezone)).date()
    chosen, results = find_settings(site), find_results(site, on)
    is_asked = chosen is not None and chosen.asks_opening_checks
    typed = request.POST if request.method == "POST" else {}
    rows = [
        {
            "item": item,
            "result": results.get(item.id),
            "problem": next((p for p in problems if typed.get("item") == item.id), None),
            "typed": typed if typed.get("item") == item.id else {},
        }
        for item in load_opening().values()
    ]
    open_rows = list(list_present(site, now))
    last = Presence.objects.filter(site=site, until__isnull=False).order_by("-until").first()
    context = {
        "rows": rows,
        "is_asked": is_asked,
        "finding": judge_opening({item: row.result for item, row in results.items()}, is_asked=is_asked),
        "differences": _list_differences(request.user, site),
        "present": open_rows,
        "left_with": last.findings if last is not None and not open_rows else [],
        "is_present": any(row.user_id == request.user.pk for row in open_rows),
        "may_be_present": policy.allow(request.user, "floor.presence", site),
        "may_open": policy.allow(request.user, "floor.open", site),
        "until_problem": next((p for p in problems if p.path == "expected_until"), None),
    }
    return render(request, "web/floor/opening.html", context, status=status)


def _list_differences(user: Any, site: Any) -> list[dict[str, Any]]:
    """Return the controlled drugs that do not add up, for who counts them; of whom, only where they may see it."""
    tasks = list_visible(user, list_differences(site).select_related("site", "patient"))
    return [
        {
            "url": reverse("web:task", args=[task.pk]),
            "detail": task.detail if may_see_patient(user, task) else "",
            "at": task.opened_at,
        }
        for task in tasks
    ]


def _act(request: HttpRequest, site: Any) -> None:
    act, now = request.POST.get("act", ""), timezone.now()
    if act not in ACTS:
        raise Http404
    if act == "check":
        _record_check(request, site, now)
    elif act == "sign-in":
        until = _read_until(request, site, now)
        actions.sign_in_presence(site=site, by=request.user, now=now, expected_until=until)
    else:
        rows = policy.scope(request.user, Presence.objects.all(), "floor.presence")
        row = rows.filter(pk=request.POST.get("presence", "")).first()
        if row is None:
            raise Denied("floor.presence")
        left = actions.sign_out_presence(presence=row, by=request.user, now=now)
        for finding in left.findings:
            messages.warning(request, f"{finding['seen']}. {finding['asks']}")


def _record_check(request: HttpRequest, site: Any, now: datetime) -> None:
    policy.require(request.user, "floor.open", site)
    second = None
    if request.POST.get("second"):
        second = verify_second_signer(
            request.POST["second"],
            request.POST.get("secret", ""),
            first=request.user,
            site=site,
            now=now,
            address=str(request.META.get("REMOTE_ADDR") or ""),
        )
    actions.record_opening_check(
        site=site,
        item=request.POST.get("item", ""),
        result=request.POST.get("result", ""),
        by=request.user,
        second=second,
        now=now,
        detail={name: request.POST.get(name) for name in ("expires_on", "count") if request.POST.get(name)},
    )


def _read_until(request: HttpRequest, site: Any, now: datetime) -> datetime | None:
    """Return the local time of today that a prescriber stays until, or None where none was typed."""
    words = request.POST.get("expected_until", "").strip()
    if not words:
        return None
    zone = ZoneInfo(site.timezone)
    try:
        at = datetime.strptime(words, "%H:%M").time()  # noqa: DTZ007 - a local clock time; its zone is the site's
    except ValueError:
        from afterglow.terms import build_error

        message = _("enter a time such as 18:00")
        raise InvalidInput([build_error("expected_until", "time-malformed", words[:20], "18:00", message)]) from None
    return datetime.combine(now.astimezone(zone).date(), at, zone)


@staff_page("site.manage")
def show_settings(request: HttpRequest) -> HttpResponse:
    """Show whether the site asks for opening checks, and let a manager choose."""
    site = find_site(request, "site.manage")
    if request.method == "POST":
        choice = request.POST.get("asks", "")
        if choice not in ("yes", "no"):
            raise Http404
        actions.choose_settings(site=site, asks_opening_checks=choice == "yes", by=request.user, now=timezone.now())
        return redirect("web:floor-settings")
    chosen = find_settings(site)
    context = {
        "is_asked": chosen is not None and chosen.asks_opening_checks,
        "has_chosen": chosen is not None,
        "finding": find_choice_finding(site),
        "items": list(load_opening().values()),
    }
    return render(request, "web/floor/settings.html", context)
