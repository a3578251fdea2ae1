"""What every staff page carries: open calls for help, the top alarm of one's other chairs, an unmade choice."""

import time
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.accounts.idle import is_locked
from afterglow.clinic.floor.board import describe_call
from afterglow.clinic.floor.calls import list_open_calls
from afterglow.clinic.floor.cards import list_alarms_of
from afterglow.clinic.floor.opening import find_choice_finding
from afterglow.web.floor.crises import present_crises
from afterglow.web.floor.shortening import describe_row, shorten
from afterglow.web.sessions.present.words import mend_words
from afterglow.web.sites import get_site

HELP = "floor.help"
SESSION = "session"
_ORDER = ("high", "medium", "low")


def may_call(request: HttpRequest | None) -> bool:
    """Return whether the person on this page may call for help at the site they work at."""
    user = getattr(request, "user", None)
    if request is None or user is None or not user.is_authenticated:
        return False
    site = get_site(request)
    return site is not None and policy.allow(user, HELP, site)


def build_strip(request: HttpRequest | None) -> dict[str, Any]:
    """Return what the strip shows to the person on this page; nothing where they may see nothing of it."""
    user = getattr(request, "user", None)
    empty: dict[str, Any] = {"may_see": False, "short": None, "now": timezone.now()}
    if request is None or user is None or not user.is_authenticated:
        return empty
    site = get_site(request)
    if site is None:
        return empty
    calls, crises, alarms = [], [], []
    is_floor = _find_page(request) == "home"
    if policy.allow(user, HELP, site):
        calls = [
            {
                **describe_call(call),
                "url": reverse("web:floor-call", args=[call.pk]),
                "is_mine": call.is_by(user),
            }
            for call in list_open_calls(site.pk)
        ]
        crises = present_crises(site, user, timezone.now(), is_locked=is_locked(request, time.time()))
    if policy.allow(user, "floor.read", site) and not is_floor:
        alarms = list_alarms_elsewhere(site, user, find_shown(request))
    choice = find_choice_finding(site) if policy.allow(user, "site.manage", site) else None
    is_short = _find_page(request) == SESSION or bool(request.GET.get("short"))
    urgent = [*(describe_row("call", each) for each in calls), *(describe_row("crisis", each) for each in crises)]
    others = [describe_row("alarm", {**alarms[0], "more": len(alarms) - 1})] if alarms else []
    others += [describe_row("choice", choice)] if choice is not None else []
    return {
        "urgent": urgent,
        "others": others,
        "may_see": policy.allow(user, HELP, site) or choice is not None,
        "now": timezone.now(),
        "shown": find_shown(request),
        "is_floor": is_floor,
        "short": shorten(calls, crises, alarms, choice) if is_short else None,
    }


def _find_page(request: HttpRequest) -> str:
    return str(getattr(getattr(request, "resolver_match", None), "url_name", "") or "")


def find_shown(request: HttpRequest) -> str:
    """Return the session that the page shows, whose own alarms stand on it already."""
    match = getattr(request, "resolver_match", None)
    return str((match.kwargs if match else {}).get("session_id") or request.GET.get("shown") or "")


def list_alarms_elsewhere(site: Any, user: Any, shown: str) -> list[dict[str, Any]]:
    """Return the highest alarm of each chair of a nurse that is not on the page, unanswered and highest first."""
    listed = list_alarms_of(str(user.pk), site, timezone.now(), without=shown)
    found = [
        (bool(alarm["answered_at"]), _ORDER.index(alarm["priority"]), alarm["raised_at"], session, alarm)
        for session, alarm in listed
    ]
    return [
        {
            "place": session.place,
            "priority": alarm["priority"],
            "title": _write_title(alarm),
            "since": raised_at,
            "is_seen": is_seen,
            "url": reverse("web:session", args=[session.pk]),
        }
        for is_seen, _rank, raised_at, session, alarm in sorted(found, key=lambda row: row[:3])
    ]


def _write_title(alarm: dict[str, Any]) -> str:
    """Return an alarm's title; of one whose condition has ended it says so, as the session does."""
    title = mend_words(alarm["title"])
    return _("%(title)s, over now") % {"title": title} if alarm["is_over"] else title
