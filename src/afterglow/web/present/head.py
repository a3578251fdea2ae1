"""The header of a chart: who, weight with age, allergies, problems, and what must not be overlooked."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from afterglow.clinic import policy
from afterglow.clinic.dosing_sessions.lookups import list_sessions
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES
from afterglow.clinic.measures.newest import CHART, FORM, LEAVING, PHONE, SESSION, LastScreen, find_last
from afterglow.clinic.measures.risk import find_newest, has_alerted_since, is_assessed, list_open
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.lookups import find_weight
from afterglow.clinic.people.models import Allergy, Escort, ProblemEntry
from afterglow.clinic.prepared import Prepared
from afterglow.clinicday.risk import NONE, OLDER, RECENT
from afterglow.clinicday.screens import Look
from afterglow.web.templatetags.words import day, hour, years

_PROBLEMS = Prepared(lambda patient: ProblemEntry.objects.filter(patient=patient, ended_at__isnull=True))
_ALLERGIES = Prepared(lambda patient: Allergy.objects.filter(patient=patient, ended_at__isnull=True))
_ESCORT = Prepared(
    lambda patient: Escort.objects.filter(patient=patient, ended_at__isnull=True).order_by("-recorded_at", "-pk")[:1]
)
_SOURCES = {
    CHART: gettext_lazy("chart entry"),
    FORM: gettext_lazy("form"),
    PHONE: gettext_lazy("on the phone"),
    SESSION: gettext_lazy("in the session"),
    LEAVING: gettext_lazy("after the dose"),
}


@dataclass(slots=True)
class Tag:
    """One tag of the header."""

    kind: str
    icon: str
    words: str


@dataclass(slots=True)
class Tab:
    """One tab of the chart."""

    key: str
    name: str
    url: str
    count: int | None = None


@dataclass(slots=True)
class ChartHead:
    """Everything the chart's header and tabs show."""

    patient: Any
    current: str
    name: str
    line: str
    weight: str
    weight_age: str
    has_allergy: bool
    allergies: str
    allergies_note: str
    problem: str
    problem_note: str
    url: str
    referral: str = ""
    tags: list[Tag] = field(default_factory=list)
    tabs: list[Tab] = field(default_factory=list)
    running: dict[str, str] | None = None
    print_url: str = ""


def build_head(patient: Any, user: Any, current: str, now: datetime) -> ChartHead:
    """Return the header of a patient's chart with one tab marked."""
    weight, weight_age = describe_weight(patient, now)
    has_allergy, allergies, allergies_note = describe_allergies(patient, now)
    problems = _PROBLEMS.ask(patient=patient)
    problem, problem_note = _describe_problems(problems)
    sessions = list_sessions(patient)
    return ChartHead(
        patient=patient,
        current=current,
        name=patient.display_name,
        line=describe_person(patient),
        weight=weight,
        weight_age=weight_age,
        has_allergy=has_allergy,
        allergies=allergies,
        allergies_note=allergies_note,
        problem=problem,
        problem_note=problem_note,
        url=reverse("web:patient", args=[patient.pk]),
        tags=_list_tags(patient, problems, sessions, now),
        tabs=list_tabs(patient, user, len(sessions)),
        running=_find_running(sessions),
        print_url=reverse("web:patient-print", args=[patient.pk]) if policy.allow(user, "chart.print", patient) else "",
    )


def describe_person(patient: Any) -> str:
    """Return pronouns, age, date of birth and number in one line."""
    parts = [
        patient.pronouns,
        _("%(age)s y") % {"age": years(patient.birth_on)},
        _("born %(day)s") % {"day": day(patient.birth_on)},
        _("no. %(number)s") % {"number": patient.number},
    ]
    return ", ".join(part for part in parts if part)


def describe_weight(patient: Any, now: datetime) -> tuple[str, str]:
    """Return the weight and how old it is."""
    row = find_weight(patient)
    if row is None:
        return _("No weight"), _("weigh before any dose")
    return f"{row.value:.1f} {row.unit or 'kg'}", _("weighed %(when)s") % {"when": describe_when(row.observed_at, now)}


def describe_when(instant: datetime | None, now: datetime) -> str:
    """Return `today 09:20` or a date."""
    if instant is None:
        return "–"
    if timezone.localtime(instant).date() == timezone.localtime(now).date():
        return _("today %(time)s") % {"time": hour(instant)}
    return day(instant)


def describe_allergies(patient: Any, now: datetime) -> tuple[bool, str, str]:
    """Return whether there are allergies, their words, and when they were asked."""
    rows = _ALLERGIES.ask(patient=patient)
    asked = patient.allergies_asked_at
    asked_words = _("asked %(when)s") % {"when": describe_when(asked, now)} if asked else ""
    if rows:
        note = ", ".join(part for part in (rows[0].reaction, asked_words) if part)
        return True, ", ".join(row.substance for row in rows), note
    if patient.has_no_known_allergies:
        return False, _("No known allergies"), asked_words
    return False, _("Allergies not asked"), _("ask before any dose")


def _describe_problems(rows: list[Any]) -> tuple[str, str]:
    if not rows:
        return _("No diagnosis recorded"), _("needed for the screening")
    more = _("and %(n)d more") % {"n": len(rows) - 1} if len(rows) > 1 else ""
    return rows[0].display, ", ".join(part for part in (rows[0].code, more) if part)


