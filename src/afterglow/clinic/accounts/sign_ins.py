"""Sign-ins as a list: where one is signed in, since when; ending one, the others, or all of a person's."""

import ipaddress
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from afterglow.clinic import policy
from afterglow.clinic.accounts.models import SignIn
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Denied, Refused
from afterglow.clinic.live.publish import end_streams_of

MANAGE = "user.manage"
KEPT_AS = "sign_in"
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("iPad", "iPad"),
    ("iPhone", "iPhone"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def begin_sign_in(request: HttpRequest, user: Any, *, now: datetime) -> SignIn:
    """Keep a new sign-in and name it in the browser's session."""
    if not request.session.session_key:
        request.session.create()
    row = SignIn.objects.create(
        user=user,
        session_key=request.session.session_key or "",
        device=describe_device(request.META.get("HTTP_USER_AGENT", "")),
        address=shorten_address(request.META.get("REMOTE_ADDR", "")),
        began_at=now,
        seen_at=now,
    )
    request.session[KEPT_AS] = row.pk
    return row


def see_sign_in(request: HttpRequest, *, now: datetime) -> None:
    """Note that somebody is at this browser; a sign-in from before the list was kept joins it here."""
    key = getattr(request.session, "session_key", None)
    if not key:
        return
    known = SignIn.objects.filter(pk=request.session.get(KEPT_AS, ""), user_id=request.user.pk, ended_at=None)
    if not known.update(seen_at=now, session_key=key):
        begin_sign_in(request, request.user, now=now)


def close_sign_in(request: HttpRequest, user: Any, *, now: datetime) -> None:
    """Note that the person at this browser signed out."""
    key = request.session.get(KEPT_AS, "")
    SignIn.objects.filter(pk=key, user=user, ended_at=None).update(ended_at=now, ended_by=user, session_key="")


def list_sign_ins(user: Any, *, now: datetime) -> list[SignIn]:
    """Return the sign-ins of a person that still hold, the last seen first."""
    held = Session.objects.filter(expire_date__gt=now).values("session_key")
    return list(SignIn.objects.filter(user=user, ended_at=None, session_key__in=held))


def list_signed_out(users: Iterable[str]) -> set[str]:
    """Return who of these has signed out, or was signed out, everywhere; of who never signed in nothing is known."""
    rows = list(SignIn.objects.filter(user__in=sorted(users)).values_list("user_id", "ended_at"))
    return {user for user, _ended_at in rows} - {user for user, ended_at in rows if ended_at is None}


@action
def end_sign_in(*, sign_in: SignIn, by: Any, now: datetime) -> None:
    """End one sign-in at once, with its open streams; one's own, or of somebody whose account one manages."""
    _require(by, sign_in.user)
    locked = SignIn.objects.select_for_update().get(pk=sign_in.pk)
    if locked.ended_at is not None:
        raise Refused("sign-in-ended", "this sign-in has ended already")
    _end([locked], by, now)
    audit.record(by=by, action="sign-in.ended-remotely", subject=locked.user, now=now, detail={"sign_in": locked.pk})


@action
def end_sign_ins(*, user: Any, by: Any, now: datetime, but: str = "") -> int:
    """End every sign-in of a person, or all but one, and return how many; `by` None is the machine's own command."""
    _require(by, user)
    rows = list(SignIn.objects.select_for_update().filter(user=user, ended_at=None).exclude(pk=but or "-"))
    count = len([row for row in rows if row.session_key])
    _end(rows, by, now)
    kept = SignIn.objects.filter(pk=but).values_list("session_key", flat=True).first() if but else None
    # a session that never reached the list is found by what it holds
    for session in Session.objects.filter(expire_date__gt=timezone.now()).exclude(session_key=kept or ""):
        if str(session.get_decoded().get(SESSION_KEY, "")) == str(user.pk):
            _end_session(session.session_key)
            count += 1
    audit.record(by=by, action="sign-in.all-ended", subject=user, now=now, detail={"count": count, "kept": bool(but)})
    return count


def can_manage(by: Any, user: Any) -> bool:
    """Return whether somebody manages accounts at a site where this person has a role."""
    return bool(policy.find_sites(by, MANAGE) & {site for site, _ in policy.list_assignments(user)})


def describe_device(agent: str) -> str:
    """Return a browser's own description in a few words: `Chrome on Windows`."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return " on ".join(part for part in (browser, system) if part) or re.sub(r"[^\w./ -]", "", agent)[:40].strip()


def shorten_address(address: str) -> str:
    """Return an address without the part that names one machine; the network is enough to recognise one's own."""
    try:
        given = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if given.is_loopback:
        return str(given)
    prefix = 24 if given.version == 4 else 48
    network = ipaddress.ip_network(f"{given}/{prefix}", strict=False)
    first = str(network.network_address)
    return first.removesuffix(".0") + ".x" if given.version == 4 else first + "x"


def _require(by: Any, user: Any) -> None:
    if by is not None and by.pk != user.pk and not can_manage(by, user):
        raise Denied(MANAGE)


def _end(rows: Iterable[SignIn], by: Any, now: datetime) -> None:
    for row in rows:
        key, row.session_key, row.ended_at, row.ended_by = row.session_key, "", now, by
        row.save(update_fields=["session_key", "ended_at", "ended_by"])
        if key:
            _end_session(key)


def _end_session(key: str) -> None:
    Session.objects.filter(session_key=key).delete()
    end_streams_of(key)
