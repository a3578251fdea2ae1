"""Pages of a call for help: raising it by one tap, where, answering, the log of an emergency, the strip."""

import time
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from afterglow.clinic import policy
from afterglow.clinic.accounts.idle import find_way_back, is_locked
from afterglow.clinic.accounts.sign_ins import KEPT_AS
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.errors import Refused
from afterglow.clinic.floor import actions
from afterglow.clinic.floor.calls import list_own_calls, list_steps, name_where
from afterglow.clinic.floor.models import CodeLog, HelpCall
from afterglow.clinicday.floor import load_code_steps
from afterglow.web.access import STATUS_UNUSABLE, find_or_404, staff_page
from afterglow.web.floor.lookup import find_site
from afterglow.web.floor.strip import build_strip
from afterglow.web.way_back import read_target

HELP = "floor.help"
GROUPS = ("times", "drugs", "arrival")
RELATED = ("place", "session", "raised_by", "answered_by", "closed_by", "site")


@staff_page(HELP, methods=("POST",))
def call_help(request: HttpRequest) -> HttpResponse:
    """Raise a call from the room of the page, or from no room yet; its own page asks where.

    From a locked screen too: the lock's page then says that help was called and asks where, and shows nothing else.
    """
    site = find_site(request, HELP)
    session = None
    if session_id := request.POST.get("session", ""):
        session = policy.scope(request.user, Session.objects.all(), HELP).filter(pk=session_id, site=site).first()
    if is_locked(request, time.time()):
        _call_locked(request, site, session)
        target = read_target(request) if "next" in request.POST else find_way_back(request)
        return redirect(f"{reverse('web:locked')}?{urlencode({'next': target})}")
    call = actions.raise_help(site=site, session=session, by=request.user, now=timezone.now())
    return redirect("web:floor-call", call.pk)


def _call_locked(request: HttpRequest, site: Any, session: Session | None) -> None:
    """Call from a locked screen, or say where the call comes from that this sign-in's screen has made."""
    given: dict[str, Any] = {"by": request.user, "now": timezone.now(), "locked": str(request.session.get(KEPT_AS, ""))}
    chosen = request.POST.get("place", "").replace("\x00", "")
    place = site.places.filter(pk=chosen, is_active=True).first() if chosen else None
    unplaced = [call for call in list_own_calls(site, request.user) if not name_where(call)]
    if place is not None and unplaced:
        actions.name_place(call=unplaced[-1], place=place, **given)
    else:
        actions.raise_help(site=site, session=session, place=place, **given)


@staff_page(methods=("GET", "HEAD"))
def show_strip(request: HttpRequest) -> HttpResponse:
    """Return the strip for a page that asks again by itself."""
    context = {**build_strip(request), "request": request, "is_part": True}
    if request.GET.get("board"):
        context |= {"others": [each for each in context.get("others", ()) if each["kind"] != "alarm"], "is_floor": True}
    return render(request, "web/floor/strip.html", context)


@staff_page(HELP)
def show_call(request: HttpRequest, call_id: str) -> HttpResponse:
    """Show a call: where, who answered, and the log of an emergency with a button for each step."""
    call = find_or_404(request, HelpCall.objects.select_related(*RELATED), HELP, pk=call_id)
    refused: Refused | None = None
    if request.method == "POST":
        try:
            _act(request, call)
        except Refused as error:
            if not error.findings:
                raise
            refused = error
        else:
            return redirect("web:home" if request.POST.get("act") == "close" else request.path)
    known = load_code_steps()
    rows = CodeLog.objects.filter(call=call).select_related("by")
    standing = {row.pk for row in list_steps(call)}
    context = {
        "call": call,
        "where": name_where(call),
        "places": call.site.places.filter(is_active=True) if call.place is None else (),
        "groups": [(name, [step for step in known.values() if step.group == name]) for name in GROUPS],
        "rows": [
            {"row": row, "title": known[row.step].title, "stands": row.pk in standing}
            for row in rows
            if row.takes_back_id is None
        ],
        "refused": refused,
        "is_mine": call.is_by(request.user),
        "may_record": call.session is None or policy.allow(request.user, "session.record", call.session),
    }
    return render(request, "web/floor/call.html", context, status=STATUS_UNUSABLE if refused else 200)


def _act(request: HttpRequest, call: HelpCall) -> None:
    """Carry out one act of the page; an act that the page does not have is nothing that exists."""
    act, by, now = request.POST.get("act", ""), request.user, timezone.now()
    if act == "place":
        place = call.site.places.filter(pk=request.POST.get("place", "")).first()
        if place is None:
            raise Http404
        actions.name_place(call=call, place=place, by=by, now=now)
    elif act == "answer":
        actions.answer_help(call=call, by=by, now=now)
    elif act == "code":
        actions.start_code(call=call, by=by, now=now)
    elif act == "step":
        actions.record_code_step(call=call, step=request.POST.get("step", ""), by=by, now=now)
    elif act == "back":
        actions.take_back_code_step(logged=_find_logged(request, call), by=by, now=now)
    elif act == "close":
        actions.close_call(call=call, by=by, now=now)
    else:
        raise Http404


def _find_logged(request: HttpRequest, call: HelpCall) -> Any:
    logged = CodeLog.objects.filter(call=call, pk=request.POST.get("logged", "")).first()
    if logged is None:
        raise Http404
    return logged
