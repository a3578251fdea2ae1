"""The strip of a crisis: what was told, how long ago, who has taken it and who is told when nobody does."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.referrals import events
from afterglow.clinic.referrals.models import Referral, ReferralEvent
from afterglow.clinic.tasks.about import find_untold
from afterglow.clinic.tasks.actions import find_on_call
from afterglow.clinic.tasks.lists import describe_untold
from afterglow.clinic.tasks.models import Task
from afterglow.clinicday.dues import get_kind
from afterglow.clinicday.intake import get_number, iterate_alarms
from afterglow.clinicday.triage import load_urgencies
from afterglow.web.context import describe_role
from afterglow.web.referrals.words import SOURCES, describe_age, say
from afterglow.web.templatetags.words import hour


@dataclass(frozen=True, slots=True)
class Strip:
    """One crisis that nobody has settled."""

    referral: Referral
    title: str
    asked: str
    known: str
    taken: str
    told: str
    elapsed: str
    limit_min: int
    is_mine: bool


def build_strips(rows: list[Referral], *, user: Any, now: datetime) -> list[Strip]:
    """Return the strips of the crises of a page, with a fixed number of queries."""
    if not rows:
        return []
    asked = Task.objects.filter(kind=events.CRISIS, subject_id__in=[row.pk for row in rows]).select_related("on_call")
    # of a second crisis the second call counts
    tasks = {str(task.subject_id): task for task in asked.order_by("opened_at", "pk")}
    calls = ReferralEvent.objects.filter(referral__in=rows, kind="called").order_by("at", "pk")
    last = {event.referral_id: event for event in calls}
    people = {site: _find_lead(site, now) for site in {row.site for row in rows}}
    untold = find_untold(tasks.values(), user)
    built = []
    for row in rows:
        task = tasks.get(row.pk)
        reason = untold.get(task.pk, "") if task is not None else ""
        built.append(_build(row, task, last.get(row.pk), people[row.site], reason, user, now))
    return built


def _find_lead(site: Any, now: datetime) -> str:
    climb = get_kind(events.CRISIS).climb
    role = climb.on_call_role if climb is not None else "prescriber"
    user = find_on_call(site=site, role=role, at=now)
    if user is not None:
        return _("%(name)s, on call") % {"name": user.display_name}
    return _("the %(role)s on call (nobody is entered)") % {"role": describe_role(role).lower()}


def _build(
    row: Referral,
    task: Task | None,
    call: ReferralEvent | None,
    on_call: str,
    untold: str,
    user: Any,
    now: datetime,
) -> Strip:
    alarms = list(iterate_alarms(row.answers))
    name = row.display_name or _("Name not given")
    age = describe_age(row, get_local_date(row.site, now)).split(", ")[-1] if row.birth_on else ""
    what = "; ".join(_(item.headline) for item in alarms if item.level == "crisis") or row.urgency_reason
    return Strip(
        referral=row,
        title=_("%(who)s: %(what)s") % {"who": ", ".join(part for part in (name, age) if part), "what": what},
        asked=_describe_asked(row, alarms),
        known=_describe_known(row),
        taken=_describe_taken(row, call),
        told="" if row.taken_by_id else _describe_told(task, on_call, untold, now),
        elapsed=describe_elapsed(now - row.received_at),
        limit_min=load_urgencies()["crisis"].minutes,
        is_mine=row.taken_by_id == user.pk,
    )


def describe_elapsed(span: timedelta) -> str:
    """Return minutes and seconds; hours before them once there are any."""
    seconds = max(int(span.total_seconds()), 0)
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def _describe_asked(row: Referral, alarms: list[Any]) -> str:
    source = say(SOURCES, row.source)
    words = [f"{source[:1].upper()}{source[1:]}, {hour(row.received_at, 's')}"]
    numbers = [get_number(item.name) for item in alarms if item.level == "crisis"]
    words += [_("question %(n)d, “yes”") % {"n": number} for number in numbers]
    shown = row.site.crisis_line or row.site.emergency_number
    told = ""
    if row.source == "public-form" and shown:
        told = " " + _("The page showed %(line)s.") % {"line": shown}
    return ", ".join(words) + "." + told


def _describe_known(row: Referral) -> str:
    parts = [_("Phone given.") if row.phone else _("No phone.")]
    if row.phone and row.may_call is not None:
        parts = [_("Phone given, agreed to be called.") if row.may_call else _("Phone given, asked not to be called.")]
    parts.append(_("Address given.") if row.address else _("No address."))
    on_file = any(match.patient_id for match in row.matches.all())
    parts.append(_("Perhaps on file here, see below.") if on_file else _("Not on file here."))
    return " ".join(parts)


def _describe_taken(row: Referral, call: ReferralEvent | None) -> str:
    if row.taken_by is None:
        return _("Nobody has taken this.")
    words = _("%(who)s has taken this at %(at)s.") % {"who": row.taken_by.display_name, "at": hour(row.taken_at)}
    if call is not None:
        words += " " + _("Called at %(at)s, not reached.") % {"at": hour(call.at)}
    return words


def _describe_told(task: Task | None, on_call: str, untold: str, now: datetime) -> str:
    climb = get_kind(events.CRISIS).climb
    if task is None or climb is None:
        return ""
    lead = _("the %(role)s") % {"role": describe_role(climb.lead_role).lower()}
    first = task.due_at - get_kind(events.CRISIS).due_after + climb.lead_after
    second = first + climb.on_call_after
    if task.escalation_level >= 2:
        who = task.on_call.display_name if task.on_call else ""
        if not who:
            return _("Nobody is on call: this is a fault of the roster. Call yourself.")
        return describe_untold(task, untold) or _("%(who)s was told.") % {"who": who}
    if task.escalation_level == 1 and second <= now:
        return _capital(_("%(lead)s was told; %(who)s is being told now.") % {"lead": lead, "who": on_call})
    if task.escalation_level == 1:
        told = _("%(lead)s was told; %(who)s is told at %(at)s.")
        return _capital(told % {"lead": lead, "who": on_call, "at": hour(second)})
    if second <= now:
        return _capital(_("%(lead)s and %(who)s are being told now.") % {"lead": lead, "who": on_call})
    if first <= now:
        told = _("%(lead)s is being told now, %(who)s at %(at)s.")
        return _capital(told % {"lead": lead, "who": on_call, "at": hour(second)})
    told = _("%(lead)s is told at %(first)s, %(who)s at %(second)s.")
    times = {"first": hour(first), "second": hour(second)}
    return _capital(told % {"lead": lead, "who": on_call, **times})


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
