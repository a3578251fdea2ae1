"""The locked screen, the PIN, and the one-time set-up link."""

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from afterglow.clinic import policy
from afterglow.clinic.accounts import idle
from afterglow.clinic.accounts.signers import reauthenticate, set_pin
from afterglow.clinic.dosing_sessions.actions import get_nurse, get_view
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, Session
from afterglow.clinic.errors import Refused, TryLater
from afterglow.clinic.floor.calls import list_own_calls, name_where
from afterglow.clinic.people import accounts
from afterglow.terms import InvalidInput
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.carrying import get_address
from afterglow.web.floor.strip import may_call
from afterglow.web.forms.account import PinForm, SetupForm, UnlockForm
from afterglow.web.forms.fields import add_problems
from afterglow.web.sessions.lookup import load_session
from afterglow.web.sites import get_site
from afterglow.web.views.home import find_top_alarm
from afterglow.web.way_back import read_target

SHOWN = re.compile(r"/(?:sessions|floor/chairs)/([^/?]+)/")
LEVELS = ("high", "medium", "low")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def show_locked(request: HttpRequest) -> HttpResponse:
    """Ask who is there before the screen shows anything more."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    target = read_target(request)
    form = UnlockForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            idle.unlock(request, form.cleaned_data["secret"], now=timezone.now())
        except (Refused, TryLater) as error:
            form.add_error("secret", str(error)[:1].upper() + str(error)[1:])
        else:
            return redirect(target)
    status = STATUS_UNUSABLE if form.errors else 200
    shown = find_shown(request.user, target)
    context = {
        "form": form,
        "target": target,
        "watched": _list_watched(request, shown),
        "help": _describe_help(request, shown),
    }
    return render(request, "web/account/locked.html", context, status=status)


@require_POST
def lock_now(request: HttpRequest) -> HttpResponse:
    """Lock this screen, as a person who leaves it asks or a page that nobody touches; the way back is kept."""
    if request.user.is_authenticated:
        idle.lock(request)
    target = read_target(request) if "next" in request.POST else idle.find_way_back(request)
    return redirect(f"{reverse('web:locked')}?{urlencode({'next': target})}")


@never_cache
@sensitive_post_parameters()
@staff_page()
def change_pin(request: HttpRequest) -> HttpResponse:
    """Set the PIN a person signs with on a shared screen."""
    form = PinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            reauthenticate(user=request.user, secret=form.cleaned_data["secret"], now=now, address=get_address(request))
            set_pin(user=request.user, pin=form.cleaned_data["pin"], by=request.user, now=now)
        except InvalidInput as error:
            add_problems(form, error.problems)
        except (Refused, TryLater) as error:
            form.add_error("secret", str(error))
        else:
            messages.success(request, _("Stored. The PIN works from now on."))
            return redirect("web:home")
    status = STATUS_UNUSABLE if form.errors else 200
    return render(request, "web/account/pin.html", {"form": form}, status=status)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    """Let the owner of a new account set the password through the one-time link."""
    now = timezone.now()
    link = accounts.find_setup_link(token, now=now)
    if link is None:
        return render(request, "web/account/setup.html", {"form": None}, status=404)
    form = SetupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            accounts.use_setup_link(token=token, password=form.cleaned_data["password"], now=now)
        except InvalidInput as error:
            add_problems(form, error.problems)
        except Refused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Stored. Sign in with the new password."))
            return redirect("account_login")
    status = STATUS_UNUSABLE if form.errors else 200
    return render(request, "web/account/setup.html", {"form": form, "link": link}, status=status)


def find_shown(user: Any, target: str) -> Any:
    """Return the session of the page that was shown, or None."""
    found = SHOWN.match(target)
    return load_session(user, found[1]) if found else None


def _describe_help(request: HttpRequest, shown: Any) -> dict[str, Any] | None:
    """Return what the lock's page has of a call: where it would come from, and those this person made; no patient."""
    if not may_call(request):
        return None
    site = get_site(request)
    calls = list_own_calls(site, request.user)
    zone = ZoneInfo(site.timezone)
    rows = [
        {
            "where": name_where(call),
            "at": timezone.localtime(call.raised_at, zone).strftime("%H:%M:%S"),
            "answered_by": "" if call.answered_by is None else call.answered_by.display_name,
        }
        for call in calls
    ]
    is_here = shown is not None and shown.site_id == site.pk
    return {
        "session": shown.pk if is_here else "",
        "place": shown.place if is_here else "",
        "calls": rows,
        "number": site.emergency_number,
        "places": site.places.filter(is_active=True) if any(not row["where"] for row in rows) else (),
    }


def _list_watched(request: HttpRequest, shown: Any) -> list[dict[str, Any]]:
    """Return the chairs that a locked screen keeps watching: place, top alarm and since when; nobody's name, no value.

    They are the session that the screen showed and the chairs of the person signed in; who has none of these, such as
    a prescriber in the office, sees every chair of their sites that has an alarm.
    """
    now, user = timezone.now(), request.user
    live = Session.objects.filter(phase__in=LIVE_PHASES, is_closed=False).select_related("site")
    sessions = list(policy.scope(user, live).order_by("place", "pk"))
    own = [each for each in sessions if get_nurse(each) == user]
    if shown is not None and shown.pk not in {each.pk for each in own}:
        own.insert(0, shown)
    rows = [_watch(session, now) for session in own or sessions]
    rows = rows if own else [row for row in rows if row["alarm"]]
    return sorted(rows, key=lambda row: row["order"])


def _watch(session: Any, now: datetime) -> dict[str, Any]:
    alarm = find_top_alarm(get_view(session, now))
    # an alarm is told with its own time; that there is none, with the time of looking
    at = (alarm["raised_at"] or now) if alarm else now
    return {
        "place": session.place,
        "alarm": alarm,
        "order": LEVELS.index(alarm["priority"]) if alarm else len(LEVELS),
        "at": timezone.localtime(at, ZoneInfo(session.site.timezone)).strftime("%H:%M:%S"),
    }
