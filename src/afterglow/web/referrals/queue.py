"""The queue of referrals as rows: who, what they ask, what is missing, how much time is left. It decides nothing."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Case, Count, Prefetch, When
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic import policy
from afterglow.clinic.notices.hours import get_hours
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.models import normalise_name
from afterglow.clinic.referrals.actions.duplicates import list_undecided
from afterglow.clinic.referrals.models import OPEN, PAUSED, WAITING, PossibleMatch, Referral, ReferralEvent
from afterglow.clinic.sites.actions import get_site_protocol
from afterglow.clinicday.told import find_indication, judge_told
from afterglow.clinicday.told_doses import check_told_doses
from afterglow.clinicday.triage import choose_protocol, list_asked, list_steps, load_urgencies, measure_clock
from afterglow.protocols.model import Protocol
from afterglow.terms import Finding, InvalidInput
from afterglow.web.presenting import describe_value
from afterglow.web.referrals.words import (
    URGENCIES,
    URGENCY_TAGS,
    describe_age,
    describe_clock,
    describe_reply_time,
    describe_whence,
    say,
)
from afterglow.web.templatetags.words import day

PAGE_SIZE = 50
TABS = (
    (OPEN, (OPEN, PAUSED)),
    (WAITING, (WAITING,)),
    ("accepted", ("accepted",)),
    ("declined", ("declined", "joined")),
)
_REMEMBERED = 2048
_judged: "OrderedDict[tuple[Any, ...], list[Finding]]" = OrderedDict()


@dataclass(frozen=True, slots=True)
class Remark:
    """One short remark of a row; `kind` colours it: amber, low, ok or nothing."""

    words: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """The clock of a row in words, with the used part in percent."""

    words: str
    total: str
    percent: int
    is_amber: bool
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """One referral of the queue."""

    referral: Referral
    number: int
    sub: str
    urgency: str
    tag: str
    remarks: list[Remark]
    time: TimeLeft
    act: str
    url: str
    is_chosen: bool


class Sites:
    """What the rows of a page read of their sites, once for each: open hours, protocols, today."""

    def __init__(self, now: datetime) -> None:
        """Keep the instant of the page."""
        self.now = now
        self._hours: dict[str, Any] = {}
        self._protocols: dict[tuple[str, str, str | None], Protocol] = {}

    def get_hours(self, site: Any) -> Any:
        """Return the open hours of a site."""
        if site.pk not in self._hours:
            self._hours[site.pk] = get_hours(site)
        return self._hours[site.pk]

    def get_today(self, site: Any) -> date:
        """Return the local day of a site."""
        return get_local_date(site, self.now)

    def get_protocol(self, referral: Referral) -> Protocol:
        """Return the protocol whose rules judge what a referral told."""
        site = referral.site
        chosen = choose_protocol(referral.answers, site.jurisdiction)
        indication = find_indication(referral.answers)
        key = (site.pk, chosen, indication)
        if key not in self._protocols:
            try:
                self._protocols[key] = get_site_protocol(site, chosen, indication=indication)
            except InvalidInput:
                # a way that is not described for this indication is judged by the rules of the way alone
                self._protocols[key] = get_site_protocol(site, chosen)
        return self._protocols[key]

    def judge(self, referral: Referral) -> list[Finding]:
        """Return what the rules find in what was told; worked out once for each version of a referral."""
        protocol, today = self.get_protocol(referral), self.get_today(referral.site)
        key = (referral.pk, referral.version, protocol.content_hash, today)
        if key not in _judged:
            try:
                found = judge_told(referral.answers, protocol, today)
            except InvalidInput:
                found = []
            _judged[key] = [*found, *check_told_doses(referral.answers)]
            while len(_judged) > _REMEMBERED:
                _judged.popitem(last=False)
        return _judged[key]

    def is_open(self, site: Any) -> bool:
        """Return whether somebody reads now."""
        return bool(self.get_hours(site).is_open(self.now))


def count_tabs(user: Any) -> dict[str, int]:
    """Return how many referrals stand under each tab, in one query."""
    rows = policy.scope(user, Referral.objects.all()).order_by()
    counts = {row["state"]: row["n"] for row in rows.values("state").annotate(n=Count("pk")).values("state", "n")}
    return {tab: sum(counts.get(state, 0) for state in states) for tab, states in TABS}


def list_referrals(user: Any, tab: str, query: str) -> Any:
    """Return the referrals of a tab in the order of the queue, or of all tabs when something is searched for."""
    rows = policy.scope(user, Referral.objects.all()).select_related("site", "taken_by", "patient", "joined_to")
    asked = ReferralEvent.objects.filter(kind="asked").order_by("at", "pk")
    matches = PossibleMatch.objects.select_related("patient", "other")
    rows = rows.prefetch_related(Prefetch("matches", matches), Prefetch("events", asked, to_attr="asked_events"))
    if query:
        for word in normalise_name(query.replace("\x00", "").replace(",", " ")).split():
            rows = rows.filter(search_key__contains=word)
        return rows.order_by("urgency_rank", "-received_at", "pk")
    rows = rows.filter(state__in=dict(TABS)[tab])
    if tab in ("accepted", "declined"):
        return rows.order_by("-decided_at", "pk")
    # a pause stands last
    is_paused = Case(When(state=PAUSED, then=1), default=0)
    return rows.order_by(is_paused, "urgency_rank", "reply_due_at", "pk")


def build_rows(rows: Iterable[Referral], sites: Sites, *, chosen: str = "", begin: int = 1) -> list[Row]:
    """Return rows as the template shows them."""
    return [_build_row(row, sites, number, chosen) for number, row in enumerate(rows, start=begin)]


def count_standing(rows: Iterable[Row]) -> str:
    """Return how many stand within time, late and paused, in words."""
    listed = list(rows)
    paused = sum(row.referral.state == PAUSED for row in listed)
    late = sum(row.time.is_amber and row.time.percent >= 100 for row in listed)
    within = len(listed) - paused - late
    parts = [_("%(n)d within time") % {"n": within}]
    if late:
        parts.append(_("%(n)d late") % {"n": late})
    if paused:
        parts.append(_("%(n)d paused") % {"n": paused})
    return ", ".join(parts)


def describe_times() -> str:
    """Return the reply times by urgency as one line with their source."""
    levels = [level for level in load_urgencies().values() if not level.is_every_minute]
    first = f"{say(URGENCIES, levels[0].name).lower()} {describe_reply_time(levels[0])}"
    times = ", ".join((first, *(f"{say(URGENCIES, level.name).lower()} {level.days}" for level in levels[1:])))
    return _("reply time by urgency: %(times)s. Site policy I-4 (proposed)") % {"times": times}


def _build_row(referral: Referral, sites: Sites, number: int, chosen: str) -> Row:
    today = sites.get_today(referral.site)
    remarks = _list_remarks(referral, sites, today)
    time = _measure(referral, sites)
    sub = ". ".join(part for part in (describe_age(referral, today), describe_whence(referral)) if part)
    return Row(
        referral=referral,
        number=number,
        sub=sub,
        urgency=say(URGENCIES, referral.urgency),
        tag=URGENCY_TAGS[referral.urgency],
        remarks=remarks,
        time=time,
        act=_name_act(referral, remarks, time),
        url=reverse("web:referral", args=[referral.pk]),
        is_chosen=referral.pk == chosen,
    )


def _measure(referral: Referral, sites: Sites) -> TimeLeft:
    level = load_urgencies()[referral.urgency]
    total = _("of %(time)s") % {"time": describe_reply_time(level)}
    if referral.state == PAUSED and referral.paused_until and referral.paused_until > sites.get_today(referral.site):
        until = _("until %(day)s") % {"day": day(referral.paused_until, "short")}
        return TimeLeft(_("paused"), until, 0, False, None)
    if not referral.is_live:
        return TimeLeft(_("decided"), day(referral.decided_at, "short"), 0, False, None)
    if referral.first_reply_at is not None:
        return TimeLeft(_("replied"), day(referral.first_reply_at, "short"), 0, False, None)
    clock = measure_clock(referral.urgency, referral.reply_due_at, sites.now, sites.get_hours(referral.site))
    percent = round(clock.part_used * 100)
    return TimeLeft(describe_clock(clock), total, percent, clock.is_warning or clock.is_late, referral.reply_due_at)


def _list_remarks(referral: Referral, sites: Sites, today: date) -> list[Remark]:
    """Return at most two remarks: what asks first, then how complete the referral is."""
    if referral.state == "declined":
        return [Remark(referral.decline_reason)]
    if referral.state == "joined":
        return [Remark(_("Joined to another referral of the same person."))]
    if referral.state == PAUSED:
        until = day(referral.paused_until, "short")
        return [Remark(_("Paused until %(day)s, %(reason)s") % {"day": until, "reason": referral.pause_reason})]
    missing = [item for item in list_asked(referral.answers, today) if item.is_missing]
    first = _find_first_remark(referral, sites)
    return [*first, *_describe_missing(referral, missing, is_short=bool(first))]


def _find_first_remark(referral: Referral, sites: Sites) -> list[Remark]:
    undecided = list_undecided(referral.matches.all())
    if undecided:
        match = undecided[0]
        name = (match.patient or match.other).display_name  # type: ignore[union-attr]
        where = _("on file") if match.patient else _("another referral")
        return [Remark(_("Possibly %(name)s, %(where)s.") % {"name": name, "where": where}, "low")]
    findings = sites.judge(referral)
    if findings:
        return [Remark(_("%(seen)s.") % {"seen": describe_value(findings[0].seen)}, "amber")]
    steps = list_steps(referral.answers)
    return [Remark(f"{_(steps[0].title)}.", "amber")] if steps else []


def _describe_missing(referral: Referral, missing: list[Any], *, is_short: bool) -> list[Remark]:
    if not missing:
        return [Remark(_("Complete."), "ok")]
    events: list[Any] = getattr(referral, "asked_events", [])
    asked = [(item, event) for event in events for item in missing if item.key in event.detail.get("items", [])]
    if asked and not is_short:
        item, event = asked[-1]
        when = _("%(item)s asked %(day)s,") % {"item": _(item.words), "day": day(event.at, "short")}
        return [Remark(when, "amber"), Remark(_("not answered"))]
    if is_short or len(missing) > 1:
        count = ngettext("%(n)d item missing", "%(n)d items missing", len(missing)) % {"n": len(missing)}
        return (
            [Remark(count)]
            if is_short
            else [Remark(_("No %(item)s.") % {"item": _soft(missing[0])}, "amber"), Remark(count)]
        )
    return [Remark(_("No %(item)s.") % {"item": _soft(missing[0])}, "amber")]


def _soft(item: Any) -> str:
    """Return an item's words within a sentence; an abbreviation keeps its letters."""
    words = str(_(item.words))
    return words if words[:2].isupper() else words[:1].lower() + words[1:]


def _name_act(referral: Referral, remarks: list[Remark], time: TimeLeft) -> str:
    if referral.is_crisis and referral.is_live:
        return _("Call")
    if time.is_amber and time.percent >= 100:
        return _("Reply")
    if not referral.is_live or referral.state == PAUSED or any(remark.kind == "low" for remark in remarks):
        return _("Open")
    return _("Review")
