"""The three figures under the queue: how soon we answered, how often in time, and the first free times."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic import policy
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.models import Patient
from afterglow.clinic.referrals.models import Referral
from afterglow.clinic.scheduling.days import load_span
from afterglow.clinic.scheduling.waiting import list_offers, list_waiting
from afterglow.clinicday.triage import Clock, calculate_median, count_open_minutes, load_urgencies
from afterglow.terms.shares import calculate_wilson
from afterglow.web.referrals.queue import Sites
from afterglow.web.referrals.words import describe_span
from afterglow.web.schedule.words import describe_kind, describe_way
from afterglow.web.templatetags.words import day

WINDOW = timedelta(days=30)
AHEAD = timedelta(days=28)
MOST = 2000
KINDS_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure with its line."""

    figure: str
    words: str


def build_tiles(user: Any, site: Any, sites: Sites) -> list[Tile]:
    """Return how soon and how often in time the referrals of thirty days had their first reply."""
    rows = policy.scope(user, Referral.objects.filter(site=site, received_at__gte=sites.now - WINDOW))
    judged = rows.filter(Q(first_reply_at__isnull=False) | Q(reply_due_at__lt=sites.now)).exclude(urgency="crisis")
    pairs = list(judged.values_list("received_at", "first_reply_at", "reply_due_at")[:MOST])
    hours = sites.get_hours(site)
    answered = [count_open_minutes(came, reply, hours) for came, reply, _due in pairs if reply is not None]
    in_time = sum(reply is not None and reply <= due for _came, reply, due in pairs)
    return [_build_median(answered), _build_share(in_time, len(pairs))]


def find_first_free(site: Any, now: datetime) -> Tile:
    """Return the first days on which a first visit fits, and the first for each kind that somebody waits for."""
    openings = list_openings(site, now=now, limit=3)
    waited = describe_waited(site, now)
    if not openings:
        return Tile(_("No free time found"), _join(_("assessment, the next 28 days"), waited))
    days = ", ".join(day(opening.starts_at, "short") for opening in openings)
    return Tile(_("First free: %(days)s") % {"days": days}, _join(_("assessment, the next days with room"), waited))


def describe_waited(site: Any, now: datetime) -> str:
    """Return the first free day of each kind of visit that somebody waits for, or nothing where nobody does."""
    firsts: dict[tuple[str, str], Any] = {}
    for entry in list_waiting(site):
        firsts.setdefault((entry.kind, entry.protocol), entry)
    if not firsts:
        return ""
    today = get_local_date(site, now)
    span = load_span(site, today, today + AHEAD)
    parts = []
    for offer in list_offers(list(firsts.values())[:KINDS_SHOWN], span, now=now):
        entry = offer.entry
        # of doses the way is told, of other visits the kind
        what = describe_way(entry.protocol) or describe_kind(entry.kind).lower()
        when = _("none in 28 days") if offer.opening is None else day(offer.opening.starts_at, "short")
        parts.append(_("%(what)s: %(when)s") % {"what": what, "when": when})
    return _("waited for: %(list)s") % {"list": "; ".join(parts)}


def _join(*parts: str) -> str:
    return ". ".join(part for part in parts if part)


def list_openings(site: Any, *, now: datetime, limit: int, patient: Any = None) -> list[Any]:
    """Return the first times at which an assessment fits; for somebody who is no patient yet, as for a new one."""
    from afterglow.clinic.scheduling.actions import find_openings

    return find_openings(
        site=site,
        patient=patient or Patient(site=site),
        kind="assessment",
        plan=None,
        after=now,
        until=now + AHEAD,
        now=now,
        limit=limit,
    )


def _build_median(answered: list[int]) -> Tile:
    median = calculate_median(answered)
    count = ngettext(
        "median first reply, %(n)d referral in 30 days", "median first reply, %(n)d referrals in 30 days", len(answered)
    )
    if median is None:
        return Tile("–", _("median first reply, no referral in 30 days"))
    level = load_urgencies()["routine"]
    day_min = level.minutes // level.days
    clock = Clock(round(median), max(round(median), 1), day_min, False)
    return Tile(describe_span(clock), count % {"n": len(answered)})


def _build_share(hits: int, total: int) -> Tile:
    if not total:
        return Tile("–", _("answered in time, none was due in 30 days"))
    low, high = calculate_wilson(hits / total, total)
    words = _("answered in time, %(share)d%% (%(low)d to %(high)d%%)")
    figures = {"share": round(hits / total * 100), "low": round(low * 100), "high": round(high * 100)}
    return Tile(_("%(hits)d of %(total)d") % {"hits": hits, "total": total}, words % figures)
