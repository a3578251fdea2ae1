"""The header of a chart: who, weight with age, allergies, problems, and what must not be overlooked."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES
from afterglow.web.templatetags.words import day, hour, years

WEIGHT_KINDS = ("weight", "weight.kg")
SUICIDE_FACT = "suicide.ideation"


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


def build_head(patient: Any, user: Any, current: str, now: datetime) -> ChartHead:
    """Return the header of a patient's chart with one tab marked."""
    weight, weight_age = describe_weight(patient, now)
    has_allergy, allergies, allergies_note = describe_allergies(patient, now)
    problem, problem_note = _describe_problems(patient)
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
        tags=_list_tags(patient),
        tabs=list_tabs(patient, user),
        running=find_running(patient, now),
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


def find_weight(patient: Any) -> Any:
    """Return the latest weight that has not been ended, or None."""
    rows = patient.measurement_set.filter(kind__in=WEIGHT_KINDS, ended_at__isnull=True)
    return rows.order_by("-observed_at", "-recorded_at").first()


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
    rows = list(patient.allergy_set.filter(ended_at__isnull=True))
    asked = patient.allergies_asked_at
    asked_words = _("asked %(when)s") % {"when": describe_when(asked, now)} if asked else ""
    if rows:
        note = ", ".join(part for part in (rows[0].reaction, asked_words) if part)
        return True, ", ".join(row.substance for row in rows), note
    if patient.has_no_known_allergies:
        return False, _("No known allergies"), asked_words
    return False, _("Allergies not asked"), _("ask before any dose")


def _describe_problems(patient: Any) -> tuple[str, str]:
    rows = list(patient.problementry_set.filter(ended_at__isnull=True))
    if not rows:
        return _("No diagnosis recorded"), _("needed for the screening")
    more = _("and %(n)d more") % {"n": len(rows) - 1} if len(rows) > 1 else ""
    return rows[0].display, ", ".join(part for part in (rows[0].code, more) if part)


def _list_tags(patient: Any) -> list[Tag]:
    tags = [Tag("caution", "alarm", row.display) for row in patient.problementry_set.filter(ended_at__isnull=True)[1:3]]
    if suicide := _describe_suicide(patient):
        tags.append(suicide)
    escort = patient.escorts.filter(ended_at__isnull=True).order_by("-recorded_at").first()
    if escort is not None:
        tags.append(Tag("plum", "person", _("Escort: %(name)s") % {"name": escort.name}))
    return tags


def _describe_suicide(patient: Any) -> Tag | None:
    row = patient.historyfact_set.filter(name=SUICIDE_FACT, ended_at__isnull=True).order_by("-recorded_at").first()
    if row is None or row.value is None:
        return None
    when = day(row.observed_on or row.recorded_at, "short")
    if row.value in (0, "0"):
        return Tag("ok", "shield", _("C-SSRS none, %(when)s") % {"when": when})
    return Tag("caution", "alarm", _("C-SSRS ideation %(n)s, %(when)s") % {"n": row.value, "when": when})


def list_tabs(patient: Any, user: Any) -> list[Tab]:
    """Return the tabs this user may open."""
    key = [patient.pk]
    tabs = [
        (Tab("glance", _("At a glance"), reverse("web:patient", args=key)), "patient.read"),
        (
            Tab("sessions", _("Sessions"), reverse("web:patient-sessions", args=key), patient.sessions.count()),
            "session.read",
        ),
        (Tab("screening", _("Screening"), reverse("web:patient-screening", args=key)), "patient.read"),
        (Tab("plan", _("Plan"), reverse("web:patient-plan", args=key)), "patient.read"),
        (Tab("consents", _("Consents"), reverse("web:patient-consents", args=key)), "patient.read"),
        (Tab("history", _("History"), reverse("web:patient-history", args=key)), "patient.read"),
        (Tab("documents", _("Documents"), reverse("web:patient-documents", args=key)), "patient.read"),
        (Tab("access", _("Access log"), reverse("web:patient-access", args=key)), "audit.read"),
    ]
    return [tab for tab, permission in tabs if policy.allow(user, permission, patient)]


def find_running(patient: Any, now: datetime) -> dict[str, str] | None:
    """Return the running session's place and address, if there is one."""
    from afterglow.web.views.home import describe_phase

    session = patient.sessions.filter(phase__in=LIVE_PHASES).order_by("-opened_at").first()
    if session is None:
        return None
    words = ", ".join(part for part in (session.place, describe_phase(session.phase).lower()) if part)
    return {"words": words[:1].upper() + words[1:], "url": reverse("web:session", args=[session.pk])}
