"""The queue of referrals and one referral beside it; what is searched for is posted, never in an address."""

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic import policy
from afterglow.clinic.audit.reads import record_read
from afterglow.clinic.referrals.models import LIVE_STATES, Referral
from afterglow.clinic.sites.models import Site
from afterglow.clinic.tasks.actions import find_on_call
from afterglow.web.access import STATUS_UNUSABLE, find_or_404, staff_page
from afterglow.web.context import describe_role
from afterglow.web.referrals.acts import carry_out, get_permission
from afterglow.web.referrals.crisis import build_strips
from afterglow.web.referrals.forms import AskFirstForm, DeclineForm, NoteForm, PauseForm, UrgencyForm
from afterglow.web.referrals.panel import build_panel
from afterglow.web.referrals.queue import (
    PAGE_SIZE,
    TABS,
    Sites,
    build_rows,
    count_standing,
    count_tabs,
    describe_times,
    list_referrals,
)
from afterglow.web.referrals.tiles import build_tiles, find_first_free
from afterglow.web.referrals.words import STATES, say
from afterglow.web.sites import get_site

READ = "referral.read"
LONGEST_QUERY = 80
NUMBERS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


@staff_page(READ)
def show_queue(request: HttpRequest) -> HttpResponse:
    """Return the queue under one tab, or what a search finds, with the first referral opened beside it."""
    query = request.POST.get("q", "").replace("\x00", "")[:LONGEST_QUERY].strip()
    tab = request.POST.get("tab") or request.GET.get("tab", "open")
    if tab not in dict(TABS):
        raise Http404
    return _render(request, timezone.now(), tab=tab, query=query)


@staff_page(READ)
def show_referral(request: HttpRequest, referral_id: str) -> HttpResponse:
    """Return the queue with one referral opened, or carry out one of its acts."""
    rows = Referral.objects.select_related("site", "taken_by", "patient", "joined_to", "decline_asked_by", "decided_by")
    permission = get_permission(request.POST.get("act", "")) if request.method == "POST" else READ
    policy.require(request.user, permission)
    referral, now = find_or_404(request, rows, permission, pk=referral_id), timezone.now()
    bound: dict[str, Any] = {}
    if request.method == "POST":
        answer = carry_out(request, referral, now)
        if isinstance(answer, HttpResponse):
            return answer
        bound = answer
    tab = next((name for name, states in TABS if referral.state in states), "open")
    status = STATUS_UNUSABLE if bound else 200
    return _render(request, now, tab=tab, query="", referral=referral, bound=bound, status=status)


@staff_page(READ, methods=("GET", "HEAD"))
def show_first_free(request: HttpRequest) -> HttpResponse:
    """Return the tile of the first free times, which the queue asks for after it is there."""
    tile = find_first_free(_find_site(request), timezone.now())
    return render(request, "web/referrals/tile.html", {"tile": tile, "is_wide": True})


def _find_site(request: HttpRequest) -> Any:
    """Return the user's site, or the first one where they may see referrals."""
    site = get_site(request)
    if policy.allow(request.user, READ, site):
        return site
    return Site.objects.filter(pk__in=policy.find_sites(request.user, READ)).order_by("name").first()


def _render(
    request: HttpRequest,
    now: datetime,
    *,
    tab: str,
    query: str,
    referral: Referral | None = None,
    bound: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    sites, user = Sites(now), request.user
    paging = Paginator(list_referrals(user, tab, query), PAGE_SIZE).get_page(request.POST.get("page"))
    listed = list(paging.object_list)
    crises = [] if query else [row for row in listed if row.is_crisis and row.state in LIVE_STATES]
    others = [row for row in listed if row not in crises]
    chosen = referral or next(iter(others or crises), None)
    begin = paging.start_index() + len(crises) if listed else 1
    rows = build_rows(others, sites, chosen=chosen.pk if chosen else "", begin=begin)
    site = _find_site(request)
    context = {
        "tabs": _list_tabs(user, tab, query),
        "tab": tab,
        "query": query,
        "paging": paging,
        "strips": build_strips(crises, user=user, now=now),
        "rows": rows,
        "heading": _describe_heading(len(others), has_crisis=bool(crises), query=query),
        "standing": count_standing(rows) if tab == "open" and not query else "",
        "times": describe_times(),
        "tiles": build_tiles(user, site, sites) if site is not None else [],
        "on_call": _list_on_call(site, sites),
        "may_edit": policy.allow(user, "referral.edit"),
        **_open(request, chosen, sites, bound or {}),
    }
    return render(request, "web/referrals/list.html", context, status=status)


def _open(request: HttpRequest, chosen: Referral | None, sites: Sites, bound: dict[str, Any]) -> dict[str, Any]:
    """Return what the panel beside the queue shows of one referral; opening it is a reading that is kept."""
    if chosen is None:
        return {"panel": None}
    user, today = request.user, sites.get_today(chosen.site)
    record_read(by=user, what="referral", subject=chosen, now=sites.now, patient=chosen.patient_id)
    reasons = {"reason": chosen.decline_reason, "other_help": chosen.decline_help}
    return {
        "panel": build_panel(chosen, sites, user=user),
        "chosen": chosen,
        "may_edit_this": policy.allow(user, "referral.edit", chosen),
        "may_accept": policy.allow(user, "referral.accept", chosen),
        "may_decline": policy.allow(user, "referral.decline", chosen),
        "may_read_chart": chosen.patient_id is not None and policy.allow(user, "patient.read", chosen.patient),
        "decline_form": bound.get("decline") or DeclineForm(initial=reasons, prefix="decline"),
        "ask_form": bound.get("ask-first") or AskFirstForm(prefix="ask"),
        "urgency_form": bound.get("urgency") or UrgencyForm(prefix="urgency", initial={"urgency": chosen.urgency}),
        "pause_form": bound.get("pause") or PauseForm(prefix="pause", today=today),
        "note_form": bound.get("note") or NoteForm(prefix="note"),
        "decision": _find_decision(chosen, bound),
        "refused": bound.get("refused", ""),
        "is_more_open": bool({"urgency", "pause", "note"} & set(bound)),
    }


def _find_decision(chosen: Referral, bound: dict[str, Any]) -> str:
    """Return which decision stands chosen: the one tried just now, else what was proposed, else none."""
    tried = next((name for name in ("decline", "ask-first") if name in bound), "accept" if "refused" in bound else "")
    return tried or ("decline" if chosen.decline_asked_by_id else "")


def _list_tabs(user: Any, tab: str, query: str) -> list[dict[str, Any]]:
    counts = count_tabs(user)
    return [
        {"key": name, "words": say(STATES, name), "count": counts[name], "is_current": name == tab and not query}
        for name, _states in TABS
    ]


def _describe_heading(count: int, *, has_crisis: bool, query: str) -> str:
    if query:
        return ngettext("%(n)d found", "%(n)d found", count) % {"n": count}
    if not has_crisis:
        return ngettext("%(n)d referral", "%(n)d referrals", count) % {"n": count}
    number = _(NUMBERS[count]) if count < len(NUMBERS) else str(count)
    return _("%(number)s more") % {"number": number}


def _list_on_call(site: Any, sites: Sites) -> list[str]:
    """Return who is on call while the clinic is closed."""
    if site is None or sites.is_open(site):
        return []
    people = [(role, find_on_call(site=site, role=role, at=sites.now)) for role in ("prescriber", "nurse")]
    nobody = _("nobody is entered")
    return [f"{describe_role(role)}: {user.display_name if user else nobody}" for role, user in people]
