"""The locked screen, the PIN, and the one-time set-up link."""

import re
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from afterglow.clinic.accounts import idle
from afterglow.clinic.accounts.signers import reauthenticate, set_pin
from afterglow.clinic.dosing_sessions.actions import get_view
from afterglow.clinic.errors import Refused, TryLater
from afterglow.clinic.people import accounts
from afterglow.terms import InvalidInput
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.carrying import get_address
from afterglow.web.forms.account import PinForm, SetupForm, UnlockForm
from afterglow.web.forms.fields import add_problems
from afterglow.web.sessions.lookup import load_session
from afterglow.web.views.home import find_top_alarm

SHOWN = re.compile(r"/sessions/([^/]+)/")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def show_locked(request: HttpRequest) -> HttpResponse:
    """Ask who is there before the screen shows anything more."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    target = _read_target(request)
    form = UnlockForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            idle.unlock(request, form.cleaned_data["secret"], now=timezone.now())
        except (Refused, TryLater) as error:
            form.add_error("secret", str(error)[:1].upper() + str(error)[1:])
        else:
            return redirect(target)
    status = STATUS_UNUSABLE if form.errors else 200
    context = {"form": form, "target": target, "watched": _find_watched(request, target)}
    return render(request, "web/account/locked.html", context, status=status)


@require_POST
def lock_now(request: HttpRequest) -> HttpResponse:
    """Lock this screen, as a person who leaves it asks."""
    if request.user.is_authenticated:
        idle.lock(request)
    return redirect("web:locked")


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


def _find_watched(request: HttpRequest, target: str) -> dict[str, Any] | None:
    """Return the place and the top alarm of the session that this screen showed when it locked; no name, no value more.

    The lock lets a screen go on watching the session it already shows (`idle.LOOKED_AT`), and nothing else.
    """
    found = SHOWN.match(target)
    session = load_session(request.user, found[1]) if found else None
    if session is None:
        return None
    now = timezone.now()
    at = timezone.localtime(now, ZoneInfo(session.site.timezone)).strftime("%H:%M:%S")
    return {"place": session.place, "alarm": find_top_alarm(get_view(session, now)), "at": at}


def _read_target(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next") or "/"
    is_ours = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    return target if is_ours and target.startswith("/") else "/"