def _list_tags(patient: Any, problems: list[Any], sessions: list[Any], now: datetime) -> list[Tag]:
    tags = [Tag("caution", "alarm", row.display) for row in problems[1:3]]
    alerts = list_open(patient)
    if alerts:
        # an answer that holds the dose stands before everything calm
        tags.insert(0, Tag("caution", "alarm", describe_hold(patient, alerts)))
    tags.append(describe_suicide(patient, alerts, sessions, now))
    escort = _ESCORT.find(patient=patient)
    if escort is not None:
        tags.append(Tag("plum", "person", _("Escort: %(name)s") % {"name": escort.name}))
    return tags


def describe_hold(patient: Any, alerts: list[Any]) -> str:
    """Return whether an answer that holds the dose waits, or was assessed and holds it still."""
    if is_assessed(patient, max(alert.raised_at for alert in alerts)):
        return _("Dose held: answer about suicide, assessed")
    return _("Answer about suicide not assessed")


def describe_suicide(patient: Any, alerts: list[Any], sessions: list[Any], now: datetime) -> Tag:
    """Return the newest C-SSRS of any source with its age; nothing calms while an answer holds the dose.

    One that was asked before the newest answer that waits says so: it does not speak of that answer. One without a yes
    is green only while it would open a dose and nothing of the day alerted, then without a colour, and after the
    screener's recall not known.
    """
    last = find_last(patient, sessions)
    if last is None:
        return Tag("low", "question", _("C-SSRS never asked"))
    today = get_local_date(patient.site, now)
    look, newest = last.judge(now, today), find_newest(alerts)
    values = {"what": _say_screen(last), "when": _say_age(last, today), "where": _SOURCES[last.source]}
    if newest is not None and last.at < newest:
        return Tag("caution", "alarm", _("C-SSRS %(what)s, %(when)s, %(where)s: ask again") % values)
    if look is Look.PARTLY:
        return Tag("low", "question", _("C-SSRS not whole: %(what)s, %(when)s, %(where)s") % values)
    if look is Look.LAPSED:
        return Tag("low", "question", _("C-SSRS not known now: %(what)s, %(when)s, %(where)s") % values)
    words = _("C-SSRS %(what)s, %(when)s, %(where)s") % values
    if look is Look.TOLD or alerts:
        return Tag("caution", "alarm", words)
    if look is Look.FRESH and has_alerted_since(patient, timezone.localtime(now).replace(hour=0, minute=0, second=0)):
        # released by an assessment, and still a yes of this day
        return Tag("caution", "alarm", _("%(words)s; a yes earlier today") % {"words": words})
    return Tag("ok", "shield", words) if look is Look.FRESH else Tag("", "clock", words)


def _say_screen(last: LastScreen) -> str:
    """Return ideation and behaviour in few words; what was not answered is said as such."""
    if last.ideation == 0 and last.behaviour == NONE:
        return _("none")
    level = _("ideation not known") if last.ideation is None else _("ideation %(n)s") % {"n": last.ideation}
    behaviour = {
        RECENT: _("recent behaviour"),
        OLDER: _("behaviour over 3 months ago"),
        NONE: "",
    }.get(last.behaviour or "", _("behaviour not known"))
    return ", ".join(part for part in (level, behaviour) if part)


def _say_age(last: LastScreen, today: date) -> str:
    """Return `today 09:20`, or the day with how long ago that is."""
    days = (today - last.on).days
    if days == 0:
        return _("today %(time)s") % {"time": hour(last.at)} if last.has_time else _("today")
    ago = ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days}
    return f"{day(last.on, 'near')}, {ago}"


def list_tabs(patient: Any, user: Any, sessions: int) -> list[Tab]:
    """Return the tabs this user may open; that of the sessions says how many there are."""
    key = [patient.pk]
    tabs = [
        (Tab("glance", _("At a glance"), reverse("web:patient", args=key)), "patient.read"),
        (
            Tab("sessions", _("Sessions"), reverse("web:patient-sessions", args=key), sessions),
            "session.read",
        ),
        (Tab("screening", _("Screening"), reverse("web:patient-screening", args=key)), "patient.read"),
        (Tab("plan", _("Plan"), reverse("web:patient-plan", args=key)), "patient.read"),
        (Tab("consents", _("Consents"), reverse("web:patient-consents", args=key)), "patient.read"),
        (Tab("surveillance", _("Screens"), reverse("web:patient-surveillance", args=key)), "patient.read"),
        (Tab("measures", _("Measures"), reverse("web:patient-measures", args=key)), "measure.read"),
        (Tab("history", _("History"), reverse("web:patient-history", args=key)), "patient.read"),
        (Tab("care", _("Care"), reverse("web:patient-care", args=key)), "care.read"),
        (Tab("notes", _("Notes"), reverse("web:care-notes", args=key)), "care.read"),
        (Tab("documents", _("Documents"), reverse("web:patient-documents", args=key)), "patient.read"),
        (Tab("access", _("Access log"), reverse("web:patient-access", args=key)), "audit.read"),
    ]
    return [tab for tab, permission in tabs if policy.allow(user, permission, patient)]


def _find_running(sessions: list[Any]) -> dict[str, str] | None:
    """Return the running session's place and address, if there is one; the sessions come newest first."""
    from afterglow.web.views.home import describe_phase

    session = next((row for row in sessions if row.phase in LIVE_PHASES), None)
    if session is None:
        return None
    words = ", ".join(part for part in (session.place, describe_phase(session.phase).lower()) if part)
    return {"words": words[:1].upper() + words[1:], "url": reverse("web:session", args=[session.pk])}
